#!/usr/bin/env python3
"""tests/cover_report.py BUILD [-v] - what branches the runs of a --coverage build took: by file, lowest first, and by folder.

A branch is one way out of a condition, as gcov counts them. Not taken and named in tests/cover.reasons (file, a piece of the line,
why it cannot be taken): printed apart as "explained". -v lists each branch that was neither taken nor explained.
"""
import collections
import os
import re
import subprocess
import sys

FOLDERS = ("elf", "x86", "analysis", "cli")
REASONS = "tests/cover.reasons"


def counts(build):
    """{file: {line: (text, [times each branch was taken])}}, summed over the objects."""
    data = [os.path.join(at, f) for folder in FOLDERS for at, _, files in os.walk(os.path.join(build, folder))
            for f in files if f.endswith(".gcda")]
    files = collections.defaultdict(dict)
    for path in sorted(data):
        text = subprocess.run(["llvm-cov", "gcov", "-b", "-c", "-t", path], capture_output=True, text=True, check=True).stdout
        read_listing(text, files)
    return files


def read_listing(text, files):
    name, line = None, None
    for row in text.splitlines():
        source = re.match(r"\s*[-#=\d*]+:\s*(\d+):(.*)", row)
        if source:
            number, rest = int(source[1]), source[2]
            if number == 0 and rest.startswith("Source:"):
                name = rest[7:]
            elif number:
                line, index = (number, rest), 0
            continue
        branch = re.match(r"branch\s+\d+ (?:taken (\d+)|never executed)", row)
        if branch and name and name.split("/")[0] in FOLDERS:
            taken = files[name].setdefault(line[0], (line[1].strip(), []))[1]
            if index == len(taken):
                taken.append(0)
            taken[index] += int(branch[1] or 0)
            index += 1


def reasons():
    """{file: [piece of a line]} from tests/cover.reasons; a file of * is any."""
    table = collections.defaultdict(list)
    if os.path.exists(REASONS):
        with open(REASONS) as rows:
            for row in rows:
                if row.strip() and not row.startswith("#"):
                    name, piece, _ = row.rstrip("\n").split("\t")
                    table[name].append(piece)
    return table


def main():
    files, table, used = counts(sys.argv[1]), reasons(), set()
    folders = collections.defaultdict(lambda: [0, 0, 0])
    lines, open_branches = [], []
    for name in sorted(files):
        taken = explained = total = 0
        for number, (text, branches) in sorted(files[name].items()):
            missed = branches.count(0)
            total += len(branches)
            taken += len(branches) - missed
            why = [(key, piece) for key in (name, "*") for piece in table[key] if piece in text]
            if missed and why:
                explained += missed
                used.update(why)
            elif missed:
                ways = ",".join(str(i) for i, n in enumerate(branches) if n == 0)
                open_branches.append(f"{name}:{number}: {missed} of {len(branches)} ({ways}) never: {text}")
        if not total:
            continue
        lines.append((taken / total, f"{100 * taken / total:6.2f}% taken {100 * (taken + explained) / total:6.2f}% with the explained, "
                      f"of {total:5} branches  {name}"))
        for i, n in enumerate((taken, explained, total)):
            folders[name.split("/")[0]][i] += n
    if "-v" in sys.argv:
        print("\n".join(open_branches))
    for _, line in sorted(lines):
        print(line)
    for name in FOLDERS:
        taken, explained, total = folders[name]
        print(f"{100 * taken / max(total, 1):6.2f}% taken {100 * (taken + explained) / max(total, 1):6.2f}% with the explained, of {total:5} branches  {name}/")
    for name, pieces in table.items():
        for piece in pieces:
            if (name, piece) not in used:
                print(f"{REASONS}: no such branch is left: {name}: {piece}")


main()
