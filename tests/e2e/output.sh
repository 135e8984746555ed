#!/usr/bin/env bash
# The forms of output and of input, on small programs made here.
. "$(dirname "$0")/../lib.sh"

tests/fixtures/article/build "$work/article" && cp "$work/article" "$work/copy"
human=$("$LVSCAN" -c 30000..30011 "$work/article")
same "the plain output is found too" "$?" 0
for word in perf_event_printer 'cmp $0x7530,%rax' rax 30000 30009 uprobe 0xecb8e; do
    check "the plain output has $word" grep -qF -e "$word" <<<"$human"
done
check "no colours where no terminal is" sh -c '! grep -q "$(printf "\033")"' <<<"$human"
check "colours on request" sh -c 'grep -q "$(printf "\033")"' < <("$LVSCAN" --color always -c 30000 "$work/article")
same "--quiet is quiet on standard error" "$("$LVSCAN" -q -c 30000 "$work/article" 2>&1 >/dev/null)" ""
for list in 30000 0x7530 29999..30000 1,30000,2 "30001 -c 30000"; do
    # shellcheck disable=SC2086  # two options in one word list
    json "-c $list" "$("$LVSCAN" --json -c $list "$work/article")" '.variables[0].matched | index(30000) != null'
done
same "-j 1000, more threads than there may be: the same answer" "$("$LVSCAN" --json -j 1000 -n 3 "$work/article" | jq -c 'del(.stats)')" \
    "$("$LVSCAN" --json -j 1 -n 3 "$work/article" | jq -c 'del(.stats)')"
same "-n 1" "$("$LVSCAN" --json -n 1 "$work/article" | jq '.variables | length')" 1

mkdir -p "$work/dir/sub" && cp "$work/article" "$work/dir/sub/one" && cp "$work/article" "$work/dir/two" && echo text >"$work/dir/three"
same "a directory is walked" "$("$LVSCAN" --json -c 30000 "$work/dir" | jq -r .binary.path | sort)" "$work/dir/sub/one
$work/dir/two"
same "paths on standard input, by lines" "$(printf '%s\n' "$work/article" "$work/copy" | "$LVSCAN" --json -c 30000 - | jq -s length)" 2
same "paths on standard input, by NUL" "$(printf '%s\0' "$work/article" "$work/copy" | "$LVSCAN" --json -c 30000 - | jq -s length)" 2
sleep 60 &
sleeper=$!
same "pid:N is the program that runs" "$("$LVSCAN" --json -n 1 pid:$sleeper | jq -r .binary.build_id)" \
    "$(readelf -n "$(readlink -f /proc/$sleeper/exe)" | sed -n 's/.*Build ID: //p')"
kill $sleeper

for form in perf bpftrace tracefs perf-probe gdb systemtap c; do
    check "--emit $form" sh -c '[ -n "$("$1" --emit "$2" -c 30000 "$3")" ]' sh "$LVSCAN" $form "$work/article"
done
"$LVSCAN" --emit c -c 30000 "$work/article" >"$work/probe.c"
check "--emit c compiles" gcc -Wall -Wextra -Werror -o "$work/probe" "$work/probe.c"
if command -v bpftrace >/dev/null && [ "$(id -u)" = 0 ]; then
    "$LVSCAN" --emit bpftrace -c 30000..30011 /usr/bin/bpftrace >"$work/script.bt"
    check "--emit bpftrace parses" bpftrace -d "$work/script.bt"
fi

objdump -d --no-show-raw-insn "$work/article" | sed -n 's/^ *\([0-9a-f]*\):\t\([^#<]*[^#< ]\).*/0x\1 \2/p' | tr -s ' \t' ' ' |
    grep '^0xecb\|^0xecc' >"$work/objdump"
"$LVSCAN" disasm --json -f perf_event_printer "$work/article" | jq -r 'select(.invalid | not) | "\(.pc) \(.text)"' | tr -s ' \t' ' ' |
    grep '^0xecb\|^0xecc' >"$work/disasm"
# objdump writes branch targets without 0x
check "disasm agrees with objdump" diff <(sed 's/ \(j[a-z]*\|call\) \([0-9a-f]\)/ \1 0x\2/' "$work/objdump") "$work/disasm"
json "disasm --hex" "$("$LVSCAN" disasm --json --hex "48 3d 30 75 00 00")" '.mnemonic == "cmp" and .len == 6
    and .reads == ["rax"] and .writes == [] and .kills == [] and .flow == "next" and .target == null and .flags_read == ""
    and (.flags_written | explode | sort | implode) == "acopsz" and .bytes == "483d30750000" and .text == "cmp $0x7530,%rax"'
json "disasm of what is no instruction" "$("$LVSCAN" disasm --json --hex "06 90" | jq -s .)" 'length == 2
    and .[0].invalid == true and .[0].len == 1 and .[1].mnemonic == "nop"'
same "-f takes a pattern" "$("$LVSCAN" functions --json -f 'bpftrace::perf_event_*' "$work/article" | jq -r .demangled)" \
    'bpftrace::perf_event_printer(void*, void*, int)'
"$LVSCAN" functions -f 'bpftrace::nothing_*' "$work/article" >/dev/null 2>&1
same "-f with a pattern that meets nothing" $? 1
json "functions" "$("$LVSCAN" functions --json "$work/article" | jq -s .)" 'map(select(.start == "0xecb00"))[0]
    | .demangled == "bpftrace::perf_event_printer(void*, void*, int)" and .found_by == "symtab" and (.parts | length == 2)
    and .closed and .jumps == [] and .noreturn == false'
# Thousands of warnings, as of a Haskell program, are not all said.
for i in $(seq 20); do
    printf '.globl f%s\n.type f%s,@function\nf%s: cmp $77,%%edi\n je 1f\n .byte 6\n1: ret\n.size f%s,.-f%s\n' "$i" "$i" "$i" "$i" "$i"
done >"$work/odd.s"
gcc -shared -nostdlib -o "$work/odd.so" "$work/odd.s"
"$LVSCAN" -c 77 "$work/odd.so" >/dev/null 2>"$work/few"
"$LVSCAN" -v -c 77 "$work/odd.so" >/dev/null 2>"$work/every"
same "a few warnings are shown, and how many there are more" "$(grep -o '… and .*' "$work/few")" "… and 12 more warnings (-v shows all, --json has them)"
check "-v shows all" test "$(grep -c 'do not decode' "$work/every")" = 20
same "no line ends with a space" "$("$LVSCAN" -n 3 /bin/ls 2>/dev/null | grep -c ' $')" 0
done_testing
