# SPDX-License-Identifier: MIT
"""Runs the program by hand, as a user would: test_NAME.py HOPSACK. Standard library only."""
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HOPSACK = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "hopsack"
LAST_LINE = re.compile(r"^hopsack [\d.]+, seed \d+, [\d.]+ s wall, [\d.]+ s CPU, [\d.]+ MB peak$")


def run(*args, threads=None, stdout=subprocess.PIPE, **options):
    words = [HOPSACK, *map(str, args)]
    if threads:
        words.append(f"--threads={threads}")
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=250, **options)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        head, *rows = [line.rstrip("\n").split("\t") for line in file]
    return [dict(zip(head, row)) for row in rows]


def without_times(path):
    """Records of metrics.jsonl, or the summary, without what may differ between two runs."""
    def strip(value):
        if isinstance(value, dict):
            return {key: strip(v) for key, v in value.items() if key not in ("seconds", "peak_memory")}
        return [strip(v) for v in value] if isinstance(value, list) else value

    with open(path, encoding="utf-8") as file:
        return strip([json.loads(line) for line in file] if path.endswith("l") else json.load(file))


def auc(rows):
    """By its definition, of rows of a predictions.tsv; NaN where one class is missing."""
    wins = pairs = 0
    for p in (float(r["output"]) for r in rows if r["target"] == "1"):
        for n in (float(r["output"]) for r in rows if r["target"] == "0"):
            wins += 1 if p > n else 0.5 if p == n else 0
            pairs += 1
    return wins / pairs if pairs else math.nan


def snapshot(folder):
    """Every file below the folder with its content's hash: what must not change."""
    return {
        os.path.join(where, name): hashlib.sha256(read(os.path.join(where, name))).hexdigest()
        for where, _, names in os.walk(folder)
        for name in names
    }


def is_built(method, data, target):
    """False where the method needs liblinear or libsvm, and hopsack was built without it."""
    said = run("baseline", data, f"--target={target}", f"--method={method}", "--dry-run", "-o", "none").stderr
    return "was not there when hopsack was built" not in said


class Case(unittest.TestCase):
    """Works in a temporary folder of its own; `prepare` fills it once a class."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hopsack-test-")
        cls.home = os.getcwd()
        os.chdir(cls.folder)
        with open(TINY, "w", encoding="utf-8") as file:
            file.write("train: {updates: 40, evaluate_every: 20, lr: 0.01}\n")
            file.write("model: {embedder: {n_kernel: 8}, pooling: {n_unit: 8}}\n")
        cls.prepare()

    @classmethod
    def prepare(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        os.chdir(cls.home)
        shutil.rmtree(cls.folder)

    def good(self, *args, **options):
        done = run(*args, **options)
        self.assertEqual(done.returncode, 0, f"{args}: {done.stderr}")
        return done

    def bad(self, code, pattern, *args, **options):
        """Fails with this exit code and one sentence, and leaves every file as it was."""
        before = snapshot(".")
        done = run(*args, **options)
        said = [line for line in done.stderr.splitlines() if line.startswith("hopsack: ")]
        said = [line for line in said if not line.startswith("hopsack: warning: ")]
        self.assertEqual(done.returncode, code, f"{args}: {done.stderr}")
        self.assertEqual(len(said), 1, f"{args}: {done.stderr}")
        self.assertEqual(done.stderr.splitlines()[-1], said[0], f"{args}: the sentence comes last")
        self.assertRegex(said[0], pattern, str(args))
        self.assertEqual(snapshot("."), before, f"{args}: a file was made or changed")
        return said[0]


def cohort(path, *args, n_bag=40, n_seq=60, seed=1):
    """A small simulated dataset; labels in column status, + and -."""
    done = run("simulate", f"--simulate.n_bag={n_bag}", f"--simulate.n_seq={n_seq}", "--motif=SFEN", "--rho=0.1",
               f"--seed={seed}", "-o", path, *args)
    assert done.returncode == 0, done.stderr


TINY = "tiny.yaml"


def trained(path, data, *args):
    done = run("train", f"--data.path={data}", "--target=status", TINY, "-o", path, *args)
    assert done.returncode == 0, done.stderr


if __name__ != "__main__":
    main = unittest.main
