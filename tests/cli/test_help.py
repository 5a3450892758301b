# SPDX-License-Identifier: MIT
"""What a user reads before the first run."""
from harness import Case, main


class Help(Case):
    def test_help(self):
        self.assertIn("evaluate", self.good("help").stdout)
        for command in ("train", "crossval", "evaluate", "predict", "inspect", "bench", "import", "simulate"):
            text = self.good(command, "--help").stdout
            self.assertIn("--threads", text)
            self.assertIn(command, text)
            self.assertEqual(text, self.good("help", command).stdout)

    def test_every_key(self):
        text = self.good("help", "config").stdout
        for key in ("kernel", "evaluate_every", "validation", "fraction"):
            self.assertIn(key, text)

    def test_version(self):
        self.assertRegex(self.good("--version").stdout, r"hopsack \d.*\n.*OpenBLAS")


main()
