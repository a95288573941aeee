#!/usr/bin/env bash
# profile.sh: makes profile/aig.profdata anew, by which release builds are optimised (cmake/optimised.cmake): runs a binary that counts
# under the benchmark's load and through the suites of the SDKs, and keeps the functions that calls go through. What was never or
# hardly run is left out and compiled as without a profile.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
dir=build-recording
mkdir -p $dir
cmake --preset release -B $dir -DAIG_OPTIMISE=recording >$dir/configure.log 2>&1 || { tail -n 30 $dir/configure.log >&2; die "cmake failed"; }
[ -x build/bench_loadgen ] && [ -x build/bench_upstream ] || tools/build.sh release bench_loadgen bench_upstream
say "building the binary that counts"
NINJA_STATUS="[%f/%t %es] " ninja -C $dir -j "$JOBS" aig
rm -rf $dir/runs && mkdir -p $dir/runs
export LLVM_PROFILE_FILE=$ROOT/$dir/runs/%m.profraw AIG_BIN=$ROOT/$dir/aig AIG_ROOT=$ROOT
requests=40000
for wire in openai anthropic; do
    for stream in "" --stream; do
        say "load: $wire $stream"
        # The simulated stream has some 150 chunks.
        tools/node.sh bench/count.mjs plain --wire $wire $stream --requests $((${#stream} ? requests / 40 : requests)) | tail -n 1
    done
done
say "suites of the SDKs"
tools/node.sh --test tests/e2e/sdk_*.test.mjs tests/e2e/surface.test.mjs >$dir/suites.log 2>&1 || say "some failed ($dir/suites.log): the profile is made all the same"
llvm-profdata-16 merge --sparse --text -o $dir/all.proftext $dir/runs/*.profraw
tools/node.sh tools/hot_functions.mjs $dir/all.proftext $dir/hot.proftext $((requests / 10))
mkdir -p profile
llvm-profdata-16 merge -o profile/aig.profdata $dir/hot.proftext
say "profile/aig.profdata: $(stat -c %s profile/aig.profdata) bytes"
