#!/usr/bin/env bash
# test.sh: everything that must hold, cheapest first: room tests and lints (sanitized), end-to-end suites against the release
# build, fuzz corpora. Goes on after a failure, so that one run tells all. Last line: "make test: N passed, N failed, N skipped".
#   AIG_TEST_SCALE=N   N times the random cases (default 1)      AIG_SKIP_SETUP=1   installs nothing
#   AIG_TEST_ONLY=unit|e2e|fuzz
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
export AIG_TEST_SCALE=${AIG_TEST_SCALE:-1}
only=${AIG_TEST_ONLY:-}
results=$ROOT/build-dev/results
passed=0 failed=0 skipped=0
rows=()
started=$SECONDS

# row NAME PASSED FAILED SKIPPED SECONDS
row() {
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    rows+=("$(printf '  %-22s %6d passed %4d failed %4d skipped %5d s' "$@")")
}
# A step that has no tests to count: a failure of it is one failed test.
step() {
    local name=$1 began=$SECONDS
    shift
    if "$@"; then rows+=("$(printf '  %-22s %-37s %5d s' "$name" ok $((SECONDS - began)))"); else row "$name" 0 1 0 $((SECONDS - began)); return 1; fi
}
wants() { [ -z "$only" ] || [ "$only" = "$1" ]; }
sum_of() { grep -ho "<testsuite [^>]*" "$results"/*.xml 2>/dev/null | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{ n += $1 } END { print n + 0 }'; }

# Room tests are counted from gtest's own reports; a test binary or lint that fails without one counts once.
unit_tests() {
    local began=$SECONDS entries bad
    rm -rf "$results" && mkdir -p "$results"
    (cd build-dev && GTEST_OUTPUT="xml:$results/" ASAN_OPTIONS=detect_stack_use_after_return=0 \
        unrandomised ctest -j "$JOBS" --output-on-failure --timeout 900 --output-log "$results/ctest.log") || true
    entries=$(sed -n 's/^.* tests failed out of \([0-9]*\).*/\1/p' "$results/ctest.log")
    bad=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of.*/\1/p' "$results/ctest.log")
    local ran fell skip lints
    ran=$(sum_of tests) fell=$(($(sum_of failures) + $(sum_of errors))) skip=$(($(sum_of skipped) + $(sum_of disabled)))
    lints=$(grep -c ' Test .* tidy_.* Passed ' "$results/ctest.log" || true)
    [ "${bad:-1}" -gt 0 ] && [ "$fell" = 0 ] && fell=${bad:-1}
    [ "${entries:-0}" -gt 0 ] || fell=1
    row "unit and lint" $((ran - fell - skip + lints > 0 ? ran - fell - skip + lints : 0)) "$fell" "$skip" $((SECONDS - began))
}

e2e_run() { # TAP FILE...
    local tap=$1
    shift
    AIG_ROOT=$ROOT tools/node.sh --test --test-concurrency=1 --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination="$tap" "$@" || true
}
tap_count() { sed -n "s/^# $2 \([0-9]*\)$/\1/p" "$1" | tail -n 1; }
tap_failed() { echo $(($(tap_count "$1" fail) + $(tap_count "$1" cancelled))); }
# Each failure's line, and where its test stands.
tap_failures() { grep -A 4 '^ *not ok ' "$1" | grep -v '# SKIP\|# T[O]DO'; }
# The suites of what failed. Tests that several suites share stand in a module beside them: then all of those.
failed_files() {
    local at
    for at in $(tap_failures "$1" | sed -n "s/.*location: '\([^']*\.mjs\):.*/\1/p" | sort -u); do
        case $at in
            *.test.mjs) echo "$at" ;;
            *) grep -l "/$(basename "$at")'" tests/e2e/*.test.mjs ;;
        esac
    done | sed "s|^$ROOT/||" | sort -u
}
# What fails is asked once more, file by file, on a machine that now does nothing else: a stalled machine is told from a fault.
# It is named at the end all the same ("unsteady"): once is not never.
e2e_tests() {
    local began=$SECONDS tap=$ROOT/build/e2e.tap again=$ROOT/build/e2e-again.tap pass fail files
    rm -f "$again"
    e2e_run "$tap" tests/e2e/*.test.mjs
    pass=$(tap_count "$tap" pass)
    [ -n "$pass" ] || { row "end to end" 0 1 0 $((SECONDS - began)); return; }
    fail=$(tap_failed "$tap")
    files=$(failed_files "$tap" || true)
    if [ "$fail" -gt 0 ] && [ -n "$files" ]; then
        mapfile -t files <<<"$files"
        e2e_run "$again" "${files[@]}"
        [ -z "$(tap_count "$again" pass)" ] || [ "$(tap_failed "$again")" != 0 ] || { pass=$((pass + fail)) fail=0; }
    fi
    row "end to end" "$pass" "$fail" $(($(tap_count "$tap" skipped) + $(tap_count "$tap" todo))) $((SECONDS - began))
}

kill_rounds() {
    local began=$SECONDS rounds=$((30 * AIG_TEST_SCALE))
    [ "$rounds" -le 200 ] || rounds=200
    if tools/node.sh tests/e2e/kill.mjs --rounds "$rounds"; then row "kill -9 rounds" "$rounds" 0 0 $((SECONDS - began))
    else row "kill -9 rounds" 0 1 0 $((SECONDS - began)); fi
}

fuzz() {
    local began=$SECONDS line log=$ROOT/build-dev/fuzz.log
    tools/fuzz.sh 3 | tee "$log" || true  # not /dev/stderr: where that is a file, tee would empty it
    line=$(tail -n 1 "$log")
    [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]] && row "fuzz targets" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" 0 $((SECONDS - began)) ||
        row "fuzz targets" 0 1 0 $((SECONDS - began))
}

tools/setup.sh build test node
if wants unit || wants fuzz; then step "sanitized build" tools/build.sh dev || only=e2e; fi
if wants unit; then unit_tests; fi
if wants e2e; then
    if step "release build" tools/build.sh release; then
        sync  # gigabytes that the builds wrote: a ledger that waits for them refuses calls, rightly
        e2e_tests
        kill_rounds
        step "make run" tools/run.sh --once || true
    fi
fi
if wants fuzz; then fuzz; fi

# Names of what failed, last of all: a log is often kept only by its end.
failures() {
    if wants unit && [ -f "$results/ctest.log" ]; then grep -h '^\[  FAILED  \] .*\.\|\*\*\*' "$results/ctest.log" | head -n 20; fi
    if wants e2e && [ -f build/e2e.tap ]; then
        [ ! -f build/e2e-again.tap ] || echo "asked twice (failed again: $(tap_failed build/e2e-again.tap), else unsteady):"
        tap_failures build/e2e.tap | grep '^ *not ok ' | head -n 20
        grep -h -A 2 '^ *error: ' build/e2e.tap | grep -v 'subtests\? failed\|failureType\|code:\|^--' | head -n 12
    fi
}

printf '\n'
printf '%s\n' "${rows[@]}"
{ failures || true; } | sed 's/^ */  /'
printf '\nmake test: %d passed, %d failed, %d skipped (%d min %d s)\n' $passed $failed $skipped $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
[ $failed = 0 ]
