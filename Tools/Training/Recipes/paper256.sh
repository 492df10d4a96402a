#!/usr/bin/env bash
# The paper's experiment at 256 px, on GPUs: teacher, pruning, moments, student, measures. Not run yet.
# Called again, it goes on where it stopped.
#
#   DATA=ffhq256.zip CLIP=RN50.pt DINO=dino_resnet50_pretrain.pth Recipes/paper256.sh FOLDER
#   DATA=lsun-cat256.zip CLIP=RN50.pt DINO=dino_resnet50_pretrain.pth Recipes/paper256.sh FOLDER
#
# The pictures are those of NVlabs' dataset_tool at 256x256: FFHQ's 70,000 with its box filter, 200,000 of
# LSUN-CAT cropped to their centre. RATIO (0.9) is what pruning takes. PARSER names the face parser's file, for
# faces; without it the whole picture is content, as for cats. TEACHER names a trained one, such as NVlabs'
# ffhq-res256-mirror-paper256-noaug.pkl, else one is trained. GPUS (4) of one machine train together; INCEPTION
# names pytorch-fid's file, for FID. TRAIN names the program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: Recipes/paper256.sh FOLDER}
train=${TRAIN:-obverse-train}
eyes=(--clip "${CLIP:?}" --dino "${DINO:?}")

together() { torchrun --standalone --nproc-per-node "${GPUS:-4}" --no-python "$train" "$@"; }
# COMMAND RUN OPTION ...: begins a run or goes on with it.
run() { together "$1" --go-on --out "$2" "${@:3}"; }

mkdir -p "$folder"
teacher=${TEACHER:-$folder/teacher}
pruned=$folder/pruned.safetensors
moments=$folder/moments.safetensors
[ -n "${TEACHER-}" ] || run teacher "$folder/teacher" "@$here/paper256-teacher.options" --data "${DATA:?}"
[ -e "$pruned" ] || "$train" prune --teacher "$teacher" --ratio "${RATIO:-0.9}" \
  ${PARSER:+--parser "$PARSER"} --out "$pruned"
[ -e "$moments" ] || "$train" moments --teacher "$teacher" "${eyes[@]}" --count 50000 --out "$moments"
run distil "$folder/student" "@$here/paper256-student.options" --teacher "$teacher" --student "$pruned" "${eyes[@]}" \
  --moments "$moments" --data "${DATA:?}"
snapshots=("$folder"/student/snapshot-*.safetensors)
"$train" evaluate --model "${snapshots[${#snapshots[@]} - 1]}" --data "$DATA" --size 256 --count 50000 \
  ${INCEPTION:+--inception "$INCEPTION"} --out "$folder/student.json"
