#!/usr/bin/env bash
# fuzz.sh SECONDS: replays every target's corpus and its kept regressions, then fuzzes each for SECONDS. New finds are left in
# build-dev/fuzz/TARGET/; a crash stops with the input's path. Last line: "fuzz: N passed, N failed".
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
seconds=${1:-60}
passed=0 failed=0
targets=()
for file in tests/fuzz/*.cpp; do [ -e "$file" ] && targets+=("fuzz_$(basename "$file" .cpp)"); done
[ ${#targets[@]} -gt 0 ] || { echo "fuzz: 0 passed, 0 failed"; exit 0; }
tools/build.sh dev "${targets[@]}"
for target in "${targets[@]}"; do
    name=${target#fuzz_}
    work=build-dev/fuzz/$name
    mkdir -p "$work/found"
    corpora=("$work/found")
    [ -d "tests/fuzz/corpus/$name" ] && corpora+=("tests/fuzz/corpus/$name")
    dictionary=()
    [ -e "tests/fuzz/$name.dict" ] && dictionary=("-dict=tests/fuzz/$name.dict")
    if unrandomised "build-dev/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=0 \
        -verbosity=0 "${dictionary[@]}" -artifact_prefix="$work/" "${corpora[@]}" >"$work/log" 2>&1; then
        echo "  ok    $target"
        passed=$((passed + 1))
    else
        tail -n 25 "$work/log"
        echo "  FAIL  $target ($work)"
        failed=$((failed + 1))
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ $failed = 0 ]
