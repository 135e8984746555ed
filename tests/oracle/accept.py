"""tests/oracle/accept.py FORM PROGRAM FILE [MOST [SAMPLE]] - does the tool of FORM accept each probe of FILE (written by forms.c)?

A tool that starts slowly gets many probes in one go; when it refuses the lot, the halves are tried, down to the one that is
refused. MOST: where there are more, only every k-th, about SAMPLE of them. Prints "FORM: accepted N of M", then what was refused and the tool's words; exit 1 then.
accept.py --sample FILE COUNT PREFIX writes COUNT of its probes to PREFIX.NUMBER.

perf        the schema; perf_event_open takes each pair of registers and stack bytes that occurs. The places are as tracefs'
tracefs     the kernel's parser takes the line, and the kernel a probe at the place while the program is in memory
perf-probe  perf probe -n, which prints the event it would make
bpftrace    -d: parsed, checked, compiled to BPF
c           gcc -Wall -Wextra -Werror. Programs share a translation unit: their names get a number
gdb         run in gdb on the started program up to its `continue`: the breakpoint is set, the expression evaluated
systemtap   -p1, the parser. Programs share a script: their names get a number. systemtap+ is pass 2, all but the place:
            the probes are put at the start of /bin/true
"""
import ctypes
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile

TRACING = "/sys/kernel/tracing/"
EVENTS = "lvscan_forms"
C_FLAGS = "-fsyntax-only -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror".split()
HERE = pathlib.Path(__file__).resolve().parent
ALIKE = re.compile(rb'"0x[0-9a-f]+"')
SAME_NAME = re.compile(rb'"-?[0-9]+":"NAME_of_it"(?:,"-?[0-9]+":"NAME_of_it")*')
LIBC = ctypes.CDLL(None, use_errno=True)


def probes_of(path, most, sample):
    """How many probes there are, and (number, text) of each, or of every k-th."""
    probes = []
    with open(path, "rb") as file:
        while header := file.readline():
            number, length = map(int, header.split())
            probes.append((number, file.read(length)))
    step = max(len(probes) // sample, 1) if most and len(probes) > most else 1
    return len(probes), probes[::step]


def run(arguments, **more):
    """None when it is accepted, else the end of what the tool said."""
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    return None if done.returncode == 0 else done.stdout[-800:].decode("utf-8", "replace") or "no word"


def refused_of(batch, attempt):
    """The probes that `attempt`, which takes a list of them, refuses."""
    words = attempt([text for _, text in batch])
    if words is None:
        return []
    if len(batch) == 1:
        return [(batch[0], words)]
    half = len(batch) // 2
    return refused_of(batch[:half], attempt) + refused_of(batch[half:], attempt)


def in_batches(probes, size, attempt):
    refused = []
    for at in range(0, len(probes), size):
        refused += refused_of(probes[at:at + size], attempt)
    return refused


class Started:
    """The program, stopped before its first instruction: its file is mapped."""

    def __init__(self, program):
        self.pid = os.fork()
        if self.pid == 0:
            LIBC.ptrace(0, 0, None, None)
            os.execv(program, [program])
        os.waitpid(self.pid, 0)

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def perf(probes, program, work):
    import jsonschema
    schema = json.loads((HERE.parent.parent / "docs/schema/probe.json").read_text())
    valid = jsonschema.Draft202012Validator(schema)
    refused, kinds, seen = [], {}, {}
    for probe in probes:
        spec = json.loads(probe[1])
        alike = ALIKE.sub(rb'"0x1"', SAME_NAME.sub(rb'"1":"NAME_of_it"', probe[1])) # what differs in such numbers only is valid together
        if alike not in seen:
            seen[alike] = jsonschema.exceptions.best_match(valid.iter_errors(spec))
        fault = seen[alike]
        if fault:
            refused.append((probe, fault.message[:300]))
        if spec["perf"]:
            kinds.setdefault((spec["perf"]["sample_regs_user"], spec["perf"]["stack_bytes"]), (probe, spec["perf"]))
    started = Started(program)
    for probe, wanted in kinds.values():
        words = perf_open(wanted, started.pid)
        if words:
            refused.append((probe, words))
    started.end()
    print(f"# perf: {len(kinds)} different sets of registers and stack bytes opened")
    return refused


def perf_open(wanted, pid):
    path = ctypes.create_string_buffer(os.fsencode(wanted["config1"]))
    kind = int(pathlib.Path("/sys/bus/event_source/devices/uprobe/type").read_text())
    regs = int(wanted["sample_regs_user"], 16)
    sample = 1 | 2 | 4 | (1 << 12 if regs else 0) | (1 << 13 if wanted["stack_bytes"] else 0)
    attr = bytearray(128)
    struct.pack_into("<IIQQQQ", attr, 0, kind, 128, wanted["config"], wanted["sample_period"], sample, 0)
    struct.pack_into("<QQ", attr, 56, ctypes.addressof(path), int(wanted["config2"], 16))
    struct.pack_into("<QI", attr, 80, regs, wanted["stack_bytes"])
    fd = LIBC.syscall(298, ctypes.create_string_buffer(bytes(attr), 128), pid, -1, -1, 8)
    if fd < 0:
        return "perf_event_open: " + os.strerror(ctypes.get_errno())
    os.close(fd)
    return None


def tracefs_write(name, text):
    """None, or the error. In binary and without seeking, which this file refuses."""
    fd = os.open(TRACING + name, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, text)
        return None
    except OSError as error:
        return f"{name}: {error}"
    finally:
        os.close(fd)


def tracefs(probes, program, work):
    started, by_type = Started(program), {}
    for probe in probes: # the probes of one event have one type of value
        by_type.setdefault(probe[1].rsplit(b":", 1)[1], []).append(probe)
    refused, place = [], re.compile(rb"^p:lvscan/v1 ")
    for kind, same in by_type.items():
        event = f"{EVENTS}/{re.sub(r'[^a-z0-9]', '_', kind.decode().strip())}_{os.getpid()}".encode()

        def attempt(texts, event=event):
            words = None
            lines = dict.fromkeys(place.sub(b"p:" + event + b" ", text) for text in texts) # the kernel takes no line twice
            for line in lines:
                words = words or tracefs_write("uprobe_events", line)
            enable = f"events/{event.decode()}/enable"
            if os.path.exists(TRACING + enable):
                words = words or tracefs_write(enable, b"1")
                tracefs_write(enable, b"0")
                words = tracefs_write("uprobe_events", b"-:" + event + b"\n") or words
            return words

        refused += in_batches(same, 500, attempt)
    started.end()
    return refused


def perf_probe(probes, program, work):
    def attempt(texts):
        arguments = ["perf", "probe", "-n", "-x", program]
        for n, text in enumerate(texts):
            event = re.fullmatch(rb"perf probe -x '?(.*?)'? --add '(.*)'\n", text).group(2)
            arguments += ["--add", event.decode().replace("lvscan_v1", f"lvscan_v{n}", 1)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        made = len(set(re.findall(r"lvscan_v\d+(?= +\(on )", done.stdout + done.stderr)))
        return None if done.returncode == 0 and made == len(texts) else (done.stdout + done.stderr)[-800:]
    return in_batches(probes, 100, attempt)


def bpftrace(probes, program, work):
    # Without the kernel's types, which no form uses and which would be read again and again: BTF with one `int`.
    types = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 16, 16, 5) + struct.pack("<IIII", 1, 1 << 24, 4, 1 << 24 | 32) + b"\0int\0"
    pathlib.Path(work, "btf").write_bytes(types)

    def attempt(texts):
        script = pathlib.Path(work, "all.bt")
        script.write_bytes(b"".join(texts))
        with open(os.path.join(work, "said"), "wb+") as said:
            done = subprocess.run(["bpftrace", "-d", script], stdout=subprocess.PIPE, stderr=said, check=False,
                                  env={**os.environ, "BPFTRACE_BTF": os.path.join(work, "btf"), "BPFTRACE_MAX_PROBES": "10000"})
            compiled = done.stdout.count(b'\ndefine i64 @"uprobe:') + done.stdout.startswith(b'define i64 @"uprobe:')
            said.seek(0)
            if done.returncode == 0 and compiled == len(texts):
                return None
            return f"status {done.returncode}, {compiled} of {len(texts)} compiled: " + said.read()[-600:].decode("utf-8", "replace")
    return in_batches(probes, 400, attempt)


def c(probes, program, work):
    def attempt(texts):
        macros = set(re.findall(rb"^#define (\w+)", texts[0], re.M))
        names = {b"name", b"NAMES", *re.findall(rb"^(?:static|int) [^;=(){\n]*?\b(\w+)(?:\(|\[|;| =)", texts[0], re.M)}
        unit = []
        for n, text in enumerate(texts):
            if len(texts) > 1: # the one program on its own is compiled as it is
                unit += [b"#define %s %s_%d" % (name, name, n) for name in names]
            unit += [text] + [b"#undef " + name for name in names | macros]
        pathlib.Path(work, "all.c").write_bytes(b"\n".join(unit))
        return run(["gcc", *C_FLAGS, os.path.join(work, "all.c")])
    return in_batches(probes, 32, attempt)


GDB = r"""
import gdb, sys
sys.path.insert(0, HERE)
import accept
def attempt(texts):
    try:
        for text in texts:
            code = text.split(b'\npython\n', 1)[1].rsplit(b"\ngdb.execute('continue')\nend\n", 1)[0]
            space = {}
            exec(compile(code, 'form', 'exec'), space)
            try:
                int(gdb.parse_and_eval(space['READ'])) + space['ADDEND'] & (1 << space['BITS']) - 1
            except gdb.MemoryError:
                pass # what the registers point to right after the start
        made = len(gdb.breakpoints())
        words = None if made == len(texts) else '%d breakpoints' % made
    except Exception as error:
        words = repr(error)
    for one in gdb.breakpoints():
        one.delete()
    return words
accept.report('gdb', FILE, MOST, SAMPLE, lambda probes: accept.in_batches(probes, 100, attempt))
"""


def gdb_runs(program, path, most, count, work):
    driver = pathlib.Path(work, "driver.py")
    driver.write_text(f"HERE, FILE, MOST, SAMPLE = {str(HERE)!r}, {path!r}, {most}, {count}\n" + GDB)
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", "-iex", "set startup-with-shell off", "-iex", "set debuginfod enabled off",
                           "-ex", "starti", "-x", str(driver), "--args", program], capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("gdb: ", "REFUSED"))]
    print("\n".join(lines) if lines else done.stdout[-1000:] + done.stderr[-1000:])
    return not (len(lines) == 1 and "accepted" in lines[0])


def kernel_tree(work):
    """A kernel's build tree as far as SystemTap looks for one."""
    tree = pathlib.Path(work, "kernel")
    (tree / "include/config").mkdir(parents=True)
    options = "MODULES TRACEPOINTS UPROBES ARCH_SUPPORTS_UPROBES UPROBE_EVENTS".split()
    (tree / ".config").write_text("".join(f"CONFIG_{option}=y\n" for option in options))
    (tree / "include/config/kernel.release").write_text("6.1.0\n")
    (tree / "Makefile").touch()
    (tree / "Module.symvers").touch()
    return str(tree)


def systemtap(probes, program, work, last_pass="-p1"):
    tree = kernel_tree(work)

    def numbered(n, text):
        text = re.sub(rb"^global name$", b"global name%d" % n, text, count=1, flags=re.M)
        text = re.sub(rb"^    name\[", b"    name%d[" % n, text, flags=re.M)
        text = text.replace(b"v in name ? name[v]", b"v in name%d ? name%d[v]" % (n, n))
        if last_pass == "-p2":
            text = re.sub(rb'^probe process\(".*"\)\.statement\(0x[0-9a-f]+\) \{$', b'probe process("/bin/true").begin {', text, count=1, flags=re.M)
        return text

    def attempt(texts):
        script = pathlib.Path(work, "all.stp")
        script.write_bytes(b"".join(numbered(n, text) for n, text in enumerate(texts)))
        return run(["stap", last_pass, "-r", tree, str(script)])
    return in_batches(probes, 1000, attempt)


def report(form, path, most, count, accepts):
    every, probes = probes_of(path, most, count)
    refused = accepts(probes)
    print(f"{form}: accepted {len(probes) - len(refused)} of {len(probes)}" + (f" (of {every})" if len(probes) < every else ""))
    for (number, text), words in refused[:20]:
        print(f"REFUSED {number}: {words!r}: {text[:400]!r}")
    return bool(refused) or not probes


def sample(path, count, prefix):
    """Writes `count` of the probes of a file, spread over it, to PREFIX.NUMBER."""
    for number, text in probes_of(path, 1, int(count))[1]:
        pathlib.Path(f"{prefix}.{number}").write_bytes(text)
    return 0


def main(form, program, path, most="0", count="20000"):
    if form == "--sample":
        return sample(program, path, most)
    ways = {"perf": perf, "tracefs": tracefs, "perf-probe": perf_probe, "bpftrace": bpftrace, "c": c, "systemtap": systemtap,
            "systemtap+": lambda *all: systemtap(*all, "-p2")}
    with tempfile.TemporaryDirectory() as work:
        if form == "gdb":
            return gdb_runs(program, path, int(most), int(count), work)
        return report(form, path, int(most), int(count), lambda probes: ways[form](probes, program, work))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
