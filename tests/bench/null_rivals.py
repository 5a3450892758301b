# SPDX-License-Identifier: MIT
"""null_rivals.py HOPSACK [N_SEEDS] [N_BAG] [N_SEQ]: what hopsack baseline and stack say where there is nothing to find.

Simulates cohorts with rate 0, one a seed, and runs all standard methods, the stack's choice and its weights on each. Prints
the mean AUC of each with its standard error, and how far it is from one half. The error is that over the cohorts, but at least
that of a ranking by chance of as many bags: few cohorts may happen to agree. Exit status 1: more than three of them.
"""
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile

LIMIT = 3  # standard errors


def call(*words):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{words}: {done.stderr}"


def figure(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["tasks"]["status"]["auc_mean"]


def figures(hopsack, folder, seed, n_bag, n_seq):
    """{method: AUC} of one cohort."""
    data, rivals = f"{folder}/{seed}.h5", f"{folder}/{seed}"
    call(hopsack, "simulate", f"--simulate.n_bag={n_bag}", f"--simulate.n_seq={n_seq}", "--rho=0", f"--seed={seed}",
         "--quiet", "-o", data)
    call(hopsack, "baseline", data, "--target=status", "--positive=+", "--inner=3", f"--seed={seed}", "--threads=1",
         "--quiet", "-o", rivals)
    call(hopsack, "stack", rivals, "--quiet", "-o", f"{rivals}-choice")
    call(hopsack, "stack", rivals, "--weigh", "--quiet", "-o", f"{rivals}-weigh")
    with open(f"{rivals}/summary.json", encoding="utf-8") as file:
        methods = json.load(file)["methods"]
    found = {m: one["tasks"]["status"]["auc_mean"] for m, one in methods.items()}
    found["stack"] = figure(f"{rivals}-choice/summary.json")
    found["stack --weigh"] = figure(f"{rivals}-weigh/summary.json")
    return found


def row(name, values, n_bag):
    """Its line of the table, and whether it holds."""
    mean = statistics.fmean(values)
    chance = math.sqrt((n_bag + 1) / (3 * n_bag**2))  # of an area, half of the bags of each class
    error = max(statistics.stdev(values), chance) / math.sqrt(len(values))
    far = (mean - 0.5) / error
    return f"| {name} | {mean:.3f} | {error:.3f} | {far:+.1f} |", abs(far) <= LIMIT


def main():
    hopsack = os.path.abspath(sys.argv[1])
    n_seed, n_bag, n_seq = (int(a) for a in [*sys.argv[2:], *("20", "40", "100")[len(sys.argv) - 2:]])
    columns, good = {}, True
    with tempfile.TemporaryDirectory(prefix="hopsack-bench-") as folder:
        for seed in range(1, n_seed + 1):
            for name, value in figures(hopsack, folder, seed, n_bag, n_seq).items():
                columns.setdefault(name, []).append(value)
            print(f"{seed} of {n_seed}", end="\r", file=sys.stderr, flush=True)
    print(f"{n_seed} cohorts of {n_bag} bags with {n_seq} sequences, rate 0\n")
    print("| method | mean AUC | standard error | (mean − 0.5) / standard error |\n|---|---|---|---|")
    for name, values in columns.items():
        line, holds = row(name, values, n_bag)
        print(line)
        good = good and holds
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
