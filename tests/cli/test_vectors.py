# SPDX-License-Identifier: MIT
"""Bags of feature vectors: how they are scaled, trained on and predicted, and the same bits whatever the way."""
import json
import math
import os
import random
import signal
import struct

from harness import Case, main, read, run, table

N_FEAT = 6
MIL = """
data: {scale: standard, clip: 3}
tasks: [{name: label, column: label, kind: binary, positive: "1"}]
splits: {n_fold: 4, validation: none}
model:
  embedder: {kind: mlp, n_layer: 2, n_unit: 16}
  pooling: {kind: hopfield, n_head: 2, head_size: 8, beta: 0.1, dropout: 0.5, output_size: 16}
  selection: {kind: all}
train: {epochs: 6, batch: 8, draws: 0, optimizer: adamw, lr: 1.0e-2, eps: 1.0e-8, weight_decay: 0.1, decay: 0.9, keep: last}
"""


def bags(seed=1, n=32):
    """[(name, label, rows)]: features 4 is constant, 5 constant but for a float's last bit, 3 far from 0."""
    rng = random.Random(seed)
    found = []
    for b in range(n):
        rows = []
        for _ in range(rng.randint(1, 7)):
            row = [rng.gauss(0, 1), rng.gauss(5, 2), rng.expovariate(0.1), rng.gauss(-1e4, 1), 7.3, 0.1 + 7e-9 * rng.randint(0, 1)]
            rows.append(row)
        if b % 2:
            rows[-1][0] += 4
        found.append((f"bag{b:02}", b % 2, rows))
    return found


def write_csv(path, data):
    with open(path, "w", encoding="utf-8") as file:
        file.write("bag_id,label," + ",".join(f"f{f}" for f in range(N_FEAT)) + "\n")
        for name, label, rows in data:
            for row in rows:
                file.write(f"{name},{label}," + ",".join(repr(x) for x in row) + "\n")


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def tensors(path):
    raw = read(path)
    (n,) = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + n])
    return {name: struct.unpack(f"<{(t['data_offsets'][1] - t['data_offsets'][0]) // 4}f",
                                raw[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]])
            for name, t in head.items() if name != "__metadata__"}


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Vectors(Case):
    @classmethod
    def prepare(cls):
        cls.data = bags()
        write_csv("v.csv", cls.data)
        with open("mil.yaml", "w", encoding="utf-8") as file:
            file.write(MIL)
        for words in (("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", "v.h5", "v.csv"),
                      ("train", "mil.yaml", "--data.path=v.h5", "-o", "a")):
            done = run(*words)
            assert done.returncode == 0, done.stderr
        cls.said = done.stderr

    def training_rows(self, run_folder):
        part = {row["bag"]: row["part"] for row in table(f"{run_folder}/splits.tsv")}
        self.assertIn("test", part.values())
        return [[single(x) for x in row] for name, _, rows in self.data for row in rows if part[name] == "train"]

    # ---- scaling ----

    def test_standard_is_fitted_on_training_bags_alone(self):
        columns = list(zip(*self.training_rows("a")))
        found = tensors("a/model.safetensors")
        for f, column in enumerate(columns):
            mean = math.fsum(column) / len(column)
            deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))
            self.assertAlmostEqual(found["instance_embedding.shift"][f], mean, delta=1e-6 * (1 + abs(mean)))
            wanted = 0 if f >= 4 else 1 / deviation
            self.assertAlmostEqual(found["instance_embedding.scale"][f], wanted, delta=1e-5 * (1 + wanted))
        self.assertIn("constant features in the training set, which become 0 everywhere: 2 of 6", self.said)

    def test_minmax_and_none(self):
        self.good("train", "mil.yaml", "--data.path=v.h5", "--data.scale=minmax", "-o", "m")
        columns = list(zip(*self.training_rows("m")))
        found = tensors("m/model.safetensors")
        for f, column in enumerate(columns[:4]):
            self.assertEqual(found["instance_embedding.shift"][f], min(column))
            self.assertAlmostEqual(found["instance_embedding.scale"][f] * (max(column) - min(column)), 1, 5)
        self.assertEqual(found["instance_embedding.scale"][4:], (0, 0))
        self.good("train", "mil.yaml", "--data.path=v.h5", "--data.scale=none", "--data.clip=null", "-o", "n")
        found = tensors("n/model.safetensors")
        self.assertEqual((found["instance_embedding.shift"], found["instance_embedding.scale"]), ((0,) * 6, (1,) * 6))

    def test_weight_decay_leaves_the_scaling_alone(self):
        self.good("train", "mil.yaml", "--data.path=v.h5", "--train.weight_decay=10", "-o", "decayed")
        a, b = tensors("a/model.safetensors"), tensors("decayed/model.safetensors")
        for name in ("instance_embedding.shift", "instance_embedding.scale"):
            self.assertEqual(a[name], b[name])
        weight = "instance_embedding.network.0.weight"
        self.assertLess(sum(map(abs, b[weight])), 0.9 * sum(map(abs, a[weight])))
        summary = json.loads(read("a/summary.json"))
        self.assertEqual(summary["parameters"], sum(len(t) for name, t in a.items()) - 2 * N_FEAT)

    def test_clip_travels_with_the_model(self):
        """A bag far outside is cut: it predicts as one that is just as far as the cut, and so without it does not."""
        far = [("near", 0, [[300, 300, 3000, 0, 7.3, 0.1]]), ("farther", 0, [[3e4, 3e4, 3e5, 3e4, 7.3, 0.1]])]
        write_csv("far.csv", far)
        self.good("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", "far.h5", "far.csv")
        self.good("train", "mil.yaml", "--data.path=v.h5", "--data.clip=0", "-o", "open")
        outputs = {}
        for model in ("a", "open"):
            self.good("predict", f"{model}/model.safetensors", "far.h5", "-o", f"far-{model}.tsv")
            outputs[model] = [row["output"] for row in table(f"far-{model}.tsv")]
        self.assertEqual(*outputs["a"])
        self.assertNotEqual(*outputs["open"])

    def test_a_model_alone_predicts_as_its_run(self):
        self.good("predict", "a/model.safetensors", "v.h5", "-o", "p.tsv")
        again = {row["bag"]: row["output"] for row in table("p.tsv")}
        for row in table("a/predictions.tsv"):
            self.assertEqual(row["output"], again[row["bag"]])

    # ---- statistics of features as inputs ----

    def test_statistics_are_standardised_on_training_bags(self):
        words = ["--data.path=v.h5", "--model.bag_inputs.statistics", "--model.bag_inputs.n_unit=8", "--model.bag_inputs.clip=6",
                 "--model.bag_inputs.dropout=0.5"]
        for n in (1, 3):
            self.good("train", "mil.yaml", *words, "-o", f"st{n}", threads=n)
        self.assertEqual(read("st1/model.safetensors"), read("st3/model.safetensors"))
        part = {row["bag"]: row["part"] for row in table("st1/splits.tsv")}
        columns = []
        for name, _, rows in self.data:
            features = [[single(x) for x in column] for column in zip(*rows)]
            if part[name] == "train":
                columns.append([math.fsum(f) / len(f) for f in features] + [max(f) for f in features] + [min(f) for f in features])
        found = tensors("st1/model.safetensors")
        self.assertEqual(len(found["bag_inputs.network.0.weight"]), 8 * 3 * N_FEAT)
        for k, column in enumerate(zip(*columns)):
            mean = math.fsum(column) / len(column)
            deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))
            self.assertAlmostEqual(found["bag_inputs.mean"][k], mean, delta=1e-6 * (1 + abs(mean)))
            if k % N_FEAT < 3:
                self.assertAlmostEqual(found["bag_inputs.scale"][k] * deviation, 1, 4)
            elif k % N_FEAT == 4:
                self.assertEqual(found["bag_inputs.scale"][k], 0)

    def test_statistics_predict_as_their_run(self):
        self.good("train", "mil.yaml", "--data.path=v.h5", "--model.bag_inputs.statistics", "-o", "su")
        turned = [(name, label, [row[::-1] for row in rows]) for name, label, rows in self.data]
        write_csv("turned.csv", turned)
        head, rest = read("turned.csv").split(b"\n", 1)
        with open("turned.csv", "wb") as file:
            file.write(b"bag_id,label," + b",".join(f"f{f}".encode() for f in reversed(range(N_FEAT))) + b"\n" + rest)
        self.good("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", "turned.h5", "turned.csv")
        wanted = {row["bag"]: row["output"] for row in table("su/predictions.tsv")}
        for data in ("v.h5", "turned.h5"):
            self.good("predict", "su/model.safetensors", data, "-o", "su.tsv", "--force")
            self.assertEqual({row["bag"]: row["output"] for row in table("su.tsv")}, wanted, data)
        self.assertNotIn("of the bag as a whole", read("su/summary.json").decode())
        self.assertNotIn("bag_inputs", read("a/config.yaml").decode())

    def test_a_search_may_turn_statistics_on(self):
        self.good("crossval", "mil.yaml", "--data.path=v.h5", "--splits.n_fold=3", "--train.epochs=2", "--search.kind=grid",
                  "--search.inner_folds=2", "--search.space.model.bag_inputs.statistics=true,false", "-o", "search")
        self.assertEqual({row["trial"] for row in table("search/trials.tsv")}, {"0", "1"})

    def test_where_statistics_cannot_be(self):
        self.good("import", "--format=csv", "--bag=bag_id", "--label=label", "--sparse=yes", "-o", "thin.h5", "v.csv")
        self.bad(2, "dense vectors", "train", "mil.yaml", "--data.path=thin.h5", "--model.bag_inputs.statistics", "-o", "no")

    # ---- sparse ----

    def test_sparse_vectors_are_not_shifted(self):
        self.good("import", "--format=csv", "--bag=bag_id", "--label=label", "--sparse=yes", "-o", "sparse.h5", "v.csv")
        self.good("train", "mil.yaml", "--data.path=sparse.h5", "-o", "s")
        found, dense = tensors("s/model.safetensors"), tensors("a/model.safetensors")
        self.assertEqual(found["instance_embedding.shift"], (0,) * N_FEAT)
        for f in range(N_FEAT):
            self.assertAlmostEqual(found["instance_embedding.scale"][f], dense["instance_embedding.scale"][f], 5)
        self.good("predict", "s", "sparse.h5", "-o", "s-sparse.tsv")
        self.good("predict", "s", "v.h5", "-o", "s-dense.tsv")
        for one, other in zip(table("s-sparse.tsv"), table("s-dense.tsv")):
            self.assertAlmostEqual(float(one["output"]), float(other["output"]), 4)
        self.bad(4, "was trained on dense vectors and shifts them .*, sparse.h5 holds sparse ones", "predict", "a", "sparse.h5", "-o", "no.tsv")

    def test_settings_of_the_other_kind_of_bags(self):
        done = run("simulate", "--simulate.n_bag=10", "--simulate.n_seq=20", "--motif=SFEN", "--rho=0.1", "-o", "s.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        words = "train", "--data.path=s.h5", "--target=status", "-o", "none"
        self.bad(2, r"^hopsack: --data\.scale: s\.h5 holds sequences, which are not scaled", *words, "--data.scale=minmax")
        self.bad(2, r"^hopsack: --data\.clip: s\.h5 holds sequences", *words, "--data.clip=3")
        self.bad(2, r"^hopsack: --data\.counts: v\.h5 holds vectors", "crossval", "mil.yaml", "--data.path=v.h5", "--data.counts=log", "-o", "none")
        self.bad(2, r"train\.momentum is a setting of optimizer sgd, which is not the optimizer chosen", "train", "mil.yaml", "--data.path=v.h5",
                 "--train.momentum=0.9", "-o", "none")

    # ---- associations until convergence ----

    def test_what_never_converges_is_stopped_and_said(self):
        words = ("train", "mil.yaml", "--data.path=v.h5", "--model.pooling.steps=-1", "--model.pooling.beta=2")
        self.assertNotIn("converge", self.good(*words, "-o", "settled").stderr)
        rounding = self.good(*words, "--model.pooling.eps=1e-300", "-o", "restless")  # below what a float can tell apart
        self.assertRegex(rounding.stderr, r"warning: training: \d+ associations had not converged after 1000 updates .*model.pooling.eps")
        again = self.good("predict", "restless", "v.h5", "-o", "restless.tsv")
        self.assertRegex(again.stderr, r"restless.*: \d+ associations had not converged")

    # ---- optimizers and their schedule ----

    def test_the_rate_is_recorded(self):
        self.good("train", "mil.yaml", "--data.path=v.h5", "--train.evaluate_every=4", "-o", "rates")
        for record in records("rates/metrics.jsonl"):
            self.assertAlmostEqual(record["lr"], 1e-2 * 0.9 ** ((record["update"] - 1) // 3), 15)  # 24 bags by 8

    def test_every_optimizer_resumes_to_the_same_bits(self):
        for name, words in (("adamw", ()), ("adam", ("--train.optimizer=adam", "--train.l2=0.01")),
                            ("sgd", ("--train.optimizer=sgd", "--train.momentum=0.9", "--train.nesterov=true", "--train.clip_norm=0.5"))):
            words = "train", "mil.yaml", "--data.path=v.h5", "--train.instance_drop=0.3", *words
            self.good(*words, "-o", f"{name}-whole")
            done = run(*words, "-o", f"{name}-parts", env=dict(os.environ, HOPSACK_TEST_STOP_AT=f"5:{int(signal.SIGTERM)}"))
            self.assertEqual(done.returncode, 143, done.stderr)
            self.good("train", "--resume", "-o", f"{name}-parts", threads=3)
            for file in ("model.safetensors", "predictions.tsv"):
                self.assertEqual(read(f"{name}-whole/{file}"), read(f"{name}-parts/{file}"), name)

    # ---- cross-validation ----

    def test_crossval_with_an_ensemble_is_the_same_by_any_way(self):
        words = "crossval", "mil.yaml", "--data.path=v.h5", "--crossval.ensemble=2", "--splits.n_repeat=2"
        self.good(*words, "-o", "one", threads=1)
        self.good(*words, "-o", "four", threads=4)
        done = run(*words, "-o", "killed", threads=2, env=dict(os.environ, HOPSACK_TEST_STOP_AT=f"7:{int(signal.SIGKILL)}"))
        self.assertEqual(done.returncode, -9)
        self.good("crossval", "--resume", "-o", "killed", threads=2)
        models = [f"rep{r:02}/fold{f:02}/model{m:02}/model.safetensors" for r in range(2) for f in range(4) for m in range(2)]
        for other in ("four", "killed"):
            for file in ("predictions.tsv", "splits.tsv", *models):
                self.assertEqual(read(f"one/{file}"), read(f"{other}/{file}"), f"{other}/{file}")
        scores = json.loads(read("one/summary.json"))["tasks"]["label"]
        for key in ("auc_mean", "auc_std_repeats", "auc_std_folds", "auc_pooled", "auc_ci95", "accuracy_mean", "n_bags", "n_folds",
                    "n_repeats", "seconds"):
            self.assertIsNotNone(scores[key], key)
        self.assertEqual((scores["n_bags"], scores["n_folds"], scores["n_repeats"]), (32, 8, 2))
        rows = table("one/predictions.tsv")
        right = [(float(row["output"]) > 0) == (row["target"] == "1") for row in rows]
        self.assertAlmostEqual(scores["accuracy_mean"], sum(right) / len(rows), 12)
        self.assertGreater(scores["auc_mean"], 0.9)


if __name__ == "__main__":
    main()
