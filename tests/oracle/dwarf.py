#!/usr/bin/python3
"""tests/oracle/dwarf.py - scores lvscan on a stripped program against the debug information, symbols and relocations of the
unstripped one (made by corpus.sh). Reads llvm-dwarfdump, objdump and readelf; shares nothing with lvscan but its JSON.

    dwarf.py --lvscan LVSCAN [--questions N] [--verbose FILE] PROGRAM...

A line of scores a program, as `name=good/all` words after its label; the meaning of each is in SCORES."""
import argparse
import bisect
import collections
import json
import os
import random
import re
import sys

SCORES = """right wrong none unknown: of the questions `-f FUNCTION -c CONSTANTS` for a variable that is compared with |c| >= 3
right2 wrong2: the same of variables whose constants meet them otherwise than by a compare on their register (by a build with -O0)
immediate: immediate compares on a register where DWARF has a variable, reported with that register; immediate3: those of |c| >= 3
real: compares of an xmm register, where DWARF has a variable, with a float or double in memory at a fixed address, reported with it
covered: (pc, register) pairs of DWARF, in the location entry of such a compare, that a range of that variable has
starts: function starts found; extra: found beyond the symbols
tables: jump tables with the exact targets; missing: targets that a function said to be closed lacks"""

sys.dont_write_bytecode = True
from dwarf_read import WIDE, Code, Dwarf, cfa_rows, mentions, operand_read, run, written  # noqa: E402


# --- what the source says: the same program without optimisation, where each variable has its slot ---

class Plain:
    """constants[(file, line, name)] of the variables that a program built with -O0 compares with constants; switches included, those too
    that the compiler makes a set of: `mov $MASK,%edx; mov %eax,%ecx; shr %cl,%rdx; and $1` asks whether the bit of the variable is set."""

    def __init__(self, path):
        self.program = Program(path, None, 0, None)
        self.code, self.tables = self.program.code, self.program.true_tables()
        self.constants = collections.defaultdict(set)
        for func in self.program.dwarf.funcs:
            for lo, hi in func.parts:
                self.part(func, self.code.between(lo, hi))

    def slot(self, func, pc, operand):
        place, _bits = operand_read(operand, "q")
        there = [v for v in func.vars if place and place[0] == "mem" and place in self.program.places(v, pc)]
        return there[0].decl if there else None

    def part(self, func, pcs):
        held, numbers = {}, {}  # register: (variable, what was added to it); register: the number in it
        for i, pc in enumerate(pcs):
            text = self.code.text[pc].replace("notrack ", "")
            name, _, operands = text.partition(" ")
            operands = re.split(r",(?![^(]*\))", operands.strip())
            if name == "shr" and operands[0] == "%cl" and held.get("rcx"):
                self.members(held["rcx"], numbers.get(WIDE.get(operands[1][1:]), 0))
            if operands[-1][1:] in WIDE and not name.startswith(("cmp", "test")):
                number = re.fullmatch(r"\$(0x[0-9a-f]+)", operands[0]) if name.startswith("mov") else None
                numbers[WIDE[operands[-1][1:]]] = int(number[1], 0) if number else 0
            if name.startswith("cmp"):
                self.compares(func, pcs, i, operands, held, numbers)
            elif name.startswith("mov") and len(operands) == 2 and operands[1][1:] in WIDE:
                source = held.get(WIDE.get(operands[0][1:])) if operands[0][0] == "%" else None
                variable = None if operands[0][0] in "%$" else self.slot(func, pc, operands[0])
                held[WIDE[operands[1][1:]]] = (variable, 0) if variable else source
            elif re.match(r"(sub|add)[lq]? *$", name) and operands[0][0] == "$" and held.get(WIDE.get(operands[1][1:])):
                variable, added = held[WIDE[operands[1][1:]]]
                step = int(operands[0][1:], 0)
                held[WIDE[operands[1][1:]]] = (variable, added + (step if name.startswith("add") else -step))
            elif name in ("cltq", "nop") or name.startswith(("j", "test")) and name != "jmp":
                pass
            elif name.startswith(("call", "jmp", "ret")):
                held.clear()
                numbers.clear()
            elif operands[-1][1:] in WIDE:
                held.pop(WIDE[operands[-1][1:]], None)

    def compares(self, func, pcs, i, operands, held, numbers):
        """With an immediate; or, where the source says `312 < x`, with the number that a register was given."""
        left, right = (numbers.get(WIDE.get(operand[1:])) for operand in operands)
        if operands[0].startswith("$"):
            self.compare(func, pcs, i, int(operands[0][1:], 0), operands[1], held)
        elif left:
            self.compare(func, pcs, i, left, operands[1], held)
        elif right:
            self.compare(func, pcs, i, right, operands[0], held)

    def compare(self, func, pcs, i, immediate, operand, held):
        register = WIDE.get(operand[1:])
        variable, added = (held.get(register) or (None, 0)) if register else (self.slot(func, pcs[i], operand), 0)
        if not variable:
            return
        bits = operand_read(operand, self.code.text[pcs[i]].split()[0][-1])[1]
        immediate &= (1 << bits) - 1
        immediate -= (1 << bits) if immediate >> (bits - 1) else 0
        branch = self.code.text[pcs[i + 1]].split()[0] if i + 1 < len(pcs) else ""
        cases = self.cases(pcs[i + 1:i + 9], branch)
        if cases is not None:
            self.constants[variable] |= {k - added for k in cases}
        else:
            self.constants[variable] |= {immediate - added} | ({-added} if added else set())

    def members(self, held, mask):
        variable, added = held
        self.constants[variable] |= {k - added for k in range(64) if mask >> k & 1}

    def cases(self, pcs, branch):
        """The case numbers of a jump table that the next instructions use; None: they use none."""
        if branch != "ja" or not pcs:
            return None
        default = int(re.search(r"ja +([0-9a-f]+)", self.code.text[pcs[0]])[1], 16)
        for pc in pcs:
            raw = self.code.raw.get(pc)
            if raw in self.tables:
                return {k for k, target in enumerate(self.tables[raw]) if target != default}
        return None


# --- what lvscan says ---

def ask(lvscan, *args):
    out = run("timeout", "120", lvscan, *args)
    return [json.loads(line) for line in out.splitlines()]


def number(x):
    return int(x, 16)


def own_place(location):
    """A location of lvscan in the form of this file; None: another kind."""
    addend = location.get("addend", 0)
    if location["kind"] == "reg":
        return ("reg", location["reg"], addend)
    if location["kind"] == "stack" and not addend:
        return ("mem", location["base"], location.get("disp", 0))
    if location["kind"] == "memory" and not addend and not location.get("index"):
        return ("mem", location.get("base"), location.get("disp", 0))
    return None


def as_typed(var, constants):
    """Constants of one byte as the variable's type reads them: objdump's $0xff is 255 for an unsigned char."""
    if not re.search(r"unsigned char|uint8|[Bb]yte|uchar|\bU8\b|lu_byte|u_char", var.type):
        return constants
    return sorted(c + 256 if -128 <= c < 0 else c for c in constants)


def same_bits(constants):
    """Constants as signed numbers: what one compare reads as 18446744073709551614 another has as -2, what one has as 4294967295
    another as -1. The sign is a guess from the next instruction, and says nothing about which variable is meant."""
    signed = {c - (1 << 64) if c >> 63 > 0 else c for c in constants}
    return {c - (1 << 32) if 1 << 31 <= c < 1 << 32 else c for c in signed}


# --- the scores ---

class Program:
    def __init__(self, path, lvscan, questions, log, plain=None):
        self.plain = plain
        self.path, self.lvscan, self.questions, self.log = path, lvscan, questions, log
        self.stripped = path + ".stripped"
        self.label = os.path.basename(os.path.dirname(path)) + "/" + os.path.basename(path)
        self.score = collections.Counter()
        self.code, self.dwarf, self.cfa = Code(path), Dwarf(path), cfa_rows(path)
        self.cfa_pcs = [r[0] for r in self.cfa]

    def note(self, *what):
        print(self.label, *what, file=self.log)

    def places(self, var, pc):
        """Where DWARF has the variable before the instruction at pc runs."""
        for lo, hi, (kind, reg, off) in var.entries:
            if not lo <= pc < hi:
                continue
            if kind != "cfa":
                yield (kind, reg, off)
                continue
            i = bisect.bisect_right(self.cfa_pcs, pc) - 1
            if i >= 0:
                yield ("mem", self.cfa[i][1], self.cfa[i][2] + off)

    def compared(self, func):
        """[(pc, constant, place, [variables there])] of the function's immediate compares."""
        found = []
        for lo, hi in func.parts:
            for pc, constant, place in self.code.compares(lo, hi):
                there = [v for v in func.vars if place in self.places(v, pc)]
                there = there or (self.copied(func, lo, hi, pc, place[1]) if place[0] == "reg" else [])
                if there:
                    found.append((pc, constant, place, there))
        return found

    def copied(self, func, lo, hi, pc, register):
        """The variables that a register is a copy of, though DWARF names only where they were copied from: the part writes the register
        once before pc, by a copy, and no jump comes in behind that; it does not write the other place until pc, and DWARF has the
        variable there then and at pc."""
        writes = [p for p in self.code.between(lo, pc) if written(self.code.text[p]) == register]
        m = len(writes) == 1 and re.fullmatch(r"mov(?:slq|l)? +([^ $]+),%\w+", self.code.text[writes[0]])
        source = operand_read(m[1], "q")[0] if m else None
        entered = m and any(writes[0] < self.code.target(p) <= pc and not writes[0] <= p < pc for p in self.code.between(lo, hi))
        if not source or entered or any(self.changes(p, source) for p in self.code.between(writes[0] + 1, pc)):
            return []
        return [v for v in func.vars if source in self.places(v, writes[0]) and source in self.places(v, pc)]

    def changes(self, pc, place):
        """May the instruction write the place?"""
        text = self.code.text[pc]
        register = written(text)
        return register in (place[1], "any") or (place[0] == "mem" and register is None and
                                                 operand_read(text.split(",", 1)[-1].split()[-1], "q")[0] == place)

    def all(self):
        whole = ask(self.lvscan, "--json", "-n", "0", self.stripped)
        variables = whole[0]["variables"] if whole else []
        sites = collections.defaultdict(list)
        for v in variables:
            for s in v["sites"]:
                sites[number(s["pc"])].append((v, s))
        asked = []
        others = []
        for func in self.dwarf.funcs:
            compared = self.compared(func)
            others += self.sources(func, compared) if self.plain else []
            self.immediates(func, compared, sites)
            self.reals(func, sites)
            constants = collections.defaultdict(set)
            for _pc, constant, _place, there in compared:
                for v in there:
                    constants[v].add(constant)
            for v, cs in constants.items():
                big = sorted(c for c in cs if abs(c) >= 3)
                if big:
                    asked.append((func, v, as_typed(v, big), constants))
        random.Random(4).shuffle(asked)
        for func, v, big, constants in asked[:self.questions]:
            self.question(func, v, big, constants, "")
        random.Random(4).shuffle(others)
        for func, v, big, constants in others[:self.questions]:
            self.question(func, v, big, constants, "2")
        listed = ask(self.lvscan, "functions", "--json", self.stripped)
        self.starts(listed)
        self.tables(listed)

    def sources(self, func, compared):
        """Questions about variables whose constants, by the source, are met otherwise than by a compare on their register."""
        plain = {}
        for _pc, constant, place, there in compared:
            for v in there:
                plain.setdefault(v.decl, set()).add(constant if place[0] == "reg" else None)
        by_decl = {v: self.plain.constants.get(v.decl, set()) for v in func.vars}
        seen = set()
        for v, constants in by_decl.items():
            big = sorted(c for c in constants if abs(c) >= 3)
            if big and v.decl not in seen and not constants & plain.get(v.decl, set()):
                seen.add(v.decl)
                yield func, v, big, by_decl

    def immediates(self, func, compared, sites):
        for pc, constant, place, there in compared:
            if place[0] != "reg":
                continue
            hits = [v for v, s in sites[pc] if own_place(s["location"]) == place]
            for key in ("immediate", "immediate3") if abs(constant) >= 3 else ("immediate",):
                self.score[key + " all"] += 1
                self.score[key] += bool(hits)
            if hits:
                self.coverage(there, pc, place, hits)
            else:
                self.note("MISSED compare", hex(pc), self.code.text[pc], "in", func.name, hex(func.start), "variable", there[0].name)

    def reals(self, func, sites):
        for lo, hi in func.parts:
            for pc, place in self.code.reals(lo, hi):
                there = [v for v in func.vars if place in self.places(v, pc)]
                if not there:
                    continue
                hits = [v for v, s in sites[pc] if own_place(s["location"]) == place]
                self.score["real all"] += 1
                self.score["real"] += bool(hits)
                if not hits:
                    self.note("MISSED real", hex(pc), self.code.text[pc], "in", func.name, hex(func.start), "variable", there[0].name)

    def coverage(self, there, pc, place, hits):
        """Pairs from the location entry's start to the register's last mention in it, or the compare."""
        spans = [(lo, hi) for v in there for lo, hi, at in v.entries if lo <= pc < hi and at == place]
        for lo, hi in set(spans):
            pcs = self.code.between(lo, hi)
            last = max([p for p in pcs if p >= pc and mentions(self.code.text[p], place[1])] + [pc])
            for p in pcs:
                if p <= last:
                    self.score["covered all"] += 1
                    self.score["covered"] += any(number(r["start"]) <= p < number(r["end"]) and own_place(r["location"]) == place
                                                 for v in hits for r in v["ranges"])

    def question(self, func, var, constants, compared, kind):
        answer = ask(self.lvscan, "--json", "-n", "1", "-f", hex(func.start), "-c", ",".join(map(str, constants)), self.stripped)
        first = answer[0]["variables"][0] if answer and answer[0]["variables"] else None
        verdict, why = self.verdict(func, first, self.such(func, var, constants, compared), var)
        self.score[verdict + kind] += 1
        self.score["questions" + kind] += 1
        if verdict != "right":
            self.note(verdict.upper() + kind, "-f", hex(func.start), "-c", ",".join(map(str, constants)), func.name, "variable", var.name,
                      "(%s)" % var.type, why)

    def such(self, func, var, constants, compared):
        """The variables that the question may mean: those compared with one of its constants in a plain way, as objdump shows it, or by
        the source in whatever way (a switch, a set), as the build without optimisation shows it."""
        near = same_bits(c + d for c in constants for d in (-1, 0, 1))  # `> 5` and `>= 6` are the same
        decls = {v.decl for v, cs in compared.items() if v is var or same_bits(as_typed(v, cs)) & near}
        if self.plain:
            decls |= {v.decl for v in func.vars if same_bits(self.plain.constants.get(v.decl, ())) & near}
        return [v for v in func.vars if v.decl in decls]  # inlined more than once, it is still that variable

    def verdict(self, func, first, such, var):
        if not first or not first.get("probe"):
            return "none", "no variable" if not first else "no probe"
        pc, place = number(first["probe"]["pc"]), own_place(first["probe"]["location"])
        before = self.code.pcs[max(bisect.bisect_left(self.code.pcs, pc) - 1, 0)]
        verdict = self.placed(func, first, such, var, pc, place)
        # An entry in DWARF may end, or begin, with the compare that the probe comes after; but a compare changes no place.
        if verdict[0] != "right" and re.match("cmp|test", self.code.text[before]):
            second = self.placed(func, first, such, var, before, place)
            verdict = second if "right" in second or verdict[0] == "unknown" else verdict
        return verdict

    def placed(self, func, first, such, var, pc, place):
        """The verdict on the place as it is before the instruction at pc. Right: such a variable is there. Wrong: the variable itself is
        elsewhere (that another such variable is, says nothing about this place), or a variable is there that was not meant."""
        same = {own_place(r["location"]) for r in first["ranges"] if number(r["start"]) <= pc < number(r["end"])} | {place}
        where = [p for v in such for p in self.places(v, pc)]
        why = "probe %s %s (%s), DWARF %s" % (hex(pc), place, self.code.text.get(pc, "no instruction"), where)
        if any(p in same for p in where):
            return "right", why
        other = [v.name for v in func.vars if place in self.places(v, pc)]
        if place and place[0] == "mem" and not other and all(p[0] == "mem" for p in where):
            return "unknown", why  # perhaps the same memory by another base
        if other or any(v.decl == var.decl for v in such if list(self.places(v, pc))):
            return "wrong", why + " there: %s" % other
        return "unknown", why

    def starts(self, listed):
        sections = {m[1]: m[2] for m in re.finditer(r"^ +\[ *(\d+)\] (\S+)", run("readelf", "-SW", self.path), re.M)}
        ranges = [(int(m[2], 16), int(m[2], 16) + int(m[3], 16)) for m in
                  re.finditer(r"\] (\.plt\S*) +PROGBITS +(\w+) \w+ (\w+)", run("readelf", "-SW", self.path))]
        true = set()
        for line in run("readelf", "-sW", self.path).splitlines():
            f = line.split()
            if len(f) >= 8 and f[3] == "FUNC" and f[6] in sections and not re.search(r"\.cold(\.|$)", f[7]):
                true.add(int(f[1], 16))
        found = {number(f["start"]) for f in listed}
        found = {a for a in found if not any(lo <= a < hi for lo, hi in ranges)}
        self.score["starts"] += len(true & found)
        self.score["starts all"] += len(true)
        self.score["extra"] += len(found - true)
        for a in sorted(true - found)[:10]:
            self.note("START missed", hex(a))
        for a in sorted(found - true)[:10]:
            self.note("START extra", hex(a), [f["found_by"] for f in listed if number(f["start"]) == a])

    def true_tables(self):
        """{address: targets in entry order} from the relocations of .rodata, cut at the labels that the compiler put there."""
        symbols = run("readelf", "-sW", self.path)
        index = re.search(r"^ +\[ *(\d+)\] \.rodata ", run("readelf", "-SW", self.path), re.M)[1]
        labels = {int(m[1], 16) for m in re.finditer(r": ([0-9a-f]{16}) +\S+ NOTYPE +LOCAL +\S+ +%s \.L\w*$" % index, symbols, re.M)}
        pcs, tables, start, after = set(self.code.pcs), {}, None, None
        slots = [(int(m[1], 16), int(m[2], 16) + int(m[4], 16) * (-1 if m[3] == "-" else 1)) for m in re.finditer(
            r"^([0-9a-f]{16}) +\w+ R_X86_64_PC32 +([0-9a-f]{16}) \S+ ([+-]) ([0-9a-f]+)$",
            re.search(r"Relocation section '\.rela\.rodata'.*?(?=\nRelocation section|\Z)", run("readelf", "-rW", self.path) +
                      "\nRelocation section '.rela.rodata'", re.S)[0], re.M)]
        for at, value in sorted(slots):
            if at in labels or at != after:
                start = at if at in labels else None
            after = at + 4
            if start is not None:
                target = value - (at - start)
                if target in pcs:
                    tables.setdefault(start, []).append(target)
                else:
                    tables.pop(start, None)
                    start = None
        return tables

    def tables(self, listed):
        claims, owners = {}, []
        for f in listed:
            owners += [(number(lo), number(hi), f) for lo, hi in f["parts"]]
            for j in f["jumps"]:
                if j["kind"] == "table" and j.get("table"):
                    claims[number(j["table"])] = [number(t) for t in j["targets"]]
        for at, targets in self.true_tables().items():
            self.score["tables all"] += 1
            self.score["tables"] += claims.get(at) == targets
            if claims.get(at) == targets:
                continue
            self.note("TABLE", hex(at), "has", len(targets), "targets, claimed:", len(claims[at]) if at in claims else None)
            for lo, hi, f in owners:
                if lo <= targets[0] < hi and f["closed"]:
                    known = {number(t) for j in f["jumps"] for t in j.get("targets") or []}
                    self.score["missing"] += len(set(targets) - known)
                    self.note("CLOSED without targets", f["start"], [hex(t) for t in sorted(set(targets) - known)][:5])
                    break

    def line(self):
        s = self.score
        words = ["%s=%d/%d" % (k, s[k], s["questions"]) for k in ("right", "wrong", "none", "unknown")]
        words += ["%s=%d/%d" % (k, s[k], s["questions2"]) for k in ("right2", "wrong2")]
        words += ["%s=%d/%d" % (k, s[k], s[k + " all"]) for k in ("immediate", "immediate3", "real", "covered", "starts", "tables")]
        return " ".join(["SCORE", self.label] + words + ["extra=%d" % s["extra"], "missing=%d" % s["missing"]])


def main():
    parser = argparse.ArgumentParser(epilog=SCORES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lvscan", required=True)
    parser.add_argument("--questions", type=int, default=10 ** 9)
    parser.add_argument("--verbose", default="/dev/null", help="where to list what was not right")
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    with open(options.verbose, "a", encoding="utf-8") as log:
        for path in options.programs:
            without = os.path.join(re.sub(r"-\w+-\w+$", "-gcc-O0", os.path.dirname(path)), os.path.basename(path))
            plain = Plain(without) if without != path and os.path.exists(without) else None
            program = Program(path, options.lvscan, options.questions, log, plain)
            program.all()
            print(program.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
