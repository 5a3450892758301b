# SPDX-License-Identifier: MIT
"""A search for settings inside the folds of a cross-validation: hopsack crossval with search.*."""
import json
import os
import random
import shutil
import signal
import subprocess

from harness import HOPSACK, Case, auc, main, read, run, table, without_times

BITS = "model.safetensors", "predictions.tsv", "splits.tsv", "config.yaml", "inner.tsv", "trials.tsv"
FEATURES = "search:\n  kind: grid\n  inner_folds: 3\n  space: {train.lr: [1.0e-5, 0.01], model.pooling.kind: [mean, max]}\n"
TRIALS = [("1.0e-5", "mean"), ("1.0e-5", "max"), ("0.01", "mean"), ("0.01", "max")]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def bits(path):
    """All that must be equal in two runs, by file."""
    found = {}
    for where, _, names in os.walk(path):
        for name in names:
            full = os.path.join(where, name)
            if name in BITS:
                found[os.path.relpath(full, path)] = read(full)
            elif name == "summary.json":
                found[os.path.relpath(full, path)] = without_times(full)
    return found


def vectors(path, flipped=()):
    """48 bags of 4 to 7 vectors, two a donor; the label shifts the first feature. flipped: bags with other vectors and label."""
    draw, rows, meta = random.Random(7), [], []
    for b in range(48):
        label = int(draw.random() < 0.5)
        said = 1 - label if b in flipped else label
        for _ in range(draw.randrange(4, 8)):
            x = [draw.gauss(label, 1), draw.gauss(0, 1), draw.gauss(0, 1)]
            rows.append(f"b{b:02}," + ",".join(f"{v * (3 if b in flipped else 1):.4f}" for v in x) + f",{said}")
        meta.append(f"b{b:02}\t{said}\td{b // 2}\t{b // 2 % 3}")
    write(path + ".csv", "\n".join(["bag_id,x,y,z,label", *rows]) + "\n")
    write(path + ".tsv", "\n".join(["ID\tstatus\tdonor\tfold", *meta]) + "\n")
    done = run("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", path + ".h5", path + ".csv")
    assert done.returncode == 0, done.stderr


class Search(Case):
    @classmethod
    def prepare(cls):
        write("v.yaml", "train: {updates: 30, evaluate_every: 10, lr: 0.01}\n"
                        "model: {embedder: {kind: mlp, n_layer: 1, n_unit: 4}, pooling: {kind: mean}, selection: {kind: all}}\n")
        write("s.yaml", "base: v.yaml\n" + FEATURES)
        vectors("c")
        cls.crossval(cls(), "a", threads=4)

    def crossval(self, out, *args, data="c", config="s", threads=2):
        return self.good("crossval", f"{config}.yaml", f"{data}.h5", f"--metadata={data}.tsv", "--target=status", "--splits.n_fold=3",
                         "--group=donor", *args, "-o", out, threads=threads)

    def bad_crossval(self, pattern, *args, config="s", code=2):
        return self.bad(code, pattern, "crossval", f"{config}.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", *args,
                        "-o", "bad")

    def same(self, one, other):
        a, b = bits(one), bits(other)
        self.assertEqual(sorted(a), sorted(b))
        for name in a:
            self.assertEqual(a[name], b[name], f"{one}/{name} and {other}/{name}")

    # ---- what is chosen ----

    def test_the_best_mean_is_chosen(self):
        rows = table("a/trials.tsv")
        self.assertEqual(list(rows[0]), "repeat fold trial inner00 inner01 inner02 mean chosen train.lr model.pooling.kind".split())
        self.assertEqual([(r["train.lr"], r["model.pooling.kind"]) for r in rows], TRIALS * 3)
        for f in range(3):
            own = rows[4 * f:4 * f + 4]
            means = []
            for t, row in enumerate(own):
                scores = [float(row[f"inner{i:02}"]) for i in range(3)]
                means.append(sum(scores) / 3)
                self.assertAlmostEqual(float(row["mean"]), means[t], 12)
                for i, score in enumerate(scores):
                    tested = [p for p in table(f"a/rep00/fold{f:02}/trial{t:02}/inner{i:02}/predictions.tsv") if p["part"] == "test"]
                    self.assertAlmostEqual(auc(tested), score, 12)
            best = means.index(max(means))
            self.assertEqual([row["chosen"] for row in own], [str(int(t == best)) for t in range(4)])
            config = read(f"a/rep00/fold{f:02}/config.yaml").decode()
            self.assertIn(f"  lr: {float(TRIALS[best][0]):g}\n", config)
            self.assertRegex(config, rf"pooling:\n    kind: {TRIALS[best][1]}\n")
            self.assertNotIn("search", config)

    def test_folds_and_trials_are_trainings(self):
        """Of `train` with the settings of the trial, bit for bit."""
        chosen = {int(r["fold"]): int(r["trial"]) for r in table("a/trials.tsv") if r["chosen"] == "1"}
        for f, t, inner in ((0, chosen[0], None), (1, 3, 2), (2, 0, 0)):
            lr, kind = TRIALS[t]
            self.good("train", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", "--group=donor", f"--fold={f}",
                      f"--train.lr={lr}", f"--model.pooling.kind={kind}", *([f"--splits.inner={inner}/3"] if inner is not None else []),
                      "--force", "-o", "alone")
            where = f"a/rep00/fold{f:02}" + (f"/trial{t:02}/inner{inner:02}" if inner is not None else "")
            for name in ("predictions.tsv", "splits.tsv", "config.yaml", *(["model.safetensors"] if inner is None else [])):
                self.assertEqual(read(f"alone/{name}"), read(f"{where}/{name}"), where)

    def test_groups_stay_together(self):
        donor = {row["ID"]: row["donor"] for row in table("c.tsv")}
        part = {}
        for i in range(3):
            for row in table(f"a/rep00/fold01/trial01/inner{i:02}/splits.tsv"):
                if row["part"] == "test":
                    part.setdefault(donor[row["bag"]], set()).add(i)
        self.assertEqual({len(p) for p in part.values()}, {1})
        outer = {row["bag"] for row in table("a/splits.tsv") if row["rep00"] != "1"}
        self.assertEqual({donor[bag] for bag in outer}, set(part))

    def test_outputs_for_a_stack(self):
        """Of each inner fold, by the trial that the other inner folds choose."""
        rows, trials = table("a/inner.tsv"), table("a/trials.tsv")
        for f in range(3):
            for i in range(3):
                others = [sum(float(r[f"inner{k:02}"]) for k in range(3) if k != i) for r in trials[4 * f:4 * f + 4]]
                t = others.index(max(others))
                held = [row["output"] for row in rows if (row["fold"], row["inner"]) == (str(f), str(i))]
                tested = table(f"a/rep00/fold{f:02}/trial{t:02}/inner{i:02}/predictions.tsv")
                self.assertEqual(held, [row["output"] for row in tested if row["part"] == "test"])
        self.good("baseline", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits=a/splits.tsv", "--group=donor",
                  "--method=stats-logistic", "-o", "rivals")
        self.good("stack", "a", "rivals", "-o", "stacked")

    def test_summary(self):
        search = load("a/summary.json")["search"]
        chosen = [int(r["trial"]) for r in table("a/trials.tsv") if r["chosen"] == "1"]
        self.assertEqual({"kind": search["kind"], "trials": search["trials"], "inner_folds": search["inner_folds"]},
                         {"kind": "grid", "trials": 4, "inner_folds": 3})
        self.assertEqual([(c["trial"], c["folds"]) for c in search["chosen"]], [(t, chosen.count(t)) for t in sorted(set(chosen))])
        self.assertIn("each fold chose among 4 trials by 3 inner folds", read("a/summary.md").decode())
        self.assertRegex(self.good("inspect", "a").stdout, r"search \(grid\): 4 trials on 3 inner folds of each fold; chosen:\n  trial \d in \d folds?: train.lr=")
        self.assertEqual(len(table("a/predictions.tsv")), 48)

    def test_models_predict(self):
        self.good("predict", "a", "c.h5", "-o", "predicted.tsv")
        one, two = ({row["bag"]: row["output"] for row in table(path)} for path in ("predicted.tsv", "a/predictions.tsv"))
        self.assertEqual(one, two)

    def test_test_bags_have_no_influence(self):
        flipped = [b for b in range(48) if b // 2 % 3 == 1]
        vectors("d", flipped)
        for data in "cd":
            self.crossval(f"leak-{data}", f"--splits={data}.tsv", "--splits.columns=fold", data=data)
        one, two = ([r for r in table(f"leak-{data}/trials.tsv") if r["fold"] == "1"] for data in "cd")
        self.assertEqual(one, two)
        self.assertEqual(read("leak-c/rep00/fold01/config.yaml").replace(b"c.", b"d."), read("leak-d/rep00/fold01/config.yaml"))
        one, two = ([r for r in table(f"leak-{data}/trials.tsv") if r["fold"] == "0"] for data in "cd")
        self.assertNotEqual(one, two)

    def test_labels_of_chance(self):
        self.crossval("chance", "--permute=6", "--search.inner_folds=2")
        permuted = load("chance/summary.json")["tasks"]["status"]["permuted"]["auc"]
        self.assertEqual(len(permuted), 6)
        self.assertLess(abs(sum(permuted) / 6 - 0.5), 0.15)
        self.assertTrue(os.path.exists("chance/permuted/03/trials.tsv"))

    # ---- successive halving ----

    HALVED = ["--search.halving=2", "--search.space=train.lr=1e-5|1e-3|1e-2|3e-2|0.1", "--search.inner_folds=2", "--train.updates=37"]

    def test_halving(self):
        """Widths 5, 3, 2 and a quarter, half and the whole of 37 updates; by hand from the files of each rung."""
        self.crossval("h", *self.HALVED, threads=1)
        rows = table("h/trials.tsv")
        self.assertEqual(list(rows[0]), "repeat fold trial inner00 inner01 mean rung chosen train.lr".split())
        for f in range(3):
            def mean(t, rung):
                at = f"h/rep00/fold{f:02}/trial{t:02}" + (f"/rung{rung:02}" if rung < 2 else "")
                return sum(load(f"{at}/inner{i:02}/summary.json")["parts"]["test"]["tasks"]["status"]["auc"] for i in range(2)) / 2
            left, reached = range(5), {}
            for rung, (width, updates) in enumerate(((3, 10), (2, 19), (1, 37))):
                for t in left:
                    reached[t] = rung, mean(t, rung)
                    at = f"h/rep00/fold{f:02}/trial{t:02}" + (f"/rung{rung:02}" if rung < 2 else "") + "/inner01/config.yaml"
                    self.assertIn(f"updates: {updates}\n", read(at).decode())
                left = sorted(sorted(left, key=lambda t: (-mean(t, rung), t))[:width])
            own = rows[5 * f:5 * f + 5]
            self.assertEqual([(int(r["rung"]), float(r["mean"])) for r in own], [reached[t] for t in range(5)])
            self.assertEqual([r["chosen"] for r in own], [str(int(t == left[0])) for t in range(5)])
            trained = sorted(os.listdir(f"h/rep00/fold{f:02}/"))
            self.assertEqual(len([name for name in trained if name.startswith("trial")]), 5)
            self.assertIn("updates: 37\n", read(f"h/rep00/fold{f:02}/config.yaml").decode())
        self.assertFalse(os.path.exists("h/inner.tsv"), "all inner folds chose the last trials")
        self.bad(3, r"h has no inner.tsv and is left out: its search kept trials by all inner folds \(search.halving\)", "stack", "h", "-o", "no")
        self.assertIn("by successive halving: 5 at 1/4 of the length, 3 at 1/2, 2 at the whole length; trial", read("h/summary.md").decode())
        self.assertEqual(load("h/summary.json")["search"]["halving"],
                         [{"trials": 5, "length": 0.25}, {"trials": 3, "length": 0.5}, {"trials": 2, "length": 1}])
        self.good("predict", "h", "c.h5", "-o", "h.tsv")

    def test_halving_is_killed_and_shared(self):
        if not os.path.exists("h"):
            self.crossval("h", *self.HALVED, threads=1)
        words = [HOPSACK, "crossval", "s.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", "--group=donor", *self.HALVED,
                 "--resume", "-o", "h2"]
        for number, at, threads in ((signal.SIGTERM, 8, 1), (signal.SIGKILL, 15, 2), (signal.SIGKILL, 30, 1)):
            env = dict(os.environ, HOPSACK_TEST_STOP_AT=f"{at}:{int(number)}")
            done = subprocess.run([*words, f"--threads={threads}"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
            self.assertIn(done.returncode, (143, -9), done.stderr)
        self.good("crossval", "--shard=1/2", "-o", "h2", threads=1)
        self.good("crossval", "--shard=2/2", "-o", "h2", threads=2)
        self.same("h", "h2")
        self.good("crossval", "--resume", "-o", "h2")
        self.same("h", "h2")
        said = self.crossval("none", *self.HALVED, "--dry-run").stdout
        self.assertIn("would train 63 of 63 models", said)
        self.crossval("h2", "--search.kind=none", "--force")
        self.assertEqual([name for name in os.listdir("h2/rep00/fold00") if name.startswith("trial")], [])

    def test_halving_looks_at_no_test_bags(self):
        vectors("flip", [b for b in range(48) if b // 2 % 3 == 1])
        for data in ("c", "flip"):
            self.crossval(f"half-{data}", f"--splits={data}.tsv", "--splits.columns=fold", *self.HALVED, data=data)
        one, two = ([r for r in table(f"half-{data}/trials.tsv") if r["fold"] == "1"] for data in ("c", "flip"))
        self.assertEqual(one, two)

    # ---- what each trial would have scored throughout ----

    def test_throughout(self):
        self.crossval("t", "--search.throughout", "--search.inner_folds=3")
        rows, task = table("t/trials.tsv"), load("t/summary.json")["tasks"]["status"]
        self.assertEqual([{k: v for k, v in r.items() if k != "test"} for r in rows], table("a/trials.tsv"), "the choice is the same")
        found = load("t/summary.json")["search"]["throughout"]
        for t, (lr, kind) in enumerate(TRIALS):
            self.good("crossval", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", "--group=donor",
                      f"--train.lr={lr}", f"--model.pooling.kind={kind}", "-o", f"alone{t}")
            alone = load(f"alone{t}/summary.json")["tasks"]["status"]
            self.assertAlmostEqual(found[t]["mean"], alone["auc_mean"], 12)
            self.assertEqual([float(r["test"]) for r in rows if r["trial"] == str(t)],
                             [fold["auc"] for fold in alone["repeats"][0]["folds"]])
            times = sum(r["trial"] == str(t) and r["chosen"] == "1" for r in rows)
            self.assertEqual((found[t]["folds"], found[t]["settings"]), (times, f"train.lr={lr}; model.pooling.kind={kind}"))
            self.assertIn(f"| {t} | train.lr={lr}; model.pooling.kind={kind} | {times} | {alone['auc_mean']:.3f} |", read("t/summary.md").decode())
        folds = [fold["auc"] for fold in task["repeats"][0]["folds"]]
        self.assertEqual(folds, [float(r["test"]) for r in rows if r["chosen"] == "1"])
        self.assertEqual(read("t/predictions.tsv"), read("a/predictions.tsv"))
        shutil.rmtree("t/rep00/fold01/trial01")
        os.remove("t/summary.json")
        before = bits("t")
        self.good("crossval", "--resume", "-o", "t", threads=1)
        after = bits("t")
        self.assertEqual({k: after[k] for k in before}, before)
        self.assertEqual(load("t/summary.json")["search"]["throughout"], found)
        self.one_fold_diverges(found)
        self.crossval("t", "--search.kind=none", "--force")
        self.assertEqual([name for name in os.listdir("t/rep00/fold00") if name.startswith("trial")], [])

    def one_fold_diverges(self, found):
        """As search_give_up leaves it: a mean over the other folds would flatter the trial."""
        write("t/rep00/fold01/trial02/summary.json", json.dumps({"repeat": 0, "fold": 1, "parts": {}, "diverged": True}))
        os.remove("t/summary.json")
        self.good("crossval", "--resume", "-o", "t")
        means = [row["mean"] for row in load("t/summary.json")["search"]["throughout"]]
        self.assertEqual(means, [None if t == 2 else row["mean"] for t, row in enumerate(found)])

    def test_the_configs_of_vector_bags(self):
        for config, said in (("mil-nested", "30 trials on 5 inner folds each"), ("mil-candidates", "8 trials on 5 inner folds each")):
            done = self.good("crossval", os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", "."), "configs", config + ".yaml"), "c.h5",
                             "--metadata=c.tsv", "--target=status", "--positive=1", "--splits.n_fold=3", "--splits.n_repeat=1", "--dry-run", "-o", "none")
            self.assertIn(said, done.stdout)

    # ---- members of an ensemble ----

    def test_members_have_settings_of_their_own(self):
        """Model m of a fold is that of an ensemble whose models all have block m mod n."""
        write("m.yaml", "base: v.yaml\ncrossval:\n  ensemble: 3\n  members:\n    - {model.pooling.kind: max, train.lr: 0.01}\n    - {}\n")
        self.crossval("mixed", config="m", threads=2)
        self.crossval("plain", "--crossval.ensemble=3", config="v")
        self.crossval("max", "--crossval.ensemble=3", "--model.pooling.kind=max", "--train.lr=0.01", config="v")
        for fold in range(3):
            for model, name in enumerate(("max", "plain", "max")):
                path = f"rep00/fold{fold:02}/model{model:02}/predictions.tsv"
                self.assertEqual(read("mixed/" + path), read(f"{name}/{path}"))
                self.assertEqual(b"kind: max" in read(f"mixed/rep00/fold{fold:02}/model{model:02}/config.yaml"), name == "max")
        rows = [table(f"mixed/rep00/fold00/model{m:02}/predictions.tsv") for m in range(3)]
        for i, row in enumerate(table("mixed/rep00/fold00/predictions.tsv")):
            self.assertAlmostEqual(float(row["output"]), sum(float(r[i]["output"]) for r in rows) / 3, places=5)
        self.good("predict", "mixed", "c.h5", "-o", "mixed.tsv")
        self.assertIn("members", read("mixed/config.yaml").decode())
        shutil.copytree("mixed", "again")
        shutil.rmtree("again/rep00/fold01/model01")
        os.remove("again/summary.json")
        self.good("crossval", "--resume", "-o", "again", threads=1)
        self.same("mixed", "again")
        self.bad(2, "crossval.members was .* and is .* now", "crossval", "--resume", "--crossval.members=train.lr=0.5", "-o", "again")
        self.crossval("mixed-inner", "--inner=2", config="m")
        self.assertTrue(os.path.exists("mixed-inner/inner.tsv"))

    def test_the_mixed_config(self):
        done = self.good("crossval", os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", "."), "configs/mil-mixed.yaml"), "c.h5",
                         "--metadata=c.tsv", "--target=status", "--positive=1", "--splits.n_fold=3", "--splits.n_repeat=1",
                         "--train.epochs=1", "-o", "mixed-config")
        self.assertIn("layers.0.", self.good("inspect", "mixed-config/rep00/fold00/model01/model.safetensors").stdout, done.stdout)
        self.assertNotIn("layers.0.", self.good("inspect", "mixed-config/rep00/fold00/model02/model.safetensors").stdout)

    # ---- interrupted and shared ----

    def test_interrupted_and_shared(self):
        words = [HOPSACK, "crossval", "s.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", "--group=donor", "--resume",
                 "-o", "b"]
        for number, threads in ((signal.SIGTERM, 1), (signal.SIGKILL, 2), (signal.SIGTERM, 2)):
            env = dict(os.environ, HOPSACK_TEST_STOP_AT=f"25:{int(number)}")
            done = subprocess.run([*words, f"--threads={threads}"], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
            self.assertIn(done.returncode, (143, -9), done.stderr)
        said = self.good("crossval", "--shard=1/2", "-o", "b", threads=1).stdout
        self.assertRegex(said, r"26 of 39 models are done")
        self.good("crossval", "--shard=2/2", "-o", "b", threads=3)
        self.same("a", "b")
        self.good("crossval", "s.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--resume", "-o", "b")
        self.same("a", "b")
        shutil.rmtree("b/rep00/fold01/trial02")
        os.remove("b/summary.json")
        self.good("crossval", "--resume", "-o", "b", threads=1)
        self.same("a", "b")
        self.bad(2, "search.space was .* and is .* now", "crossval", "s.yaml", "--resume", "--search.space.train.lr=1,2", "-o", "b")
        self.crossval("b", "--search.kind=none", "--force")
        self.assertEqual([name for name in os.listdir("b/rep00/fold00") if name.startswith("trial")], [])
        self.assertNotIn(b"search", read("b/config.yaml"))
        self.assertFalse(os.path.exists("b/trials.tsv"))

    def test_dry_run(self):
        said = self.crossval("none", "--dry-run").stdout
        self.assertIn("would train 39 of 39 models (1 x 3 folds, 4 trials on 3 inner folds each, 0 done)", said)
        self.assertFalse(os.path.exists("none"))

    def test_an_ensemble_is_of_the_outer_fold(self):
        self.crossval("e", "--crossval.ensemble=2")
        self.assertEqual(read("a/trials.tsv"), read("e/trials.tsv"))
        self.assertEqual(sorted(n for n in os.listdir("e/rep00/fold00") if n.startswith(("model", "trial"))),
                         ["model00", "model01", "trial00", "trial01", "trial02", "trial03"])

    # ---- kinds ----

    def test_random(self):
        write("r.yaml", "base: v.yaml\nsearch: {kind: random, trials: 24, inner_folds: 2, space: {train.lr: {min: 1.0e-4, max: 0.1, log: true},\n"
                        "  model.embedder.n_unit: {min: 2, max: 4}, train.weight_decay: [0.1, 0.2]}}\n")
        self.good("crossval", "r.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", "--train.optimizer=adamw",
                  "--train.updates=1", "--train.evaluate_every=1", "-o", "r", threads=2)
        rows = table("r/trials.tsv")
        self.assertEqual(len(rows), 72)
        keys = "train.lr", "model.embedder.n_unit", "train.weight_decay"
        drawn = [tuple(row[k] for k in keys) for row in rows]
        self.assertEqual(drawn[:24], drawn[24:48])
        self.assertEqual(len(set(drawn)), 24)
        lr = sorted(float(d[0]) for d in drawn[:24])
        self.assertTrue(1e-4 <= lr[0] < 2e-3 < lr[-1] <= 0.1)
        self.assertEqual({d[1] for d in drawn}, {"2", "3", "4"})
        self.assertEqual({d[2] for d in drawn}, {"0.1", "0.2"})

    def test_list(self):
        write("l.yaml", "base: v.yaml\nsearch:\n  kind: list\n  inner_folds: 2\n  list:\n  - {}\n  - {model.pooling.kind: gated, train.lr: 0.1}\n"
                        "  - model: {pooling: {kind: hopfield, n_head: 2, head_beta: [1, 2]}}\n")
        self.crossval("l", config="l")
        rows = table("l/trials.tsv")
        keys = "model.pooling.kind", "train.lr", "model.pooling.n_head", "model.pooling.head_beta"
        self.assertEqual([tuple(r[k] for k in keys) for r in rows[:3]], [("", "", "", ""), ("gated", "0.1", "", ""), ("hopfield", "", "2", "1,2")])
        self.assertIn("head_beta: [1, 2]", read("l/rep00/fold00/trial02/inner00/config.yaml").decode())
        self.assertIn("kind: mean\n", read("l/rep00/fold00/trial00/inner00/config.yaml").decode())

    def test_flags_replace_the_space(self):
        said = self.crossval("none", "--search.space=train.lr=0.1|0.2|0.3", "--dry-run").stdout
        self.assertIn("3 trials on 3 inner folds", said)
        said = self.crossval("none", "--search.space.train.lr=0.1,0.2", "--search.inner_folds=2", "--dry-run").stdout
        self.assertIn("2 trials on 2 inner folds", said)

    def test_a_trial_that_diverges(self):
        self.crossval("v", "--search.space=train.lr=1000|0.01", "--train.optimizer=sgd", "--search.inner_folds=2")
        rows = table("v/trials.tsv")
        self.assertEqual([(r["trial"], r["chosen"]) for r in rows], [("0", "0"), ("1", "1")] * 3)
        self.assertEqual({(r["inner00"], r["mean"]) for r in rows if r["trial"] == "0"}, {("", "")})
        before = bits("v")
        self.good("crossval", "--resume", "-o", "v")
        self.assertEqual(before, bits("v"))

    # ---- wrong input ----

    def test_bad_settings(self):
        self.bad_crossval(r"data.scale cannot vary", "--search.space.data.scale=none,standard")
        self.bad_crossval(r"seed cannot vary", "--search.space.seed=1,2")
        self.bad_crossval(r"search: trial 0: .*unknown setting 'train.lrr'", "--search.space.train.lrr=1,2")
        self.bad_crossval(r"search: trial 1: .*'x' is not a number", "--search.space.train.lr=1,x")
        self.bad_crossval(r"4 different trials were not found .* take 2 or fewer", "--search.kind=random", "--search.trials=4",
                          "--search.space.train.lr=1,2")
        self.bad_crossval(r"only search.kind random draws trials", "--search.trials=4")
        self.bad_crossval(r"1 would keep all trials", "--search.halving=1")
        self.bad_crossval(r"list needs search.list", "--search.kind=list")
        self.bad_crossval(r"grid needs search.space", "--search.kind=grid", config="v")
        self.bad_crossval(r"search.kind is missing", "--search.space.train.lr=1,2", config="v")
        self.bad_crossval(r"grid takes lists of values, not min and max \(train.lr\)", "--search.space=train.lr.min=1,train.lr.max=2")
        self.bad_crossval(r"train.lr is drawn from min to max, two numbers with min below max", "--search.space=train.lr.min=3,train.lr.max=2")
        self.bad_crossval(r"a search has inner folds of its own", "--inner=2")
        self.bad(2, r"search.kind: a search chooses inside the folds of hopsack crossval", "train", "s.yaml", "c.h5", "--metadata=c.tsv",
                 "--target=status", "-o", "bad")
        self.bad_crossval(r"'train.lr' is not KEY=VALUE", "--search.space=train.lr")
        self.bad_crossval(r"more than 10000 trials", "--search.space=" + ",".join(
            f"train.{k}=" + "|".join(map(str, range(1, 101))) for k in ("lr", "clip_norm", "weight_decay")))


if __name__ == "__main__":
    main()
