# SPDX-License-Identifier: MIT
"""hopsack simulate: every setting does what it says, seen in the tables it writes; outputs agree with each other."""
import csv
import gzip
import importlib.util
import json
import math
import os
import re
import statistics
import unittest

from harness import Case, main, read, run

SOURCE = os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SHARED = os.environ.get("HOPSACK_SHARED") or os.path.join(SOURCE, "..", "shared")
OLGA = os.path.join(SHARED, "data", "repertoire_formats", "other", "olga_human_T_beta")

POSITIONS = os.path.join(SHARED, "data", "trb_simulator_tables", "position_frequencies.tsv")


def flag(name, value):
    text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
    return f"--simulate.{name}={text}"


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


class Cohort:
    """What a call wrote: bags {id: rows}, labels {id: row}, truth [rows], result."""

    def __init__(self, name, folder=None):
        folder = folder or name
        with open(f"{folder}/metadata.csv", encoding="utf-8") as file:
            self.labels = {row["repertoire_id"]: row for row in csv.DictReader(file)}
        self.bags = {key: lines(f"{folder}/{row['filename']}") for key, row in self.labels.items()}
        self.truth = lines(f"{name}.truth.tsv.gz")

    def positive(self, key):
        return self.labels[key]["label_positive"] == "True"

    def carriers(self, key):
        return [row for row in self.truth if row["bag"] == key]

    def holding(self, key, pattern):
        return sum(bool(re.search(pattern, row["junction_aa"])) for row in self.bags[key])

    def sizes(self, positive):
        return [len(rows) for key, rows in self.bags.items() if self.positive(key) == positive]

    def counts(self, positive):
        return [int(row["duplicate_count"]) for key, rows in self.bags.items() if self.positive(key) == positive for row in rows]


class Simulator(Case):
    def simulate(self, name, *words, seed=1, n_bag=20, n_seq=200, **settings):
        flags = [flag(key, value) for key, value in dict(n_bag=n_bag, n_seq=n_seq, **settings).items()]
        done = self.good("simulate", *words, *flags, f"--seed={seed}", "--json", "-o", f"{name}.h5", f"--airr={name}", "--force")
        cohort = Cohort(name)
        cohort.result = json.loads(done.stdout)
        self.check_truth(cohort)
        return cohort

    def check_truth(self, cohort):
        """A row of the truth is the row of the table; carriers are in positive bags unless negative ones get some."""
        for row in cohort.truth:
            if "instance" in row:
                found = cohort.bags[row["bag"]][int(row["instance"])]
                self.assertEqual(found["junction_aa"], row["junction_aa"])
                if "v_call" in row:
                    self.assertEqual((found["v_call"], found["j_call"]), (row["v_call"], row["j_call"]))

    # ---- motifs ----

    def test_every_kind_of_motif_is_written(self):
        for motif, pattern in (("SFdEN", "SF?EN"), ("A[ST]W", "A[ST]W"), ("G{1-3}NW", "G.{1,3}NW"), ("GL-N", "GL.N"),
                               ("WrWKHY", ".WKHY"), ("SZdZN", "S.{1,2}N")):
            cohort = self.simulate("motif", motifs=motif, rate=0.05)
            for key in cohort.bags:
                carriers = cohort.carriers(key)
                self.assertEqual(len(carriers), 10 if cohort.positive(key) else 0)
                for row in carriers:
                    self.assertRegex(row["junction_aa"][int(row["offset"]):], "^" + pattern)
                    self.assertEqual(len(row["junction_aa"]), len(row["original"]))
                    self.assertEqual(row["motif"], motif)

    def test_weights(self):
        cohort = self.simulate("weight", motifs=["WKHY*3", "HWYM"], rate=0.2)
        share = sum(row["motif"] == "WKHY*3" for row in cohort.truth) / len(cohort.truth)
        self.assertAlmostEqual(share, 0.75, delta=0.08)

    def test_positions(self):
        for position, places in (("centre", None), ("anywhere", None), ("6", {6}), ("middle", None)):
            cohort = self.simulate("place", motifs="WKH", rate=0.1, position=position)
            for row in cohort.truth:
                offset, length = int(row["offset"]), len(row["junction_aa"])
                if places:
                    self.assertIn(offset, places)
                if position == "centre":
                    self.assertEqual(offset, (length - 3) // 2)
                if position == "middle":
                    self.assertTrue(4 <= offset <= length - 7)

    def test_insertion_makes_sequences_longer(self):
        cohort = self.simulate("insert", motifs="WKZH", rate=0.1, implant="insert")
        for row in cohort.truth:
            at = int(row["offset"])
            self.assertRegex(row["junction_aa"][at:at + 4], "^WK.H$")
            self.assertEqual(row["junction_aa"][:at] + row["junction_aa"][at + 4:], row["original"])

    def test_rejection_finds_carriers(self):
        cohort = self.simulate("reject", motifs="GGY", rate=0.05, implant="reject", purge="all")
        self.assertEqual(len(cohort.truth), 100)
        for row in cohort.truth:
            self.assertEqual(row["junction_aa"], row["original"])
            self.assertTrue(row["junction_aa"].startswith("GGY", int(row["offset"])))
        self.assertEqual([cohort.holding(key, "GGY") for key in cohort.bags],
                         [10 if cohort.positive(key) else 0 for key in cohort.bags])

    def test_purge(self):
        for purge, positive, negative in (("none", True, True), ("negative", True, False), ("all", False, False)):
            cohort = self.simulate("purge", motifs="SZG", rate=0.01, n_bag=6, n_seq=500, purge=purge)
            for key in cohort.bags:
                accidental = cohort.holding(key, "S.G") - len(cohort.carriers(key))
                self.assertEqual(accidental > 0, positive if cohort.positive(key) else negative, purge)

    def test_a_donor_without_a_sequence_that_suits(self):
        """Its repertoires would be drawn for ever: all its sequences hold the motif, none does, or they are too short."""
        os.makedirs("donors", exist_ok=True)
        for name, *rows in (("many", *(f"CASS{a}{b}DGTEQYF" for a in "ADEGLNPQRST" for b in "ADEGLNPQRST")), ("held", "CASSWHWEQYF"), ("short", "CAF")):
            with open(f"donors/{name}.tsv", "w", encoding="utf-8") as file:
                file.write("\n".join(("junction_aa", *rows, "")))
        self.good("import", "donors", "-o", "donors.h5")
        for setting, *flags in (("purge", "purge=all"), ("implant", "implant=reject"), ("motifs", "position=middle"),
                                ("position", "implant=insert")):
            if setting == "implant":  # among all sequences there are enough
                self.good("import", "donors/many.tsv", "donors/held.tsv", "-o", "donors.h5", "--force")
            done = self.bad(2, rf"^hopsack: simulate\.{setting}: none of 1000000 .* in repertoire sim000\d\d; its donor", "simulate", "--motif=WHW",
                            "--simulate.background=file", "--simulate.background_path=donors.h5", "--simulate.donors=true",
                            f"--simulate.{flags[0]}", "--simulate.n_bag=30", "--simulate.n_seq=40", "-o", "stuck.h5")
            self.assertFalse(os.path.exists("stuck.h5") or os.path.exists("stuck.truth.tsv.gz"), done)
            self.good("import", "donors", "-o", "donors.h5", "--force")

    # ---- how many carriers ----

    def test_rates_far_below_one_carrier(self):
        for mode in ("binomial", "poisson"):
            done = self.simulate("rare", rate_mode=mode, rate=1e-6, n_bag=100, n_seq=200)
            self.assertLessEqual(len(done.truth), 1)
            self.assertEqual(done.result["n_carrier_min"], 0)
        forced = self.simulate("forced", rate_mode="poisson", rate=1e-6, at_least_one="yes")
        self.assertEqual(len(forced.truth), 10)
        self.assertEqual(len(self.simulate("free", rate=1e-6, at_least_one="no").truth), 0)
        self.assertEqual(len(self.simulate("exact", rate=1e-6).truth), 10)

    def test_drawn_numbers_have_the_mean(self):
        for mode in ("binomial", "poisson"):
            cohort = self.simulate("drawn", rate_mode=mode, rate=0.02, n_bag=100)
            numbers = [len(cohort.carriers(key)) for key in cohort.bags if cohort.positive(key)]
            self.assertAlmostEqual(statistics.mean(numbers), 4, delta=1)
            self.assertAlmostEqual(statistics.variance(numbers), 4, delta=2.2)

    def test_rates_from_a_beta_distribution(self):
        cohort = self.simulate("beta", rate_beta=[2, 48], rate_negative_beta=[2, 98], n_bag=60, rate_mode="poisson")
        mean = {p: statistics.mean(len(cohort.carriers(k)) for k in cohort.bags if cohort.positive(k) == p) for p in (True, False)}
        self.assertAlmostEqual(mean[True], 8, delta=3)
        self.assertAlmostEqual(mean[False], 4, delta=2)

    # ---- public sequences ----

    def test_public_sequences_of_a_list(self):
        listed = [("CASSAAAWYEQYF", "TRBV9", "TRBJ2-7"), ("CASSKKKWYEQYF", "", ""), ("CASSHHHWYEQYF", "MYV", "MYJ")]
        with open("list.tsv", "w", encoding="utf-8") as file:
            file.write("junction_aa\tv_call\tj_call\n" + "".join("\t".join(row) + "\n" for row in listed) + "CASX*F\t\t\n")
        cohort = self.simulate("spike", signal="public", spike="list.tsv", rate=0.01, rate_negative=0.005, genes="true")
        genes = {row[0]: row[1:] for row in listed}
        for key in cohort.bags:
            carriers = cohort.carriers(key)
            self.assertEqual(len(carriers), 2 if cohort.positive(key) else 1)
            self.assertEqual(len({row["junction_aa"] for row in carriers}), len(carriers), "without repetition")
            for row in carriers:
                v, j = genes[row["junction_aa"]]
                self.assertEqual(row["v_call"], v or row["v_call"])
                self.assertEqual(row["j_call"], j or "TRBJ2-7")

    def test_a_pool_is_the_same_in_both_cohorts(self):
        self.simulate("pool", "--simulate.test.n_bag=10", "--simulate.test.rate=0.1", signal="public", pool=20, rate=0.05)
        test = Cohort("pool.test")
        pools = [{(row["motif"], row["junction_aa"]) for row in c.truth} for c in (Cohort("pool"), test)]
        self.assertLessEqual(len(pools[0] | pools[1]), 20)
        self.assertEqual({key[:4] for key in test.bags}, {"test"})
        self.assertEqual(sum(test.positive(key) for key in test.bags), 5)
        self.assertEqual({len(test.carriers(k)) for k in test.bags if test.positive(k)}, {20})
        other = self.simulate("other", signal="public", pool=20, rate=0.05, seed=2)
        self.assertLess(len({r["junction_aa"] for r in other.truth} & {s for _, s in pools[0]}), 5)
        self.simulate("purged", signal="public", pool=5, rate=0.05, purge="all")

    def test_short_names(self):
        words = "--simulate.signal=public", "--simulate.n_bag=8", "--simulate.n_seq=100"
        with open("short.tsv", "w", encoding="utf-8") as file:
            file.write("junction_aa\nCASSWWF\n")
        self.good("simulate", *words, "--spike=short.tsv", "--rho-negative=0.02", "--purge=all", "--rho-mode=binomial", "-o", "short.h5")
        self.good("simulate", *words, "--simulate.spike=short.tsv", "--simulate.rate_negative=0.02", "--simulate.purge=all",
                  "--simulate.rate_mode=binomial", "-o", "long.h5")
        self.assertEqual(read("short.truth.tsv.gz"), read("long.truth.tsv.gz"))

    # ---- labels ----

    def test_several_signals_as_classes(self):
        cohort = self.simulate("classes", signals=["a=WKHY HWYM", "b=MMWW"], labels="classes", n_bag=30, rate=0.05, purge="all")
        classes = [row["class"] for row in cohort.labels.values()]
        self.assertEqual(sorted((classes.count("a"), classes.count("b"), classes.count("none"))), [7, 8, 15])
        for key, row in cohort.labels.items():
            self.assertEqual({c["signal"] for c in cohort.carriers(key)}, set() if row["class"] == "none" else {row["class"]})
        self.assertEqual({row["motif"] for row in cohort.truth}, {"WKHY", "HWYM", "MMWW"})

    def test_several_signals_as_columns(self):
        cohort = self.simulate("columns", signals=["WKHY", "b=MMWW"], labels="columns", n_bag=40, rate=0.05)
        for key, row in cohort.labels.items():
            carried = {c["signal"] for c in cohort.carriers(key)}
            self.assertEqual(carried, {name for name in ("signal1", "b") if row[name] == "+"})
            self.assertEqual(row["label_positive"] == "True", bool(carried))
        self.assertEqual([sum(r[c] == "+" for r in cohort.labels.values()) for c in ("signal1", "b")], [20, 20])
        both = sum(r["signal1"] == r["b"] == "+" for r in cohort.labels.values())
        self.assertTrue(4 <= both <= 16, both)

    def test_label_noise_and_a_continuous_label(self):
        cohort = self.simulate("noise", n_bag=200, n_seq=20, rate=0.1, label_noise=0.25, labels="rate", rate_mode="poisson")
        wrong = sum(cohort.positive(key) != bool(cohort.carriers(key)) for key in cohort.bags)
        self.assertTrue(35 <= wrong <= 85, wrong)
        for key, row in cohort.labels.items():
            n = len(cohort.carriers(key))
            self.assertEqual(row["log_rate"] == "", n == 0)
            if n:
                self.assertAlmostEqual(float(row["log_rate"]), math.log(n / 20))

    # ---- sizes, counts, batches ----

    def test_sizes_and_counts_do_not_tell_the_label(self):
        cohort = self.simulate("even", size="lognormal", counts="realistic", n_bag=100, n_seq=300)
        self.assertAlmostEqual(math.log(statistics.median(cohort.sizes(True)) / statistics.median(cohort.sizes(False))), 0, delta=0.4)
        self.assertAlmostEqual(statistics.median(cohort.sizes(True) + cohort.sizes(False)), 300, delta=90)
        plain = self.simulate("plain", size="lognormal", n_bag=100, n_seq=300)
        for key, rows in plain.bags.items():  # counts are from a stream of their own
            self.assertEqual([r["junction_aa"] for r in rows], [r["junction_aa"] for r in cohort.bags[key]])

    def test_confounders_on_purpose(self):
        cohort = self.simulate("confounded", size_effect=1, counts="realistic", counts_effect=2, n_bag=10, n_seq=1000, rate=0)
        self.assertAlmostEqual(math.log(cohort.sizes(True)[0] / cohort.sizes(False)[0]), 1, delta=0.01)
        large = [sum(c > 20 for c in cohort.counts(p)) / len(cohort.counts(p)) for p in (True, False)]
        self.assertGreater(large[0], 2 * large[1])

    def test_expanded_carriers(self):
        cohort = self.simulate("expanded", carrier_counts="expanded", rate=0.05)
        for key, rows in cohort.bags.items():
            at = {int(row["instance"]) for row in cohort.carriers(key)}
            self.assertTrue(all((int(row["duplicate_count"]) >= 8) == (i in at) for i, row in enumerate(rows)))

    def test_batches(self):
        cohort = self.simulate("batches", batches=4, batch_labels=0.5, batch_size=1, n_bag=80, n_seq=100)
        for batch in range(4):
            keys = [key for key, row in cohort.labels.items() if row["batch"] == f"batch{batch}"]
            self.assertEqual(len(keys), 20)
            self.assertEqual(sum(map(cohort.positive, keys)), 5 if batch % 2 else 15)
            self.assertEqual({len(cohort.bags[key]) for key in keys}, {round(100 * math.exp(-0.5 if batch % 2 else 0.5))})
        spread = self.simulate("tilted", batches=2, batch_spread=1, n_bag=8, n_seq=2000)
        usage = {}
        for key, row in spread.labels.items():
            usage.setdefault(row["batch"], []).append(sum(r["junction_aa"].startswith("CASS") for r in spread.bags[key]) / 2000)
        gap = abs(statistics.mean(usage["batch0"]) - statistics.mean(usage["batch1"]))
        self.assertGreater(gap, 5 * max(statistics.stdev(values) for values in usage.values()))

    # ---- genes, backgrounds ----

    def test_genes_follow_the_ends(self):
        cohort = self.simulate("genes", genes="true", n_bag=4, n_seq=1000, rate=0)
        bare = self.simulate("bare", n_bag=4, n_seq=1000, rate=0)
        rows = [row for rows in cohort.bags.values() for row in rows]
        self.assertEqual([r["junction_aa"] for r in rows], [r["junction_aa"] for rs in bare.bags.values() for r in rs])
        for row in rows:
            for start, v in (("CSAR", "TRBV20-1"), ("CAIS", "TRBV10-3"), ("CAWS", "TRBV30")):
                if row["junction_aa"].startswith(start):
                    self.assertEqual(row["v_call"], v)
            for end, j in (("NTEAFF", "TRBJ1-1"), ("TGELFF", "TRBJ2-2"), ("DTQYF", "TRBJ2-3"), ("YEQYF", "TRBJ2-7")):
                if row["junction_aa"].endswith(end):
                    self.assertEqual(row["j_call"], j)
        self.assertGreater(len({row["v_call"] for row in rows}), 30)

    def test_the_users_own_sequences(self):
        own = self.simulate("own", genes="true", n_bag=3, n_seq=300, rate=0)
        known = {(r["junction_aa"], r["v_call"], r["j_call"]) for rows in own.bags.values() for r in rows}
        for path in ("own.h5", "own/sim00001.tsv.gz"):
            drawn = self.simulate("drawn", background="file", background_path=path, genes="true", rate=0.02, motifs="WKHY")
            carriers = {(row["bag"], int(row["instance"])) for row in drawn.truth}
            for key, rows in drawn.bags.items():
                for i, r in enumerate(rows):
                    self.assertEqual((r["junction_aa"], r["v_call"], r["j_call"]) not in known, (key, i) in carriers)

    def test_one_donor_for_each_repertoire(self):
        own = self.simulate("people", n_bag=3, n_seq=300, rate=0, spread=0.5)
        sets = [{r["junction_aa"] for r in rows} for rows in own.bags.values()]
        drawn = self.simulate("donors", background="file", background_path="people.h5", donors="true", rate=0, n_bag=12)
        chosen = [[i for i, s in enumerate(sets) if {r["junction_aa"] for r in rows} <= s] for rows in drawn.bags.values()]
        self.assertEqual({len(c) for c in chosen}, {1})
        self.assertEqual({c[0] for c in chosen}, {0, 1, 2})

    def model(self, folder, **changes):
        """A small recombination model: two V, two J, one D, few deletions."""
        files = {
            "V_gene_CDR3_anchors.csv": "gene,anchor_index,function\r\nVA*01,3,F\r\nVB*01,3,(F)\r\nVP*01,3,P\r\n",
            "J_gene_CDR3_anchors.csv": "gene,anchor_index,function\r\nJA*01,6,F\r\n",
            "model_params.txt": "@Event_list\n#GeneChoice;V_gene;Undefined_side;7;v_choice\n%VA*01;AAATGTGCCAGC;0\n%VB*01;AAATGTGCCACC;1\n"
                                "%VP*01;AAATGTGCCTGG;2\n#GeneChoice;D_gene;Undefined_side;6;d_gene\n%D*01;GGGACAGGG;0\n"
                                "#GeneChoice;J_gene;Undefined_side;7;j_choice\n%JA*01;GAACAATTCTTT;0\n"
                                "#Deletion;V_gene;Three_prime;5;v_3_del\n%0;0\n%1;1\n#Deletion;D_gene;Three_prime;5;d_3_del\n%0;0\n%3;1\n"
                                "#Deletion;D_gene;Five_prime;5;d_5_del\n%0;0\n%-2;1\n#Deletion;J_gene;Five_prime;5;j_5_del\n%0;0\n"
                                "#Insertion;VD_genes;Undefined_side;4;vd_ins\n%0;0\n%1;1\n%3;2\n#Insertion;DJ_gene;Undefined_side;2;dj_ins\n%0;0\n"
                                "#DinucMarkov;VD_genes;Undefined_side;3;vd_dinucl\n%A;0\n#DinucMarkov;DJ_gene;Undefined_side;1;dj_dinucl\n%A;0\n",
            "model_marginals.txt": "@v_choice\n$Dim[3]\n#\n%0.5,0.25,0.25\n@j_choice\n$Dim[1]\n#\n%1\n@d_gene\n$Dim[1,1]\n#[j_choice,0]\n%1\n"
                                   "@v_3_del\n$Dim[3,2]\n#[v_choice,0]\n%1,0\n#[v_choice,1]\n%0.5,0.5\n#[v_choice,2]\n%1,0\n"
                                   "@d_5_del\n$Dim[1,2]\n#[d_gene,0]\n%1,0\n@d_3_del\n$Dim[1,2,2]\n#[d_gene,0],[d_5_del,0]\n%0.5,0.5\n"
                                   "#[d_gene,0],[d_5_del,1]\n%1,0\n@j_5_del\n$Dim[1,1]\n#[j_choice,0]\n%1\n@vd_ins\n$Dim[3]\n#\n%0.5,0.25,0.25\n"
                                   "@vd_dinucl\n$Dim[16]\n#\n%1,0,0,0,1,0,0,0,1,0,0,0,1,0,0,0\n@dj_ins\n$Dim[1]\n#\n%1\n"
                                   "@dj_dinucl\n$Dim[16]\n#\n%1,0,0,0,1,0,0,0,1,0,0,0,1,0,0,0\n",
        }
        os.makedirs(folder, exist_ok=True)
        for name, text in files.items():
            with open(os.path.join(folder, name), "w", encoding="ascii", newline="") as file:
                file.write(changes.get(name.split(".")[0], lambda t: t)(text))
        return folder

    def test_a_recombination_model(self):
        folder = self.model("olga")
        cohort = self.simulate("recombined", background="olga", background_path=folder, genes="true", n_bag=2, n_seq=4000, rate=0)
        rows = [(r["junction_aa"], r["v_call"], r["j_call"]) for bag in cohort.bags.values() for r in bag]
        # VA TGTGCCAGC, VB TGTGCCACC (or one base less and one inserted A), D GGGACAGGG or GGGACA, J GAACAATTC, inserted AAA
        allowed = {"VA*01": {"CASGTGEQF", "CASGTEQF", "CASKGTGEQF", "CASKGTEQF"},
                   "VB*01": {"CATGTGEQF", "CATGTEQF", "CATKGTGEQF", "CATKGTEQF"}}
        self.assertEqual({v: {s for s, w, _ in rows if w == v} for v in allowed}, allowed)
        self.assertEqual({j for _, _, j in rows}, {"JA*01"})
        share = sum(v == "VA*01" for _, v, _ in rows) / len(rows)
        # in frame: VA 3/4; VB 1/2 · 3/4 + 1/2 · 1/4
        self.assertAlmostEqual(share, 0.5 * 0.75 / (0.5 * 0.75 + 0.25 * 0.5), delta=0.03)
        longer = sum("K" in s for s, v, _ in rows if v == "VA*01") / sum(v == "VA*01" for _, v, _ in rows)
        self.assertAlmostEqual(longer, 1 / 3, delta=0.03)

    def test_damaged_models_are_said(self):
        def without(text):
            return lambda t: t.replace(text, "")

        for name, change, pattern in (
                ("model_params", lambda t: t.replace("GGGACAGGG", "GGXACAGGG"), r"model_params\.txt:\d+: a nucleotide"),
                ("model_params", without("%D*01;GGGACAGGG;0\n"), "has no event 'd_gene'"),
                ("model_params", lambda t: t.replace("%VB*01;AAATGTGCCACC;1", "%VB*01;AAATGTGCCACC;x"), "a gene is not written"),
                ("model_marginals", lambda t: t.replace("$Dim[3,2]", "$Dim[3,3]"), "fewer cells"),
                ("model_marginals", lambda t: t.replace("@j_choice\n$Dim[1]\n#\n%1\n", ""), "has no table 'j_choice'"),
                ("model_marginals", lambda t: t.replace("%0.5,0.25,0.25", "%0.5,nan,0.25"), "no probability"),
                ("model_marginals", lambda t: t.replace("$Dim[16]", "$Dim[99999,99999,99999]"), "no good sizes"),
                ("V_gene_CDR3_anchors", lambda t: "gene,anchor_index,function\n", "no gene of the model has a good anchor"),
                ("J_gene_CDR3_anchors", lambda t: t.replace(",6,", ",3,"), "is productive")):
            folder = self.model("damaged", **{name: change})
            self.bad(3, pattern, "simulate", "--simulate.background=olga", f"--simulate.background_path={folder}", "-o", "x.h5")

    @unittest.skipUnless(os.path.isdir(OLGA), "needs OLGA's model of human TRB")
    def test_olgas_own_model(self):
        cohort = self.simulate("olga_trb", background="olga", background_path=OLGA, genes="true", n_bag=2, n_seq=20000, rate=0)
        sets = [{row["junction_aa"] for row in rows} for rows in cohort.bags.values()]
        lengths = [len(row["junction_aa"]) for rows in cohort.bags.values() for row in rows]
        self.assertAlmostEqual(statistics.mean(lengths), 15.1, delta=0.06)
        self.assertAlmostEqual(statistics.stdev(lengths), 2.6, delta=0.06)
        self.assertTrue(20 <= len(sets[0] & sets[1]) <= 90, len(sets[0] & sets[1]))

    @unittest.skipUnless(os.path.isfile(POSITIONS), "needs the table of residues by position")
    def test_residues_by_position(self):
        rows = [r["junction_aa"] for r in self.simulate("trb", n_bag=1, n_seq=20000, rate=0).bags["sim00000"]]
        with open(POSITIONS, encoding="utf-8") as file:
            for line in csv.DictReader(file, delimiter="\t"):
                if line["position"] == "middle":
                    continue
                place = int(line["position"])
                found = [r[place - 1 if place > 0 else place] for r in rows if len(r) >= abs(place)]
                for letter in "ACDEFGHIKLMNPQRSTVWY":
                    self.assertAlmostEqual(found.count(letter) / len(found), float(line[letter]), delta=0.05 if place == 6 else 0.025,
                                           msg=f"{letter} at {place}")

    # ---- files ----

    def test_all_threads_write_the_same_bytes(self):
        settings = dict(signals=["WKHY*2 A[ST]{0-2}W", "b=MFdMW"], labels="classes", size="deeprc", counts="realistic", genes="true",
                        purge="all", rate_mode="poisson", spread=0.1, batches=3, batch_spread=0.1, label_noise=0.1, rate=0.02)
        flags = [flag(key, value) for key, value in settings.items()]
        for threads in (1, 2, 3, 4):
            self.good("simulate", *flags, "--simulate.n_bag=9", "--simulate.n_seq=300", "--simulate.test.n_bag=5", "-o",
                      f"t{threads}.h5", f"--airr=t{threads}", f"--threads={threads}")
            for name in ("t%d.h5", "t%d.truth.tsv.gz", "t%d.test.h5", "t%d.test.truth.tsv.gz", "t%d/metadata.csv", "t%d/sim00008.tsv.gz",
                         "t%d.test/test00004.tsv.gz"):
                self.assertEqual(read(name % 1), read(name % threads), name % threads)

    def test_tables_hold_what_the_dataset_holds(self):
        self.simulate("both", genes="true", counts="realistic", n_bag=5)
        self.good("export", "both.h5", "-o", "exported", "--force")
        for bag, rows in Cohort("both").bags.items():
            with open(f"exported/{bag}.tsv", encoding="utf-8", newline="") as file:
                exported = list(csv.DictReader(file, delimiter="\t"))
            for name in ("junction_aa", "v_call", "j_call", "duplicate_count"):
                self.assertEqual([r[name] for r in rows], [r[name] for r in exported])
        self.good("import", "--metadata=both/metadata.csv", "-o", "imported.h5", "both", "--force")

    def test_the_known_motif(self):
        cohort = self.simulate("known", motifs="WKHY", rate=0.02, purge="all", n_bag=10)
        self.assertEqual(cohort.result["known_motif"], {"auc_presence": 1.0, "auc_share": 1.0})
        done = self.good("simulate", "--motif=WKHY", "--rho=0", "--simulate.positive=0", "-o", "none.h5", "--json")
        self.assertIsNone(json.loads(done.stdout)["known_motif"]["auc_share"])

    def test_configs_of_the_repository(self):
        n = 0
        for folder in ("airrml", "simulated"):
            for name in sorted(os.listdir(os.path.join(SOURCE, "configs", folder))):
                done = self.good("simulate", os.path.join(SOURCE, "configs", folder, name), "--dry-run", "--json", "-o", "dry.h5")
                self.assertGreater(json.loads(done.stdout)["n_seq"], 10 ** 6)
                n += 1
        self.assertEqual(n, 35)

    def test_wrong_settings_are_said(self):
        for pattern, *flags in (
                ("rate_beta has 1 numbers", "rate_beta=2"), ("takes no number", "counts=realistic:2"), ("neither fixed", "size=big"),
                ("name its source", "background=file"), ("reads no files", "background_path=x.h5"),
                ("has no repertoires", "donors=true"), ("signal to public", "spike=list2.tsv"), ("no batches", "batch_size=1"),
                ("every count is 1", "counts_effect=1"),
                ("knows no genes", "background=uniform", "genes=true"), ("no probabilities", "background=file", "background_path=list2.tsv", "spread=0.1"),
                ("two are called 'a'", "signals=a=WK,a=HY"), ("letters, digits", "signals=a b=WK"), ("take another name", "signals=batch=WK"),
                ("has not so many", "background=file", "background_path=list2.tsv", "signal=public", "pool=5"),
                ("too few to wait for", "implant=reject", "motifs=WWWW"), ("take longer motifs", "purge=all", "motifs=C"),
                ("are in the list", "purge=all", "background=file", "background_path=list2.tsv", "signal=public", "pool=1"),
                ("weight above 0", "motifs=AC*0"), ("test.rate: ", "test.rate=2"), ("unknown|test.ratio", "test.ratio=2"),
                ("gives sequences of up to", "implant=insert", "background=file", "background_path=long.tsv")):
            with open("list2.tsv", "w", encoding="utf-8") as file:
                file.write("junction_aa\nCASSWF\n")
            with open("long.tsv", "w", encoding="utf-8") as file:
                file.write("junction_aa\n" + "C" * 58 + "\n")
            self.bad(2, pattern, "simulate", *(f"--simulate.{f}" for f in flags), "-o", "x.h5")
        with open("nothing.tsv", "w", encoding="utf-8") as file:
            file.write("junction_aa\nXX\n")
        self.bad(3, "no sequence of 1 to 60", "simulate", "--simulate.signal=public", "--simulate.spike=nothing.tsv", "-o", "x.h5")
        self.bad(6, "missing.tsv", "simulate", "--simulate.signal=public", "--simulate.spike=missing.tsv", "-o", "x.h5")

    def test_nothing_is_overwritten(self):
        self.good("simulate", "--simulate.n_bag=4", "--simulate.n_seq=10", "-o", "kept.test.h5")
        self.bad(6, "kept.test.h5: exists", "simulate", "--simulate.test.n_bag=4", "-o", "kept.h5")
        self.good("simulate", "--simulate.n_bag=4", "--simulate.n_seq=10", "-o", "a1.h5", "--airr=kept")
        self.bad(6, "kept/metadata.csv: exists", "simulate", "-o", "a2.h5", "--airr=kept")
        self.bad(2, "standard output", "simulate", "-o", "a2.h5", "--airr=-")
        for name in ("a2.h5", "./a2.h5/", "a2.truth.tsv.gz", "a2.test.h5"):
            self.bad(2, "name of a file that is written", "simulate", "--simulate.test.n_bag=4", "-o", "./a2.h5" if name[0] == "." else "a2.h5",
                     f"--airr={name}")
        os.makedirs("slash.test")
        with open("slash.test/metadata.csv", "w", encoding="utf-8") as file:
            file.write("mine\n")
        words = "simulate", "--simulate.n_seq=10", "--simulate.test.n_bag=4", "-o", "a3.h5", "--airr=slash//"
        self.bad(6, "slash.test/metadata.csv: exists", *words)  # before the first cohort is written
        self.assertFalse(os.path.exists("a3.h5") or os.path.exists("slash"))
        done = self.good(*words, "--force", "--simulate.n_bag=4")
        self.assertNotIn("another cohort", done.stderr)
        self.assertEqual(sorted(os.listdir("slash.test")), ["metadata.csv", *(f"test0000{i}.tsv.gz" for i in range(4))])
        done = self.good(*words, "--force", "--simulate.n_bag=3")
        self.assertIn("slash/sim00003.tsv.gz: is a table of another cohort", done.stderr)
        self.bad(2, "is both input and output", "simulate", "--simulate.background=file", "--simulate.background_path=kept/sim00001.tsv.gz",
                 "-o", "a2.h5", "--airr=kept", "--force")


LONG = bool(os.environ.get("HOPSACK_LONG"))
@unittest.skipUnless(all(map(importlib.util.find_spec, ("h5py", "numpy"))), "needs h5py")
class Compression(Case):
    def test_levels(self):
        """h5py reads the same numbers at each level, and import writes them as simulate does; gzip is level 4, to the byte."""
        import h5py

        levels = {"gzip": 4, "4": 4, "1": 1, "9": 9, "none": None}
        for name in levels:
            self.good("simulate", "-o", f"{name}.h5", "--simulate.n_bag=4", "--simulate.n_seq=3000", f"--compress={name}")
        self.assertEqual(read("gzip.h5"), read("4.h5"))
        size = [os.path.getsize(f"{name}.h5") for name in ("9", "4", "1", "none")]
        self.assertEqual(size, sorted(set(size)))
        self.good("import", "9.h5", "--compress=1", "-o", "again.h5")
        for name, level in {**levels, "again": 1}.items():
            with h5py.File(f"{name}.h5") as file, h5py.File("gzip.h5") as wanted:
                rows = file["sampledata/sequences"]
                self.assertEqual((rows.compression, rows.compression_opts), ("gzip" if level else None, level), name)
                for key, values in wanted["sampledata"].items():
                    self.assertTrue((file["sampledata"][key][()] == values[()]).all(), (name, key))
        self.bad(2, "compress", "simulate", "-o", "no.h5", "--compress=10")


HAS_SKLEARN = all(map(importlib.util.find_spec, ("h5py", "numpy", "sklearn")))


@unittest.skipUnless(HAS_SKLEARN, "needs scikit-learn and h5py")
class Acceptance(Case):
    """How hard simulated cohorts are for logistic regression on k-mers, in cross-validation of five folds. HOPSACK_LONG=1 takes
    260 repertoires of 10 000, as the figures in docs/simulation.md."""

    def auc(self, *settings, k, n_bag=260 if LONG else 60, n_seq=10000 if LONG else 2000, seed=1):
        import h5py
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import StratifiedKFold, cross_val_predict

        self.good("simulate", *(f"--simulate.{s}" for s in settings), f"--simulate.n_bag={n_bag}", f"--simulate.n_seq={n_seq}",
                  f"--seed={seed}", "--compress=none", "-o", "a.h5", "--force")
        with h5py.File("a.h5") as file:
            codes = file["sampledata/sequences"][:].astype(np.int32)
            bounds = file["sampledata/sample_sequences_start_end"][:]
            label = file["metadata/columns"][:, 1].astype(str) == "+"
        word = sum(codes[:, t:codes.shape[1] - k + 1 + t] * 20 ** (k - 1 - t) for t in range(k))
        word[(codes < 0)[:, k - 1:]] = -1
        x = np.zeros((n_bag, 20 ** k), dtype=np.float32)
        for b, (first, last) in enumerate(bounds):
            found = word[first:last]
            found = found[found >= 0]
            x[b] = np.log1p(1e5 * np.bincount(found, minlength=20 ** k) / len(found))
        x -= x.mean(axis=0)
        x /= np.maximum(x.std(axis=0), 1e-6)
        values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))  # the same fit in as many columns as bags
        x = vectors * np.sqrt(np.maximum(values, 0) / values.mean())
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        output = cross_val_predict(LogisticRegression(C=1.0, max_iter=1000), x, label, cv=folds, method="decision_function")
        found = roc_auc_score(label, output)
        if LONG:
            print(settings, f"k = {k}: AUC {found:.3f}")
        return found

    def test_a_frequent_motif_is_easy_and_a_rare_one_is_not(self):
        self.assertGreater(self.auc("motifs=LDR", "rate=0.05", k=3), 0.9)
        if LONG:
            self.assertGreater(self.auc("motifs=LDR", "rate=0.01", k=3), 0.98)
            self.assertTrue(0.5 < self.auc("motifs=LDR", "rate=0.001", k=3) < 0.8)
            self.assertTrue(0.5 < self.auc("motifs=SZZN", "rate=0.003", k=4) < 0.8)

    def test_nothing_is_found_at_rate_0(self):
        n = 20 if LONG else 5
        found = [self.auc("rate=0", "size=lognormal", "counts=realistic", k=3, seed=seed, n_bag=60, n_seq=500) for seed in range(n)]
        error = statistics.stdev(found) / math.sqrt(n)
        self.assertLess(abs(statistics.mean(found) - 0.5), 3 * max(error, 0.075 / math.sqrt(n)), found)


if __name__ == "__main__":
    main()
