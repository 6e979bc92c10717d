#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs missing packages, builds, runs all tests and prints a last line
# "N passed, N failed, N skipped".
#
#   sudo sh tests/run.sh            everything
#   sh tests/run.sh plain asan      only these steps, one after the other
#
# The builds and the output of each step are in ./build-test. The end-to-end
# tests mostly wait for a collectd, so that compilers and package builds run at
# the same time, in lanes.
set -u
cd "$(dirname "$0")/.." || exit 1
src=$PWD
out=$src/build-test
jobs=$(nproc 2>/dev/null || echo 2)
[ ! -f config.status ] || {
  echo 'run.sh: configured in the source tree; run "make distclean" there first' >&2
  exit 1
}
mkdir -p "$out"
tally=$out/tally # a line "passed failed skipped" for each step
failed=$out/failed # the last lines of each failed test's log, shown at the end
# distcheck compiles the files that the plain build has compiled, with the same
# options. The packages are built without the cache: two of them must be equal.
cc=gcc
if command -v ccache >/dev/null; then
  cc="ccache gcc"
  export CCACHE_DIR="$out/ccache" CCACHE_BASEDIR="$src" CCACHE_NOHASHDIR=1
fi
# configure and libtool start thousands of processes; dash starts each of them faster.
[ ! -x /bin/dash ] || export CONFIG_SHELL=/bin/dash
configured="--enable-werror PYTHON=/usr/bin/python3"
# Sanitizers find the same errors at -O1, which compiles faster. At -O1 gcc's warning
# about truncation is wrong; clang has no such option.
quick="CFLAGS=-g1 -O1"
quick_gcc="$quick -Wno-format-truncation"

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
counts() { echo "$1 $2 $3" >>"$tally"; }

good() { counts 1 0 0; say "ok    $1"; }
bad() {
  counts 0 1 0
  # One printf writes all lines, because the other lanes write at the same time.
  printf '%s\n' "$(say "FAIL  $1 (see $2)"; tail -n 60 "$2")"
  failed_tests "$2" | while read -r test; do
    # distcheck's tests run in a folder whose name has the version in it.
    remember "$test" "$(find "$out" -path "*/_build/*${test%.*}.log" | head -n 1)"
  done
}
failed_tests() { sed -nE 's/^(FAIL|ERROR): //p' "$1"; }
remember() { { echo "--- $1"; [ ! -f "$2" ] || log_of_failure "$2" 15; } >>"$failed"; }
# log_of_failure FILE LINES: the failed checks, which may stand far above the end, and the last lines.
log_of_failure() {
  grep -aE '^FAIL |^[^ ]+:[0-9]+: |ERROR: ' "$1" | head -n 20
  echo '...'
  tail -n "$2" "$1"
}

# step NAME COMMAND…: runs the command, counted as one passed or failed check.
step() {
  name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1 </dev/null; then good "$name"; else bad "$name" "$out/$name.log"; fi
}

# suite NAME FOLDER TARGET…: make's tests, counted one by one from automake's
# summary. Two suites may run in one folder at once, so each has its own.
suite() {
  name=$1 folder=$2
  shift 2
  log=$out/$name.log
  make -C "$folder" -k -j"$jobs" TEST_SUITE_LOG="$name.log" "$@" >"$log" 2>&1 </dev/null
  status=$?
  p=$(count PASS) s=$(count SKIP) f=$(($(count FAIL) + $(count ERROR)))
  if [ "$status" -ne 0 ] || [ $((p + s)) -eq 0 ]; then
    [ "$f" -ne 0 ] || f=1
    said=$(failures)
  else
    said=$(grep -hE '^SKIP:' "$log" | while read -r _ test; do reason "$test"; done)
  fi
  counts "$p" "$f" "$s"
  say "$name: $p passed, $f failed, $s skipped${said:+
$said}"
}
count() { sed -n "s/^# $1: *//p" "$log" | awk '{ n += $1 } END { print n + 0 }'; }
failures() {
  grep -E '^(FAIL|ERROR|SKIP):|error:|\*\*\*' "$log" | head -n 40
  failed_tests "$log" | while read -r test; do
    echo "--- $folder/${test%.*}.log"
    log_of_failure "$folder/${test%.*}.log" 40
    remember "$test" "$folder/${test%.*}.log"
  done
}
# The first reason that a skipped test gives.
reason() {
  echo "SKIP: $1 $(grep -m 1 '^SKIP' "$folder/${1%.*}.log")"
}

# build NAME TARGETS CONFIGURE-OPTION…: one make for each target, since "all" and
# "check-programs" in one make would write the same archives twice at once.
build() {
  name=$1 targets=$2
  shift 2
  mkdir -p "$out/$name"
  step "build-$name" sh -c 'cd "$1" && targets=$2 && shift 2 && "$@" &&
    for t in $targets; do make -j'"$jobs"' $t || exit; done' \
    sh "$out/$name" "$targets" "$src/configure" $configured "$@"
}
plain() { [ -f "$out/plain/Makefile" ] || build plain "all check-programs" CC="$cc"; }

# Releases of clang-format differ in details; this release formats the tree.
formatter=14
do_lint() {
  python3 tools/figures.py
  release=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
  if [ "$release" != "$formatter" ]; then
    counts 0 0 1
    say "skip  format: clang-format here is $release, not $formatter"
    return
  fi
  step format sh -c "clang-format --dry-run -Werror \$(find common plugins probe tests tools -name '*.[ch]')"
}
do_plain() {
  build plain "all check-programs" CC="$cc"
}
do_check() {
  plain
  suite check "$out/plain" check-without-e2e
}
do_e2e() {
  plain
  suite check-e2e "$out/plain" check-e2e
}
do_tidy() {
  plain
  step tidy make -C "$out/plain" tidy
}
do_asan() {
  build asan all --enable-sanitizers "$quick_gcc"
  suite check-asan "$out/asan" check-units
  suite check-e2e-asan "$out/asan" check-sanitized GC_SANITIZED_BUILDDIR="$out/asan"
}
do_tsan() {
  build tsan all --enable-sanitizers=thread "$quick_gcc"
  suite check-tsan "$out/tsan" check-threads
  suite check-e2e-tsan "$out/tsan" check-sanitized GC_TSAN_BUILDDIR="$out/tsan"
}
do_fuzz() {
  build fuzz fuzz-targets CC=clang --enable-fuzzing --enable-sanitizers "$quick"
  step fuzz make -C "$out/fuzz" -j"$jobs" fuzz-again
}
do_dist() {
  plain
  step distcheck env CC="$cc" make -C "$out/plain" -j"$jobs" distcheck GC_E2E=no \
    DISTCHECK_CONFIGURE_FLAGS="$configured"
}
do_package() {
  plain
  suite check-packages "$out/plain" check-packages GC_CHECKED=yes # by do_check
}
do_next() {
  plain
  suite check-next-release "$out/plain" check-next-release
}
do_demo() { step demo env CC="$cc" DEMO_SECONDS=20 sh examples/demo.sh; }

run() {
  for s in "$@"; do
    "do_$s"
  done
}
# run_in_time STEP…: a whole run takes less than 30 minutes on two quiet cores. Where
# it takes more than 50, the steps of the lanes that have not begun are skipped.
run_in_time() {
  for s in "$@"; do
    if [ $(($(date +%s) - began)) -lt 3000 ]; then
      "do_$s"
    else
      counts 0 0 1
      say "skip  $s: not begun within 50 minutes; run: sudo sh tests/run.sh $s"
    fi
  done
}

# lane STEP…: runs these steps one after the other in the background, at a lower
# priority than the end-to-end tests.
lanes=
lane() {
  setsid nice sh "$src/tests/run.sh" --lane "$began" "$@" </dev/null &
  lanes="$lanes $!"
}
end_lanes() {
  for l in $lanes; do kill -TERM -- "-$l" 2>/dev/null; done
}
everything() {
  began=$(date +%s)
  run lint plain
  [ -f "$out/plain/Makefile" ] || return
  trap 'end_lanes; exit 130' INT TERM HUP
  lane asan tsan fuzz tidy
  lane package dist next
  run check e2e demo
  for l in $lanes; do
    wait "$l"
    ended=$?
    [ "$ended" -eq 0 ] || { counts 0 1 0; say "FAIL  a lane ended with $ended"; }
  done
}

if [ "${1-}" = --lane ]; then
  began=$2
  shift 2
  run_in_time "$@"
  exit 0
fi
sh tools/deps.sh build demo test package || exit 1
: >"$tally"
: >"$failed"
step autogen ./autogen.sh
if [ $# -eq 0 ]; then everything; else run "$@"; fi
cat "$failed"
awk '{ p += $1; f += $2; s += $3 }
  END { print p + 0 " passed, " f + 0 " failed, " s + 0 " skipped"; exit (f > 0) }' "$tally"
