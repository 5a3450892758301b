# SPDX-License-Identifier: MIT
"""hopsack explain: contributions against a NumPy version, sums against predictions, files, threads, known carriers."""
import csv
import gzip
import hashlib
import html
import json
import math
import os
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import time

from badfiles import join_model, split_model
from harness import HOPSACK, TINY, Case, cohort, main, read, run, snapshot, table, trained

try:
    import numpy as np
except ImportError:
    np = None

AIRR = ("sequence_id sequence rev_comp productive v_call d_call j_call sequence_alignment germline_alignment junction junction_aa "
        "v_cigar d_cigar j_cigar").split()  # the columns that the Rearrangement schema requires


def zipped(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def tensors(path):
    data = read(path)
    (n,) = struct.unpack("<Q", data[:8])
    head = json.loads(data[8:8 + n])
    return {name: np.frombuffer(data[8 + n:][slice(*t["data_offsets"])], dtype="<f4").reshape(t["shape"]).astype(float)
            for name, t in head.items() if name != "__metadata__"}


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def selu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))


class Vectors(Case):
    """Small bags whose arithmetic is repeated here."""
    @classmethod
    def prepare(cls):
        rng = random.Random(1)
        cls.bags = {}
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag,label,kind,f0,f1,f2,f3\n")
            for b in range(40):
                rows = [[round(rng.gauss(0, 1), 4) for _ in range(4)] for _ in range(rng.randint(2, 7))]
                for row in rows:
                    row[1] += 1.5 * (b % 2)
                    file.write(f"b{b:02},{b % 2},{'xyz'[b % 3]}," + ",".join(f"{x:.4f}" for x in row) + "\n")
                cls.bags[f"b{b:02}"] = np.array(rows) if np else rows
        run("import", "v.csv", "-o", "v.h5", "--labels=label,kind")
        cls.words = ["--data.path=v.h5", "--target=label", "--positive=1", "--data.scale=standard", "--model.embedder.kind=none",
                     "--model.selection.kind=all", "--train.updates=60", "--train.evaluate_every=30", "--train.lr=0.02"]

    def weigh(self, model, x):
        """Attention of one query over rows of x."""
        t = tensors(model)
        h = (x - t["instance_embedding.shift"]) * t["instance_embedding.scale"]
        a = h
        for j in (0, 2):
            if f"attention_nn.attention_nn.{j + 2}.weight" not in t:
                break
            a = selu(a @ t[f"attention_nn.attention_nn.{j}.weight"].T + t[f"attention_nn.attention_nn.{j}.bias"])
        last = max(int(k.split(".")[2]) for k in t if k.startswith("attention_nn"))
        a = a @ t[f"attention_nn.attention_nn.{last}.weight"][0] + t[f"attention_nn.attention_nn.{last}.bias"][0]
        w = np.exp(a - a.max())
        return h, w / w.sum(), t["output_nn.output_nn.0.weight"][0], t["output_nn.output_nn.0.bias"][0]

    @classmethod
    def attention(cls):
        if not os.path.exists("a"):
            done = run("train", *cls.words, "--model.pooling.kind=attention", "--model.pooling.n_layer=1",
                       "--model.pooling.n_unit=5", "-o", "a")
            assert done.returncode == 0, done.stderr
        return "a/model.safetensors"

    def test_contributions_by_numpy(self):
        if np is None:
            self.skipTest("NumPy is missing")
        model = self.attention()
        for reference in ("none", "mean", "instances"):
            self.good("explain", "a", "v.h5", "-o", f"e-{reference}", f"--reference={reference}")
            rows, sums = table(f"e-{reference}/instances.tsv"), {r["bag"]: r for r in table(f"e-{reference}/bags.tsv")}
            self.assertGreater(len(rows), 5)
            means = {bag: self.weigh(model, self.bags[bag]) for bag in sums}
            middle = {"none": 0, "mean": np.mean([w @ h for h, w, _, _ in means.values()], axis=0),
                      "instances": np.mean([h.mean(axis=0) for h, _, _, _ in means.values()], axis=0)}[reference]
            self.assertEqual(load(f"e-{reference}/explain.json")["reference"], reference)
            found = {(r["bag"], int(r["instance"])): r for r in rows}
            for bag, (h, w, u, bias) in means.items():
                part = w * ((h - middle) @ u)
                self.assertAlmostEqual(float(sums[bag]["score"]), bias + (w @ h) @ u, places=4)
                self.assertAlmostEqual(float(sums[bag]["contributions"]), part.sum(), places=4)
                self.assertAlmostEqual(float(sums[bag]["bias"]), bias + np.sum(middle * u), places=4)
                for i, x in enumerate(part):
                    self.assertEqual((bag, i) in found, x > 0, f"{bag} {i}: {x}")
                    if x > 0:
                        self.assertAlmostEqual(float(found[bag, i]["contribution"]), x, places=4)
                        self.assertAlmostEqual(float(found[bag, i]["attention_weight"]), w[i], places=5)

    def test_features_by_numpy(self):
        """Pooled by their mean, a feature has its weight times its value."""
        if np is None:
            self.skipTest("NumPy is missing")
        self.good("train", *self.words, "--model.pooling.kind=mean", "-o", "mean")
        self.good("explain", "mean", "v.h5", "-o", "e-mean-pooling")
        t = tensors("mean/model.safetensors")
        w = t["output_nn.output_nn.0.weight"][0]
        rows = zipped("e-mean-pooling/features.tsv.gz")
        self.assertGreater(len(rows), 10)
        for row in rows:
            bag, k = self.bags[row["bag"]], int(row["feature"][1:])
            x = (bag[int(row["instance"])] - t["instance_embedding.shift"]) * t["instance_embedding.scale"]
            self.assertAlmostEqual(float(row["attribution"]), x[k] * w[k] / len(bag), places=5)
        self.assertEqual([r["feature"] for r in table("e-mean-pooling/features.tsv")], ["f0", "f1", "f2", "f3"])

    def test_all_poolings(self):
        pairs = ["--model.pooling.1.kind=max"]
        for k, words in enumerate((["hopfield", "--model.pooling.steps=2"], ["hopfield"], ["max"], ["gated"], ["logsumexp"],
                                   ["additive", "--model.pooling.n_query=2"], ["attention", "--model.pooling.normalizer=sparsemax"],
                                   ["attention", *pairs],
                                   ["attention", "--model.output.n_hidden=2"],
                                   ["attention", "--model.bag_inputs.statistics=true", "--model.bag_inputs.n_unit=4"])):
            self.good("train", *self.words, *words[1:], f"--model.pooling.kind={words[0]}", "-o", f"p{k}")
            self.good("explain", f"p{k}", "v.h5", "-o", f"e{k}")
            facts = load(f"e{k}/explain.json")
            self.assertLess(facts["largest_error_of_sums"], 1e-6, words)
            self.assertEqual(os.path.exists(f"e{k}/heads.tsv"), words[0] not in ("max", "logsumexp"), words)
            if words[0] not in ("max", "logsumexp"):
                self.assertAlmostEqual(sum(float(r["share"]) for r in table(f"e{k}/heads.tsv")), 1, places=3, msg=str(words))
            self.assertGreaterEqual(facts["completeness"]["share_within_1_percent"], 0.99, words)
            output = {r["bag"]: float(r["output"]) for r in table(f"p{k}/predictions.tsv") if r["part"] == "test"}
            sums = table(f"e{k}/bags.tsv")
            self.assertEqual({r["bag"] for r in sums}, set(output))
            for r in sums:
                self.assertAlmostEqual(float(r["bias"]) + float(r["contributions"]), output[r["bag"]], places=4, msg=str(words))

    def test_heads_by_numpy(self):
        """Two attention poolings and max side by side: weights, shares and finds of each from its own tensors."""
        if np is None:
            self.skipTest("NumPy is missing")
        sides = ["--model.pooling.kind=attention", "--model.pooling.n_layer=1", "--model.pooling.n_unit=5",
                 "--model.pooling.1.kind=attention", "--model.pooling.1.n_layer=1", "--model.pooling.1.n_unit=3", "--model.pooling.2.kind=max"]
        self.good("train", *self.words, *sides, "-o", "sides")
        self.good("explain", "sides", "v.h5", "-o", "e-sides")
        rows = table("e-sides/heads.tsv")
        self.assertEqual([(r["pooling"], r["kind"], r["query"], r["head"]) for r in rows],
                         [("0", "attention", "0", "0"), ("1", "attention", "1", "0"), ("2", "max", "", "")])
        self.assertAlmostEqual(sum(float(r["share"]) for r in rows), 1, places=3)
        self.good("predict", "sides", "v.h5", "-o", "sides.tsv", "--attention=sides.att.tsv")
        t = tensors("sides/model.safetensors")
        u = t["output_nn.output_nn.0.weight"][0].reshape(3, 4)
        bags = sorted({r["bag"] for r in table("e-sides/bags.tsv")})
        weight = {}
        for r in table("sides.att.tsv"):
            weight.setdefault((int(r["query"]), r["bag"]), {})[int(r["instance"])] = float(r["weight"])
        h = {b: (self.bags[b] - t["instance_embedding.shift"]) * t["instance_embedding.scale"] for b in bags}
        through = []
        for k in range(2):
            w = {b: np.array([weight[k, b][i] for i in range(len(h[b]))]) for b in bags}
            middle = np.mean([h[b].mean(axis=0) for b in bags], axis=0)
            through.append(sum(np.abs(w[b] * ((h[b] - middle) @ u[k])).sum() for b in bags))
            entropy = {b: -(w[b] * np.log(w[b])).sum() for b in bags}
            self.assertAlmostEqual(float(rows[k]["entropy"]), np.mean(list(entropy.values())), places=3)
            self.assertAlmostEqual(float(rows[k]["evenness"]), np.mean([entropy[b] / math.log(len(h[b])) for b in bags]), places=3)
            k_of = {b: int(np.argmax(np.cumsum(np.sort(w[b])[::-1]) >= 0.9)) + 1 for b in bags}
            self.assertAlmostEqual(float(rows[k]["k_median"]), np.median(list(k_of.values())), places=5)
            part = np.median([k_of[b] / len(h[b]) for b in bags])
            self.assertAlmostEqual(float(rows[k]["k_share_median"]), part, places=3)
            self.assertEqual(rows[k]["class"], "I" if part > 1 / 2 else "II" if part > 1 / 8 else "III")
            best = sorted(((-x, b, i) for b in bags for i, x in enumerate(w[b])))[:5]
            self.assertEqual(rows[k]["retrieved"].split(", "), [f"{b}:{i}" for _, b, i in best])
        largest = sum(np.abs([np.sum(u[2] * h[b][i] * (h[b].argmax(axis=0) == i)) for i in range(len(h[b]))]).sum() for b in bags)
        for row, x in zip(rows, [*through, largest]):
            self.assertAlmostEqual(float(row["share"]), x / (sum(through) + largest), places=3)

    def test_a_head_that_does_nothing_is_named(self):
        """Half of the output's weights set to 0 by hand: nothing comes through the second pooling."""
        self.good("train", *self.words, "--model.pooling.kind=attention", "--model.pooling.n_unit=4", "--model.pooling.1.kind=attention",
                  "--model.pooling.1.n_unit=4", "-o", "half-dead")
        meta, parts = split_model("half-dead/model.safetensors")
        shape, weights = parts["output_nn.output_nn.0.weight"]
        parts["output_nn.output_nn.0.weight"] = shape, weights[:16] + bytes(16)
        join_model("dead.safetensors", meta, parts)
        done = self.good("explain", "dead.safetensors", "v.h5", "-o", "e-dead")
        self.assertIn("1 of 2 heads do nothing: each has below 0.1 of an equal share", done.stdout)
        heads = load("e-dead/explain.json")["heads"]
        self.assertEqual([(d["task"], d["model"], d["pooling"], d["query"], d["head"], d["share"]) for d in heads["idle"]],
                         [("label", 0, 1, 1, 0, 0)])
        self.assertEqual([r["share"] for r in table("e-dead/heads.tsv")], ["1", "0"])
        self.good("report", "half-dead", "--explain=e-dead", "-o", "dead.html")
        said = read("dead.html").decode()
        self.assertIn("1 head has below 0.1 of an equal share of the decision, and so does nothing: label model 0 pooling 1 query 1 head 0.", said)
        self.assertNotIn("do nothing", self.good("explain", "half-dead", "v.h5", "-o", "e-alive").stdout)

    def test_an_instance_that_a_model_leaves_out(self):
        """Of two models with selections of their own: half of what the other model has of it, and no path of the one."""
        words = [w for w in self.words if "selection" not in w and "lr" not in w]
        words += ["--model.pooling.kind=attention", "--model.selection.kind=top", "--model.selection.fraction=0.5"]
        for k in (1, 2):
            self.good("train", *words, f"--model.pooling.n_layer={k}", f"--train.lr=0.0{k}", "-o", f"half{k}")
            self.good("explain", f"half{k}", "v.h5", "--reference=mean", "-o", f"e-half{k}")
        self.good("explain", "half1", "half2", "v.h5", "--reference=mean", "-o", "e-halves")

        def listed(folder):
            features = {}
            for r in zipped(folder + "/features.tsv.gz"):
                features.setdefault((r["bag"], r["instance"]), {})[r["feature"]] = float(r["attribution"])
            return {(r["bag"], r["instance"]): (float(r["attention_weight"]), features.get((r["bag"], r["instance"]), {}))
                    for r in table(folder + "/instances.tsv")}
        both, alone, n_left_out = listed("e-halves"), [listed("e-half1"), listed("e-half2")], 0
        for key, (weight, features) in both.items():
            of = [one[key] for one in alone if key in one and abs(weight - one[key][0] / 2) < 1e-6]
            n_left_out += len(of)
            for name, x in of[0][1].items() if of else ():
                self.assertAlmostEqual(features.get(name, 0), x / 2, delta=1e-5 * abs(x) + 1e-9, msg=str((key, name)))
        self.assertGreater(n_left_out, 3)
        self.assertEqual(load("e-halves/explain.json")["completeness"]["paths"], 2 * len(both) - n_left_out)

    def test_classes_are_questions(self):
        with open("classes.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: kind, column: kind, kind: multiclass, classes: [x, y, z]}, "
                       "{name: label, column: label, kind: regression}]\n")
        self.good("train", "classes.yaml", "--data.path=v.h5", "--data.scale=standard", "--model.embedder.kind=none",
                         "--model.selection.kind=all", "--train.updates=30", "--train.evaluate_every=30", "-o", "classes")
        self.good("explain", "classes", "v.h5", "-o", "e-classes")
        rows = table("e-classes/bags.tsv")
        self.assertEqual(sorted({r["task"] for r in rows}), ["kind=x", "kind=y", "kind=z", "label"])
        for bag in {r["bag"] for r in rows}:
            total = sum(float(r["score"]) for r in rows if r["bag"] == bag and r["task"] != "label")
            self.assertAlmostEqual(total, 0, places=5)
        output = {r["bag"]: float(r["output"]) for r in table("classes/predictions.tsv") if r["task"] == "label"}
        for r in rows:
            if r["task"] == "label":
                self.assertAlmostEqual(float(r["score"]), output[r["bag"]], places=4)


    def test_a_stack_of_several_tasks(self):
        """Another network for each task: scores are the stack's, and heads are of the tasks in which their network has a say."""
        with open("several.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: label, column: label, kind: binary, positive: '1'}, "
                       "{name: kind, column: kind, kind: multiclass, classes: [x, y, z]}]\n")
        words = ["--inner=2", "--splits.n_fold=3", *(w for w in self.words if not w.startswith(("--target", "--positive")))]
        self.good("crossval", "several.yaml", *words, "--model.pooling.kind=attention", "-o", "first")
        self.good("crossval", "several.yaml", *words, "--model.pooling.kind=hopfield", "--model.pooling.n_head=2", "--splits=first/splits.tsv",
                  "-o", "second")
        self.good("stack", "first", "second", "-o", "both")
        stack = load("both/stack.json")
        name = [c["name"] for c in stack["columns"]]
        for task, chosen in zip(stack["tasks"], ("first", "second")):
            for fold in task["folds"]:
                fold["column"] = name.index(chosen)
        with open("both/stack.json", "w", encoding="utf-8") as file:
            json.dump(stack, file)
        self.good("explain", "both", "v.h5", "-o", "e-both")
        heads = table("e-both/heads.tsv")
        self.assertEqual([(r["task"].split("=")[0], r["kind"]) for r in heads],
                         [("label", "attention")] * 3 + [("kind", "hopfield")] * 18)
        for task in {r["task"] for r in heads}:
            for model in {r["model"] for r in heads if r["task"] == task}:
                self.assertAlmostEqual(sum(float(r["share"]) for r in heads if (r["task"], r["model"]) == (task, model)), 1, places=3)
        self.assertEqual(load("e-both/explain.json")["heads"]["n"], 21)
        self.good("predict", "both", "v.h5", "-o", "both.tsv")
        output = {}
        for r in table("both.tsv"):
            output.setdefault((r["bag"], r["task"]), {})[r["class"]] = float(r["output"])
        for r in table("e-both/bags.tsv"):
            task, _, kind = r["task"].partition("=")
            said = output[r["bag"], task]
            self.assertAlmostEqual(float(r["score"]), said[kind] - sum(said.values()) / 3 if kind else said["1"], places=4)
            self.assertAlmostEqual(float(r["bias"]) + float(r["contributions"]), float(r["score"]), places=5)


class Sequences(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=60, n_seq=100)
        words = ["--target=status", "--positive=+", "--data.path=c.h5", TINY, "--train.updates=300", "--splits.n_fold=3", "--model.embedder.n_kernel=16"]
        done = run("crossval", *words, "--model.pooling.kind=hopfield", "--model.pooling.n_head=2", "--model.norm=bags",
                   "--model.selection.kind=all", "-o", "cv")
        assert done.returncode == 0, done.stderr
        trained("one", "c.h5")
        cls.done = run("explain", "cv", "c.h5", "-o", "seen", "--truth=c.truth.tsv.gz", "--airr", "--top=400", threads=1)
        assert cls.done.returncode == 0, cls.done.stderr

    def test_sums_are_the_predictions(self):
        output = {r["bag"]: float(r["output"]) for r in table("cv/predictions.tsv")}
        rows = table("seen/bags.tsv")
        self.assertEqual(len(rows), 60)
        for r in rows:
            self.assertAlmostEqual(float(r["score"]), output[r["bag"]], places=4)
            self.assertAlmostEqual(float(r["bias"]) + float(r["contributions"]), float(r["score"]), delta=1e-5)

    def test_table_of_sequences(self):
        rows = table("seen/sequences.tsv")
        self.assertEqual(list(rows[0]), "rank bag instance junction_aa v_call j_call duplicate_count task contribution attention_weight "
                         "attention_rank n_bags_positive n_bags_negative p_fisher q_bh fold".split())
        parts = [float(r["contribution"]) for r in rows]
        self.assertEqual(parts, sorted(parts, reverse=True))
        self.assertEqual([int(r["rank"]) for r in rows], list(range(1, len(rows) + 1)))
        fold = {r["bag"]: r["fold"] for r in table("cv/predictions.tsv")}
        self.assertTrue(all(r["fold"] == fold[r["bag"]] for r in rows))
        best = [min(float(r["q_bh"]) for r in rows), max(float(r["p_fisher"]) for r in rows)]
        self.assertTrue(0 < best[0] <= best[1] <= 1)

    def test_counts_by_hand(self):
        """Bags of the same fold that hold the sequence, which the model of that fold has not seen either."""
        self.good("export", "c.h5", "-o", "texts")
        fold = {r["bag"]: r["fold"] for r in table("cv/predictions.tsv")}
        label = {r["bag"]: r["target"] for r in table("cv/predictions.tsv")}
        held = {}
        for name in os.listdir("texts"):
            bag = name.split(".")[0]
            if bag in fold:
                for r in table(os.path.join("texts", name)):
                    held.setdefault((fold[bag], r["junction_aa"]), set()).add(bag)
        self.assertGreater(len(held), 1000)
        for row in table("seen/sequences.tsv")[:100]:
            bags = held[row["fold"], row["junction_aa"]]
            self.assertEqual(int(row["n_bags_positive"]), sum(label[b] == "1" for b in bags))
            self.assertEqual(int(row["n_bags_negative"]), sum(label[b] == "0" for b in bags))
            n1, n0 = (sum(1 for b in fold if fold[b] == row["fold"] and label[b] == c) for c in "10")
            a, k = int(row["n_bags_positive"]), len(bags)
            p = sum(math.comb(n1, x) * math.comb(n0, k - x) for x in range(a, min(k, n1) + 1)) / math.comb(n1 + n0, k)
            self.assertAlmostEqual(float(row["p_fisher"]), p, delta=1e-3 * p)

    def test_residues(self):
        rows = zipped("seen/residues.tsv.gz")
        text = {(r["bag"], r["instance"]): r["junction_aa"] for r in table("seen/sequences.tsv")}
        read_back = {}
        for r in rows:
            read_back.setdefault((r["bag"], r["instance"]), []).append(r["residue"])
        self.assertEqual({k: "".join(v) for k, v in read_back.items()}, text)
        facts = load("seen/explain.json")
        self.assertGreaterEqual(facts["completeness"]["share_within_1_percent"], 0.99)
        self.assertEqual(facts["completeness"]["paths"], len(text))
        self.assertLess(facts["largest_error_of_sums"], 1e-6)

    def test_carriers_and_motif(self):
        truth = load("seen/explain.json")["truth"]
        carriers = {(r["bag"], r["instance"]) for r in zipped("c.truth.tsv.gz")}
        self.assertEqual(truth["carriers"], len(carriers))
        self.good("explain", "cv", "c.h5", "-o", "every", f"--top={truth['carriers']}")
        found = sum((r["bag"], r["instance"]) in carriers for r in table("every/sequences.tsv"))
        self.assertAlmostEqual(truth["precision_at_carriers"], found / len(carriers), delta=0.01)
        self.assertGreater(truth["precision_at_carriers"], 0.8)
        self.assertGreater(truth["average_precision"], 0.8)
        motif = table("seen/motifs.tsv")[0]
        self.assertIn("SFEN", motif["consensus"])
        self.assertLess(float(motif["q_bh"]), 0.01)
        self.assertIn("carriers", self.done.stdout)

    def test_meme(self):
        with open("seen/motifs.meme", encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(lines[:3], ["MEME version 4", "", "ALPHABET= ACDEFGHIKLMNPQRSTVWY"])
        motifs = table("seen/motifs.tsv")
        heads = [k for k, line in enumerate(lines) if line.startswith("letter-probability matrix:")]
        self.assertEqual(len(heads), len(motifs))
        for head, motif in zip(heads, motifs):
            words = lines[head].split()
            self.assertEqual((words[5], words[7]), (motif["n_columns"], motif["n_sequences"]))
            for c in range(int(motif["n_columns"])):
                shares = [float(x) for x in lines[head + 1 + c].split()]
                self.assertEqual(len(shares), 20)
                self.assertAlmostEqual(sum(shares), 1, places=4)
                letter = motif["consensus"][c]
                if letter != ".":
                    self.assertGreaterEqual(shares["ACDEFGHIKLMNPQRSTVWY".index(letter)], 0.5)
        self.assertIn("<svg", read("seen/logos/motif_01.svg").decode())

    def test_heads(self):
        """The measures of inspect --dynamics, of the bags that are new to each model; and the sequences with the largest weights."""
        rows = table("seen/heads.tsv")
        self.assertEqual([(r["model"], r["head"]) for r in rows], [(m, h) for m in "012" for h in "01"])
        for m in "012":
            self.assertAlmostEqual(sum(float(r["share"]) for r in rows if r["model"] == m), 1, places=3)
        self.good("predict", "cv/rep00/fold01/model.safetensors", "c.h5", "-o", "fold1.tsv", "--attention=fold1.att.tsv")
        new = {r["bag"] for r in table("cv/predictions.tsv") if r["fold"] == "1"}
        best, widths = {}, []
        weights = [r for r in table("fold1.att.tsv") if r["head"] == "1" and r["bag"] in new]
        for r in weights:
            best[r["junction_aa"]] = max(best.get(r["junction_aa"], 0), float(r["weight"]))
        listed = rows[3]["retrieved"].split(", ")
        self.assertEqual(len(listed), 5)
        self.assertEqual([best[x] for x in listed], sorted(best.values(), reverse=True)[:5])
        for bag in new:
            w = sorted((float(r["weight"]) for r in weights if r["bag"] == bag), reverse=True)
            total = k = 0
            while total < 0.9:
                total, k = total + w[k], k + 1
            widths.append(k / len(w))
        middle = sorted(widths)[len(widths) // 2 - 1:len(widths) // 2 + 1]
        self.assertAlmostEqual(float(rows[3]["k_share_median"]), sum(middle) / 2, delta=0.006)

    def test_important(self):
        rows = table("seen/important_sequences.tsv")
        self.assertEqual(list(rows[0]), ["rank", "junction_aa", "v_call", "j_call", "score", "n_bags"])
        names = [(r["junction_aa"], r["v_call"], r["j_call"]) for r in rows]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(rows[0]["junction_aa"], table("seen/sequences.tsv")[0]["junction_aa"])
        self.good("explain", "cv", "c.h5", "-o", "few", "--important=7", "--top=3")
        self.assertEqual([{**r} for r in table("few/important_sequences.tsv")], rows[:7])
        self.assertEqual(len(table("few/sequences.tsv")), 3)

    def test_airr(self):
        rows = table("seen/rearrangements.tsv")
        self.assertTrue(set(AIRR) <= set(rows[0]))
        self.assertEqual(len({r["sequence_id"] for r in rows}), len(rows))
        self.assertEqual([r["junction_aa"] for r in rows], [r["junction_aa"] for r in table("seen/sequences.tsv")])
        score = {r["bag"]: r["score"] for r in table("seen/bags.tsv")}
        self.assertEqual([r["hopsack_score"] for r in rows], [score[r["repertoire_id"]] for r in rows])
        self.good("import", "seen/rearrangements.tsv", "-o", "back.h5", "--bag=repertoire_id")

    def test_threads(self):
        for n in (2, 3, 4):
            self.good("explain", "cv", "c.h5", "-o", f"threads{n}", "--truth=c.truth.tsv.gz", "--airr", "--top=400", threads=n)
            for name in sorted(os.listdir("seen")):
                if os.path.isfile(os.path.join("seen", name)):
                    self.assertEqual(read(f"threads{n}/{name}"), read(f"seen/{name}"), f"{name} with {n} threads")

    def test_one_model(self):
        self.good("explain", "one", "c.h5", "-o", "test-part")
        test = {r["bag"] for r in table("one/predictions.tsv") if r["part"] == "test"}
        self.assertEqual({r["bag"] for r in table("test-part/bags.tsv")}, test)
        done = self.good("explain", "one", "c.h5", "-o", "all-parts", "--part=all")
        self.assertIn("q means nothing for bags that the models have learned from", done.stdout)
        self.assertNotIn("means nothing", self.done.stdout)
        self.assertEqual(len(table("all-parts/bags.tsv")), 60)
        self.assertIn("p_fisher_seen", table("all-parts/sequences.tsv")[0])

    def test_other_embedders(self):
        for k, words in enumerate((["--model.embedder.kind=lstm", "--model.embedder.n_unit=8"], ["--model.embedder.n_layer=2"])):
            self.good("train", "--data.path=c.h5", "--target=status", "--train.updates=60", "--train.lr=0.01", *words,
                      "--train.evaluate_every=60", "-o", f"other{k}")
            self.good("explain", f"other{k}", "c.h5", "-o", f"seen-other{k}", "--top=50")
            self.assertGreaterEqual(load(f"seen-other{k}/explain.json")["completeness"]["share_within_1_percent"], 0.99)
            self.assertFalse(os.path.exists(f"seen-other{k}/kernels.tsv"))

    def test_methods(self):
        self.good("baseline", "c.h5", "--target=status", "--method=kmer-3", "-o", "rivals")
        self.good("explain", "rivals/kmer-3", "c.h5", "-o", "of-kmers", "--truth=c.truth.tsv.gz")
        self.assertGreater(load("of-kmers/explain.json")["truth"]["precision_at_carriers"], 0.3)
        self.assertEqual({r["attention_weight"] for r in table("of-kmers/sequences.tsv")}, {""})
        self.good("baseline", "c.h5", "--target=status", "--method=nuisance", "-o", "numbers")
        self.bad(4, "nuisance is no weighted sum over sequences", "explain", "numbers/nuisance", "c.h5", "-o", "no")

    def test_a_method_of_several_tasks(self):
        """As the model files of the one task, task by task."""
        with open("two.tsv", "w", encoding="utf-8") as file:
            file.write("ID\ta\tb\n" + "".join(f"sim{i:05}\t{'-+'[i % 2]}\t{'uvw'[i % 3]}\n" for i in range(60)))
        with open("two.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: a, column: a, kind: binary, positive: '+'}, {name: b, column: b, kind: multiclass, classes: [u, v, w]}]\n")
        self.good("baseline", "two.yaml", "--data.path=c.h5", "--metadata=two.tsv", "--method=kmer-3", "-o", "two")
        self.good("explain", "two/kmer-3", "c.h5", "--metadata=two.tsv", "-o", "e-two", "--top=100")
        both = table("e-two/sequences.tsv")
        for number, tasks in enumerate((["a"], ["b=u", "b=v", "b=w"])):
            files = sorted(name for name in os.listdir("two/kmer-3/models") if f"task{number}" in name)
            self.good("explain", *(f"two/kmer-3/models/{name}" for name in files), "c.h5", "--metadata=two.tsv", "-o", f"e-two{number}", "--top=100")
            one = table(f"e-two{number}/sequences.tsv")
            self.assertEqual([r["task"] for r in one], [t for t in tasks for _ in range(100)])
            same = "bag", "instance", "task", "contribution", "rank"
            self.assertEqual([[r[k] for k in same] for r in both if r["task"] in tasks], [[r[k] for k in same] for r in one])

    def test_what_it_is_of(self):
        """Words as given, and the SHA-256 of models and dataset; the report says where they are another run's."""
        facts = load("seen/explain.json")
        self.assertEqual(facts["explained"], [{"path": "cv", "kind": "crossval"}])
        models = [f"cv/rep00/fold0{k}/model.safetensors" for k in range(3)]
        self.assertEqual(facts["model_files"], [{"path": m, "sha256": hashlib.sha256(read(m)).hexdigest()} for m in models])
        self.assertEqual(facts["data"], {"path": "c.h5", "sha256": hashlib.sha256(read("c.h5")).hexdigest()})
        alarm = "--explain=seen explains models of another run (cv), not of this one"
        for run_, pattern in (("cv", False), ("one", True)):
            self.good("report", run_, "--explain=seen", "-o", f"{run_}.html")
            self.assertEqual(alarm in read(f"{run_}.html").decode(), pattern, run_)
        for word, kind in (("one", "run"), ("one/model.safetensors", "model"), ("cv/rep00/fold00", "run")):
            self.good("explain", word, "c.h5", "-o", "kinds", "--force", "--top=1", "--part=all")
            self.assertEqual(load("kinds/explain.json")["explained"], [{"path": word, "kind": kind}])
            self.good("report", "cv", "--explain=kinds", "-o", "kinds.html", "--force")
            self.assertEqual("explains models of another run" in read("kinds.html").decode(), word.startswith("one"), word)

    def test_q_counts_each_test_once(self):
        """Rows of one sequence and fold are one test, however many bags have it."""
        rows = table("seen/sequences.tsv")
        p = {(r["fold"], r["junction_aa"], r["v_call"], r["j_call"]): float(r["p_fisher"]) for r in rows}
        self.assertLess(len(p), len(rows))
        values = sorted(p.values())
        for row in rows:
            mine = float(row["p_fisher"])
            q = min(v * len(values) / (sum(w <= v * (1 + 1e-9) for w in values)) for v in values if v >= mine)
            self.assertAlmostEqual(float(row["q_bh"]), min(q, 1), delta=2e-3 * q)

    def test_kernels(self):
        kernels = table("seen/kernels.tsv")
        self.assertAlmostEqual(sum(float(r["share"]) for r in kernels), 1, places=2)
        names = {f"{r['model']}:{r['kernel']}" for r in kernels}
        for motif in table("seen/motifs.tsv"):
            listed = motif["kernels"].split(",") if motif["kernels"] else []
            self.assertEqual(len(listed), len(set(listed)))
            self.assertLessEqual(set(listed), names)
        self.assertTrue(table("seen/motifs.tsv")[0]["kernels"])

    def test_parts_of_kernels(self):
        """Exact, over all sequences: the kernels' parts sum to what bags.tsv has; one kernel alone has all of it."""
        for n, pooling in ((1, "mean"), (5, "mean"), (1, "max")):
            self.good("train", "--data.path=c.h5", "--target=status", "--positive=+", TINY, "--train.updates=150", "-o", f"flat{n}", "--force",
                      f"--model.pooling.kind={pooling}", "--model.selection.kind=all", f"--model.embedder.n_kernel={n}")
            self.good("explain", f"flat{n}", "c.h5", "-o", f"e-flat{n}", "--part=all", "--top=6000", "--force")
            labels = {r["bag"]: int(r["target"]) for r in table(f"flat{n}/predictions.tsv")}
            part = [[float(r["contributions"]) for r in table(f"e-flat{n}/bags.tsv") if labels[r["bag"]] == c] for c in (0, 1)]
            rows = table(f"e-flat{n}/kernels.tsv")
            self.assertEqual(len(rows), n)
            self.assertAlmostEqual(sum(float(r["decision"]) for r in rows), 1, places=3)
            mean = [sum(x) / len(x) for x in part]
            for c, name in ((0, "contribution_negative"), (1, "contribution_positive")):
                self.assertAlmostEqual(sum(float(r[name]) for r in rows), mean[c], delta=2e-3 * abs(mean[c]) + 1e-6)
            if n == 1:
                error = sum(statistics.variance(x) / len(x) for x in part)
                self.assertAlmostEqual(float(rows[0]["t"]), (mean[1] - mean[0]) / math.sqrt(error), delta=0.002 * abs(float(rows[0]["t"])))

    def test_kernels_without_parts(self):
        """Of Hopfield pooling with further steps nothing is said about kernels, which would be 0, but that there are none."""
        self.good("train", "--data.path=c.h5", "--target=status", "--positive=+", TINY, "--train.updates=20", "--model.pooling.kind=hopfield",
                  "--model.pooling.steps=2", "--model.selection.kind=all", "-o", "steps")
        done = self.good("explain", "steps", "c.h5", "-o", "e-steps", "--top=50")
        self.assertIn("kernels have no parts of the score of 1 of 1 models, whose pooling neither averages nor takes maxima", done.stdout)
        self.assertEqual(load("e-steps/explain.json")["kernels_without_parts"], [0])
        self.assertFalse(os.path.exists("e-steps/kernels.tsv"))
        self.good("report", "steps", "--explain=e-steps", "-o", "steps.html")
        self.assertIn("Kernels of models whose pooling neither averages nor takes maxima have no parts of the score.", read("steps.html").decode())
        self.assertNotIn("kernels_without_parts", load("seen/explain.json"))

    def test_a_bag_has_a_motif_by_its_consensus(self):
        """Counts of motifs.tsv from the listed sequences themselves."""
        label = {r["bag"]: r["target"] for r in table("cv/predictions.tsv")}
        motif = table("seen/motifs.tsv")[0]
        listed = table("seen/sequences.tsv")
        for target, column in (("1", "n_bags_positive"), ("0", "n_bags_negative")):
            bags = {r["bag"] for r in listed if re.search(motif["consensus"], r["junction_aa"]) and label[r["bag"]] == target}
            self.assertLessEqual(int(motif[column]), len(bags))
            self.assertGreaterEqual(int(motif[column]), 0.8 * len(bags))

    def test_the_report_draws_the_same_logos(self):
        """Against the background at each position, which motifs.meme does not hold."""
        self.good("report", "cv", "--explain=seen", "--figures=drawn", "-o", "drawn.html")
        name = next(x for x in sorted(os.listdir("drawn")) if x.startswith("logo-1_") and x.endswith(".tsv"))
        mine, theirs = ({(r["position"], r["residue"]): float(r["bits"]) for r in table(f) if float(r["bits"]) > 0.01}
                        for f in (f"drawn/{name}", "seen/logos/motif_01.tsv"))
        self.assertGreater(len(mine), 3)
        self.assertEqual(set(mine), set(theirs))
        for key, bits in mine.items():
            self.assertAlmostEqual(bits, theirs[key], places=3)
        shutil.copytree("seen", "spoiled")
        with open("spoiled/logos/motif_01.tsv", "a", encoding="utf-8") as file:
            file.write("99\tA\t1\t4\n")
        self.bad(3, r"spoiled/logos/motif_01.tsv: line \d+ has no position of the motif", "report", "cv", "--explain=spoiled", "-o", "no.html")

    def test_profiles_and_logos_of_kernels(self):
        rows = table("seen/kernels.tsv")
        for r in rows:
            profile = [float(x) for x in r["position_profile"].split(",")]
            self.assertEqual(len(profile), 10)
            self.assertAlmostEqual(sum(profile), 1, delta=0.06)
        marked = sorted((r for r in rows if r["logo"]), key=lambda r: int(r["logo"]))
        able = [r for r in rows if int(r["n_windows"]) >= 5 and r["t"] and float(r["t"]) >= 2 and r["consensus"].strip(".")]
        self.assertEqual([float(r["share"]) for r in rows], sorted((float(r["share"]) for r in rows), reverse=True))
        self.assertEqual([r["kernel"] for r in marked], [r["kernel"] for r in able[:12]])
        self.assertEqual([int(r["logo"]) for r in marked], list(range(1, len(marked) + 1)))
        names = [x for x in sorted(os.listdir("seen/logos")) if x.startswith("kernel")]
        self.assertEqual(names, [f"kernel_{k:02}.{x}" for k in range(1, len(marked) + 1) for x in ("svg", "tsv")])
        with open("seen/kernels.meme", encoding="utf-8") as file:
            heads = [line.split()[1:] for line in file if line.startswith("MOTIF ")]
        self.assertEqual(heads, [[f"{r['model']}:{r['kernel']}", r["consensus"]] for r in marked])
        first = {int(r["position"]): r for r in reversed(table("seen/logos/kernel_01.tsv")) if float(r["probability"]) > 0.5}
        for place, letter in enumerate(marked[0]["consensus"], 1):
            if letter != "." and place in first:
                self.assertEqual(first[place]["residue"], letter)

    def test_an_ensemble_of_different_embedders(self):
        """Only those with windows have kernels; the first may be another."""
        self.good("train", "--data.path=c.h5", "--target=status", "--train.updates=60", "--train.lr=0.01", "--model.embedder.kind=lstm",
                  "--model.embedder.n_unit=8", "--train.evaluate_every=60", "--seed=0", "-o", "recurrent")
        for k, models in enumerate((["one", "recurrent"], ["recurrent", "one"])):
            self.good("explain", *models, "c.h5", "-o", f"mixed{k}", "--top=50")
            self.assertEqual({r["model"] for r in table(f"mixed{k}/kernels.tsv")}, {str(k)})

    def test_a_number_has_no_test(self):
        with open("numbers.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: size, column: size, kind: regression}]\n")
        with open("sizes.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tsize\n" + "".join(f"sim{i:05}\t{i % 7 + 100}\n" for i in range(60)))
        self.good("train", "numbers.yaml", "--data.path=c.h5", "--metadata=sizes.tsv", "--train.updates=30", "--train.evaluate_every=30",
                  "-o", "number")
        self.good("explain", "number", "c.h5", "--metadata=sizes.tsv", "-o", "of-number", "--top=200")
        for row in table("of-number/sequences.tsv") + table("of-number/motifs.tsv"):
            self.assertEqual([row[k] for k in ("n_bags_positive", "n_bags_negative", "q_bh")], ["", "", ""])

    def test_all_files_or_none(self):
        child = subprocess.Popen([HOPSACK, "explain", "cv", "c.h5", "-o", "ended", "--top=6000"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while child.poll() is None and not any(".sequences.tsv" in name for name in (os.listdir("ended") if os.path.exists("ended") else [])):
            time.sleep(0.002)
        child.send_signal(signal.SIGTERM)
        said = child.communicate(timeout=120)[1]
        self.assertEqual(child.returncode, 143, said)
        self.assertIn("nothing is written", said)
        self.assertEqual(os.listdir("ended"), [])
        self.good("explain", "cv", "c.h5", "-o", "ended", "--top=400")
        self.assertTrue(os.path.exists("ended/kernels.tsv"))
        self.assertLessEqual({"motif_01.svg", "motif_01.tsv", "kernel_01.svg", "kernel_01.tsv"}, set(os.listdir("ended/logos")))
        self.good("explain", "one", "c.h5", "-o", "ended", "--top=1", "--force")
        self.assertEqual(os.listdir("ended/logos"), [])
        self.assertEqual(len(table("ended/motifs.tsv")), 0)

    def test_errors(self):
        self.bad(6, "holds results of hopsack explain; --force", "explain", "cv", "c.h5", "-o", "seen")
        self.bad(2, "-o cv is what is explained", "explain", "cv", "c.h5", "-o", "cv")
        with open("strange.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tinstance\nsim00000\t100000\n")
        self.assertRegex(run("explain", "cv", "c.h5", "-o", "no", "--truth=strange.tsv").stderr, "has no instance 100000")
        with open("all.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tpart\n" + "".join(f"sim{i:05}\t{('train', 'validation')[i % 4 == 3]}\n" for i in range(60)))
        trained("all", "c.h5", "--splits=all.tsv")
        self.assertRegex(run("explain", "all", "c.h5", "-o", "no").stderr, "every model has seen all of these bags; --part=all")
        before = snapshot(".")
        done = self.good("explain", "cv", "c.h5", "-o", "planned", "--dry-run")
        self.assertIn("would explain up to 60 bags by 3 models", done.stdout)
        self.assertEqual(snapshot("."), before)


class Stacks(Case):
    """A choice of another column in each fold, and weights, both written into stack.json by hand."""
    @classmethod
    def prepare(cls):
        def go(*words):
            done = run(*words)
            assert done.returncode == 0, f"{words}: {done.stderr}"
            return done
        cohort("c.h5", n_bag=48, n_seq=60)
        go("crossval", TINY, "--data.path=c.h5", "--target=status", "--positive=+", "--inner=2", "--splits.n_fold=3", "--train.updates=80",
           "--model.pooling.kind=hopfield", "--model.selection.kind=all", "-o", "net")
        go("baseline", "c.h5", "--target=status", "--positive=+", "--splits=net/splits.tsv", "--method=kmer-3", "--method=nuisance", "-o", "rivals")
        go("stack", "rivals", "net", "-o", "choice")
        go("stack", "rivals", "net", "--weigh", "-o", "weigh")
        cls.name = [c["name"] for c in load("choice/stack.json")["columns"]]
        stack = load("choice/stack.json")
        for fold, (name, by) in zip(stack["tasks"][0]["folds"], (("kmer-3", [3, 0.25]), ("net", [2, 0.5]), ("nuisance", [1, 0]))):
            fold.update(column=cls.name.index(name), calibration=by)
        cls.keep("choice", stack)
        stack = load("weigh/stack.json")
        for fold in stack["tasks"][0]["folds"]:
            for name, column in zip(cls.name, fold["weights"]["columns"]):
                column["weight"] = {"kmer-3": 0.5, "net": 1.5, "nuisance": 0.75}[name] if fold["fold"] < 2 else float(name == "net")
        cls.keep("weigh", stack)
        cls.said = {}
        for name in ("choice", "weigh"):
            cls.said[name] = go("explain", name, "c.h5", "-o", f"e-{name}", "--top=90").stdout
            go("predict", name, "c.h5", "-o", f"{name}.tsv")
        go("explain", "net", "c.h5", "-o", "e-net", "--top=100000")
        go("explain", "rivals/kmer-3", "c.h5", "-o", "e-kmers", "--top=100000")
        cls.fold = {r["bag"]: int(r["fold"]) for r in table("net/predictions.tsv")}

    @staticmethod
    def keep(folder, stack):
        with open(f"{folder}/stack.json", "w", encoding="utf-8") as file:
            json.dump(stack, file)

    @staticmethod
    def contributions(folder, method=None):
        return {(r["bag"], r["instance"]): float(r["contribution"]) for r in table(folder + "/sequences.tsv") if method in (None, r.get("method"))}

    def compare(self, got, whole, by):
        """Rows are the first of the column's own, times what its fold makes of them."""
        self.assertGreater(len(got), 5)
        for key, x in got.items():
            self.assertAlmostEqual(x, whole[key] * by(key[0]), delta=1e-5 * abs(x) + 1e-8, msg=key)
        others = [x * by(key[0]) for key, x in whole.items() if by(key[0]) and key not in got]
        self.assertLessEqual(max(others, default=0), min(got.values()) * (1 + 1e-6))

    def test_choice(self):
        rows = table("e-choice/sequences.tsv")
        self.assertEqual({(self.fold[r["bag"]], int(r["fold"]), r["method"]) for r in rows}, {(0, 0, "kmer-3"), (1, 1, "net")})
        for method in ("kmer-3", "net"):
            self.assertEqual([int(r["rank"]) for r in rows if r["method"] == method], list(range(1, 46)))
        self.compare(self.contributions("e-choice", "net"), self.contributions("e-net"), lambda b: 2 * (self.fold[b] == 1))
        self.compare(self.contributions("e-choice", "kmer-3"), self.contributions("e-kmers"), lambda b: float(self.fold[b] == 0))
        attention = {(r["bag"], r["instance"]): (r["attention_weight"], r["attention_rank"]) for r in table("e-net/sequences.tsv")}
        for r in rows:
            wanted = attention[r["bag"], r["instance"]] if r["method"] == "net" else ("", "")
            self.assertEqual((r["attention_weight"], r["attention_rank"]), wanted)
        output = {r["bag"]: float(r["output"]) for r in table("choice.tsv")}
        sums = table("e-choice/bags.tsv")
        self.assertEqual(len(sums), 48)
        for r in sums:
            self.assertAlmostEqual(float(r["score"]), output[r["bag"]], places=4)
            self.assertEqual(r["contributions"] != "", self.fold[r["bag"]] == 1)
            if r["bias"]:
                self.assertAlmostEqual(float(r["bias"]) + float(r["contributions"]), float(r["score"]), places=5)
        columns = {c["name"]: c for c in load("e-choice/explain.json")["columns"]}
        self.assertEqual({k: (round(c["share"], 6), c["bags"], c["explained"]) for k, c in columns.items()},
                         {"kmer-3": (0.333333, 16, True), "net": (0.333333, 16, True), "nuisance": (0.333333, 16, False)})
        self.assertIn("status: column nuisance has 33.3 % of the decision, in 16 bags; it ranks no instances", self.said["choice"])
        self.assertIn("status: column net has 33.3 % of the decision, in 16 bags\n", self.said["choice"])
        self.assertEqual({r["method"] for r in table("e-choice/important_sequences.tsv")}, {"kmer-3", "net"})
        residues = {(r["bag"], r["instance"]) for r in zipped("e-choice/residues.tsv.gz")}
        self.assertEqual(residues, set(self.contributions("e-choice", "net")))
        self.assertEqual(len({r["model"] for r in table("e-choice/heads.tsv")}), 1)

    def test_weights(self):
        folds = {f["fold"]: f["weights"] for f in load("weigh/stack.json")["tasks"][0]["folds"]}

        def of(name):
            at = self.name.index(name)
            return lambda bag: folds[self.fold[bag]]["columns"][at]
        self.compare(self.contributions("e-weigh", "net"), self.contributions("e-net"),
                     lambda b: of("net")(b)["weight"] * of("net")(b)["scale"])
        self.compare(self.contributions("e-weigh", "kmer-3"), self.contributions("e-kmers"), lambda b: of("kmer-3")(b)["weight"])
        self.assertLessEqual({self.fold[bag] for bag, _ in self.contributions("e-weigh", "kmer-3")}, {0, 1})
        output = {r["bag"]: float(r["output"]) for r in table("weigh.tsv")}
        for r in table("e-weigh/bags.tsv"):
            self.assertAlmostEqual(float(r["score"]), output[r["bag"]], places=4)
            self.assertAlmostEqual(float(r["bias"]) + float(r["contributions"]), float(r["score"]), places=5)
        said = {name: {r["bag"]: float(r["output"]) for r in table(f"{'net' if name == 'net' else 'rivals/' + name}/predictions.tsv")}
                for name in self.name}
        share = dict.fromkeys(self.name, 0)
        for bag in self.fold:
            term = {n: abs(of(n)(bag)["weight"] * of(n)(bag)["scale"] * (said[n][bag] - of(n)(bag)["shift"][0])) for n in self.name}
            for name in self.name:
                share[name] += term[name] / sum(term.values()) / len(self.fold)
        for c in load("e-weigh/explain.json")["columns"]:
            self.assertAlmostEqual(c["share"], share[c["name"]], places=4, msg=c["name"])
            self.assertEqual((c["bags"], c["explained"]), (48 if c["name"] == "net" else 32, c["name"] != "nuisance"))
        rows = table("e-weigh/sequences.tsv")
        wanted = round(90 * share["net"] / (share["net"] + share["kmer-3"]))
        self.assertEqual(sum(r["method"] == "net" for r in rows), wanted)

    def test_threads(self):
        for name in ("choice", "weigh"):
            self.good("explain", name, "c.h5", "-o", f"four-{name}", "--top=90", threads=4)
            for file in sorted(os.listdir(f"e-{name}")):
                if os.path.isfile(f"e-{name}/{file}"):
                    self.assertEqual(read(f"four-{name}/{file}"), read(f"e-{name}/{file}"), file)

    def test_a_slope_below_zero(self):
        """As the networks themselves with their outputs turned round."""
        shutil.copytree("choice", "turned")
        stack = load("turned/stack.json")
        for fold in stack["tasks"][0]["folds"]:
            fold.update(column=self.name.index("net"), calibration=[-1, 0])
        self.keep("turned", stack)
        models = []
        for k in range(3):
            meta, parts = split_model(f"net/rep00/fold{k:02}/model.safetensors")
            for name in ("output_nn.output_nn.0.weight", "output_nn.output_nn.0.bias"):
                shape, data = parts[name]
                parts[name] = shape, struct.pack(f"<{len(data) // 4}f", *(-x for (x,) in struct.iter_unpack("<f", data)))
            models.append(f"turned{k}.safetensors")
            join_model(models[-1], meta, parts)
        self.good("explain", "turned", "c.h5", "-o", "e-turned", "--top=200")
        self.good("explain", *models, "c.h5", "-o", "e-against", "--top=200")
        same = {"sequences.tsv": ("bag", "instance", "contribution"), "kernels.tsv": ("model", "kernel", "n_windows", "share", "consensus")}
        for file, columns in same.items():
            rows = [[[r[c] for c in columns] for r in table(f"{folder}/{file}")] for folder in ("e-turned", "e-against")]
            self.assertGreater(len(rows[0]), 2)
            self.assertEqual(*rows, file)

    def test_refused(self):
        self.bad(2, "weigh: its columns rank instances on scales of their own.*explain each column with --truth", "explain", "weigh", "c.h5",
                 "--truth=c.truth.tsv.gz", "-o", "no")
        shutil.copytree("choice", "blind")
        stack = load("blind/stack.json")
        for fold in stack["tasks"][0]["folds"]:
            fold["column"] = self.name.index("nuisance")
        self.keep("blind", stack)
        self.bad(4, "blind: none of its columns ranks instances", "explain", "blind", "c.h5", "-o", "no")

    def test_new_bags_are_explained_by_all_folds(self):
        cohort("new.h5", n_bag=6, n_seq=60, seed=9)
        self.good("explain", "choice", "new.h5", "-o", "e-new")
        self.good("predict", "choice", "new.h5", "-o", "new.tsv")
        output = {r["bag"]: float(r["output"]) for r in table("new.tsv")}
        for r in table("e-new/bags.tsv"):
            self.assertAlmostEqual(float(r["score"]), output[r["bag"]], places=4)
            self.assertTrue(r["contributions"])
        self.assertEqual({r["fold"] for r in table("e-new/sequences.tsv")}, {""})
        self.assertEqual([round(c["share"], 4) for c in load("e-new/explain.json")["columns"]], [0.3333] * 3)
        self.good("report", "net", "--stack=choice", "--explain=e-choice", "-o", "of-stack.html")
        self.assertNotIn("models of another run", read("of-stack.html").decode())
        self.assertIn("Shares of the stack's columns in the decision: kmer-3 of status 33 %, net of status 33 %.", html.unescape(read("of-stack.html").decode()))
        self.assertIn("rank no instances, so what they decide is not shown: nuisance of status 33 %.", read("of-stack.html").decode())


main()
