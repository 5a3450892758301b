# SPDX-License-Identifier: MIT
"""Hopfield models from the program, run again in plain NumPy from nothing but their tensors and the data as text."""
import csv
import json
import os
import struct

import numpy as np

from harness import Case, cohort, main, table


def tensors(path):
    """A safetensors file: name → array in double."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        head = json.loads(file.read(size))
        data = file.read()
    types = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U64": "<u8", "U8": "u1"}
    return {
        name: np.frombuffer(data[slice(*t["data_offsets"])], types[t["dtype"]]).reshape(t["shape"]).astype(float)
        for name, t in head.items()
        if name != "__metadata__"
    }


def selu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))


def relu(x):
    return np.maximum(x, 0)


def norm(t, name, x):
    """The layer norm of that name; none where the model has no such tensors."""
    if name + "weight" not in t:
        return x
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * t[name + "weight"] + t[name + "bias"]


def projections(t, heads, head_size, connected):
    """W and b of q, k and v, whichever way they are stored."""
    core = "pooling.hopfield.association_core."
    rows = heads * head_size
    if core + "in_proj_weight" in t:
        weights = np.split(t[core + "in_proj_weight"], [rows, 2 * rows])
    else:
        weights = [t[f"{core}{name}_proj_weight"] for name in "qkv"]
    assert connected or all(w.shape[1] == weights[0].shape[1] for w in weights)
    return list(zip(weights, np.split(t[core + "in_proj_bias"], [rows, 2 * rows])))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def alike(q, k, kind):
    """Similarities [n_q, n_k]."""
    dot, own = q @ k.T, (k * k).sum(1)[None]
    joint = (q * q).sum(1)[:, None] + own - dot
    return {"dot": dot, "distance": dot - own / 2, "tanimoto": dot / np.where(joint == 0, 1, joint)}[kind]


def entmax(z, alpha):
    """Rows of sparsemax (alpha 2) or entmax of 1.5: the threshold by bisection."""
    z = z * (alpha - 1)
    low, high = z.max(-1, keepdims=True) - 1, z.max(-1, keepdims=True)
    for _ in range(100):
        tau = (low + high) / 2
        big = (np.maximum(z - tau, 0) ** (1 / (alpha - 1))).sum(-1, keepdims=True) > 1
        low, high = np.where(big, tau, low), np.where(big, high, tau)
    return np.maximum(z - high, 0) ** (1 / (alpha - 1))


NORMALIZERS = {"softmax": softmax, "sparsemax": lambda z: entmax(z, 2), "entmax15": lambda z: entmax(z, 1.5)}


def hopfield(t, x, heads=2, head_size=4, beta=None, steps=0, eps=1e-4, connected=False, zero=False, activation=relu,
             similarity="dot", normalizer="softmax"):
    """z, the scores [n, queries, heads] of the first association, the weights of the last."""
    (wq, bq), (wk, bk), (wv, bv) = projections(t, heads, head_size, connected)
    query = norm(t, "pooling.hopfield.norm_state_pattern.", t["pooling.pooling_weights"][0])
    stored = norm(t, "pooling.hopfield.norm_stored_pattern.", x)
    value = norm(t, "pooling.hopfield.norm_pattern_projection.", x)
    q, k = query @ wq.T + bq, stored @ wk.T + bk
    v = ((value @ wk.T + bk) if connected else value) @ wv.T + bv
    if zero:
        k, v = np.vstack([k, 0 * k[:1]]), np.vstack([v, 0 * v[:1]])
    betas = t.get("pooling.beta", np.full(heads, beta or head_size**-0.5))
    out, scores, weights = [], [], []
    for h in range(heads):
        qh, kh, vh = (m[:, h * m.shape[1] // heads : (h + 1) * m.shape[1] // heads] for m in (q, k, v))
        scores.append(betas[h] * alike(qh, kh, similarity))
        p = NORMALIZERS[normalizer](scores[-1])
        for _ in range(steps if steps >= 0 else 1000):
            before, p = p, NORMALIZERS[normalizer](betas[h] * alike(p @ kh, kh, similarity))
            if np.linalg.norm(p - before) <= eps:
                break
        out.append(p @ vh)
        weights.append(p)
    z = np.hstack(out)
    if "pooling.hopfield.association_core.out_proj.weight" in t:
        z = z @ t["pooling.hopfield.association_core.out_proj.weight"].T + t["pooling.hopfield.association_core.out_proj.bias"]
    return activation(z).ravel(), *(np.stack(m).transpose(2, 1, 0)[: len(x)] for m in (scores, weights))


def network(t, prefix, x, f):
    k = 0
    while f"{prefix}.{k}.weight" in t:
        x = x @ t[f"{prefix}.{k}.weight"].T + t[f"{prefix}.{k}.bias"]
        k += 2
        x = f(x) if f"{prefix}.{k}.weight" in t or prefix.startswith("instance") else x
    return x


def embed_vectors(t, x):
    x = (x - t["instance_embedding.shift"]) * t["instance_embedding.scale"]
    return network(t, "instance_embedding.network", np.clip(x, -3, 3), relu)


def places(l):
    """Position features of a sequence of that length: start, end, centre."""
    p = np.arange(l)
    d = np.float16(2 * np.abs(0.5 - (1 - p / (l - 1) if l > 1 else np.ones(1)))).astype(float)
    first = p < (l + 1) // 2
    return np.stack([d * first, d * ~first, np.float16(1 - d).astype(float)], 1)


def embed_sequences(t, sequences):
    letters = "ACDEFGHIKLMNPQRSTVWY"
    w, b = t["sequence_embedding.network.0.weight"], t["sequence_embedding.network.0.bias"]
    x = [np.hstack([np.eye(20)[[letters.index(c) for c in s]], places(len(s))]) for s in sequences]
    divisor = np.concatenate([m.ravel() for m in x]).std(ddof=1)
    size = w.shape[2]
    h = []
    for m in x:
        padded = np.vstack([m / divisor, np.zeros((size, 23))])
        h.append(selu(max_over([np.einsum("oiq,qi->o", w, padded[p : p + size]) + b for p in range(len(m))])))
    return np.array(h)


def max_over(rows):
    return np.max(rows, axis=0)


VARIANTS = {
    "plain": ([], {}),
    "beta": (["beta=0.1"], {"beta": 0.1}),
    "learned beta": (["learn_beta=true"], {}),
    "two queries, three steps": (["n_query=2", "steps=3", "beta=2"], {"steps": 3, "beta": 2}),
    "until convergence": (["steps=-1", "beta=2"], {"steps": -1, "beta": 2}),
    "connected": (["connected=true"], {"connected": True}),
    "zero association": (["zero_association=true"], {"zero": True}),
    "no norms": (["norm_query=none", "norm_stored=none", "norm_projection=none"], {}),
    "no output projection": (["output_projection=false", "activation=none"], {"activation": lambda z: z}),
    "tanh": (["activation=tanh"], {"activation": np.tanh}),
    "dropout": (["dropout=0.5"], {}),
    "distance": (["similarity=distance", "steps=2", "beta=1.5"],
                 {"similarity": "distance", "steps": 2, "beta": 1.5}),
    "tanimoto": (["similarity=tanimoto", "beta=10", "zero_association=true"],
                 {"similarity": "tanimoto", "beta": 10, "zero": True}),
    "sparsemax": (["normalizer=sparsemax", "beta=3", "steps=1"], {"normalizer": "sparsemax", "beta": 3, "steps": 1}),
    "entmax15": (["normalizer=entmax15", "beta=3", "zero_association=true"],
                 {"normalizer": "entmax15", "beta": 3, "zero": True}),
}
HOPFIELD = ["--model.pooling.kind=hopfield", "--model.pooling.n_head=2", "--model.pooling.head_size=4",
            "--model.selection.kind=all", "--train.eps=1e-8", "--train.lr=0.01"]


class InNumPy(Case):
    @classmethod
    def prepare(cls):
        cls.vectors = cls.write_vectors("v.csv")
        cohort("s.h5", n_bag=20, n_seq=30)

    @staticmethod
    def write_vectors(path):
        """30 bags of 1 to 6 vectors; a positive bag has one that stands out."""
        rng = np.random.default_rng(5)
        bags = {}
        with open(path, "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["bag", "label"] + [f"f{j}" for j in range(7)])
            for b in range(30):
                x = rng.normal(size=(1 + b % 6, 7)).round(3)
                x[0, :2] += 3 * (b % 2)
                bags[f"b{b:02}"] = x
                out.writerows([f"b{b:02}", b % 2, *map(repr, map(float, row))] for row in x)
        return bags

    def train(self, run, data, *flags):
        self.good("train", f"--data.path={data}", "--train.updates=30", "--train.evaluate_every=0", *HOPFIELD, *flags, "-o", run)
        self.good("predict", run, data, "-o", f"{run}.tsv", f"--attention={run}.att.tsv")
        return tensors(f"{run}/model.safetensors")

    def compare(self, run, t, bags, settings):
        """bags: name → embeddings."""
        output = {row["bag"]: float(row["output"]) for row in table(f"{run}.tsv")}
        attention = {}
        for row in table(f"{run}.att.tsv"):
            key = row["bag"], int(row["instance"]), int(row["query"]), int(row["head"])
            attention[key] = float(row["logit"]), float(row["weight"])
        self.assertEqual(set(output), set(bags))
        self.assertGreater(len(set(output.values())), 10, "outputs differ between bags")
        for bag, h in bags.items():
            z, scores, weights = hopfield(t, h, **settings)
            y = network(t, "output_nn.output_nn", z, selu)[0]
            self.assertAlmostEqual(output[bag], y, delta=1e-5 * max(1, abs(y)), msg=f"{run} {bag}")
            for (i, q, head), score in np.ndenumerate(scores):
                logit, weight = attention[bag, i, q, head]
                self.assertAlmostEqual(logit, score, delta=2e-5 * max(1, abs(score)), msg=f"{run} {bag} {i} {q} {head}")
                self.assertAlmostEqual(weight, weights[i, q, head], delta=2e-5, msg=f"{run} {bag} {i} {q} {head}")

    def test_bags_of_vectors(self):
        self.good("import", "--format=csv", "--bag=bag", "--label=label", "-o", "v.h5", "v.csv")
        for k, (name, (flags, settings)) in enumerate(VARIANTS.items()):
            with self.subTest(name):
                t = self.train(f"v{k}", "v.h5", "--target=label", "--model.embedder.kind=mlp", "--model.embedder.n_unit=6",
                               "--data.scale=standard", "--data.clip=3", *(f"--model.pooling.{flag}" for flag in flags))
                self.compare(f"v{k}", t, {bag: embed_vectors(t, x) for bag, x in self.vectors.items()}, settings)

    def test_sparse_attention(self):
        """Weights of attention and gated follow from their logits; those with weight 0 are exactly 0."""
        self.good("import", "--format=csv", "--bag=bag", "--label=label", "-o", "sparse.h5", "v.csv")
        for kind in ("attention", "gated"):
            for name in ("sparsemax", "entmax15"):
                run = f"{kind}-{name}"
                self.good("train", "--data.path=sparse.h5", "--target=label", "--train.updates=30", "--train.lr=0.03",
                          "--model.embedder.kind=mlp", "--model.embedder.n_unit=6", "--model.selection.kind=all",
                          f"--model.pooling.kind={kind}", f"--model.pooling.normalizer={name}", "-o", run)
                self.good("predict", run, "sparse.h5", "-o", f"{run}.tsv", f"--attention={run}.att.tsv")
                rows = {}
                for row in table(f"{run}.att.tsv"):
                    rows.setdefault(row["bag"], []).append((float(row["logit"]), float(row["weight"])))
                zeros = 0
                for bag, of in rows.items():
                    logit, weight = np.array(of).T
                    np.testing.assert_allclose(weight, NORMALIZERS[name](logit), atol=2e-5, err_msg=f"{run} {bag}")
                    zeros += (weight == 0).sum()
                self.assertGreater(zeros, 0, run)
        self.bad(2, "count_weight: attention weighs instances only by softmax", "train", "tiny.yaml", "--data.path=s.h5",
                 "--target=status", "-o", "bad", "--model.pooling.normalizer=sparsemax", "--model.pooling.count_weight=raw")

    def test_smooth_maximum(self):
        self.good("import", "--format=csv", "--bag=bag", "--label=label", "-o", "smooth.h5", "v.csv")
        for r in (0.01, 5, 1000):
            run = f"smooth-{r}"
            self.good("train", "--data.path=smooth.h5", "--target=label", "--train.updates=30", "--train.lr=0.03",
                      "--model.embedder.kind=mlp", "--model.embedder.n_unit=6", "--model.selection.kind=all",
                      "--data.scale=standard", "--data.clip=3", "--model.pooling.kind=logsumexp", f"--model.pooling.r={r}", "-o", run)
            t = tensors(f"{run}/model.safetensors")
            self.good("predict", run, "smooth.h5", "-o", f"{run}.tsv")
            for row in table(f"{run}.tsv"):
                h = embed_vectors(t, self.vectors[row["bag"]])
                top = h.max(0)
                z = top + np.log(np.exp(r * (h - top)).mean(0)) / r
                y = network(t, "output_nn.output_nn", z, selu)[0]
                self.assertAlmostEqual(float(row["output"]), y, delta=2e-5 * max(1, abs(y)), msg=f"{run} {row['bag']}")
        self.bad(4, "logsumexp has no attention|no attention; leave out --attention", "predict", "smooth-5", "smooth.h5", "-o", "p.tsv",
                 "--attention=a.tsv")

    def test_additive(self):
        """The output is the bias and what each instance adds by its weighted input alone; explain reports the same."""
        self.good("import", "--format=csv", "--bag=bag", "--label=label", "-o", "add.h5", "v.csv")
        self.good("train", "--data.path=add.h5", "--target=label", "--train.updates=60", "--train.lr=0.03",
                  "--model.embedder.kind=mlp", "--model.embedder.n_unit=6", "--model.selection.kind=all",
                  "--data.scale=standard", "--data.clip=3", "--model.pooling.kind=additive", "--model.pooling.n_value=5", "-o", "add")
        t = tensors("add/model.safetensors")
        self.assertEqual(t["pooling.value.weight"].shape, (5, 6))
        self.good("predict", "add", "add.h5", "-o", "add.tsv", "--attention=add.att.tsv")
        self.good("explain", "add", "add.h5", "-o", "add.explained", "--reference=none")
        weight = {(r["bag"], int(r["instance"])): float(r["weight"]) for r in table("add.att.tsv")}
        found = {(r["bag"], int(r["instance"])): float(r["contribution"]) for r in table("add.explained/instances.tsv")}
        bias, u = t["output_nn.output_nn.0.bias"][0], t["output_nn.output_nn.0.weight"][0]
        compared = 0
        for row in table("add.tsv"):
            h = embed_vectors(t, self.vectors[row["bag"]])
            w = np.array([weight[row["bag"], i] for i in range(len(h))])[:, None]
            part = relu((w * h) @ t["pooling.value.weight"].T) @ u
            self.assertAlmostEqual(float(row["output"]), bias + part.sum(), delta=2e-5 * max(1, abs(part.sum())), msg=row["bag"])
            for i, one in enumerate(part):
                if (row["bag"], i) in found:
                    self.assertAlmostEqual(found[row["bag"], i], one, delta=2e-5 * max(1, abs(one)))
                    compared += 1
        self.assertGreater(compared, 5)

    def test_bags_of_sequences(self):
        for k, name in enumerate(["plain", "two queries, three steps", "learned beta"]):
            flags, settings = VARIANTS[name]
            with self.subTest(name):
                t = self.train(f"s{k}", "s.h5", "--target=status", "--model.embedder.n_kernel=6", "--model.embedder.kernel=5",
                               *(f"--model.pooling.{flag}" for flag in flags))
                sequences = {}
                for row in table(f"s{k}.att.tsv"):
                    sequences.setdefault(row["bag"], {})[int(row["instance"])] = row["junction_aa"]
                bags = {bag: embed_sequences(t, [of[i] for i in sorted(of)]) for bag, of in sequences.items()}
                self.compare(f"s{k}", t, bags, settings)

    def test_genes_joined_to_embeddings(self):
        """Of bags that have genes missing and genes unknown to the model, at all levels of kernels."""
        rng = np.random.default_rng(3)
        for cohort_name, v_genes in (("known", ["TRBV2*01", "TCRBV07-09*01", ""]), ("other", ["TRBV7-9", "TRBV30", ""])):
            os.makedirs(cohort_name)
            with open(f"{cohort_name}.tsv", "w", encoding="utf-8") as labels:
                labels.write("ID\tstatus\n")
                for b in range(20):
                    labels.write(f"b{b:02}\t{'-+'[b % 2]}\n")
                    with open(f"{cohort_name}/b{b:02}.tsv", "w", encoding="utf-8") as file:
                        file.write("junction_aa\tv_call\tj_call\n")
                        for _ in range(12):
                            middle = "".join(rng.choice(list("ACDEFGHIKL"), 3 + b % 4))
                            v = v_genes[0] if b % 2 and rng.random() < 0.5 else str(rng.choice(v_genes))
                            file.write(f"CAS{middle}QYF\t{v}\tTRBJ2-{rng.integers(1, 3)}\n")
            self.good("import", cohort_name, "-o", f"{cohort_name}.h5", f"--metadata={cohort_name}.tsv")
        t = self.train("g", "known.h5", "--target=status", "--model.embedder.n_kernel=6", "--model.embedder.kernel=5",
                       "--model.embedder.genes=3")
        names = [["missing", "TRBV2", "TRBV7-9"], ["missing", "TRBJ2-1", "TRBJ2-2"]]
        tables = [10 * t[f"sequence_embedding.{k}_gene.weight"] for k in "vj"]
        self.assertEqual([len(n) for n in names], [len(w) for w in tables])
        self.assertTrue((abs(tables[0]) > 1e-3).all(), "all vectors of V were learned")
        self.assertTrue((tables[1][0] == 0).all(), "no J is missing")
        for data in ("known.h5", "other.h5"):
            for level in ("plain", "avx2", "avx512"):
                done = self.good("predict", "g", data, "-o", "g.tsv", "--attention=g.att.tsv", "--force",
                                 env={**os.environ, "HOPSACK_KERNELS": level})
                self.assertEqual("are unknown to g/model.safetensors" in done.stderr, data == "other.h5", done.stderr)
                rows = {}
                for row in table("g.att.tsv"):
                    rows.setdefault(row["bag"], {})[int(row["instance"])] = row
                bags = {}
                for bag, of in rows.items():
                    of = [of[i] for i in sorted(of)]
                    h = [embed_sequences(t, [row["junction_aa"] for row in of])]
                    for k, column in enumerate(("v_call", "j_call")):
                        plain = [row[column].replace("TCRBV07-09", "TRBV7-9").partition("*")[0] or "missing" for row in of]
                        vectors = dict(zip(names[k], tables[k]))
                        h.append(np.array([vectors.get(name, np.zeros(3)) for name in plain]))
                    bags[bag] = np.hstack(h)
                self.compare("g", t, bags, {})

    def test_a_mean_beside_the_heads_standardised_over_bags(self):
        """The network of configs/repertoire.yaml, pooled in one pass over a bag."""
        t = self.train("n", "s.h5", "--target=status", "--model.embedder.n_kernel=6", "--model.embedder.kernel=5", "--model.norm=bags",
                       "--model.pooling.mean=true", "--model.pooling.norm_stored=none", "--model.pooling.norm_projection=none",
                       "--model.pooling.init=fan", "--model.embedder.start=kmers", "--model.embedder.min_z=2", "--train.draws=10",
                       "--train.average=0.9")
        sequences, output, attention = {}, {row["bag"]: float(row["output"]) for row in table("n.tsv")}, {}
        for row in table("n.att.tsv"):
            sequences.setdefault(row["bag"], {})[int(row["instance"])] = row["junction_aa"]
            attention[row["bag"], int(row["instance"]), int(row["head"])] = float(row["logit"]), float(row["weight"])
        vectors = {}
        for bag, of in sequences.items():
            h = embed_sequences(t, [of[i] for i in sorted(of)])
            z, scores, weights = hopfield(t, h)
            vectors[bag] = np.concatenate([z, h.mean(axis=0)])
            x = (vectors[bag] - t["bag_norm.mean"]) / np.sqrt(t["bag_norm.var"] + 1e-7)
            y = network(t, "output_nn.output_nn", x, selu)[0]
            self.assertAlmostEqual(output[bag], y, delta=1e-4 * max(1, abs(y)), msg=bag)
            for (i, _, head), score in np.ndenumerate(scores):
                self.assertAlmostEqual(attention[bag, i, head][0], score, delta=2e-5 * max(1, abs(score)), msg=f"{bag} {i} {head}")
                self.assertAlmostEqual(attention[bag, i, head][1], weights[i, 0, head], delta=2e-5, msg=f"{bag} {i} {head}")
        training = [row["bag"] for row in table("n/splits.tsv") if row["part"] == "train"]
        z = np.array([vectors[bag] for bag in training])
        np.testing.assert_allclose(t["bag_norm.mean"], z.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(t["bag_norm.var"], z.var(axis=0), rtol=1e-2, atol=1e-7)
        self.good("inspect", "--dynamics", "n/model.safetensors", "s.h5")

    def test_names_are_those_of_the_reference(self):
        t = self.train("names", "s.h5", "--target=status", "--model.embedder.n_kernel=6", "--model.pooling.learn_beta=true")
        core = "pooling.hopfield.association_core."
        shapes = {name: array.shape for name, array in t.items() if name.startswith("pooling")}
        self.assertEqual(shapes, {
            "pooling.pooling_weights": (1, 1, 6),
            "pooling.beta": (2,),
            core + "in_proj_weight": (24, 6),
            core + "in_proj_bias": (24,),
            core + "out_proj.weight": (6, 8),
            core + "out_proj.bias": (6,),
            **{f"pooling.hopfield.norm_{part}.{what}": (6,)
               for part in ("stored_pattern", "state_pattern", "pattern_projection") for what in ("weight", "bias")},
        })


if __name__ == "__main__":
    main()
