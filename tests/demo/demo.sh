#!/usr/bin/env bash
# tests/demo/demo.sh LVSCAN - the main job from start to end: a small program as in the article, then the article's own.
set -u
lvscan=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
cd "$(dirname "$lvscan")" && mkdir -p demo && cd demo || exit 1
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi
say() { printf '\n%s\n' "$bold$*$plain"; }
run() { # run COMMAND...: shows the command as one would type it, then runs it
    local word line='$'
    for word; do
        word=${word/#$lvscan/lvscan}
        if [[ $word == *[!A-Za-z0-9_./:=,+-]* ]]; then word="'$word'"; fi
        line+=" $word"
    done
    printf '%s\n' "$bold$line$plain"
    "$@"
}
failed=0
ends_with() { # ends_with STATUS...: was the last command's exit status one of these?
    local status=$? good
    for good; do [ $status = "$good" ] && return; done
    echo "that ended with status $status" >&2
    failed=1
}

# May this process read what another program does? The kernel must have uprobes, and let us use them.
why_not_live() {
    if [ ! -e /sys/bus/event_source/devices/uprobe/type ]; then echo 'this kernel has no uprobe events'; fi
    if [ "$(id -u)" != 0 ]; then echo 'reading it live needs root: sudo make demo'; fi
}
live=$(why_not_live | head -1)

if command -v "${CXX:-c++}" >/dev/null; then
    say "1. A program like the article's, compiled with optimisation and stripped: no names, no debug info"
    cp "$here/perf_event_printer.cc" . && source=perf_event_printer.cc compiler=${CXX:-c++}
else
    say "1. A program like the article's (in C: there is no C++ compiler here), compiled with optimisation and stripped"
    cp "$here/perf_event_printer.c" . && source=perf_event_printer.c compiler=${CC:-cc}
fi
run "$compiler" -O2 -o demo $source && run strip demo || exit 1

say "2. Where does the local variable live that the source compares with AsyncAction's values?"
run "$lvscan" -n 1 -e $source:AsyncAction demo
ends_with 0

say "3. Its values as the program runs"
if [ -z "$live" ]; then
    run "$lvscan" trace -e $source:AsyncAction demo -- ./demo
    ends_with 0
else
    echo "Not here: $live."
fi

say "4. The article's own program, bpftrace, as the distribution ships it"
if [ ! -x /usr/bin/bpftrace ]; then
    echo "Not here: bpftrace is not installed (apt-get install bpftrace)."
else
    run "$lvscan" -n 1 -e $source:AsyncAction /usr/bin/bpftrace
    ends_with 0
    if [ -z "$live" ]; then
        run "$lvscan" trace -e $source:AsyncAction /usr/bin/bpftrace -- bpftrace -e 'BEGIN { print("trigger!"); exit() }'
        ends_with 0
    else
        echo "Its values are not read here: $live."
    fi
fi
exit $failed
