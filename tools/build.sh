#!/usr/bin/env bash
# build.sh PRESET [TARGET...]: configures once and builds. release leaves build/aig; dev is sanitized (build-dev/); tsan (build-tsan/).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
preset=${1:-release}
shift || true
case $preset in
    release) dir=build ;;
    dev | tsan) dir=build-$preset ;;
    *) die "unknown preset '$preset'" "Use release, dev or tsan." ;;
esac
[ -e $dir/build.ninja ] || { mkdir -p $dir; cmake --preset "$preset" >$dir/configure.log 2>&1 || { tail -n 30 $dir/configure.log >&2; die "cmake failed"; }; }
[ $# -gt 0 ] || { [ "$preset" = release ] && set -- aig; } || set -- all
# A first build takes minutes: say so, and show ninja's counter.
[ -e $dir/.ninja_log ] || say "building $preset ($JOBS jobs; the first time takes some minutes)"
NINJA_STATUS="[%f/%t %es] " exec ninja -C $dir -j "$JOBS" "$@"
