#!/usr/bin/env python3
"""Fits the coefficients of src/canon/size.cpp to recorded usage.

  AIG_TOKEN_SAMPLES=samples.tsv build-dev/test_recordings --gtest_filter=TokenEstimator.writes_samples
  tools/fit_tokens.py samples.tsv

Non-negative least squares on the relative error, made robust by reweighting (few recordings hide parts of their prompt), with a
weak pull towards a prior so that classes a family's recordings hardly contain (digits, CJK) keep believable weights. Prints the
rows of the table in 1/1000 token. Only the standard library is needed.
"""
import csv
import statistics
import sys

TEXT = ["letters", "words", "digits", "spaces", "marks", "european", "wide"]
CONSTANTS = ["call", "message", "tool", "tools"]
NAMES = TEXT + CONSTANTS
FAMILIES = ["openai", "claude", "gemini", "llama", "other"]
PRIOR = dict(letters=0.07, words=0.75, digits=0.45, spaces=0.07, marks=0.5, european=0.5, wide=0.85, call=3, message=4, tool=10, tools=20)
# A run of letters costs something per letter, whatever the recordings' short English words say: else a long blob is one token.
FLOOR = dict(letters=0.03)
# In prose spaces and words are the same count; only indentation tells them apart, and a run of spaces is one token.
CEILING = dict(spaces=0.12)
# How many samples' worth the prior weighs, per coefficient, in the scale of that coefficient.
PULL = dict(letters=6, words=6, digits=3, spaces=6, marks=3, european=40, wide=40, call=0.3, message=0.3, tool=0.3, tools=0.05)


def row(s):
    x = [float(s[n]) for n in TEXT]
    if s["output"]:
        return x + [0, 0, 0, 0]
    return x + [1.0, s["messages"], s["tools"], 1.0 if s["tools"] else 0.0]


def predict(c, s):
    return sum(a * b for a, b in zip(c, row(s)))


def fit(samples):
    c = [PRIOR[n] for n in NAMES]
    rows = [row(s) for s in samples]
    weight = [1.0] * len(samples)
    for _ in range(12):
        # Coordinate descent on the weighted normal equations, kept between floors and ceilings.
        n = len(NAMES)
        a = [[0.0] * n for _ in range(n)]
        b = [0.0] * n
        for r, s, w in zip(rows, samples, weight):
            k = w / (s["tokens"] + 10.0) ** 2 * 400
            for i in range(n):
                if r[i]:
                    b[i] += k * r[i] * s["tokens"]
                    for j in range(n):
                        a[i][j] += k * r[i] * r[j]
        for i, name in enumerate(NAMES):
            pull = PULL[name] / max(PRIOR[name], 0.05) ** 2
            a[i][i] += pull
            b[i] += pull * PRIOR[name]
        for _ in range(400):
            for i in range(n):
                best = (b[i] - sum(a[i][j] * c[j] for j in range(n) if j != i)) / a[i][i]
                c[i] = min(max(best, FLOOR.get(NAMES[i], 0.0)), CEILING.get(NAMES[i], 1e9))
        weight = []
        for s in samples:
            e = abs(predict(c, s) - s["tokens"]) / (s["tokens"] + 5.0)
            weight.append(1.0 / max(e, 0.04))
        mean = sum(weight) / len(weight)
        weight = [w / mean for w in weight]
    return c


def errors(c, samples):
    e = sorted(abs(predict(c, s) - s["tokens"]) / s["tokens"] for s in samples)
    return (len(e), statistics.median(e), e[int(len(e) * 0.9)]) if e else (0, 0, 0)


def main():
    samples = []
    with open(sys.argv[1]) as f:
        for s in csv.DictReader(f, delimiter="\t"):
            for k in ["output", "tokens", "bytes", "messages", "tools", "plain"] + TEXT:
                s[k] = int(s[k])
            if s["plain"]:
                samples.append(s)
    for family in FAMILIES:
        mine = [s for s in samples if s["family"] == family]
        if not mine:
            continue
        c = fit(mine)
        print(f"{{\"{family}\", " + ", ".join(str(round(x * 1000)) for x in c) + "},")
        for output in (0, 1):
            for least in (0, 200):
                print("   ", "output" if output else "input", f">= {least} bytes: n %d, median %.3f, p90 %.3f" % errors(c, [s for s in mine if s["output"] == output and s["bytes"] >= least]))
        if "-v" in sys.argv:
            by = {}
            for s in mine:
                by.setdefault((s["model"], s["output"]), []).append((predict(c, s) - s["tokens"]) / s["tokens"])
            for k, v in sorted(by.items()):
                if len(v) > 2:
                    print("       ", k, len(v), "signed median %.2f" % statistics.median(v))


if __name__ == "__main__":
    main()
