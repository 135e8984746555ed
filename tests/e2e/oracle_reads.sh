#!/usr/bin/env bash
# How tests/oracle/dwarf.py reads the code: what it once misread, so that a right answer counted for wrong, kept small.
. "$(dirname "$0")/../lib.sh"

cat >"$work/plain.c" <<'C'
int set(int type) { switch (type) { case 1: case 3: case 5: case 7: case 9: case 12: return 1; } return 0; }
unsigned long most(unsigned long length) { return length < 312 ? 312 : length; }
unsigned long least(unsigned long size) { unsigned long limit = 77; if (size < limit) return 300 > size ? 300 : size; return 5; }
int main(int count, char **v) { return set(count) + (int)most(4) + (int)least(5) + v[0][0]; }
C
gcc -O0 -g -Wl,--emit-relocs -o "$work/plain" "$work/plain.c" || exit 1
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 - "$work/plain" >"$work/read" <<'PYTHON'
import sys
sys.path.insert(0, "tests/oracle")
import dwarf
import dwarf_read

found = {decl[2]: sorted(k) for decl, k in dwarf.Plain(sys.argv[1]).constants.items()}
print(found.get("type"), found.get("length"))


def program(lines):
    code = dwarf.Code.__new__(dwarf.Code)
    code.text = dict(enumerate(lines))
    code.pcs = sorted(code.text)
    p = dwarf.Program.__new__(dwarf.Program)
    p.code, p.cfa, p.cfa_pcs = code, [], []
    return p


def function(**entries):
    func = dwarf_read.Func()
    for name, at in entries.items():
        var = dwarf_read.Var([])
        var.name, var.entries, var.decl = name, at, ("c", 1, name)
        func.vars.append(var)
    return func


def copied(*lines):
    func = function(x=[(0, 2, ("reg", "rsi", 0)), (3, 9, ("reg", "rsi", 0))], y=[(0, 9, ("mem", "rsp", 8))])
    return [v.name for v in program(lines).copied(func, 0, len(lines), 3, "rbx")]


print(copied("push   %rbx", "movslq %esi,%rbx", "nop", "cmp    $0x3f,%ebx", "pop    %rbx"),
      copied("push   %rbx", "mov    0x8(%rsp),%ebx", "nop", "cmp    $0x3f,%ebx", "pop    %rbx"))
print(copied("push   %rbx", "movslq %esi,%rbx", "mov    %eax,%esi", "cmp    $0x3f,%ebx"),
      copied("push   %rbx", "movslq %esi,%rbx", "call   100 <f>", "cmp    $0x3f,%ebx"),
      copied("mov    %eax,%ebx", "movslq %esi,%rbx", "nop", "cmp    $0x3f,%ebx"),
      copied("push   %rbx", "movslq %esi,%rbx", "nop", "cmp    $0x3f,%ebx", "jne    2 <f>"),
      copied("jne    2 <f>", "movslq %esi,%rbx", "nop", "cmp    $0x3f,%ebx"),
      copied("push   %rbx", "mov    0x8(%rsp),%ebx", "mov    %eax,0x8(%rsp)", "cmp    $0x3f,%ebx"))


def verdict(**entries):
    func = function(**entries)
    first = {"probe": {"pc": "0x1", "location": {"kind": "reg", "reg": "rdx"}}, "ranges": []}
    return program(["cmp    $0x3,%edx", "jbe    9 <f>"]).verdict(func, first, func.vars[:1], func.vars[0])[0]


print(verdict(meant=[(0, 1, ("reg", "rdx", 0))], inlined=[(1, 2, ("reg", "rdx", 0))]),
      verdict(meant=[(0, 1, ("reg", "rcx", 0))], inlined=[(1, 2, ("reg", "rdx", 0))]),
      verdict(meant=[(0, 2, ("reg", "rcx", 0))]), verdict(meant=[(0, 2, ("reg", "rdx", 0))]))
PYTHON
same 'a set, and a number in a register, are constants of the source' "$(sed -n 1p "$work/read")" '[1, 3, 5, 7, 9, 12] [312]'
same 'a register that is a copy of what DWARF names' "$(sed -n 2p "$work/read")" "['x'] ['y']"
same 'but not once either may have changed' "$(sed -n 3p "$work/read")" '[] [] [] [] [] []'
same 'a compare changes no place' "$(sed -n 4p "$work/read")" 'right wrong wrong right'
done_testing
