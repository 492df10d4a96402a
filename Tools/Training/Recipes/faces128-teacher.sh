#!/usr/bin/env bash
# Trains the teacher of 128 px for some minutes, and goes on where it stopped when it is called again.
# For a GPU by the hour or less: the run stops by itself, saves its full state, and a light
# one of the networks alone in parts below 16 MB, from which another machine can go on.
#
#   DATA=faces W=faces.w.npy MAPPING=faces.mapping.npz Recipes/faces128-teacher.sh RUN [MINUTES]
#
# DATA, W and MAPPING come from Recipes/random-face; TRAIN names the program (obverse-train from PATH), and
# FEATURES EfficientNet-Lite0 for the regression, if it is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
run=${1:?usage: Recipes/faces128-teacher.sh RUN [MINUTES]}
minutes=${2:-9}
train=${TRAIN:-obverse-train}

exec "$train" teacher --go-on --out "$run" "@$here/faces128-teacher.options" --data "${DATA:?}" \
  --pairs "${W:?}" --pairs-mapping "${MAPPING:?}" ${FEATURES:+--pairs-features "$FEATURES"} \
  --minutes "$minutes" --light
