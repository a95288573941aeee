#!/usr/bin/env bash
# mutations.sh [NAME...]: re-introduces bugs on purpose. Each tests/mutations/*.patch is a small, plausible mistake with the money; applied alone to
# a copy of the sources it must turn its room's tests red. One that stays green survived: a test is missing. One that no longer
# applies has to be made again: the code it breaks has changed. The head of a patch names what it breaks and the tests that must see it:
#   what: one line        target: test_ledger        filter: BookContract*:Race.*
# Where only the whole gateway can show it, the target is "aig" and the filter a suite of tests/e2e, run with the mutated release binary.
# Last line: "mutations: N killed, N survived, N broken". The table goes to build-mutations/table.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
copy=$ROOT/build-mutations/tree
seconds=${AIG_MUTATION_SECONDS:-300}
killed=0 survived=0 broken=0

mkdir -p "$copy"
# Only what differs is copied, with a new stamp: what did not change is not compiled again, what did surely is. Files that are gone
# here go there too.
git ls-files -z --cached --others --exclude-standard -- . ':!tests/e2e' | while IFS= read -r -d '' f; do
    [ -e "$f" ] && ! cmp -s "$f" "$copy/$f" && mkdir -p "$copy/$(dirname "$f")" && cp "$f" "$copy/$f" || true
done
(cd "$copy" && find src sql data tests cmake -type f) | while read -r f; do [ -e "$ROOT/$f" ] || rm -f "$copy/$f"; done
[ -e "$copy/build-dev/build.ninja" ] || (cd "$copy" && cmake --preset dev >/dev/null)
configure_release() { [ -e "$copy/build/build.ninja" ] || (cd "$copy" && cmake --preset release >/dev/null); }

field() { sed -n "s/^$2: *//p" "$1" | head -n 1; }
build() {
    local dir=build-dev
    [ "$1" != aig ] || { dir=build && configure_release; }
    ninja -C "$copy/$dir" -j "$JOBS" "$1" >"$ROOT/build-mutations/build.log" 2>&1
}
# The exit code of the tests that the patch names; 124 when they hang.
tests() {
    if [ "$1" = aig ]; then
        AIG_ROOT=$ROOT AIG_BIN=$copy/build/aig timeout "$seconds" "$ROOT/tools/node.sh" --test --test-reporter=tap "$ROOT/tests/e2e/$2" \
            >"$ROOT/build-mutations/run.log" 2>&1
        return
    fi
    (cd "$copy/build-dev" && ASAN_OPTIONS=detect_stack_use_after_return=0 unrandomised timeout "$seconds" "./$1" \
        --gtest_brief=1 --gtest_filter="$2" >"$ROOT/build-mutations/run.log" 2>&1)
}
# The first test that failed.
first_red() {
    { sed -n 's/^\[  FAILED  \] \([A-Za-z_0-9/]*\.[A-Za-z_0-9/]*\).*/\1/p' "$ROOT/build-mutations/run.log"
      sed -n 's/^not ok [0-9]* - //p' "$ROOT/build-mutations/run.log"; } | head -n 1
}
row() { printf '| %s | %s | %s |\n' "$1" "$2" "$3" >>"$ROOT/build-mutations/table.md"; }
ruin() { broken=$((broken + 1)); printf '\033[31mbroken\033[0m   %s: %s\n' "$1" "$2"; row "$1" "$3" "broken: $2"; }

printf '| mutation | the bug | seen by |\n|---|---|---|\n' >"$ROOT/build-mutations/table.md"
patches=()
for name in "${@:-}"; do
    for f in tests/mutations/${name:-}*.patch; do [ -e "$f" ] && patches+=("$ROOT/$f"); done
done
[ ${#patches[@]} -gt 0 ] || die "no patch of that name in tests/mutations/"

# Red must come from the mutation: unchanged, the same tests are green.
declare -A green
for patch in "${patches[@]}"; do
    key="$(field "$patch" target) $(field "$patch" filter)"
    [ -z "${green[$key]:-}" ] || continue
    target=${key%% *}
    build "$target" || die "$target does not build unchanged" "See build-mutations/build.log."
    tests "$target" "${key#* }" || die "$target --gtest_filter='${key#* }' is red without any mutation" "See build-mutations/run.log."
    grep -qE '\[  PASSED  \] [1-9]|^# pass [1-9]' "$ROOT/build-mutations/run.log" || die "$target --gtest_filter='${key#* }' runs no test"
    green[$key]=1
done

for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch) what=$(field "$patch" what) target=$(field "$patch" target) filter=$(field "$patch" filter)
    if ! (cd "$copy" && GIT_DIR=$copy/none git apply --check "$patch") 2>/dev/null; then
        ruin "$name" "does not apply any more; make it again on the present code" "$what"
        continue
    fi
    (cd "$copy" && GIT_DIR=$copy/none git apply "$patch")
    if ! build "$target"; then
        ruin "$name" "does not compile: $(grep -m 1 'error:' "$ROOT/build-mutations/build.log" | sed 's/|/ /g' || true)" "$what"
    elif tests "$target" "$filter"; then
        survived=$((survived + 1))
        printf '\033[31msurvived\033[0m %s: %s (%s %s)\n' "$name" "$what" "$target" "$filter"
        row "$name" "$what" "**survived**"
    else
        killed=$((killed + 1))
        red=$(first_red)
        printf 'killed   %s: %s\n' "$name" "${red:-$target ended}"
        row "$name" "$what" "\`${red:-$target}\`"
    fi
    (cd "$copy" && GIT_DIR=$copy/none git apply -R "$patch")
done
printf '\nmutations: %d killed, %d survived, %d broken\n' $killed $survived $broken
[ $((survived + broken)) = 0 ]
