#!/usr/bin/env bash
# timeout: 600
# Every form of the probes of ten programs' variables is accepted by its tool: a sample of the variables, or all (ORACLE=full).
#
# perf: the schema, and `lvscan check`. bpftrace: -d, which compiles. tracefs: the kernel's own parser. perf-probe: perf's, -n.
# gdb: its Python compiles, and what it reads can be evaluated. c: gcc -Werror. systemtap: the parser for the script as it is,
# and the semantic pass with another place, since that version finds addresses through debug information only.
. "$(dirname "$0")/../lib.sh"
exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests

programs=()
for name in ls bash git bpftrace gdb rg gron redis-server sqlite3 perf jq sshd; do
    program=$(command -v $name) && [[ $(head -c 4 "$program" | tr -d '\177') == ELF ]] && programs+=("$(realpath "$program")")
done
programs=("${programs[@]:0:10}" "$(realpath /usr/lib/x86_64-linux-gnu/libc.so.6)")
check "there are ten programs" test ${#programs[@]} -ge 10
wanted=12 checked=4
if [ "${ORACLE-}" = full ]; then wanted=1000000000 checked=200; fi

make -s BUILD="$BUILD" objects || exit 1
gcc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -I. -I"$BUILD/gen" -o "$work/forms" tests/oracle/forms.c \
    $(find "$BUILD"/elf "$BUILD"/x86 "$BUILD"/analysis "$BUILD"/cli -name '*.o' -not -path '*/cli/main.o') -pthread ||
    exit 1

# A kernel's build tree as far as systemtap looks for one.
mkdir -p "$work/kernel/include/config" && printf 'CONFIG_%s=y\n' MODULES TRACEPOINTS UPROBES ARCH_SUPPORTS_UPROBES UPROBE_EVENTS >"$work/kernel/.config" &&
    echo 6.1.0 >"$work/kernel/include/config/kernel.release" && touch "$work/kernel/Makefile" "$work/kernel/Module.symvers"

cat >"$work/gdb.py" <<'P'
import glob, gdb
accepted = 0
for path in sorted(glob.glob(FOLDER + '/*.gdb')):
    code = open(path, 'rb').read().split(b'\npython\n', 1)[1].rsplit(b'\nend\n', 1)[0]
    compile(code, path, 'exec')
    space = {}
    exec(code.split(b'\ndef place', 1)[0], space)
    try:
        int(gdb.parse_and_eval(space['READ'])) + space['ADDEND'] & (1 << space['BITS']) - 1
    except gdb.MemoryError:
        pass # what the registers point to right after the start
    accepted += 1
print('accepted', accepted)
P

files() { find "$folder" -name "*.$1" | sort; }

gdb_accepts() {
    local inferior=/bin/true
    { echo "FOLDER = '$folder'"; cat "$work/gdb.py"; } >"$work/driver.py"
    gdb -q -nx -batch -iex 'set startup-with-shell off' -ex starti -x "$work/driver.py" --args $inferior >"$work/out" 2>&1
    grep -qx "accepted $(files gdb | wc -l)" "$work/out" || { tail -5 "$work/out"; return 1; }
}

bpftrace_accepts() { # a hundred scripts at a time: each is probes and nothing else
    files bpftrace | xargs -n 100 sh -c 'cat "$@" >"$0" && bpftrace -d "$0" >"$0.out" 2>&1 || { tail -5 "$0.out"; exit 255; }' "$work/all.bt"
}

tracefs_accepts() {
    local tracing=/sys/kernel/tracing n=0 file bad=0
    while read -r file; do
        n=$((n + 1))
        sed "s|^p:lvscan/v1 |p:lvscan/form$n |" "$file" 2>/dev/null >>$tracing/uprobe_events || { cat "$file"; bad=1; break; }
        if ((n % 100 == 0)); then tracefs_clear; fi
    done < <(files tracefs)
    tracefs_clear
    return $bad
}

tracefs_clear() { # in one go: each removal waits for the kernel to forget
    sed -n 's|^p:\(lvscan/form[0-9]*\) .*|-:\1|p' /sys/kernel/tracing/uprobe_events >"$work/clear"
    cat "$work/clear" >>/sys/kernel/tracing/uprobe_events
}

perf_accepts() { # 50 events a call
    files perf-probe | xargs cat | sed "s/.*--add '\(.*\)'\$/\1/" >"$work/events"
    awk '{ sub(/lvscan_v1/, "lvscan_v" NR); print "--add"; print }' "$work/events" |
        xargs -d '\n' -n 100 perf probe -n -x "$program" >"$work/out" 2>&1 || { tail -5 "$work/out"; return 1; }
    same_count "$(grep -c 'lvscan_v.*(on' "$work/out")" "$(wc -l <"$work/events")"
}

same_count() { [ "$1" = "$2" ] || { echo "$1 of $2"; return 1; }; }

stap_accepts() {
    local file
    while read -r file; do
        stap -p1 -r "$work/kernel" "$file" >"$work/out" 2>&1 || { tail -5 "$work/out"; return 1; }
        sed "s/^probe process(.*) {\$/probe process(\"\/bin\/true\").begin {/" "$file" >"$work/elsewhere.stp"
        stap -p2 -r "$work/kernel" "$work/elsewhere.stp" >"$work/out" 2>&1 || { tail -5 "$work/out"; return 1; }
    done < <(files systemtap | if [ "${ORACLE-}" = full ]; then cat; else head -6; fi)
}

specs_hold() {
    files perf | xargs -n 500 /usr/bin/python3 tests/schema.py >"$work/out" || { tail -5 "$work/out"; return 1; }
    files perf | shuf -n $checked --random-source="$program" | while read -r file; do
        # made without the SHA-256, which --emit fills in
        "$LVSCAN" check "$file" >"$work/out" || { jq -c 'del(.names)' "$file"; grep WRONG "$work/out"; exit 1; }
    done
}

for program in "${programs[@]}"; do
    folder=$work/all/$(basename "$program")
    mkdir -p "$folder"
    counts=$("$work/forms" "$program" "$folder" $wanted)
    check "$program: $counts" test "$(files perf | wc -l)" -ge 8
    check "$program: perf: the specs are as the schema says, and hold" specs_hold
    check "$program: c: compiles" sh -c 'find "$1" -name "*.c" -print0 | xargs -0 -n 50 gcc -fsyntax-only -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror' sh "$folder"
    check "$program: gdb: evaluates" gdb_accepts
    check "$program: systemtap: parses" stap_accepts
    check "$program: perf probe: takes the lines" perf_accepts
    if live "$program: bpftrace and uprobe_events"; then
        check "live: $program: bpftrace: compiles" bpftrace_accepts
        check "live: $program: uprobe_events: takes the lines" tracefs_accepts
    fi
    rm -rf "$folder"
done
done_testing
