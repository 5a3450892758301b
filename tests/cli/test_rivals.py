# SPDX-License-Identifier: MIT
"""What holds for every rival of bags of sequences: hopsack baseline."""
import csv
import gzip
import json
import os
import random
import re
import shutil
import struct
import unittest
import zlib

from harness import Case, cohort, is_built, main, read, run, snapshot, table

ALPHABET = "ACDEFGHIKLMNPQRSTVWY"
FOLDS = "--splits.n_fold=3", "--inner=3"


def methods(kind="sequences"):
    """As the help lists them, those by name only too."""
    found, within = [], False
    for line in run("help", "baseline").stdout.splitlines():
        if line.startswith("Methods for"):
            within = f"for {kind}" in line
        elif within and re.match(r"  [a-z]", line):
            found.append(line.split()[0])
    return found


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_tables(folder, n_bag=36, n_seq=40, label=lambda b: b % 2, seed=3):
    """Repertoires as AIRR tables; those of label 1 hold SFEN, a shared sequence, and more of one V gene."""
    os.makedirs(folder)
    draw = random.Random(seed)
    pool = ["CASS" + "".join(draw.choices(ALPHABET, k=6)) + "EQYF" for _ in range(60)]
    with open(f"{folder}.csv", "w", encoding="utf-8") as labels:
        labels.write("ID,label,number,kind,donor,plate,age\n")
        for b in range(n_bag):
            k = label(b)
            labels.write(f"b{b:02},{k},{k + draw.gauss(0, .3):.3f},{'xyz'[b % 3]},d{b // 4 * 2 + b % 2},p{b // 9},{20 + b}\n")
            with open(f"{folder}/b{b:02}.tsv", "w", encoding="utf-8") as file:
                file.write("junction_aa\tv_call\tj_call\tduplicate_count\n")
                for i in range(n_seq):
                    middle = "".join(draw.choices(ALPHABET, k=draw.randint(5, 8)))
                    if k and i < 4:
                        middle = middle[:1] + "SFEN" + middle[5:]
                    sequence = "CASS" + middle + "EQYF"
                    if draw.random() < 0.3:
                        sequence = draw.choice(pool)
                    if k and i == 9:
                        sequence = "CASSPPPPPPPEQYF"
                    v = "TRBV1" if draw.random() < (0.7 if k else 0.4) else "TRBV2"
                    file.write(f"{sequence}\t{v}\tTRBJ{1 + i % 2}\t{draw.randint(1, 9)}\n")


def split_model(path):
    """Header without tensors, {name: [dtype, shape, bytes]}."""
    data = read(path)
    start = 8 + struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:start])
    meta = head.pop("__metadata__")
    return meta, {name: [t["dtype"], t["shape"], data[start + t["data_offsets"][0]:start + t["data_offsets"][1]]]
                  for name, t in head.items()}


def tensors_of(path):
    return list(split_model(path)[1])


def write_damaged(source, change):
    """damaged.safetensors with the right checksum; `change` gets what the model says of its method, and its tensors."""
    meta, tensors = split_model(source)
    known = json.loads(meta["hopsack"])
    change(known["rival"], tensors)
    meta.update(crc32="00000000", hopsack=json.dumps(known))
    head, at = {"__metadata__": meta}, 0
    for name, (dtype, shape, data) in tensors.items():
        head[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    whole = struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values())
    with open("damaged.safetensors", "wb") as file:
        file.write(whole.replace(b'"crc32":"00000000"', b'"crc32":"%08x"' % zlib.crc32(whole), 1))


class Rivals(Case):
    @classmethod
    def prepare(cls):
        write_tables("raw")
        done = run("import", "raw", "--metadata=raw.csv", "-o", "c.h5")
        assert done.returncode == 0, done.stderr
        cls.methods = [m for m in methods() if is_built(m, "c.h5", "label")]
        cls.named = [f"--method={m}" for m in cls.methods]
        with open("by3.csv", "w", encoding="utf-8") as file:
            file.write("bag,fold\n")
            file.writelines(f"b{b:02},{b // 2 % 3}\n" for b in range(36))
        done = run("baseline", "c.h5", "--target=label", "--splits=by3.csv", "--inner=3", *cls.named, "--important=50",
                   "-o", "all", threads=3)
        assert done.returncode == 0, done.stderr
        cls.summary = load("all/summary.json")

    def test_the_families_are_there(self):
        self.assertLessEqual({"nuisance", "genes", "kmer-3", "kmer-4", "gapped", "gap1", "halves", "thirds", "enriched",
                              "clones", "clones-1", "public", "public-vj", "public-eb", "public-eb-vj"}, set(self.methods))
        self.assertEqual(list(self.summary["methods"]), self.methods)

    def test_every_method_has_its_files(self):
        for method in self.methods:
            task = self.summary["methods"][method]["tasks"]["label"]
            self.assertEqual(task["n_bags"], 36, method)
            self.assertEqual(len(task["chosen"]), 3, method)
            rows, inner = table(f"all/{method}/predictions.tsv"), table(f"all/{method}/inner.tsv")
            self.assertEqual(sorted(r["bag"] for r in rows), [f"b{b:02}" for b in range(36)], method)
            self.assertEqual(list(inner[0]), [*rows[0], "inner"], method)
            self.assertEqual({r["part"] for r in inner}, {"inner"}, method)
            fold_of = {r["bag"]: r["fold"] for r in rows}
            for fold in "012":  # every training bag has one, and no test bag
                bags = [r["bag"] for r in inner if r["fold"] == fold]
                self.assertEqual(sorted(bags), sorted(b for b, f in fold_of.items() if f != fold), method)
            self.assertEqual(sorted(os.listdir(f"all/{method}/models")),
                             [f"rep00_fold0{f}_task0.safetensors" for f in range(3)], method)

    def test_what_is_there_is_found(self):
        for method, least in (("kmer-4", .8), ("gapped", .8), ("enriched", .95), ("public", .9), ("public-eb", .8), ("genes", .7)):
            self.assertGreater(self.summary["methods"][method]["tasks"]["label"]["auc_mean"], least, method)

    def test_motifs_and_shared_clones_rank_first(self):
        for method, wanted in (("kmer-4", "PPPP"), ("enriched", "PPPP"), ("clones", "CASSPPPPPPPEQYF"),
                               ("public", "CASSPPPPPPPEQYF"), ("public-eb", "CASSPPPPPPPEQYF")):
            rows = table(f"all/{method}/important_sequences.tsv")
            self.assertLessEqual(len(rows), 50)
            self.assertEqual([int(r["rank"]) for r in rows], list(range(1, len(rows) + 1)))
            scores = [float(r["score"]) for r in rows]
            self.assertEqual(scores, sorted(scores, reverse=True), method)
            self.assertEqual(len({(r["junction_aa"], r["v_call"], r["j_call"]) for r in rows}), len(rows), method)
            self.assertIn(wanted, rows[0]["junction_aa"], method)

    def test_rarefied_bags_are_ranked(self):
        self.good("baseline", "c.h5", "--target=label", *FOLDS, "--data.rarefy=10", "--important=30", *self.named, "-o", "rare")
        for method in ("kmer-4", "enriched", "clones", "public"):
            for row in table(f"rare/{method}/important_sequences.tsv"):
                self.assertRegex(row["junction_aa"], "^CASS[A-Z]+EQYF$")
                self.assertIn(row["v_call"], ("TRBV1", "TRBV2"))

    def test_labels_of_the_test_part_do_not_matter(self):
        flipped = [line.split(",") for line in read("raw.csv").decode().splitlines()]
        for row in flipped[1:]:
            if int(row[0][1:]) // 2 % 3 == 0 and int(row[0][1:]) % 12 < 2:  # some of fold 0
                row[1] = str(1 - int(row[1]))
        with open("flipped.csv", "w", encoding="utf-8") as file:
            file.writelines(",".join(row) + "\n" for row in flipped)
        self.good("baseline", "c.h5", "--metadata=flipped.csv", "--target=label", "--splits=by3.csv", "--inner=3", *self.named,
                  "-o", "flip")
        for method in self.methods:
            for name in ("predictions.tsv", "inner.tsv"):
                a, b = ({(r["bag"], r.get("inner")): r["output"] for r in table(f"{folder}/{method}/{name}") if r["fold"] == "0"}
                        for folder in ("all", "flip"))
                self.assertEqual(a, b, f"{method} {name}")

    def test_the_same_bytes_on_any_threads(self):
        for threads in (1, 4):
            self.good("baseline", "c.h5", "--target=label", "--splits=by3.csv", "--inner=3", *self.named, "--important=50", "-o",
                      f"t{threads}", threads=threads)
            for name in snapshot("all"):
                other = name.replace("all", f"t{threads}", 1)
                if "summary" in name or "manifest" in name:
                    continue
                self.assertEqual(read(name), read(other), other)

    def test_resumed_to_the_same_bytes(self):
        shutil.copytree("all", "again")
        shutil.rmtree("again/kmer-3")
        os.remove("again/clones/summary.json")
        kept = os.stat("again/genes/predictions.tsv").st_mtime_ns
        self.bad(6, "--resume continues", "baseline", "c.h5", "--target=label", "--splits=by3.csv", "--inner=3", *self.named,
                 "-o", "again")
        self.good("baseline", "c.h5", "--target=label", "--splits=by3.csv", "--inner=3", *self.named, "--resume", "-o", "again")
        for method in self.methods:
            for name in ("predictions.tsv", "inner.tsv", "models/rep00_fold01_task0.safetensors"):
                self.assertEqual(read(f"again/{method}/{name}"), read(f"all/{method}/{name}"), method)
        self.assertEqual(os.stat("again/genes/predictions.tsv").st_mtime_ns, kept, "what is done stays")
        self.assertEqual(list(load("again/summary.json")["methods"]), self.methods)

    def test_a_method_is_added_to_a_run(self):
        words = "baseline", "c.h5", "--target=label", *FOLDS, "-o", "more"
        self.good(*words, "--method=kmer-3")
        self.good(*words, "--method=nuisance", "--resume")
        self.assertEqual(list(load("more/summary.json")["methods"]), ["nuisance", "kmer-3"])
        self.assertIn("| kmer-3 |", read("more/summary.md").decode())
        done = self.good(*words, "--method=nuisance", "--resume", "--permute=2")  # of other settings: not one table
        self.assertEqual(list(load("more/summary.json")["methods"]), ["nuisance"])
        self.assertIn("more/nuisance was run with another --permute, and is run anew", done.stderr)
        self.assertIn("more: 1 method with another value of a flag is left out of the summary: kmer-3 (--permute); their folders stay",
                      done.stderr)
        self.assertTrue(os.path.exists("more/kmer-3/summary.json"))

    def test_resumed_with_data_at_another_place(self):
        self.good("baseline", "c.h5", "--target=label", "--metadata=raw.csv", "--splits=by3.csv", "--inner=3", "--method=nuisance", "-o",
                  "moved")
        before = read("moved/config.yaml")
        for name in ("c.h5", "raw.csv", "by3.csv"):
            shutil.copy(name, f"elsewhere.{name}")
        words = ("baseline", "elsewhere.c.h5", "--metadata=elsewhere.raw.csv", "--splits=elsewhere.by3.csv", "--inner=3", "-o", "moved",
                 "--resume")
        for _ in range(2):  # and again
            self.good(*words, "--target=label", "--method=kmer-3")
        self.assertEqual(list(load("moved/summary.json")["methods"]), ["nuisance", "kmer-3"])
        self.assertEqual(read("moved/config.yaml"), before)
        self.assertEqual(read("moved/kmer-3/predictions.tsv"), read("all/kmer-3/predictions.tsv"))
        self.bad(2, "splits.batch was null in moved/config.yaml and is plate now", *words, "--target=label", "--batch-column=plate")
        self.bad(2, "tasks.0.name was label in moved/config.yaml and is number now", *words, "--target=number", "--kind=regression")
        rows = read("raw.csv").decode().splitlines()
        with open("edited.csv", "w", encoding="utf-8") as file:  # the labels of two bags, exchanged
            cells = [row.split(",") for row in rows]
            at = cells[0].index("label")
            one, other = next((a, b) for a in cells[1:] for b in cells[1:] if a[at] != b[at])
            one[at], other[at] = other[at], one[at]
            file.writelines(",".join(row) + "\n" for row in cells)
        self.bad(3, "is not the dataset that the run in moved began with", "baseline", "elsewhere.c.h5",
                 "--metadata=edited.csv", "--splits=elsewhere.by3.csv", "--inner=3", "-o", "moved", "--resume", "--target=label")

    def test_the_inner_folds_that_there_are(self):
        """36 bags in 3 folds leave 12 of a class to train on."""
        self.good("baseline", "c.h5", "--target=label", FOLDS[0], "--method=nuisance", "--inner=100", "-o", "many")
        self.assertEqual(len({r["inner"] for r in table("many/nuisance/inner.tsv")}), 12)
        self.assertIn("it chooses by 12 inner folds of them", read("many/summary.md").decode())
        with open("rare.csv", "w", encoding="utf-8") as file:
            file.write("ID,rare\n" + "".join(f"b{b:02},{int(b < 2)}\n" for b in range(36)))
        done = self.good("baseline", "c.h5", "--metadata=rare.csv", "--target=rare", *FOLDS, "--method=nuisance", "-o", "few")
        self.assertIn("only 2 bags of column 'rare' are positive, fewer than the 3 folds: at least 1 test set has no AUC; take fewer "
                      "folds (splits.n_fold), or name the folds by --splits=FILE", done.stderr)
        none = {f for f in "012" if len({r["inner"] for r in table("few/nuisance/inner.tsv") if r["fold"] == f and r["output"]}) == 0}
        self.assertEqual(len(none), 2)
        self.assertIn("in 2 of 3 folds the smallest class has too few bags or groups for two inner folds", done.stderr)
        self.assertIn("2 of 3 times the smallest class had too few bags", read("few/summary.md").decode())

    def test_flags_that_no_method_reads(self):
        words = "baseline", "c.h5", "--target=label", *FOLDS
        for method, flag in (("kmer-3", "--columns=number"), ("nuisance", "--weight=counts"), ("genes", "--important=5")):
            done = self.good(*words, f"--method={method}", flag, "-o", f"unread{method}")
            self.assertIn(f"warning: {flag if 'weight' in flag else flag.split('=')[0]}: no method of this run", done.stderr)
        read_all = self.good(*words, "--method=kmer-3", "--method=nuisance", "--columns=number", "--weight=counts", "--important=5", "-o", "read")
        self.assertNotIn("no method of this run", read_all.stderr)
        self.assertIn("ranking: 1 method in", read_all.stderr)
        self.bad(2, "--columns=age,number: give the flag once for each column", *words, "--method=nuisance", "--columns=age,number", "-o", "x")
        self.bad(2, "--method=kmer-3,genes: give the flag once for each method", *words, "--method=kmer-3,genes", "-o", "x")
        os.mkdir("folds")
        shutil.copy("by3.csv", "folds/splits.tsv")
        self.bad(2, "--splits=folds: is a folder; its table is folds/splits.tsv", *words[:3], "--splits=folds", "-o", "x")

    def test_groups_stay_together_inside_too(self):
        self.good("baseline", "c.h5", "--target=label", "--group=donor", *FOLDS, "--method=kmer-3", "-o", "donors")
        donor = {r[0]: r[4] for r in csv.reader(read("raw.csv").decode().splitlines())}
        for name in ("predictions.tsv", "inner.tsv"):
            parts = {}
            for r in table(f"donors/kmer-3/{name}"):
                key = (r["fold"], donor[r["bag"]]) if "inner" in r else donor[r["bag"]]
                parts.setdefault(key, set()).add(r.get("inner", r["fold"]))
            self.assertTrue(all(len(p) == 1 for p in parts.values()), name)

    def test_batches_and_permutations(self):
        some = [f"--method={m}" for m in ("nuisance", "kmer-3", "enriched", "public")]
        done = self.good("baseline", "c.h5", "--target=label", "--batch-column=plate", "--permute=3", *FOLDS, *some, "-o", "rounds")
        self.assertEqual(len(re.findall(r"^ +whole batches left out [.\d]+, labels exchanged by batches [.\d]+.*, p [.\d]+$",
                                        done.stdout, re.M)), 4, done.stdout)
        for line in done.stdout.splitlines():
            self.assertIn(line + "\n", self.good("inspect", "rounds").stdout)
        for method, summary in load("rounds/summary.json")["methods"].items():
            task = summary["tasks"]["label"]
            self.assertEqual(task["leave_batch_out"]["n_folds"], 4, method)
            self.assertEqual((task["permuted"]["n"], len(task["permuted"]["auc"])), (3, 3))
            as_good = sum(a >= task["auc_mean"] for a in task["permuted"]["auc"])
            self.assertAlmostEqual(task["permuted"]["p"], (1 + as_good) / 4)
            self.assertEqual(task["batch_permuted"]["n"], 6)
            for where in ("leave-batch-out", "permuted/00", "permuted/02", "batch-permuted/05"):
                for name in ("predictions.tsv", "inner.tsv"):
                    self.assertTrue(table(f"rounds/{method}/{where}/{name}"), method)
            # Labels were exchanged, none was lost.
            plain, permuted = table(f"rounds/{method}/predictions.tsv"), table(f"rounds/{method}/permuted/01/predictions.tsv")
            self.assertEqual(sorted(r["target"] for r in plain), sorted(r["target"] for r in permuted))
            self.assertNotEqual([r["target"] for r in plain], [r["target"] for r in permuted])
        text = read("rounds/summary.md").decode()
        self.assertIn("whole batches left out", text)
        self.assertIn("labels exchanged by batches", text)
        # Whole batches were left out.
        plate = {r[0]: r[5] for r in csv.reader(read("raw.csv").decode().splitlines())}
        folds = {}
        for r in table("rounds/kmer-3/leave-batch-out/predictions.tsv"):
            folds.setdefault(r["fold"], set()).add(plate[r["bag"]])
        self.assertEqual(sorted(map(sorted, folds.values())), [["p0"], ["p1"], ["p2"], ["p3"]])

    def test_a_method_that_recognises_batches_is_named(self):
        write_tables("bat", label=lambda b: b // 9 % 2)  # the label is the plate's
        self.good("import", "bat", "--metadata=bat.csv", "-o", "bat.h5")
        self.good("baseline", "bat.h5", "--target=label", "--batch-column=plate", *FOLDS, "--method=clones",
                  "--method=nuisance", "--columns=age", "-o", "recognised")
        mean = load("recognised/summary.json")["methods"]["nuisance"]["tasks"]["label"]["batch_permuted"]["auc_mean"]
        named = "nuisance" in read("recognised/summary.md").decode().split("labels that batches have exchanged")[0].splitlines()[-1]
        self.assertEqual(named, mean >= .6)

    def test_weight_and_columns(self):
        self.good("baseline", "c.h5", "--target=label", *FOLDS, "--method=kmer-3", "--weight=counts", "-o", "counts")
        self.good("baseline", "c.h5", "--target=label", *FOLDS, "--method=kmer-3", "-o", "once")
        self.assertNotEqual(read("counts/kmer-3/predictions.tsv"), read("once/kmer-3/predictions.tsv"))
        self.good("baseline", "c.h5", "--target=label", *FOLDS, "--method=nuisance", "--columns=number", "-o", "number")
        self.assertGreater(load("number/summary.json")["methods"]["nuisance"]["tasks"]["label"]["auc_mean"], .95)
        self.bad(3, "colour", "baseline", "c.h5", "--target=label", *FOLDS, "--method=nuisance", "--columns=colour", "-o", "x")

    def test_several_classes_and_numbers(self):
        self.good("baseline", "c.h5", "--target=kind", "--kind=multiclass", *FOLDS, "--method=kmer-3", "--method=clones",
                  "--method=enriched", "--method=nuisance", "-o", "classes")
        rows = table("classes/kmer-3/predictions.tsv")
        self.assertEqual((len(rows), {r["class"] for r in rows}), (3 * 36, {"x", "y", "z"}))
        self.good("baseline", "c.h5", "--target=number", "--kind=regression", *FOLDS, "-o", "numbers")
        summary = load("numbers/summary.json")
        self.assertIn("enriched", summary["left_out"])
        self.assertGreater(summary["methods"]["genes"]["tasks"]["number"]["r2_mean"], 0.2)
        for r in table("numbers/kmer-3/predictions.tsv"):
            self.assertLess(abs(float(r["output"])), 3)  # in the column's unit

    def test_missing_labels_are_left_out(self):
        lines = read("raw.csv").decode().splitlines()
        lines[5] = re.sub(r"^(b\d+),\d", r"\1,", lines[5])
        with open("gaps.csv", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.good("baseline", "c.h5", "--metadata=gaps.csv", "--target=label", *FOLDS, "--method=kmer-3", "--method=public", "-o",
                  "gaps")
        self.assertNotIn("b04", {r["bag"] for r in table("gaps/kmer-3/inner.tsv")})

    def test_the_run_beside_stands_in_the_table(self):
        os.mkdir("run")
        with open("run/summary.json", "w", encoding="utf-8") as file:
            json.dump({"n_repeats": 1, "n_folds": 3, "tasks": {"label": {"auc_mean": .625, "auc_std_folds": .01}}}, file)
        shutil.copy("all/splits.tsv", "run/splits.tsv")
        self.good("baseline", "c.h5", "--target=label", "--splits=run/splits.tsv", "--inner=3", "--method=kmer-3", "-o", "beside")
        self.assertIn("| run | 0.625 |", read("beside/summary.md").decode())
        self.bad(2, "its folds are others; --splits=run/splits.tsv takes them", "baseline", "c.h5", "--target=label", *FOLDS,
                 "--method=kmer-3", "--beside=run", "-o", "x")
        self.good("baseline", "c.h5", "--target=label", "--splits=by3.csv", "--inner=3", "--method=kmer-3", "--beside=run", "-o",
                  "beside2")
        self.assertIn("| run | 0.625 |", read("beside2/summary.md").decode())
        self.bad(2, "there is no summary.json", "baseline", "c.h5", "--target=label", *FOLDS, "--method=kmer-3", "--beside=none",
                 "-o", "x")

    def test_two_folds_leave_enough_to_train_on(self):
        """Baselines have no validation part."""
        self.good("baseline", "c.h5", "--target=label", "--splits.n_fold=2", "--inner=3", "--method=kmer-3", "-o", "two")
        self.assertEqual(load("two/summary.json")["n_folds"], 2)

    def test_an_undefined_figure_has_no_p(self):
        with open("positive.csv", "w", encoding="utf-8") as file:
            file.write("bag,part\n")
            file.writelines(f"b{b:02},{'test' if b in (1, 3, 5) else 'train'}\n" for b in range(36))
        self.good("baseline", "c.h5", "--target=label", "--splits=positive.csv", "--inner=3", "--method=kmer-3", "--permute=9", "-o",
                  "undefined")
        task = load("undefined/kmer-3/summary.json")["tasks"]["label"]
        self.assertIsNone(task["auc_mean"])
        self.assertIsNone(task["permuted"]["p"])

    def test_batches_that_cannot_be_left_out(self):
        """One batch, or a batch for each class: said in the table, and the rest runs."""
        with open("batches.csv", "w", encoding="utf-8") as file:
            file.write("ID,label,one,two\n")
            file.writelines(f"b{b:02},{b % 2},p,q{b % 2}\n" for b in range(36))
        for column, why in (("one", "has 1 value in labelled bags"), ("two", "training part are")):
            done = self.good("baseline", "c.h5", "--metadata=batches.csv", "--target=label", f"--batch-column={column}", *FOLDS,
                             "--method=kmer-3", "--quiet", "-o", f"batches-{column}")
            self.assertRegex(done.stderr, f"warning: no figure with whole batches left out: .*{why}")
            task = load(f"batches-{column}/kmer-3/summary.json")["tasks"]["label"]
            self.assertIn(why, task["leave_batch_out"]["reason"])
            self.assertEqual(task["batch_permuted"]["n"], 6)
            text = read(f"batches-{column}/summary.md").decode()
            self.assertRegex(text, f"There is no figure with whole batches left out: .*{why}")
            self.assertNotIn("| whole batches left out |", text)

    def test_lines_and_remarks_name_the_method(self):
        with open("two.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: label, column: label, kind: binary, positive: '1'}, {name: number, column: number, kind: regression}]\n")
        done = self.good("baseline", "c.h5", "two.yaml", *FOLDS, "--method=kmer-3", "-o", "lines")
        self.assertEqual([line.split()[:2] for line in done.stdout.splitlines()], [["kmer-3", "label:"], ["kmer-3", "number:"]])
        shown = self.good("inspect", "lines")
        self.assertEqual([line.split()[:2] for line in shown.stdout.splitlines()[2:4]], [["kmer-3", "label:"], ["kmer-3", "number:"]])

    def test_nothing_of_an_earlier_run_stays(self):
        """Else predict would average models of folds that are no more, and a stack would read rounds that are no more."""
        words = "baseline", "c.h5", "--target=label", "--inner=2", "--method=kmer-3", "-o", "anew"
        self.good(*words, "--splits.n_fold=4", "--permute=2", "--batch-column=plate", "--important=5")
        with open("anew/kmer-3/models/notes.txt", "w", encoding="utf-8") as file:
            file.write("mine")
        self.bad(2, "--resume continues a run, --force throws it away", *words, "--force", "--resume")
        models = [f"rep00_fold0{f}_task0.safetensors" for f in range(3)]
        tables = ["inner.tsv", "models", "predictions.tsv", "summary.json", "summary.md"]
        self.good(*words, "--splits.n_fold=3", "--force")
        self.assertEqual(sorted(os.listdir("anew/kmer-3")), tables)
        self.assertEqual(sorted(os.listdir("anew/kmer-3/models")), ["notes.txt", *models])
        self.good(*words, "--splits.n_fold=3", "--permute=2", "--resume")
        self.assertEqual(sorted(os.listdir("anew/kmer-3")), [*tables[:2], "permuted", *tables[2:]])
        self.good(*words, "--splits.n_fold=3", "--resume")
        self.assertEqual(sorted(os.listdir("anew/kmer-3")), tables)

    def test_runs_of_another_kind_are_not_gone_on_with(self):
        self.good("crossval", "c.h5", "--target=label", "--train.updates=2", *FOLDS[:1], "tiny.yaml", "-o", "network")
        self.bad(6, "network holds a run of crossval", "baseline", "c.h5", "--target=label", *FOLDS, "--method=kmer-3", "-o", "network",
                 "--resume")
        self.bad(6, "all holds baselines", "crossval", "c.h5", "--target=label", "--splits=by3.csv", "-o", "all", "--resume")

    def test_damaged_models_are_refused(self):
        """Each tensor taken away, of every method; numbers that are none; facts that cannot be."""
        def place(method):
            return f"all/{method}/models/rep00_fold00_task0.safetensors"

        for method in self.methods:
            for name in tensors_of(place(method)):
                write_damaged(place(method), lambda facts, tensors, name=name: tensors.pop(name))
                done = run("predict", "damaged.safetensors", "c.h5", "-o", "no.tsv")
                self.assertEqual(done.returncode, 4, f"{method}, {name}: {done.stderr}")
        nan = struct.pack("<d", float("nan"))
        for method, change, sentence in (
                ("nuisance", lambda facts, tensors: tensors["mean"].__setitem__(2, nan * (len(tensors["mean"][2]) // 8)), "mean that is no number"),
                ("clones", lambda facts, tensors: facts["facts"].update(power=7), "does not state its power"),
                ("kmer-3", lambda facts, tensors: facts.update(calibration=["a", 1]), "'calibration' is not two numbers"),
                ("kmer-3", lambda facts, tensors: facts.update(cutoff="x"), "'cutoff' is not a number")):
            write_damaged(place(method), change)
            self.bad(4, sentence, "predict", "damaged.safetensors", "c.h5", "-o", "no.tsv")

    def test_a_dry_run_writes_nothing(self):
        done = self.good("baseline", "c.h5", "--target=label", "--dry-run", "-o", "dry")
        self.assertIn("would fit", done.stdout)
        self.assertFalse(os.path.exists("dry"))


if __name__ == "__main__":
    main()
