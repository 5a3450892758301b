# SPDX-License-Identifier: MIT
"""hopsack check, its quick part in crossval and train, remarks of summaries, folds of batches, and data.rarefy."""
import json
import os
import random
import sys

from harness import Case, read, run, table
import harness

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "bench"))
import cohorts  # noqa: E402

SHORT = ["--train.updates=4", "--train.evaluate_every=2", "--train.batch=2"]


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def repertoires(folder, rows, columns="amino_acid\ttemplates"):
    """One file for each {name: [row]}."""
    os.makedirs(folder)
    for name, lines in rows.items():
        write(f"{folder}/{name}.tsv", columns + "\n" + "".join(line + "\n" for line in lines))


class Check(Case):
    @classmethod
    def prepare(cls):
        for kind in (*cohorts.KINDS, "clean"):
            cohorts.dataset(harness.HOPSACK, ".", kind, 0)

    def check(self, data, *words):
        return json.loads(self.good("check", data, "--json", *words).stdout)

    def remarks(self, data, *words):
        return self.check(data, "--target=status", *words)["remarks"]

    # ---- the statistics ----

    def test_confounders(self):
        said = {"depth": r"number of sequences alone predicts 'status' with AUC 0\.9", "short": r"below 12 residues alone predicts .* AUC 1\.000",
                "plate": r"column 'plate' alone predicts .* AUC 1\.000.* one label only"}
        for kind, pattern in said.items():
            self.assertRegex(self.remarks(f"{kind}0.h5", "--batch-column=plate")[0], pattern)
            done = self.good("crossval", f"{kind}0.h5", "--target=status", "--batch-column=plate", *SHORT, "--quiet", "-o", f"cv-{kind}")
            self.assertRegex(done.stderr, pattern)
            self.assertRegex(read(f"cv-{kind}/summary.md").decode(), r"\n## Remarks\n(\n|.)*" + pattern)
            with open(f"cv-{kind}/summary.json", encoding="utf-8") as file:
                self.assertTrue(json.load(file)["check"]["status"]["found"])

    def test_too_few(self):
        """Eight bags cannot give a remark, whatever predicts their label."""
        for n, few in ((8, True), (12, False)):
            repertoires(f"few{n}", {f"P{i:02d}": ["CASSLGQAYEQYF\t1", f"CASS{'ACDEFGHIKLMN'[i]}QETQYF\t1"] + ["CASSPGTDTQYF\t1"] * (i % 2)
                                    for i in range(n)})
            write(f"few{n}.tsv", "ID\tstatus\n" + "".join(f"P{i:02d}\t{'+-'[i % 2]}\n" for i in range(n)))
            self.good("import", f"--metadata=few{n}.tsv", "-o", f"few{n}.h5", f"few{n}")
            said = self.good("check", f"few{n}.h5", "--target=status").stdout
            self.assertEqual(f"\n{n} bags with a label of 'status' are too few to tell whether a number predicts it.\n" in said, few, said)
            self.assertEqual(said.startswith("The dataset is sound.\n"), few, said)
            self.assertIs(self.check(f"few{n}.h5", "--target=status")["tasks"]["status"]["too_few"], few)

    def test_classes_of_their_own_names(self):
        """--kind=multiclass finds the classes, as train and crossval do."""
        repertoires("three", {f"P{i:02d}": [f"CASSLG{'ACDEFGHIKLMNPQRSTV'[i]}AYEQYF\t1"] for i in range(18)})
        write("three.tsv", "ID\tarm\tplate\n" + "".join(f"P{i:02d}\t{'CAB'[i % 3]}\tp{i % 3}\n" for i in range(18)))
        self.good("import", "--metadata=three.tsv", "-o", "three.h5", "three")
        found = self.check("three.h5", "--target=arm", "--kind=multiclass", "--batch-column=plate")
        self.assertEqual(found["tasks"]["arm"]["counts"], {"A": 6, "B": 6, "C": 6})
        self.assertRegex(found["remarks"][0], "column 'plate' alone predicts 'arm' with AUC 1.000")
        self.assertIn("--kind", self.good("check", "--help").stdout)
        self.bad(2, "--positive=VALUE, or --kind=multiclass or regression", "check", "three.h5", "--target=arm")

    def test_clean(self):
        for seed in range(3):
            if seed:
                cohorts.dataset(harness.HOPSACK, ".", "clean", seed)
            self.assertEqual(self.remarks(f"clean{seed}.h5", "--batch-column=plate"), [])
        for rate in (0, 0.01):
            self.assertEqual(self.remarks(cohorts.simulated(harness.HOPSACK, ".", rate, 1)), [])

    def test_table(self):
        found = self.check("depth0.h5", "--target=status")
        task = found["tasks"]["status"]
        traits = {trait["name"]: trait for trait in task["traits"]}
        self.assertEqual(task["counts"], {"-": 25, "+": 25})
        self.assertEqual(found["verdict"], "remarks")
        self.assertLess(traits["sequences"]["interval"][0], traits["sequences"]["auc"])
        self.assertGreater(task["together"]["auc"], 0.8)
        self.assertEqual(sum(sum(n.values()) for n in traits["plate"]["by_class"].values()), 50)
        self.assertNotIn("comment", traits)  # an ID says nothing of the next bag
        plain = self.good("check", "depth0.h5", "--target=status").stdout
        self.assertRegex(plain, r"^The dataset is readable, with 1 remark:\n\* the number of sequences alone")
        self.assertIn("all together", plain)
        self.assertEqual(self.good("check", "clean0.h5").stdout.split("\n")[0], "The dataset is sound; nothing remarkable was found.")

    def test_threads(self):
        self.same_by_threads("check", "clean0.h5", "--target=status", "--json")

    def same_by_threads(self, *words):
        self.assertEqual(run(*words, threads=1).stdout, run(*words, threads=3).stdout)

    def test_regression(self):
        task = self.check("depth0.h5", "--target=age", "--kind=regression")["tasks"]["age"]
        self.assertEqual(task["missing"] + task["units"], 50)
        self.assertTrue(all("correlation" in trait or "constant" in trait for trait in task["traits"]))

    def test_usage(self):
        self.bad(2, "which dataset", "check")
        self.bad(2, "--positive goes with a label|--positive goes with --target", "check", "depth0.h5", "--positive=+")
        self.bad(3, "no column 'donor' .*--group", "check", "depth0.h5", "--target=status", "--group=donor")
        self.bad(3, "no column 'run' .*--batch-column", "check", "depth0.h5", "--target=status", "--batch-column=run")

    # ---- bags ----

    def test_donors(self):
        rng = random.Random(3)
        line = lambda n: f"{cohorts.sequence(rng, 8)}\t{n}"
        own = {name: [line(9) for _ in range(60)] for name in ("A1", "B1", "C1", "D1")}
        rows = {**own, "A2": own["A1"][:40] + [line(1) for _ in range(60)], "D2": own["D1"]}
        repertoires("donors", rows)
        write("donors.tsv", "ID\tdonor\n" + "".join(f"{name}\t{name[0]}\n" for name in rows))
        self.good("import", "--metadata=donors.tsv", "-o", "donors.h5", "donors")
        found = self.check("donors.h5", "--groups-out=groups.tsv")
        self.assertEqual(found["equal_bags"], [["D1.tsv", "D2.tsv"]])
        self.assertEqual({(p["a"], p["b"]) for p in found["shared_clones"]["pairs"]}, {("A1.tsv", "A2.tsv"), ("D1.tsv", "D2.tsv")})
        self.assertRegex(" ".join(found["remarks"]), r"'A1.tsv' and 'A2.tsv': 40 of 60.*--groups-out")
        donor = {row["ID"]: row["donor"] for row in table("groups.tsv")}
        self.assertEqual(len(set(donor.values())), 4)
        self.assertEqual(donor["A1"], donor["A2"])
        self.bad(6, "exists|--force", "check", "donors.h5", "--groups-out=groups.tsv")
        known = self.check("donors.h5", "--group=donor")["remarks"]
        self.assertNotRegex(" ".join(known), "one donor")

    def test_conventions(self):
        rng = random.Random(4)
        whole = {f"J{i}": [f"{cohorts.sequence(rng, 8)}\t1" for _ in range(20)] for i in range(3)}
        cut = {f"K{i}": [f"{cohorts.sequence(rng, 9)[1:-1]}\t1" for _ in range(20)] for i in range(3)}
        repertoires("ends", {**whole, **cut})
        self.good("import", "-o", "ends.h5", "ends")
        self.assertRegex(" ".join(self.check("ends.h5")["remarks"]), r"3 bags of junctions .* 3 of CDR3s.*--region=cdr3")

    def test_loci_and_genes(self):
        rng = random.Random(5)
        rows = {}
        for i in range(24):
            gene = lambda: rng.choice(["TRBV5-1", "TRBV9"] if i % 2 else ["TRBV9", "TRBV9", "TRBV9", "TRBV2", "TRAV1-1"])
            rows[f"G{i:02}"] = [f"{cohorts.sequence(rng, 8)}\tT\t1\t{gene()}\tTRBJ1-1" for _ in range(60)]
        repertoires("genes", rows, "junction_aa\tproductive\tduplicate_count\tv_call\tj_call")
        write("genes.tsv", "ID\tstatus\n" + "".join(f"{name}\t{'+-'[int(name[1:]) % 2]}\n" for name in rows))
        self.good("import", "--format=airr", "--metadata=genes.tsv", "-o", "genes.h5", "genes")
        found = self.check("genes.h5", "--target=status")
        self.assertEqual(set(found["loci"]), {"TRA", "TRB"})
        self.assertRegex(" ".join(found["remarks"]), r"several loci are mixed.*share of gene TRBV5-1|share of gene TRB.*")

    def test_damage(self):
        self.good("import", "--compress=none", "-o", "plain.h5", "clean0/bag00.tsv", "clean0/bag01.tsv")
        data = bytearray(read("plain.h5"))
        first = table("clean0/bag00.tsv")[0]["amino_acid"]
        at = data.index(bytes(cohorts.LETTERS.index(letter) for letter in first))
        data[at] ^= 1
        with open("damaged.h5", "wb") as file:
            file.write(data)
        done = run("check", "damaged.h5", "--json")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(json.loads(done.stdout)["verdict"], "damaged")

    def test_vectors(self):
        rng = random.Random(6)
        lines = ["bag_id,label,a,b\n"]
        for bag in range(24):
            for _ in range(rng.randint(2, 5) + 6 * (bag % 2)):
                lines.append(f"v{bag},{bag % 2},{rng.gauss(0, 1):.4f},{rng.gauss(0, 1):.4f}\n")
        write("vectors.csv", "".join(lines))
        self.good("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", "vectors.h5", "vectors.csv")
        found = self.check("vectors.h5", "--target=label")
        self.assertRegex(found["remarks"][0], r"the number of instances alone predicts 'label' with AUC 1\.000")
        self.assertIn("value_mean", {trait["name"] for trait in found["tasks"]["label"]["traits"]})

    # ---- remarks of summaries ----

    def test_train_and_evaluate(self):
        done = self.good("train", "depth0.h5", "--target=status", *SHORT, "-o", "run")
        self.assertRegex(done.stdout, r"\(30 bags\).*sensitivity [01]\.\d+ \(.*specificity [01]\.\d+ \(.*, ap [01]\.\d+, .*, bags: - 15, \+ 15\n")
        with open("run/summary.json", encoding="utf-8") as file:
            summary = json.load(file)
        self.assertEqual(summary["parts"]["test"]["tasks"]["status"]["classes"], {"-": 5, "+": 5})
        self.assertIn("alone predicts", " ".join(summary["remarks"]))
        scored = json.loads(self.good("evaluate", "run", "depth0.h5", "--part=all", "--json").stdout)
        self.assertIsInstance(scored["remarks"], list)

    def test_perfect(self):
        self.good("simulate", "-o", "easy.h5", "--simulate.n_bag=40", "--simulate.n_seq=50", "--simulate.rate=0.6")
        done = self.good("train", "easy.h5", "--target=status", "--splits.n_fold=3", "--splits.validation=none", "--train.updates=150",
                         "--train.evaluate_every=50", "--train.lr=0.01", "-o", "easy")
        self.assertRegex(done.stderr, r"remark: test, task 'status': a perfect AUC \(1[34] bags\)")

    # ---- batches ----

    def test_batch_folds(self):
        self.good("crossval", "clean0.h5", "--target=status", "--batch-column=plate", "--splits.kind=batch", *SHORT, "-o", "cv-batch")
        plate = {row["ID"]: row["plate"] for row in table("clean0/metadata.tsv")}
        fold = {row["bag"]: row["rep00"] for row in table("cv-batch/splits.tsv")}
        self.assertEqual(len({(plate[bag], fold[bag]) for bag in fold}), 4)
        self.bad(2, "splits.kind.*--batch-column", "crossval", "clean0.h5", "--target=status", "--splits.kind=batch", "-o", "none")
        self.assertRegex(read("cv-depth/summary.md").decode() if os.path.exists("cv-depth") else
                         self.ordinary(), r"--splits\.kind=batch")

    def test_batches_leave_the_other_settings_of_splits(self):
        """Another way to deal bags is no reason to forget the group or the validation set that a config names."""
        rows = table("clean0/metadata.tsv")
        write("twins.tsv", "ID\tstatus\tplate\tdonor\n" + "".join(f"{row['ID']}\t{row['status']}\t{row['plate']}\tD{i // 2}\n" for i, row in enumerate(rows)))
        write("grouped.yaml", "splits: {group: donor, batch: plate, validation: none, n_fold: 4}\n")
        done = self.good("crossval", "grouped.yaml", "--data.path=clean0.h5", "--metadata=twins.tsv", "--target=status",
                         "--splits.kind=batch", *SHORT, "-o", "cv-grouped", "--quiet")
        self.assertNotIn("no longer counts", done.stderr)
        config = read("cv-grouped/config.yaml").decode()
        for line in ("group: donor", "batch: plate", "validation: none"):
            self.assertIn(line, config)

    def ordinary(self):
        self.good("crossval", "clean0.h5", "--target=status", "--batch-column=plate", *SHORT, "-o", "cv-ordinary")
        return read("cv-ordinary/summary.md").decode()

    def test_batches_share_groups(self):
        rows = table("clean0/metadata.tsv")
        lines = [f"{row['ID']}\t{row['status']}\t{row['plate']}\tD{i // 2}\n" for i, row in enumerate(rows)]
        write("groups-of-batches.tsv", "ID\tstatus\tplate\tdonor\n" + "".join(lines))
        done = self.good("crossval", "clean0.h5", "--metadata=groups-of-batches.tsv", "--target=status", "--group=donor",
                         "--batch-column=plate", "--splits.kind=batch", *SHORT, "-o", "cv-shared", "--quiet")
        self.assertEqual(done.stderr.count("are left out of a fold"), 1)
        for fold in range(4):
            part = {row["bag"]: row["part"] for row in table(f"cv-shared/rep00/fold0{fold}/splits.tsv")}
            for i in range(0, 50, 2):
                self.assertLessEqual(len({part[b] for b in (rows[i]["ID"], rows[i + 1]["ID"]) if part.get(b)}), 1)

    def test_group_blanks(self):
        rows = table("clean0/metadata.tsv")
        lines = [f"{row['ID']}\t{row['status']}\tD{i // 5}{' ' * (i % 2)}\n" for i, row in enumerate(rows)]
        write("blanks.tsv", "ID\tstatus\tdonor\n" + "".join(lines))
        self.good("crossval", "clean0.h5", "--metadata=blanks.tsv", "--target=status", "--group=donor", *SHORT, "-o", "cv-blanks")
        fold = {row["bag"]: row["rep00"] for row in table("cv-blanks/splits.tsv")}
        self.assertEqual(len({(i // 5, fold[row["ID"]]) for i, row in enumerate(rows)}), 10)

    # ---- data.rarefy ----

    def test_rarefy(self):
        for by in ("clone", "count"):
            self.good("train", "depth0.h5", "--target=status", *SHORT, "--data.rarefy=min", f"--data.rarefy_by={by}", "--data.counts=log",
                      "--seed=5", "-o", f"rare-{by}")
            self.good("predict", f"rare-{by}", "depth0.h5", "-o", f"rare-{by}.tsv")
            trained = {row["bag"]: row["output"] for row in table(f"rare-{by}/predictions.tsv")}
            self.assertEqual({row["bag"]: row["output"] for row in table(f"rare-{by}.tsv")}, trained)
            with open(f"rare-{by}/summary.json", encoding="utf-8") as file:
                names = {found["name"] for found in json.load(file)["check"]["status"]["found"]}
            self.assertNotIn("sequences" if by == "clone" else "depth", names)

    def test_rarefied_alone(self):
        """A bag's part does not depend on the bags beside it, and predict says which are smaller."""
        self.good("train", "depth0.h5", "--target=status", *SHORT, "--data.rarefy=150", "--data.rarefy_seed=7", "-o", "rare")
        names = [f"bag{i:02}" for i in range(6)]
        self.good("import", "-o", "few.h5", *(f"depth0/{name}.tsv" for name in names))
        done = self.good("predict", "rare", "few.h5", "--quiet", "-o", "few.tsv")
        trained = {row["bag"]: row["output"] for row in table("rare/predictions.tsv")}
        self.assertEqual({row["bag"][:5]: row["output"] for row in table("few.tsv")}, {name: trained[name] for name in names})
        smaller = sum(len(read(f"depth0/{name}.tsv").splitlines()) - 1 < 150 for name in names)
        self.assertEqual(f"{smaller} bag" in done.stderr, smaller > 0)

    def test_rarefy_usage(self):
        self.bad(2, "data.rarefy.*none, min or a number", "train", "depth0.h5", "--target=status", "--data.rarefy=half", "-o", "none")
        self.bad(2, "data.rarefy_seed", "train", "depth0.h5", "--target=status", "--data.rarefy=5", "--data.rarefy_seed=x", "-o", "none")


class Assumptions(Case):
    """check --assumptions, which needs no dataset."""

    def test_every_pooling(self):
        result = json.loads(self.good("check", "--assumptions", "--json").stdout)
        verdicts = {m["name"]: [m["tests"][t]["verdict"] for t in ("single", "threshold", "frequency")] for m in result["models"]}
        self.assertEqual(len(verdicts), len(set(verdicts)))
        self.assertTrue({"attention", "hopfield", "gated", "mean", "max", "additive", "logsumexp"} <= set(verdicts))
        self.assertEqual(verdicts["max, monotone output"], ["passes"] * 3)
        for name in ("mean", "max", "hopfield"):
            self.assertIn("breaks", verdicts[name], name)
        for m in result["models"]:
            self.assertEqual(m["passes"], all(t["verdict"] == "passes" for t in m["tests"].values()))
            for t in m["tests"].values():
                low = min(t["alike"]), min(t["test"])
                self.assertEqual(t["verdict"], "not learned" if low[0] < .9 else "breaks" if low[1] < .9 else "passes")
        self.assertEqual(result["seeds"], [0, 1, 2])

    def test_a_config(self):
        write("max.yaml", "model:\n  embedder: {kind: mlp, n_layer: 1, n_unit: 32}\n  selection: {kind: all}\n"
                          "  pooling: {kind: max}\n  output: {monotone: true}\n")
        text = self.good("check", "--assumptions", "max.yaml").stdout
        self.assertRegex(text, r"(?m)^max.yaml +1.00 1.00 passes +.* obeys$")
        one = self.good("check", "--assumptions", "max.yaml", "--json", "--seed=7").stdout
        for n in (2, 4):
            self.assertEqual(self.good("check", "--assumptions", "max.yaml", "--json", "--seed=7", threads=n).stdout, one)
        self.assertEqual(json.loads(one)["seeds"], [7, 8, 9])
        text = self.good("check", "--assumptions", "max.yaml", "--model.output.monotone=false").stdout
        self.assertRegex(text, r"(?m)^max.yaml .* does not$")
        # an embedder of sequences is replaced; a norm over bags, statistics of bags, several tasks
        self.good("check", "--assumptions", "--model.embedder.kind=cnn", "--model.norm=bags", "--model.selection.kind=all",
                  "--model.bag_inputs.statistics=true")
        write("tasks.yaml", "base: max.yaml\ntasks:\n  - {name: a, column: a, kind: multiclass, classes: [x, y, z]}\n"
                            "  - {name: b, column: b, kind: regression}\n")
        self.good("check", "--assumptions", "tasks.yaml")

    def test_wrong_words(self):
        write("one.yaml", "model: {pooling: {kind: max}}\n")
        self.bad(2, "simulates its bags: leave out data.h5", "check", "--assumptions", "data.h5")
        self.bad(2, "simulates its bags: leave out", "check", "--assumptions", "one.yaml", "data.h5")
        self.bad(2, "--groups-out is for datasets", "check", "--assumptions", "--groups-out=g.tsv")
        self.bad(2, "max has no attention to select by", "check", "--assumptions", "one.yaml")
        self.bad(2, "none is for bags of one instance", "check", "--assumptions", "one.yaml", "--model.pooling.kind=none",
                 "--model.selection.kind=all")


if __name__ == "__main__":
    harness.main()
