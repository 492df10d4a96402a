# shellcheck shell=bash disable=SC2154
# Parts of Tools/test, which reads this. The source itself: its form, and its own tests.

scripts() {
  local file files=()
  for file in .ci/run Tools/* Tests/{Embedded,Fuzz}/* Tools/{Examples/*,Packaging,Python,Training}/* Tools/Training/Recipes/*; do
    if [ -f "$file" ] && head -n 1 "$file" | grep -q bash; then files+=("$file"); fi
  done
  for file in "${files[@]}"; do
    bash -n "$file"
  done
  if command -v shellcheck > /dev/null; then shellcheck -x "${files[@]}"; fi
}

lint() {
  swift format lint --strict -r Sources Tests Benchmarks Package.swift Tools/Examples \
    Tools/Training/{Sources,Tests,Avatars,Package.swift}
}

# Code knows no Foundation: a self-contained program would grow sevenfold.
no_foundation() {
  ! grep -rn -E '^ *(@[a-zA-Z_]+ )*(public |package |internal |private )?import (struct |class |enum |func )?Foundation' \
    Sources Tools/Training/Avatars/{Drawing,Program}
}

build_program() {
  swift build -c release --static-swift-stdlib --product obverse
}

# A folder of its own, since the program above is linked in another way and either build would undo
# the other's.
release_tests=(-c release --scratch-path .build/tests)

debug_tests() {
  swift build --build-tests && swift test --skip-build
}

optimised_tests() {
  swift build --build-tests "${release_tests[@]}" && swift test --skip-build "${release_tests[@]}"
}

# Damaged files for every reader, the same in every run; `tests release` has built the program.
fuzz() {
  .build/tests/release/fuzz --inputs 20000 --save "$work/fuzz"
}

peers_script() {
  python3 Benchmarks/Peers/test_peers.py
}

weak_symbols() {
  [ "$(uname -m)" = x86_64 ] || skip "x86-64 only"
  Tools/check-weak-symbols .build/debug
  Tools/check-weak-symbols .build/release
}
