#!/usr/bin/env bash
# Makes run/ and run-evaluation.json, which ReportTests read: a run of seconds, without its state, and
# a measure of its last snapshot. Needs the built programs, this package's and obverse-avatars.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
training=$(cd "$here/../../.." && pwd)
program=$training/.build/release/obverse-train
folder=run

cd "$here"
"$training/../../.build/release/obverse-avatars" --count 96 --size 16 --out avatars.zip
trap 'rm avatars.zip' EXIT
pictures=(--data avatars.zip --size 8 --threads 1)

rm -rf "$folder"
"$program" teacher "${pictures[@]}" --take 64 --out "$folder" --kimg 1.024 --batch 8 --base 32 \
  --widest 8 --z-dim 4 --w-dim 4 --mapping-layers 1 --ema-kimg 0.1 --tick 0.128 --snapshot 100
rm "$folder/state.safetensors"
"$program" evaluate --model "$folder/snapshot-000001.safetensors" "${pictures[@]}" --skip 64 \
  --take 32 --count 32 --out "$folder-evaluation.json"
# PictureTests draws with its last snapshot; OBVERSE names the runtime's program.
"${OBVERSE:-obverse}" convert "$folder/snapshot-000001.safetensors" -o "${folder%run}toy.obv"
