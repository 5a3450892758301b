# SPDX-License-Identifier: MIT
"""Does hopsack check find what is there, and nothing where nothing is? Standard library only.

    cohorts.py HOPSACK [--seeds=40] [--keep=FOLDER]

Makes cohorts of both kinds, and counts remarks. Cohorts without a confounder, each twice (by this script, with depth, age,
sex and plate of their own; and by hopsack simulate, rates 0 and 1 %), and cohorts of 50 bags without signal whose positive
bags have twice the depth, lack short sequences, or sit on other plates. tests/cli/test_check.py makes a few of them.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
KINDS = ("depth", "short", "plate")


def sequence(rng, shortest):
    length = max(shortest, min(22, round(rng.gauss(14.5, 2))))
    return "C" + "".join(rng.choices(LETTERS, k=length - 2)) + "F"


def cohort(folder, kind, seed, n=50, n_seq=150):
    """Writes n repertoires and metadata.tsv. kind: clean, or one of KINDS."""
    rng = random.Random(f"{kind} {seed}")
    os.makedirs(folder)
    positive = [i < n // 2 for i in range(n)]
    rng.shuffle(positive)
    lines = ["ID\tstatus\tage\tsex\tplate\tcomment\n"]
    for i in range(n):
        size = n_seq * rng.lognormvariate(0, 0.25) * (2 if positive[i] and kind == "depth" else 1)
        shortest = 12 if positive[i] and kind == "short" else 8
        plate = rng.choice(("P1", "P2") if positive[i] else ("P3", "P4")) if kind == "plate" else rng.choice(("P1", "P2", "P3", "P4"))
        with open(f"{folder}/bag{i:02}.tsv", "w", encoding="utf-8") as file:
            file.write("amino_acid\ttemplates\n")
            for _ in range(round(size)):
                file.write(f"{sequence(rng, shortest)}\t{1 + int(rng.paretovariate(1.3))}\n")
        age = "" if rng.random() < 0.1 else rng.randint(20, 80)
        lines.append(f"bag{i:02}\t{'+-'[not positive[i]]}\t{age}\t{rng.choice('FM')}\t{plate}\tnote {rng.random()}\n")
    with open(f"{folder}/metadata.tsv", "w", encoding="utf-8") as file:
        file.writelines(lines)


def dataset(hopsack, folder, kind, seed):
    """Imports such a cohort, and returns the path of the dataset."""
    cohort(f"{folder}/{kind}{seed}", kind, seed)
    path = f"{folder}/{kind}{seed}.h5"
    subprocess.run([hopsack, "import", "--quiet", f"--metadata={folder}/{kind}{seed}/metadata.tsv", "-o", path,
                    *(f"{folder}/{kind}{seed}/bag{i:02}.tsv" for i in range(50))], check=True)
    return path


def simulated(hopsack, folder, rate, seed):
    path = f"{folder}/simulated{rate}-{seed}.h5"
    subprocess.run([hopsack, "simulate", "--quiet", f"--seed={seed}", "--simulate.n_bag=50", "--simulate.n_seq=300",
                    f"--simulate.rate={rate}", "-o", path], check=True, stdout=subprocess.DEVNULL)
    return path


def check(hopsack, path, *words):
    """What check reports, as JSON."""
    run = subprocess.run([hopsack, "check", path, "--target=status", "--json", "--quiet", *words], check=True,
                         stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def warnings(hopsack, path, folder, *words):
    """Those of a short cross-validation."""
    run = subprocess.run([hopsack, "crossval", path, "--target=status", "--train.updates=5", "--train.evaluate_every=5",
                          "--quiet", "-o", folder, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return [line for line in run.stderr.splitlines() if "alone predicts" in line]


def main(hopsack, n_seed, folder):
    for name, make in (("clean", lambda s: dataset(hopsack, folder, "clean", s)),
                       ("rate 0", lambda s: simulated(hopsack, folder, 0, s)),
                       ("rate 1 %", lambda s: simulated(hopsack, folder, 0.01, s))):
        remarks = [text for s in range(n_seed) for text in check(hopsack, make(s), "--batch-column=plate" if name == "clean" else "--kind=binary")["remarks"]]
        print(f"{name}: {len(remarks)} remarks on {n_seed} cohorts", *remarks, sep="\n    ", flush=True)
    for kind in KINDS:
        found = said = 0
        for s in range(n_seed):
            path = dataset(hopsack, folder, kind, s)
            found += any("AUC" in text for text in check(hopsack, path, "--batch-column=plate")["remarks"])
            said += bool(warnings(hopsack, path, f"{folder}/{kind}{s}.cv", "--batch-column=plate"))
        print(f"{kind}: check remarks on {found}, crossval warns of {said} of {n_seed} cohorts", flush=True)


if __name__ == "__main__":
    options = dict(word[2:].split("=", 1) for word in sys.argv[2:])
    with tempfile.TemporaryDirectory(dir=options.get("keep")) as where:
        main(os.path.abspath(sys.argv[1]), int(options.get("seeds", 40)), where)
