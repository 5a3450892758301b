# SPDX-License-Identifier: MIT
"""Commands of hopsack one after the other in one folder, for scripts that can be started again: a step that was done there by
the same command, of the same files, is not repeated."""
import json
import os
import re
import shlex
import subprocess
import sys

LAST = re.compile(r"([\d.]+) s wall, ([\d.]+) s CPU, ([\d.]+) MB peak$")  # of what hopsack says


class Failed(Exception):
    """A command's exit code and sentence; `said`: the user has seen it."""

    def __init__(self, code, sentence, said=False):
        super().__init__(sentence)
        self.code, self.said = code if code > 0 else 128 - code, said


def facts_of(path):
    """What a file must keep to count as the same; a folder is what its summary is."""
    path = os.path.join(path, "summary.json") if os.path.isdir(path) else path
    return [path, os.stat(path).st_size, os.stat(path).st_mtime_ns]


class Steps:
    def __init__(self, folder, hopsack, threads=0, say=None, loud=False):
        """`say` gets each command; `loud`: and what it says goes on to the user."""
        self.folder, self.hopsack, self.threads, self.say, self.loud = folder, hopsack, threads, say or (lambda words: None), loud
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def record(self, name):
        """{words, facts, seconds, cpu_seconds, peak_mb} of a step that was done, with --json what it printed as `json`; else {}."""
        try:
            with open(self.path(name + ".step.json"), encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def run(self, name, *words, reads=(), resumes=False):
        """hopsack with these words and -o folder/NAME; returns the path. `resumes`: the command goes on with what is there."""
        words = [*words, *([f"--threads={self.threads}"] if self.threads > 0 else [])]
        facts, out = [facts_of(p) for p in reads], self.path(name)
        known = self.record(name)
        if os.path.exists(out) and (known.get("words"), known.get("facts")) == (words, facts):
            self.say(f"{name}: done before")
            return out
        command = [self.hopsack, *words, "--resume" if resumes else "--force", "-o", out]
        self.say(shlex.join(command))
        found = self.call(command)
        with open(self.path(name + ".step.json"), "w", encoding="utf-8") as file:
            json.dump({"words": words, "facts": facts, **found}, file)
        return out

    def call(self, command):
        lines, kept = [], "--json" in command
        try:
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if kept else subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, errors="replace") as child:
                for line in child.stderr:
                    lines = [*lines[-9:], line]
                    if self.loud:
                        sys.stderr.write(line)
                output = child.stdout.read() if kept else ""  # short: it fits the pipe
        except OSError as error:
            raise Failed(3, f"{self.hopsack}: {error.strerror}; build hopsack first (scripts/quickstart does), or give --hopsack=PATH") from None
        if child.returncode:
            raise Failed(child.returncode, sentence_of(lines) or f"{command[1]} ended with {child.returncode}", self.loud)
        last = LAST.search(lines[-1].strip()) if lines else None
        times = dict(zip(("seconds", "cpu_seconds", "peak_mb"), map(float, last.groups()))) if last else {}
        return {**times, **({"json": json.loads(output)} if kept else {})}


def sentence_of(lines):
    """hopsack's error, without its name."""
    said = [line.strip() for line in lines if line.startswith("hopsack: ") and not line.startswith("hopsack: warning: ")]
    return said[-1].removeprefix("hopsack: ") if said else ""
