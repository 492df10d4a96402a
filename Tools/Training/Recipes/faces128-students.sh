#!/usr/bin/env bash
# Makes and trains students of a teacher of 128 px: each ratio by NICKEL & DiME and by plain fine-tuning from
# the same pruned start, the minutes shared evenly. Called again, every student goes on where it stopped.
#
#   DATA=faces TEACHER=run/state.safetensors KERNEL=efficientnet.pth \
#     Recipes/faces128-students.sh STUDENTS [MINUTES] [RATIO ...]
#
# TRAIN names the program (obverse-train from PATH); COUNT is the number of images behind the moments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: Recipes/faces128-students.sh STUDENTS [MINUTES] [RATIO ...]}
minutes=${2:-9}
ratios=("${@:3}")
if [ ${#ratios[@]} -eq 0 ]; then ratios=(0.7 0.9); fi
train=${TRAIN:-obverse-train}
teacher=${TEACHER:?}
kernel=${KERNEL:?}

mkdir -p "$folder"
if [ ! -e "$folder/moments.safetensors" ]; then
  "$train" moments --teacher "$teacher" --efficientnet "$kernel" --count "${COUNT:-50000}" \
    --batch 64 --out "$folder/moments.safetensors"
fi
each=$(awk -v m="$minutes" -v n="$((2 * ${#ratios[@]}))" 'BEGIN { print m / n }')
for ratio in "${ratios[@]}"; do
  pruned=$folder/pruned-$ratio.safetensors
  if [ ! -e "$pruned" ]; then
    "$train" prune --teacher "$teacher" --ratio "$ratio" --out "$pruned"
  fi
  for method in nickel-dime plain; do
    eyes=()
    if [ "$method" = nickel-dime ]; then
      eyes=(--efficientnet "$kernel" --moments "$folder/moments.safetensors")
    fi
    "$train" distil --go-on --out "$folder/$method-$ratio" --method "$method" --teacher "$teacher" \
      --student "$pruned" "${eyes[@]}" "@$here/faces128-student.options" --data "${DATA:?}" \
      --minutes "$each" --light
  done
done
