# shellcheck shell=bash disable=SC2154
# Parts of Tools/test, which reads this. The program as users run it, and the models that a clone brings.

dynamic_libraries() {
  local found
  found=$(ldd "$obverse")
  echo "$found"
  # Swift's own libraries are inside, so the program runs where there is no Swift.
  ! grep -q -E 'libswift|libFoundation|not found' <<< "$found"
}

# The models of a clone are those that their list names, and say what they may be used for.
shipped_models() {
  local file terms total=0
  for file in Models/*.obv; do
    terms=non-commercial
    if [[ $file == */avatars* ]]; then terms=CC0; fi
    grep -q "$(sha256sum < "$file" | cut -d ' ' -f 1)" Models/README.md || {
      echo "Models/README.md lists another $file"
      return 1
    }
    "$obverse" inspect "$file" | tee /dev/stderr | grep "$terms" > /dev/null
    total=$((total + $(stat -c %s "$file")))
  done
  echo "$total bytes"
  [ "$total" -le 48000000 ]
  # A seed is one person in all of them, above 15 dB: strangers are some 10 dB apart.
  for file in Models/faces-r*.obv; do
    "$obverse" compare Models/faces.obv "$file" --seeds 0-7 --trunc 0.7 --format csv | tee /dev/stderr \
      | awk -F, '$1 == "all" { alike = $4 > 15 } END { exit !alike }'
  done
}

# Without a network a clone still ends with faces: pip finds no index.
quickstart_offline() {
  rm -rf out/faces
  PIP_NO_INDEX=1 XDG_CACHE_HOME=$work/quickstart XDG_DATA_HOME=$work/quickstart Tools/quickstart
  "$obverse" generate -m Models/faces.obv --seeds 0-31 --trunc 0.7 --grid 8x4 --outdir "$work/faces"
  Tools/image-difference out/faces/grid.png "$work/faces/grid.png" 0
  [ ! -e "$work/quickstart/obverse/random-face.obv" ]
}

# What a user does: a checkpoint becomes a model, the model draws what its own code base drew.
draws_the_fixture() {
  "$obverse" convert "$fixture/network.pkl" -o "$work/fixture.obv"
  "$obverse" generate -m "$work/fixture.obv" --seeds 0,1,85,265 --grid 4x1 --outdir "$work"
  Tools/image-difference "$work/grid.png" "$fixture/image_const.png" 1
}

# The commands that the README shows for a converted model, word for word.
readme_shows() {
  local commands
  commands=$(sed -n '1,/^## Speed/s/^    //p' README.md | grep '^\.build/release/obverse' | grep -v YOUR)
  echo "$commands"
  [ "$(wc -l <<< "$commands")" -ge 6 ]
  if ! [ -e face.obv ]; then
    cp "$work/fixture.obv" face.obv
    trap 'rm -f face.obv walk.y4m' EXIT
  fi
  bash -e -u -o pipefail -c "$commands"
  [ -s walk.y4m ]
}

# Between faces two workers block: after a face, waiting a second costs no processor time.
idles() {
  local server before after
  mkfifo "$work/seeds"
  "$obverse" generate -m "$work/fixture.obv" --seeds - -t 2 -o "$work/idle-%d.png" \
    < "$work/seeds" > "$work/answers" &
  server=$!
  exec 9> "$work/seeds"
  echo 1 >&9
  until [ -s "$work/answers" ]; do sleep 0.1; done
  before=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
  sleep 1
  after=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
  echo "$((after - before)) hundredths of a second"
  exec 9>&-
  wait "$server"
  [ $((after - before)) -le 1 ]
}

# The recipe for many machines, at small size.
many_machines() {
  Tools/Examples/many-machines/test "$obverse" "$work/fixture.obv"
}

hostile_names() {
  Tools/check-names "$obverse" "$work/fixture.obv"
}

# Too little memory is an exit code and a sentence.
memory_limits() {
  Tools/check-memory "$obverse" "$work/fixture.obv"
}

# A warm generator draws without malloc, on each instruction set and by each algorithm; `tests release`
# has built the program.
allocates_nothing() {
  .build/tests/release/allocations "$work/fixture.obv"
}

reads_in_flatc() {
  flatc --json --strict-json -o "$work" Sources/ModelFile/schema.fbs -- "$work/fixture.obv"
  [ -s "$work/fixture.json" ]
}

old_processor() {
  [ "$(uname -m)" = x86_64 ] || skip "x86-64 only"
  command -v qemu-x86_64 > /dev/null || skip "qemu-user is not installed"
  qemu-x86_64 -cpu Nehalem "$obverse" info
  mkdir -p "$work/nehalem"
  qemu-x86_64 -cpu Nehalem "$obverse" generate -m "$work/fixture.obv" --seeds 0,1,85,265 --grid 4x1 \
    --outdir "$work/nehalem"
  Tools/image-difference "$work/nehalem/grid.png" "$fixture/image_const.png" 1
}
