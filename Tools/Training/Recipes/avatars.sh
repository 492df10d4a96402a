#!/usr/bin/env bash
# The paper's whole road on pictures of our own, from nothing: drawings, a teacher by its own discriminator,
# pruning, NICKEL & DiME and other methods at five ratios, measures on fresh drawings, one page. Called again, it goes
# on where it stopped.
#
#   FEATURES=efficientnet.pth Recipes/avatars.sh FOLDER [METHOD:RATIO:SEED ...]
#
# The teacher begins with what the drawings know of themselves: a mapping is fitted to LATENTS (500000) of them in
# FIT (60000) steps, PAIRS (150000) pictures with their latents teach START (200) thousand images by regression at a high
# rate and SETTLED (60) at a lower one, and KIMG (300) more beside a discriminator. Those who have a TEACHER that came so
# far, such as Models/avatars-teacher.safetensors, begin with KIMG.
# FEATURES comes from Tools/Training/networks. Students learn from PICTURES (50000); the judge sees JUDGE (20000)
# others for STEPS (4000), and FRESH (20000) that neither knew measure. STUDENT (300) is the length of each student in
# thousands of images, COUNT (50000) the number of images behind the moments, REFIT (64) of those behind the least
# squares of pruning. What is pruned learns RECOVER (200) thousand images by regression first, of TAUGHT (16000) that
# the teacher drew. With MINUTES the teacher's last part trains for so long and nothing else is done. The teacher is
# trained by PROCESSES (1) at once, which meet at PORT (29511); of the rest, JOBS (1) runs go at once; all have
# THREADS (1) each. BF16=1 is quicker on AMD's processors with AVX512-BF16. TEACHER_WORDS and STUDENT_WORDS are more
# options for these, such as other widths, or a smaller batch for a short run.
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
read -r -a student_words <<< "${STUDENT_WORDS:-}"

if [ ${#runs[@]} -eq 0 ]; then
  # The ratio that the paper ships first, then the curve, then the spread of seeds.
  for ratio in 0.9 0.5 0.7 0.8 0.95; do
    for method in nickel-dime plain stylekd cagc; do runs+=("$method:$ratio:0"); done
  done
  for seed in 1 2; do
    for method in nickel-dime plain stylekd cagc; do runs+=("$method:0.9:$seed"); done
  done
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
newest() { # RUN [SUFFIX]
  local files=("$1"/snapshot-*."${2:-safetensors}")
  echo "${files[${#files[@]} - 1]}"
}
measure() { # NAME CHECKPOINT: unless it is there
  local out=$folder/measures/$1.json
  [ -e "$out" ] || "$train" evaluate --model "$2" --data "$folder/fresh.zip" "${size[@]}" --count "${FRESH:-20000}" \
    "${eye[@]}" --judge "$folder/judge.safetensors" --out "$out" "${words[@]}"
}

# A part of the teacher's road, by all processes. RUN KIMG OPTION ...
teach() {
  local rank ranks=()
  if [ "${PROCESSES:-1}" = 1 ]; then
    learn "$folder/$1" teacher "${@:2}"
    return
  fi
  for ((rank = 0; rank < PROCESSES; rank++)); do
    WORLD_SIZE=$PROCESSES RANK=$rank LOCAL_RANK=$rank MASTER_ADDR=127.0.0.1 MASTER_PORT=${PORT:-29511} \
      learn "$folder/$1" teacher "${@:2}" &
    ranks+=($!)
  done
  for rank in "${ranks[@]}"; do wait "$rank"; done
}

mkdir -p "$folder/measures"
draw learned 0 "${PICTURES:-50000}"
if [ ! -e "$folder/mapping.npz" ]; then
  "$avatars" --first 10000000 --count "${LATENTS:-500000}" --latents "$folder/latents.npz"
  make "$folder/mapping.npz" mapping --latents "$folder/latents.npz" --layers 4 --steps "${FIT:-60000}"
  rm "$folder/latents.npz"
fi
if [ ! -e "$folder/pairs.npz" ]; then
  "$avatars" --count "${PAIRS:-150000}" "${size[@]}" --out "$folder/pairs" --latents "$folder/part.npz"
  mv "$folder/part.npz" "$folder/pairs.npz"
fi
minutes=
start=$folder/start settled=$folder/settled teacher=$folder/teacher
pairs=(--data "$folder/pairs" "@$here/avatars-teacher.options" "${teacher_words[@]}")
regress=(--pairs "$folder/pairs.npz" --pairs-mapping "$folder/mapping.npz" --pairs-squares)
if [ -z "${TEACHER-}" ]; then
  teach start "${START:-200}" "${pairs[@]}" "${regress[@]}" --pairs-kimg "${START:-200}" --rate 0.008
  teach settled "${SETTLED:-60}" "${pairs[@]}" "${regress[@]}" --from "$start" --pairs-kimg "${SETTLED:-60}" --rate 0.003
fi
minutes=${MINUTES-}
teach teacher "${KIMG:-300}" "${pairs[@]}" "${regress[@]}" --from "${TEACHER:-$(newest "$settled" obv)}" --pairs-kimg 0 \
  --pairs-adversarial 0.3 --pairs-matching 0.5
if [ -n "$minutes" ]; then exit 0; fi

draw judge 1000000 "${JUDGE:-20000}"
draw fresh 2000000 "${FRESH:-20000}"
place make "$folder/judge.safetensors" judge --data "$folder/judge.zip" "${size[@]}" --steps "${STEPS:-4000}"
place make "$folder/moments.safetensors" moments --teacher "$teacher" "${eye[@]}" --count "${COUNT:-50000}"
finish
place measure teacher "$(newest "$teacher")"

# What all students of a ratio begin with. Of a fifth of the channels little is left, whatever least squares find: as
# many pictures as it takes are learned by regression first, from the teacher's own, which is quick.
recover() { # RATIO
  local pruned=$folder/pruned-$1.safetensors recovered=$folder/recovered-$1
  make "$pruned" prune --teacher "$teacher" --ratio "$1" --refit "${REFIT:-64}"
  learn "$recovered" teacher "${RECOVER:-200}" "@$here/avatars-teacher.options" --data "$folder/taught" \
    --pairs "$folder/taught/w.npy" --pairs-mapping "$folder/mapping.npz" --pairs-squares \
    --pairs-kimg "${RECOVER:-200}" --rate 0.008 --from "$pruned" --snapshot 50
  measure "recovered-$1" "$(newest "$recovered")"
}
student() { # METHOD RATIO SEED
  local name=$1-$2-$3 recovered options=(--method "$1")
  recovered=$(newest "$folder/recovered-$2" obv)
  if [ "$1" = nickel-dime ]; then options=("${eye[@]}" --moments "$folder/moments.safetensors"); fi
  learn "$folder/$name" distil "${STUDENT:-300}" "@$here/avatars-student.options" --teacher "$teacher" --student "$recovered" \
    --data "$folder/learned.zip" --seed "$3" "${options[@]}" "${student_words[@]}"
  measure "$name" "$(newest "$folder/$name")"
  echo "avatars: $name is done" >&2
}
place "$train" pictures --model "$(newest "$teacher" obv)" "${size[@]}" --seeds 100000 --count "${TAUGHT:-16000}" \
  --out "$folder/taught" "${words[@]}"
finish
for ratio in $(printf '%s\n' "${runs[@]}" | cut -d : -f 2 | sort -u); do place recover "$ratio"; done
finish
pages=("$teacher")
for run in "${runs[@]}"; do
  IFS=: read -r method ratio seed <<< "$run"
  place student "$method" "$ratio" "$seed"
  pages+=("$folder/$method-$ratio-$seed")
done
finish
"$here/ablation-table" "$folder/measures"
"$train" report "${pages[@]}" --out "$folder/report.html" --evaluation "$folder"/measures/*.json
