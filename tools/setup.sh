#!/usr/bin/env bash
# setup.sh GROUP...: what a bare Debian 12 lacks. Groups: build, test, bench (packages.txt), node (Node >= 20 and the npm packages
# of the end-to-end tests; Node is put into .deps/, never installed for the whole machine). A second run only looks.
# Needs root or a sudo that does not ask; otherwise it prints what is missing and stops. AIG_SKIP_SETUP=1: trusts that all is there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
[ "${AIG_SKIP_SETUP:-}" = 1 ] && exit 0

packages_of() { awk -v g="$1" '$1 == g { print $2 }' tools/packages.txt; }

missing_of() {
    for p in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || echo "$p"
    done
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -q "$@"; }

stop_with_list() {
    die "$1" "Missing packages: $*" "Install them as root:  apt-get update && apt-get install --no-install-recommends ${*:2}" \
        "or, if they are there under other names, run again with AIG_SKIP_SETUP=1."
}

install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null || stop_with_list "this is not a Debian system, nothing is installed here." "$@"
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || stop_with_list "packages are missing and there is no root or passwordless sudo." "$@"
    say "installing $# Debian packages (about a minute): $*"
    if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then apt update >/dev/null; fi
    apt install -y --no-install-recommends "$@" >.deps/apt.log 2>&1 && return 0
    apt update >/dev/null     # stale lists name files that are gone
    apt install -y --no-install-recommends "$@" >.deps/apt.log 2>&1 && return 0
    tail -n 15 .deps/apt.log >&2
    stop_with_list "apt-get could not install the packages (.deps/apt.log)." "$@"
}

setup_node() {
    if [ "$(node_major)" -lt 20 ] || ! command -v npm >/dev/null; then
        # shellcheck disable=SC2046
        install_packages $(command -v npm >/dev/null || missing_of nodejs npm)
        if [ "$(node_major)" -lt 20 ]; then
            say "fetching Node 22 into .deps/ (used by the tests only)"
            mkdir -p .deps/node
            [ -f .deps/node/package.json ] || echo '{"private": true}' >.deps/node/package.json
            # The package of one architecture holds the program itself: no install script has to run.
            npm install --prefix .deps/node --no-audit --no-fund --ignore-scripts --no-save "$NODE_PACKAGE@22.23.3" >.deps/npm.log 2>&1 ||
                { tail -n 15 .deps/npm.log >&2; die "Node 22 could not be fetched with npm (.deps/npm.log)" "Put Node 20 or newer in PATH and run again."; }
            PATH=$NODE_HOME:$PATH
            [ "$(node_major)" -ge 20 ] || die "the Node in .deps/ does not start"
        fi
    fi
    local stamp
    stamp=tests/e2e/node_modules/.setup-$(cat tests/e2e/package-lock.json | sha256sum | cut -c1-16)
    [ -e "$stamp" ] && return 0
    say "fetching the npm packages of the end-to-end tests"
    (cd tests/e2e && npm ci --no-audit --no-fund --ignore-scripts) >.deps/npm.log 2>&1 ||
        { tail -n 15 .deps/npm.log >&2; die "npm ci failed in tests/e2e (.deps/npm.log)"; }
    : >"$stamp"
}

mkdir -p .deps
for group in "$@"; do
    if [ "$group" = node ]; then
        setup_node
    else
        # shellcheck disable=SC2046
        command -v dpkg-query >/dev/null || stop_with_list "this is not a Debian system, nothing is installed here." $(packages_of "$group")
        # shellcheck disable=SC2046
        install_packages $(missing_of $(packages_of "$group"))
    fi
done
