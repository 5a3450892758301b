# SPDX-License-Identifier: MIT
"""Calibration, operating points, average precision, intervals, tables of scores and scores of rankings."""
import csv
import gzip
import io
import json
import math

from harness import Case, cohort, main, read, run, table, trained

Z = 1.959963984540054


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def part(path, name):
    """[(output, label, probability)]"""
    return [(float(r["output"]), int(r["target"]), float(r["probability"])) for r in table(path) if r["part"] == name]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def platt(rows):
    """Slope and shift by plain Newton steps."""
    a, b, count = 0.0, 0.0, [sum(label == k for _, label, _ in rows) for k in (0, 1)]
    target = [1 / (count[0] + 2), (count[1] + 1) / (count[1] + 2)]
    for _ in range(60):
        g = h = c = u = v = 0.0
        for y, label, _ in rows:
            p = sigmoid(a * y + b)
            g, h = g + (p - target[label]) * y, h + p - target[label]
            c, u, v = c + p * (1 - p) * y * y, u + p * (1 - p) * y, v + p * (1 - p)
        det = c * v - u * u
        a, b = a - (v * g - u * h) / det, b - (c * h - u * g) / det
    return a, b


def wilson(hits, n):
    middle, half = hits / n + Z * Z / (2 * n), Z * math.sqrt(hits / n * (1 - hits / n) / n + Z * Z / (4 * n * n))
    return [(middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)]


def average_precision(rows):
    total, area, before = sum(label for _, label, _ in rows), 0.0, 0.0
    for cut in sorted({y for y, _, _ in rows}, reverse=True):
        above = [label for y, label, _ in rows if y >= cut]
        area, before = area + (sum(above) / total - before) * sum(above) / len(above), sum(above) / total
    return area


def shares(rows, cutoff):
    """Sensitivity and specificity where outputs above the cutoff are positive."""
    return tuple(sum((y > cutoff) == bool(label) for y, label, _ in rows if label == k) / sum(label == k for _, label, _ in rows)
                 for k in (1, 0))


class Scores(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=60)
        cohort("new.h5", seed=2, n_bag=24)
        trained("plain", "c.h5")
        trained("fit", "c.h5", "--train.calibrate=platt")

    def near(self, found, wanted, places=6):
        self.assertEqual(len(found), len(wanted))
        for f, w in zip(found, wanted):
            self.assertAlmostEqual(f, w, places)

    # ---- calibration ----

    def test_probabilities_are_platts(self):
        a, b = platt(part("fit/predictions.tsv", "validation"))
        self.assertGreater(a, 0)
        for y, _, p in part("fit/predictions.tsv", "train") + part("fit/predictions.tsv", "test"):
            self.assertAlmostEqual(p, sigmoid(a * y + b), places=5)
        columns = [[r[c] for c in ("bag", "output", "part")] for r in table("fit/predictions.tsv")]
        self.assertEqual(columns, [[r[c] for c in ("bag", "output", "part")] for r in table("plain/predictions.tsv")])
        scores, before = (load(f"{run}/summary.json")["parts"]["test"]["tasks"]["status"] for run in ("fit", "plain"))
        for key in ("auc", "auc_ci95", "ap", "loss", "operating_cutoff", "operating_sensitivity"):
            self.assertEqual(scores[key], before[key], key)
        test = part("fit/predictions.tsv", "test")
        right = [[(p > 0.5) == (label == 1) for _, label, p in test if label == k] for k in (0, 1)]
        self.assertAlmostEqual(scores["bacc"], sum(sum(r) / len(r) for r in right) / 2)

    def test_the_model_keeps_them(self):
        self.good("predict", "fit", "c.h5", "-o", "p.tsv")
        self.assertEqual([r["probability"] for r in table("p.tsv")], [r["probability"] for r in table("fit/predictions.tsv")])
        scored = json.loads(self.good("evaluate", "fit", "c.h5", "--json").stdout)
        self.assertEqual(scored["parts"]["new"], load("fit/summary.json")["parts"]["test"])
        self.assertRegex(self.good("inspect", "fit/model.safetensors").stdout,
                         r"task status: .*, calibrated: logit [\d.]+ \* output \+ -?[\d.]+, operating point at output -?[\d.]+\n")
        trained("threads", "c.h5", "--train.calibrate=platt", "--threads=4")
        self.assertEqual(read("threads/predictions.tsv"), read("fit/predictions.tsv"))
        self.assertEqual(read("threads/model.safetensors"), read("fit/model.safetensors"))

    def test_without_validation_bags(self):
        self.bad(2, "train.calibrate: probabilities are calibrated on validation bags", "train", "c.h5", "--target=status",
                 "--train.calibrate=platt", "--splits.validation=none", "-o", "refused")
        write("words.tsv", "bag\tpart\n" + "".join(f"sim{i:05}\t{('train', 'test')[i % 3 == 2]}\n" for i in range(60)))
        self.bad(2, "train.calibrate: there are no validation bags", "train", "c.h5", "--target=status", "--train.keep=last",
                 "--train.calibrate=platt", "--splits=words.tsv", "-o", "refused")
        trained("unvalidated", "c.h5", "--splits.validation=none", "--train.keep=last")
        self.assertNotIn("operating_cutoff", load("unvalidated/summary.json")["parts"]["test"]["tasks"]["status"])

    def test_several_classes_and_numbers(self):
        rows = table("plain/predictions.tsv")
        write("three.tsv", "ID\tkind\tage\n" + "".join(f"{r['bag']}\t{'a' if r['target'] == '1' else 'bc'[i % 2]}\t{i % 7}\n" for i, r in enumerate(rows)))
        write("three.yaml", "train: {updates: 40, lr: 0.01, calibrate: platt}\n"
                            "model: {embedder: {n_kernel: 8}, pooling: {n_unit: 8}}\n"
                            "tasks:\n  - {name: kind, column: kind, kind: multiclass, classes: [a, b, c]}\n"
                            "  - {name: age, column: age, kind: regression}\n")
        self.good("train", "three.yaml", "c.h5", "--metadata=three.tsv", "-o", "three")
        found = [r for r in table("three/predictions.tsv") if r["task"] == "kind"]
        bags = [found[i:i + 3] for i in range(0, len(found), 3)]
        count = {c: sum(r["target"] == "1" and r["class"] == c and r["part"] == "validation" for r in found) for c in "abc"}

        def loss(a):
            total = 0.0
            for bag in bags:
                if bag[0]["part"] != "validation":
                    continue
                own = next(r["class"] for r in bag if r["target"] == "1")
                logit = [a * float(r["output"]) for r in bag]
                log_sum = math.log(sum(map(math.exp, logit)))
                for r, s in zip(bag, logit):
                    total += (((count[own] + 1) if r["class"] == own else 1) / (count[own] + 3)) * (log_sum - s)
            return total

        x, y = max(((x, y) for bag in bags for x in bag for y in bag), key=lambda p: float(p[0]["output"]) - float(p[1]["output"]))
        a = math.log(float(x["probability"]) / float(y["probability"])) / (float(x["output"]) - float(y["output"]))
        for bag in bags:
            self.assertAlmostEqual(sum(float(r["probability"]) for r in bag), 1, places=5)
            self.assertEqual(max(bag, key=lambda r: float(r["output"])), max(bag, key=lambda r: float(r["probability"])))
        self.assertLessEqual(loss(a), min(loss(a * 1.05), loss(a / 1.05)))
        self.assertTrue(all(r["probability"] == "" for r in table("three/predictions.tsv") if r["task"] == "age"))

    def test_rivals_are_calibrated_by_inner_outputs(self):
        methods = ("kmer-3", "nuisance")
        self.good("baseline", "c.h5", "--target=status", *(f"--method={m}" for m in methods), "--splits.n_fold=3", "-o", "rivals")
        self.good("baseline", "c.h5", "--target=status", *(f"--method={m}" for m in methods), "--splits.n_fold=3", "--calibrate=none",
                  "--operating=none", "-o", "raw")
        for method in methods:
            inner, tested = table(f"rivals/{method}/inner.tsv"), table(f"rivals/{method}/predictions.tsv")
            before = table(f"raw/{method}/predictions.tsv")
            self.assertEqual([(r["bag"], r["output"]) for r in tested], [(r["bag"], r["output"]) for r in before])
            summary = load(f"rivals/{method}/summary.json")["tasks"]["status"]
            self.assertEqual(summary["auc_mean"], load(f"raw/{method}/summary.json")["tasks"]["status"]["auc_mean"])
            self.assertNotIn("operating_sensitivity_mean", load(f"raw/{method}/summary.json")["tasks"]["status"])
            for fold in summary["repeats"][0]["folds"]:
                held = [(float(r["output"]), int(r["target"]), 0) for r in inner if int(r["fold"]) == fold["fold"]]
                rows = [(float(r["output"]), int(r["target"]), float(r["probability"])) for r in tested if int(r["fold"]) == fold["fold"]]
                best = max(sum(shares(held, y - 1e-7)) for y, _, _ in held)
                self.assertAlmostEqual(sum(shares(held, fold["operating_cutoff"])), best)
                self.near(shares(rows, fold["operating_cutoff"]), [fold["operating_sensitivity"], fold["operating_specificity"]])
                a, b = platt(held)
                for y, _, p in rows:
                    self.assertAlmostEqual(p, sigmoid(a * y + b) if a > 0.01 else p, places=4)
        for row in before:
            self.assertAlmostEqual(float(row["probability"]), sigmoid(float(row["output"])), places=5)
        self.good("predict", "rivals/kmer-3", "c.h5", "-o", "own.tsv")  # each bag by the fold that has not seen it
        kept = {r["bag"]: float(r["probability"]) for r in table("rivals/kmer-3/predictions.tsv")}
        for row in table("own.tsv"):
            self.assertAlmostEqual(float(row["probability"]), kept[row["bag"]], places=4)
        self.applied("rivals/kmer-3", "raw/kmer-3")
        self.stacked("rivals")
        self.assertIn(b'\\"calibration\\":[', read("rivals/kmer-3/models/rep00_fold00_task0.safetensors"))
        self.assertIn(b'\\"calibration\\":null', read("raw/kmer-3/models/rep00_fold00_task0.safetensors"))
        self.bad(2, "--operating=best: say none, youden", "baseline", "c.h5", "--target=status", "--operating=best", "-o", "best")

    def applied(self, calibrated, raw):
        """A method's models on other bags: the mean of the calibrated logits, and of the operating points on that scale."""
        scores = [json.loads(self.good("evaluate", m, "new.h5", "--json").stdout)["parts"]["new"]["tasks"]["status"] for m in (calibrated, raw)]
        self.assertNotIn("operating_cutoff", scores[1])
        self.good("predict", calibrated, "new.h5", "-o", "applied.tsv")
        rows, folds = part("applied.tsv", "new"), load(f"{calibrated}/summary.json")["tasks"]["status"]["repeats"][0]["folds"]
        for y, _, p in rows:
            self.assertAlmostEqual(p, sigmoid(y), places=5)
        logits = [math.log(f["operating_probability"] / (1 - f["operating_probability"])) for f in folds]
        self.assertAlmostEqual(scores[0]["operating_cutoff"], sum(logits) / len(logits), places=3)
        self.near(shares(rows, scores[0]["operating_cutoff"]), [scores[0]["operating_sensitivity"], scores[0]["operating_specificity"]])

    def stacked(self, rivals):
        for flags in ((), ("--weigh",)):
            out = f"stack{len(flags)}"
            self.good("stack", rivals, *flags, "-o", out)
            folds = load(f"{out}/summary.json")["tasks"]["status"]["repeats"][0]["folds"]
            inner, tested = table(f"{out}/inner.tsv"), table(f"{out}/predictions.tsv")
            for fold in folds:
                held, rows = ([(float(r["output"]), int(r["target"]), 0) for r in t if int(r["fold"]) == fold["fold"]] for t in (inner, tested))
                best = max(sum(shares(held, y - 1e-7)) for y, _, _ in held)
                self.assertAlmostEqual(sum(shares(held, fold["operating_cutoff"])), best)
                self.near(shares(rows, fold["operating_cutoff"]), [fold["operating_sensitivity"], fold["operating_specificity"]])
            scores = json.loads(self.good("evaluate", out, "new.h5", "--json").stdout)["parts"]["new"]["tasks"]["status"]
            self.assertAlmostEqual(scores["operating_cutoff"], sum(f["operating_cutoff"] for f in folds) / len(folds))
        words = ["plain", f"{rivals}/kmer-3", "stack0", "stack1"]
        rows = json.loads(self.good("evaluate", "--each", *words, "new.h5", "--json").stdout)["rows"]
        self.assertEqual([(r["model"], r["n_bags"], "operating_cutoff" in r) for r in rows], [(w, 24, True) for w in words])
        self.assertEqual(rows[3]["operating_sensitivity"], scores["operating_sensitivity"])

    # ---- average precision, intervals, operating point ----

    def test_scores_of_a_part(self):
        for name in ("train", "validation", "test"):
            rows, scores = part("plain/predictions.tsv", name), load("plain/summary.json")["parts"][name]["tasks"]["status"]
            self.assertAlmostEqual(scores["ap"], average_precision(rows), places=12)
            for label, key in ((1, "sensitivity"), (0, "specificity")):
                n = sum(r[1] == label for r in rows)
                self.near(scores[f"{key}_ci95"], wilson(round(scores[key] * n), n))
            self.near(shares(rows, scores["operating_cutoff"]), [scores["operating_sensitivity"], scores["operating_specificity"]])
            self.assertAlmostEqual(scores["operating_probability"], sigmoid(scores["operating_cutoff"]), places=6)
            n = sum(r[1] for r in rows)
            self.near(scores["operating_sensitivity_ci95"], wilson(round(scores["operating_sensitivity"] * n), n))

    def test_operating_points(self):
        rows = part("plain/predictions.tsv", "validation")
        cutoffs = [y + step for y, _, _ in rows for step in (-1e-7, 1e-7)]
        scores = {"youden": load("plain/summary.json")["parts"]["validation"]["tasks"]["status"]}
        for rule in ("sensitivity:0.9", "specificity:0.95", "none"):
            trained(rule.split(":")[0], "c.h5", f"--train.operating={rule}")
            scores[rule] = load(f"{rule.split(':')[0]}/summary.json")["parts"]["validation"]["tasks"]["status"]
        best = max(sum(shares(rows, c)) for c in cutoffs)
        self.assertAlmostEqual(scores["youden"]["operating_sensitivity"] + scores["youden"]["operating_specificity"], best)
        best = max(shares(rows, c)[1] for c in cutoffs if shares(rows, c)[0] >= 0.9)
        self.assertAlmostEqual(scores["sensitivity:0.9"]["operating_specificity"], best)
        self.assertGreaterEqual(scores["sensitivity:0.9"]["operating_sensitivity"], 0.9)
        best = max(shares(rows, c)[0] for c in cutoffs if shares(rows, c)[1] >= 0.95)
        self.assertAlmostEqual(scores["specificity:0.95"]["operating_sensitivity"], best)
        self.assertNotIn("operating_cutoff", scores["none"])
        self.bad(2, "train.operating: 'half' is not none, youden", "train", "c.h5", "--target=status", "--train.operating=half", "-o", "half")

    def test_over_folds(self):
        self.good("crossval", "c.h5", "--target=status", "tiny.yaml", "--splits.n_fold=3", "--splits.n_repeat=2", "--train.calibrate=platt",
                  "-o", "cv")
        task = load("cv/summary.json")["tasks"]["status"]
        for name in ("sensitivity", "specificity"):
            label, hits, n = int(name == "sensitivity"), 0, 0
            for r in table("cv/predictions.tsv"):
                if int(r["target"]) == label:
                    hits, n = hits + ((float(r["probability"]) > 0.5) == bool(label)), n + 1
            self.assertAlmostEqual(task[f"{name}_pooled"], hits / n)
            self.near(task[f"{name}_ci95"], wilson(hits / 2, n / 2))
        folds = [f for r in task["repeats"] for f in r["folds"]]
        self.assertEqual(len(folds), 6)
        self.assertAlmostEqual(task["operating_sensitivity_mean"], sum(f["operating_sensitivity"] for f in folds) / 6)
        self.assertAlmostEqual(task["ap_mean"], sum(f["ap"] for f in folds) / 6)
        self.assertLessEqual(task["operating_specificity_ci95"][0], task["operating_specificity_pooled"])
        with open("cv/summary.md", encoding="utf-8") as file:
            self.assertRegex(file.read(), r"at probability 0\.5 sensitivity \d\.\d{3} \(\d\.\d{3} to \d\.\d{3}\), specificity .*; at the "
                                          r"operating points, chosen on validation bags, sensitivity \d")
        held = {(r["bag"], r["output"], r["probability"]) for r in table("cv/predictions.tsv")}
        self.good("crossval", "c.h5", "--target=status", "tiny.yaml", "--splits.n_fold=3", "--train.calibrate=platt", "-o", "once")
        self.good("predict", "once", "c.h5", "-o", "once.tsv")
        self.assertEqual({(r["bag"], r["output"], r["probability"]) for r in table("once.tsv")} - held, set())

    def test_several_models(self):
        """Of models that are averaged, so are slope, shift and cutoff; a fold's ensemble is calibrated by its own outputs."""
        trained("other", "c.h5", "--train.calibrate=platt", "--seed=5", "--splits.seed=0")
        self.good("predict", "fit", "other", "new.h5", "-o", "both.tsv")
        slopes = [platt(part(f"{name}/predictions.tsv", "validation")) for name in ("fit", "other")]
        a, b = (sum(s[k] for s in slopes) / 2 for k in (0, 1))
        for y, _, p in part("both.tsv", "new"):
            self.assertAlmostEqual(p, sigmoid(a * y + b), places=5)
        self.good("predict", "fit", "plain", "new.h5", "-o", "mixed.tsv")
        for y, _, p in part("mixed.tsv", "new"):
            self.assertAlmostEqual(p, sigmoid(y), places=5)
        self.good("crossval", "c.h5", "--target=status", "tiny.yaml", "--splits.n_fold=3", "--crossval.ensemble=2", "--train.calibrate=platt",
                  "-o", "ensemble")
        a, b = platt(part("ensemble/rep00/fold01/predictions.tsv", "validation"))
        for y, _, p in part("ensemble/rep00/fold01/predictions.tsv", "test"):
            self.assertAlmostEqual(p, sigmoid(a * y + b), places=5)

    # ---- models x datasets ----

    def test_each_model_on_each_dataset(self):
        done = self.good("evaluate", "--each", "plain", "fit/model.safetensors", "c.h5", "new.h5", "-o", "scores.tsv")
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 5)
        self.assertRegex(lines[0], r"^model +dataset +task +bags +AUC \(95 % interval\) +ap +bacc +sensitivity +specificity$")
        rows = table("scores.tsv")
        self.assertEqual([(r["model"], r["dataset"], r["bags"]) for r in rows],
                         [(m, d, n) for m in ("plain", "fit/model.safetensors") for d, n in (("c.h5", "12"), ("new.h5", "24"))])
        self.assertEqual([r["left_out"] for r in rows], ["48", "0"] * 2)
        for row in rows:
            alone = json.loads(self.good("evaluate", row["model"], row["dataset"], "--json").stdout)["parts"]["new"]["tasks"]["status"]
            for key, value in (("auc", alone["auc"]), ("auc_low", alone["auc_ci95"][0]), ("ap", alone["ap"]), ("bacc", alone["bacc"]),
                               ("sensitivity_high", alone["sensitivity_ci95"][1]), ("operating_specificity", alone["operating_specificity"])):
                self.assertEqual(float(row[key]), value, key)
        found = json.loads(self.good("evaluate", "--each", "plain", "new.h5", "--json").stdout)["rows"]
        self.assertEqual([found[0]["auc"], found[0]["kind"], found[0]["left_out"]], [float(rows[1]["auc"]), "binary", 0])
        parts = self.good("evaluate", "--each", "plain", "c.h5", "--part=all").stdout
        self.assertRegex(parts, r"36 train .*\n.*12 validation ")
        self.assertIn("would score 1 model on 2 datasets", self.good("evaluate", "--each", "plain", "c.h5", "new.h5", "--dry-run").stdout)

    def test_seen_bags_have_a_row(self):
        write("all.tsv", "bag\tpart\n" + "".join(f"sim{i:05}\t{('train', 'validation')[i % 4 == 3]}\n" for i in range(60)))
        trained("all", "c.h5", "--splits=all.tsv")
        done = self.good("evaluate", "--each", "all", "c.h5", "new.h5", "-o", "seen.tsv")
        self.assertIn("all: the model was trained or validated on all 60 labelled bags of c.h5", done.stderr)
        self.assertEqual([(r["bags"], r["auc"] == "") for r in table("seen.tsv")], [("0", True), ("24", False)])

    def test_words_of_each(self):
        self.bad(2, "fit: is not a dataset; --each takes models, then datasets", "evaluate", "--each", "plain", "fit")
        self.bad(2, "--each needs a model before the datasets", "evaluate", "--each", "c.h5", "new.h5")
        self.bad(2, "fit: is not a dataset; --each takes models, then datasets", "evaluate", "--each", "plain", "c.h5", "fit")
        self.bad(2, "-o: a table is written with --each alone", "evaluate", "plain", "c.h5", "-o", "x.tsv")
        self.bad(2, "--format: --each takes datasets, not raw tables", "evaluate", "--each", "plain", "c.h5", "--format=airr")
        self.bad(2, "too few words: usage is", "evaluate", "plain")
        write("taken.tsv", "a\n")
        self.bad(6, "taken.tsv", "evaluate", "--each", "plain", "new.h5", "-o", "taken.tsv")
        self.bad(2, "new.h5", "evaluate", "--each", "plain", "new.h5", "-o", "new.h5", "--force")

    def test_each_checks_before_it_scores(self):
        """A wrong word at the end does not cost the scores before it, and a file that is in the way is found first."""
        write("other.tsv", "ID\tage\nsim00000\t50\n")
        write("taken.tsv", "a\n")
        for code, said, words in ((6, "nowhere", ["plain", "nowhere", "new.h5"]), (6, "none.h5", ["plain", "new.h5", "none.h5"]),
                                  (3, "other.tsv: no column 'status'", ["plain", "new.h5", "--metadata=other.tsv"]),
                                  (6, "taken.tsv: exists", ["plain", "new.h5", "-o", "taken.tsv"])):
            self.assertNotIn("evaluating", self.bad(code, said, "evaluate", "--each", "fit", *words))
        self.assertEqual(open("taken.tsv", encoding="utf-8").read(), "a\n")

    def test_each_to_standard_output(self):
        """The table for programs stands there alone."""
        written = self.good("evaluate", "--each", "plain", "fit", "new.h5", "-o", "-")
        rows = list(csv.DictReader(io.StringIO(written.stdout), delimiter="\t"))
        self.assertEqual([(r["model"], r["bags"]) for r in rows], [("plain", "24"), ("fit", "24")])
        self.assertIn("plain on new.h5: 20 bags bear the name of a bag", written.stderr)
        self.bad(2, "-o - and --json both go to standard output", "evaluate", "--each", "plain", "new.h5", "-o", "-", "--json")

    # ---- rankings ----

    def test_ranking(self):
        write("true.tsv", "bag\tjunction_aa\tv_call\n1\tCAAF\tV1\n1\tCCCF\tV1\n2\tCAAF\tV1\n2\tCDDF\tV2\n2\tCEEF\tV1\n")
        with gzip.open("true.tsv.gz", "wt") as file:
            file.write(read("true.tsv").decode())
        write("found.tsv", "junction_aa\tv_call\tj_call\tscore\nCAAF\tV1\tJ1\t9\nCXXF\tV1\tJ1\t8\n-999.0\t-999.0\t-999.0\t8\nCAAF\tV1\tJ2\t7\n"
                           "CDDF\tV9\tJ1\t6\nCCCF\tV1\tJ1\t5\nCEEF\tV1\tJ1\t4\n")
        found = json.loads(self.good("evaluate", "--ranking=found.tsv", "--truth=true.tsv.gz", "--json").stdout)
        self.assertEqual([found[k] for k in ("compared", "n_true", "n_ranked", "n_hit")], [["junction_aa", "v_call"], 4, 5, 2])
        self.assertAlmostEqual(found["jaccard"], 2 / 6)
        self.assertAlmostEqual(found["ap"], (1 / 1 + 2 / 4) / 2)
        self.assertEqual(self.good("evaluate", "--ranking=found.tsv", "--truth=true.tsv").stdout,
                         "Jaccard index 0.333, average precision 0.750: 2 of the first 4 sequences are true; compared by junction_aa, v_call\n")
        cohort("truth.h5")
        done = self.good("evaluate", "--ranking=truth.truth.tsv.gz", "--truth=truth.truth.tsv.gz")
        self.assertIn("Jaccard index 1.000, average precision 1.000", done.stdout)

    def test_rankings_that_cannot_be_scored(self):
        write("some.tsv", "junction_aa\nCAAF\n")
        write("other.tsv", "sequence\nCAAF\n")
        write("blank.tsv", "junction_aa\tv_call\n-999.0\tV1\n")
        self.bad(2, "--ranking=FILE and --truth=FILE go together", "evaluate", "--ranking=some.tsv")
        self.bad(2, "--ranking compares two tables", "evaluate", "plain", "c.h5", "--ranking=some.tsv", "--truth=some.tsv")
        self.bad(2, "--ranking goes without --each", "evaluate", "--each", "--ranking=some.tsv", "--truth=some.tsv")
        self.bad(3, "other.tsv: no column junction_aa", "evaluate", "--ranking=some.tsv", "--truth=other.tsv")
        self.bad(3, "blank.tsv: no row has a sequence", "evaluate", "--ranking=blank.tsv", "--truth=some.tsv")
        self.assertNotEqual(run("evaluate", "--ranking=some.tsv", "--truth=missing.tsv").returncode, 0)


if __name__ == "__main__":
    main()
