# SPDX-License-Identifier: MIT
"""Vectors of V and J genes joined to the embeddings of sequences: model.embedder.genes."""
import os
import random

from harness import TINY, Case, auc, main, read, run, table

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
GENES = ["TRBV2", "TRBV5-1", "TRBV6-2", "TRBV7-9", "TRBV9", "TRBV12", "TRBV18", "TRBV20", "TRBV27", "TRBV28"]


def restricted(folder, n_bag=160, n_seq=200):
    """Every bag has 10 sequences with a motif; in positive bags they all have one V gene."""
    draw = random.Random(3)
    os.makedirs(folder)
    with open(folder + "/meta.tsv", "w", encoding="utf-8") as meta:
        meta.write("ID\tstatus\n")
        for b in range(n_bag):
            meta.write(f"b{b:03}\t{'-+'[b % 2]}\n")
            rows = []
            for i in range(n_seq):
                middle = "".join(draw.choice(LETTERS) for _ in range(draw.randint(6, 10)))
                v = draw.choice(GENES)
                if i < 10:
                    middle, v = "SFEN" + middle[4:], GENES[3] if b % 2 else v
                rows.append(f"CASS{middle}EQYF\t{v}*01\tTRBJ2-{draw.randint(1, 7)}\n")
            draw.shuffle(rows)
            with open(f"{folder}/b{b:03}.tsv", "w", encoding="utf-8") as file:
                file.write("junction_aa\tv_call\tj_call\n" + "".join(rows))


class Genes(Case):
    @classmethod
    def prepare(cls):
        restricted("v")
        run("import", "v", "-o", "v.h5", "--metadata=v/meta.tsv")
        run("simulate", "--simulate.n_bag=20", "--simulate.n_seq=20", "--motif=SFEN", "--rho=0.1", "-o", "none.h5")
        cls.words = ["v.h5", TINY, "--target=status", "--positive=+", "--train.evaluate_every=100"]

    def score(self, folder):
        return auc([r for r in table(folder + "/predictions.tsv") if r["part"] == "test"])

    def test_a_signal_of_one_v_gene_is_found(self):
        words = ["train", *self.words, "--train.updates=800", "--model.embedder.kernel=5", "--model.pooling.n_layer=1",
                 "--model.selection.kind=all"]
        self.good(*words, "-o", "without")
        self.assertNotIn("genes", read("without/config.yaml").decode())
        self.good(*words, "--model.embedder.genes=4", "-o", "with", threads=1)
        self.good(*words, "--model.embedder.genes=4", "-o", "again", threads=2)
        self.assertLess(self.score("without"), 0.8)
        self.assertGreater(self.score("with"), 0.9)
        self.assertEqual(read("with/model.safetensors"), read("again/model.safetensors"))
        shown = self.good("inspect", "with/model.safetensors").stdout
        self.assertIn("sequence_embedding.v_gene.weight", shown)
        self.good("predict", "with", "v.h5", "-o", "out.tsv")
        before = {r["bag"]: r["output"] for r in table("with/predictions.tsv")}
        self.assertEqual({r["bag"]: r["output"] for r in table("out.tsv")}, before)
        self.good("explain", "with", "v.h5", "-o", "seen", "--top=20")
        for r in table("seen/bags.tsv"):
            self.assertAlmostEqual(float(r["bias"]) + float(r["contributions"]), float(before[r["bag"]]), places=4)
        self.assertEqual({r["v_call"].split("*")[0] for r in table("seen/sequences.tsv")}, {GENES[3]})
        self.good("predict", "with", "without", "v.h5", "-o", "both.tsv")
        other = {r["bag"]: float(r["output"]) for r in table("without/predictions.tsv")}
        for r in table("both.tsv"):
            self.assertAlmostEqual(float(r["output"]), (float(before[r["bag"]]) + other[r["bag"]]) / 2, places=4)
        done = self.good("predict", "with", "none.h5", "-o", "none.tsv")
        self.assertIn("it has no genes, which with/model.safetensors reads; they count as missing", done.stderr)

    def test_bags_that_are_not_held_rarefied_or_drawn_from(self):
        words = ["train", *self.words, "--train.updates=60", "--model.embedder.genes=2", "--train.draws=40"]
        self.good(*words, "-o", "held")
        self.good(*words, "--data.cache=0", "-o", "read")
        self.assertEqual(table("held/predictions.tsv"), table("read/predictions.tsv"))
        for more in (["--data.rarefy=50"], ["--model.embedder.kind=lstm"], ["--data.counts=log1p", "--model.pooling.count_weight=raw"],
                     ["--model.selection.kind=random", "--model.selection.fraction=0.5"], ["--train.instance_drop=0.3"]):
            folder = more[0].strip("-").replace("=", "-")
            self.good(*words, *more, "-o", folder)
            self.good("predict", folder, "v.h5", "-o", folder + ".tsv")
            self.assertEqual({r["bag"]: r["output"] for r in table(folder + ".tsv")},
                             {r["bag"]: r["output"] for r in table(folder + "/predictions.tsv")}, more)

    def test_a_start_from_kmers_is_the_same(self):
        words = ["train", *self.words, "--train.updates=1", "--train.lr=1e-9", "--model.embedder.start=kmers",
                 "--model.embedder.min_z=1", "--model.selection.kind=all"]
        self.good(*words, "-o", "k0")
        self.good(*words, "--model.embedder.genes=2", "-o", "k2")
        self.assertEqual(read("k0/kmers.tsv"), read("k2/kmers.tsv"))

    def test_crossval_resumes_to_the_same_bits(self):
        words = ["crossval", *self.words, "--train.updates=40", "--splits.n_fold=3", "--model.embedder.genes=2"]
        self.good(*words, "-o", "whole")
        stopped = run(*words, "-o", "stopped", env={**os.environ, "HOPSACK_TEST_STOP_AT": "20:2"})
        self.assertNotEqual(stopped.returncode, 0)
        self.good(*words, "-o", "stopped", "--resume")
        for f in range(3):
            name = f"rep00/fold{f:02}/model.safetensors"
            self.assertEqual(read("whole/" + name), read("stopped/" + name))
        self.good("predict", "stopped", "v.h5", "-o", "cv.tsv")

    def test_where_they_cannot_be(self):
        train = ["train", "--target=status", "--positive=+", TINY, "--model.embedder.genes=4", "-o", "no"]
        self.bad(2, r"none\.h5 has no V and J genes; leave it out", *train, "none.h5")
        self.bad(2, "reads no genes; leave one of the two out", *train, "v.h5", "--data.compat=deeprc")
        with open("x.csv", "w", encoding="utf-8") as file:
            file.write("bag,x,y,label\n" + "".join(f"b{i // 3},{i % 7},{i % 5},{i // 3 % 2}\n" for i in range(60)))
        self.good("import", "x.csv", "-o", "x.h5")
        self.bad(2, "holds vectors, which have no genes", "train", "x.h5", "--target=label", "--model.embedder.kind=mlp",
                 "--model.embedder.genes=4", "-o", "no")
        self.good("bench", "v.h5", TINY, "--model.embedder.genes=4", "--repeats=3")

    def test_a_search_varies_their_size_or_turns_them_off(self):
        words = ["crossval", *self.words, "--train.updates=10", "--splits.n_fold=3", "--search.kind=grid", "--search.inner_folds=2"]
        self.good(*words, "--model.embedder.genes=2", "--search.space.model.embedder.genes=2,3", "-o", "sizes")
        self.good(*words, "--model.embedder.genes=2", "--search.space.model.embedder.genes=0", "-o", "off")
        self.good("crossval", *self.words, "--train.updates=10", "--splits.n_fold=3", "-o", "never")
        for f in range(3):
            name = f"rep00/fold{f:02}/predictions.tsv"
            self.assertEqual(read("off/" + name), read("never/" + name))
        self.good("predict", "off", "v.h5", "-o", "off.tsv")
        self.bad(2, r"search: trial \d has another model\.embedder\.genes than the config", *words,
                 "--search.space.model.embedder.genes=0,2", "-o", "no")
        for key, value in (("model.bag_inputs.nuisance", "true,false"), ("model.pooling.count_weight", "none,raw")):
            self.bad(2, r"search: trial \d has another model\.[a-z_.]+ than the config", *words, "--model.embedder.genes=2",
                     f"--search.space.{key}={value}", "-o", "no")


main()
