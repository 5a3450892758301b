# SPDX-License-Identifier: MIT
"""Layers between embedder and pooling: settings, NumPy's outputs of the same tensors, and what other commands say."""
import csv
import json
import os
import resource
import struct

import numpy as np

from harness import Case, cohort, main, read, run, table, without_times

CONFIGS = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(__file__), "../..")), "configs")
ALL = "--model.selection.kind=all"
TRAIN = ["--train.updates=30", "--train.evaluate_every=0", "--train.lr=0.01", "--train.eps=1e-8", "--data.scale=standard"]
MLP = ["--model.embedder.kind=mlp", "--model.embedder.n_layer=1", "--model.embedder.n_unit=6"]


def tensors(path):
    """A safetensors file: name → array in double."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        head = json.loads(file.read(size))
        data = file.read()
    return {
        name: np.frombuffer(data[slice(*t["data_offsets"])], "<f4").reshape(t["shape"]).astype(float)
        for name, t in head.items()
        if name != "__metadata__" and t["dtype"] == "F32"
    }


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def norm(t, name, x):
    if name + ".weight" not in t:
        return x
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * t[name + ".weight"] + t[name + ".bias"]


def hopfield(t, prefix, state, stored, value, heads, head_size, beta=None):
    """The general association of the reference, whose three widths agree; returns y and p [head, state, stored]."""
    core = prefix + "association_core."
    rows = heads * head_size
    w, b = t[core + "in_proj_weight"], t[core + "in_proj_bias"]
    r, k_in, v_in = (norm(t, prefix + n, x) for n, x in (("norm_state_pattern", state), ("norm_stored_pattern", stored),
                                                         ("norm_pattern_projection", value)))
    q, k, v = r @ w[:rows].T + b[:rows], k_in @ w[rows:2 * rows].T + b[rows:2 * rows], v_in @ w[2 * rows:].T + b[2 * rows:]
    beta = np.full(heads, beta or head_size**-0.5)
    out, p = [], []
    for h in range(heads):
        at = slice(h * head_size, (h + 1) * head_size)
        p.append(softmax(beta[h] * q[:, at] @ k[:, at].T))
        out.append(p[-1] @ v[:, at])
    return np.hstack(out) @ t[core + "out_proj.weight"].T + t[core + "out_proj.bias"], np.array(p)


def linear(t, name, x):
    return x @ t[name + ".weight"].T + t[name + ".bias"]


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))


class Layers(Case):
    @classmethod
    def prepare(cls):
        rng = np.random.default_rng(5)
        cls.bags = {}
        for path, sizes in (("v.csv", [1 + b % 6 for b in range(30)]), ("one.csv", [1] * 60)):
            with open(path, "w", encoding="utf-8", newline="") as file:
                out = csv.writer(file)
                out.writerow(["bag", "label"] + [f"f{j}" for j in range(5)])
                for b, n in enumerate(sizes):
                    x = rng.normal(size=(n, 5)).round(3)
                    x[0, :2] += 3 * (b % 2)
                    if path == "v.csv":
                        cls.bags[f"b{b:02}"] = x
                    out.writerows([f"b{b:02}", b % 2, *map(repr, map(float, row))] for row in x)
            assert run("import", "--format=csv", "--bag=bag", "--label=label", path, "-o", path[:-3] + "h5").returncode == 0
        with open("one.csv", encoding="utf-8", newline="") as file:
            cls.one = list(csv.DictReader(file))
        cohort("s.h5", n_bag=16, n_seq=50)

    def train(self, path, *flags, data="v.h5", target="label", **options):
        return self.good("train", f"--data.path={data}", f"--target={target}", *TRAIN, *MLP, ALL, *flags, "-o", path, **options)

    def test_no_layers_is_as_before(self):
        self.train("plain")
        self.train("none", "--model.layers.0.kind=dense", "--model.layers=[]")
        self.assertNotIn(b"layers:", read("plain/config.yaml"))
        self.assertEqual(read("plain/config.yaml"), read("none/config.yaml"))
        self.assertEqual(read("plain/predictions.tsv"), read("none/predictions.tsv"))

    def test_outputs_by_numpy(self):
        self.train("stack", "--model.pooling.kind=mean", "--model.layers.0.kind=association", "--model.layers.0.n_head=2",
                   "--model.layers.0.residual=true", "--model.layers.0.dropout=0.2", "--model.layers.0.init=fan",
                   "--model.layers.1.kind=lookup", "--model.layers.1.n_stored=3", "--model.layers.1.per_class=true",
                   "--model.layers.1.separate=true", "--model.layers.1.n_head=3", "--model.layers.1.head_size=4",
                   "--model.layers.1.beta=0.8", "--model.layers.1.init=fan", "--model.layers.2.kind=dense",
                   "--model.layers.2.n_unit=7", "--model.layers.2.activation=tanh")
        t = tensors("stack/model.safetensors")
        self.assertEqual(t["layers.1.lookup_weights"].shape, (1, 6, 6))
        self.assertEqual(t["layers.2.weight"].shape, (7, 6))
        self.good("predict", "stack", "v.h5", "-o", "stack.tsv")
        outputs = {row["bag"]: float(row["output"]) for row in table("stack.tsv")}
        entropy = [[], []]
        for bag, x in self.bags.items():
            h = (x - t["instance_embedding.shift"]) * t["instance_embedding.scale"]
            h = np.maximum(linear(t, "instance_embedding.network.0", h), 0)
            y, p = hopfield(t, "layers.0.", h, h, h, 2, 3)
            entropy[0].append(-(p * np.log(p)).sum(-1).T)
            h = h + y
            h, p = hopfield(t, "layers.1.hopfield.", h, t["layers.1.lookup_weights"][0], t["layers.1.target_weights"][0], 3, 4, 0.8)
            entropy[1].append(-(p * np.log(p)).sum(-1).T)
            h = np.tanh(linear(t, "layers.2", h))
            self.assertAlmostEqual(outputs[bag], linear(t, "output_nn.output_nn.0", h.mean(0))[0], places=5, msg=bag)
        layers = json.loads(self.good("inspect", "--dynamics", "stack", "v.h5", "--json").stdout)["layers"]
        self.assertEqual([(l["layer"], l["kind"], len(l["heads"]), l["n_rows"]) for l in layers],
                         [(0, "association", 2, 105), (1, "lookup", 3, 105)])
        for layer, rows in zip(layers, entropy):
            for head, mean in zip(layer["heads"], np.vstack(rows).mean(0)):
                self.assertAlmostEqual(head["entropy"], mean, places=4)
        self.assertIn("layer 1 (lookup): 105 instances", self.good("inspect", "--dynamics", "stack", "v.h5").stdout)

    def test_threads_change_no_bit(self):
        flags = ["--model.layers.0.kind=association", "--model.layers.1.kind=lookup", "--model.layers.0.dropout=0.3",
                 "--model.layers.2.kind=dense", "--model.layers.2.dropout=0.3", "--model.embedder.input_dropout=0.2"]
        for n in (1, 3):
            self.train(f"t{n}", *flags, threads=n)
        self.assertEqual(read("t1/model.safetensors"), read("t3/model.safetensors"))

    def test_sequences(self):
        flags = ["train", "tiny.yaml", "--data.path=s.h5", "--target=status"]
        self.good(*flags, "-o", "top", "--model.layers.0.kind=lookup", "--model.layers.1.kind=dense")
        self.good("predict", "top", "s.h5", "-o", "top.tsv", "--attention=top.att.tsv")
        self.assertEqual({r["bag"]: r["output"] for r in table("top/predictions.tsv")}.items()
                         - {r["bag"]: r["output"] for r in table("top.tsv")}.items(), set())
        mixed = ["--model.layers.0.kind=association", "--model.layers.0.residual=true"]
        self.bad(2, "selection.kind: top cannot rank", *flags, "-o", "no", *mixed)
        self.good(*flags, "-o", "mixed", *mixed, "--model.selection.kind=random", "--model.selection.fraction=0.4")
        self.good("predict", "mixed", "s.h5", "-o", "mixed.tsv")
        self.bad(2, "input_dropout: it is of vectors", *flags, "-o", "no", "--model.embedder.input_dropout=0.1")
        self.bad(4, "mixes the instances of a bag", "explain", "mixed", "s.h5", "-o", "no")
        self.good("explain", "top", "s.h5", "-o", "why", "--top=2")
        for row in table("why/bags.tsv"):
            self.assertAlmostEqual(float(row["score"]), float(row["bias"]) + float(row["contributions"]), places=7)
        with open("why/explain.json", encoding="utf-8") as file:
            self.assertEqual(json.load(file)["completeness"]["share_within_1_percent"], 1)
        self.assertFalse(os.path.exists("why/kernels.tsv"), "what is pooled are no kernels")

    def test_a_bag_of_one_needs_no_pooling(self):
        none = ["--model.pooling.kind=none", "--model.layers.0.kind=lookup"]
        self.train("one", *none, data="one.h5")
        self.train("mean", "--model.pooling.kind=mean", "--model.layers.0.kind=lookup", data="one.h5")
        self.assertEqual(read("one/predictions.tsv"), read("mean/predictions.tsv"))
        self.bad(2, "bag 'b01' has 2 instances, and model.pooling.kind: none", "train", "--data.path=v.h5",
                 "--target=label", *TRAIN, *MLP, ALL, *none, "-o", "no")
        self.bad(4, "bag 'b01' has 2 instances, and model.pooling.kind: none", "predict", "one", "v.h5", "-o", "no.tsv")

    def test_configs(self):
        self.good("crossval", f"{CONFIGS}/lookup.yaml", "--data.path=one.h5", "--splits.n_fold=3", "--train.epochs=8", "-o", "look")
        summary = without_times("look/summary.json")
        self.assertEqual(list(summary["tasks"]), ["label"])
        best = {}
        for row in table("look/predictions.tsv"):
            best[row["bag"]] = max(best.get(row["bag"], (-np.inf, "")), (float(row["output"]), row["target"]))
        self.assertEqual(len(best), 60)
        self.assertGreater(np.mean([target == "1" for _, target in best.values()]), 0.8)
        self.good("crossval", f"{CONFIGS}/mil-association.yaml", "--data.path=v.h5", "--splits.n_fold=3", "--splits.n_repeat=1",
                  "--train.epochs=3", "-o", "assoc")
        t = tensors("assoc/rep00/fold00/model.safetensors")
        self.assertEqual(t["layers.0.association_core.in_proj_weight"].shape, (192, 64))

    def test_the_schedule(self):
        self.train("decay")
        self.train("cosine", "--train.schedule=cosine")
        self.assertNotIn(b"schedule", read("decay/config.yaml"))
        self.assertIn(b"schedule: cosine", read("cosine/config.yaml"))
        self.assertNotEqual(read("decay/model.safetensors"), read("cosine/model.safetensors"))

    def test_input_dropout(self):
        for kind in ("mlp", "none"):
            flags = ["train", "--data.path=one.h5", "--target=label", *TRAIN, ALL, f"--model.embedder.kind={kind}"]
            self.good(*flags, "-o", f"in-{kind}")
            self.good(*flags, "-o", f"drop-{kind}", "--model.embedder.input_dropout=0.3")
            self.assertNotEqual(read(f"in-{kind}/predictions.tsv"), read(f"drop-{kind}/predictions.tsv"))

    def test_a_lookup_in_the_training_set(self):
        with open("two.tsv", "w", encoding="utf-8") as file:
            file.write("ID\ta\tb\n")
            file.writelines(f"b{b:02}\t{b % 2}\t{'' if b % 5 == 3 else int(b % 3 == 0)}\n" for b in range(60))
        with open("two.yaml", "w", encoding="utf-8") as file:
            file.write(f"base: {CONFIGS}/molecules.yaml\n"
                       "tasks: [{name: a, column: a, kind: binary}, {name: b, column: b, kind: binary}]\n")
        flags = ["two.yaml", "--data.path=one.h5", "--metadata=two.tsv", "--splits.n_fold=4", "--train.epochs=3"]
        self.good("train", *flags, "-o", "two", threads=1)
        self.good("train", *flags, "-o", "again", threads=3)
        self.assertEqual(read("two/model.safetensors"), read("again/model.safetensors"))
        t = tensors("two/model.safetensors")
        x, label, known = (t["layers.0.stored_" + name] for name in ("patterns", "labels", "known"))
        parts = {row["bag"]: row["part"] for row in table("two/predictions.tsv")}
        self.assertEqual(len(x), sum(part == "train" for part in parts.values()))
        labels = {row["ID"]: row for row in table("two.tsv")}
        rows = np.array([[float(v) for v in row] for row in ([r[f"f{j}"] for j in range(5)] for r in self.one)])
        for i, stored in enumerate(x):  # each is a training sample with its labels
            (at,) = np.flatnonzero((np.abs(rows - stored) < 1e-5).all(1))
            name = self.one[at]["bag"]
            self.assertEqual(parts[name], "train")
            self.assertEqual([known[i, 0], known[i, 1]], [1, labels[name]["b"] != ""])
            self.assertEqual(label[i, 0], float(labels[name]["a"]))
        said = self.good("predict", "two", "one.h5", "-o", "two.tsv.out").stderr
        self.assertIn("holds 45 training samples", said)
        self.assertIn("holds 45 training samples with their labels", self.good("inspect", "two/model.safetensors").stdout)
        w = t["layers.0.association_core.in_proj_weight"]

        def space(v):
            a = v @ w.T
            return a / np.linalg.norm(a, axis=-1, keepdims=True)
        p = softmax(t["layers.0.beta"][0] * space(rows) @ space(x).T)
        mean = (label * known).sum(0) / known.sum(0)
        y = np.log(mean / (1 - mean)) + t["layers.0.gain"] * (p @ (known * (label - mean))) / (p @ known)
        output = {(row["bag"], row["task"]): float(row["output"]) for row in table("two.tsv.out")}
        for i, row in enumerate(self.one):
            for k, task in enumerate("ab"):
                self.assertAlmostEqual(output[row["bag"], task], y[i, k], places=4)
        self.bad(4, "not explained", "explain", "two", "one.h5", "-o", "no")

    def test_what_does_not_fit(self):
        flags = ["train", "--data.path=v.h5", "--target=label", *TRAIN, *MLP, ALL, "-o", "no"]
        self.bad(2, "model.layers.0: residual: what is added has 7 numbers and an instance 6", *flags,
                 "--model.layers.0.kind=association", "--model.layers.0.residual=true", "--model.layers.0.output_size=7")
        self.bad(2, "model.layers.0: 4 heads do not divide a state pattern of 6", *flags, "--model.layers.0.n_head=4")
        self.bad(2, "9 entries are given; at most 8", *flags, *(f"--model.layers.{k}.kind=dense" for k in range(9)))
        self.bad(2, "'model.layers' is a list of blocks", *flags, "--model.layers=dense")
        self.bad(2, "a setting of kind dense", *flags, "--model.layers.0.n_unit=3")

    def test_large_bags_are_told(self):
        with open("large.csv", "w", encoding="utf-8") as file:
            file.write("bag,label,f,g\n")
            for b in range(6):
                file.writelines(f"b{b},{b % 2},{i % 7},{i % 11}\n" for i in range(12000 if b == 3 else 4))
        self.good("import", "--format=csv", "--bag=bag", "--label=label", "large.csv", "-o", "large.h5", "--allow-leak")
        said = self.bad(6, "associations among the 10000 instances of a bag need", "train", "--data.path=large.h5",
                        "--target=label", *TRAIN, *MLP, ALL, "--model.layers.0.kind=association", "--splits.n_fold=3",
                        "-o", "no", preexec_fn=limited, threads=1)
        self.assertIn("random with a smaller fraction", said)


if __name__ == "__main__":
    main()
