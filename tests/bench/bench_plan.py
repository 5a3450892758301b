# SPDX-License-Identifier: MIT
"""Are the estimates of --dry-run right? bench_plan.py HOPSACK [--keep=FOLDER] [--only=WORD]

Runs commands on simulated cohorts and on made-up bags of vectors, by one thread, each after its own --dry-run, and prints the
estimate beside the processor time and the peak memory that it then took. Processor time, so that other load matters little.
Takes some minutes. Standard library only."""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

CONFIGS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "configs"))
REPERTOIRE, DEEPRC, MIL = (f"{CONFIGS}/{name}.yaml" for name in ("repertoire", "deeprc", "mil"))
COHORTS = {"small": (60, 500), "deep": (60, 8000), "wide": (300, 600)}


def run(hopsack, words):
    """(seconds of processor, MB at the peak)"""
    with subprocess.Popen([hopsack, *words, "--quiet", "--threads=1"], stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"hopsack {' '.join(words)}: exit code {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def make_vectors(path, n_bag, n_instance, n_feature):
    rng = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        file.write("bag,label," + ",".join(f"f{k}" for k in range(n_feature)) + "\n")
        for bag in range(n_bag):
            for _ in range(n_instance):
                numbers = ",".join(f"{rng.gauss(bag % 2 * 0.3, 1):.4f}" for _ in range(n_feature))
                file.write(f"b{bag},{bag % 2},{numbers}\n")


def make(hopsack, folder):
    for name, (n_bag, n_seq) in COHORTS.items():
        run(hopsack, ["simulate", f"--simulate.n_bag={n_bag}", f"--simulate.n_seq={n_seq}", "--motif=SFZEN", "--rho=0.01",
                      "--seed=7", "-o", f"{folder}/{name}.h5"])
    make_vectors(f"{folder}/vectors.csv", 100, 20, 60)
    run(hopsack, ["import", f"{folder}/vectors.csv", "-o", f"{folder}/vectors.h5"])


def commands(folder):
    """(name, words); a later one may read what an earlier one wrote."""
    for name in COHORTS:
        data, out = f"{folder}/{name}.h5", f"{folder}/{name}"
        target = ["--target=status", "--positive=+"]
        yield f"train repertoire, {name}", ["train", REPERTOIRE, data, *target, "-o", f"{out}.train"]
        yield f"train deeprc, {name}", ["train", DEEPRC, data, *target, "--train.updates=300", "-o", f"{out}.deeprc"]
        yield f"baseline, {name}", ["baseline", data, *target, "-o", f"{out}.rivals"]
        yield f"predict, {name}", ["predict", f"{out}.deeprc", data, "-o", f"{out}.tsv"]
        yield f"explain, {name}", ["explain", f"{out}.train", data, "-o", f"{out}.seen"]
        yield f"stack, {name}", ["stack", f"{out}.rivals", "-o", f"{out}.stack"]
        yield f"report, {name}", ["report", f"{out}.stack", f"--rivals={out}.rivals", "-o", f"{out}.html"]
        yield f"export, {name}", ["export", data, "-o", f"{out}.text"]
        yield f"import, {name}", ["import", f"{out}.text", f"--metadata={out}.text/metadata.tsv", "-o", f"{out}.2.h5"]
    data = f"{folder}/small.h5"
    yield "baseline --permute=10, small", ["baseline", data, *target, "--permute=10", "--method=kmer-4", "--method=enriched",
                                           "--method=public", "-o", f"{folder}/permuted"]
    yield "crossval --inner=2, small", ["crossval", REPERTOIRE, data, *target, "--splits.n_fold=3", "--inner=2",
                                        "-o", f"{folder}/inner"]
    yield "crossval, 3 models, small", ["crossval", DEEPRC, data, *target, "--splits.n_fold=3", "--train.updates=200",
                                        "--crossval.ensemble=3", "-o", f"{folder}/ensemble"]
    yield "simulate, 200 x 3000", ["simulate", "--simulate.n_bag=200", "--simulate.n_seq=3000", "--motif=SFZEN", "--rho=0.01",
                                   "-o", f"{folder}/new.h5"]
    data = f"{folder}/vectors.h5"
    yield "crossval mil, vectors", ["crossval", MIL, data, "--splits.n_repeat=1", "-o", f"{folder}/mil"]
    yield "crossval mil, 4 trials, vectors", [
        "crossval", MIL, data, "--splits.n_repeat=1", "--splits.n_fold=3", "--search.kind=grid", "--search.inner_folds=2",
        "--search.space=[train.lr=0.001|0.0003, model.pooling.dropout=0|0.5]", "-o", f"{folder}/search"]
    yield "baseline, vectors", ["baseline", data, MIL, "-o", f"{folder}/stats"]


def seconds_of(text):
    number, unit = text.split()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def plan_of(hopsack, words):
    """{"seconds_low", …} by --json, or from the line of text where there is no other."""
    done = subprocess.run([hopsack, *words, "--threads=1", "--dry-run", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0 and done.stdout.startswith("{"):
        return json.loads(done.stdout)
    done = subprocess.run([hopsack, *words, "--threads=1", "--dry-run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    found = re.search(r"estimate: (?:about (\S+ \w+) to (\S+ \w+)|less than 1 s), (\d+) MB", done.stdout)
    low, high = (seconds_of(found[1]), seconds_of(found[2])) if found[1] else (0.0, 1.0)
    return {"seconds_low": low, "seconds_high": high, "seconds": (low * high) ** 0.5, "memory_mb": float(found[3])}


def main(hopsack, folder, only):
    make(hopsack, folder)
    print("| command | estimate, s | measured, s | estimate, MB | measured, MB |\n|---|---|---|---|---|")
    for name, words in commands(folder):
        plan = plan_of(hopsack, words) if only in name else None
        seconds, memory = run(hopsack, words)
        if plan:
            print(f"| {name} | {plan['seconds_low']:.2g} to {plan['seconds_high']:.2g} | {seconds:.2f} | "
                  f"{plan['memory_mb']:.0f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    given = dict(word.lstrip("-").split("=") for word in sys.argv[2:])
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="hopsack-plan-") as scratch:
        main(os.path.abspath(sys.argv[1]), given.get("keep", scratch), given.get("only", ""))
