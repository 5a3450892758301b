# SPDX-License-Identifier: MIT
"""Counts what `meson test` ran: count_tests.py build/meson-logs/testlog.json

A program that speaks TAP counts as its cases, any other as one. Names what was skipped and what failed; the last line is
`N passed, N failed, N skipped`. Exit code 1 if anything failed or nothing ran."""
import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b[ \d]*(?:- )?(.*)$")
SKIP = re.compile(r"^(.*?)\s*# *SKIP\b *(.*)$", re.IGNORECASE)
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:# *SKIP\b *(.*))?$", re.IGNORECASE)


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def case(self, program, good, text):
        skip = SKIP.match(text)
        if not good:
            self.failed.append(f"{program}: {text}")
        elif skip:
            self.skipped.append(f"{program}: {skip[1]}: {skip[2] or 'no reason given'}")
        else:
            self.passed += 1

    def tap(self, record):
        """Cases of one program. One that ends early, or fails without a failed case, is a failure of its own."""
        name, planned, seen, bad = record["name"], None, 0, 0
        for line in record.get("stdout", "").splitlines():
            plan, case = PLAN.match(line), CASE.match(line)
            if plan:
                planned = int(plan[1])
                if planned == 0:
                    self.skipped.append(f"{name}: {plan[2] or 'no cases'}")
            elif case:
                seen += 1
                bad += bool(case[1])
                self.case(name, not case[1], case[2])
        if planned is not None and seen < planned:
            self.failed.append(f"{name}: {planned - seen} of its {planned} cases never reported")
        elif record["result"] not in ("OK", "SKIP") and not bad:
            self.failed.append(f"{name}: {record['result'].lower()}, exit code {record.get('returncode')}")

    def whole(self, record):
        """A program that only has an exit code."""
        if record["result"] == "OK":
            self.passed += 1
        elif record["result"] == "SKIP":
            said = (record.get("stdout") or "").strip().splitlines() or ["no reason given"]
            self.skipped.append(f"{record['name']}: {said[-1]}")
        else:
            self.failed.append(f"{record['name']}: {record['result'].lower()}, exit code {record.get('returncode')}")


def main(path):
    count = Count()
    try:
        with open(path, encoding="utf-8") as log:
            for record in map(json.loads, log):
                record["name"] = record["name"].split(" / ")[-1]  # without project and suite
                is_tap = any(PLAN.match(line) for line in (record.get("stdout") or "").splitlines())
                (count.tap if is_tap else count.whole)(record)
    except FileNotFoundError:
        print(f"no test ran: {path} is not there", file=sys.stderr)
    for line in count.skipped:
        print("skipped", line)
    for line in count.failed:
        print("FAILED ", line)
    print(f"{count.passed} passed, {len(count.failed)} failed, {len(count.skipped)} skipped")
    return 1 if count.failed or not count.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
