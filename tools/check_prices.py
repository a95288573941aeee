#!/usr/bin/env python3
"""check_prices.py: how far data/prices.json agrees with public price lists laid beside the project. Exact decimal arithmetic.

    tools/check_prices.py [--litellm FILE] [--models-dev FILE] [--genai FILE]     (default: ../shared/reference/*)

Prints a table, and every price that more than one list contradicts. Exit 1 when less than 90 % of the rows that a list knows agree.
"""
import argparse
import json
import pathlib
import re
import sys
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = ROOT.parent / "shared" / "reference"
MILLION = Decimal(10) ** 6
# ours: LiteLLM's providers and key prefixes, models.dev's id, genai-prices' id
NAMES = {
    "openai": (["openai", "text-completion-openai"], [""], "openai", "openai"),
    "anthropic": (["anthropic"], [""], "anthropic", "anthropic"),
    "google": (["gemini"], ["gemini/"], "google", "google"),
    "mistral": (["mistral"], ["mistral/"], "mistral", "mistral"),
    "xai": (["xai"], ["xai/"], "xai", "x-ai"),
    "deepseek": (["deepseek"], ["deepseek/"], "deepseek", "deepseek"),
    "groq": (["groq"], ["groq/"], "groq", "groq"),
    "together": (["together_ai"], ["together_ai/"], "togetherai", "together"),
    "fireworks": (["fireworks_ai"], ["fireworks_ai/"], "fireworks-ai", "fireworks"),
    "cerebras": (["cerebras"], ["cerebras/"], "cerebras", "cerebras"),
    "moonshot": (["moonshot"], ["moonshot/"], "moonshotai", "moonshotai"),
    "perplexity": (["perplexity"], ["perplexity/"], "perplexity", "perplexity"),
    "openrouter": (["openrouter"], ["openrouter/"], "openrouter", "openrouter"),
    "cohere": (["cohere", "cohere_chat"], ["", "cohere/"], "cohere", "cohere"),
    "sambanova": (["sambanova"], ["sambanova/"], "", ""),
}
KEYS = {"input_per_million": 0, "output_per_million": 1, "cached_input_per_million": 2}


def load(path):
    return json.load(open(path), parse_float=Decimal, parse_int=Decimal) if path.exists() else None


def litellm(data, provider, model):
    providers, prefixes, _, _ = NAMES[provider]
    for prefix in prefixes:
        row = data.get(prefix + model)
        if isinstance(row, dict) and row.get("litellm_provider") in providers:
            names = ("input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost")
            return [row[n] * MILLION if row.get(n) is not None else None for n in names]
    return None


def models_dev(data, provider, model):
    cost = data.get(NAMES[provider][2], {}).get("models", {}).get(model, {}).get("cost")
    return [cost.get(n) for n in ("input", "output", "cache_read")] if cost else None


def matches(rule, text):
    (kind, value), = rule.items()
    if kind in ("or", "and"):
        return (any if kind == "or" else all)(matches(r, text) for r in value)
    return {"equals": lambda: text == value, "starts_with": lambda: text.startswith(value), "ends_with": lambda: text.endswith(value),
            "contains": lambda: value in text, "regex": lambda: re.match(value, text) is not None}[kind]()


def genai(data, provider, model):
    models = next((p["models"] for p in data if p["id"] == NAMES[provider][3]), [])
    found = [m for m in models if m["id"] == model] or [m for m in models if matches(m["match"], model)]
    if not found:
        return None
    prices = found[0]["prices"]
    prices = prices[-1]["prices"] if isinstance(prices, list) else prices
    base = lambda v: v["base"] if isinstance(v, dict) else v
    return [base(prices.get(n)) for n in ("input_mtok", "output_mtok", "cache_read_mtok")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--litellm", type=pathlib.Path, default=REFERENCE / "litellm.model_prices.json")
    parser.add_argument("--models-dev", type=pathlib.Path, default=REFERENCE / "models.dev.json")
    parser.add_argument("--genai", type=pathlib.Path, default=REFERENCE / "genai-prices.data.json")
    options = parser.parse_args()
    ours = json.load(open(ROOT / "data" / "prices.json"))["prices"]
    lists = {name: (load(path), read) for name, path, read in (
        ("LiteLLM", options.litellm, litellm), ("models.dev", options.models_dev, models_dev), ("genai-prices", options.genai, genai))}
    against, bad = {}, False
    print(f"data/prices.json: {sum(len(m) for m in ours.values())} rows of {len(ours)} providers")
    for name, (data, read) in lists.items():
        if data is None:
            print(f"{name}: not there, skipped")
            continue
        known = agree = 0
        for provider, models in ours.items():
            for model, price in models.items():
                theirs = read(data, provider, model) if NAMES[provider] else None
                if theirs is None or theirs[0] is None:
                    continue
                known += 1
                wrong = [k for k, i in KEYS.items() if k in price and theirs[i] is not None and Decimal(price[k]) != theirs[i]]
                agree += not wrong
                for key in wrong:
                    against.setdefault((provider, model, key), []).append(f"{name} {theirs[KEYS[key]]:f}")
        print(f"{name}: knows {known}, agrees with {agree} in input, output and cached input ({100 * agree / max(known, 1):.1f} %)")
        bad |= agree * 100 < known * 90
    for (provider, model, key), said in sorted(against.items()):
        if len(said) > 1:
            print(f"  {provider} {model} {key}: {ours[provider][model][key]} here, {', '.join(said)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
