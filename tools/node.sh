#!/usr/bin/env bash
# node.sh ARG...: the Node of the tests (that of the machine when it is 20 or newer, else .deps/).
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
[ "$(node_major)" -ge 20 ] || die "Node 20 or newer is not there" "Run tools/setup.sh node first."
exec node "$@"
