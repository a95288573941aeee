#!/usr/bin/env bash
# Every source is as clang-format-16 writes it (`make fmt` mends it).
cd "${TIDY_ROOT:-$(dirname "$0")/../..}" || exit 1
command -v clang-format-16 >/dev/null || { echo "clang-format-16 is missing"; exit 1; }
bad=$(find src tests bench \( -name node_modules -prune \) -o \( -name '*.cpp' -o -name '*.h' \) -print0 2>/dev/null |
    xargs -0 -r clang-format-16 --dry-run --Werror 2>&1 | sed -n 's/^\([^: ]*\):[0-9].*: error: code should be.*/\1/p' | sort -u)
[ -z "$bad" ] || { printf '%s: not formatted (make fmt)\n' $bad; exit 1; }
