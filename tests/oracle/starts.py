#!/usr/bin/env python3
"""Function starts against symbols. starts.py LVSCAN HOW PROGRAM...: each PROGRAM has symbols; a copy without (HOW: stripped), or without unwind
tables too (HOW: bare), is listed. Prints what was found, missed, and too much, by how it was found; the last line is all together.

Code of .cold parts and the PLT's, global symbols of no type, and functions without a symbol in what BOLT left behind count as neither. Symbols that are not at an address of code in a PROGBITS section (ifuncs' aliases) are left out.
"""
import collections, json, os, re, subprocess, sys, tempfile

lvscan, how, programs = sys.argv[1], sys.argv[2], [a for a in sys.argv[3:] if a != '-v']
verbose = '-v' in sys.argv


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout.decode('utf8', 'replace')


def truth(path):
    """The starts that symbols give, those of cold parts, and the ranges of the PLT and of code that BOLT left behind."""
    sections = run('readelf', '-SW', path)
    code = {m[1] for m in re.finditer(r'^ +\[ *(\d+)\] \S+ +PROGBITS +\w+ \w+ \w+ \w+ +\w*X', sections, re.M)}
    plt = [(int(m[1], 16), int(m[1], 16) + int(m[2], 16)) for m in re.finditer(r'\] \.plt\S* +PROGBITS +(\w+) \w+ (\w+)', sections)]
    left = [(int(m[1], 16), int(m[1], 16) + int(m[2], 16)) for m in re.finditer(r'\] \.bolt\.org\.text +PROGBITS +(\w+) \w+ (\w+)', sections)]
    starts, cold = {}, set()
    for line in run('readelf', '-sW', path).splitlines():
        f = line.split()
        if len(f) >= 8 and f[3:5] == ['NOTYPE', 'GLOBAL'] and f[6] in code:
            cold.add(int(f[1], 16)) # assembly that does not say whether it is a function
        if len(f) >= 8 and f[3] in ('FUNC', 'IFUNC') and f[6] in code:
            (cold.add(int(f[1], 16)) if re.search(r'\.cold(\.|$)', f[7]) else starts.__setitem__(int(f[1], 16), f[7]))
    starts = {a: name for a, name in starts.items() if not any(lo <= a < hi for lo, hi in plt)} # mold names the PLT's entries
    return starts, cold, plt, left


def copy(path, folder):
    out = os.path.join(folder, 'copy')
    bare = ['-R', '.eh_frame', '-R', '.eh_frame_hdr', '-R', '.gcc_except_table'] if how == 'bare' else []
    strip = 'llvm-strip' if '.bolt.org' in run('readelf', '-SW', path) else 'strip' # GNU strip damages what BOLT writes
    subprocess.run([strip, *bare, '-o', out, path], check=True, stderr=subprocess.DEVNULL)
    return out


total = collections.Counter()
for path in programs:
    starts, cold, plt, left = truth(path)
    with tempfile.TemporaryDirectory() as folder:
        listed = [json.loads(l) for l in run(lvscan, 'functions', '--json', copy(path, folder)).splitlines()]
    found = {int(f['start'], 16): f['found_by'] for f in listed}
    found = {a: by for a, by in found.items() if (a in starts or a not in cold) and not any(lo <= a < hi for lo, hi in plt + left if a not in starts)}
    right, extra = starts.keys() & found.keys(), sorted(found.keys() - starts.keys())
    counts = collections.Counter(right=len(right), missed=len(starts) - len(right), extra=len(extra))
    for a, by in found.items():
        counts[('+' if a in starts else '-') + by] += 1
    total.update(counts)
    print('%-40s %6d of %6d, %d too many  F1 %.4f' % ('/'.join(path.split('/')[-2:]), len(right), len(starts), len(extra),
          2 * len(right) / max(1, len(starts) + len(found))))
    if verbose:
        print('  missed', [(hex(a), starts[a]) for a in sorted(starts.keys() - found.keys())][:12])
        print('  extra', [(hex(a), found[a]) for a in extra][:12])
precision = total['right'] / max(1, total['right'] + total['extra'])
recall = total['right'] / max(1, total['right'] + total['missed'])
print('by source (right/wrong):', ' '.join('%s %d/%d' % (by, total['+' + by], total['-' + by])
      for by in sorted({k[1:] for k in total if k[0] in '+-'})))
print('all: precision %.4f recall %.4f F1 %.4f' % (precision, recall, 2 * precision * recall / max(1e-9, precision + recall)))
