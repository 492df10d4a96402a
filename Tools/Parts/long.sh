# shellcheck shell=bash disable=SC2154
# Parts of Tools/test, which reads this. What takes hours, and the page that it leaves behind.

# 10,000 allocations that fail, over every family, architecture and type of weights.
failing_allocations() {
  local made=$work/failing
  mkdir -p "$made"
  "$obverse" convert "$work/fixture.obv" --type f16 -o "$made/f16.obv"
  "$obverse" convert "$work/fixture.obv" --type i8 -o "$made/i8.obv"
  "$obverse" convert Tests/Fixtures/TensorFlow/conditional-1ch/network.pkl -o "$made/resnet.obv"
  "$obverse" convert Tests/Fixtures/TensorFlow/orig/network.pkl -o "$made/orig.obv"
  "$obverse" convert Tests/Fixtures/cagc64-odd/checkpoint.pth -o "$made/odd.obv"
  with_library timeout 3600 "${prefix:-$work/prefix}-tests/failing" --long "$work/fixture.obv" "$made"/*.obv \
    Tests/Fixtures/ModelFile/*.obv Models/faces-r99.obv
}

thread_sanitizer() {
  local how=(--sanitize thread --scratch-path .build/tsan)
  swift build --build-tests "${how[@]}"
  timeout 900 swift test --skip-build --filter ObverseCTests "${how[@]}"
}

soak() {
  with_library build_c Tests/Embedding/soak.c "$work/soak"
  with_library timeout 1800 "$work/soak" "$work/fixture.obv" 10000 10000
  command -v valgrind > /dev/null || skip "no growth; leaks not looked for: valgrind is not installed"
  with_library valgrind -q --leak-check=full --show-leak-kinds=definite,indirect \
    --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
    "$work/soak" "$work/fixture.obv" 30 20
}

# What is left for the library as Embedded Swift: its kernels against Double, every allocation that fails, ten thousand faces.
embedded_all() {
  local prefix=$work/embedded
  [ -e "$prefix-tests/failing" ] || skip "there is no embedded library here"
  Tools/cross x86-64 --tests
  .build/cross/x86-64/kernels-tests
  failing_allocations
  soak
}

release() {
  fails Tools/release "$work/release" --wheel # of a commit without a tag
  Tools/release "$work/release" --wheel --untagged
  Tools/check-release "$work"/release/*.tar.gz "$work/fixture.obv"
  # What the wheel's name promises.
  python3 -m venv "$work/auditwheel"
  "$work/auditwheel/bin/pip" install -q --disable-pip-version-check auditwheel
  "$work/auditwheel/bin/auditwheel" show "$work"/release/*.whl | tee "$work/wheel"
  grep "This constrains the platform tag to \"manylinux_2_34_$(uname -m)\"" "$work/wheel"
}

# As build daemons do it: an odd folder that cannot be written to, nobody's account, no home, a mask that hides
# what is built. The bytes are those of `installs`.
odd_build() {
  local odd file as=()
  # Not local: the trap is run when the function has ended.
  built_in=$(mktemp -d)
  trap 'chmod -R u+w "$built_in"; rm -rf "$built_in"' EXIT
  odd="$built_in/an odd földer"
  mkdir -p "$odd/clone" "$odd/made"
  git ls-files -z | xargs -0 cp --no-dereference --parents -t "$odd/clone"
  chmod -R a+rX,a-w "$odd/clone"
  if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod a+rx "$built_in" "$odd"
    chmod a+rwx "$odd/made"
  fi
  (
    cd /
    umask 077
    "${as[@]}" env -i PATH="$PATH" LC_ALL=C DESTDIR="$odd/made/st age" \
      "$odd/clone/Tools/install" --prefix /usr --build "$odd/made/büild"
  )
  for file in bin/obverse lib/libobverse.so.0; do cmp "$odd/made/st age/usr/$file" "$work/prefix/$file"; done
  file=$(find "$odd/made/st age" -mindepth 1 ! -perm -444 ! -type l)
  [ -z "$file" ]
}

# In a Debian of its own; a second build gives the same bytes.
debian_packages() {
  local tool
  [ "$(id -u)" -eq 0 ] || skip "not root"
  for tool in dpkg-buildpackage dh lintian debootstrap; do
    command -v $tool > /dev/null || skip "$tool is not installed"
  done
  Tools/Packaging/build "$work/deb"
  Tools/Packaging/build "$work/deb-again"
  for file in "$work"/deb/*.deb; do cmp "$file" "$work/deb-again/$(basename "$file")"; done
  Tools/Packaging/try "$work/deb"
}

# All of a release that is made for 64-bit ARM: made again in another folder it is the same, and it works in a Debian
# of its own, under emulation.
arm64_release() {
  local tool file ways=(--arch arm64 --wheel --deb --untagged)
  [ "$(id -u)" -eq 0 ] || skip "not root"
  for tool in dpkg-buildpackage dh lintian debootstrap aarch64-linux-gnu-gcc; do
    command -v $tool > /dev/null || skip "$tool is not installed"
  done
  apt-get download --print-uris libc6 > /dev/null || skip "there is no network"
  Tools/Packaging/as-arm64 true || skip "no namespace where arm64 runs"
  Tools/release "$work/arm64" "${ways[@]}"
  mkdir -p "$work/arm64-clone"
  git ls-files -z | xargs -0 cp --no-dereference --parents -t "$work/arm64-clone"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) "$work/arm64-clone/Tools/release" "$work/arm64-again" "${ways[@]}"
  diff -r "$work/arm64" "$work/arm64-again"
  mv "$work"/arm64/debian/*.deb "$work/arm64"
  "$obverse" generate -q -m Models/faces.obv --seeds 85 --trunc 0.7 -o "$work/arm64-face.ppm"
  Tools/Packaging/as-arm64 Tools/Packaging/try "$work/arm64" "$work/arm64-face.ppm"
}

# drawn_from FILE FOLDER PROGRAM...: the faces of seeds 0 and 1 of a model or checkpoint, and what was said.
drawn_from() {
  local file=$1 folder=$2 model=$1
  shift 2
  rm -rf "$folder"
  mkdir -p "$folder"
  case $file in
    *.obv) ;;
    *)
      model=$folder/model.obv
      "$@" convert "$file" -q -o "$model" > /dev/null 2> "$folder/said" || return
      ;;
  esac
  "$@" generate -q -m "$model" --seeds 0-1 --grid 2x1 -o "$folder/faces.ppm" > /dev/null 2> "$folder/said"
}

# The whole program for 64-bit ARM, under emulation. Of every model and of every file of the fixtures it makes the picture
# that this processor's program makes, within 1 of 255, or refuses it in the same words.
arm64_program() {
  local file here there drawn=0 refused=0 made=$work/arm64-program
  [ "$(uname -m)" != aarch64 ] || skip "this is arm64"
  for file in aarch64-linux-gnu-g++ qemu-aarch64; do
    command -v $file > /dev/null || skip "$file is not here (Tools/install-dependencies --cross)"
  done
  apt-get download --print-uris libc6 > /dev/null || skip "there is no network"
  Tools/cross arm64 --program --static
  for file in Models/*.obv $(git ls-files Tests/Fixtures | grep -v -E '[.](npy|png|py|json|md|bin)$'); do
    here=0 there=0
    drawn_from "$file" "$made/here" "$obverse" || here=$?
    drawn_from "$file" "$made/there" qemu-aarch64 -L /usr/aarch64-linux-gnu .build/cross/arm64/obverse || there=$?
    echo "$file: $here $there"
    [ "$here" = "$there" ]
    if [ "$here" = 0 ]; then
      Tools/image-difference "$made/here/faces.ppm" "$made/there/faces.ppm" 1
      drawn=$((drawn + 1))
    else
      diff "$made/here/said" "$made/there/said"
      refused=$((refused + 1))
    fi
  done
  echo "$drawn files drawn, $refused refused"
  [ $drawn -ge 40 ]
}

# Debug code under the sanitizer. Leaks are looked for in the pictures' tests alone, for the C rooms'
# sake: Foundation, which other tests read files with, reports leaks of its own.
address_sanitizer() {
  local how=(--sanitize address --scratch-path .build/asan)
  swift build --build-tests "${how[@]}"
  echo 'leak:libXCTest.so' > "$work/not-ours"
  LSAN_OPTIONS=suppressions=$work/not-ours swift test --skip-build --filter ImageFileTests "${how[@]}"
  ASAN_OPTIONS=detect_leaks=0 swift test --skip-build "${how[@]}"
}

fuzz_sanitized() {
  swift build -c release --sanitize address --scratch-path .build/fuzz --product fuzz
  .build/fuzz/release/fuzz --inputs 100000 --seed "$(date -u +%Y%m%d)" --save "$work/fuzz-sanitized"
}

# Time and memory are counted, too, which a sanitizer would multiply.
fuzz_counted() {
  .build/tests/release/fuzz --inputs 300000 --seed "$(date -u +%Y%m%d)" --save "$work/fuzz-counted"
}

kills() {
  Tools/kill-test "$obverse" "$fixture/network.pkl" 200
}

# One program that answers 10,000 seeds over a pipe, each before the next is sent.
pipe_soak() {
  Tools/pipe-soak "$obverse" "$work/fixture.obv"
}

# What this run found, once all else is done.
write_page() {
  local commit
  # Before the file that is written counts as a change.
  commit=$(git describe --always --dirty 2> /dev/null || echo unknown)
  {
    echo "# The last long run"
    echo "Written by \`Tools/test --long\`; replaced by each run."
    echo
    echo "    date     $(date -u +%Y-%m-%d)"
    echo "    commit   $commit"
    echo "    machine  $(uname -m), $(nproc) CPUs,$(sed -n 's/^model name[^:]*://p' /proc/cpuinfo | head -n 1)"
    echo "    system   $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), $(swift --version 2>&1 | sed -n 's/.*\(Swift version [0-9.]*\).*/\1/p' | head -n 1)"
    echo
    printf '    %s\n' "${lines[@]}"
    echo
    cat "$logs/kill.log" "$logs/pipe-soak.log" | sed 's/^/    /'
    echo
    grep -h -A 40 ' attacks, ' "$logs/fuzz-sanitized.log" | sed 's/^/    /'
    echo
    grep -h -A 40 ' attacks, ' "$logs/fuzz-counted.log" | sed 's/^/    /'
    for kind in readers planner engine; do
      echo
      echo "    guided $kind"
      grep '^stat::' "$logs/guided-$kind.log" | sed 's/^/    /'
    done
    echo
    echo "    $(summary)"
  } > Tests/LONG.md
}
