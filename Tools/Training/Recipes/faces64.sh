#!/usr/bin/env bash
# Trains students of 64 px without a GPU, from the pictures and w of another generator: not the paper's method.
# Called again, a student goes on where it stopped.
#
#   DATA=faces W=faces.w.npy MAPPING=faces.mapping.npz FEATURES=efficientnet.pth \
#     Recipes/faces64.sh FOLDER STUDENT [MINUTES]
#
# STUDENT is p50, p70, p80, p90 or p95; the last two begin with p80's channels, pruned as p80 is then. DATA, W and
# MAPPING come from Recipes/random-face, FEATURES from Tools/Training/networks. KIMG (75) is how long the
# regression goes alone, before the discriminator joins; TAKE how many pictures are learned from, so that
# the others can measure; THREADS may be 1 where other programs want the processors too; BF16=1 is quicker on
# AMD's processors with AVX512-BF16.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: Recipes/faces64.sh FOLDER p50|p70|p80|p90|p95 [MINUTES]}
student=${2:?usage: Recipes/faces64.sh FOLDER p50|p70|p80|p90|p95 [MINUTES]}
minutes=${3:-60}
train=${TRAIN:-obverse-train}
run=$folder/$student
words=(--minutes "$minutes" --light ${THREADS:+--threads "$THREADS"} ${BF16:+--bf16})
pruned=$folder/$student-pruned.safetensors

mkdir -p "$folder"
widths=()
ratio=
case $student in
  p50) widths=(--base 8192 --widest 256) ;;
  p70) widths=(--base 4928 --widest 154) ;;
  p80) widths=(--base 3328 --widest 103) ;;
  p90) ratio=0.5 ;;  # of p80's widths: 52 52 52 52 26
  p95) ratio=0.75 ;; # 26 26 26 26 13
  *)
    echo "faces64.sh: '$student' is none of p50, p70, p80, p90, p95" >&2
    exit 64
    ;;
esac
if [ -n "$ratio" ]; then
  # p80 goes on learning: what was pruned of it then is what the student began with.
  [ -e "$pruned" ] || "$train" prune --teacher "$folder/p80" --ratio "$ratio" --out "$pruned"
  words+=(--from "$pruned")
fi
exec "$train" teacher --go-on --out "$run" "@$here/faces64.options" "${widths[@]}" --data "${DATA:?}" ${TAKE:+--take "$TAKE"} \
  --pairs "${W:?}" --pairs-mapping "${MAPPING:?}" --pairs-features "${FEATURES:?}" --pairs-kimg "${KIMG:-75}" \
  --pairs-adversarial "${ADVERSARIAL:-0.1}" "${words[@]}"
