set -euo pipefail
train=/tmp/wt/eyes/Tools/Training/.build/release/obverse-train
say() { echo "chain: $*" >&2; }
run() { "$train" "$@" --threads 1; }
cd /tmp/eyes-venv/frag
pictures=(--data /tmp/wt/eyes/Tools/Training/Faces/faces32.zip --size 16)
learned=("${pictures[@]}" --take 800)
[ -d teacher ] || run teacher "${learned[@]}" --out teacher --kimg 0.16 --batch 16 --base 512 --widest 64 --z-dim 64 --w-dim 64 --mapping-layers 2 --ema-kimg 0.5 --tick 2 --snapshot 1000
run prune --teacher teacher/state.safetensors --ratio 0.7 --samples 64 --out pruned.safetensors --json
# The readings of DiME that are no preset, two steps each. A network whose own mean and deviation count:
# DINO's transformer, with random weights, since the authors' file is not here.
python3 - dino.safetensors << 'END'
import json
import random
import struct
import sys

shapes = {"cls_token": [1, 1, 384], "pos_embed": [1, 197, 384], "patch_embed.proj.weight": [384, 3, 16, 16],
          "patch_embed.proj.bias": [384], "norm.weight": [384], "norm.bias": [384]}
for i in range(12):
    for name, shape in [("norm1", [384]), ("attn.qkv", [1152, 384]), ("attn.proj", [384, 384]),
                        ("norm2", [384]), ("mlp.fc1", [1536, 384]), ("mlp.fc2", [384, 1536])]:
        shapes[f"blocks.{i}.{name}.weight"], shapes[f"blocks.{i}.{name}.bias"] = shape, shape[:1]
numbers = random.Random(1)
table = [struct.pack("<e", numbers.gauss(0, 0.05)) for _ in range(4096)]
header, blobs, end = {}, [], 0
for name, shape in shapes.items():
    count = 1
    for size in shape:
        count *= size
    is_scale = "norm" in name and name.endswith("weight")
    blob = struct.pack("<e", 1) * count if is_scale else b"".join(numbers.choices(table, k=count))
    header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [end, end + len(blob)]}
    blobs.append(blob)
    end += len(blob)
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
END
rm -rf normalized batch refused
run moments --teacher teacher --dino-vit dino.safetensors --normalize --count 8 --batch 4 \
  --out normalized.safetensors
short=(--teacher teacher --student pruned.safetensors "${learned[@]}" --dino-vit dino.safetensors
  --kimg 0.008 --batch 4 --moment-group 4)
run distil "${short[@]}" --normalize --moments normalized.safetensors --out normalized &
normalized=$!
run distil "${short[@]}" --teacher-moments batch --out batch
wait "$normalized"
# Moments of other pictures than the network is shown must not be taken.
code=0
run distil "${short[@]}" --normalize --moments normalized.safetensors --out refused 2> refused.txt || code=$?
if [ "$code" -ne 64 ] || ! grep -q "ImageNet's mean" refused.txt; then
  say "moments of normalized pictures were taken for others"
  exit 1
fi

tail -3 normalized/log.jsonl batch/log.jsonl refused.txt
ls -la dino.safetensors
