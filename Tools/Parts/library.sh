# shellcheck shell=bash disable=SC2154
# Parts of Tools/test, which reads this. The C library, installed, and what is built on it.

# Installed as a user installs it; what follows is compiled against that and nothing else.
installs() {
  local prefix=$work/prefix wide
  Tools/install --prefix "$prefix"
  for file in bin/obverse lib/libobverse.so.0 lib/libobverse.so include/obverse.h \
    lib/pkgconfig/obverse.pc share/man/man1/obverse.1 \
    share/man/man1/obverse-generate.1; do
    [ -s "$prefix/$file" ]
  done
  [ "$(readlink "$prefix/lib/libobverse.so")" = libobverse.so.0 ]
  wide=$(find "$prefix" -perm /022 ! -type l)
  [ -z "$wide" ]
  Tools/check-install "$prefix"
  # A folder that was there before stays, with what is in it; nothing else does.
  mkdir -p "$work/other/share/man"
  echo mine > "$work/other/share/mine"
  Tools/install --prefix "$work/other"
  Tools/install --prefix "$work/other" --uninstall
  [ "$(cd "$work/other" && find . | sort | tr '\n' ' ')" = ". ./share ./share/man ./share/mine " ]
}

# With the library in $prefix, which is the installed one where nobody says otherwise.
with_library() {
  local prefix=${prefix:-$work/prefix}
  [ -f "$prefix/include/obverse.h" ] || { echo "nothing is installed in $prefix"; return 1; }
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib PATH=$prefix/bin:$PATH "$@"
}

# with_library build_c FILE.c OUTPUT [FLAG...]
build_c() {
  local source=$1 output=$2 flags
  shift 2
  read -r -a flags <<< "$(pkg-config --cflags --libs obverse)"
  "${CC:-cc}" -O -g -Wall -Wextra -Werror "$source" "${flags[@]}" "$@" -o "$output"
}

library() {
  local file=$work/prefix/lib/libobverse.so.0 needs built
  Tools/check-abi "$file"
  needs=$(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
  echo "$needs"
  fails grep -v -E '^(libc|libm|libstdc\+\+|libgcc_s|ld-linux[-a-z0-9_]*)\.so' <<< "$needs"
  fails grep -E 'RPATH|RUNPATH' <<< "$(readelf -d "$file")"
  # A build in another folder gives the same bytes, debug information too.
  for built in .build/library/release/libobverse-c.so .build/release/obverse; do
    [ -s "$built" ]
    fails grep -l -a -F "$PWD/" "$built"
  done
  ls -l "$(readlink -f "$file")"
  [ "$(stat -L -c %s "$file")" -lt 9000000 ]
}

embedding() {
  local test prefix=${1:-$work/prefix} built
  built=$prefix-tests
  export SENTENCES=$prefix-sentences
  rm -f "$SENTENCES"
  mkdir -p "$built"
  for test in models contexts drawing stopping leaving surroundings; do
    with_library build_c "Tests/Embedding/$test.c" "$built/$test" -pthread -lm
    with_library timeout 300 "$built/$test" "$work/fixture.obv" "$built"
  done
  with_library build_c Tests/Embedding/unload.c "$built/unload" -pthread -ldl
  "$built/unload" "$prefix/lib/libobverse.so.0" "$work/fixture.obv"
  with_library build_c Tests/Embedding/memory.c "$built/memory" -pthread -ldl
  with_library timeout 300 "$built/memory" "$work/fixture.obv"
  with_library build_c Tests/Embedding/failing.c "$built/failing" -pthread
  with_library timeout 300 "$built/failing" "$work/fixture.obv" Tests/Fixtures/ModelFile/mobile.obv
  CC=c++ with_library build_c Tests/Embedding/throws.cpp "$built/throws"
  with_library timeout 300 "$built/throws" "$work/fixture.obv"
}

# The same tests of the library as Embedded Swift, in place of the installed one.
embedded() {
  local build prefix=$work/embedded
  [ "$(uname -m)" = x86_64 ] || skip "for x86-64 alone"
  Tests/Embedded/check x86-64 "$obverse" "$work/prefix/lib/libobverse.so.0"
  mkdir -p "$prefix/lib/pkgconfig"
  cp -r "$work/prefix/include" "$prefix"
  sed "s|^prefix=.*|prefix=$prefix|" "$work/prefix/lib/pkgconfig/obverse.pc" > "$prefix/lib/pkgconfig/obverse.pc"
  cp -P .build/cross/x86-64/libobverse.so* "$prefix/lib"
  Tools/check-abi "$prefix/lib/libobverse.so.0"
  NO_UNWINDING=1 embedding "$prefix"
  # What both builds said, but for the folders.
  for build in "$work/prefix" "$prefix"; do
    sed "s|$build-tests|TESTS|g" "$build-sentences" | sort -u > "$build-said"
  done
  wc -l "$prefix-said"
  [ "$(wc -l < "$prefix-said")" -ge 50 ]
  diff "$work/prefix-said" "$prefix-said"
}

# The library as Embedded Swift, for arm64 under emulation: faces, examples, sentences.
arm64() {
  local tool
  for tool in aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-aarch64:qemu-user; do
    [ "$(uname -m)" = aarch64 ] || command -v "${tool%:*}" > /dev/null \
      || skip "${tool#*:} is not installed (Tools/install-dependencies --cross)"
  done
  Tests/Embedded/check arm64 "$obverse" "$work/prefix/lib/libobverse.so.0"
}

# A page for browsers, its pixels those of the program.
web_page() {
  command -v node > /dev/null || skip "node is not installed"
  [ -e /usr/include/wasm32-wasi/stdlib.h ] \
    || skip "wasi-libc is not installed (Tools/install-dependencies --cross)"
  Tests/Embedded/check-web "$obverse"
}

# A program with a Swift runtime of its own.
swift_host() {
  swiftc -O Tests/Embedding/host.swift -o "$work/host"
  "$work/host" "$work/prefix/lib/libobverse.so.0" "$work/fixture.obv"
}

# All of them draw the face that the program draws.
small_examples() {
  local folder=$work/examples model=$work/fixture.obv
  mkdir -p "$folder"
  "$obverse" generate -q -m "$model" --seeds 85 --trunc 0.7 -o "$folder/wanted.ppm"
  with_library build_c Tools/Examples/c/face.c "$folder/face" -std=c99 -pedantic
  with_library "$folder/face" "$model" 85 > "$folder/c.ppm"
  cmp "$folder/c.ppm" "$folder/wanted.ppm"
  fails with_library "$folder/face" "$model" -1 > "$folder/none"
  fails with_library "$folder/face" missing.obv 85 > "$folder/none"
  with_library build_c Tools/Examples/c/threads.c "$folder/threads" -pthread
  with_library "$folder/threads" "$model"
  PYTHONPATH=Tools/Python with_library python3 Tools/Examples/python/face.py 85 "$folder/python.png" "$model"
  "$obverse" generate -q -m "$model" --seeds 85 --trunc 0.7 -o "$folder/wanted.png"
  Tools/image-difference "$folder/python.png" "$folder/wanted.png" 0
  PYTHONPATH=Tools/Python fails with_library python3 Tools/Examples/python/face.py 85 "$folder/none" missing.obv
  python3 Tools/Examples/pipe/faces.py "$obverse" "$model" "$folder" 86 85
  cmp "$folder/seed0085.ppm" "$folder/wanted.ppm"
  Tools/Examples/pipe/check "$obverse"
}

# With one Python; the long run takes all that are here.
python_package() {
  Tools/Python/check "$@" "$work/prefix/lib/libobverse.so.0" "$work/fixture.obv" "$obverse"
}

server() {
  command -v curl > /dev/null || skip "curl is not installed"
  with_library Tools/Examples/server/check "$obverse" "$work/fixture.obv"
}

gtk_viewer() {
  local flags
  pkg-config --exists gtk4 || skip "gtk4 is not installed (apt install libgtk-4-dev)"
  read -r -a flags <<< "$(pkg-config --cflags --libs gtk4)"
  with_library build_c Tools/Examples/gtk/viewer.c "$work/viewer" "${flags[@]}" -lm
  for program in Xvfb import convert; do
    command -v $program > /dev/null || skip "built; not shown: $program is not installed (apt install xvfb imagemagick)"
  done
  with_library timeout 120 Tools/Examples/gtk/screenshot "$work/viewer" "$work/fixture.obv" "$work/viewer.png"
}

# swift_example KIND
swift_example() {
  local frames
  timeout 900 Tools/Examples/swift/build "$work/swift-$1" "$1"
  mkdir -p "$work/swift-$1/frames"
  "$work/swift-$1/animation" "$work/fixture.obv" 8 "$work/swift-$1/frames"
  frames=$(sha256sum "$work/swift-$1"/frames/*.ppm | cut -d ' ' -f 1 | sort -u | wc -l)
  [ "$frames" -eq 8 ]
  # The first frame is the face of seed 85.
  "$obverse" generate -q -m "$work/fixture.obv" --seeds 85 --trunc 0.7 -o "$work/swift-$1/wanted.ppm"
  cmp "$work/swift-$1/frames/frame0000.ppm" "$work/swift-$1/wanted.ppm"
}

# The README's commands for embedding, word for word; the viewer needs a screen, and the Swift example
# is built by a part of its own.
readme_embeds() {
  local commands
  commands=$(sed -n '/^## Embed/,/^## /s/^    //p' README.md | grep -v -E '/viewer|/swift')
  echo "$commands"
  [ "$(wc -l <<< "$commands")" -ge 11 ]
  rm -rf out/python
  bash -e -u -o pipefail -c "$commands"
  cmp out/c.ppm out/seed0085.ppm
  "$obverse" generate -q -m Models/faces.obv --seeds 85 --trunc 0.7 -o out/wanted.png
  Tools/image-difference out/python.png out/wanted.png 0
}
