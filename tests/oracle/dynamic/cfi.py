#!/usr/bin/python3
"""Claims that must hold in any program, made from its .eh_frame, to try the dynamic oracle on real programs: at every pc of a
function the CFA rule says where the return address is, and where the callee-saved registers of the entry are. They are written in
the form of `lvscan --json`. Usage: cfi.py BINARY [EVERY_NTH_FUNCTION]"""
import json
import sys

from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

NAMES = "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15".split()  # DWARF's order


def place(cfa, offset):
    return {"kind": "stack", "base": NAMES[cfa.reg], "disp": cfa.offset + offset, "bits": 64}


def argument(start, location):
    return [{"pc": hex(start), "kind": "argument", "location": location}]


def fde_variables(fde):
    """The return address (16) and each saved register of one FDE as variables."""
    start, size = fde["initial_location"], fde["address_range"]
    rows = [r for r in fde.get_decoded().table]
    if not rows or (rows[0]["cfa"].reg, rows[0]["cfa"].offset) != (7, 8):
        return  # a fragment of a function, entered by a jump
    ranges = {}
    for row, after in zip(rows, [r["pc"] for r in rows[1:]] + [start + size]):
        if row["cfa"].reg is None or row["pc"] >= after:
            continue
        for reg, rule in row.items():
            if isinstance(reg, int) and rule.type == "OFFSET" and reg <= 16:
                ranges.setdefault(reg, []).append({"start": hex(row["pc"]), "end": hex(after), "proof": "exact",
                                                   "location": place(row["cfa"], rule.arg)})
    for reg, claims in ranges.items():
        first = {"kind": "stack", "base": "rsp", "disp": 0, "bits": 64} if reg == 16 else \
            {"kind": "reg", "reg": NAMES[reg], "bits": 64}
        yield {"id": reg, "function": {"start": hex(start), "size": size, "parts": [[hex(start), hex(start + size)]]},
               "defs": argument(start, first), "sites": [], "ranges": claims, "probe": None}


def main():
    path, nth = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with open(path, "rb") as f:
        elf = ELFFile(f)
        dwarf = elf.get_dwarf_info(relocate_dwarf_sections=False)
        text = [s for s in elf.iter_sections() if s.name.startswith(".text")]
        holds = [(s["sh_addr"], s["sh_addr"] + s["sh_size"]) for s in text]
        variables = []
        for i, entry in enumerate(e for e in dwarf.EH_CFI_entries() if isinstance(e, FDE)):
            start = entry["initial_location"]
            if i % nth == 0 and any(a <= start < b for a, b in holds):
                variables += fde_variables(entry)
    print(json.dumps({"schema": "lvscan/1", "binary": {"path": path}, "variables": variables}))


main()
