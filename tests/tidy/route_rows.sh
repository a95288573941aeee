#!/usr/bin/env bash
# A route row without a billing class must not compile: what a route can cost is said where it is written, or not at all.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v clang++-16 >/dev/null || { echo "clang++-16 is missing"; exit 1; }
compiles() {
    clang++-16 -std=c++20 -fsyntax-only -w -Isrc -DBOOST_ASIO_SEPARATE_COMPILATION -DBOOST_ASIO_NO_DEPRECATED -DBOOST_ASIO_DISABLE_BOOST_DATE_TIME \
        -DBOOST_ASIO_NO_TS_EXECUTORS -x c++ - 2>/dev/null <<< "#include \"api/request.h\"
        using namespace aig::api;
        aig::rt::Task<aig::Status> handler(Request&);
        const Route row = $1;"
}
compiles '{"GET", "/x", handler, Billing::free, Access::key}' || { echo "a whole row does not compile: this test proves nothing"; exit 1; }
compiles '{"POST", "/x", handler, Billing::held, Access::key, Mark::once}' || { echo "a marked row does not compile"; exit 1; }
for row in '{"GET", "/x", handler, Access::key}' '{"GET", "/x", handler}' '{"GET", "/x", handler, {}, Access::key}'; do
    if compiles "$row"; then echo "compiles without a billing class: $row"; exit 1; fi
done
