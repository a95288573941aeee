#!/usr/bin/env bash
# agents.sh [NAME...]: real coding agents (hundreds of megabytes) against the built gateway, each with a task that needs a tool. Installs
# them into .deps/agents, runs tests/agents/NAME.mjs, and writes the rows into docs/reference/agents.md. Never part of make test.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/shell.sh"
declare -A packages=([claude_code]=@anthropic-ai/claude-code@2.1.197 [codex]=@openai/codex@0.169.0 [opencode]=opencode-ai@1.18.33)
names=("$@")
[ ${#names[@]} -gt 0 ] || for file in tests/agents/*.mjs; do
    name=$(basename "$file" .mjs)
    [ "$name" = agents ] || names+=("$name")
done
export AIG_AGENTS=${AIG_AGENTS:-$ROOT/.deps/agents}
mkdir -p "$AIG_AGENTS" .deps/agents-rows
status=0
for name in "${names[@]}"; do
    [ -n "${packages[$name]:-}" ] || die "no agent is called '$name'" "Known: ${!packages[*]}."
    say "installing ${packages[$name]}"
    npm install --prefix "$AIG_AGENTS" --no-audit --no-fund --no-save --ignore-scripts "${packages[$name]}" >"$AIG_AGENTS/$name.log" 2>&1 ||
        die "npm could not install ${packages[$name]}" "See $AIG_AGENTS/$name.log."
    say "running $name"
    tools/node.sh "tests/agents/$name.mjs" | tee ".deps/agents-rows/$name.jsonl" || status=1
done
tools/node.sh tools/agents_table.mjs .deps/agents-rows
exit $status
