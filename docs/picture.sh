#!/usr/bin/env bash
# docs/picture.sh LVSCAN - runs it on the article's example and makes docs/lvscan.svg of what it printed (as root: live, too).
set -euo pipefail
lvscan=$(realpath "$1")
cd "$(dirname "$0")/.."
enum=tests/fixtures/async_action.h
show() { printf '\e[1m$ %s\e[0m\n' "$1"; }
{
    show "lvscan --explain -e async_action.h /usr/bin/bpftrace"
    "$lvscan" --color always --explain -e $enum /usr/bin/bpftrace | head -22; echo
    if [ "$(id -u)" = 0 ]; then
        show "lvscan trace --count -e async_action.h /usr/bin/bpftrace -- bpftrace -e 'BEGIN { print(\"trigger!\"); exit() }'"
        "$lvscan" trace -q --color never --count -e $enum /usr/bin/bpftrace -- bpftrace -e 'BEGIN { print("trigger!"); exit() }' 2>/dev/null | cat -s
    fi
} | python3 docs/picture.py "a local variable of a stripped program" >docs/lvscan.svg.new
mv docs/lvscan.svg.new docs/lvscan.svg
