#!/usr/bin/env bash
# The paper's whole road on pictures of our own, from nothing: drawings, a teacher by its own discriminator,
# pruning, NICKEL & DiME and plain fine-tuning at five ratios, measures on fresh drawings, one page. Called
# again, it goes on where it stopped.
#
#   FEATURES=efficientnet.pth Recipes/avatars.sh FOLDER [METHOD:RATIO:SEED ...]
#
# FEATURES comes from Tools/Training/networks. PICTURES (50000) are learned from; the judge sees JUDGE (20000)
# others for STEPS (4000), and FRESH (20000) that neither knew measure. KIMG (1000) is the teacher's length,
# STUDENT (300) that of each student, COUNT (50000) the number of images behind the moments. With MINUTES the
# teacher trains for so long and nothing else is done. JOBS (1) runs go at once, of THREADS (1) each; BF16=1 is
# quicker on AMD's processors with AVX512-BF16. TEACHER_WORDS are more options for the teacher, such as other widths.
# TRAIN and AVATARS name the programs (obverse-train and obverse-avatars from PATH).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: Recipes/avatars.sh FOLDER [METHOD:RATIO:SEED ...]}
runs=("${@:2}")
train=${TRAIN:-obverse-train}
avatars=${AVATARS:-obverse-avatars}
words=(--threads "${THREADS:-1}" --quiet)
eye=(--efficientnet "${FEATURES:?}")
read -r -a teacher_words <<< "${TEACHER_WORDS:-}"

if [ ${#runs[@]} -eq 0 ]; then
  # The ratio that the paper ships first, then the curve, then the spread of seeds.
  for ratio in 0.9 0.5 0.7 0.8 0.95; do runs+=("nickel-dime:$ratio:0" "plain:$ratio:0"); done
  for seed in 1 2; do runs+=("nickel-dime:0.9:$seed" "plain:0.9:$seed"); done
fi

size=(--size 64)
# Runs a command in the background as soon as a place is free; one that failed ends everything.
place() {
  while [ "$(jobs -rp | wc -l)" -ge "${JOBS:-1}" ]; do wait -n; done
  "$@" &
}
finish() { while [ -n "$(jobs -p)" ]; do wait -n; done; }

draw() { # NAME FIRST COUNT: unless it is there
  [ -e "$folder/$1.zip" ] || "$avatars" --first "$2" --count "$3" "${size[@]}" --out "$folder/$1.zip"
}
make() { # FILE COMMAND ...: unless it is there
  [ -e "$1" ] || "$train" "${@:2}" --out "$1" "${words[@]}"
}
# Begins a run or goes on with it. RUN COMMAND KIMG OPTION ...
learn() {
  "$train" "$2" --go-on --out "$1" "${@:4}" "${size[@]}" --kimg "$3" "${words[@]}" ${BF16:+--bf16} \
    ${minutes:+--minutes "$minutes"}
}
newest() {
  local files=("$1"/snapshot-*.safetensors)
  echo "${files[${#files[@]} - 1]}"
}
measure() { # NAME CHECKPOINT: unless it is there
  local out=$folder/measures/$1.json
  [ -e "$out" ] || "$train" evaluate --model "$2" --data "$folder/fresh.zip" "${size[@]}" --count "${FRESH:-20000}" \
    "${eye[@]}" --judge "$folder/judge.safetensors" --out "$out" "${words[@]}"
}

mkdir -p "$folder/measures"
draw learned 0 "${PICTURES:-50000}"
teacher=$folder/teacher
minutes=${MINUTES-}
learn "$teacher" teacher "${KIMG:-1000}" "@$here/avatars-teacher.options" "${teacher_words[@]}" --data "$folder/learned.zip"
if [ -n "$minutes" ]; then exit 0; fi

draw judge 1000000 "${JUDGE:-20000}"
draw fresh 2000000 "${FRESH:-20000}"
place make "$folder/judge.safetensors" judge --data "$folder/judge.zip" "${size[@]}" --steps "${STEPS:-4000}"
place make "$folder/moments.safetensors" moments --teacher "$teacher" "${eye[@]}" --count "${COUNT:-50000}"
finish
place measure teacher "$(newest "$teacher")"

student() { # METHOD RATIO SEED
  local name=$1-$2-$3 pruned=$folder/pruned-$2.safetensors options=(--method "$1")
  if [ "$1" = nickel-dime ]; then options=("${eye[@]}" --moments "$folder/moments.safetensors"); fi
  learn "$folder/$name" distil "${STUDENT:-300}" "@$here/avatars-student.options" --teacher "$teacher" --student "$pruned" \
    --data "$folder/learned.zip" --seed "$3" "${options[@]}"
  measure "$name" "$(newest "$folder/$name")"
  echo "avatars: $name is done" >&2
}
# What students of a ratio begin with; its distance is where they come from.
for ratio in $(printf '%s\n' "${runs[@]}" | cut -d : -f 2 | sort -u); do
  make "$folder/pruned-$ratio.safetensors" prune --teacher "$teacher" --ratio "$ratio"
  place measure "pruned-$ratio" "$folder/pruned-$ratio.safetensors"
done
pages=("$teacher")
for run in "${runs[@]}"; do
  IFS=: read -r method ratio seed <<< "$run"
  place student "$method" "$ratio" "$seed"
  pages+=("$folder/$method-$ratio-$seed")
done
finish
"$here/ablation-table" "$folder/measures"
"$train" report "${pages[@]}" --out "$folder/report.html" --evaluation "$folder"/measures/*.json
