#!/usr/bin/env bash
# timeout: 600
# Names and paths that an adversary chose stay names: in every emitted form, in JSON, on a terminal. Each would create a
# file PWNED, add a line, or move the cursor, were it ever more than text.
. "$(dirname "$0")/../lib.sh"

mkdir "$work/bin" "$work/cwd"
cat >"$work/target.c" <<'C'
#include <stdio.h>
int victim(volatile int *v) { int n = *v; if (n == 51001) return 1; if (n == 51002) return 2; return n == 51003; }
int main(int argc, char **argv) { volatile int v = 51001 + argc; (void)argv; printf("%d\n", victim(&v)); return 0; }
C
gcc -O1 -fno-inline -no-pie -o "$work/plain" "$work/target.c" || exit 1
start=0x$(nm "$work/plain" | sed -n 's/^0*\([0-9a-f]*\) T victim$/\1/p')

# What each would do: end a string, a comment, a line, an argument; run a command; act on the terminal; be too long.
names=(
    $'a"b\'c\\d'
    '$(touch PWNED)`touch PWNED`;touch PWNED;&|<>'
    $'x\ntouch PWNED\nprobe BEGIN { system("touch PWNED"); }\n'
    $'*/ int pwned; /* \n#include "PWNED"\n??/'
    $'\e]0;pwned\a\e[2J\e[31m\r\b\x7f'
    $'\xc2\x9b31m \xe2\x80\xae \xff\xfe \xed\xa0\x80'
    '%s%n%1000000d {{}} \n \u0041 \x41'
    $'\');import os;os.system("touch PWNED")#'
    "$(printf 'A%.0s' {1..65536})"
)

printable() { # printable NAME FILE: no byte that a terminal acts upon, but newlines
    check "$1: nothing for the terminal to act upon" sh -c \
        '! LC_ALL=C grep -qP "[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]" "$1"' sh "$2"
    check "$1: UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$2"
}

ask() { "$LVSCAN" "$@" -c 51001..51003 "$target"; }

# forms NAME: every form as long as for a plain name, accepted by its tool, inert when run.
forms() {
    local form lines
    for form in perf bpftrace tracefs perf-probe gdb systemtap c; do
        if ! ask --emit $form >"$work/form.$form" 2>"$work/err"; then
            check "$1: --emit $form says why not" grep -q . "$work/err"
            printable "$1: --emit $form's message" "$work/err"
            rm -f "$work/form.$form"
            continue
        fi
        lines=$("$LVSCAN" --emit $form -c 51001..51003 "$work/plain" | wc -l)
        same "$1: --emit $form has as many lines as for a plain name" "$(wc -l <"$work/form.$form")" "$lines"
        LC_ALL=C tr -d '\n\t' <"$work/form.$form" >"$work/flat"
        check "$1: --emit $form has no control characters" sh -c '! LC_ALL=C grep -qaP "[\x00-\x1f\x7f]" "$1"' sh "$work/flat"
    done
    if [ -e "$work/form.c" ]; then
        check "$1: the C form compiles" gcc -Wall -Wextra -Werror -o "$work/reader" "$work/form.c"
    fi
    if [ -e "$work/form.perf-probe" ]; then # a stand-in for perf says what it was given
        (cd "$work/cwd" && PATH=$work/tools:$PATH sh "$work/form.perf-probe") >"$work/words" 2>&1
        same "$1: the shell gives perf the path as one word" "$(sed -n 3p "$work/words" | head -c 200)" \
            "$(printf '%s' "$target" | head -c 200 | tr '\n' '~')"
    fi
    if [ -e "$work/form.gdb" ] && command -v gdb >/dev/null; then
        (cd "$work/cwd" && timeout 60 gdb -q -nx -batch -iex 'set startup-with-shell off' \
            -x "$work/form.gdb" --args "$target" </dev/null) >"$work/out" 2>&1
        check "$1: gdb reads the value" grep -q 51002 "$work/out"
    fi
    if [ -e "$work/form.bpftrace" ] && [ "$(id -u)" = 0 ] && command -v bpftrace >/dev/null; then
        (cd "$work/cwd" && timeout 60 bpftrace --unsafe -d "$work/form.bpftrace") >"$work/out" 2>&1
        check "$1: bpftrace reads one probe, and no call of system" sh -c \
            'grep -q "uprobe:" "$1" && ! grep -q "call: system" "$1"' sh "$work/out"
    fi
    if [ -e "$work/form.systemtap" ] && command -v stap >/dev/null; then
        check "$1: systemtap parses" timeout 60 stap -p1 -r "$work/kernel" "$work/form.systemtap"
    fi
    same "$1: nothing was run" "$(find "$work" -name '*PWNED*' -not -path "$work/bin/*")" ""
}

# A kernel's build tree as far as systemtap's parser looks for one.
mkdir -p "$work/kernel/include/config" && echo 'CONFIG_UPROBES=y' >"$work/kernel/.config" &&
    echo 6.1.0 >"$work/kernel/include/config/kernel.release" && touch "$work/kernel/Makefile" "$work/kernel/Module.symvers"
mkdir "$work/tools"
cat >"$work/tools/perf" <<'END'
#!/bin/sh
for word; do printf '%s\n' "$(printf '%s' "$word" | tr '\n' '~')"; done
END
chmod +x "$work/tools/perf"

number=0
for name in "${names[@]}"; do
    number=$((number + 1))
    title="symbol $number"
    target=$work/bin/named-$number
    objcopy --redefine-sym "victim=$name" "$work/plain" "$target" || { result 1 "$title: the fixture"; continue; }
    ask --json >"$work/json"
    check "$title: JSON" jq -e . "$work/json"
    same "$title: JSON is one line" "$(wc -l <"$work/json")" 1
    if iconv -f UTF-8 -t UTF-8 <<<"$name" >/dev/null 2>&1; then
        same "$title: JSON keeps the name" "$(jq -r '.variables[0].function.name' "$work/json" | sha256sum)" "$(printf '%s\n' "$name" | sha256sum)"
    fi
    for show in "" --explain --dot "--color never -v"; do
        # shellcheck disable=SC2086  # none, one or some words
        ask $show >"$work/out" 2>&1
        check "$title: found (${show:-plain})" grep -q 51001 "$work/out"
        printable "$title: ${show:-plain}" "$work/out"
    done
    "$LVSCAN" functions "$target" >"$work/out" 2>&1
    printable "$title: functions" "$work/out"
    "$LVSCAN" disasm -f "$start" "$target" >"$work/out" 2>&1
    check "$title: disasm has the function" grep -q 'cmp' "$work/out"
    printable "$title: disasm" "$work/out"
    if command -v dot >/dev/null; then
        ask --dot >"$work/dot"
        check "$title: Graphviz reads --dot" dot -Tcanon -o /dev/null "$work/dot"
    fi
    forms "$title"
done

number=0
for name in "${names[@]:0:8}"; do
    number=$((number + 1))
    title="path $number"
    target=$work/bin/$(tr '/' '|' <<<"$name")
    target=${target%$'\n'}
    cp "$work/plain" "$target" || continue
    ask --json >"$work/json"
    check "$title: JSON" jq -e '.variables | length > 0' "$work/json"
    for show in "" --explain; do
        # shellcheck disable=SC2086  # none or one word
        ask $show >"$work/out" 2>&1
        printable "$title: ${show:-plain}" "$work/out"
    done
    "$LVSCAN" -c 1 "$target.gone" >"$work/out" 2>&1
    printable "$title: a message about it" "$work/out"
    same "$title: a message is one line" "$(wc -l <"$work/out")" 1
    forms "$title"
done
done_testing
