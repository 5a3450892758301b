#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hopsack report: a page that opens anywhere, with the numbers of the folders and nothing else; hopsack inspect RUN RUN."""
import csv
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml
from html.parser import HTMLParser

from harness import Case, TINY, auc, cohort, main, read, run, snapshot, table

SECTIONS = ["answer", "scores", "curves", "training", "data", "seen", "repeat", "limits"]
VOID = {"meta"}
HOSTILE = "<script>alert('1')</script>&\"é"


class Page(HTMLParser):
    """Fails where tags do not close in order; keeps what a reader sees."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.sections, self.words, self.hrefs = [], set(), [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag}: {names}"
        for name, value in attrs:
            assert not name.startswith("on") and name not in ("src", "style"), f"{tag} {name}={value}"
            if name == "href":
                self.hrefs.append(value)
        if tag == "section":
            self.sections.append(dict(attrs).get("id"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> within {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def page(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    xml.fromstring(text.split("\n", 1)[1])  # as strict as XML, too
    return Page(text)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def cells(path):
    """Rows of a table whose cells may be quoted."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def number(cell):
    return float(cell) if cell else None


def write_run(folder, n, shift, classes=("-", "+"), n_fold=5):
    """A finished run with outputs of our own."""
    rng = random.Random(1)
    os.makedirs(folder)
    with open(f"{folder}/predictions.tsv", "w", encoding="utf-8") as file:
        file.write("bag\ttask\tclass\ttarget\toutput\tprobability\tpart\trepeat\tfold\n")
        for i in range(n):
            label = i % 2
            file.write(f"bag{i:05d}\tstatus\t{classes[1]}\t{label}\t{rng.gauss(shift * label, 1):.6g}\t\ttest\t0\t{i % n_fold}\n")
    with open(f"{folder}/summary.json", "w", encoding="utf-8") as file:
        json.dump({"version": "0.2.0", "seed": 0, "n_repeats": 1, "n_folds": n_fold, "tasks": {
            "status": {"kind": "binary", "n_bags": n, "n_folds": n_fold, "n_repeats": 1, "auc_mean": 0.75,
                       "auc_ci95": [0.7, 0.8], "classes": {classes[0]: n // 2, classes[1]: n // 2}}}}, file)


def edit(path, change):
    record = load(path)
    change(record)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file)


def write_rivals(folder, **methods):
    """A folder of baseline; of each method the bags and the shift between classes."""
    for name, (n, shift) in methods.items():
        write_run(f"{folder}/{name}", n, shift)
        edit(f"{folder}/{name}/summary.json", lambda s: s.update(settings={"by_counts": False}))
    with open(f"{folder}/summary.json", "w", encoding="utf-8") as file:
        json.dump({"version": "0.2.0", "methods": {name: load(f"{folder}/{name}/summary.json") for name in methods}}, file)


class Reports(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=40, n_seq=60)
        def go(*args):
            done = run(*args)
            assert done.returncode == 0, f"{args}: {done.stderr}"
            return done
        go("crossval", TINY, "c.h5", "--target=status", "--inner=2", "--splits.n_fold=4", "-o", "cv")
        go("train", TINY, "c.h5", "--target=status", "-o", "one")
        go("baseline", "cv/config.yaml", "--splits=cv/splits.tsv", "--method=nuisance", "--method=kmer-3", "--method=gapped",
           "-o", "rivals")
        go("stack", "rivals", "cv", "-o", "stack")
        with open("check.json", "w", encoding="utf-8") as file:
            file.write(go("check", "c.h5", "--target=status", "--json").stdout)
        os.mkdir("seen")
        with open("seen/motifs.meme", "w", encoding="utf-8") as file:
            file.write("MEME version 4\n\nALPHABET= ACDEFGHIKLMNPQRSTVWY\n\nMOTIF SFEN <b>\n\n"
                       "letter-probability matrix: alength= 20 w= 2 nsites= 9 E= 0\n")
            file.write("0.5 0.5" + " 0" * 18 + "\n" + "1" + " 0" * 19 + "\n")
        with open("seen/sequences.tsv", "w", encoding="utf-8") as file:
            file.write("rank\tbag\tjunction_aa\tcontribution\n1\t<i>sim</i>\tCASSFENEQYF\t0.5\n")
        with open("seen/motifs.tsv", "w", encoding="utf-8") as file:
            file.write("motif\tconsensus\tn_bags_positive\tn_bags_negative\tp_fisher\tq_bh\tv_call\n"
                       "1\tSF<i>EN\t18\t2\t1e-6\t2e-5\t\n2\tKL\t9\t8\t0.4\t0.6\t\n")
        with open("seen/explain.json", "w", encoding="utf-8") as file:
            file.write('{"seen": false}')
        cls.all = ["report", "cv", "--rivals=rivals", "--stack=stack", "--check=check.json", "--explain=seen"]
        go(*cls.all, "--figures=figures", "-o", "all.html")

    # ---- the page ----

    def test_page_is_whole_and_needs_nothing(self):
        p = page("all.html")
        self.assertEqual(p.sections, ["top"] + SECTIONS)
        self.assertEqual(p.hrefs, ["#" + name for name in SECTIONS])
        self.assertFalse(p.tags & {"script", "link", "img", "iframe", "object", "embed", "base", "form"})
        text = read("all.html").decode()
        self.assertEqual(set(re.findall(r"https?://[^\"' ]*", text)), {"http://www.w3.org/2000/svg"})
        self.assertNotRegex(text, r"url\(|@import")
        self.assertIn("default-src 'none'", text)
        self.assertEqual(text.count("<caption>"), text.count("<table>"))
        self.assertEqual(text.count("<svg "), text.count('role="img" aria-label='))
        self.assertEqual(text.count("<h1>"), 1)

    def test_numbers_are_those_of_the_folders(self):
        p, task = page("all.html"), load("cv/summary.json")["tasks"]["status"]
        low, high = task["auc_ci95"]
        self.assertIn(f"status: AUC {task['auc_mean']:.3f} , 95 % interval {low:.3f} to {high:.3f}", p.text)
        self.assertIn(f"mean over 4 test folds; 40 bags (20 -, 20 +).", p.text)
        for score in ("loss", "accuracy", "sensitivity"):
            self.assertRegex(p.text, rf"{score} ?{task[score + '_mean']:.3f} ?{task[score + '_std_folds']:.3f}")
        for name, method in load("rivals/summary.json")["methods"].items():
            scores = method["tasks"]["status"]
            self.assertRegex(p.text, rf"{name} ?{scores['auc_mean']:.3f} ?{scores['auc_std_folds']:.3f} ?"
                                     rf"{scores['auc_ci95'][0]:.3f} to {scores['auc_ci95'][1]:.3f}")
        stack = load("stack/summary.json")["tasks"]["status"]
        self.assertIn(f"(stack) has AUC {stack['auc_mean']:.3f}", p.text)
        self.assertIn(f"{stack['carried_by']}", p.text)
        self.assertIn("hopsack crossval tiny.yaml c.h5 --target=status --inner=2 --splits.n_fold=4 -o cv", p.text)
        self.assertIn(load("cv/manifest.json")["data"]["dataset"]["content"], p.text)
        self.assertIn("CASSFENEQYF", p.text)

    def test_settings_that_differ(self):
        p = page("all.html").text
        for row in ("train.updates 40 10000", "train.lr 0.01 0.001", "splits.n_fold 4 5", "model.embedder.n_kernel 8 32"):
            self.assertRegex(p, row.replace(" ", " ?"))
        self.assertNotRegex(p.split("All settings")[0], r"train\.batch ?\d")
        self.assertIn(f"<pre><code>{read('cv/config.yaml').decode()}</code></pre>", read("all.html").decode())

    def test_long_lines_of_a_config_are_whole(self):
        os.mkdir("wide")
        with open("wide/config.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: c.h5}\ntasks: [{name: status, column: status}]\n"
                       f"search: {{kind: grid, space: {{train.lr: {[k / 8192 for k in range(1, 600)]}}}}}\n")
        self.good("report", "wide", "-o", "wide.html")
        self.assertIn(f"{599 / 8192}", page("wide.html").text.split("All settings")[1])

    def test_search_and_poolings_side_by_side(self):
        with open("search.yaml", "w", encoding="utf-8") as file:
            file.write("base: tiny.yaml\nsearch: {kind: grid, inner_folds: 2, space: {train.lr: [0.01, 0.001]}}\n"
                       "model: {pooling: [{kind: attention}, {kind: max}], selection: {kind: all}}\n")
        self.good("crossval", "search.yaml", "c.h5", "--target=status", "--splits.n_fold=3", "-o", "search")
        self.good("report", "search", "-o", "search.html")
        p = page("search.html").text
        self.assertIn("settings were chosen among 2 trials by 2 inner folds", p)
        self.assertIn("several poolings side by side", p)
        self.assertRegex(p, r"search\.kind ?grid ?not set")
        self.assertRegex(p, r"model\.selection\.kind ?all ?top")
        trials = table("search/trials.tsv")
        for number, settings in ((0, "train.lr=0.01"), (1, "train.lr=0.001")):
            own = [row for row in trials if row["trial"] == str(number)]
            mean = sum(float(row["mean"]) for row in own) / len(own)
            self.assertIn(f"{settings} {number} {mean:.3f} {sum(row['chosen'] == '1' for row in own)}", p)
        damaged = read("search/trials.tsv").replace(b"\tchosen", b"\tpicked")
        os.rename("search/trials.tsv", "trials.whole")
        with open("search/trials.tsv", "wb") as file:
            file.write(damaged)
        self.bad(3, "search/trials.tsv: has no columns trial, mean and chosen", "report", "search", "-o", "damaged.html")
        os.replace("trials.whole", "search/trials.tsv")

    def test_numbers_under_the_pointer(self):
        """Titles of a drawing's shapes hold the numbers of its table."""
        self.good(*self.all, "-o", "pointer.html", "--figures=pointer")
        notes = {name: re.findall(r"><title>([^<]*)</title></", read(f"pointer/{name}-status.svg").decode())
                 for name in ("methods", "roc", "calibration", "distribution", "learning_loss")}
        for row in cells("pointer/methods-status.tsv"):
            self.assertIn(f"{row['name']}: {float(row['value']):.3f} ({float(row['low']):.3f} to {float(row['high']):.3f})", notes["methods"])
        self.assertIn("fold 3", notes["roc"])
        for row in cells("pointer/calibration-status.tsv"):
            self.assertTrue(any(note.startswith(f"{row['bags']} bags: mean probability {float(row['mean_probability']):.3f}, share positive "
                                                f"{float(row['share_positive']):.3f}") for note in notes["calibration"]), row)
        for row in cells("pointer/distribution-status.tsv"):
            said = any(note.endswith(f": {row['negative']} negative, {row['positive']} positive") for note in notes["distribution"])
            self.assertTrue(said or row["negative"] == row["positive"] == "0", row)
        for row in cells("pointer/learning_loss-status.tsv"):
            self.assertIn(f"{row['training']}, {row['part']}: update {row['update']}, {float(row['value']):.4g}", notes["learning_loss"])
        mean = [row for row in cells("pointer/roc-status.tsv") if row["curve"] == "mean"]
        for row in mean[::5]:
            begin = f"mean: false positive rate {float(row['false_positive_rate']):.2f}, true positive rate {float(row['true_positive_rate']):.3f}"
            self.assertTrue(any(note.startswith(begin) for note in notes["roc"]), begin)

    def test_a_single_evaluation_is_a_dot(self):
        self.good("crossval", TINY, "c.h5", "--target=status", "--splits.n_fold=3", "--train.evaluate_every=0", "--splits.validation=none",
                  "-o", "once")
        self.good("report", "once", "-o", "once.html", "--figures=once-figures")
        self.assertIn("One dot a training", page("once.html").text)
        rows = cells("once-figures/learning_loss-status.tsv")
        self.assertEqual(len(rows), 3)
        self.assertEqual(len(re.findall(r'<circle[^>]* r="3" ', read("once-figures/learning_loss-status.svg").decode())), 3)

    def test_what_is_printed(self):
        done = self.good(*self.all, "-o", "printed.html")
        self.assertRegex(done.stdout, r"^status: AUC \d\.\d{3}, 95 % interval")
        self.assertIn("page: printed.html", done.stdout)
        self.assertLessEqual(len(done.stdout.splitlines()), 18)
        said = json.loads(self.good(*self.all, "--json", "-o", "printed.html", "--force").stdout)
        self.assertTrue(said["finished"])
        self.assertEqual(said["tasks"]["status"]["runs"][0]["name"], "cv")
        self.assertEqual(sorted(name + end for name in said["figures"] for end in (".svg", ".tsv")), sorted(os.listdir("figures")))

    def test_same_bytes_again_and_with_any_number_of_threads(self):
        for threads in (1, 2, 4):
            self.good(*self.all, f"--figures=again{threads}", "-o", f"again{threads}.html", threads=threads)
            self.assertEqual(read(f"again{threads}.html"), read("all.html"))
            for name in os.listdir("figures"):
                self.assertEqual(read(f"again{threads}/{name}"), read(f"figures/{name}"))

    def test_runs_are_not_changed(self):
        before = snapshot("cv") | snapshot("rivals")
        self.good(*self.all, "-o", "unchanged.html")
        self.assertEqual(snapshot("cv") | snapshot("rivals"), before)

    # ---- figures ----

    def test_figures_are_xml_and_stand_in_the_page(self):
        text, names = read("all.html").decode(), sorted(os.listdir("figures"))
        self.assertEqual(len(names), 18)
        for name in names:
            content = read(f"figures/{name}").decode()
            if name.endswith(".svg"):
                root = xml.fromstring(content)
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                self.assertTrue(root.find("{http://www.w3.org/2000/svg}title").text)
                self.assertIn(content, text)
                inside = {e.tag.split("}")[1] for e in root.iter()}
                self.assertLessEqual(inside, {"svg", "title", "path", "rect", "line", "circle", "text"})
            else:
                self.assertGreater(len(cells(f"figures/{name}")), 0)

    def test_roc_has_the_auc_of_each_fold(self):
        rows = cells("figures/roc-status.tsv")
        predictions = table("cv/predictions.tsv")
        for fold in range(4):
            of_fold = [r for r in rows if r["curve"] == "fold" and r["fold"] == str(fold)]
            x = [float(r["false_positive_rate"]) for r in of_fold]
            y = [float(r["true_positive_rate"]) for r in of_fold]
            area = sum((x[k] - x[k - 1]) * (y[k] + y[k - 1]) / 2 for k in range(1, len(x)))
            self.assertAlmostEqual(area, auc([r for r in predictions if r["fold"] == str(fold)]), places=9)
        mean = [r for r in rows if r["curve"] == "mean"]
        self.assertEqual(len(mean), 101)
        self.assertTrue(all(float(r["low"]) <= float(r["high"]) for r in mean))

    def test_other_tables(self):
        predictions = table("cv/predictions.tsv")
        bins = cells("figures/calibration-status.tsv")
        self.assertEqual(sum(int(r["bags"]) for r in bins), len(predictions))
        positive = sum(r["target"] == "1" for r in predictions)
        self.assertAlmostEqual(sum(int(r["bags"]) * float(r["share_positive"]) for r in bins), positive, places=6)
        bars = cells("figures/distribution-status.tsv")
        self.assertEqual(sum(int(r["positive"]) for r in bars), positive)
        self.assertEqual(sum(int(r["negative"]) for r in bars), len(predictions) - positive)
        methods = {r["name"]: r for r in cells("figures/methods-status.tsv")}
        self.assertEqual(list(methods), ["cv", "stack", "nuisance", "kmer-3", "gapped"])
        folds = [f["auc"] for f in load("cv/summary.json")["tasks"]["status"]["repeats"][0]["folds"]]
        self.assertEqual([float(v) for v in methods["cv"]["folds"].split()], [float(f"{v:.6g}") for v in folds])

    def test_columns_of_a_stack_are_methods(self):
        columns = load("stack/summary.json")["tasks"]["status"]["columns"]
        said = self.said_of("stack")
        listed = ", ".join(f"{name} {c['auc_mean']:.3f}" for name, c in columns.items())
        self.assertIn(f"Its columns alone have on the same folds, in AUC: {listed}.", said["answers"])
        self.assertIn("Differences to the methods, with intervals, need the folder of baseline: hopsack report stack --rivals=RIVALS -o all.html",
                      said["missing"])
        self.assertFalse(any("It is not known what other methods" in m for m in said["missing"]))

    def test_learning_curves_are_the_metrics(self):
        for figure, score in (("learning_loss-status", "loss"), ("learning_score-status", "auc")):
            rows = cells(f"figures/{figure}.tsv")
            for fold in range(4):
                name = f"rep00/fold{fold:02d}"
                for part in ("train", "validation"):
                    mine = [r for r in rows if r["training"] == name and r["part"] == ("training" if part == "train" else part)]
                    with open(f"cv/{name}/metrics.jsonl", encoding="utf-8") as file:
                        lines = [json.loads(line) for line in file]
                    want = [(m["update"], m["tasks"]["status"][score]) for m in lines if m["part"] == part]
                    self.assertEqual([(int(r["update"]), number(r["value"])) for r in mine], want)
                    kept = load(f"cv/{name}/summary.json")["kept_update"]
                    self.assertEqual([int(r["update"]) for r in mine if r["kept"] == "1"], [kept])

    def test_logo_is_that_of_the_matrix(self):
        rows = cells("figures/logo-SFEN__b_.tsv")
        self.assertEqual([(r["position"], r["residue"], float(r["probability"])) for r in rows],
                         [("1", "A", 0.5), ("1", "C", 0.5), ("2", "A", 1)])
        self.assertAlmostEqual(float(rows[0]["bits"]), 0.5 * 3.321928094887362, places=9)
        self.assertAlmostEqual(float(rows[2]["bits"]), 4.321928094887362, places=9)

    def test_check_of_other_data_is_red(self):
        shutil.copy("check.json", "other.json")
        edit("other.json", lambda s: s.update(path="elsewhere/d.h5"))
        self.assertTrue(any("the check is of d.h5" in a for a in self.said_of("cv", "--check=other.json")["alarms"]))
        edit("other.json", lambda s: s.update(path="elsewhere/c.h5"))
        self.assertFalse(any("the check is of" in a for a in self.said_of("cv", "--check=other.json")["alarms"]))

    def test_measured_numbers_are_rounded_and_names_are_not(self):
        os.mkdir("digits")
        with open("digits/sequences.tsv", "w", encoding="utf-8") as file:
            file.write("rank\tbag\tcontribution\n1\t2024.123456\t0.123456789\n")
        self.said_of("cv", "--explain=digits")
        self.assertRegex(page("said.html").text, r"1 ?2024\.123456 ?0\.1235 ")

    def test_what_was_seen(self):
        p = page("all.html").text
        self.assertIn("Each bag is explained by models that have not learned from it.", p)
        self.assertIn("Motif SF<i>EN: in 18 positive and 2 negative bags (q = 2e-05).", p)
        self.assertNotIn("Motif KL", p)
        self.assertRegex(p, r"2 of 2 rows of motifs.tsv\) ?motif ?consensus ?n_bags_positive ?n_bags_negative ?p_fisher ?q_bh ?1")
        shutil.copytree("seen", "heart")
        with open("heart/explain.json", "w", encoding="utf-8") as file:
            file.write('{"seen": true}')
        with open("heart/motifs.tsv", "w", encoding="utf-8") as file:
            file.write("motif\tconsensus\tq_bh\n1\tKL\t0.6\n")
        said = json.loads(self.good("report", "cv", "--explain=heart", "--json", "-o", "heart.html").stdout)
        self.assertTrue(any("learned by heart" in a for a in said["alarms"]))
        self.assertTrue(any("No motif is clearly more frequent" in a for a in said["answers"]))

    def test_tables_without_rows(self):
        shutil.copytree("seen", "none")
        for name in ("motifs.tsv", "sequences.tsv"):
            with open(f"none/{name}", encoding="utf-8") as file:
                head = file.readline()
            with open(f"none/{name}", "w", encoding="utf-8") as file:
                file.write(head)
        self.good("report", "cv", "--explain=none", "-o", "none.html")
        p = page("none.html").text
        self.assertIn("No motif is clearly more frequent", p)
        self.assertNotIn("rows of motifs.tsv", p)

    def test_labels_beside_the_dataset_are_named(self):
        with open("beside.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tillness\n" + "".join(f"{r['bag']}\t{'-+'[int(r['target'])]}\n" for r in table("cv/predictions.tsv")))
        self.good("crossval", TINY, "c.h5", "--target=illness", "--positive=+", "--metadata=beside.tsv", "-o", "beside")
        self.assertIn("hopsack explain beside c.h5 --metadata=beside.tsv -o seen", self.good("report", "beside", "-o", "beside.html").stdout)

    # ---- parts that are missing ----

    def test_missing_parts_say_how_to_have_them(self):
        said = json.loads(self.good("report", "cv", "--json", "-o", "bare.html").stdout)
        p = page("bare.html")
        self.assertEqual(p.sections, ["top"] + SECTIONS)
        for words in ("hopsack baseline cv/config.yaml --splits=cv/splits.tsv -o rivals",
                      "hopsack crossval cv/config.yaml --permute=19 -o cv-permuted",
                      "hopsack crossval cv/config.yaml --batch-column=COLUMN --batches -o cv-batches",
                      "hopsack check cv/config.yaml --json", "hopsack explain cv c.h5 -o seen"):
            self.assertIn(words, p.text)
            self.assertEqual(sum(words in m for m in said["missing"]), 1, words)
        for command in (r"hopsack (baseline \S+ \S+) -o rivals", r"hopsack (crossval \S+ --permute=19) -o"):
            words = shlex.split(re.search(command, p.text)[1])
            self.good(*words, "--dry-run", "-o", "tried")
        with open("printed.json", "w", encoding="utf-8") as file:
            file.write(self.good("check", "cv/config.yaml", "--json").stdout)
        self.good("report", "cv", "--check=printed.json", "-o", "checked.html")
        said = json.loads(self.good(*self.all, "--json", "-o", "bare.html", "--force").stdout)
        self.assertEqual(len([m for m in said["missing"] if "baseline" in m or "explain" in m or "check" in m]), 0)

    def test_chance_and_batches_of_the_run(self):
        self.good("crossval", TINY, "c.h5", "--target=status", "--splits.n_fold=3", "--permute=2", "-o", "permuted")
        self.good("report", "permuted", "-o", "permuted.html")
        p = page("permuted.html").text
        chance = load("permuted/summary.json")["tasks"]["status"]["permuted"]
        self.assertIn(f"2 further cross-validations reached AUC {chance['auc_mean']:.3f}", p)
        self.assertNotIn("so there is no p value", p)

    def test_nuisance_that_reaches_the_result_is_red(self):
        for shift, red in ((0.9, True), (4, False)):
            name = f"shift{int(shift * 10)}"
            write_run(name, 200, shift)
            write_rivals(f"{name}-rivals", nuisance=(200, 1))
            said = json.loads(self.good("report", name, f"--rivals={name}-rivals", "--json", "-o", f"{name}.html").stdout)
            self.assertEqual(any("trivial cause" in a for a in said["alarms"]), red, said)
            self.assertEqual('class="alarm">Nuisance' in read(f"{name}.html").decode(), red)

    def said_of(self, run_folder, *args):
        return json.loads(self.good("report", run_folder, *args, "--json", "-o", "said.html", "--force").stdout)

    def test_nuisance_of_another_name_and_of_other_bags(self):
        """The run may be called as the method is; a method may lack a bag, so that no difference has an interval."""
        write_run("names/nuisance", 200, 0.9)
        for folder, n in (("same", 200), ("fewer", 199)):
            write_rivals(folder, nuisance=(n, 1))
            said = self.said_of("names/nuisance", f"--rivals={folder}")
            self.assertTrue(any("Nuisance numbers" in a and "trivial cause" in a for a in said["alarms"]), said)
            self.assertFalse(any("Methods with" in a and "nuisance" in a for a in said["answers"]), said)

    def test_one_number_that_tells_the_label_is_red(self):
        write_run("against", 200, 4)
        write_rivals("single", nuisance=(200, 0))
        for area, red in ((0.1, True), (0.9, True), (0.5, False), (0.3, False)):
            edit("single/summary.json", lambda s: s["methods"]["nuisance"]["tasks"]["status"].update(single={"log_depth": area, "sequences": 0.5}))
            alarms = self.said_of("against", "--rivals=single")["alarms"]
            self.assertEqual(any("'log_depth' of a bag alone reaches AUC 0.900" in a for a in alarms), red, alarms)

    def test_nuisance_of_vectors_and_of_columns(self):
        write_run("vectors", 200, 0.9)
        write_rivals("vector-rivals", **{"nuisance-vectors": (200, 1)})
        edit("vector-rivals/summary.json", lambda s: s["methods"]["nuisance-vectors"].update(settings={"by_counts": False, "columns": ["age", "<b>"]}))
        edit("vector-rivals/summary.json", lambda s: s["methods"]["nuisance-vectors"]["tasks"]["status"].update(single={"size": 0.6}))
        said = self.said_of("vectors", "--rivals=vector-rivals")
        self.assertTrue(any("(size, distribution of values; columns: age, <b>)" in a for a in said["alarms"]), said)
        self.assertIn("nuisance-status", said["figures"])

    def test_large_seed_is_not_rounded(self):
        write_run("seed", 60, 1)
        edit("seed/summary.json", lambda s: s.update(seed=9007199254740993))
        self.said_of("seed")
        self.assertEqual(page("said.html").text.count("9007199254740993"), 2)

    def test_outputs_no_nearer_than_the_mean_are_red(self):
        for value, red in ((-0.1, True), (0.2, False)):
            shutil.rmtree("numbers", ignore_errors=True)
            write_run("numbers", 60, 1)
            edit("numbers/summary.json", lambda s: s["tasks"].update(status={"kind": "regression", "n_bags": 60, "n_folds": 5, "n_repeats": 1, "r2_mean": value}))
            self.assertEqual(any("R² is not above 0" in a for a in self.said_of("numbers")["alarms"]), red)

    def test_another_run_as_rival(self):
        write_run("weaker", 200, 0.5)
        write_run("stronger", 200, 4)
        said = self.said_of("weaker", "--rivals=stronger")
        self.assertTrue(any(a.startswith("Methods with a higher AUC") and a.endswith(": stronger.") for a in said["answers"]), said)

    def test_methods_without_nuisance_numbers(self):
        write_run("plain", 60, 1)
        write_rivals("untold", kmer=(60, 1))
        said = self.said_of("plain", "--rivals=untold")
        self.assertTrue(any("No nuisance numbers" in a for a in said["answers"]))
        self.assertFalse(any("No nuisance numbers" in a for a in self.said_of("cv", "--rivals=rivals")["answers"]))

    def test_controls_that_reach_the_result_are_red(self):
        write_run("controls", 60, 1)
        for permuted, left, red in (([0.9] + [0.5] * 18, [0.55, 0.7], "permuted labels reach"), ([0.5] * 19, [0.4, 0.6], "new batch"),
                                    ([0.5] * 19, [0.55, 0.7], None), ([0.5, 0.6], [0.55, 0.7], None)):
            p = (1 + sum(a >= 0.75 for a in permuted)) / (1 + len(permuted))
            edit("controls/summary.json", lambda s: s["tasks"]["status"].update(
                permuted={"n": len(permuted), "auc": permuted, "auc_mean": 0.5, "p": p},
                leave_batch_out={"auc_mean": sum(left) / 2, "auc_ci95": left, "n_folds": 3, "n_bags": 60}))
            alarms = self.said_of("controls")["alarms"]
            self.assertEqual([red in a for a in alarms], [True] if red else [], alarms)

    def test_below_chance_is_another_sentence(self):
        write_run("below", 60, -1)
        edit("below/summary.json", lambda s: s["tasks"]["status"].update(auc_mean=0.25, auc_ci95=[0.1, 0.4]))
        alarms = self.said_of("below")["alarms"]
        self.assertEqual(len(alarms), 1)
        self.assertIn("lies below 0.5", alarms[0])

    def test_several_tasks_have_a_name_in_each_sentence_and_lack_the_same_once(self):
        write_run("tasks", 60, 1)
        with open("tasks/predictions.tsv", encoding="utf-8") as file:
            lines = file.read().splitlines()
        with open("tasks/predictions.tsv", "a", encoding="utf-8") as file:
            file.writelines(line.replace("\tstatus\t", "\tother\t") + "\n" for line in lines[1:])
        edit("tasks/summary.json", lambda s: s["tasks"].update(other=s["tasks"]["status"]))
        missing = self.said_of("tasks")["missing"]
        self.assertEqual(len(missing), len(set(missing)))
        write_rivals("onetask", nuisance=(60, 1))  # without the other task: the first is compared all the same
        said = self.said_of("tasks", "--rivals=onetask")
        self.assertTrue(any(a.startswith("status: Nuisance numbers") for a in said["alarms"]), said)
        self.assertTrue(any(a.startswith("other: No nuisance numbers") for a in said["answers"]), said)
        self.assertIn("difference_ci95", said["tasks"]["status"]["runs"][1])

    def test_chance_is_red(self):
        write_run("chance", 60, 0)
        edit("chance/summary.json", lambda s: s["tasks"]["status"].update(auc_ci95=[0.41, 0.63]))
        said = json.loads(self.good("report", "chance", "--json", "-o", "chance.html").stdout)
        self.assertIn("reaches 0.5", said["alarms"][0])

    # ---- other runs ----

    def test_single_training_stack_and_method(self):
        self.good("report", "one", "-o", "one.html", "--figures=one-figures")
        task = load("one/summary.json")["parts"]["test"]["tasks"]["status"]
        self.assertIn(f"status: AUC {task['auc']:.3f}", page("one.html").text)
        self.assertIn("One division into training and test set", page("one.html").text)
        for run_folder in ("stack", "rivals/kmer-3"):
            self.good("report", run_folder, "--rivals=rivals", "-o", "other.html", "--force")
            want = load(f"{run_folder}/summary.json")["tasks"]["status"]["auc_mean"]
            self.assertIn(f"status: AUC {want:.3f}", page("other.html").text)
            self.assertIn("no learning curve", page("other.html").text)
            self.assertNotIn("train.updates", page("other.html").text)  # of networks, which this is not

    def test_method_takes_what_stands_beside_it(self):
        said = self.said_of("rivals/kmer-3")
        self.assertTrue(any("hopsack report rivals/kmer-3 --rivals=rivals" in m for m in said["missing"]))
        self.assertFalse(any("hopsack baseline" in m or "DATA" in m for m in said["missing"]))
        p = page("said.html").text
        self.assertIn("hopsack baseline cv/config.yaml --splits=cv/splits.tsv", p)
        self.assertIn(load("rivals/manifest.json")["data"]["dataset"]["content"], p)

    def test_unfinished_run(self):
        shutil.copytree("cv", "open")
        os.remove("open/summary.json")
        os.remove("open/rep00/fold02/summary.json")
        with open("open/rep00/fold02/metrics.jsonl", "a", encoding="utf-8") as file:
            file.write('{"update":60,"pa')
        said = json.loads(self.good("report", "open", "--json", "-o", "open.html", "--figures=open-figures").stdout)
        self.assertFalse(said["finished"])
        p = page("open.html")
        self.assertEqual(p.sections, ["top"] + SECTIONS)
        self.assertIn("3 of the 4 trainings", p.text)
        self.assertIn("hopsack crossval --resume -o open", p.text)
        self.assertEqual(sorted(os.listdir("open-figures")), [f"learning_{w}-status.{e}" for w in ("loss", "score") for e in ("svg", "tsv")])

    def test_unfinished_methods_and_stack(self):
        for name, command in (("rivals", "hopsack baseline --resume -o begun"), ("stack", "hopsack stack rivals cv -o stack")):
            shutil.rmtree("begun", ignore_errors=True)
            shutil.copytree(name, "begun")
            os.remove("begun/summary.json")
            said = self.said_of("begun")
            self.assertEqual(said["alarms"], ["This run is not finished."])
            self.assertTrue(said["missing"][0].endswith(command), said["missing"])

    def test_ensemble(self):
        self.good("crossval", TINY, "c.h5", "--target=status", "--splits.n_fold=3", "--crossval.ensemble=2", "-o", "ensemble")
        self.good("report", "ensemble", "-o", "ensemble.html", "--figures=ensemble-figures")
        names = {r["training"] for r in cells("ensemble-figures/learning_loss-status.tsv")}
        self.assertEqual(names, {f"rep00/fold{f:02d}/model{m:02d}" for f in range(3) for m in range(2)})
        p = page("ensemble.html").text
        self.assertIn("the outputs of 2 networks that differ in their random seed were averaged", p)
        self.assertNotIn("± repetitions", p)

    def test_several_tasks_classes_and_numbers_with_hostile_names(self):
        rng = random.Random(3)
        with open("bags.csv", "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["bag", "label", "amount", "x", "y"])
            for b in range(36):
                for i in range(4):
                    out.writerow([f"{HOSTILE}{b:02d}", f"<img src=x onerror=a()>{'abc'[b % 3]}", b % 3 + b / 100,
                                  f"{rng.gauss(b % 3, 1):.4f}", f"{rng.gauss(0, 1):.4f}"])
        self.good("import", "--format=csv", "--bag=bag", "--label=label", "--labels=amount", "-o", "hostile.h5", "bags.csv")
        with open("hostile.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: hostile.h5}\n"
                       f"tasks:\n- {{name: {json.dumps(HOSTILE, ensure_ascii=False)}, column: label, kind: multiclass}}\n"
                       "- {name: amount, column: amount, kind: regression}\n"
                       "model: {embedder: {kind: mlp}}\ntrain: {updates: 20, evaluate_every: 10}\nsplits: {kind: random, n_fold: 3}\n")
        self.good("crossval", "hostile.yaml", "-o", "hos <b>'tile")
        self.good("report", "hos <b>'tile", "-o", "hostile.html", "--figures=hostile-figures")
        p = page("hostile.html")
        self.assertFalse(p.tags & {"script", "img", "b"})
        self.assertIn(HOSTILE, p.text)
        self.assertIn("<img src=x onerror=a()>b", p.text)
        self.assertIn("hopsack crossval hostile.yaml -o 'hos <b>'\\''tile'", p.text)
        for name in os.listdir("hostile-figures"):
            self.assertRegex(name, r"^[\w-]+\.(svg|tsv)$")
            if name.endswith(".svg"):
                xml.fromstring(read(f"hostile-figures/{name}").decode())
        confusion = [n for n in os.listdir("hostile-figures") if n.startswith("confusion") and n.endswith("tsv")]
        rows = cells(f"hostile-figures/{confusion[0]}")
        self.assertEqual(sum(int(r["bags"]) for r in rows), 36)
        accuracy = sum(int(r["bags"]) for r in rows if r["true"] == r["predicted"]) / 36
        self.assertAlmostEqual(accuracy, load("hos <b>'tile/summary.json")["tasks"][HOSTILE]["accuracy_mean"], places=9)
        points = cells("hostile-figures/predicted-amount.tsv")
        truth = {r["bag"]: r for r in cells("hos <b>'tile/predictions.tsv") if r["task"] == "amount"}
        self.assertEqual(len(points), 36)
        for r in points:
            self.assertEqual(number(r["predicted"]), number(truth[r["bag"]]["output"]))

    def test_10000_bags(self):
        write_run("large", 10000, 1)
        self.good("report", "large", "-o", "large.html", "--figures=large-figures")
        self.assertLess(os.path.getsize("large.html"), 2_000_000)
        page("large.html")

    def test_many_long_trainings(self):
        """250 trainings of 200 evaluations, drawn in part; the table has all."""
        write_run("long", 60, 1)
        with open("long/config.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: c.h5}\ntasks: [{name: status, column: status}]\n")
        rng = random.Random(4)
        for k in range(250):
            name = f"long/rep{k // 25:02d}/fold{k // 5 % 5:02d}/model{k % 5:02d}"
            os.makedirs(name)
            with open(f"{name}/metrics.jsonl", "w", encoding="utf-8") as file:
                for update in range(50, 10001, 50):
                    for part in ("train", "validation"):
                        file.write(f'{{"update":{update},"part":"{part}","tasks":{{"status":{{"loss":{rng.random():.4f},"auc":{rng.random():.4f}}}}}}}\n')
        self.good("report", "long", "-o", "long.html", "--figures=long-figures")
        self.assertLess(os.path.getsize("long.html"), 1_000_000)
        self.assertIn("through one in 7 of its evaluations", page("long.html").text)
        self.assertEqual(len(cells("long-figures/learning_loss-status.tsv")), 250 * 200 * 2)

    def test_one_bag(self):
        write_run("onebag", 1, 1, n_fold=1)
        edit("onebag/summary.json", lambda s: s["tasks"]["status"].update(auc_mean=None, auc_ci95=[None, None]))
        self.good("report", "onebag", "-o", "onebag.html")
        p = page("onebag.html").text
        self.assertIn("status: AUC not defined", p)
        self.assertNotRegex(p, r"(?i)\bnan\b")
        self.assertNotIn("ROC", p)

    def test_counts_that_no_int_holds(self):
        write_run("counts", 60, 1)
        edit("counts/summary.json", lambda s: s["tasks"]["status"].update(n_bags=1e300, n_folds=-1e300))
        self.good("report", "counts", "-o", "counts.html")
        self.assertIn("the mean over 0 test folds; 2147483647 bags", page("counts.html").text)

    # ---- what is refused ----

    def test_files_are_not_overwritten(self):
        self.good("report", "cv", "-o", "kept.html", "--figures=kept")
        self.bad(6, r"kept.html exists; --force overwrites it", "report", "cv", "-o", "kept.html")
        self.bad(6, r"kept/[\w-]+\.svg exists; --force", "report", "cv", "-o", "new.html", "--figures=kept")
        self.good("report", "cv", "-o", "kept.html", "--figures=kept", "--force")
        os.symlink("kept.html", "link.html")
        self.bad(6, r"link", "report", "cv", "-o", "link.html", "--force")
        for name in ("-", "cv/summary.json", "page.txt"):
            self.bad(2, r"ends in .html", "report", "cv", "-o", name, "--force")
        self.bad(6, r"tiny.yaml is no folder", "report", "cv", "-o", "new.html", "--figures=tiny.yaml")
        self.bad(6, r"nowhere", "report", "cv", "-o", "nowhere/new.html", "--figures=newfigures")
        os.link("seen/sequences.tsv", "linked.html")
        self.bad(2, r"both input and output", "report", "cv", "--explain=seen", "-o", "linked.html", "--force")

    def test_dry_run_writes_nothing(self):
        before = snapshot(".")
        done = self.good("report", "cv", "-o", "dry.html", "--figures=dry", "--dry-run")
        self.assertIn("would write: dry.html", done.stdout)
        self.assertEqual(snapshot("."), before)

    def test_wrong_folders(self):
        self.bad(6, r"nowhere is no folder", "report", "nowhere", "-o", "x.html")
        self.bad(2, r"rivals holds several methods", "report", "rivals", "-o", "x.html")
        self.bad(3, r"seen: neither summary.json nor config.yaml", "report", "seen", "-o", "x.html")
        self.bad(3, r"seen: no summary.json", "report", "cv", "--rivals=seen", "-o", "x.html")
        self.bad(2, r"cv is given twice", "report", "cv", "--rivals=cv", "-o", "x.html")
        for folder in ("rivals", "rivals/kmer-3"):
            self.bad(2, r"--stack=rivals\S* is no folder of hopsack stack", "report", "cv", f"--stack={folder}", "-o", "x.html")
        self.bad(6, r"--explain=nowhere is no folder", "report", "cv", "--explain=nowhere", "-o", "x.html")
        self.bad(2, r"--explain=rivals is no folder of hopsack explain", "report", "cv", "--explain=rivals", "-o", "x.html")
        self.bad(3, r"holds no report of hopsack check", "report", "cv", "--check=tiny.yaml", "-o", "x.html")
        self.bad(6, r"--check=nowhere: there is no such file", "report", "cv", "--check=nowhere", "-o", "x.html")

    def test_damaged_files(self):
        shutil.copytree("cv", "damaged")
        with open("damaged/predictions.tsv", "a", encoding="utf-8") as file:
            file.write("x\tstatus\t+\t1\tmuch\t0.5\ttest\t0\t0\n")
        self.bad(3, r"damaged/predictions.tsv:42: 'much'", "report", "damaged", "-o", "x.html")
        with open("cv/predictions.tsv", encoding="utf-8") as file:
            lines = file.read()
        with open("damaged/predictions.tsv", "w", encoding="utf-8") as file:
            file.write(lines + "x\tstatus\t+\t1\t1\t0.5\ttest\t50000\t50000\n")
        self.bad(3, r"damaged/predictions.tsv: 50001 repetitions of 50001 folds are too many", "report", "damaged", "-o", "x.html")
        os.mkdir("half")
        with open("half/motifs.meme", "w", encoding="utf-8") as file:
            file.write("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\nMOTIF a\nletter-probability matrix: w= 3\n1 0\n")
        self.bad(3, r"half/motifs.meme:5: ", "report", "cv", "--explain=half", "-o", "x.html")
        with open("half/motifs.meme", "w", encoding="utf-8") as file:
            file.write("MEME version 4\nALPHABET= ACDEFGHIKLMNPQRSTVWY\nMOTIF a\nletter-probability matrix: w= 1\n" + "0.9 " * 20 + "\n")
        self.bad(3, r"half/motifs.meme: a position of a logo has the sum 18", "report", "cv", "--explain=half", "-o", "x.html")

    def test_other_folds_are_not_compared(self):
        self.good("crossval", TINY, "c.h5", "--target=status", "--splits.n_fold=3", "--seed=9", "-o", "otherfolds")
        self.good("report", "cv", "--rivals=otherfolds", "-o", "folds.html")
        self.assertIn("are not about the same bags", page("folds.html").text)

    @unittest.skipUnless(os.environ.get("HOPSACK_BROWSER"), "HOPSACK_BROWSER names no browser (chromium)")
    def test_browser_has_nothing_to_say(self):
        for width in (1280, 400):
            done = subprocess.run([os.environ["HOPSACK_BROWSER"], "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                                   f"--window-size={width},2000", f"--screenshot=shot{width}.png", f"file://{os.getcwd()}/all.html"],
                                  stderr=subprocess.PIPE, text=True, timeout=120)
            self.assertTrue(os.path.getsize(f"shot{width}.png") > 10000)
            self.assertNotIn("CONSOLE", done.stderr)

    # ---- inspect RUN RUN ----

    def test_inspect_runs(self):
        said = json.loads(self.good("inspect", "cv", "rivals", "stack", "--json").stdout)
        task = said["tasks"]["status"]
        self.assertEqual([r["name"] for r in task["runs"]], ["cv", "nuisance", "kmer-3", "gapped", "stack"])
        self.assertEqual(task["runs"][0]["auc_ci95"], load("cv/summary.json")["tasks"]["status"]["auc_ci95"])
        for r in task["runs"][1:]:
            self.assertAlmostEqual(r["difference"], r["auc"] - task["runs"][0]["auc"], places=6)
            low, high = r["difference_ci95"]
            self.assertTrue(low <= r["difference"] <= high)
        shown = self.good("inspect", "cv", "rivals", "stack").stdout
        self.assertRegex(shown, rf"kmer-3 +{task['runs'][2]['auc']:.3f} ")
        self.assertNotRegex(shown, r"(?m) $")
        self.assertRegex(shown, re.escape(f"{task['runs'][2]['difference']:+.3f}  {task['runs'][2]['difference_ci95'][0]:+.3f} to"))

    def test_interval_of_a_difference_against_our_own(self):
        """2000 draws of bags within the folds, the same for both runs."""
        for name, shift in (("first", 1), ("second", 1.6)):
            write_run(name, 120, shift)
        # outputs of one bag in both runs are the same noise, moved
        gap = json.loads(self.good("inspect", "first", "second", "--json").stdout)["tasks"]["status"]["runs"][1]
        rows = [[(int(r["fold"]), int(r["target"]), float(r["output"])) for r in table(f"{n}/predictions.tsv")] for n in ("first", "second")]
        rng, differences = random.Random(5), []
        folds = [[i for i in range(120) if rows[0][i][0] == f] for f in range(5)]

        def mean(which, drawn):
            areas = []
            for picked in drawn:
                positive = [rows[which][i][2] for i in picked if rows[which][i][1]]
                negative = [rows[which][i][2] for i in picked if not rows[which][i][1]]
                if positive and negative:
                    areas.append(sum((p > n) + 0.5 * (p == n) for p in positive for n in negative) / len(positive) / len(negative))
            return sum(areas) / len(areas)

        self.assertAlmostEqual(gap["difference"], mean(1, folds) - mean(0, folds), places=9)
        for _ in range(1000):
            drawn = [[rng.choice(fold) for _ in fold] for fold in folds]
            differences.append(mean(1, drawn) - mean(0, drawn))
        differences.sort()
        self.assertAlmostEqual(gap["difference_ci95"][0], differences[25], delta=0.015)
        self.assertAlmostEqual(gap["difference_ci95"][1], differences[974], delta=0.015)

    def test_folder_that_is_not_utf8(self):
        shutil.copytree("cv", os.fsdecode(b"not\xff"))
        done = self.good("inspect", "cv", os.fsdecode(b"not\xff"), "--json")
        self.assertEqual(json.loads(done.stdout)["tasks"]["status"]["runs"][1]["folder"], "not\\xff")
        self.good("report", os.fsdecode(b"not\xff"), "--rivals=cv", "-o", "not.html")
        self.assertIn("not\\xff", page("not.html").text)

    def test_inspect_runs_that_do_not_fit(self):
        done = self.good("inspect", "cv", "one")
        self.assertRegex(done.stdout, r"one is not compared: .*not about the same bags")
        shutil.copytree("one", "othertask")
        edit("othertask/summary.json", lambda s: s["parts"]["test"].update(tasks={"age": s["parts"]["test"]["tasks"].pop("status")}))
        done = self.good("inspect", "cv", "othertask")
        self.assertRegex(done.stdout, r"(?m)^othertask +- +-")
        self.assertRegex(done.stdout, r"othertask is not compared: ")
        self.bad(2, r"cv is given twice", "inspect", "cv", "cv/")
        self.bad(2, r"c.h5 is no folder of a run", "inspect", "c.h5", "cv")
        self.bad(6, r"none is no folder of a run", "inspect", "cv", "none")
        self.bad(3, r"seen: no summary.json", "inspect", "cv", "seen")


if __name__ == "__main__":
    main()
