# SPDX-License-Identifier: MIT
"""train.refit: the final model learns from training and validation bags together, of a length that validation chose."""
import json
import os
import struct

from harness import Case, cohort, main, read, run, table, trained

LONG = ("--train.updates=60", "--train.evaluate_every=20", "--model.norm=bags", "--model.selection.kind=all", "--train.batch=8")
HALF = ("--train.updates=60", "--train.evaluate_every=10", "--train.patience=2", *LONG[2:])


def tensors(path):
    """{name: bytes} of a safetensors file."""
    whole = read(path)
    n = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8:8 + n])
    at = {name: t["data_offsets"] for name, t in header.items() if name != "__metadata__"}
    return {name: whole[8 + n + begin:8 + n + end] for name, (begin, end) in at.items()}


def summary(folder):
    with open(f"{folder}/summary.json", encoding="utf-8") as file:
        return json.load(file)


def outputs(folder, part):
    return {r["bag"]: r["output"] for r in table(f"{folder}/predictions.tsv") if r["part"] == part}


def smoothed_best(folder):
    """The update whose validation value, averaged with its neighbours', is least; the earlier where equal."""
    with open(f"{folder}/metrics.jsonl", encoding="utf-8") as file:
        records = [r for r in map(json.loads, file) if r["part"] == "validation"]
    values = [r["value"] for r in records]
    mean = [sum(near) / len(near) for near in (values[max(i - 1, 0):i + 2] for i in range(len(values)))]
    return records[min(range(len(mean)), key=lambda i: (mean[i], i))]["update"]


def longer(update):
    """As many passes over 48 bags as `update` updates are over 36."""
    return (update * 48 + 18) // 36


class Refit(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=60)
        trained("plain", "c.h5", *LONG)
        trained("refit", "c.h5", *LONG, "--train.refit=true")

    def test_it_is_a_training_on_both_parts_of_the_length_chosen(self):
        found = summary("refit")
        self.assertEqual(found["refit"], {"bags": 48, "updates": longer(smoothed_best("refit"))})
        with open("joined.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tpart\n")
            for row in table("refit/splits.tsv"):
                file.write(f"{row['bag']}\t{row['part'].replace('validation', 'train')}\n")
        trained("joined", "c.h5", *LONG[2:], f"--train.updates={found['refit']['updates']}", "--train.evaluate_every=0", "--train.keep=last",
                "--splits=joined.tsv")
        self.assertEqual(tensors("refit/model.safetensors"), tensors("joined/model.safetensors"))
        self.assertNotEqual(tensors("refit/model.safetensors"), tensors("plain/model.safetensors"))
        self.assertEqual(outputs("refit", "test"), outputs("joined", "test"))

    def test_validation_scores_are_of_the_model_that_was_chosen(self):
        self.assertEqual(outputs("refit", "validation"), outputs("plain", "validation"))
        self.assertEqual(summary("refit")["parts"]["validation"], summary("plain")["parts"]["validation"])
        self.assertEqual(summary("refit")["kept_update"], summary("plain")["kept_update"])
        self.assertNotIn("refit", summary("plain"))
        self.assertNotEqual(outputs("refit", "train"), outputs("plain", "train"))
        self.assertEqual(read("refit/splits.tsv"), read("plain/splits.tsv"))

    def test_the_model_knows_what_it_learned_from(self):
        self.good("predict", "refit/model.safetensors", "c.h5", "-o", "p.tsv")
        part = {row["bag"]: row["part"] for row in table("p.tsv")}
        for row in table("refit/splits.tsv"):
            self.assertEqual(part[row["bag"]], "train" if row["part"] != "test" else "new", row)
        done = json.loads(self.good("evaluate", "refit/model.safetensors", "c.h5", "--json").stdout)
        self.assertEqual(done["parts"]["new"]["tasks"]["status"]["n_bags"], 12)
        self.assertEqual(done["left_out"], {"train": 48, "validation": 0})

    def test_it_resumes_to_the_same_bits(self):
        words = ["train", "tiny.yaml", "--data.path=c.h5", "--target=status", *LONG, "--train.refit=true",
                 "--train.checkpoint_minutes=0"]
        first = run(*words, "-o", "halves", env={**os.environ, "HOPSACK_TEST_STOP_AT": "59:2"})
        self.assertEqual(first.returncode, 130, first.stderr)
        # From the end of the first training on, update 7 is the refit's.
        second = run("train", "--resume", "-o", "halves", env={**os.environ, "HOPSACK_TEST_STOP_AT": "7:2"})
        self.assertEqual(second.returncode, 130, second.stderr)
        self.assertTrue(os.path.exists("halves/refit.safetensors"))
        self.assertEqual(tensors("halves/model.safetensors"), tensors("plain/model.safetensors"), "the model chosen, meanwhile")
        with open("halves/refit.safetensors", "rb") as file:
            saved = file.read()
        self.good("train", "--resume", "-o", "halves")
        self.assertFalse(os.path.exists("halves/refit.safetensors"))
        self.assertEqual(tensors("halves/model.safetensors"), tensors("refit/model.safetensors"))
        self.assertEqual(read("halves/predictions.tsv"), read("refit/predictions.tsv"))
        # A checkpoint that is damaged is passed over.
        os.remove("halves/summary.json")
        with open("halves/refit.safetensors", "wb") as file:
            file.write(saved[:-40])
        self.good("train", "--resume", "-o", "halves")
        self.assertEqual(read("halves/predictions.tsv"), read("refit/predictions.tsv"))

    def test_crossval(self):
        self.good("crossval", "tiny.yaml", "--data.path=c.h5", "--target=status", *LONG, "--train.refit=true", "-o", "cv", threads=2)
        self.assertEqual(read("cv/rep00/fold00/predictions.tsv"), read("refit/predictions.tsv"))

    def test_with_early_stopping(self):
        trained("early", "c.h5", *HALF, "--train.refit=true")
        self.assertEqual(summary("early")["refit"]["updates"], longer(smoothed_best("early")))

    def test_a_fixed_length(self):
        trained("last", "c.h5", *LONG, "--train.refit=true", "--train.keep=last")
        self.assertEqual(summary("last")["refit"]["updates"], 80)

    def test_the_dry_run_counts_both_trainings(self):
        plan = {}
        for refit in ("false", "true"):
            done = self.good("train", "tiny.yaml", "--data.path=c.h5", "--target=status", *LONG, f"--train.refit={refit}", "--dry-run",
                             "--json", "-o", "planned")
            plan[refit] = json.loads(done.stdout)
        self.assertEqual(plan["true"]["memory_workspace"], 2 * plan["false"]["memory_workspace"])

    def test_one_evaluation(self):
        trained("one", "c.h5", "--train.evaluate_every=0", "--train.updates=10", *LONG[2:], "--train.refit=true")
        self.assertEqual(summary("one")["refit"]["updates"], 13)

    def test_nothing_to_choose_by(self):
        trained("none", "c.h5", *LONG, "--train.refit=true", "--splits.validation=none")
        trained("never", "c.h5", *LONG, "--splits.validation=none")
        self.assertNotIn("refit", summary("none"))
        self.assertEqual(tensors("none/model.safetensors"), tensors("never/model.safetensors"))


if __name__ == "__main__":
    main()
