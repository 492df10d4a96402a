# shellcheck shell=bash disable=SC2154
# Parts of Tools/test, which reads this. The training package.

# LibTorch is 4 GB: what cannot have it skips, and says why; whatever fails after that is a failure.
training_settings() {
  local settings
  settings=$(Tools/Training/setup) || skip "LibTorch cannot be had here; see the lines above in the log"
  eval "$settings"
  settings=$(Tools/Training/networks)
  eval "$settings"
}

training_tests() {
  training_settings
  swift build --build-tests --package-path Tools/Training
  OBVERSE=$obverse swift test --skip-build --package-path Tools/Training --no-parallel
}

training_chain() {
  training_settings
  swift build -c release --package-path Tools/Training --product obverse-train
  swift build -c release --static-swift-stdlib --product obverse-avatars
  Tools/Training/chain "$1" "$work/chain$1"
}

# A short one: that the step in Python is still the step of obverse-train. Its times say nothing here.
training_speed() {
  training_settings
  Tools/Training/compare-speed --size 16 --batch 8 --base 512 --widest 64 --threads 1 --rounds 1
}
