# SPDX-License-Identifier: MIT
import json
import math
import os
import random
import unittest

from harness import Case, cohort, is_built, main, read, run, table

STORED = {"b0": -1.336, "b1": 1.1224, "b10": -1.2018, "b11": 0.6514, "b20": -0.7321, "b21": 1.1743, "b30": -1.5145, "b31": 1.0972}
METHODS = "stats-logistic", "stats-svm1", "stats-svm10", "stats-svm-cut"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_bags(path, n_bag=40, n_feat=5, shift=3.0, seed=1, labels=None):
    """Bags of 1 to 6 instances; of a positive bag, one instance is shifted. The last feature is constant."""
    draw = random.Random(seed)
    rows = []
    for b in range(n_bag):
        label = (labels or (lambda b: b % 2))(b)
        for i in range(draw.randint(1, 6)):
            x = [draw.gauss(0, 1) for _ in range(n_feat - 1)]
            if label and i == 0:
                x = [v + shift for v in x]
            rows.append([f"b{b}", label, *x, 7.5])
    with open(path, "w", encoding="utf-8") as file:
        file.write("bag_id,label," + ",".join(f"f{f}" for f in range(n_feat)) + "\n")
        file.writelines(",".join(map(str, row)) + "\n" for row in rows)
    return rows


def imported(path, csv_path):
    done = run("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", path, csv_path)
    assert done.returncode == 0, done.stderr


def statistics(rows):
    """Mean, max and min of every feature by bag, as the file holds them: in single precision."""
    import numpy as np

    bags = {}
    for bag, label, *x in rows:
        bags.setdefault(bag, (label, []))[1].append(x)
    names = list(bags)
    stats = []
    for bag in names:
        x = np.array(bags[bag][1], dtype=np.float32).astype(float)
        stats.append(np.concatenate([x.mean(0), x.max(0), x.min(0)]))
    return names, np.array(stats), np.array([bags[bag][0] for bag in names])


def standardised(stats, train):
    """By the training rows, constant columns left out."""
    live = stats[train].max(0) > stats[train].min(0)
    x = stats[:, live]
    return (x - x[train].mean(0)) / x[train].std(0)


def newton(x, y, cost):
    """Weights and intercept of the logistic regression, the latter free."""
    import numpy as np

    a = np.hstack([x, np.ones((len(x), 1))])
    w, shrink = np.zeros(a.shape[1]), np.eye(a.shape[1])
    shrink[-1, -1] = 0
    for _ in range(40):
        p = 1 / (1 + np.exp(-a @ w))
        w -= np.linalg.solve(cost * (a.T * (p * (1 - p))) @ a + shrink, cost * a.T @ (p - y) + shrink @ w)
    return w


class Incomplete(Case):
    def test_a_missing_library_is_said(self):
        write_bags("easy.csv")
        imported("easy.h5", "easy.csv")
        lacking = [m for m in METHODS if not is_built(m, "easy.h5", "label")]
        if not lacking:
            self.skipTest("liblinear and libsvm are both there")
        self.bad(2, "needs lib(linear|svm), which was not there when hopsack was built: install", "baseline", "easy.h5",
                 "--target=label", f"--method={lacking[0]}", "-o", "x")


class Baseline(Case):
    @classmethod
    def prepare(cls):
        cls.rows = write_bags("easy.csv")
        imported("easy.h5", "easy.csv")
        if not all(is_built(m, "easy.h5", "label") for m in METHODS):
            raise unittest.SkipTest("built without liblinear or libsvm")
        cls.said = run("baseline", "easy.h5", "--target=label", "--splits.n_fold=5", "--splits.n_repeat=2", "-o", "easy")
        assert cls.said.returncode == 0, cls.said.stderr

    def outputs(self, method, folder="easy"):
        return {(r["bag"], int(r["repeat"])): float(r["output"]) for r in table(f"{folder}/{method}/predictions.tsv")}

    def test_separable_bags_are_told_apart(self):
        summary = load("easy/summary.json")
        self.assertEqual((summary["n_repeats"], summary["n_folds"]), (2, 5))
        self.assertEqual(list(summary["methods"]), list(METHODS))
        for method in METHODS:
            task = summary["methods"][method]["tasks"]["label"]
            self.assertGreater(task["auc_mean"], 0.98, method)
            self.assertEqual((task["n_bags"], task["n_folds"], task["n_repeats"]), (40, 10, 2))
            self.assertEqual(load(f"easy/{method}/summary.json"), summary["methods"][method])
            self.assertIn(method, self.said.stdout)
            self.assertIn(f"| {method} | {task['auc_mean']:.3f} |", read("easy/summary.md").decode())
        self.assertNotIn("*", self.said.stdout + self.said.stderr, "the libraries' own output")

    def test_shuffled_labels_are_not(self):
        shuffled = [0, 1] * 60
        random.Random(7).shuffle(shuffled)
        write_bags("noise.csv", n_bag=120, shift=0, labels=lambda b: shuffled[b])
        imported("noise.h5", "noise.csv")
        self.good("baseline", "noise.h5", "--target=label", "--splits.n_repeat=3", "-o", "noise")
        for method, summary in load("noise/summary.json")["methods"].items():
            task = summary["tasks"]["label"]
            self.assertLess(abs(task["auc_pooled"] - 0.5), 0.15, method)
            self.assertLess(task["auc_ci95"][0], 0.5, method)

    def test_has_the_files_and_figures_of_crossval(self):
        self.good("crossval", "--data.path=easy.h5", "--target=label", "--splits.n_fold=5", "--splits.n_repeat=2",
                  "--model.embedder.kind=mlp", "--model.pooling.kind=mean", "--model.selection.kind=all",
                  "--train.epochs=1", "--splits.validation=none", "-o", "cv")
        self.assertEqual(read("cv/splits.tsv"), read("easy/splits.tsv"))
        theirs, ours = load("cv/summary.json"), load("easy/stats-svm1/summary.json")
        self.assertLessEqual(set(ours), {*theirs, "settings"})
        def keys(scores):  # without validation bags crossval has no operating point
            return {key for key in scores if not key.startswith("operating_")}

        self.assertEqual(keys(ours["tasks"]["label"]), {*theirs["tasks"]["label"], "chosen"})
        self.assertEqual(keys(ours["tasks"]["label"]["repeats"][0]), set(theirs["tasks"]["label"]["repeats"][0]))
        for method in METHODS:
            of_model, rival = table("cv/predictions.tsv"), table(f"easy/{method}/predictions.tsv")
            self.assertEqual(list(of_model[0]), list(rival[0]))
            for column in ("bag", "class", "target", "part", "repeat", "fold"):
                self.assertEqual([r[column] for r in of_model], [r[column] for r in rival])
        # The folds may be handed on by the table.
        self.good("baseline", "easy.h5", "--target=label", "--splits=cv/splits.tsv", "-o", "again")
        for method in METHODS:
            self.assertEqual(read(f"again/{method}/predictions.tsv"), read(f"easy/{method}/predictions.tsv"))

    def test_a_split_into_parts_is_one_fold(self):
        with open("parts.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tpart\n")
            file.writelines(f"b{b}\t{('train', 'validation', 'test')[b % 10 // 4]}\n" for b in range(40))
        self.good("baseline", "easy.h5", "--target=label", "--splits=parts.tsv", "-o", "parts")
        rows = table("parts/stats-svm1/predictions.tsv")
        self.assertEqual([r["bag"] for r in rows], [f"b{b}" for b in range(40) if b % 10 >= 8])
        self.assertEqual(table("parts/splits.tsv")[8], {"bag": "b8", "part": "test"})

    def test_the_same_bits_for_any_threads(self):
        for threads in (1, 3):
            self.good("baseline", "easy.h5", "--target=label", "--splits.n_fold=5", "--splits.n_repeat=2", "-o",
                      f"t{threads}", threads=threads)
            for method in METHODS:
                self.assertEqual(read(f"t{threads}/{method}/predictions.tsv"), read(f"easy/{method}/predictions.tsv"))

    def folds(self):
        splits = table("easy/splits.tsv")
        for repeat in range(2):
            yield from ((repeat, f, {r["bag"] for r in splits if r[f"rep{repeat:02}"] == str(f)}) for f in range(5))

    def test_logistic_regression_is_exact(self):
        try:
            import numpy as np
        except ImportError:
            self.skipTest("no numpy")
        names, stats, y = statistics(self.rows)
        ours = self.outputs("stats-logistic")
        for repeat, _, test in self.folds():
            train = np.array([name not in test for name in names])
            x = standardised(stats, train)
            w = newton(x[train], y[train], 0.01)
            for name, value in zip(names, x @ w[:-1] + w[-1]):
                if name in test:
                    self.assertAlmostEqual(ours[name, repeat], value, places=4)

    def test_svm_is_that_of_scikit_learn(self):
        try:
            import numpy as np
            from sklearn.svm import SVC
        except ImportError:
            self.skipTest("no scikit-learn")
        names, stats, y = statistics(self.rows)
        for method, cost in (("stats-svm1", 1), ("stats-svm10", 10)):
            ours = self.outputs(method)
            for repeat, _, test in self.folds():
                train = np.array([name not in test for name in names])
                x = standardised(stats, train)
                values = SVC(C=cost).fit(x[train], y[train]).decision_function(x)
                for name, value in zip(names, values):
                    if name in test:
                        self.assertLess(abs(ours[name, repeat] - value), 3e-3, method)  # libsvm stops at 1e-3

    def test_svm_on_numbers_that_are_cut(self):
        try:
            import numpy as np
            from sklearn.svm import SVC
        except ImportError:
            self.skipTest("no scikit-learn")
        rows = write_bags("far.csv", shift=1.0, seed=8)
        for bag in ("b3", "b10"):
            next(row for row in rows if row[0] == bag)[2] = 60.0  # one instance of each is far away
        with open("far.csv", "w", encoding="utf-8") as file:
            file.write("bag_id,label," + ",".join(f"f{f}" for f in range(5)) + "\n")
            file.writelines(",".join(map(str, row)) + "\n" for row in rows)
        imported("far.h5", "far.csv")
        self.good("baseline", "far.h5", "--target=label", "--method=stats-svm-cut", "--splits.n_fold=5", "-o", "far")
        ours, (names, stats, y) = self.outputs("stats-svm-cut", "far"), statistics(rows)
        for fold in range(5):
            test = {r["bag"] for r in table("far/stats-svm-cut/predictions.tsv") if int(r["fold"]) == fold}
            train = np.array([name not in test for name in names])
            x = standardised(stats, train)
            self.assertGreater(np.abs(x).max(), 4)
            x = np.clip(x, -3, 3)
            values = SVC(C=10, gamma=1 / x.shape[1]).fit(x[train], y[train]).decision_function(x)
            for name, value in zip(names, values):
                if name in test:
                    self.assertLess(abs(ours[name, 0] - value), 3e-3)
        self.good("predict", "far/stats-svm-cut", "far.h5", "-o", "far.tsv")
        again = {r["bag"]: float(r["probability"]) for r in table("far.tsv")}
        for r in table("far/stats-svm-cut/predictions.tsv"):  # by the model that has not seen the bag
            self.assertAlmostEqual(again[r["bag"]], float(r["probability"]), places=5)

    def test_scores_stored(self):
        """SVC(C=1).decision_function of scikit-learn 1.2.1 on these bags, fold 0, as test_svm_is_that_of_scikit_learn has it."""
        with open("by5.csv", "w", encoding="utf-8") as file:
            file.write("bag,fold\n")
            file.writelines(f"b{b},{b // 2 % 5}\n" for b in range(40))
        self.good("baseline", "easy.h5", "--target=label", "--splits=by5.csv", "-o", "by5")
        ours = self.outputs("stats-svm1", "by5")
        for bag, value in STORED.items():
            self.assertLess(abs(ours[bag, 0] - value), 3e-3, bag)

    def test_sparse_bags_stay_sparse_and_score_alike(self):
        rows, draw = [], random.Random(3)
        for b in range(40):
            for i in range(draw.randint(2, 5)):
                x = [0.0] * 30
                for _ in range(3):
                    x[draw.randrange(30)] = round(draw.gauss(0, 1), 3)
                if b % 2 and i == 0:
                    x[4] = 2.0
                rows.append([f"b{b}", b % 2, *x])
        with open("sp.csv", "w", encoding="utf-8") as file:
            file.write("bag_id,label," + ",".join(f"f{f}" for f in range(30)) + "\n")
            file.writelines(",".join(map(str, row)) + "\n" for row in rows)
        for sparse in ("yes", "no"):
            self.good("import", "--format=csv", "--bag=bag_id", "--label=label", f"--sparse={sparse}", "-o", f"{sparse}.h5",
                      "sp.csv")
            self.good("baseline", f"{sparse}.h5", "--target=label", "-o", f"sp-{sparse}")
        self.assertEqual(list(load("sp-yes/summary.json")["methods"]), list(METHODS[:3]))
        self.bad(2, "stats-svm-cut is for dense vectors, and yes.h5 holds sparse ones; take stats-svm10", "baseline", "yes.h5",
                 "--target=label", "--method=stats-svm-cut", "-o", "x")
        for method in METHODS[:3]:  # a shift of every row changes neither
            a, b = self.outputs(method, "sp-yes"), self.outputs(method, "sp-no")
            self.assertEqual(list(a), list(b))
            for key, value in a.items():
                self.assertLess(abs(value - b[key]), 3e-3, method)

    def test_ranks_are_no_probabilities(self):
        self.good("baseline", "easy.h5", "--target=label", "--method=stats-logistic", "--method=stats-svm1", "--calibrate=none", "-o", "ranks")
        for row in table("ranks/stats-logistic/predictions.tsv"):
            self.assertAlmostEqual(float(row["probability"]), 1 / (1 + math.exp(-float(row["output"]))), places=5)
        for row in table("ranks/stats-svm1/predictions.tsv"):
            self.assertEqual(row["probability"], "")
        self.assertIsNone(load("easy/stats-svm1/summary.json")["tasks"]["label"]["loss_mean"])

    def test_one_method_a_dry_run_and_force(self):
        done = self.good("baseline", "easy.h5", "--target=label", "--method=stats-svm1", "--dry-run", "-o", "dry")
        self.assertIn("would fit 1 method in 1 x 5 folds", done.stdout)
        self.assertFalse(os.path.exists("dry"))
        self.good("baseline", "easy.h5", "--target=label", "--method=stats-svm1", "-o", "one")
        self.assertEqual(list(load("one/summary.json")["methods"]), ["stats-svm1"])
        self.bad(6, "one exists and is not empty", "baseline", "easy.h5", "--target=label", "-o", "one")
        done = self.good("baseline", "easy.h5", "--target=label", "--force", "--json", "-o", "one")
        self.assertEqual(list(json.loads(done.stdout)["methods"]), list(METHODS))

    def test_what_is_wrong_is_said(self):
        cohort("seq.h5", n_bag=10, n_seq=10)
        self.bad(3, "seq.h5 holds sequences, and the baseline stats-logistic is for bags of vectors", "baseline", "seq.h5",
                 "--target=status", "--method=stats-logistic", "-o", "x")
        self.bad(2, "--method=stats-svm11: there is no such baseline; did you mean stats-svm1", "baseline", "easy.h5",
                 "--target=label", "--method=stats-svm11", "-o", "x")
        self.bad(2, "given twice", "baseline", "easy.h5", "--target=label", "--method=stats-svm1", "--method=stats-svm1",
                 "-o", "x")
        self.bad(2, "one dataset", "baseline", "easy.h5", "easy.h5", "--target=label", "-o", "x")
        self.bad(2, "data.path must be given", "baseline", "--target=label", "-o", "x")
        self.bad(6, "none.h5", "baseline", "none.h5", "--target=label", "-o", "x")
        self.bad(3, "weight", "baseline", "easy.h5", "--target=weight", "-o", "x")
        with open("one.csv", "w", encoding="utf-8") as file:  # every positive bag is in fold 0
            file.write("bag,fold\n")
            file.writelines(f"b{b},{0 if b % 2 else 1}\n" for b in range(40))
        self.bad(3, "repetition 0, fold 0: .* all 20 labelled bags of the training part are negative", "baseline", "easy.h5",
                 "--target=label", "--splits=one.csv", "-o", "x")
        with open("regression.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: label, column: label, kind: regression}]\n")
        self.bad(3, "no method can serve", "baseline", "easy.h5", "regression.yaml", "-o", "x")


if __name__ == "__main__":
    main()
