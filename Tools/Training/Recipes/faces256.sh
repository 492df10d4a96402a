#!/usr/bin/env bash
# From random-face to the models that ship at 256 px: its pictures, the cut, students pruned from the cut, refitted
# and distilled, their measures, and what goes into Models. Called again, it goes on with what is missing; a run
# that was stopped goes on where it stopped.
#
#   SOURCE=random-face.obv FEATURES=efficientnet.pth Recipes/faces256.sh FOLDER [STEP ...]
#
# A STEP is pictures, cut, r99, r96, r91, measure or ship: in this order all of them, where none is named. SOURCE is
# what 'obverse convert' makes of the random-face package (Tools/quickstart leaves it in ~/.local/share/obverse);
# FEATURES comes from Tools/Training/networks, IDENTITY from Tools/Training/identity, without it no faces are
# recognised. One processor with AVX512-BF16 trained for 93 minutes in all; each part has its length:
#
#   PICTURES (4500)       pictures of SOURCE to learn from, 0.1 to 0.3 s of one processor each; KEPT (64) of
#                         them are kept out, and measure in the log
#   CUT_KIMG (12)         thousands of images that the cut is trained with, ALONE_CUT (5) of them before a
#                         discriminator plays; 10 a second by that processor, then 6
#   KIMG_R99 (28) ...     the same for each student, r96 8.5, r91 5.2; ALONE_R99 (24) ..., r96 6, r91 3.5
#   METHOD                the method that the students end with, 'distil --method'; r99 by nickel-dime, r96 and r91
#                         by plain, which keeps them nearer to their source in runs as short as these
#   NICKEL (0.3)          weight of NICKEL; at the paper's 10 it spoils such runs
#   MINUTES               how long a run goes on in this call; to its end where it is not set
#   THREADS (1)           of each program; more are slower where other programs want the processors too
#   BF16=1                bfloat16 factors, for GPUs and AMD's processors with AVX512-BF16: twice as fast there
#   COUNT (2000)          pictures behind the moments
#   MODELS                where 'ship' writes; FOLDER/ship
#
# With a GPU the same line runs there ('--device auto'); pictures are drawn by the processors in any case.
# TRAIN and OBVERSE name the programs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: Recipes/faces256.sh FOLDER [pictures|cut|r99|r96|r91|measure|ship ...]}
steps=("${@:2}")
if [ ${#steps[@]} -eq 0 ]; then steps=(pictures cut r99 r96 r91 measure ship); fi
train=${TRAIN:-obverse-train}
origin=${SOURCE:?the source, a .obv}
features=${FEATURES:?the file of EfficientNet-Lite0}
size=${SIZE:-256}
words=(--threads "${THREADS:-1}")
run=("${words[@]}" ${MINUTES:+--minutes "$MINUTES"} ${BF16:+--bf16})
often=(--tick 0.25 --snapshot 8 ${KEPT:+--held-out "$KEPT"})
# By the paper's count 90.7, 95.7 and 98.9 % of its network of 14.90 GMAC are gone.
declare -A macs=([r91]=${R91:-1.381G} [r96]=${R96:-0.636G} [r99]=${R99:-0.161G})
declare -A kimg=([r91]=${KIMG_R91:-5.2} [r96]=${KIMG_R96:-8.5} [r99]=${KIMG_R99:-28})
declare -A alone=([r91]=${ALONE_R91:-3.5} [r96]=${ALONE_R96:-6} [r99]=${ALONE_R99:-24})
declare -A method=([r91]=${METHOD:-plain} [r96]=${METHOD:-plain} [r99]=${METHOD:-nickel-dime})

say() { echo "faces256: $*" >&2; }

for step in "${steps[@]}"; do
  case $step in
    pictures | cut | r99 | r96 | r91 | measure | ship) ;;
    *)
      say "'$step' is none of pictures, cut, r99, r96, r91, measure, ship"
      exit 64
      ;;
  esac
done
mkdir -p "$folder"

# learned FOLDER COMMAND ...: a run that begins, or goes on.
learned() {
  "$train" "$2" --go-on --out "$1" "${@:3}" "${run[@]}"
}
newest() {
  local files=("$1"/snapshot-*.obv)
  echo "${files[${#files[@]} - 1]}"
}

pictures() {
  # Seeds that nobody looks at by chance; sheets begin at 0. What measures is truncated as people draw.
  "$train" pictures --model "$origin" --size "$size" --seeds 100000 --count "${PICTURES:-4500}" \
    --out "$folder/learn" "${words[@]}"
  "$train" pictures --model "$origin" --size "$size" --seeds 90000 --count "${HELD:-100}" --psi 0.8 \
    --out "$folder/held-out" "${words[@]}"
}

cut() {
  learned "$folder/cut" cut --model "$origin" --data "$folder/learn" --size "$size" --features "$features" \
    --kimg "${CUT_KIMG:-12}" --alone-kimg "${ALONE_CUT:-5}" "${often[@]}" ${FIT:+--fit "$FIT"}
}

student() { # NAME
  local pruned=$folder/$1-pruned.obv moments=$folder/moments.safetensors words_of=(--method "${method[$1]}")
  [ -e "$pruned" ] || "$train" prune --teacher "$folder/cut" --macs "${macs[$1]}" --refit "${REFIT:-96}" \
    --out "$pruned" "${words[@]}"
  if [ "${method[$1]}" = nickel-dime ]; then
    [ -e "$moments" ] || "$train" moments --teacher "$folder/cut" --efficientnet "$features" \
      --count "${COUNT:-2000}" --out "$moments" "${words[@]}"
    words_of+=(--efficientnet "$features" --moments "$moments" --nickel "${NICKEL:-0.3}")
  fi
  learned "$folder/$1" distil --teacher "$folder/cut" --student "$pruned" --data "$folder/learn" --size "$size" \
    --pairs --features "$features" "${words_of[@]}" --kimg "${kimg[$1]}" --alone-kimg "${alone[$1]}" --batch 4 \
    "${often[@]}"
}

# The cut and those students that there are.
made() {
  local name
  for name in cut r99 r96 r91; do
    if [ -e "$folder/$name/settings.json" ]; then echo "$name"; fi
  done
}

measure() {
  local name
  mkdir -p "$folder/measures"
  for name in $(made); do
    "$train" evaluate --model "$(newest "$folder/$name")" --data "$folder/held-out" --size "$size" \
      ${IDENTITY:+--identity "$IDENTITY"} --no-patches --out "$folder/measures/$name.json" "${words[@]}"
  done
}

ship() {
  local name models=${MODELS:-$folder/ship} shipped=()
  for name in $(made); do
    local file=faces-$name note="a student of random-face cut at $size px, $name; Recipes/faces256.sh"
    if [ "$name" = cut ]; then file=faces note="random-face cut at $size px; Recipes/faces256.sh"; fi
    HELD_OUT=$folder/held-out NEAR=$folder/learn TRAIN=$train THREADS=${THREADS:-1} TYPE=${TYPE:-i8} \
      "$here/ship" "$(newest "$folder/$name")" "$file" "$note" "$models"
    shipped+=("$models/$file.obv")
  done
  "$here/card" "${shipped[@]}" | tee "$models/card.md"
}

for step in "${steps[@]}"; do
  say "$step"
  case $step in
    pictures | cut | measure | ship) "$step" ;;
    *) student "$step" ;;
  esac
done
