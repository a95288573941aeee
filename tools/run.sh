#!/usr/bin/env bash
# run.sh [--once] [arguments of `aig dev`]: starts the gateway with its simulated provider, sends one streamed chat through it,
# shows the answer, its cost and the balance before and after (they must differ by exactly the cost), then serves until Ctrl-C.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
once=0 port=''
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --once) once=1 ;;
        --port) port=${2:?--port needs a number}; shift ;;
        --port=*) port=${1#*=} ;;
        *) arguments+=("$1") ;;
    esac
    shift
done

is_free() { ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
if [ -z "$port" ]; then
    port=0
    if [ $once = 0 ]; then
        for candidate in $(seq 8080 2 8178); do     # the admin listener takes the next one
            if is_free "$candidate" && is_free $((candidate + 1)); then port=$candidate; break; fi
        done
    fi
fi

work=$(mktemp -d)
aig=''
stop() {
    trap - EXIT INT TERM
    if [ -n "$aig" ]; then kill -TERM "$aig" 2>/dev/null || true; wait "$aig" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap stop EXIT
trap 'stop; exit 0' INT TERM

build/aig dev --port "$port" --ready-file "$work/ready.json" "${arguments[@]}" >"$work/log" 2>&1 &
aig=$!
for _ in $(seq 300); do
    [ -s "$work/ready.json" ] && break
    kill -0 "$aig" 2>/dev/null || { cat "$work/log" >&2; die "aig dev stopped before it was ready"; }
    sleep 0.05
done
[ -s "$work/ready.json" ] || { cat "$work/log" >&2; die "aig dev was not ready within 15 s"; }

ready() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$work/ready.json" | head -n 1; }
url=$(ready url) key=$(ready sk-aig-)
[ -n "$url" ] && [ -n "$key" ] || die "the ready file names no URL or key"

# Decimal text of dollars -> whole nano-dollars, by digits alone.
nanos() {
    [[ $1 =~ ^([0-9]+)(\.([0-9]{1,9}))?$ ]] || die "not an amount: '$1'"
    local fraction=${BASH_REMATCH[3]:-}
    fraction=$fraction$(printf '%*s' $((9 - ${#fraction})) '' | tr ' ' 0)
    echo $((10#${BASH_REMATCH[1]} * 1000000000 + 10#$fraction))
}
# Every number of the wire may come in exponent form (4.2e-5).
plain() {
    [[ $1 =~ ^([0-9]+)(\.([0-9]+))?[eE]-0*([0-9]+)$ ]] || { echo "$1"; return; }
    local digits=${BASH_REMATCH[1]}${BASH_REMATCH[3]:-} shift=${BASH_REMATCH[4]} whole=${#BASH_REMATCH[1]}
    digits=$(printf '%*s' "$shift" '' | tr ' ' 0)$digits
    echo "${digits:0:whole}.${digits:whole}"
}
balance() {
    curl -sS --fail-with-body --max-time 10 -H "Authorization: Bearer $key" "$url/v1/balance" |
        sed -n 's/.*"balance" *: *\([0-9.eE+-]*\).*/\1/p'
}

model=openai/gpt-5.4
before=$(plain "$(balance)")
say "$model is asked to say hello, streamed:"
curl -sSN --max-time 30 -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$url/v1/chat/completions" \
    -d "{\"model\":\"$model\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":\"user\",\"content\":\"Say hello.\"}]}" |
    tee "$work/stream" | sed -un 's/.*"delta" *: *{[^}]*"content" *: *"\(\([^"\\]\|\\.\)*\)".*/\1/p' |
    while IFS= read -r piece; do piece=${piece//\\\"/\"}; printf '%b' "$piece"; done
echo
grep -q '^data: \[DONE\]' "$work/stream" || { cat "$work/stream" >&2; die "the stream did not end with [DONE]"; }
cost=$(plain "$(sed -n 's/.*"cost" *: *\([0-9.eE+-]*\).*/\1/p' "$work/stream" | tail -n 1)")
after=$(plain "$(balance)")

printf '\n  cost      %s USD\n  balance   %s USD before, %s USD after\n\n' "$cost" "$before" "$after"
paid=$(($(nanos "$before") - $(nanos "$after")))
[ "$paid" = "$(nanos "$cost")" ] || die "the balance fell by $paid nano-dollars, the call cost $(nanos "$cost")"
[ "$paid" -gt 0 ] || die "the call cost nothing"

[ $once = 0 ] || exit 0
cat <<TEXT
Serving on $url (Ctrl-C stops). A key with 10 USD: $key
  curl $url/v1/chat/completions -H 'Authorization: Bearer $key' \\
    -H 'Content-Type: application/json' -d '{"model":"$model","messages":[{"role":"user","content":"Hello"}]}'
TEXT
wait "$aig"
