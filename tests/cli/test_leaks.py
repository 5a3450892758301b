# SPDX-License-Identifier: MIT
"""What a run says of vectors whose features give the answer away, wherever file and labels come from: once, and not of sound ones."""
import json
import random
import re

import h5py
import numpy

from harness import Case, main, read

N_BAG = 32
MIL = """
splits: {n_fold: 4, validation: none}
model: {embedder: {kind: mlp, n_layer: 1, n_unit: 8}, pooling: {kind: max}, selection: {kind: all}}
train: {epochs: 1, batch: 8, draws: 0}
"""
LABEL = [int(b % 3 == 1) for b in range(N_BAG)]


def bags(change=lambda x, b, label: None, sizes=range(2, 7)):
    """[(label, x)] of random numbers, changed."""
    rng, found = numpy.random.default_rng(3), []
    for b, label in enumerate(LABEL):
        x = rng.normal(size=(sizes[b % len(sizes)], 6)).astype("f4")
        change(x, b, label)
        found.append((label, x))
    return found


def column(value):
    """A change: feature 4 is value(bag, label), of all its instances or of each."""
    def change(x, b, label):
        x[:, 4] = value(b, label)
    return change


def dataset(path, data, names=None, columns=True, sparse=False):
    """A dataset as another tool writes it."""
    rows = numpy.concatenate([x for _, x in data])
    end = numpy.cumsum([len(x) for _, x in data])
    text = h5py.string_dtype()
    with h5py.File(path, "w") as f:
        if sparse:
            f["sampledata/values"] = rows[rows != 0]
            f["sampledata/indices"] = numpy.nonzero(rows)[1].astype("i4")
            f["sampledata/indptr"] = numpy.concatenate([[0], numpy.cumsum((rows != 0).sum(1))])
            f["metadata/n_features"] = rows.shape[1]
        else:
            f["sampledata/features"] = rows
        f["sampledata/sample_sequences_start_end"] = numpy.stack([end - [len(x) for _, x in data], end], 1)
        f["metadata/sample_keys"] = numpy.array([f"b{b:02}" for b in range(len(data))], dtype=text)
        f["metadata/n_samples"] = len(data)
        if columns:
            f.create_dataset("metadata/column_names", data=["ID", "label"], dtype=text)
            f.create_dataset("metadata/columns", data=[[f"b{b:02}", str(label)] for b, (label, _) in enumerate(data)], dtype=text)
        if names:
            f.create_dataset("metadata/feature_names", data=names, dtype=text)


class Leaks(Case):
    @classmethod
    def prepare(cls):
        with open("mil.yaml", "w", encoding="utf-8") as file:
            file.write(MIL)

    def warnings(self, *words):
        done = self.good(*words, "--force")
        said = [line[len("hopsack: warning: "):] for line in done.stderr.splitlines() if line.startswith("hopsack: warning: ")]
        return [line for line in said if "predicted to be of one class" not in line], done.stderr  # of what trainings of one epoch say

    def each(self, path, *words):
        """What each command says; the same, and once."""
        said = []
        for command in (("train", "mil.yaml", f"--data.path={path}"), ("crossval", "mil.yaml", f"--data.path={path}", "--splits.n_repeat=2"),
                        ("baseline", path, "--splits.n_fold=4")):
            said.append(self.warnings(*command, "--target=label", "-o", command[0], *words)[0])
        self.assertEqual(said[0], said[1])
        self.assertEqual(said[0], said[2])
        return said[0]

    def one(self, pattern, path, *words):
        said = self.each(path, *words)
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said[0], pattern)

    def test_sound_data_say_nothing(self):
        dataset("sound.h5", bags())
        self.assertEqual(self.each("sound.h5"), [])
        dataset("sparse.h5", bags(lambda x, b, label: x.__setitem__(x < 0, 0)), sparse=True)
        self.assertEqual(self.each("sparse.h5"), [])

    def test_a_hidden_label(self):
        hidden = column(lambda b, label: label)
        dataset("hidden.h5", bags(hidden))
        self.one(r"^hidden\.h5: feature 5: it repeats the label of the bag \(task 'label'\), which gives the answer away; make the dataset without it",
                 "hidden.h5")
        dataset("named.h5", bags(hidden), names=list("abcdef"))
        self.one(r"^named\.h5: feature 'e': it repeats", "named.h5")
        dataset("sparse.h5", bags(hidden), sparse=True)
        self.one(r"^sparse\.h5: feature 5: it repeats", "sparse.h5")

    def test_labels_from_a_table(self):
        """Import had no labels to look at; some bags have none here either, and rows are in another order."""
        data = bags(column(lambda b, label: 3 - label))
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag," + ",".join("abcdef") + "\n")
            for b, (_, x) in enumerate(data):
                file.writelines(f"b{b:02}," + ",".join(map(str, row)) + "\n" for row in x)
        with open("labels.tsv", "w", encoding="utf-8") as file:
            rows = [f"b{b:02}\t{('' if b % 8 == 5 else ['no', 'yes'][label])}\n" for b, label in enumerate(LABEL)]
            random.Random(2).shuffle(rows)
            file.write("ID\tlabel\n" + "".join(rows))
        self.good("import", "--format=csv", "--bag=bag", "--label=none", "-o", "v.h5", "v.csv")
        self.one(r"^v\.h5: feature 'e': it repeats the label .*import has --skip", "v.h5", "--metadata=labels.tsv")

    def test_bag_numbers_instance_labels_and_what_separates(self):
        dataset("number.h5", bags(column(lambda b, label: b + 1)))
        self.one(r"feature 5: it is the number of the bag, which gives", "number.h5")
        dataset("instance.h5", bags(lambda x, b, label: (x[:, 4].fill(0), x[-1:, 4].fill(label))))
        self.one(r"feature 5: it has two values that tell the label of every bag", "instance.h5")
        dataset("apart.h5", bags(lambda x, b, label: x[:1, 2].fill(9 * label + 4)))
        self.one(r"1 feature alone tells the labels of task 'label' apart without error: 3; make sure that this is no leak", "apart.h5")

    def test_chance_is_not_said(self):
        """Of few bags some feature tells the labels apart."""
        dataset("few.h5", [(b % 2, numpy.array([[b % 2, b // 2, 1]] * 2, "f4")) for b in range(6)])
        done = self.good("train", "mil.yaml", "--data.path=few.h5", "--target=label", "--splits.n_fold=3", "-o", "few")
        self.assertNotIn("gives the answer away", done.stderr)
        self.assertNotIn("apart without error", done.stderr)

    def test_constants_and_single_instances_are_counted(self):
        dataset("plain.h5", bags(column(lambda b, label: 2), sizes=(1, 3, 4)))
        for command in (("train", "mil.yaml", "--data.path=plain.h5"), ("crossval", "mil.yaml", "--data.path=plain.h5"),
                        ("baseline", "plain.h5", "--splits.n_fold=4")):
            warned, said = self.warnings(*command, "--target=label", "-o", "plain-" + command[0])
            self.assertEqual(warned, [])
            self.assertEqual(len(re.findall(r"plain\.h5: 1 of 6 features are the same in every instance", said)), 1)
            self.assertEqual(len(re.findall(r"plain\.h5: 11 of 32 bags have one instance", said)), 1)

    def test_a_part_of_one_class_is_said_once(self):
        dataset("sound.h5", bags())
        with open("folds.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tfold\n" + "".join(f"b{b:02}\t{b % 2 if label else 2 + b % 3 // 2}\n" for b, label in enumerate(LABEL)))
        for command in (("train", "mil.yaml", "--data.path=sound.h5"), ("crossval", "mil.yaml", "--data.path=sound.h5"), ("baseline", "sound.h5")):
            warned, _ = self.warnings(*command, "--target=label", "--splits=folds.tsv", "-o", "folds-" + command[0])
            self.assertEqual(len(warned), 1, warned)
            self.assertRegex(warned[0], r"^sound\.h5: all \d+ labelled bags of the test part \(repetition 0, fold 0\) are of one class, "
                                        r"so its AUC is undefined")
        self.assertIsNotNone(json.loads(read("folds-crossval/summary.json"))["tasks"]["label"]["auc_pooled"])


main()
