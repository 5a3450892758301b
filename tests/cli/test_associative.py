# SPDX-License-Identifier: MIT
"""hopsack memory: recall against NumPy, all kinds; capacity; pictures; wrong input."""
import csv
import json
import math
import os
import struct
import subprocess
import unittest
import zlib

import numpy as np

from harness import HOPSACK, Case, main, read, run, snapshot, table

SHARED = os.environ.get("HOPSACK_SHARED") or os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", "."), "..", "shared")
DIGITS = os.path.join(SHARED, "data/memory/digits.csv.gz")


def softmax(a):
    e = np.exp(a - a.max())
    return e / e.sum()


def recall(x, cue, beta, distance=True, release=False):
    """State, updates, and energies at the beginning and end, of the continuous memory."""
    known = ~np.isnan(cue)
    half = (x ** 2) / 2 if distance else 0 * x
    def energy(s):
        a = beta * (x @ s - half.sum(1))
        return s @ s / 2 - (a.max() + math.log(np.exp(a - a.max()).sum())) / beta
    s, energies, updates = np.where(known, cue, 0), [], 0
    if known.all():
        energies.append(energy(s))
    for t in range(1000):
        seen = known if t == 0 else np.ones_like(known)
        p = softmax(beta * (x[:, seen] @ s[seen] - half[:, seen].sum(1)))
        new = p @ x
        if not known.all() and not release:
            new = np.where(known, cue, new)
        moved = math.inf if t == 0 and not known.all() else np.abs(new - s).max()
        s = new
        if t == 0 and not known.all():
            energies.append(energy(s))
        if moved <= 1e-6 * np.abs(x).max():
            break
        updates += 1
    p = softmax(beta * (x @ s - half.sum(1)))
    k = int(np.searchsorted(np.cumsum(np.sort(p)[::-1]), 0.9) + 1)
    return s, updates, energies[0], energy(s), k, p.max()


def sweep(x, s, free, kind, power):
    """One visit of each free unit, in order."""
    def f(v):
        return np.exp(v) if kind == "exp" else np.maximum(v, 0.0) ** power if kind == "dense" else v.astype(float) ** power
    for j in free:
        if kind == "hopfield82":
            w = x[:, j] @ x / x.shape[1]
            field = w @ s - w[j] * s[j]
        else:
            rest = x @ s - x[:, j] * s[j]
            field = (f(rest + x[:, j]) - f(rest - x[:, j])).sum()
        if field:
            s[j] = np.sign(field)


def csv_of(path, x, names, head=()):
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["ID", *head, *(f"p{j}" for j in range(x.shape[1]))])
        for name, row in zip(names, x):
            out.writerow([name, *(["7"] * len(head)), *("" if np.isnan(v) else repr(float(v)) for v in row)])


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def pixels(path):
    """[height, width, 3] of a PNG as hopsack writes it: RGB, no filters."""
    data, at, body = read(path), 8, b""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        n, name = struct.unpack(">I4s", data[at:at + 8])
        content = data[at + 8:at + 8 + n]
        assert struct.unpack(">I", data[at + 8 + n:at + 12 + n])[0] == zlib.crc32(name + content)
        if name == b"IHDR":
            width, height = struct.unpack(">II", content[:8])
        body += content if name == b"IDAT" else b""
        at += n + 12
    lines = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, 1 + 3 * width)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


class Recall(Case):
    @classmethod
    def prepare(cls):
        random = np.random.default_rng(4)
        cls.x = random.normal(size=(12, 6))
        cls.cues = cls.x[:8] + random.normal(scale=0.6, size=(8, 6))
        cls.cues[4:, :3] = np.nan
        names = [f"a{i}" for i in range(12)]
        csv_of("x.csv", cls.x, names, ["label"])
        csv_of("cues.csv", cls.cues, names)
        cls.bits = random.choice([-1.0, 1.0], size=(9, 21))
        cls.bit_cues = cls.bits[:6] * random.choice([1, 1, 1, 1, -1], size=(6, 21))
        cls.bit_cues[3:, 10:] = np.nan
        csv_of("bits.csv", cls.bits, names)
        csv_of("bit_cues.csv", cls.bit_cues, names)

    def test_continuous_equals_numpy(self):
        for n, (flags, distance, release) in enumerate(((["--beta=2.5"], True, False), (["--beta=1.5", "--release"], True, True),
                                                        (["--beta=0.7", "--similarity=dot"], False, False))):
            self.good("memory", "x.csv", "cues.csv", *flags, "-o", f"out{n}.tsv")
            rows = table(f"out{n}.tsv")
            self.assertEqual([r["cue"] for r in rows], [f"a{i}" for i in range(8)])
            beta = float(flags[0].split("=")[1])
            for row, cue in zip(rows, self.cues):
                state, updates, first, last, k, largest = recall(self.x, cue, beta, distance, release)
                apart = np.sqrt(((self.x - state) ** 2).sum(1))
                self.assertEqual(row["recalled"], f"a{apart.argmin()}")
                self.assertAlmostEqual(float(row["distance"]), apart.min(), places=8)
                self.assertAlmostEqual(float(row["relative_distance"]), apart.min() / np.sqrt((self.x[apart.argmin()] ** 2).sum()), places=8)
                self.assertEqual((int(row["updates"]), row["converged"], int(row["k"])), (updates, "1", k))
                self.assertAlmostEqual(float(row["energy_first"]), first, places=9)
                self.assertAlmostEqual(float(row["energy_last"]), last, places=9)
                self.assertAlmostEqual(float(row["p_max"]), largest, places=8)
                self.assertEqual(row["class"], "I" if k > 6 else "II" if k > 1.5 else "III")

    def test_flags_of_other_kinds_are_refused(self):
        for flag, kind, own in (("--beta=2", "dense", "continuous"), ("--similarity=dot", "exp", "continuous"),
                                ("--power=4", "continuous", "dense and polynomial"), ("--power=3", "hopfield82", "dense and polynomial")):
            name = flag.split("=")[0]
            for words in (["bits.csv", "bit_cues.csv"], ["--capacity"]):
                self.bad(2, f"{name}: is for --kind={own}, not for --kind={kind}", "memory", *words, f"--kind={kind}", flag, "-o", "no.tsv")

    def test_kinds_of_two_values_equal_numpy(self):
        for kind, power in (("hopfield82", 3), ("dense", 3), ("dense", 2), ("polynomial", 4), ("exp", 3)):
            self.good("memory", "bits.csv", "bit_cues.csv", f"--kind={kind}",
                      *([f"--power={power}"] if kind in ("dense", "polynomial") else []), "--force", "-o", "bits.tsv")
            usual = np.where(self.bits.sum(0) < 0, -1, 1)
            for row, cue in zip(table("bits.tsv"), self.bit_cues):
                s = np.where(np.isnan(cue), usual, cue)
                free = np.flatnonzero(np.isnan(cue)) if np.isnan(cue).any() else range(21)
                updates = 0
                while True:
                    before = s.copy()
                    sweep(self.bits, s, free, kind, power)
                    if (s == before).all():
                        break
                    updates += 1
                apart = np.sqrt(((self.bits - s) ** 2).sum(1))
                self.assertEqual((row["recalled"], int(row["updates"])), (f"a{apart.argmin()}", updates), kind)
                self.assertAlmostEqual(float(row["distance"]), apart.min(), places=9)
                self.assertLessEqual(float(row["energy_last"]), float(row["energy_first"]))
                self.assertEqual((row["k"], row["p_max"]), ("", ""))

    def test_other_two_values(self):
        """0 and 1 as well as -1 and 1."""
        csv_of("ones.csv", (self.bits + 1) / 2, [f"a{i}" for i in range(9)])
        csv_of("one_cues.csv", (self.bit_cues + 1) / 2, [f"a{i}" for i in range(6)])
        self.good("memory", "ones.csv", "one_cues.csv", "--kind=dense", "-o", "ones.tsv")
        self.good("memory", "bits.csv", "bit_cues.csv", "--kind=dense", "--force", "-o", "bits.tsv")
        for a, b in zip(table("ones.tsv"), table("bits.tsv")):
            self.assertEqual((a["recalled"], a["energy_last"]), (b["recalled"], b["energy_last"]))
            self.assertAlmostEqual(float(a["distance"]) * 2, float(b["distance"]))

    def test_steps_and_summary(self):
        done = self.good("memory", "x.csv", "cues.csv", "--beta=2.5", "--steps=1", "-o", "one.tsv", "--json")
        self.assertEqual({r["updates"] for r in table("one.tsv")}, {"1"})
        found = json.loads(done.stdout)
        self.assertEqual([found[k] for k in ("n_patterns", "n_entries", "n_cues", "n_own", "n_converged")], [12, 6, 8, 8, 0])
        near = [r for r in table("one.tsv") if float(r["relative_distance"]) <= 0.01]
        self.assertEqual((found["n_recalled"], found["n_own_recalled"]), (len(near), sum(r["cue"] == r["recalled"] for r in near)))
        text = self.good("memory", "x.csv", "cues.csv", "--beta=300", "-o", "sharp.tsv").stdout
        self.assertIn("4 of 8 cues recall a pattern within 1 % of its norm", text)

    def test_threads_and_datasets(self):
        run("import", "--format=table", "--label=none", "--bag=ID", "--skip=label", "x.csv", "-o", "x.h5")
        self.good("memory", "x.csv", "cues.csv", "--threads=1", "-o", "t1.tsv")
        self.good("memory", "x.csv", "cues.csv", "--threads=4", "-o", "t4.tsv")
        self.assertEqual(read("t1.tsv"), read("t4.tsv"))
        self.good("memory", "x.h5", "cues.csv", "-o", "h5.tsv")
        for a, b in zip(table("h5.tsv"), table("t1.tsv")):
            self.assertEqual(a["recalled"], b["recalled"])
            self.assertAlmostEqual(float(a["energy_last"]), float(b["energy_last"]), places=5)
        self.good("memory", "x.h5", "x.h5", "-o", "self.tsv")
        self.assertEqual([r["recalled"] for r in table("self.tsv")], [f"a{i}" for i in range(12)])

    def test_picture(self):
        self.good("memory", "x.csv", "cues.csv", "--beta=300", "--images=2x3", "--picture=p.png", "--shown=6", "-o", "p.tsv")
        image = pixels("p.png")
        self.assertEqual(image.shape, (6 * 18 + 6, 3 * 24 + 6, 3))
        low, high = self.x.min(), self.x.max()
        nearest = int(table("p.tsv")[5]["recalled"][1:])
        for f in range(6):
            y, x = 6 + 5 * 18 + f // 3 * 6 + 2, 6 + f % 3 * 6 + 2
            want = (0, 0x72, 0xb2) if f < 3 else (round(255 * min(max((self.cues[5, f] - low) / (high - low), 0), 1)),) * 3
            self.assertEqual(tuple(image[y, x]), want)
            shown = self.cues[5, f] if f >= 3 else self.x[nearest, f]
            level = 255 * min(max((shown - low) / (high - low), 0), 1)
            self.assertLessEqual(abs(float(image[y, x + 48, 0]) - level), 1)

    def test_wrong_input(self):
        for words, code, sentence in (
                (["x.csv"], 2, "memory takes PATTERNS and CUES, or --capacity"),
                (["x.csv", "cues.csv", "--steps=0"], 2, "--steps=0: at least one update, or -1 until nothing moves"),
                (["x.csv", "cues.csv", "--plot=a.svg"], 2, "--plot: is for --capacity, not for PATTERNS and CUES"),
                (["x.csv", "cues.csv", "--picture=a.png"], 2, "--picture needs --images=ROWSxCOLUMNS, such as 8x8"),
                (["x.csv", "cues.csv", "--picture=a.png", "--images=8"], 2, "--images=8: is no size"),
                (["x.csv", "cues.csv", "--picture=a.png", "--images=8x8"], 2, "--images=8x8 has 64 entries, the patterns of x.csv have 6"),
                (["x.csv", "cues.csv", "--skip=none"], 2, "--skip=none: x.csv has no such column"),
                (["x.csv", "cues.csv", "--kind=exp"], 3, "--kind=exp stores patterns of two values, such as -1 and 1; these have more"),
                (["x.csv", "x.csv", "-o", "x.csv"], 2, "x.csv is both input and output"),
                (["cues.csv", "x.csv"], 3, "cues.csv:6: 'p0' is empty; only cues have unknown entries"),
                (["bits.csv", "cues.csv"], 3, "cues.csv: column 'p6' of the patterns (bits.csv) is missing"),
                (["--capacity", "x.csv"], 2, "--capacity draws its patterns; it takes no files"),
                (["--capacity", "--release"], 2, "--release: is for PATTERNS and CUES, not for --capacity"),
                (["--capacity", "--stored=2.5"], 2, "--stored takes whole numbers"),
                (["--capacity", *(f"--stored={n + 1}" for n in range(1001))], 2, "--stored takes 1000 numbers at most"),
                (["--capacity", "--stored=5", "--stored=5"], 2, "--stored: numbers of patterns ascend")):
            done = run("memory", *words, *([] if "-o" in words else ["-o", "no.tsv"]))
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(sentence, done.stderr)
            self.assertFalse(os.path.exists("no.tsv"))
        write("text.csv", "ID,p0\na,1\nb,many\n")
        self.assertIn("text.csv:3: 'many' in column 'p0' is no number; --skip=COLUMN leaves a column out", run("memory", "text.csv", "text.csv", "-o", "no.tsv").stderr)
        write("empty.csv", "ID,p0,p1,p2,p3,p4,p5\na,,,,,,\n")
        self.assertIn("empty.csv: cue 'a': has no known entry", run("memory", "x.csv", "empty.csv", "-o", "no.tsv").stderr)
        write("other.csv", "ID," + ",".join(f"p{j}" for j in range(21)) + "\na,3" + ",1" * 20 + "\n")
        self.assertIn("other.csv: cue 'a': has the entry 3; the patterns have -1 and 1 alone",
                      run("memory", "bits.csv", "other.csv", "--kind=dense", "-o", "no.tsv").stderr)
        done = self.good("memory", "x.csv", "cues.csv", "--dry-run", "-o", "no.tsv")
        self.assertIn("would recall 8 cues from 12 patterns of 6 entries", done.stdout)
        self.assertFalse(os.path.exists("no.tsv"))

    def test_a_pattern_of_zeros(self):
        """Has no norm, and is recalled where nothing is left of other patterns."""
        write("zeros.csv", "ID,a,b\nx,1,2\ny,3,-1\nz,0,0\n")
        write("zero_cues.csv", "ID,a,b\nz,0,\nx,1,2\n")
        found = json.loads(self.good("memory", "zeros.csv", "zero_cues.csv", "--beta=100", "--json", "-o", "zeros.tsv").stdout)
        self.assertEqual([(r["cue"], r["recalled"], r["relative_distance"]) for r in table("zeros.tsv")], [("z", "z", ""), ("x", "x", "0")])
        self.assertEqual((found["n_recalled"], found["n_own_recalled"]), (2, 2))

    def test_columns_of_one_name(self):
        """Cues are matched by name."""
        write("twice.csv", "ID,a,a\nx,1,2\ny,1,-2\n")
        write("once.csv", "ID,a\nx,1\ny,2\n")
        for patterns in "twice.csv", "once.csv":
            self.bad(3, "twice.csv:2: column 'a' stands twice", "memory", patterns, "twice.csv", "-o", "no.tsv")

    def test_cues_from_a_pipe(self):
        self.good("memory", "x.csv", "cues.csv", "--force", "-o", "file.tsv")
        done = subprocess.run(f"cat cues.csv | {HOPSACK} memory x.csv /dev/stdin -o pipe.tsv", shell=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(read("pipe.tsv"), read("file.tsv"))

    def test_standard_output(self):
        """A table there has nothing around it."""
        self.good("memory", "x.csv", "cues.csv", "--force", "-o", "file.tsv")
        self.assertEqual(self.good("memory", "x.csv", "cues.csv", "-o", "-").stdout, read("file.tsv").decode())
        words = "--capacity", "--kind=exp", "--d=10", "--cues=5", "--stored=3"
        self.good("memory", *words, "-o", "points.tsv")
        self.assertEqual(self.good("memory", *words, "-o", "-").stdout, read("points.tsv").decode())
        for these in (["x.csv", "cues.csv"], words):
            self.bad(2, "-o - and --json both go to standard output; give one", "memory", *these, "--json", "-o", "-")

    def test_nothing_is_half_written(self):
        """A target that is taken is told before the work, also by --dry-run."""
        write("taken", "")
        recall = "x.csv", "cues.csv", "--images=2x3"
        capacity = "--capacity", "--stored=2", "--cues=3"
        for words in ([*recall, "--picture=taken", "-o", "no.tsv"], [*recall, "--picture=no.png", "-o", "taken"],
                      [*capacity, "--plot=taken", "-o", "no.tsv"], [*capacity, "--plot=no.svg", "-o", "taken"]):
            for dry in ([], ["--dry-run"]):
                self.bad(6, "taken: exists; --force overwrites it", "memory", *words, *dry)
                self.assertFalse(os.path.exists("no.tsv") or os.path.exists("no.png") or os.path.exists("no.svg"))
        self.bad(6, "no/a.tsv: folder no does not exist", "memory", *recall, "--dry-run", "-o", "no/a.tsv")

    def test_too_large_a_picture(self):
        wide = np.ones((200, 10000))
        csv_of("wide.csv", wide, range(200))
        self.bad(2, "--shown=1000: the picture would have 432 million pixels, 100 million at most; show fewer cues",
                 "memory", "wide.csv", "wide.csv", "--images=1x10000", "--shown=1000", "--picture=no.png", "-o", "no.tsv", "--dry-run")
        os.remove("wide.csv")

    def test_dry_run(self):
        before = snapshot(".")
        plan = json.loads(self.good("memory", "x.csv", "cues.csv", "--dry-run", "--json", "-o", "no.tsv").stdout)
        self.assertEqual([plan[k] for k in ("n_patterns", "n_entries", "n_cues")], [12, 6, 8])
        self.assertLess(0, plan["seconds_low"])
        text = self.good("memory", "x.csv", "cues.csv", "--images=2x3", "--picture=no.png", "--dry-run", "-o", "no.tsv").stdout
        self.assertIn("would write: no.tsv\nwould write: no.png\nestimate: less than 1 s, ", text)
        plan = json.loads(self.good("memory", "--capacity", "--dry-run", "--json", "-o", "no.tsv").stdout)
        self.assertLess(plan["seconds_low"], plan["seconds_high"])
        self.assertEqual(snapshot("."), before)

    @unittest.skipUnless(os.path.exists(DIGITS), "the digits are not on this machine")
    def test_digits(self):
        """Lower halves of 300 digits among 1797."""
        half = os.path.join(os.path.dirname(DIGITS), "digits_half.csv.gz")
        for beta, least in ((4, 0.95), (8, 0.99), (16, 0.99)):
            found = json.loads(self.good("memory", DIGITS, half, f"--beta={beta}", "--force", "--json", "-o", "digits.tsv").stdout)
            self.assertGreaterEqual(found["n_own_recalled"] / 300, least)
            self.assertTrue(all(float(r["energy_last"]) <= float(r["energy_first"]) + 1e-9 for r in table("digits.tsv")))


class Capacity(Case):
    def test_known_points(self):
        """Shares that a version in NumPy found, within 0.1."""
        for kind, stored, want in (("hopfield82", (10, 14, 20, 50), (1, 0.82, 0.18, 0)), ("dense", (500, 1000), (1, 0.43)),
                                   ("dense --power=4", (1000, 5000), (1, 1)),
                                   ("exp", (1000,), (1,)), ("continuous --beta=0.5 --steps=2", (5000,), (1,))):
            flags = [f"--stored={n}" for n in stored]
            done = self.good("memory", "--capacity", *f"--kind={kind}".split(), *flags, "--force", "--json", "-o", "c.tsv")
            for point, share in zip(json.loads(done.stdout)["points"], want):
                self.assertLessEqual(abs(point["recalled"] - share), 0.1, (kind, point))

    def test_curve(self):
        words = ["memory", "--capacity", "--kind=hopfield82", "--d=30", "--cues=40", "--flip=0.2", "--seed=3"]
        self.good(*words, "--threads=1", "-o", "c1.tsv", "--plot=c.svg")
        self.good(*words, "--threads=3", "-o", "c3.tsv")
        self.assertEqual(read("c1.tsv"), read("c3.tsv"))
        rows = table("c1.tsv")
        self.assertEqual([r["patterns"] for r in rows][:4], ["1", "2", "5", "10"])
        self.assertEqual((rows[0]["recalled"], rows[0]["d"], rows[0]["flip"], rows[0]["cues"]), ("1", "30", "0.2", "40"))
        self.assertLess(float(rows[-1]["recalled"]), 0.01)
        self.assertTrue(all(float(r["recalled"]) >= 0.01 for r in rows[:-1]))
        self.assertEqual(read("c.svg").decode().count("<circle"), len(rows))
        self.assertIn("1 patterns: 1.000 recalled", self.good(*words, "-o", "c4.tsv").stdout)
        other = self.good(*words[:-1], "--seed=4", "-o", "c5.tsv")
        self.assertNotEqual(read("c5.tsv"), read("c1.tsv"), other.stdout)
        self.assertIn("would write: no.tsv", self.good(*words, "--dry-run", "-o", "no.tsv").stdout)
        self.assertFalse(os.path.exists("no.tsv"))


if __name__ == "__main__":
    main()
