# SPDX-License-Identifier: MIT
"""What a network reads beside sequences: clone counts as weights in the pooling."""
import os
import random

from harness import TINY, Case, auc, main, read, run, table

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def clones(folder, n_bag=80, n_seq=60):
    """Every bag has the same number of sequences with a motif; in positive bags these are the large clones."""
    draw = random.Random(3)
    os.makedirs(folder)
    with open(os.path.join(folder, "meta.tsv"), "w", encoding="utf-8") as meta:
        meta.write("ID\tstatus\n")
        for b in range(n_bag):
            meta.write(f"b{b:02}\t{'-+'[b % 2]}\n")
            rows = []
            for i in range(n_seq):
                middle = "".join(draw.choice(LETTERS) for _ in range(draw.randint(5, 9)))
                large = i // 5 == 1 - b % 2
                rows.append(("CASS" + ("SFEN" + middle[4:] if i < 5 else middle) + "EQYF",
                             draw.randint(20, 60) if large else draw.randint(1, 2)))
            draw.shuffle(rows)
            with open(os.path.join(folder, f"b{b:02}.tsv"), "w", encoding="utf-8") as file:
                file.write("junction_aa\tduplicate_count\n" + "".join(f"{s}\t{c}\n" for s, c in rows))


class CountWeight(Case):
    @classmethod
    def prepare(cls):
        clones("clones")
        run("import", "clones", "-o", "clones.h5", "--metadata=clones/meta.tsv")
        cls.words = ["train", TINY, "clones.h5", "--target=status", "--positive=+", "--train.evaluate_every=200"]

    def score(self, folder, part="test"):
        return auc([r for r in table(os.path.join(folder, "predictions.tsv")) if r["part"] == part])

    def test_expanded_clones_are_found(self):
        self.good(*self.words, "--train.updates=400", "-o", "plain")
        self.good(*self.words, "--train.updates=400", "--model.pooling.count_weight=raw", "-o", "raw", threads=1)
        self.good(*self.words, "--train.updates=400", "--model.pooling.count_weight=raw", "-o", "again", threads=2)
        self.assertLess(self.score("plain"), 0.8)
        self.assertGreater(self.score("raw"), 0.95)
        self.assertEqual(read("raw/model.safetensors"), read("again/model.safetensors"))
        self.assertNotIn("count_weight", read("plain/config.yaml").decode())
        self.good("predict", "raw", "clones.h5", "-o", "out.tsv")
        before = {r["bag"]: float(r["output"]) for r in table("raw/predictions.tsv")}
        for row in table("out.tsv"):
            self.assertAlmostEqual(float(row["output"]), before[row["bag"]], places=4)

    def test_where_it_cannot_be(self):
        for words, sentence in (
            (["--model.pooling.kind=max", "--model.selection.kind=all"], "max has no use for weights"),
            (["--model.pooling.kind=hopfield", "--model.pooling.steps=2"], "only if it retrieves once"),
            (["--data.compat=deeprc"], "weighs no counts"),
        ):
            result = run(*self.words, "--model.pooling.count_weight=log1p", *words, "-o", "no")
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("model.pooling.count_weight", result.stderr)
            self.assertIn(sentence, result.stderr)

    def test_vectors_have_none(self):
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag,x,y,label\n" + "".join(f"b{i // 3},{i % 7},{i % 5},{i // 3 % 2}\n" for i in range(60)))
        self.good("import", "v.csv", "-o", "v.h5")
        result = run("train", "v.h5", "--target=label", "--model.embedder.kind=mlp", "--model.pooling.count_weight=raw",
                     "-o", "no")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("holds vectors, which have no counts", result.stderr)

    def test_models_that_count_differently_are_not_averaged(self):
        for weight in ("raw", "log1p"):
            self.good(*self.words, "--train.updates=1", f"--model.pooling.count_weight={weight}", "-o", f"by-{weight}")
        result = run("predict", "by-raw", "by-log1p", "clones.h5", "-o", "out.tsv")
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("read counts differently", result.stderr)


main()
