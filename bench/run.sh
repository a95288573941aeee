#!/usr/bin/env bash
# bench/run.sh [--rounds N] [--seconds N] [--only SCENARIO]: the gateway with everything on beside nginx proxy_pass in the
# same run, proxies on one core, load and provider on another. Writes bench/RESULTS.md. Ratios hold from machine to machine; absolute
# figures do not.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/shell.sh"
tools/setup.sh build bench node
tools/build.sh release aig bench_loadgen bench_upstream bench_least
PATH=$PATH:/usr/sbin exec tools/node.sh bench/run.mjs "$@"
