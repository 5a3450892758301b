# SPDX-License-Identifier: MIT
"""`meson install`: what is put where, and that the program finds its configs from there, wherever the whole is moved to."""
import os
import shutil
import subprocess
import unittest

from harness import Case, main, read

SOURCE, BUILD = os.environ.get("HOPSACK_TEST_SOURCE", ""), os.environ.get("HOPSACK_TEST_BUILD", "")


def below(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder) for where, _, names in os.walk(folder) for name in names)


@unittest.skipUnless(BUILD and shutil.which("meson"), "meson is not on PATH")
class Install(Case):
    @classmethod
    def prepare(cls):
        done = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", os.path.abspath("root")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        (cls.program,) = [f for f in below("root") if os.path.basename(f) == "hopsack"]
        cls.prefix = os.path.join("root", os.path.dirname(os.path.dirname(cls.program)))

    def hopsack(self, prefix, *args):
        return subprocess.run([os.path.join(prefix, "bin/hopsack"), *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def test_files(self):
        configs = {f"share/hopsack/configs/{f}" for f in below(os.path.join(SOURCE, "configs"))}
        docs = {f"share/doc/hopsack/docs/{f}" for f in below(os.path.join(SOURCE, "docs"))}
        doc = {f"share/doc/hopsack/{f}" for f in ("README.md", "CHANGELOG.md", "LICENSE")}
        self.assertEqual(set(below(self.prefix)), {"bin/hopsack"} | configs | docs | doc)

    def test_configs_by_name(self):
        done = self.hopsack(self.prefix, "simulate", "simulate-one", "--simulate.n_bag=4", "--simulate.n_seq=20", "-o", "s.h5")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(os.path.realpath(f"{self.prefix}/share/hopsack/configs/simulate-one.yaml"), done.stderr)

    def test_moved_and_called_through_a_link(self):
        shutil.copytree(self.prefix, "moved")
        os.makedirs("links/bin")
        os.symlink(os.path.abspath("moved/bin/hopsack"), "links/bin/hopsack")
        for prefix in ("moved", "links"):
            done = self.hopsack(prefix, "simulate", "simulate-none", "-o", "none.h5")
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"in {os.path.realpath('moved')}/share/hopsack/configs; did you mean simulate-one?", done.stderr)

    def test_without_its_configs(self):
        os.makedirs("bare/bin")
        shutil.copy(f"{self.prefix}/bin/hopsack", "bare/bin")
        done = self.hopsack("bare", "train", "repertoire", "-o", "none")
        self.assertEqual(done.returncode, 2)
        self.assertIn("share/hopsack/configs, which is missing beside the program", done.stderr)

    def test_no_path_of_the_build(self):
        program = read(f"{self.prefix}/bin/hopsack")
        if b".debug_info" in program:
            self.skipTest("debugging information names folders of the source")
        for folder in (SOURCE, BUILD):
            self.assertNotIn(folder.encode(), program)


main()
