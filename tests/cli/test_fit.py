# SPDX-License-Identifier: MIT
"""Warnings of trainings that learned nothing but their training bags, and silence where they learned more."""
from harness import Case, cohort, main, run

OVERFITS, ONE_CLASS = "overfits its training bags", "are predicted to be of one class"


class Fit(Case):
    @classmethod
    def prepare(cls):
        cohort("signal.h5", n_bag=60, n_seq=60)
        made = run("simulate", "--simulate.n_bag=60", "--simulate.n_seq=60", "--simulate.rate=0", "--seed=2", "-o", "nothing.h5")
        assert made.returncode == 0, made.stderr

    def train(self, data, name, *flags):
        done = run("train", f"--data.path={data}", "--target=status", "--train.batch=16", "--train.draws=0", "--train.lr=0.01",
                   "--train.eps=1e-8", "--model.norm=bags", "--model.pooling.mean=true", "--model.selection.kind=all", *flags, "-o", name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_bags_without_a_signal_are_learned_by_heart(self):
        said = self.train("nothing.h5", "heart", "--train.updates=200", "--train.keep=last")
        self.assertIn("warning: heart: the model " + OVERFITS, said)

    def test_a_signal_is_learned_without_a_word(self):
        said = self.train("signal.h5", "found", "--train.updates=60", "--model.embedder.start=kmers")
        self.assertNotIn(OVERFITS, said)
        self.assertNotIn(ONE_CLASS, said)

    def test_one_class(self):
        done = run("train", "--data.path=nothing.h5", "--target=status", "--tasks.0.pos_weight=1000", "--train.updates=20",
                   "--train.lr=0.01", "--train.eps=1e-8", "--train.keep=last", "-o", "one")
        said = done.stderr
        self.assertIn("warning: one: all 12 bags of the validation part " + ONE_CLASS, said)


if __name__ == "__main__":
    main()
