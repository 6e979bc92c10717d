#!/bin/sh
# SPDX-License-Identifier: MIT
# The one command: installs what is missing, builds, runs the whole suite and
# closes with a line "N passed, N failed, N skipped".
#
#   sudo sh tests/run.sh            everything
#   sh tests/run.sh plain asan      only these steps, see below
#
# Builds below ./build-test; each step's output is kept there.
set -u
cd "$(dirname "$0")/.." || exit 1
src=$PWD
out=$src/build-test
jobs=$(nproc 2>/dev/null || echo 2)
passed=0 failed=0 skipped=0
[ ! -f config.status ] || {
  echo 'run.sh: configured in the source tree; run "make distclean" there first' >&2
  exit 1
}
mkdir -p "$out"
# distcheck and the demo compile the files that the plain build has compiled.
# The packages are built without the cache: two of them must be equal.
cc=gcc
if command -v ccache >/dev/null; then
  cc="ccache gcc"
  export CCACHE_DIR="$out/ccache" CCACHE_BASEDIR="$src" CCACHE_NOHASHDIR=1
fi

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

good() { passed=$((passed + 1)); say "ok    $1"; }
bad() {
  failed=$((failed + 1))
  say "FAIL  $1 (see $2)"
  tail -n 60 "$2"
}

# step NAME COMMAND…: one check that either works or does not.
step() {
  name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1 </dev/null; then good "$name"; else bad "$name" "$out/$name.log"; fi
}

# suite NAME FOLDER TARGET…: make's tests, counted one by one from their
# result files.
suite() {
  name=$1 folder=$2
  shift 2
  find "$folder" -name '*.trs' -exec rm -f {} +
  make -C "$folder" -k -j"$jobs" "$@" >"$out/$name.log" 2>&1 </dev/null
  status=$?
  p=$(count "$folder" PASS) s=$(count "$folder" SKIP)
  f=$(($(count "$folder" FAIL) + $(count "$folder" ERROR)))
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  say "$name: $p passed, $f failed, $s skipped"
  if [ "$status" -ne 0 ] || [ "$p" -eq 0 ]; then
    [ "$f" -ne 0 ] || failed=$((failed + 1))
    grep -E '^(FAIL|ERROR|SKIP):|error:|\*\*\*' "$out/$name.log" | head -n 40
    find "$folder" -name '*.trs' -exec grep -lE '^:test-result: (FAIL|ERROR)' {} + |
      sed 's/\.trs$/.log/' | while read -r log; do
      echo "--- $log"
      tail -n 40 "$log"
    done
  elif [ "$s" -ne 0 ]; then
    grep -hE '^SKIP:' "$out/$name.log"
  fi
}
count() {
  find "$1" -name '*.trs' -exec cat {} + | grep -cE "^:test-result: $2"
}

# build NAME TARGETS CONFIGURE-OPTION…: one make for each target, since "all" and
# "check-programs" in one make would write the same archives twice at once.
build() {
  name=$1 targets=$2
  shift 2
  mkdir -p "$out/$name"
  step "build-$name" sh -c 'cd "$1" && targets=$2 && shift 2 && "$@" &&
    for t in $targets; do make -j'"$jobs"' $t || exit; done' \
    sh "$out/$name" "$targets" "$src/configure" --enable-werror PYTHON=/usr/bin/python3 "$@"
}

do_lint() {
  step format sh -c "clang-format --dry-run -Werror \$(find common plugins tests tools -name '*.[ch]')"
}
do_plain() {
  build plain "all check-programs" CC="$cc"
  suite check "$out/plain" check
}
do_tidy() {
  [ -f "$out/plain/Makefile" ] || build plain "all check-programs" CC="$cc"
  step tidy make -C "$out/plain" tidy
}
do_asan() {
  build asan "all check-programs" --enable-sanitizers
  suite check-asan "$out/asan" check-core
  suite check-e2e-asan "$out/plain" check-sanitized GC_SANITIZED_BUILDDIR="$out/asan"
}
do_tsan() {
  build tsan all --enable-sanitizers=thread
  suite check-tsan "$out/tsan" check-threads
  suite check-e2e-tsan "$out/plain" check-sanitized GC_TSAN_BUILDDIR="$out/tsan"
}
do_fuzz() {
  build fuzz fuzz-targets CC=clang --enable-fuzzing --enable-sanitizers
  step fuzz make -C "$out/fuzz" -j"$jobs" fuzz-again
}
do_dist() { step distcheck env CC="$cc" make -C "$out/plain" -j"$jobs" distcheck GC_E2E=no; }
do_package() {
  [ -f "$out/plain/Makefile" ] || build plain "all check-programs" CC="$cc"
  suite check-packages "$out/plain" check-packages
}
do_demo() { step demo env CC="$cc" DEMO_SECONDS=20 sh examples/demo.sh; }

steps=${*:-lint plain tidy package asan tsan fuzz dist demo}
sh tools/deps.sh build demo test package || exit 1
step autogen ./autogen.sh
for s in $steps; do
  "do_$s"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
