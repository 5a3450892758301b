# SPDX-License-Identifier: MIT
import json
import math
import statistics

from harness import Case, cohort, main, table, trained

HOPFIELD = ["--model.pooling.kind=hopfield", "--model.pooling.n_head=3", "--model.pooling.n_query=2"]


class Dynamics(Case):
    """inspect --dynamics against the weights that predict exports."""

    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=15)
        with open("plain.yaml", "w", encoding="utf-8") as file:
            file.write("train: {updates: 40, evaluate_every: 20, lr: 0.01}\nmodel: {embedder: {n_kernel: 8}}\n")
        trained("attention", "c.h5")
        cls.train("hopfield", *HOPFIELD, "--model.pooling.beta=30", "--model.selection.fraction=0.5")

    @staticmethod
    def train(path, *flags):
        from harness import run
        done = run("train", "plain.yaml", "--data.path=c.h5", "--target=status", "-o", path, *flags)
        assert done.returncode == 0, done.stderr

    def weights(self, model):
        """(query, head) → bag → weights of what is pooled, largest first."""
        self.good("predict", model, "c.h5", "-o", f"{model}.tsv", f"--attention={model}.att.tsv", "--force")
        out = {}
        for row in table(f"{model}.att.tsv"):
            bag = out.setdefault((int(row["query"]), int(row["head"])), {}).setdefault(row["bag"], [])
            bag.append(float(row["weight"]))
        return out

    def test_k_class_and_entropy(self):
        for model, n_head, kept in (("attention", 1, 6), ("hopfield", 6, 30)):
            result = json.loads(self.good("inspect", "--dynamics", model, "c.h5", "--json").stdout)
            self.assertEqual((result["n_bags"], len(result["heads"])), (15, n_head))
            self.assertEqual(result["n_instances"], [kept] * 3)
            weights = self.weights(model)
            for head in result["heads"]:
                bags = [sorted(w, reverse=True) for w in weights[head["query"], head["head"]].values()]
                k = []
                for w in bags:
                    total, at = 0, 0
                    while total < 0.9 and at < kept:
                        total, at = total + w[at], at + 1
                    k.append(at)
                self.assertEqual(head["k"], statistics.quantiles(k, n=4, method="inclusive"), f"{model} {head}")
                share = statistics.median(k) / kept
                self.assertAlmostEqual(head["k_share"][1], share, places=9)
                self.assertEqual(head["class"], "I" if share > 1 / 2 else "II" if share > 1 / 8 else "III" if share > 1 / 32 else "IV")
                entropy = statistics.mean(-sum(p * math.log(p) for p in w if p > 0) for w in bags)
                self.assertAlmostEqual(head["entropy"], entropy, places=4)
                self.assertAlmostEqual(head["evenness"], entropy / math.log(kept), places=4)
                self.assertAlmostEqual(head["largest_weight"], statistics.mean(w[0] for w in bags), places=5)

    def test_table(self):
        done = self.good("inspect", "--dynamics", "hopfield/model.safetensors", "c.h5")
        rows = [line.split() for line in done.stdout.splitlines()]
        at = next(i for i, row in enumerate(rows) if row[:3] == ["query", "head", "class"])
        self.assertEqual([row[:2] for row in rows[at + 1 :]], [[str(q), str(h)] for q in range(2) for h in range(3)])

    def test_wrong_words(self):
        self.train("mean", "--model.pooling.kind=mean", "--model.selection.kind=all")
        self.bad(4, "pooling mean has no attention", "inspect", "--dynamics", "mean", "c.h5")
        self.bad(2, "takes a model and a dataset", "inspect", "--dynamics", "hopfield")
        self.bad(2, "c.h5 is no folder of a run|hopfield", "inspect", "hopfield", "c.h5")
        self.bad(6, "none.h5", "inspect", "--dynamics", "hopfield", "none.h5")
        self.bad(4, "c.h5", "inspect", "--dynamics", "c.h5", "c.h5")


if __name__ == "__main__":
    main()
