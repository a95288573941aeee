#!/usr/bin/env bash
# The rooms that use threads, under ThreadSanitizer. The pure rooms have no threads and are left out.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
rooms='^(rt|net|store|ledger|limits|identity|records|catalogue|gateway|api|app)$'
[ -e build-tsan/build.ninja ] || cmake --preset tsan >/dev/null
targets=()
for room in $(sed -n 's/^\([a-z]*\):.*/\1/p' src/ROOMS | grep -E "$rooms"); do
    find "src/$room" -name '*_test.cpp' 2>/dev/null | grep -q . && targets+=("test_$room")
done
tools/build.sh tsan "${targets[@]}"
cd build-tsan
TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1" unrandomised ctest --output-on-failure --timeout 600 -R "$rooms"
