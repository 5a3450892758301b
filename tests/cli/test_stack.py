#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stacks of columns made by hand, so that what is right is known: the choice is nested, weights are not negative, columns about
other bags are refused."""
import json
import math
import os
import random
import shutil
import struct

from harness import Case, auc, main, read, run, snapshot, table, without_times

HEAD = "bag\ttask\tclass\ttarget\toutput\tprobability\tpart\trepeat\tfold"
N, FOLDS, INNER = 60, 5, 4


def labels(n=N):
    return {f"B{i:03d}": i % 2 for i in range(n)}


def fold_of(bag, repeat=0):
    return (int(bag[1:]) // 2 + repeat * (int(bag[1:]) // 10)) % FOLDS


def inner_of(bag):
    return (int(bag[1:]) // 14) % INNER


def column(folder, test, inner, label=None, repeats=1, inside="", logit=True):
    """A column whose outputs are test(bag, repeat) and inner(bag, repeat, outer fold)."""
    label = label or labels()
    where = os.path.join(folder, inside)
    os.makedirs(where, exist_ok=True)

    def row(bag, value, part, repeat, fold):
        value = struct.unpack("f", struct.pack("f", value))[0]
        p = f"{1 / (1 + math.exp(-value)):.9g}" if logit else ""
        return f"{bag}\tstatus\t+\t{label[bag]}\t{value:.9g}\t{p}\t{part}\t{repeat}\t{fold}"

    with open(os.path.join(where, "predictions.tsv"), "w", encoding="utf-8") as file:
        print(HEAD, file=file)
        for r in range(repeats):
            for f in range(FOLDS):
                for bag in label:
                    if fold_of(bag, r) == f:
                        print(row(bag, test(bag, r), "test", r, f), file=file)
    with open(os.path.join(where, "inner.tsv"), "w", encoding="utf-8") as file:
        print(HEAD + "\tinner", file=file)
        for r in range(repeats):
            for f in range(FOLDS):
                for bag in label:
                    if fold_of(bag, r) != f:
                        print(row(bag, inner(bag, r, f), "inner", r, f) + f"\t{inner_of(bag)}", file=file)
    summary = {"version": "0", "seed": 3, "n_repeats": repeats, "n_folds": FOLDS,
               "tasks": {"status": {"kind": "binary", "classes": {"-": N // 2, "+": N // 2}}}}
    with open(os.path.join(where, "summary.json"), "w", encoding="utf-8") as file:
        json.dump(summary, file)
    return folder


def noise(seed, strength=0.0, label=None):
    """Outputs that know the label as far as `strength` says; another number for each asking."""
    draw = random.Random(seed)
    label = label or labels()
    return lambda bag, *_: strength * (2 * label[bag] - 1) + draw.gauss(0, 1)


def summary(folder):
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as file:
        return json.load(file)


def calibration(folder, fold):
    with open(os.path.join(folder, "stack.json"), encoding="utf-8") as file:
        return next(f["calibration"] for f in json.load(file)["tasks"][0]["folds"] if f["fold"] == int(fold))


def stack(*words):
    got = run("stack", *words)
    assert got.returncode == 0, got.stderr
    return summary(words[words.index("-o") + 1])["tasks"]["status"]


class Stack(Case):
    @classmethod
    def prepare(cls):
        column("good", noise(1, 1), noise(2, 1))
        column("fair", noise(3, .5), noise(4, .5))
        column("blind", noise(5), noise(6))
        column("lucky", noise(7, 9), noise(8))  # best on the outer test bags, nothing inside

    def refused(self, code, sentence, *words):
        got = run("stack", *words)
        self.assertEqual(got.returncode, code, got.stderr)
        self.assertRegex(got.stderr, sentence)

    # ---- choice ----

    def test_choice_is_nested(self):
        task = stack("lucky", "good", "blind", "-o", "nested")
        self.assertEqual(task["carried_by"], "good")
        self.assertEqual(task["columns"]["good"]["n_chosen"], FOLDS)
        self.assertEqual(task["columns"]["lucky"]["auc_mean"], 1)
        self.assertLess(task["columns"]["lucky"]["inner_mean"], .65)
        self.assertEqual(task["auc_mean"], task["columns"]["good"]["auc_mean"])
        self.assertEqual(task["auc_ci95"], task["columns"]["good"]["auc_ci95"])
        rows, own = table("nested/predictions.tsv"), table("good/predictions.tsv")
        self.assertEqual([r["bag"] for r in rows], [r["bag"] for r in own])
        for r, o in zip(rows, own):
            slope, shift = calibration("nested", r["fold"])
            self.assertAlmostEqual(float(r["output"]), slope * float(o["output"]) + shift, 5)
            self.assertAlmostEqual(float(r["probability"]), 1 / (1 + math.exp(-float(r["output"]))), 6)
        mean = sum(auc([r for r in rows if r["fold"] == str(f)]) for f in range(FOLDS)) / FOLDS
        self.assertAlmostEqual(task["auc_mean"], mean, 9)

    def test_inner_figures(self):
        task = stack("good", "fair", "-o", "figures")
        for chosen in task["chosen"]:
            for name in "good", "fair":
                rows = [r for r in table(f"{name}/inner.tsv") if r["fold"] == str(chosen["fold"])]
                areas = [auc([r for r in rows if r["inner"] == str(k)]) for k in range(INNER)]
                known = [a for a in areas if not math.isnan(a)]
                self.assertAlmostEqual(chosen["inner"][name], sum(known) / len(known), 9)
            best = max(chosen["inner"], key=chosen["inner"].get)
            self.assertEqual(chosen["column"], best)

    def test_inner_outputs_are_nested_too(self):
        """What is chosen for an inner fold owes nothing to it."""
        stack("good", "fair", "-o", "own")
        rows = {(r["fold"], r["bag"]): r for r in table("own/inner.tsv")}
        inner = {name: table(f"{name}/inner.tsv") for name in ("good", "fair")}
        self.assertEqual(len(rows), len(inner["good"]))
        for fold in range(FOLDS):
            for left in range(INNER):
                figure = {}
                for name, all_rows in inner.items():
                    areas = [auc([r for r in all_rows if r["fold"] == str(fold) and r["inner"] == str(k)])
                             for k in range(INNER) if k != left]
                    known = [a for a in areas if not math.isnan(a)]
                    figure[name] = sum(known) / len(known)
                best = max(figure, key=figure.get)
                pairs = [(float(r["output"]), float(rows[r["fold"], r["bag"]]["output"])) for r in inner[best]
                         if r["fold"] == str(fold) and r["inner"] == str(left)]
                (x0, y0), (x1, y1) = min(pairs), max(pairs)
                for x, y in pairs:  # the column's outputs, calibrated: on a line that rises
                    self.assertAlmostEqual(y, y0 + (x - x0) * (y1 - y0) / (x1 - x0), 4)
                self.assertGreater(y1, y0)

    def test_order_matters_for_equal_columns_only(self):
        ahead = stack("good", "fair", "blind", "-o", "ahead")
        behind = stack("blind", "fair", "good", "-o", "behind")
        self.assertEqual(read("ahead/predictions.tsv"), read("behind/predictions.tsv"))
        self.assertEqual(read("ahead/inner.tsv"), read("behind/inner.tsv"))
        self.assertEqual(ahead["auc_ci95"], behind["auc_ci95"])
        shutil.copytree("good", "twin")
        first = stack("twin", "good", "-o", "first")
        self.assertEqual([c["column"] for c in first["chosen"]], ["twin"] * FOLDS)
        second = stack("good", "twin", "-o", "second")
        self.assertEqual([c["column"] for c in second["chosen"]], ["good"] * FOLDS)

    def test_shuffled(self):
        """Nothing is to be found: one half, for the choice and for weights."""
        figures = {"": [], "--weigh": []}
        for seed in range(20):
            for k in range(4):
                column(f"shuffled/{seed}/{k}", noise(100 * seed + 2 * k), noise(100 * seed + 2 * k + 1))
            for flag in figures:
                words = [f"shuffled/{seed}/{k}" for k in range(4)] + [flag] * bool(flag)
                task = stack(*words, "-o", f"shuffled/{seed}/stack{flag}")
                figures[flag].append(task["auc_mean"])
        for flag, values in figures.items():
            mean = sum(values) / len(values)
            error = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))
            self.assertLess(abs(mean - .5), 3 * error, (flag, mean, error))

    def test_repetitions_and_ranks(self):
        column("r1", noise(11, 1), noise(12, 1), repeats=3, logit=False)
        column("r2", noise(13, .3), noise(14, .3), repeats=3)
        task = stack("r1", "r2", "-o", "repeated")
        self.assertEqual(len(task["chosen"]), 3 * FOLDS)
        self.assertEqual(task["n_repeats"], 3)
        self.assertIn("r1", [c["column"] for c in task["chosen"]])  # which has no probabilities
        for r in table("repeated/predictions.tsv"):
            self.assertAlmostEqual(float(r["probability"]), 1 / (1 + math.exp(-float(r["output"]))), 6)

    def test_calibration(self):
        """Platt's optimum on the inner outputs of the column that was chosen."""
        stack("good", "-o", "calibrated")
        rows = [r for r in table("good/inner.tsv") if r["fold"] == "2"]
        slope, shift = calibration("calibrated", 2)
        n = [sum(r["target"] == c for r in rows) for c in "01"]
        aim = {"0": 1 / (n[0] + 2), "1": (n[1] + 1) / (n[1] + 2)}
        wrong = [(1 / (1 + math.exp(-slope * float(r["output"]) - shift)) - aim[r["target"]], float(r["output"])) for r in rows]
        self.assertAlmostEqual(sum(w for w, _ in wrong), 0, 5)
        self.assertAlmostEqual(sum(w * y for w, y in wrong), 0, 5)

    # ---- weights ----

    def test_weights(self):
        """The optimum, by its conditions."""
        column("against", noise(21, -2), noise(22, -2))
        task = stack("good", "fair", "against", "--weigh", "-o", "weighed")
        self.assertEqual(task["carried_by"], "good")
        with open("weighed/stack.json", encoding="utf-8") as file:
            saved = json.load(file)
        inner = [table(f"{name}/inner.tsv") for name in ("good", "fair", "against")]
        for fold in saved["tasks"][0]["folds"]:
            w = fold["weights"]
            rows = [[r for r in of if r["fold"] == str(fold["fold"])] for of in inner]
            y = [int(r["target"]) for r in rows[0]]
            x = [[(float(r["output"]) - c["shift"][0]) * c["scale"] for r in of] for of, c in zip(rows, w["columns"])]
            for of in x:
                self.assertAlmostEqual(sum(of) / len(of), 0, 5)
                self.assertAlmostEqual(sum(v * v for v in of) / len(of), 1, 5)
            self.assertEqual(w["columns"][2]["weight"], 0)  # never negative
            wrong = []
            for i, label in enumerate(y):
                s = w["bias"][0] + sum(c["weight"] * of[i] for c, of in zip(w["columns"], x))
                wrong.append(1 / (1 + math.exp(-s)) - label)
            self.assertAlmostEqual(w["C"] * sum(wrong), 0, 6)
            for c, of in zip(w["columns"], x):
                slope = c["weight"] + w["C"] * sum(e * v for e, v in zip(wrong, of))
                self.assertGreaterEqual(slope, -1e-6)
                if c["weight"] > 0:
                    self.assertAlmostEqual(slope, 0, 6)
        for r in table("weighed/predictions.tsv"):
            self.assertAlmostEqual(float(r["probability"]), 1 / (1 + math.exp(-float(r["output"]))), 6)

    def test_weights_do_not_depend_on_order(self):
        a, b = stack("good", "fair", "--weigh", "-o", "w1"), stack("fair", "good", "--weigh", "-o", "w2")
        self.assertAlmostEqual(a["auc_mean"], b["auc_mean"], 9)
        for x, y in zip(table("w1/predictions.tsv"), table("w2/predictions.tsv")):
            self.assertAlmostEqual(float(x["output"]), float(y["output"]), 5)

    # ---- other tasks ----

    def other_column(self, folder, kind, classes, test, inner):
        """test(bag), inner(bag): outputs, one a class; or a number. Labels are classes, or the number of the bag."""
        bags = [f"B{i:03d}" for i in range(N)]
        os.makedirs(folder, exist_ok=True)

        def rows(bag, value, part, fold, *more):
            number = int(bag[1:])
            for k, name in enumerate(classes or [""]):
                target = int(number % len(classes) == k) if classes else number / 10
                yield "\t".join(map(str, [bag, "what", name, target, f"{value[k]:.9g}", "", part, 0, fold, *more]))

        for file, part in ("predictions.tsv", "test"), ("inner.tsv", "inner"):
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                print(HEAD + "\tinner" * (part == "inner"), file=out)
                for fold in range(FOLDS):
                    for bag in bags:
                        if part == "test" and fold_of(bag) == fold:
                            print(*rows(bag, test(bag), part, fold), sep="\n", file=out)
                        elif part == "inner" and fold_of(bag) != fold:
                            print(*rows(bag, inner(bag), part, fold, inner_of(bag)), sep="\n", file=out)
        with open(os.path.join(folder, "summary.json"), "w", encoding="utf-8") as out:
            json.dump({"seed": 0, "tasks": {"what": {"kind": kind}}}, out)

    def test_multiclass(self):
        names = ["blue", "green", "red"]
        draw = random.Random(31)

        def outputs(strength):
            return lambda bag: [strength * (int(bag[1:]) % 3 == k) + draw.gauss(0, 1) for k in range(3)]

        self.other_column("m/good", "multiclass", names, outputs(2), outputs(2))
        self.other_column("m/blind", "multiclass", names, outputs(9), outputs(0))
        for flag in [], ["--weigh"]:
            got = run("stack", "m/blind", "m/good", *flag, "-o", f"m/stack{len(flag)}")
            self.assertEqual(got.returncode, 0, got.stderr)
            task = summary(f"m/stack{len(flag)}")["tasks"]["what"]
            self.assertEqual(task["carried_by"], "good")
            self.assertGreater(task["bacc_mean"], .6)
            rows = table(f"m/stack{len(flag)}/predictions.tsv")
            for k in range(0, len(rows), 3):
                y = [float(r["output"]) for r in rows[k:k + 3]]
                for r in rows[k:k + 3]:
                    p = math.exp(float(r["output"])) / sum(map(math.exp, y))
                    self.assertAlmostEqual(float(r["probability"]), p, 5)
        # the optimum of the weights: the derivatives by biases and by weights above 0 are 0
        with open("m/stack1/stack.json", encoding="utf-8") as file:
            w = json.load(file)["tasks"][0]["folds"][0]["weights"]
        columns = [[r for r in table(f"m/{name}/inner.tsv") if r["fold"] == "0"] for name in ("blind", "good")]
        slope, by_bias = [c["weight"] / w["C"] for c in w["columns"]], [0, 0, 0]
        for at in range(0, len(columns[0]), 3):
            x = []
            for rows, c in zip(columns, w["columns"]):
                y = [float(r["output"]) for r in rows[at:at + 3]]
                x.append([(v - sum(y) / 3 - shift) * c["scale"] for v, shift in zip(y, c["shift"])])
            s = [b + sum(c["weight"] * of[k] for c, of in zip(w["columns"], x)) for k, b in enumerate(w["bias"])]
            for k in range(3):
                wrong = math.exp(s[k]) / sum(map(math.exp, s)) - int(columns[0][at + k]["target"])
                by_bias[k] += wrong
                for c in range(2):
                    slope[c] += wrong * x[c][k]
        for value in by_bias:
            self.assertAlmostEqual(value, 0, 5)
        for value, c in zip(slope, w["columns"]):
            self.assertGreater(value, -1e-5)
            self.assertLess(value * (c["weight"] > 0), 1e-5)

    def test_numbers(self):
        draw = random.Random(32)

        def outputs(noise_of):
            return lambda bag: [int(bag[1:]) / 10 + draw.gauss(0, noise_of)]

        self.other_column("n/near", "regression", None, outputs(.5), outputs(.5))
        self.other_column("n/far", "regression", None, outputs(.1), outputs(3))
        self.other_column("n/nearish", "regression", None, outputs(.5), outputs(.5))
        got = run("stack", "n/far", "n/near", "-o", "n/choice")
        self.assertEqual(got.returncode, 0, got.stderr)
        task = summary("n/choice")["tasks"]["what"]
        self.assertEqual(task["carried_by"], "near")
        for a, b in zip(table("n/choice/predictions.tsv"), table("n/near/predictions.tsv")):
            self.assertAlmostEqual(float(a["output"]), float(b["output"]), 5)
            self.assertEqual(a["probability"], "")
        got = run("stack", "n/far", "n/near", "n/nearish", "--weigh", "-o", "n/weights")
        self.assertEqual(got.returncode, 0, got.stderr)
        both = summary("n/weights")["tasks"]["what"]
        self.assertGreater(both["r2_mean"], task["r2_mean"])

    # ---- other rounds ----

    def test_rounds(self):
        shuffled = [dict(zip(labels(), random.Random(k).sample(list(labels().values()), N))) for k in range(4)]
        for name, strength in ("p1", 1.5), ("p2", .5):
            column(name, noise(name, strength), noise(name + "i", strength))
            column(name, noise(name + "b", .2), noise(name + "bi", .2), inside="leave-batch-out")
            for k in range(4):
                column(name, noise(f"{name}{k}"), noise(f"{name}{k}i"), label=shuffled[k], inside=f"permuted/{k:02d}")
        for k in range(2):
            column("p1", noise(f"q{k}"), noise(f"q{k}i"), inside=f"batch-permuted/{k:02d}")
        done = run("stack", "p1", "p2", "-o", "rounds")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"status: On permuted labels, 4 further .* p = 0\.2\n")
        task = summary("rounds")["tasks"]["status"]
        self.assertEqual(task["permuted"]["n"], 4)
        self.assertEqual(task["permuted"]["p"], .2)
        self.assertLess(abs(task["permuted"]["auc_mean"] - .5), .2)
        self.assertLess(task["leave_batch_out"]["auc_mean"], task["auc_mean"])
        self.assertNotIn("batch_permuted", task)  # p2 has none
        self.assertTrue(any("batch-permuted/00" in r for r in summary("rounds")["remarks"]))
        self.assertEqual(summary("rounds/permuted/03")["tasks"]["status"]["auc_mean"], task["permuted"]["auc"][3])
        again = stack("rounds", "p2", "-o", "again")  # a stack can be a column
        self.assertEqual(again["permuted"]["n"], 4)
        # fewer rounds over more: none of the old ones stays
        shutil.rmtree("p1/permuted/03")
        self.assertEqual(stack("p1", "p2", "-o", "rounds", "--force")["permuted"]["n"], 3)
        self.assertIn("p1 has no permuted/03, and other columns have: the first 3 of each column are used", summary("rounds")["remarks"])
        self.assertFalse(os.path.exists("rounds/permuted/03"))
        # permutations of other labels do not go together; the rest stands
        column("p2", noise(1), noise(2), label=shuffled[3], inside="permuted/00")
        task = stack("p1", "p2", "-o", "unlike")
        self.assertNotIn("permuted", task)
        self.assertTrue(any("other labels" in r for r in summary("unlike")["remarks"]))

    # ---- folders ----

    def test_rivals(self):
        for name in "kmer-3", "clones":
            column(f"rivals/{name}", noise(name, 1), noise(name + "i", 1))
        with open("rivals/summary.json", "w", encoding="utf-8") as file:
            json.dump({"methods": {"kmer-3": {}, "clones": {}}}, file)
        for name, text in ("config.yaml", "seed: 3\n"), ("splits.tsv", "bag\trep00\nB000\t0\n"):
            with open(f"rivals/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        stack("rivals", "good", "-o", "deep/er/stack")
        self.assertEqual(summary("deep/er/stack")["columns"], ["kmer-3", "clones", "good"])
        self.assertEqual(read("deep/er/stack/splits.tsv"), b"bag\trep00\nB000\t0\n")
        self.assertEqual(read("deep/er/stack/config.yaml"), b"seed: 3\n")
        with open("deep/er/stack/stack.json", encoding="utf-8") as file:
            paths = [c["path"] for c in json.load(file)["columns"]]
        self.assertEqual(paths, ["../../../rivals/kmer-3", "../../../rivals/clones", "../../../good"])
        self.assertIn("carries it", read("deep/er/stack/summary.md").decode())
        self.assertIn("manifest.json", os.listdir("deep/er/stack"))
        os.remove("rivals/clones/inner.tsv")
        got = run("stack", "rivals", "-o", "left")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertIn("rivals/clones has no inner.tsv and is left out", got.stderr)
        self.assertEqual(summary("left")["columns"], ["kmer-3"])

    def test_left_out(self):
        shutil.copytree("good", "bare")
        os.remove("bare/inner.tsv")
        os.mkdir("bare/rep00")
        self.refused(3, r"no column is left: bare has no inner\.tsv .*crossval … --inner=5 --resume -o bare", "bare",
                     "-o", "x")
        with open("words.txt", "w", encoding="utf-8") as file:
            file.write("no run\n")
        self.refused(3, r"words\.txt: is a file; stack takes the folder of hopsack baseline", "words.txt", "-o", "x")
        os.makedirs("alone")
        with open("alone/summary.json", "w", encoding="utf-8") as file:
            json.dump({"parts": {}}, file)
        self.refused(3, "no column is left: alone is a single training and is left out; stack takes runs of hopsack crossval", "alone", "-o", "x")
        os.makedirs("study")
        with open("study/study.json", "w", encoding="utf-8") as file:
            file.write("{}")
        self.refused(2, "study is a study, which holds several runs", "study", "-o", "x")
        self.assertFalse(os.path.exists("x"))

    def test_mismatched(self):
        other = {b: v for b, v in labels().items() if b != "B007"}
        column("fewer", noise(1), noise(2), label=other)
        self.refused(3, r"good/predictions\.tsv and fewer/predictions\.tsv are not about the same bags: 'B007'", "good",
                     "fewer", "-o", "x")
        flipped = dict(labels(), B003=0)
        column("flipped", noise(1), noise(2), label=flipped)
        self.refused(3, r"other labels for bag 'B003'.*fold 1", "good", "flipped", "-o", "x")
        self.assertFalse(os.path.exists("x"))

    def test_which_column_carries(self):
        """Of columns that are chosen equally often, none."""
        folds = (lambda own: lambda bag, _, fold: (2 * labels()[bag] - 1) * (4 if fold % 2 == own else .1) + int(bag[1:]) % 9)
        for name, own in ("even", 0), ("odd", 1), ("odd2", 1):
            column(name, noise(name, 1), folds(own))
        got = run("stack", "even", "odd", "-o", "carried")
        self.assertIn("status: even carries it: it is chosen in 3 of 5 outer folds\n", got.stdout)
        column("anti", noise(1, -2), noise(2, -2))
        got = run("stack", "anti", "--weigh", "-o", "none")
        self.assertIn("status: No column carries it: all weights are 0\n", got.stdout)
        for name in "even", "odd":  # without the first fold
            for file in "predictions.tsv", "inner.tsv":
                rows = [r for r in read(f"{name}/{file}").decode().splitlines(True) if r.startswith("bag") or r.split("\t")[8].strip() != "0"]
                os.makedirs(f"four/{name}", exist_ok=True)
                with open(f"four/{name}/{file}", "w", encoding="utf-8") as out:
                    out.writelines(rows)
            shutil.copy(f"{name}/summary.json", f"four/{name}/summary.json")
        got = run("stack", "four/even", "four/odd", "-o", "equal")
        self.assertIn("status: No column carries it alone: even, odd are chosen in 2 of 4 outer folds each\n", got.stdout)
        self.assertIn("\nNo column carries it alone: even, odd are chosen", read("equal/summary.md").decode())
        weights = [stack(f"{where}even", f"{where}odd", "--weigh", "-o", f"weights{k}")["columns"] for k, where in enumerate(("", "four/"))]
        kept = [c["weight"] for c in summary("weights1")["tasks"]["status"]["chosen"]]
        self.assertEqual(len(kept), 4)
        for name in "even", "odd":
            self.assertAlmostEqual(weights[1][name]["weight_mean"], sum(w[name] for w in kept) / 4, 12)

    def test_outputs_that_are_no_numbers(self):
        """Such tables are damaged: no program of ours wrote them."""
        for k, (file, cell, sentence) in enumerate((("predictions.tsv", "", r"predictions\.tsv:2: there is no output for bag 'B000'"),
                                                    ("predictions.tsv", "1e300", r"predictions\.tsv:2: '1e300' is no output"),
                                                    ("inner.tsv", "inf", r"inner\.tsv:2: 'inf' is no output"))):
            shutil.copytree("good", f"odd{k}x")
            lines = read(f"good/{file}").decode().split("\n")
            cells = lines[1].split("\t")
            cells[4] = cell
            lines[1] = "\t".join(cells)
            with open(f"odd{k}x/{file}", "w", encoding="utf-8") as out:
                out.write("\n".join(lines))
            self.refused(3, sentence, f"odd{k}x", "-o", "x")
        self.assertFalse(os.path.exists("x"))

    def test_bad_input(self):
        self.refused(3, r"nowhere: no summary\.json", "nowhere", "-o", "x")
        self.refused(2, r"good is given twice", "good", "good", "-o", "x")
        self.refused(2, r"both input and output", "good", "-o", "good", "--force")
        self.refused(6, r"no stack, which --force does not overwrite", "fair", "-o", "good", "--force")
        self.refused(6, r"not empty", "fair", "-o", "good")
        os.mkdir("lies")
        with open("lies/note", "w", encoding="utf-8") as file:
            file.write("must stay")
        os.symlink("lies", "link")
        self.refused(6, r"link: is a symbolic link to lies", "fair", "-o", "link", "--force")
        self.assertEqual(os.listdir("lies"), ["note"])
        shutil.copytree("good", "torn")
        text = read("torn/inner.tsv").decode()
        for new, sentence in ((text.replace("\tinner\t0\t1\t", "\tinner\t0\tx\t", 1), r"torn/inner\.tsv:\d+: 'x' is no fold"),
                              (text + text.splitlines()[-1] + "\n", r"stands there twice"),
                              (text.replace("\tinner\n", "\touter\n", 1), r"is no inner\.tsv of ours")):
            with open("torn/inner.tsv", "w", encoding="utf-8") as file:
                file.write(new)
            self.refused(3, sentence, "torn", "-o", "x")
        self.assertFalse(os.path.exists("x"))

    def test_dry_run_json_force_threads(self):
        before = snapshot(".")
        got = run("stack", "good", "fair", "-o", "dry", "--dry-run")
        self.assertEqual(got.stdout, "would stack 2 columns in 1 x 5 folds into dry: good, fair\nestimate: less than 1 s, 20 MB of memory\n")
        got = run("stack", "good", "fair", "-o", "dry", "--dry-run", "--json")
        self.assertEqual(json.loads(got.stdout)["columns"], ["good", "fair"])
        self.assertEqual(snapshot("."), before)
        got = run("stack", "good", "fair", "-o", "threads", "--json", "--weigh", threads=1)
        self.assertEqual(json.loads(got.stdout)["columns"], ["good", "fair"])
        one, predictions = without_times("threads/summary.json"), read("threads/predictions.tsv")
        self.assertEqual(run("stack", "good", "fair", "-o", "threads", "--weigh", "--force", threads=4).returncode, 0)
        self.assertEqual(one, without_times("threads/summary.json"))
        self.assertEqual(predictions, read("threads/predictions.tsv"))


if __name__ == "__main__":
    main()
