#!/usr/bin/env python3
"""tests/hostile/mutate.py LVSCAN COUNT [SEED] FILE... - damages real programs and runs the real command line on each.

A run must end by itself within its time and memory, with a documented exit status, and write nothing but whole lines of
JSON on standard output. What breaks that is kept in $TMPDIR/lvscan-mutate-*; exit status 1 then. Prints how many were run.
"""
import json
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile

SECONDS, MEMORY = 20, 2 << 30
COMMANDS = [["--json", "-n", "3"], ["--json", "-c", "0,7,30000"], ["functions", "--json"], ["--emit", "perf"], ["-n", "2", "-j", "1"]]
STATUSES = {0, 1, 3}
EDGES = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1, (1 << 64) - 4096]


def places(data):
    """(name, start, end) of what is worth damaging: headers, sections by kind, code."""
    shoff, phoff = struct.unpack_from("<Q", data, 40)[0], struct.unpack_from("<Q", data, 32)[0]
    phnum, shnum, shstr = (struct.unpack_from("<H", data, at)[0] for at in (56, 60, 62))
    found = [("header", 0, 64), ("segments", phoff, phoff + 56 * phnum), ("sections", shoff, shoff + 64 * shnum)]
    names_at = struct.unpack_from("<Q", data, shoff + 64 * shstr + 24)[0] if shnum else 0
    for i in range(shnum):
        name, kind = struct.unpack_from("<II", data, shoff + 64 * i)
        off, size = struct.unpack_from("<QQ", data, shoff + 64 * i + 24)
        end = data.index(b"\0", names_at + name)
        text = data[names_at + name:end].decode("latin1")
        if kind != 8 and size:
            found.append((text or "?", off, off + size))
    return [p for p in found if p[1] < p[2] <= len(data)]


def damage(rng, data, where):
    """Changes one to a few places in one part; gives what was done."""
    name, start, end = rng.choice(where)
    kind = rng.randrange(7)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(start, end)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at] = rng.randrange(256)
        elif kind == 2:
            width = rng.choice((2, 4, 8))
            at -= (at - start) % width
            piece = struct.pack("<Q", rng.choice(EDGES))[:width]
            data[at:at + width] = piece[:max(0, len(data) - at)]
        elif kind == 3:
            n = min(rng.randrange(1, 64), end - at)
            data[at:at + n] = bytes(n)
        elif kind == 4:
            n = min(rng.randrange(1, 64), end - at)
            source = rng.randrange(start, end - n + 1)
            data[at:at + n] = data[source:source + n]
        elif kind == 5:
            n = min(8, end - at)
            value = int.from_bytes(data[at:at + n], "little") + rng.choice((-4096, -16, -8, -1, 1, 8, 16, 4096))
            data[at:at + n] = (value % (1 << 8 * n)).to_bytes(n, "little")
        else:
            n = min(rng.randrange(1, 256), end - at)
            data[at:at + n] = rng.randbytes(n)
    if rng.randrange(40) == 0:
        del data[rng.randrange(len(data)):]
    return f"{name} kind {kind}"


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def wrong(command, path):
    """None, or what was wrong with the run."""
    try:
        run = subprocess.run(command + [path], capture_output=True, stdin=subprocess.DEVNULL, timeout=6 * SECONDS, preexec_fn=limits)
    except subprocess.TimeoutExpired:
        return "took too long"
    if run.returncode not in STATUSES:
        return f"status {run.returncode}: {run.stderr[-200:]!r}"
    if b"Sanitizer" in run.stderr or b"runtime error" in run.stderr:
        return run.stderr[-400:].decode("latin1")
    if "--json" in command:
        for line in run.stdout.splitlines():
            try:
                json.loads(line)
            except ValueError:
                return f"no JSON: {line[:100]!r}"
    return None


def main():
    lvscan, count, rest = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    seed = int(rest.pop(0)) if rest and rest[0].isdigit() else 1
    rng = random.Random(seed)
    programs = [(path, open(path, "rb").read()) for path in rest]
    parts = {path: places(data) for path, data in programs}
    kept = tempfile.mkdtemp(prefix="lvscan-mutate-")
    failed = 0
    target = os.path.join(kept, "mutant")
    for i in range(count):
        path, whole = rng.choice(programs)
        data = bytearray(whole)
        done = damage(rng, data, parts[path])
        with open(target, "wb") as f:
            f.write(data)
        command = [lvscan] + rng.choice(COMMANDS)
        why = wrong(command, target)
        if why:
            failed += 1
            keep = os.path.join(kept, f"failed-{seed}-{i}")
            os.replace(target, keep)
            print(f"# {keep}: {os.path.basename(path)}, {done}, {' '.join(command[1:])}: {why}")
    print(f"{count} damaged programs, {failed} broke the rules (seed {seed})")
    if not failed:
        if os.path.exists(target):
            os.remove(target)
        os.rmdir(kept)
    sys.exit(failed != 0)


main()
