# SPDX-License-Identifier: MIT
"""Files of vectors as other people's tools write them: read, or refused by name; nothing of them silently wrong."""
import gzip
import json
import os
import random

import h5py
import numpy

from harness import Case, main, run, table

N_BAG = 16
MIL = """
splits: {n_fold: 4, validation: none}
model: {embedder: {kind: mlp, n_layer: 1, n_unit: 4}, pooling: {kind: max}, selection: {kind: all}}
train: {epochs: 1, batch: 8, draws: 0, keep: last}
"""


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def bags():
    """[(bag, label, rows)] of three instances with features a, b, c."""
    rng = random.Random(4)
    return [(f"b{b}", b % 2, [[round(rng.gauss(b % 2, 1), 3) for _ in range(3)] for _ in range(3)]) for b in range(N_BAG)]


BAGS = bags()


def lines(cell, data=None):
    """One line an instance: cell(bag, label, row, number of the instance)."""
    number, out = 0, []
    for bag, label, rows in data or BAGS:
        for x in rows:
            out.append(cell(bag, label, x, number) + "\n")
            number += 1
    return "".join(out)


def csv(path, names="abc", pick=(0, 1, 2), data=None):
    write(path, f"bag,label,{','.join(names)}\n" + lines(lambda b, y, x, i: f"{b},{y}," + ",".join(str(x[k]) for k in pick), data))


def contents(path):
    """{bag: (label, features)} of a dataset."""
    with h5py.File(path) as f:
        names = [n.decode() for n in f["metadata/column_names"][()]]
        label = [row[names.index("label")].decode() if "label" in names else "" for row in f["metadata/columns"][()]]
        keys = [k.decode() for k in f["metadata/sample_keys"][()]]
        ends = f["sampledata/sample_sequences_start_end"][()]
        x = f["sampledata/features"][()].astype("f8")
        return {k: (y, x[first:end].round(3).tolist()) for k, y, (first, end) in zip(keys, label, ends)}


class Files(Case):
    @classmethod
    def prepare(cls):
        write("mil.yaml", MIL)
        csv("v.csv")
        done = run("import", "-o", "v.h5", "v.csv")
        assert done.returncode == 0, done.stderr

    def imported(self, out, *words):
        return self.good("import", "--force", "-o", out, *words)

    def warned(self, pattern, *words):
        self.assertRegex(self.imported("o.h5", *words).stderr, "warning: .*" + pattern)

    def refused(self, pattern, *words, code=3):
        self.bad(code, pattern, "import", "-o", "never.h5", *words)

    def same(self, *words):
        """Read as the bags of v.csv, but for how bags are called."""
        self.imported("o.h5", *words)
        want, got = contents("v.h5"), contents("o.h5")
        self.assertEqual([x for _, x in got.values()], [x for _, x in want.values()], words)
        return list(got), [y for y, _ in got.values()]

    # ---- features by name ----

    def test_features_go_by_their_names(self):
        csv("other.csv", "cab", (2, 0, 1))
        self.imported("other.h5", "other.csv")
        self.imported("sparse.h5", "--sparse=yes", "other.csv")
        self.good("train", "mil.yaml", "--data.path=v.h5", "--target=label", "--force", "-o", "run")
        said = self.good("predict", "run", "v.h5", "-o", "-").stdout
        self.assertEqual(self.good("predict", "run", "other.h5", "-o", "-").stdout, said)
        scores = self.good("evaluate", "run", "v.h5", "--part=all").stdout
        self.assertIn("train", scores)  # bags are known as those of the training in the other order too
        self.assertEqual(self.good("evaluate", "run", "other.h5", "--part=all").stdout, scores)
        self.imported("straight.h5", "--sparse=yes", "v.csv")
        self.assertEqual(self.good("predict", "run", "sparse.h5", "-o", "-").stdout, self.good("predict", "run", "straight.h5", "-o", "-").stdout)
        self.good("crossval", "mil.yaml", "--data.path=other.h5", "--target=label", "--force", "-o", "cv")
        self.assertEqual(self.good("predict", "cv", "v.h5", "-o", "-").stdout, self.good("predict", "cv", "other.h5", "-o", "-").stdout)
        self.bad(4, r"run.*in another order; predict with it alone", "predict", "cv", "run", "v.h5", "-o", "never.tsv")
        write("nameless.csv", lines(lambda b, y, x, i: f"{b},{y},{x[0]},{x[1]},{x[2]}"))
        self.imported("nameless.h5", "--bag=1", "--label=2", "nameless.csv")
        self.assertEqual(self.good("predict", "run", "nameless.h5", "-o", "-").stdout, said)

    def test_features_that_are_missing_or_too_many_are_named(self):
        self.good("train", "mil.yaml", "--data.path=v.h5", "--target=label", "--force", "-o", "run")
        for names, pick, pattern in (("ab", (0, 1), r"abd.h5 lacks 'c'; import"), ("abd", (0, 1, 2), r"lacks 'c' and has 'd', which it does not know"),
                                     ("abcd", (0, 1, 2, 1), r"abd.h5 has 'd', which it")):
            csv("abd.csv", names, pick)
            self.imported("abd.h5", "abd.csv")
            self.bad(4, pattern, "predict", "run", "abd.h5", "-o", "never.tsv")

    def test_files_of_one_dataset_agree_by_name(self):
        second = [(f"c{b[1:]}", y, x) for b, y, x in BAGS]
        csv("second.csv", "bca", (1, 2, 0), second)
        self.imported("o.h5", "v.csv", "second.csv")
        got = contents("o.h5")
        self.assertEqual(got["c3"], got["b3"])
        csv("more.csv", "abd", (0, 1, 2), second)
        self.refused(r"more.csv: has a feature 'd'", "v.csv", "more.csv")
        csv("less.csv", "ab", (0, 1), second)
        self.refused(r"less.csv: lacks the feature 'c'", "v.csv", "less.csv")
        csv("again.csv")
        self.refused(r"again.csv:2: bag 'b0' is also in a file read before", "v.csv", "again.csv")

    # ---- what is no feature ----

    def test_row_numbers(self):
        for name, value in (("Unnamed: 0", lambda i: i), ("n", lambda i: i + 1), ("", lambda i: 7 * i), ("shuffled", lambda i: i * 5 % 48)):
            write("row.csv", f"{name},bag,label,a\n" + lines(lambda b, y, x, i, value=value: f"{value(i)},{b},{y},{x[0]}"))
            self.refused(f"row.csv: feature '{name}' is a row number.*--skip={name}, or --allow-leak", "row.csv")
            self.warned(f"feature '{name}' is a row number", "--allow-leak", "row.csv")
            self.imported("o.h5", f"--skip={name}", "row.csv")
        self.imported("o.h5", "--allow-leak", "row.csv")
        done = self.good("train", "mil.yaml", "--data.path=o.h5", "--target=label", "--force", "-o", "leak")
        self.assertRegex(done.stderr, "warning: o.h5: feature 'shuffled': it is a row number")

    def test_columns_of_the_bag(self):
        write("age.csv", "bag,label,age,n,a\n" + lines(lambda b, y, x, i: f"{b},{y},{int(b[1:]) * 7 % 31},{i % 3},{x[0]}"))
        said = self.imported("o.h5", "age.csv").stderr
        self.assertRegex(said, r"warning: feature 'age': it has one value in all instances of each bag, as an ID, an age or a site")
        self.assertRegex(said, r"warning: feature 'n': it numbers the instances of each bag")
        self.assertNotRegex(self.imported("o.h5", "v.csv").stderr, "it has one value|it numbers|row number")

    def test_columns_that_stand_twice(self):
        for head, pattern in (("bag,label,a,bag", "'bag'"), ("bag,label,a,label", "'label'"), ("bag,label,a,a", "'a'")):
            write("twice.csv", head + "\n" + lines(lambda b, y, x, i: f"{b},{y},{x[0]},{y}"))
            self.refused(f"twice.csv: two columns are named {pattern}", "twice.csv")

    def test_labels_of_instances(self):
        write("inst.csv", "bag,label,a\nb1,0,1\nb1,1,2\nb2,0,3\n")
        self.refused(r"inst.csv:3: bag 'b1' has label '1' here but '0' in line 2.*--skip.*--metadata", "inst.csv")

    def test_large_numbers_are_different_names(self):
        write("ids.csv", "bag,label,a,b,c\n" + lines(lambda b, y, x, i: f"{9007199254740993 + int(b[1:])},{y},{x[0]},{x[1]},{x[2]}"))
        self.assertNotIn("kept apart", self.imported("o.h5", "ids.csv").stderr)
        self.assertEqual(len(contents("o.h5")), N_BAG)

    def test_bags_named_almost_alike(self):
        for a, b in (("1", "1.0"), ("01", "1"), ("A", "a")):
            write("ids.csv", f"bag,label,x\n{a},0,5\n{b},0,2\nq,1,4\n")
            self.warned(f"bags '{a}' and '{b}' are kept apart", "ids.csv")

    def test_headers_of_numbers_and_none(self):
        row = lines(lambda b, y, x, i: f"{y},{b[1:]},{x[0]},{x[1]},{x[2]}")
        write("first.csv", row)
        self.same("first.csv")
        write("pandas.csv", "0,1,2,3,4\n" + row)
        self.refused(r"pandas.csv: the first line is 0, 1, 2, …, as pandas.*--bag=0 --label=1", "pandas.csv")
        self.same("--bag=1", "--label=0", "pandas.csv")
        write("bagfirst.csv", lines(lambda b, y, x, i: f"{b[1:]},{y},{x[0]},{x[1]},{x[2]}"))
        self.refused(r"bagfirst.csv:\d+: bag '0' has label.*--format=csv --bag=1 --label=2", "--format=label-first", "bagfirst.csv")
        self.same("--bag=1", "--label=2", "bagfirst.csv")
        self.refused(r"give columns by their number, from 1 to 5: --bag=NUMBER", "--bag=id", "--label=2", "bagfirst.csv", code=2)

    def test_decimal_commas(self):
        write("german.csv", "bag;label;a;b;c\n" + lines(lambda b, y, x, i: f"{b};{y};" + ";".join(str(v).replace(".", ",") for v in x)))
        self.same("german.csv")
        self.warned(r"german.csv:2: column 'a': '\S+,\d+' is read as \S+\.\d+; commas", "german.csv")
        write("thousands.csv", "bag;label;a\nb0;0;1,234.5\nb1;1;2\n")
        self.refused(r"thousands.csv:2: column 'a': '1,234.5' is not a number", "thousands.csv")

    # ---- formats ----

    def test_vectors_without_a_feature(self):
        write("bare.svm", "0:0:1\n1:1:-1\n")
        self.refused(r"bare.svm: no instance has a feature", "bare.svm")

    def test_svm_loses_no_row(self):
        def rows(head, blank=" "):
            return lines(lambda b, y, x, i: head(b, y, i) + blank + blank.join(f"{k + 1}:{v}" for k, v in enumerate(x)))
        for head, blank in ((lambda b, y, i: f"{i}:{b}:{y}", "\t"), (lambda b, y, i: f"{i}:{b}:{y}.0", " "),
                            (lambda b, y, i: f"x{i}:{b}:{2 * y - 1}", " ")):
            for title in ("", "# title\n", "a title\n"):
                write("t.svm", title + rows(head, blank))
                self.assertEqual(self.same("t.svm")[1], [str(y) for _, y, _ in BAGS])
        write("t.svm", rows(lambda b, y, i: f"{i}:{b}:{'yes' if i == 0 else y}"))
        self.refused(r"t.svm:1: '0:b0:yes.*is neither a title nor", "t.svm")

    def test_arff(self):
        head = "% comment\n\n@RELATION 'a b'\n@attribute 'bag id' string\n"
        inner = "".join(f"@attribute {n} numeric\n" for n in "abc")
        end = "@attribute class {0, 1}\n@data\n% more\n"
        write("bags.arff", head + "@attribute bag relational\n" + inner + "@end bag\n" + end
              + "".join(f"'{b}','" + r"\n".join(",".join(map(str, x)) for x in rows) + f"',{y}\n" for b, y, rows in BAGS))
        write("flat.arff", head + inner + end + lines(lambda b, y, x, i: f"{b},{x[0]}, {x[1]} ,{x[2]},{y}, {{2}}"))
        write("sparse.arff", head + inner + end + lines(lambda b, y, x, i: f"{{0 {b}, 1 {x[0]}, 2 {x[1]},3 {x[2]}" + (", 4 1" if y else "") + "}"))
        for path in ("bags.arff", "flat.arff", "sparse.arff"):
            names, labels = self.same(path)
            self.assertEqual(names, [b for b, _, _ in BAGS])
            self.assertEqual(labels, [str(y) for _, y, _ in BAGS])
        write("kinds.arff", "@relation r\n@attribute bag {x,y}\n@attribute colour {red,green,'dark blue'}\n@attribute sex {m,f}\n"
              "@attribute n {1,2,4}\n@attribute label {no,yes}\n@data\nx,green,f,4,no\ny,'dark blue',m,1,yes\nx,red,m,2,no\n")
        self.imported("o.h5", "kinds.arff")
        self.assertEqual(contents("o.h5"), {"x": ("no", [[0, 1, 0, 1, 4], [1, 0, 0, 0, 2]]), "y": ("yes", [[0, 0, 1, 0, 1]])})
        flat = head + inner + end
        for text, pattern in ((flat + "b0,1,?,2,0\n", r":11: attribute 'b': '\?' is missing.*--skip=b"),
                              (flat + "b0,1,x,2,0\n", r":11: attribute 'b': 'x' is not a number"),
                              (flat + "b0,1,2,0\n", r":11: ARFF: a row has 4 values, there are 5 attributes"),
                              (flat + "'b0,1,2,3,0\n", r":11: ARFF: a quote is not closed"),
                              (flat + "{0 b0, 9 1}\n", r":11: ARFF: a sparse row"),
                              (head + inner, r"there is no @data"),
                              (head + "@attribute a shape\n" + end, r":5: ARFF: attribute 'a' has the unknown type 'shape'"),
                              (head + "@attribute t string\n" + end + "b0,x,0\n", r"attribute 't' holds text"),
                              (head + inner + inner + end, r"two attributes are named 'a'")):
            write("bad.arff", text)
            self.refused(r"bad.arff.*" + pattern, "bad.arff")

    def test_triples(self):
        os.makedirs("tri", exist_ok=True)
        rows = [x for _, _, bag in BAGS for x in bag]
        write("tri/bagids.csv", lines(lambda b, y, x, i: b))
        write("tri/labels.csv", lines(lambda b, y, x, i: str(y)))
        write("tri/data.csv", "\n".join(",".join(map(str, x)) for x in rows) + "\n")
        self.same("tri")
        write("tri/labels.csv", "".join(f"{y}\n" for _, y, _ in BAGS))  # one a bag
        write("tri/data.csv", "\n".join("\t".join(str(x[k]) for x in rows) for k in range(3)) + "\n")  # a line a feature
        self.assertEqual(self.same("--format=triples", "tri")[1], [str(y) for _, y, _ in BAGS])
        write("tri/labels.csv", "0\n1\n")
        self.refused(r"tri/labels.csv: has 2 labels, but there are 48 instances and 16 bags", "tri")
        write("tri/bagids.csv", "b0\nb1\n")
        self.refused(r"tri/data.csv: has 3 lines of 48 numbers, but tri/bagids.csv has 2 lines", "tri")

    def test_a_file_a_bag(self):
        os.makedirs("tables", exist_ok=True)
        for bag, _, rows in BAGS:
            text = "".join(",".join(map(str, x)) + "\n" for x in rows).encode()
            with open(f"tables/{bag}.csv.gz", "wb") as file:
                file.write(gzip.compress(text))
        labels = "slide_id,label\n" + "".join(f"{b},{y}\n" for b, y, _ in BAGS)
        write("labels.csv", labels)
        want = {b: (str(y), rows) for b, y, rows in BAGS}
        self.imported("o.h5", "--metadata=labels.csv", "tables")
        self.assertEqual(contents("o.h5"), want)
        write("tables/labels.csv", labels)
        self.assertRegex(self.imported("o.h5", "--format=folder", "tables").stderr, "labels are read from tables/labels.csv")
        self.assertEqual(contents("o.h5"), want)

    def test_labels_of_an_index(self):
        """--labels names columns of the index, also where the tables of the bags have a header."""
        os.makedirs("named", exist_ok=True)
        for bag, _, rows in BAGS:
            write(f"named/{bag}.csv", "a,b,c\n" + "".join(",".join(map(str, x)) + "\n" for x in rows))
        write("index.csv", "path,label,age\n" + "".join(f"named/{b}.csv,{y},{20 + y}\n" for b, y, _ in BAGS))
        self.assertIn("column 'age' is not kept; --labels=age keeps it", self.imported("o.h5", "index.csv").stderr)
        self.imported("o.h5", "--labels=age", "index.csv")
        with h5py.File("o.h5") as f:
            self.assertEqual([n.decode() for n in f["metadata/column_names"][()]], ["ID", "label", "age"])
            self.assertEqual({tuple(c.decode() for c in row[1:]) for row in f["metadata/columns"][()]}, {("0", "20"), ("1", "21")})
        self.assertEqual(contents("o.h5"), {f"named/{b}.csv": (str(y), rows) for b, y, rows in BAGS})

    def test_no_first_line_of_a_bag_is_lost(self):
        os.makedirs("odd", exist_ok=True)
        for head, bad in (("0,1,2\n", None), ("a,b,c\n", None), (",0,1\n", "is empty"), ("1,,2\n", r"x.csv:1: column '2': '' is empty"),
                          ("nan,1,2\n", r"x.csv:1: column '1': 'nan' is not a finite")):
            write("odd/x.csv", head + "5,6.5,7\n8,9.5,9\n")
            write("odd/y.csv", head + "4,3.5,2\n")
            if bad:
                self.refused(bad, "--format=folder", "odd")
                continue
            done = self.imported("o.h5", "--format=folder", "odd")
            self.assertEqual({b: x for b, (_, x) in contents("o.h5").items()}, {"x": [[5, 6.5, 7], [8, 9.5, 9]], "y": [[4, 3.5, 2]]})
            self.assertEqual(done.stderr.count("is taken for names of columns"), int(head[0] == "0"))

    def slide(self, path, x, **how):
        with h5py.File(path, "w") as f:
            f.create_dataset("features", data=x, **how)
            f["coords"] = numpy.zeros((len(x), 2))

    def test_slides(self):
        os.makedirs("clam/h5_files", exist_ok=True)
        os.makedirs("clam/pt_files", exist_ok=True)
        os.makedirs("trident", exist_ok=True)
        os.makedirs("pt/pt_files", exist_ok=True)
        for bag, _, rows in BAGS:
            x = numpy.array(rows, dtype="f4")
            self.slide(f"clam/h5_files/{bag}.h5", x, chunks=(1, 3), maxshape=(None, 3))
            self.slide(f"trident/{bag}.h5", x[None], compression="gzip")
        text = "case_id,slide_id,label\n" + "".join(f"p{b},{b},{y}\n" for b, y, _ in BAGS)
        write("clam/dataset.csv", text)
        write("slides.csv", text)
        want = {b: (str(y), rows) for b, y, rows in BAGS}
        self.imported("o.h5", "clam")
        self.assertEqual(contents("o.h5"), want)
        self.imported("o.h5", "--metadata=slides.csv", "trident")
        self.assertEqual(contents("o.h5"), want)
        self.imported("o.h5", "trident/b0.h5", "trident/b1.h5")
        self.assertEqual(list(contents("o.h5")), ["b0", "b1"])
        self.refused(r"pt: holds features in pt_files alone", "pt")
        for name, x, pattern in (("whole", numpy.ones((2, 3), dtype="i4"), "/features does not hold floating-point numbers"),
                                 ("flat", numpy.ones(3), "/features has 1 dimension"), ("two", numpy.ones((2, 2, 3)), "/features has 3 dimensions"),
                                 ("none", numpy.ones((0, 3)), "holds no instance"),
                                 ("nan", numpy.array([[1, 2.0], [3, float("nan")]]), r"features row 1 column 1 \(from 0\) is not a finite number")):
            self.slide(f"{name}.h5", x)
            self.refused(f"{name}.h5: .*{pattern}", f"{name}.h5")
        with h5py.File("other.h5", "w") as f:
            f["embedding"] = numpy.ones((2, 3))
        self.refused(r"other.h5: is an HDF5 file without a dataset 'features'", "other.h5")
        with open("slides.csv", "rb") as file:
            half = file.read()
        with open("cut.h5", "wb") as file, open("trident/b0.h5", "rb") as whole:
            file.write(whole.read()[:700] + half[:10])
        self.refused(r"cut.h5: ", "cut.h5")

    def test_folders_of_hdf5_that_is_no_slide(self):
        """The first file is named for what it lacks; beside tables it is none of them (Cell Ranger writes a matrix there)."""
        for name, key, x in (("flats", "features", numpy.ones(3)), ("others", "feats", numpy.ones((2, 3)))):
            os.makedirs(name, exist_ok=True)
            for bag in "ab":
                with h5py.File(f"{name}/{bag}.h5", "w") as f:
                    f[key] = x
        self.refused(r"flats/a.h5: /features has 1 dimension", "flats")
        self.refused(r"others/a.h5: is an HDF5 file without a dataset 'features'", "others")
        write("others/contigs.tsv", "repertoire_id\tjunction_aa\nR1\tCASSLGQAYEQYF\n")
        self.good("import", "--force", "-o", "o.h5", "others")
        os.remove("others/contigs.tsv")
        write("others/labels.csv", "slide_id,label\na,0\nb,1\n")
        self.refused(r"others/a.h5: is an HDF5 file without", "others")

    def test_label_tables_whose_id_column_has_an_own_name(self):
        """The column that holds the names of bags is found, although the names of files are in none."""
        write("mice.csv", "mouse nr,status\n" + "".join(f"{b},{y}\n" for b, y, _ in BAGS))
        done = self.imported("o.h5", "--label=none", "--metadata=mice.csv", "v.csv")
        self.assertIn("mice.csv: IDs are in column 'mouse nr'", done.stderr)
        self.assertNotIn("have no labels", done.stderr)
        os.makedirs("paths", exist_ok=True)
        for bag in "ab":
            self.slide(f"paths/{bag}.h5", numpy.ones((2, 3)))
        write("where.csv", "who,slide_path,label\nx,/wsi/a.svs,0\ny,/wsi/b.svs,1\n")
        self.assertIn("column 'slide_path'", self.imported("o.h5", "--metadata=where.csv", "paths").stderr)
        write("mice.csv", "x,y\n1,2\n")
        self.refused(r"mice.csv: has no ID column; its columns are x, y", "--label=none", "--metadata=mice.csv", "v.csv")

    # ---- a row a bag, labels, splits ----

    def test_tables(self):
        parts = ["train", "val", "test"]
        write("t.csv", "id,a,b,site,outcome,label,split,fold_1\n"
              + "".join(f"{b},{x[0][0]},{x[0][1]},{'xyz'[i % 3]},{i * 3 % 11},{y},{parts[i // 4 % 3]},{i // 2 % 4 + 1}\n" for i, (b, y, x) in enumerate(BAGS)))
        write("u.csv", "id,c\n" + "".join(f"{b},{x[0][2]}\n" for b, y, x in reversed(BAGS)))
        self.imported("o.h5", "--format=table", "--labels=site,outcome", "t.csv", "u.csv")
        self.assertEqual({b: x for b, (_, x) in contents("o.h5").items()}, {b: [x[0]] for b, _, x in BAGS})
        with h5py.File("o.h5") as f:
            self.assertEqual([n.decode() for n in f["metadata/column_names"][()]], ["ID", "label", "site", "outcome"])
        self.assertEqual([r["split"] for r in table("o.splits.tsv")], [parts[i // 4 % 3] for i in range(N_BAG)])
        for words in (("--splits.columns=split",), ("--splits.columns=fold_1",)):
            self.good("crossval", "mil.yaml", "--data.path=o.h5", "--target=label", "--splits=o.splits.tsv", *words, "--force", "-o", "cvt")
            rows = table("cvt/predictions.tsv")
            self.assertEqual(len(rows), 4 if words[0].endswith("split") else N_BAG)
            self.assertEqual({r["part"] for r in rows}, {"test"})
            self.good("crossval", "mil.yaml", "--data.path=o.h5", "--target=label", "--splits=cvt/splits.tsv", "--force", "-o", "cvu")
            self.assertEqual(table("cvu/predictions.tsv"), rows)
        write("short.csv", "id,c\nb0,1\n")
        self.refused(r"short.csv: lacks bag 'b1' of another table", "--format=table", "--labels=site", "--skip=outcome", "t.csv", "short.csv")
        write("clash.csv", "id,a\n" + "".join(f"{b},1\n" for b, _, _ in BAGS))
        self.refused(r"clash.csv: feature 'a' stands in a table before it too", "--format=table", "--labels=site", "--skip=outcome", "t.csv", "clash.csv")
        self.refused(r"v.csv:3: bag 'b0' stands in line 2 already; a row is a bag here", "--format=table", "v.csv")
        self.refused(r"--labels names columns, and this format has n", "--format=label-first", "--labels=site", "t.csv", code=2)

    def test_lists_of_columns(self):
        """Names are parted by commas, and may hold some themselves."""
        write("t.csv", 'id,"site, left",site,"a,b",b,c\n' + "".join(f"{b},{y},{i % 3},{i},{i},{x[0][0]}\n" for i, (b, y, x) in enumerate(BAGS)))
        for words in (("--labels=site, left,site", "--skip=a,b,b"), ("--labels=site", "--labels=site, left", "--skip=b", "--skip=a,b")):
            for more in (["--format=table"], ["--bag=id"]):
                self.imported("o.h5", *more, *words, "t.csv")
                self.assertEqual({b: x for b, (_, x) in contents("o.h5").items()}, {b: [x[0][:1]] for b, _, x in BAGS})
                with h5py.File("o.h5") as f:
                    self.assertEqual({n.decode() for n in f["metadata/column_names"][()]}, {"ID", "site, left", "site"})
        self.refused(r"has no column 'left'", "--format=table", "--labels=site,left", "t.csv")
        self.refused(r"has no column 'd'", "--format=table", "--label=none", "--skip=a,b,d", "t.csv")

    def test_labels_of_rows_must_agree(self):
        write("w.csv", "bag,site,stage,a\n" + lines(lambda b, y, x, i: f"{b},{'xy'[int(b[1:]) % 2]},{y},{x[0]}"))
        self.imported("o.h5", "--labels=site,stage", "w.csv")
        with h5py.File("o.h5") as f:
            self.assertEqual([[c.decode() for c in row] for row in f["metadata/columns"][:2]], [["b0", "x", "0"], ["b1", "y", "1"]])
            self.assertEqual(f["sampledata/features"].shape[1], 1)
        write("w.csv", "bag,site,a\nb0,x,1\nb0,y,2\n")
        self.refused(r"w.csv:3: bag 'b0': column 'site' says 'y' of the bag here but 'x' before", "--labels=site", "w.csv")

    # ---- classes: auto ----

    def test_bags_that_no_fold_lists_are_said(self):
        for name, column, text in (("few", "fold", lambda b: str(b // 2 % 4) if b < 12 else ""), ("words", "part", lambda b: "" if b > 14 else "test" if b < 4 else "train")):
            write(f"{name}.csv", f"bag,{column}\n" + "".join(f"b{b},{text(b)}\n" for b in range(N_BAG)))
        for name, pattern in (("few", r"few.csv: 4 labelled bags have no fold in it \(the first is 'b12'\) and are left out of training and test"),
                              ("words", r"words.csv: 1 labelled bag has no part in it \(the first is 'b15'\) and is left out")):
            done = self.good("crossval", "mil.yaml", "--quiet", "--data.path=v.h5", "--target=label", f"--splits={name}.csv", "-o", f"cv-{name}")
            self.assertRegex(done.stderr, pattern)

    def test_signs_are_a_known_pair(self):
        for name, cells in (("plus", ("-1", "+1")), ("one", ("-1.0", "1.0"))):
            write(f"{name}.csv", "ID,sign\n" + "".join(f"{b},{cells[y]}\n" for b, y, _ in BAGS))
            self.good("crossval", "mil.yaml", "--quiet", "--data.path=v.h5", f"--metadata={name}.csv", "--target=sign", "-o", f"cv-{name}")
            target = {row["bag"]: row["target"] for row in table(f"cv-{name}/predictions.tsv")}
            self.assertEqual(target, {b: str(y) for b, y, _ in BAGS})

    def test_classes_are_found(self):
        data = [(b, [9, 10, 2][i % 3] if i else 7, x) for i, (b, _, x) in enumerate(BAGS)]
        csv("multi.csv", data=data)
        self.imported("multi.h5", "multi.csv")
        write("multi.yaml", MIL + "tasks: [{name: y, kind: multiclass, column: label, classes: auto}]\n")
        done = self.good("crossval", "multi.yaml", "--data.path=multi.h5", "--force", "-o", "cvm")
        self.assertIn("4 classes of task 'y' in column 'label': '2', '7', '9', '10'", done.stderr)
        self.assertRegex(done.stderr, r"warning: multi.h5: the training part \(repetition 0, fold \d\) has no bag of class '7'")
        self.assertEqual([r["class"] for r in table("cvm/predictions.tsv")[:4]], ["2", "7", "9", "10"])
        with open("cvm/summary.json", encoding="utf-8") as file:
            self.assertTrue(0 <= json.load(file)["tasks"]["y"]["accuracy_mean"] <= 1)
        self.imported("two.h5", "v.csv")  # other classes: the model keeps its own
        rows = self.good("predict", "cvm", "two.h5", "-o", "-").stdout.splitlines()
        self.assertEqual([r.split("\t")[2] for r in rows[1:5]], ["2", "7", "9", "10"])
        csv("one.csv", data=[(b, 1, x) for b, _, x in BAGS])
        self.imported("one.h5", "one.csv")
        self.bad(3, r"one.h5: column 'label' of task 'y' has 1 value; two classes", "train", "multi.yaml", "--data.path=one.h5", "-o", "never")


main()
