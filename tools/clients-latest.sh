#!/usr/bin/env bash
# The suites of real clients with the newest releases of their packages, in a copy under .deps/. Says what breaks; never gates.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
tools/setup.sh build node
tools/build.sh release
copy=.deps/clients-latest
rm -rf "$copy"
mkdir -p "$copy/tests"
cp -r tests/e2e "$copy/tests/e2e"
rm -rf "$copy/tests/e2e/node_modules" "$copy/tests/e2e/package-lock.json"
(
    cd "$copy/tests/e2e"
    names=$(sed -n '/"dependencies"/,/}/s/^ *"\([^"]*\)": *"[0-9].*/\1@latest/p' package.json)
    # shellcheck disable=SC2086
    npm install --no-audit --no-fund --ignore-scripts --save-exact $names
    npm ls --depth=0
)
AIG_ROOT=$ROOT node --test --test-reporter=spec "$copy"/tests/e2e/sdk_*.test.mjs || say "the newest clients do not all pass (this gates nothing)"
