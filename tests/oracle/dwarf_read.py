"""tests/oracle/dwarf_read.py - what dwarf.py knows of a program apart from lvscan: its debug information as llvm-dwarfdump prints it,
its frame table as readelf does, its instructions as objdump does. Nothing here judges."""
import bisect
import os
import re
import subprocess

WIDE = {}
for _n, _w in zip("rax rcx rdx rbx rsp rbp rsi rdi".split(), "a c d b sp bp si di".split()):
    _subs = [_n, "e" + _n[1:]] + ([_w + "x", _w + "l", _w + "h"] if len(_w) == 1 else [_w, _w + "l"])
    WIDE.update({s: _n for s in _subs})
for _i in range(8, 16):
    WIDE.update({"r%d%s" % (_i, s): "r%d" % _i for s in ("", "d", "w", "b")})
BITS = {"b": 8, "w": 16, "l": 32, "q": 64}


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode("utf-8", "replace")


# --- debug information ---

class Var:
    """A local variable or parameter: entries are (lo, hi, location), a location ("reg", name, addend) or ("mem", base, disp)."""

    def __init__(self, scope):
        self.name, self.entries, self.scope, self.single = "?", [], scope, None
        self.decl, self.origin = [None, None, "?"], None  # [file, line, type]; an inlined copy has its origin's


class Func:
    def __init__(self):
        self.name, self.parts, self.vars, self.base = "?", [], [], None


def location_read(text, base):
    """One DWARF expression; None: a constant, an entry value, in pieces, or what else is no place."""
    m = re.fullmatch(r"DW_OP_reg\d+ (\w+)", text)
    if m:
        return ("reg", m[1].lower(), 0)
    m = re.fullmatch(r"DW_OP_breg\d+ (\w+)([+-]\d+)(, DW_OP_stack_value)?", text)
    if m:
        return ("reg" if m[3] else "mem", m[1].lower(), int(m[2]))
    m = re.fullmatch(r"DW_OP_fbreg ([+-]\d+)", text)
    if m and base:
        return ("cfa", None, int(m[1])) if "frame_cfa" in base else ("mem", base.split()[-1].lower(), int(m[1]))
    return None


class Dwarf:
    """The functions with code of one program, from llvm-dwarfdump's text."""

    def __init__(self, path):
        self.funcs, self.stack, self.decls = [], [], {}
        proc = subprocess.Popen(["llvm-dwarfdump", "--debug-info", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                errors="replace")
        self.func = self.var = self.attr = None
        for line in proc.stdout:
            self.line(line)
        proc.wait()
        self.finish_to(-1)
        self.funcs = [f for f in self.funcs if f.parts]
        for f in self.funcs:
            self.settle(f)

    def line(self, line):
        m = re.match(r"0x([0-9a-f]+):( *)(DW_TAG_\w+|NULL)", line)
        if m:
            self.tag(len(m[2]), m[3], int(m[1], 16))
            return
        m = re.match(r" +(DW_AT_\w+)\t\((.*)", line)
        if m:
            self.attr = m[1]
            self.attribute(m[1], m[2])
        elif self.attr and line.startswith("   "):
            self.continuation(line.strip())

    def finish_to(self, depth):
        while self.stack and self.stack[-1]["depth"] >= depth:
            self.stack.pop()

    def tag(self, depth, tag, offset):
        self.finish_to(depth)
        self.attr = None
        self.node = {"depth": depth, "tag": tag, "parts": [], "low": None}
        if tag == "NULL":
            return
        self.func = next((n["func"] for n in self.stack if "func" in n), None)
        if tag == "DW_TAG_subprogram":
            self.func = Func()
            self.node["func"] = self.func
            self.funcs.append(self.func)
        self.var = None
        if tag in ("DW_TAG_variable", "DW_TAG_formal_parameter") and self.func:
            scope = [n["parts"] for n in self.stack if n["tag"] in
                     ("DW_TAG_subprogram", "DW_TAG_lexical_block", "DW_TAG_inlined_subroutine")]
            self.var = Var(scope)
            self.func.vars.append(self.var)
            self.decls[offset] = self.var.decl
        self.stack.append(self.node)

    def attribute(self, name, text):
        node = self.node
        if name == "DW_AT_low_pc":
            node["low"] = int(text.split(")")[0], 16)
        elif name == "DW_AT_high_pc" and node["low"]:
            node["parts"].append((node["low"], int(text.split(")")[0], 16)))
        elif name in ("DW_AT_name", "DW_AT_abstract_origin", "DW_AT_type"):
            m = re.search(r'"(.*)"\)', text)
            owner = self.var or node.get("func")
            if owner and m and name == "DW_AT_type" and self.var:
                owner.decl[2] = m[1]
            elif owner and m and name != "DW_AT_type":
                owner.name = m[1]
            if name == "DW_AT_abstract_origin" and self.var:
                self.var.origin = int(text.split()[0].rstrip(")"), 16)
        elif name == "DW_AT_decl_file" and self.var:
            self.var.decl[0] = os.path.normpath(text.split('"')[1].split("/tree/")[-1])
        elif name == "DW_AT_decl_line" and self.var:
            self.var.decl[1] = int(text.split(")")[0])
        elif name == "DW_AT_frame_base" and "func" in node:
            node["func"].base = text.rstrip(")\n")
        elif name == "DW_AT_location" and self.var and text.startswith("DW_OP"):
            self.var.single = text.rstrip("\n")[:-1]
        if "func" in node:
            node["func"].parts = node["parts"]

    def continuation(self, text):
        m = re.match(r"\[0x([0-9a-f]+), 0x([0-9a-f]+)\)(?:: (.*))?", text)
        if not m:
            return
        lo, hi = int(m[1], 16), int(m[2], 16)
        if self.attr == "DW_AT_ranges":
            self.node["parts"].append((lo, hi))
        elif self.attr == "DW_AT_location" and self.var and m[3] and lo < hi:
            expression = m[3]
            if expression.count(")") > expression.count("("):
                expression = expression[:-1]
            self.var.entries.append((lo, hi, expression))

    def settle(self, func):
        for v in func.vars:
            file, line, v.type = self.decls.get(v.origin, v.decl) if v.decl[1] is None else v.decl
            v.decl = (file, line, v.name)
            if v.single:
                parts = next((p for p in reversed(v.scope) if p), [])
                v.entries = [(lo, hi, v.single) for lo, hi in parts]
            v.entries = [(lo, hi, location_read(text, func.base)) for lo, hi, text in v.entries]
            v.entries = [e for e in v.entries if e[2]]
        func.vars = [v for v in func.vars if v.entries]
        func.start = func.parts[0][0]


def cfa_rows(path):
    """(pc, register, offset) of each CFA rule, by pc."""
    rows = []
    for line in run("readelf", "--debug-dump=frames-interp", path).splitlines():
        m = re.match(r"([0-9a-f]{16}) (r\w\w|r\d+)([+-]\d+) ", line)
        if m:
            rows.append((int(m[1], 16), m[2], int(m[3])))
    return sorted(rows)


# --- code ---

class Code:
    """Instructions by pc, as objdump writes them."""

    def __init__(self, path):
        self.text, self.raw = {}, {}  # raw: the address that a rip-relative operand means
        for line in run("objdump", "-d", "-w", "--no-show-raw-insn", path).splitlines():
            m = re.match(r" +([0-9a-f]+):\t(.*)", line)
            if m:
                self.text[int(m[1], 16)] = m[2].split("#")[0].strip()
                if "# " in m[2]:
                    self.raw[int(m[1], 16)] = int(m[2].split("# ")[1].split()[0], 16)
        self.pcs = sorted(self.text)

    def between(self, lo, hi):
        return self.pcs[bisect.bisect_left(self.pcs, lo):bisect.bisect_left(self.pcs, hi)]

    def compares(self, lo, hi):
        """(pc, constant, location) of each compare with an immediate."""
        for pc in self.between(lo, hi):
            m = re.fullmatch(r"cmp([bwlq]?) +\$(0x[0-9a-f]+|-?\d+),(.*)", self.text[pc])
            if not m:
                continue
            place, bits = operand_read(m[3], m[1])
            value = int(m[2], 0) & ((1 << bits) - 1)
            if place:
                yield pc, value - (1 << bits) if value >> (bits - 1) and not self.unsigned(pc) else value, place

    def reals(self, lo, hi):
        """(pc, location) of each compare of an xmm register with memory at a fixed address."""
        for pc in self.between(lo, hi):
            m = re.fullmatch(r"v?u?comis[sd] +-?0x[0-9a-f]+\(%rip\),%(xmm\d+)", self.text[pc])
            if m:
                yield pc, ("reg", m[1], 0)

    def target(self, pc):
        """Where a jump leads; 0: elsewhere, or it is none."""
        m = re.match(r"j\w+ +([0-9a-f]+)\b", self.text[pc])
        return int(m[1], 16) if m else 0

    def unsigned(self, pc):
        """Whether the next instruction tests the result as one of unsigned numbers."""
        after = bisect.bisect_right(self.pcs, pc)
        return after < len(self.pcs) and re.match(r"(j|set|cmov)n?(a|b)e?\b", self.text[self.pcs[after]]) is not None


def operand_read(text, suffix):
    if text.startswith("%"):
        name = text[1:]
        bits = 64 if name == WIDE.get(name) else 32 if name[0] == "e" or name[-1] == "d" and name[0] == "r" else \
            8 if name[-1] in "lhb" else 16
        return (("reg", WIDE[name], 0) if name in WIDE and name[-1] != "h" else None), bits
    m = re.fullmatch(r"(-?0x[0-9a-f]+|)\(%(\w+)\)", text)
    return (("mem", m[2], int(m[1] or "0", 0)) if m else None), BITS.get(suffix, 64)


def written(text):
    """The register that an instruction writes as its last operand, but for those that are restored; "any": several, as a call does."""
    name = text.split()[0] if text else ""
    if re.match(r"call|i?div|i?mul|c[lq]to?[dq]?$|rep|xchg", name):
        return "any"
    m = None if re.match(r"(cmp|test|push|pop|j|ret)", name) else re.search(r"%(\w+)$", text)
    return WIDE.get(m[1]) if m else None


def mentions(text, reg):
    return any(WIDE.get(name) == reg for name in re.findall(r"%(\w+)", text))
