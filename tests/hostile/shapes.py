#!/usr/bin/env python3
"""tests/hostile/shapes.py NAME FILE [N] - writes one program whose shape is meant to make an analysis slow, large or wrong.

`shapes.py --list` names the shapes with their sizes. Each is a valid ELF file, built from scratch; none is ever run.
"""
import struct
import sys

BASE = 0x400000


class Elf:
    """A file of one read-and-execute segment, with symbols, sections and unwind tables added behind it."""

    def __init__(self):
        self.code = bytearray()
        self.symbols = []  # (name, offset, size)
        self.sections = []  # extra (name, type, bytes, addr offset or None)
        self.fdes = []  # (offset, size)
        self.strings = bytearray(b"\0")
        self.extra_sections = 0
        self.headers = []  # extra (type, flags, offset, address, size); None: the segment's
        self.entry = 0

    def name(self, text):
        at = len(self.strings)
        self.strings += text + b"\0"
        return at

    def symbol(self, name, off, size):
        self.symbols.append((name if isinstance(name, int) else self.name(name), off, size))

    def eh_frame(self, at):
        """.eh_frame of self.fdes, to lie at address `at`; and its sorted header's rows."""
        out = bytearray()
        body = struct.pack("<I", 0) + b"\x01zR\0" + bytes([1, 0x78, 16, 1, 0x1B]) + bytes([0x0C, 7, 8, 0x90, 1, 0, 0])
        out += struct.pack("<I", len(body)) + body
        rows = []
        for off, size in self.fdes:
            start = len(out)
            fields = struct.pack("<I", start + 4) + struct.pack("<iI", BASE + 0x1000 + off - (at + start + 8), size) + b"\0" * 4
            rows.append((BASE + 0x1000 + off, at + start))
            out += struct.pack("<I", len(fields)) + fields
        out += b"\0\0\0\0"
        return out, rows

    def write(self, path):
        code_at = 0x1000
        image = bytearray(code_at) + self.code
        headers = [(1, 5, 0, BASE)] + self.headers
        if self.fdes:
            while len(image) % 8:
                image += b"\0"
            at = BASE + len(image)
            frame, rows = self.eh_frame(at)
            image += frame
            while len(image) % 4:
                image += b"\0"
            hdr_at = BASE + len(image)
            hdr = bytes([1, 0x1B, 3, 0x3B]) + struct.pack("<iI", at - (hdr_at + 4), len(rows))
            for start, fde in sorted(rows):
                hdr += struct.pack("<ii", start - hdr_at, fde - hdr_at)
            headers.append((0x6474E550, 4, len(image), hdr_at, len(hdr)))
            image += hdr
        segment = len(image)
        symtab = bytearray(24)
        for name, off, size in self.symbols:
            symtab += struct.pack("<IBBHQQ", name, 0x12, 0, 1, BASE + code_at + off, size)
        sections = [b"\0" * 64]
        for kind, link, data, entry in ((2, 2, symtab, 24), (3, 0, self.strings, 0)):
            sections.append(struct.pack("<IIQQQQIIQQ", 0, kind, 0, 0, len(image), len(data), link, 0, 8, entry))
            image += data
        sections += [struct.pack("<IIQQQQIIQQ", 0, 1, 6, BASE, 0, segment, 0, 0, 1, 0)] * self.extra_sections
        shoff = len(image)
        for s in sections:
            image += s
        entry = BASE + code_at + self.entry
        phoff = 64 if len(headers) < 60 else len(image)
        image += b"\0" * (56 * len(headers) if phoff > 64 else 0)
        image[0:64] = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1" + b"\0" * 9, 2, 62, 1, entry, phoff, shoff, 0, 64, 56, len(headers),
                                  64, len(sections), 0)
        for i, h in enumerate(headers):
            size = h[4] if len(h) > 4 and h[4] is not None else segment
            off = h[2]
            image[phoff + 56 * i:phoff + 56 * (i + 1)] = struct.pack("<IIQQQQQQ", h[0], h[1], off, h[3], h[3], size, size, 8)
        with open(path, "wb") as f:
            f.write(image)


def cmp_edi(k):
    return b"\x81\xff" + struct.pack("<I", k & 0xFFFFFFFF)


def jcc(cc, displacement):
    return bytes([0x0F, 0x80 | cc]) + struct.pack("<i", displacement)


def one_function(code):
    elf = Elf()
    elf.code += code
    elf.symbol(b"f", 0, len(elf.code))
    return elf


def huge(n):
    """one function of N million bytes"""
    unit = cmp_edi(30000) + b"\x74\x00" + b"\x48\x89\xf8\x48\x01\xf0"
    return one_function(unit * (n * 1000000 // len(unit)) + b"\xc3")


def ladder(n):
    """N blocks in a chain, each with a compare and a branch to the next but one"""
    return one_function(b"".join(cmp_edi(i) + jcc(4, 12) for i in range(n)) + b"\x90" * 12 + b"\xc3")


def to_end(n):
    """N compares that all branch to one block at the end"""
    return one_function(b"".join(cmp_edi(i) + jcc(4, 12 * (n - i - 1)) for i in range(n)) + b"\xc3")


def back(n):
    """N blocks, each with a branch back to the start: N loops in one another"""
    return one_function(b"".join(b"\xff\xc7" + cmp_edi(i) + jcc(5, -(14 * (i + 1))) for i in range(n)) + b"\xc3")


def upward(n):
    """N blocks, each of which jumps to the one before it"""
    end = cmp_edi(7) + b"\x74\x00" + b"\x5b\xc3"
    blocks = b"\xff\xc0\xeb" + bytes([256 - 4 - len(end)]) + b"\xff\xc0\xeb\xf8" * (n - 1)
    start = b"\x53\xbb\x01\x00\x00\x00" + b"\xe9" + struct.pack("<i", len(end) + len(blocks) - 4)
    return one_function(start + end + blocks)


def phi_web(n):
    """N diamonds, each of which may exchange two registers: joins of joins of joins"""
    unit = b"\x48\x85\xd2" + b"\x74\x03" + b"\x48\x87\xfe" + b"\x48\x83\xc2\x01"
    return one_function(unit * n + cmp_edi(7) + b"\x74\x00\xc3")


def phi_loop(n):
    """N loops in a row that rotate ten registers"""
    rotate = b"".join(b"\x48\x87" + bytes([0xC0 | 7 << 3 | r]) for r in (0, 1, 2, 3, 5, 6)) + b"\x49\x87\xf8\x49\x87\xf9"
    unit = rotate + b"\x85\xff" + bytes([0x75, 256 - len(rotate) - 4])
    return one_function(unit * n + cmp_edi(7) + b"\x74\x00\xc3")


def pushes(n):
    """N pushes of a register that is the caller's, and then is written"""
    return one_function(b"\x53" * n + b"\xbb\x01\x00\x00\x00" + cmp_edi(7) + b"\x74\x00" + b"\x5b" * n + b"\xc3")


def slots(n):
    """N stack slots, each stored, loaded and compared"""
    out = b"\x48\x81\xec" + struct.pack("<I", 8 * n + 8)
    for i in range(n):
        out += b"\x48\x89\xbc\x24" + struct.pack("<I", 8 * i) + b"\x48\x81\xbc\x24" + struct.pack("<II", 8 * i, i & 0x7FFFFFFF) + b"\x74\x00"
    return one_function(out + b"\xc3")


def compares(n):
    """N compares of one register in one block"""
    return one_function(b"".join(cmp_edi(i) + b"\x0f\x94\xc0" for i in range(n)) + b"\xc3")


def copies(n):
    """one value spread over all registers and compared in each, N times, with calls through pointers between"""
    unit = b"".join(b"\x48\x89" + bytes([0xF8 | r]) for r in (0, 1, 2, 3, 6)) + b"\x83\xf8\x07\x74\x00\x83\xfb\x09\x74\x00\xff\xd0\x48\x89\xdf"
    return one_function(unit * n + b"\xc3")


def table_self(n):
    """N switches whose tables are made of their own entries' addresses and code"""
    out = bytearray()
    for _ in range(n):
        at = len(out)
        # cmp $0xffff,%edi; ja end; lea table(%rip),%rdx; movslq (%rdx,%rdi,4),%rax; add %rdx,%rax; jmp *%rax; table: here
        out += b"\x81\xff\xff\xff\x00\x00" + b"\x0f\x87\x10\x00\x00\x00"
        out += b"\x48\x8d\x15" + struct.pack("<i", 9) + b"\x48\x63\x04\xba" + b"\x48\x01\xd0" + b"\xff\xe0"
        assert len(out) - at == 28
    out += b"\xc3"
    out += b"".join(struct.pack("<i", -4 * (i % 7)) for i in range(65536))
    return one_function(bytes(out))


def table_wide(n):
    """one switch of 65,535 cases, each a block of its own, in N functions"""
    elf = Elf()
    cases = 65535
    for f in range(n):
        at = len(elf.code)
        head = b"\x81\xff" + struct.pack("<I", cases - 1) + b"\x0f\x87" + struct.pack("<i", 16 + 2 * cases)
        head += b"\x48\x8d\x15" + struct.pack("<i", 9 + 2 * cases + 1) + b"\x48\x63\x04\xba" + b"\x48\x01\xd0" + b"\xff\xe0"
        table = len(head) + 2 * cases + 1
        elf.code += head + b"\x90\xc3" * cases + b"\xc3"
        elf.symbol(b"f%d" % f, at, len(elf.code) - at)
        elf.code += b"".join(struct.pack("<i", len(head) + 2 * i - table) for i in range(cases))
    return elf


def table_many(n):
    """N switches in one function that share one table"""
    out = bytearray()
    size = 28
    table = n * size + 1
    for i in range(n):
        out += b"\x81\xff" + struct.pack("<I", 255) + b"\x0f\x87" + struct.pack("<i", 16)
        out += b"\x48\x8d\x15" + struct.pack("<i", table - (i * size + 19)) + b"\x48\x63\x04\xba" + b"\x48\x01\xd0" + b"\xff\xe0"
    out += b"\xc3" + b"".join(struct.pack("<i", (i * 97 % n) * size - table) for i in range(256))
    elf = Elf()
    elf.code += out
    elf.symbol(b"f", 0, table)
    return elf


def calls(n):
    """N functions, each calls the next and the one before: recursion among summaries"""
    elf = Elf()
    size = 24
    for i in range(n):
        body = b"\xe8" + struct.pack("<i", size * ((i + 1) % n - i) - 5) + b"\xe8" + struct.pack("<i", size * ((i - 1) % n - i) - 10)
        body += b"\x3d\x30\x75\x00\x00\x74\x00\xc3"
        elf.symbol(b"f%d" % i, len(elf.code), size)
        elf.code += body.ljust(size, b"\x90")
    return elf


def callers(n):
    """N functions that each call one of the same 300 functions of 4 KB"""
    elf = Elf()
    for i in range(300):
        elf.symbol(b"g%d" % i, 4096 * i, 4096)
        elf.code += (b"\x85\xff\x74\x00\x48\x89\xf8" * 585)[:4095] + b"\xc3"
    for i in range(n):
        at = len(elf.code)
        elf.symbol(b"f%d" % i, at, 16)
        elf.code += (b"\xe8" + struct.pack("<i", 4096 * (i % 300) - at - 5) + b"\x3d\x30\x75\x00\x00\x74\x00\xc3").ljust(16, b"\x90")
    return elf


def symbols(n):
    """N symbols at one address"""
    elf = one_function(cmp_edi(7) + b"\x74\x00\xc3")
    for i in range(n):
        elf.symbol(b"s%d" % i, 0, 9)
    return elf


def long_name(n):
    """N symbols that share one name of a million bytes"""
    elf = one_function((cmp_edi(7) + b"\x74\x00\xc3").ljust(16, b"\x90") * n)
    at = elf.name(b"_Z" + b"N1a" * 333333)
    for i in range(n):
        elf.symbol(at + i % 1000, 16 * i, 16)
    return elf


def cold(n):
    """N cold parts of one function"""
    elf = Elf()
    for i in range(n + 1):
        elf.symbol(b"f" if i == 0 else b"f.cold", 16 * i, 16)
        elf.code += (cmp_edi(i) + b"\x74\x00\xc3").ljust(16, b"\x90")
    return elf


def fdes(n):
    """N unwind ranges that overlap: each starts a byte later and all end together"""
    elf = Elf()
    elf.code += b"\x90" * n + cmp_edi(7) + b"\x74\x00\xc3"
    elf.fdes = [(i, n + 9 - i) for i in range(n)]
    return elf


def sections(n):
    """N section headers"""
    elf = one_function(cmp_edi(7) + b"\x74\x00\xc3")
    elf.extra_sections = n
    return elf


def entries(n):
    """N function symbols inside one function, which an unwind range covers"""
    elf = one_function((cmp_edi(7) + b"\x74\x00").ljust(8, b"\x90") * n + b"\xc3")
    elf.fdes = [(0, 8 * n + 1)]
    for i in range(n):
        elf.symbol(b"s%d" % i, 8 * i, 8)
    return elf


def tiny(n):
    """N functions of a few bytes"""
    elf = Elf()
    for i in range(n):
        elf.symbol(b"f%d" % i, 16 * i, 16)
        elf.code += (cmp_edi(i) + b"\x74\x00\xc3").ljust(16, b"\x90")
    return elf


def busy(n):
    """N functions, each of 10,000 loops in one another"""
    elf = Elf()
    body = b"".join(b"\xff\xc7" + cmp_edi(i) + jcc(5, -(14 * (i + 1))) for i in range(10000)) + b"\xc3"
    for i in range(n):
        elf.symbol(b"f%d" % i, len(elf.code), len(body))
        elf.code += body
    return elf


def segments(n):
    """N segments that overlap, each 16 bytes behind the one before, over 20,000 functions"""
    elf = tiny(20000)
    elf.headers = [(1, 5, 0, BASE + 16 * (i + 1)) for i in range(n)]
    return elf


def relocations(n):
    """N relocations, in no order, of the words of their own table"""
    elf = tiny(20000)
    while len(elf.code) % 16:
        elf.code += b"\0"
    table = len(elf.code)
    at = BASE + 0x1000 + table
    for i in range(n):
        elf.code += struct.pack("<QQq", at + i * 7919 % n * 24, 8, at + (n - i) * 24)
    dynamic = len(elf.code)
    for tag, value in ((7, at), (8, 24 * n), (9, 24), (0, 0)):
        elf.code += struct.pack("<QQ", tag, value)
    elf.headers = [(2, 4, 0x1000 + dynamic, BASE + 0x1000 + dynamic, 64)]
    return elf


def sizes(n):
    """segments, symbols and unwind ranges with sizes near 2^64, N of each"""
    elf = one_function((cmp_edi(7) + b"\x74\x00\xc3").ljust(16, b"\x90") * n)
    for i in range(n):
        elf.symbol(b"s%d" % i, 16 * i, 2**64 - 1 - i)
    elf.fdes = [(16 * i, 2**32 - 1 - i) for i in range(n)]
    kinds = (2, 4, 7, 0x6474E550, 0x6474E552)  # dynamic, note, TLS, unwind, RELRO
    elf.headers = [(kind, 4, 0x1000, BASE + 0x1000, 2**64 - 1 - i) for i, kind in enumerate(kinds)]
    return elf


SHAPES = [(huge, 50), (huge, 7), (ladder, 30000), (to_end, 30000), (back, 28000), (upward, 100000), (phi_web, 39000), (phi_loop, 20000), (slots, 30000),
          (pushes, 190000), (compares, 130000), (copies, 12000), (table_self, 200), (table_wide, 4), (table_many, 2000), (calls, 100000),
          (callers, 30000), (symbols, 1000000), (long_name, 20000), (cold, 100000), (fdes, 100000), (sections, 65532), (entries, 100000),
          (tiny, 300000), (busy, 6), (segments, 1100), (relocations, 300000), (sizes, 20000)]


def main():
    if sys.argv[1:] == ["--list"]:
        for shape, n in SHAPES:
            print(shape.__name__, n, shape.__doc__.replace("N", f"{n:,}", 1), sep="\t")
        return
    by_name = {shape.__name__: (shape, n) for shape, n in reversed(SHAPES)}
    shape, n = by_name[sys.argv[1]]
    shape(int(sys.argv[3]) if len(sys.argv) > 3 else n).write(sys.argv[2])


main()
