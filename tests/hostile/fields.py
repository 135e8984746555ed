#!/usr/bin/env python3
"""tests/hostile/fields.py LVSCAN DYNAMIC PROGRAM... - damages each field of each structure of an ELF file, one at a time, and looks at
what lvscan then says.

The fields are found here, by the gABI, the psABI, the LSB (.eh_frame, .eh_frame_hdr), LLVM's description of exception tables and Go's of its
table of functions (1.18 and later), without lvscan. A run on a damaged program must end with 0, 1 or 3. What it claims must be claimed of the whole program, too (there may be less);
where it is not, the damaged program is run, if the system still runs it, and DYNAMIC (tests/oracle/dynamic) steps through it and
checks the claims: the file's tables may lie, the processor does not. Last lines: how many damages of fields of each kind, a line a kind; totals.
Exit status 1: a claim was wrong, or a run failed.
  FIELDS_STRIDE=N   every Nth damage only
"""
import collections
import json
import os
import struct
import subprocess
import sys
import tempfile

EHDR = "type:2 machine:2 version:4 entry:8 phoff:8 shoff:8 flags:4 ehsize:2 phentsize:2 phnum:2 shentsize:2 shnum:2 shstrndx:2"
PHDR = "type:4 flags:4 offset:8 vaddr:8 paddr:8 filesz:8 memsz:8 align:8"
SHDR = "name:4 type:4 flags:8 addr:8 offset:8 size:8 link:4 info:4 addralign:8 entsize:8"
SYM = "name:4 info:1 other:1 shndx:2 value:8 size:8"
RELA = "offset:8 info:8 addend:8"
DYN = "tag:8 val:8"
NOTE = "namesz:4 descsz:4 type:4"
GO_HEADER = "magic:4 zero:2 quantum:1 pointer:1 functions:8 files:8 text:8 names:8 cus:8 filetab:8 pcs:8 rows:8"
ENTRIES = 24  # of a long table, so many are damaged, from both ends
PT_LOAD, SHT_SYMTAB, SHT_RELA, SHT_DYNAMIC, SHT_NOTE, SHT_DYNSYM = 1, 2, 4, 6, 7, 11


def layout(name, text, at):
    """[(name, offset, bytes)] of a structure's fields."""
    out = []
    for field in text.split():
        label, size = field.split(":")
        out.append((f"{name}.{label}", at, int(size)))
        at += int(size)
    return out


def sampled(n):
    return [i for i in range(n) if i < ENTRIES // 2 or i >= n - ENTRIES // 2]


def leb_end(data, at):
    while data[at] & 0x80:
        at += 1
    return at + 1


class Elf:
    def __init__(self, data):
        self.data = data
        shoff, = struct.unpack_from("<Q", data, 0x28)
        self.phoff, = struct.unpack_from("<Q", data, 0x20)
        self.phnum, = struct.unpack_from("<H", data, 0x38)
        shnum, shstrndx = struct.unpack_from("<HH", data, 0x3c)
        self.shoff = shoff
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + 64 * i) for i in range(shnum)]
        names = self.sections[shstrndx][4] if shnum else 0
        self.names = [data[names + s[0]:data.index(b"\0", names + s[0])].decode() for s in self.sections]

    def section(self, name):
        return self.sections[self.names.index(name)] if name in self.names else None

    def fields(self):
        out = [("e_ident.class", 4, 1), ("e_ident.data", 5, 1), ("e_ident.version", 6, 1), ("e_ident.osabi", 7, 1)]
        out += layout("Ehdr", EHDR, 16)
        for i in range(self.phnum):
            out += layout(f"Phdr[{i}]", PHDR, self.phoff + 56 * i)
        for i, name in enumerate(self.names):
            out += layout(f"Shdr[{name}]", SHDR, self.shoff + 64 * i)
        for name, s in zip(self.names, self.sections):
            out += self.entries(name, s)
        return out + self.frame_header() + self.frames() + self.exceptions() + self.go_table()

    def entries(self, name, s):
        kinds = {SHT_SYMTAB: (SYM, 24), SHT_DYNSYM: (SYM, 24), SHT_RELA: (RELA, 24), SHT_DYNAMIC: (DYN, 16), SHT_NOTE: (NOTE, s[5])}
        text, size = kinds.get(s[1], ("word:4" if name in (".gnu.hash", ".hash") else "", 4))
        if not text:
            return []
        return [f for i in sampled(s[5] // size) for f in layout(f"{name}[{i}]", text, s[4] + size * i)]

    def frame_header(self):
        s = self.section(".eh_frame_hdr")
        if not s:
            return []
        out = layout("eh_frame_hdr", "version:1 eh_frame_ptr_enc:1 fde_count_enc:1 table_enc:1 eh_frame_ptr:4 fde_count:4", s[4])
        return out + [f for i in sampled((s[5] - 12) // 8) for f in layout(f"eh_frame_hdr.table[{i}]", "location:4 address:4", s[4] + 12 + 8 * i)]

    def frames(self):
        s = self.section(".eh_frame")
        at, out = (s[4], []) if s else (0, [])
        while s and at + 8 <= s[4] + s[5]:
            length, cie = struct.unpack_from("<II", self.data, at)
            if not length:
                break
            text = "length:4 id:4 version:1 augmentation:3 rest:8" if cie == 0 else "length:4 cie:4 location:4 range:4 augmentation_length:1 lsda:4"
            out.append(layout("CIE" if cie == 0 else "FDE", text, at))
            at += 4 + length
        return [f for i in sampled(len(out)) for f in out[i]]

    def exceptions(self):
        s = self.section(".gcc_except_table")
        if not s:
            return []
        return [(f"gcc_except_table[{i}]", s[4] + i, 1) for i in sampled(s[5])]

    def go_table(self):
        s = self.section(".gopclntab")
        if not s:
            return []
        n, = struct.unpack_from("<Q", self.data, s[4] + 8)
        rows = s[4] + struct.unpack_from("<Q", self.data, s[4] + 64)[0]
        out = layout("gopclntab", GO_HEADER, s[4])
        for i in sampled(n):
            record = rows + struct.unpack_from("<I", self.data, rows + 8 * i + 4)[0]
            out += layout(f"gopclntab.row[{i}]", "entry:4 record:4", rows + 8 * i) + layout(f"gopclntab.record[{i}]", "entry:4 name:4", record)
        return out + layout("gopclntab.row[end]", "entry:4", rows + 8 * n)


def kind_of(name):
    """The structure that a field is one of: its name without index and field, all notes as one."""
    structure = name.split("[")[0]
    if structure.startswith("."):
        return ".note" if structure.startswith(".note") else structure
    return structure if structure == "eh_frame_hdr.table" else structure.split(".")[0]


def values(data, at, size):
    """What a field is set to instead."""
    bits, old = 8 * size, int.from_bytes(data[at:at + size], "little")
    mask = (1 << bits) - 1
    new = [0, 1, mask, mask >> 1, 1 << (bits - 1), old + 1, old - 1, old + 16, old ^ 1 << (bits - 1), len(data), old * 2, 0x1000]
    return sorted({v & mask for v in new} - {old})


def claims_of(text):
    """Each claimed range, site and def as it stands, without what only counts or orders."""
    out = set()
    for line in text.splitlines():
        for v in json.loads(line)["variables"]:
            for kind in ("ranges", "sites", "defs"):
                for claim in v[kind]:
                    out.add((v["width"], kind, json.dumps({k: c for k, c in claim.items() if k not in ("offset", "file_offset")}, sort_keys=True)))
    return out


def run(command, seconds=60):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, check=False)


class Totals:
    def __init__(self):
        self.kinds = collections.Counter()
        self.damages = self.refused = self.same = self.fewer = self.other = self.ran = self.checks = self.wrong = self.failed = 0


def stepped(dynamic, lvscan, path, claims, work, totals):
    """Runs the damaged program under the oracle. False: a claim was violated."""
    with open(f"{work}/claims", "wb") as out:
        out.write(claims)
    with open(f"{work}/functions", "wb") as out:
        out.write(run([lvscan, "functions", "--json", path]).stdout)
    done = run([dynamic, "--json", f"{work}/claims", "--functions", path, f"{work}/functions", "--max-activations", "200", "--max-steps", "200000",
                "--seconds", "5", "--", path])
    total = [line for line in done.stdout.decode(errors="replace").splitlines() if line.startswith("TOTAL")]
    checks = int(total[0].split("checks=")[1].split()[0]) if total else 0
    totals.ran += checks > 0
    totals.checks += checks
    return done.returncode != 1


def damage(lvscan, dynamic, program, work, totals):
    with open(program, "rb") as source:
        data = source.read()
    base = run([lvscan, "--json", "-n", "0", program])
    whole = claims_of(base.stdout.decode())
    path = f"{work}/damaged"
    tried, fields = 0, Elf(data).fields()
    for name, at, size in fields:
        for value in values(data, at, size) if at + size <= len(data) else []:
            tried += 1
            if tried % int(os.environ.get("FIELDS_STRIDE", "1")):
                continue
            totals.damages += 1
            totals.kinds[kind_of(name)] += 1
            copy = bytearray(data)
            copy[at:at + size] = value.to_bytes(size, "little")
            with open(path, "wb") as out:
                out.write(copy)
            os.chmod(path, 0o755)
            judge(lvscan, dynamic, path, f"{os.path.basename(program)}: {name} = {value:#x}", whole, work, totals)
    return len(fields)


def judge(lvscan, dynamic, path, what, whole, work, totals):
    done = run([lvscan, "--json", "-n", "0", path])
    if done.returncode not in (0, 1, 3) or (done.returncode == 3 and not done.stderr):
        totals.failed += 1
        print(f"status {done.returncode}: {what}: {done.stderr.decode(errors='replace')[:200]}")
        return
    if done.returncode == 3:
        totals.refused += 1
        return
    claims = claims_of(done.stdout.decode())
    if claims <= whole:
        totals.same += claims == whole
        totals.fewer += claims != whole
        return
    totals.other += 1
    if not stepped(dynamic, lvscan, path, done.stdout, work, totals):
        totals.wrong += 1
        print(f"wrong claim: {what}")


def main():
    lvscan, dynamic, programs = sys.argv[1], sys.argv[2], sys.argv[3:]
    totals, fields = Totals(), 0
    with tempfile.TemporaryDirectory() as work:
        for program in programs:
            fields += damage(lvscan, dynamic, program, work, totals)
    for kind, n in sorted(totals.kinds.items()):
        print(f"damages of {kind}: {n}")
    print(f"{len(programs)} programs, {fields} fields, {totals.damages} damages: {totals.refused} refused, {totals.same} say the same, {totals.fewer} less, "
          f"{totals.other} something else, of which {totals.ran} ran: {totals.checks} checks, {totals.wrong} wrong; {totals.failed} failed")
    return 1 if totals.wrong or totals.failed or not totals.checks else 0


if __name__ == "__main__":
    sys.exit(main())
