#!/usr/bin/env bash
# A program without symbols and unwind tables: functions are found where its own code calls or points to them.
. "$(dirname "$0")/../lib.sh"
cat >"$work/a.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
static int __attribute__((noinline)) action(long id)
{
    if (id == 30000) return puts("exit");
    if (id == 30001) return puts("print");
    return id == 30007 ? puts("print_non_map") : 0;
}
int main(int c, char **v) { return 1 + action(atol(v[c - 1])); }
C
for how in -pie -no-pie; do
    gcc -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables $how -o "$work/a" "$work/a.c" && strip -R .eh_frame -R .eh_frame_hdr "$work/a" || exit 1
    json "$how: the variable, in a function that is called" "$("$LVSCAN" --json -c 30000,30001,30007 "$work/a")" \
        '.variables[0] | .function.found_by == "call" and .function.name == null and .matched == [30000, 30001, 30007] and .sites[0].location.reg == "rdi"'
    same "$how: main, whose address is taken" "$("$LVSCAN" functions --json "$work/a" | jq -r .found_by | grep -c pointer)" 1
done

# More code than is swept, filled with int3 as LLVM's linker does: a function is found from the code around it, and says that it is not sure.
cat >"$work/many.s" <<'S'
        .macro func n
        .p2align 4,0xcc
        push %rbx
        mov %rdi,%rbx
        call 1f
        cmp $\n,%rbx
        je 2f
        xor %eax,%eax
        pop %rbx
        ret
2:      mov $1,%eax
        pop %rbx
        ret
        .p2align 4,0xcc
1:      lea 1(%rdi,%rdi,8),%rax
        .fill 2000,1,0x90
        ret
        .endm
        .globl _start
_start: func 4242
        .altmacro
        .set i,0
        .rept 33000
        func %i
        .set i,i+1
        .endr
S
(as -o "$work/many.o" "$work/many.s" && ld -o "$work/many" "$work/many.o" && strip "$work/many") || exit 1
"$LVSCAN" --json -c 12345 "$work/many" >"$work/one"
json 'much code: one function is found' "$(cat "$work/one")" '.variables | length == 1 and .[0].function.found_by == "padding" and
    (.[0].function.start | endswith("0")) and .[0].sites[0].location.reg == "rbx" and ([.[0].ranges[].proof] | unique == ["partial"])'
json 'much code: only what was asked for' "$(cat "$work/one")" '.stats.functions < 3000'
same 'much code: the same when all functions are looked at' "$("$LVSCAN" --json --whole -c 12345 "$work/many" | jq -c .variables)" "$(jq -c .variables "$work/one")"
start=$(jq -r '.variables[0].function.start' "$work/one")
json 'much code: a function named by its address' "$("$LVSCAN" --json -f "$start" "$work/many")" '.variables[0].constants == [12345] and .stats.functions < 3000'
same 'much code: all functions' "$("$LVSCAN" functions --json "$work/many" | jq -r .found_by | sort | uniq -c | xargs)" '1 call 1 entry 66000 padding'
done_testing
