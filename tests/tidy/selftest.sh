#!/usr/bin/env bash
# The lints on small trees with one fault each: a lint that lets its fault through has stopped working; one that refuses the clean
# tree cries wolf.
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
faults=0
export TIDY_ROOT=$tree GIT_DIR=$tree/none

reset() {
    rm -rf "${tree:?}"/* && mkdir -p "$tree"/src/{base,rt,net,ledger} "$tree"/tests
    printf 'base:\nrt: base\nnet: base rt\nledger: base\n' >"$tree/src/ROOMS"
}
# expect good|bad LINT FILE TEXT
expect() {
    reset
    printf '%s\n' "$4" >"$tree/$3"
    if "$here/$2.sh" >"$tree/out" 2>&1; then got=good; else got=bad; fi
    [ $got = "$1" ] || { echo "$2.sh calls this $got, not $1: $3: $4"; cat "$tree/out"; faults=$((faults + 1)); }
}
expect good rooms src/net/a.cpp '#include "rt/task.h"'
expect bad rooms src/net/a.cpp '#include "ledger/book.h"'
expect bad rooms src/base/a.h '#include "rt/task.h"'
expect bad rooms src/net/a.cpp '#include "rt/detail/x.h"'
expect bad rooms src/net/a.cpp '#include "rt/testing/x.h"'
expect good rooms src/net/a_test.cpp '#include "rt/testing/x.h"'
expect bad rooms src/net/a.cpp '#include "../rt/task.h"'
expect bad rooms src/ROOMS $'base: net\nnet: base'

for ok in 'co_await f(a, std::move(b));' 'auto x = co_await f(g(1), h);' 'const auto x = co_await f();' 'auto [a, b] = co_await f();' \
    'co_return co_await f(x);' 'CO_TRY(auto x, co_await f(std::move(y)));' 'CO_TRYV(co_await f());' '(void)co_await f();' \
    'if (a) co_await f();' 'for (;;) x = co_await q.pop();' 'case 3: co_await f();' 'y_ = co_await f();' 'co_await run([&] { return g(); });' \
    'co_await async_initiate<const Token, void()>(start, token);' \
    'auto r = co_await run([this, x](int a) -> int { return a ? 1 : 2; });' 'CO_TRY(Reply r, co_await f());' 'a.b = co_await f();' \
    'if (x) { y(); } co_await f(); // co_await g(co_await h())' 'auto s = co_await f("{?}");' 'while (more()) { auto x = co_await f(); }'; do
    expect good co_await src/net/a.cpp "Task<void> t() { $ok }"
done
for no in 'g(co_await f());' 'if (co_await f()) return;' 'while (auto x = co_await f()) g();' 'auto x = a ? co_await f() : b;' \
    'auto x = co_await f(a ? b : c);' 'auto x = co_await f(Foo{1});' 'co_await f({a, b});' 'auto x = co_await f(co_await g());' \
    'auto x = co_await f() + 1 + co_await g();' 'auto x = (co_await f()).value();' 'return !co_await f();' 'auto x = y + co_await f();' \
    'if (auto r = co_await f(); !r) return;' 'auto ok = co_await f() && g();' 'Foo x{co_await f()};' 'CO_TRY(auto x, g(co_await f()));'; do
    expect bad co_await src/net/a.cpp "Task<void> t() { $no }"
done

expect good banned src/ledger/a.cpp 'int64_t nanos = 1;  // no double here'
expect bad banned src/ledger/a.cpp 'double x = 1;'
expect good banned src/net/a.cpp 'double x = 1;'
expect bad banned src/base/money.h 'float x;'
expect bad banned src/ledger/a.cpp 'sqlite3_stmt* s;'
expect bad banned src/ledger/a.cpp '#include <boost/asio/post.hpp>'
expect good banned src/net/a.cpp '#include <boost/asio/post.hpp>'
expect bad banned src/net/a.h '#include <boost/asio/post.hpp>'
expect bad banned src/net/a.h 'using namespace std;'
expect bad banned src/net/a.cpp 'std::cout << 1;'
expect bad banned src/net/a.cpp 'int x = std::stoi(s);'
expect bad banned src/net/a.cpp "// T""ODO: later"
expect bad banned tests/a.sh "cat /wo""rk/main/x"

expect good format src/net/a.cpp 'int f() { return 1; }'
[ $faults = 0 ] || exit 1
