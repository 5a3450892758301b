# SPDX-License-Identifier: MIT
"""Several poolings side by side."""
import json
import os
import random
import signal

from harness import Case, cohort, main, read, run, table

PAIR = ["--model.pooling.1.kind=hopfield", "--model.pooling.1.n_head=2", "--model.pooling.1.n_query=2",
        "--model.pooling.1.beta=20"]
SPARSE = ["--model.pooling.3.kind=gated", "--model.pooling.3.normalizer=entmax15", "--model.pooling.4.kind=additive",
          "--model.pooling.5.kind=logsumexp", "--model.pooling.0.normalizer=sparsemax"]
ALL = "--model.selection.kind=all"


def vectors(path):
    draw = random.Random(5)
    with open(path, "w", encoding="utf-8") as file:
        file.write("bag_id,label,a,b,c\n")
        for bag in range(30):
            for i in range(3 + bag % 4):
                shift = 4 if bag % 2 and i == 0 else 0
                file.write(f"b{bag},{bag % 2},{draw.gauss(shift, 1):.4f},{draw.gauss(0, 1):.4f},{draw.gauss(0, 1):.4f}\n")


class Poolings(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=15)
        vectors("v.csv")
        assert run("import", "v.csv", "-o", "v.h5").returncode == 0
        with open("list.yaml", "w", encoding="utf-8") as file:
            file.write("train: {updates: 40, evaluate_every: 20, lr: 0.01}\n"
                       "tasks: [{name: label, column: label, kind: binary}]\n"
                       "model:\n  embedder: {kind: mlp, n_unit: 8}\n  selection: {kind: all}\n  pooling:\n"
                       "    - {kind: hopfield, n_head: 2, head_size: 4}\n    - {kind: mean}\n    - {kind: max}\n")
        with open("one.yaml", "w", encoding="utf-8") as file:
            file.write("base: list.yaml\nmodel: {pooling: [{kind: gated, n_unit: 5}]}\n")
        with open("block.yaml", "w", encoding="utf-8") as file:
            file.write("base: list.yaml\nmodel: {pooling: {kind: gated, n_unit: 5}}\n")

    def train(self, path, *flags, config="tiny.yaml", data="c.h5", **options):
        target = ["--target=status"] if data == "c.h5" else []
        return self.good("train", config, f"--data.path={data}", *target, "-o", path, *flags, **options)

    def test_attention_and_dynamics_say_which(self):
        self.train("pair", *PAIR)
        self.good("predict", "pair", "c.h5", "-o", "pair.tsv", "--attention=pair.att.tsv")
        rows = table("pair.att.tsv")
        self.assertEqual(list(rows[0])[-2:], ["rank", "pooling"])
        want = {("0", "0", "0"), *(("1", q, h) for q in "12" for h in "01")}
        self.assertEqual({(r["pooling"], r["query"], r["head"]) for r in rows}, want)
        kept = {}
        for row in rows:  # all columns weigh the same instances
            if float(row["weight"]) > 0:
                kept.setdefault(row["bag"], set()).add(row["instance"])
        self.assertEqual({len(k) for k in kept.values()}, {6})
        heads = json.loads(self.good("inspect", "--dynamics", "pair", "c.h5", "--json").stdout)["heads"]
        self.assertEqual({(str(h["pooling"]), str(h["query"]), str(h["head"])) for h in heads}, want)
        text = self.good("inspect", "--dynamics", "pair", "c.h5").stdout
        self.assertIn("pooling query head  class", text)
        names = self.good("inspect", "pair/model.safetensors").stdout
        self.assertIn("attention_nn.attention_nn.0.weight", names)
        self.assertIn("pooling.1.pooling_weights", names)

    def test_alone_nothing_is_new(self):
        self.train("alone")
        self.good("predict", "alone", "c.h5", "-o", "alone.tsv", "--attention=alone.att.tsv")
        self.assertEqual(list(table("alone.att.tsv")[0])[-1], "rank")
        self.train("block", config="block.yaml", data="v.h5")
        self.train("one", config="one.yaml", data="v.h5")  # a list of one is the block
        for name in ("config.yaml", "predictions.tsv", "model.safetensors"):
            self.assertEqual(read(f"block/{name}"), read(f"one/{name}"), name)

    def test_threads_and_resume_change_no_bit(self):
        for config, data, flags in (("list.yaml", "v.h5", SPARSE), ("tiny.yaml", "c.h5", PAIR)):
            paths = [f"t{n}-{data}" for n in (1, 2, 3)]
            for n, path in zip((1, 2, 3), paths):
                self.train(path, *flags, config=config, data=data, threads=n)
            half = f"half-{data}"
            target = ["--target=status"] if data == "c.h5" else []
            done = run("train", config, f"--data.path={data}", *target, "-o", half, *flags,
                       env={**os.environ, "HOPSACK_TEST_STOP_AT": f"23:{int(signal.SIGINT)}"})
            self.assertEqual(done.returncode, 130, done.stderr)
            self.good("train", "--resume", "-o", half)
            for path in paths[1:] + [half]:
                for name in ("predictions.tsv", "model.safetensors"):
                    self.assertEqual(read(f"{path}/{name}"), read(f"{paths[0]}/{name}"), f"{path} {name}")
            self.good("predict", paths[0], data, "-o", f"again-{data}.tsv")
            kept = {r["ID"] if "ID" in r else r["bag"]: r["output"] for r in table(f"{paths[0]}/predictions.tsv")}
            new = {r["ID"] if "ID" in r else r["bag"]: r["output"] for r in table(f"again-{data}.tsv")}
            self.assertEqual(kept, {key: new[key] for key in kept})

    def test_start_from_kmers(self):
        self.train("start", *PAIR, ALL, "--model.embedder.start=kmers")
        self.train("fan", "--model.pooling.1.kind=mean", ALL, "--model.embedder.start=kmers")

    def test_wrong_words(self):
        base = ["train", "list.yaml", "--data.path=v.h5", "-o", "new"]
        self.bad(2, "model.pooling is a list here; say which entry: --model.pooling.0.kind=VALUE", *base,
                 "--model.pooling.kind=mean")
        self.bad(2, "model.pooling.1.kind: 'median' is not attention", *base, "--model.pooling.1.kind=median")
        self.bad(2, r"model.pooling.1.kind: mean has no attention to select by", *base, "--model.selection.kind=top")
        self.bad(2, "'model.pooling' has 3 entries", *base, "--model.pooling.7.kind=mean")
        self.bad(2, "at most 8", *base, *(f"--model.pooling.{k}.kind=mean" for k in range(3, 9)))
        self.bad(2, "entry 3 of model.pooling: .*head_beta", *base, "--model.pooling.3.kind=hopfield",
                 "--model.pooling.3.head_beta=1,2,3")
        self.train("plain", "--model.pooling.0.kind=mean", "--model.pooling.1.kind=max", ALL, config="block.yaml",
                   data="v.h5")
        self.bad(4, "no attention; leave out --attention", "predict", "plain", "v.h5", "-o", "p.tsv", "--attention=a.tsv")


if __name__ == "__main__":
    main()
