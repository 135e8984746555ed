#!/usr/bin/env bash
# timeout: 400
# live: each emitted form, run by its own tool on a small program, reads the values that the program has.
. "$(dirname "$0")/../lib.sh"
exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests
cat >"$work/target.c" <<'C'
#include <stdio.h>
static volatile int met;
__attribute__((noinline)) void work(int v) { if (v == -30007) met++; }
int main(void) { for (int i = -30009; i < -30000; i++) work(i); printf("%d\n", met); return 0; }
C
cat >"$work/values.h" <<'C'
enum values { MET = -30007, LAST = -30001 };
C
# A kernel's build tree as far as systemtap's parser looks for one.
mkdir -p "$work/kernel/include/config" && echo 'CONFIG_UPROBES=y' >"$work/kernel/.config" &&
    echo 6.1.0 >"$work/kernel/include/config/kernel.release" && touch "$work/kernel/Makefile" "$work/kernel/Module.symvers"
wanted=$(seq -30009 -30001)
emit() { "$LVSCAN" --emit "$1" -c -30007 -e "$work/values.h" "$work/target${2-}"; }
gcc -O1 -o "$work/target" "$work/target.c" && gcc -O1 -no-pie -Wl,-z,noseparate-code -o "$work/target-fixed" "$work/target.c" &&
    strip "$work/target" && strip "$work/target-fixed" && gcc -O1 -no-pie -o "$work/target-named" "$work/target.c" || exit 1

for kind in "" -fixed -named; do
    t=$work/target$kind
    emit c $kind >"$work/reader.c"
    check "c: builds (${kind:-pie})" gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -o "$work/reader" "$work/reader.c"
    if live "c"; then
        "$work/reader" >"$work/out" 2>"$work/err" & reader=$!
        sleep 0.5; "$t" >/dev/null; sleep 0.3
        kill -INT $reader
        wait $reader
        same "live: c reads the values (${kind:-pie})" "$(cut -d' ' -f3 "$work/out")" "$wanted"
    fi
    if command -v gdb >/dev/null; then
        emit gdb $kind >"$work/script.gdb"
        timeout 60 gdb -q -batch -x "$work/script.gdb" --args "$t" >"$work/out" 2>"$work/err" </dev/null
        same "gdb reads the values (${kind:-pie})" "$(awk 'NF >= 3 && $3 ~ /^-300/ { print $3 }' "$work/out")" "$wanted"
        check "gdb shows the names (${kind:-pie})" grep -q -e '-30007 MET' "$work/out"
    else
        skip "gdb reads the values (${kind:-pie})" "gdb is not installed"
    fi
    if command -v stap >/dev/null; then # its parser: to run it, a kernel's build tree is needed
        emit systemtap $kind >"$work/script.stp"
        check "systemtap parses the script (${kind:-pie})" timeout 60 stap -p1 -r "$work/kernel" "$work/script.stp"
    else
        skip "systemtap parses the script (${kind:-pie})" "stap is not installed"
    fi
    if live "perf-probe"; then
        if command -v perf >/dev/null; then
            emit perf-probe $kind >"$work/line"
            check "live: perf probe takes the line (${kind:-pie})" sh "$work/line"
            event=$(sed -n "s|^p:\(probe_target[^ ]*/lvscan_v1\).*$t:.*|\1|p" /sys/kernel/tracing/uprobe_events)
            perf record -q -e "${event/\//:}" -o "$work/perf.data" "$t" >/dev/null 2>&1
            same "live: perf reads the values (${kind:-pie})" \
                "$(perf script -i "$work/perf.data" 2>/dev/null | sed -n 's/.*v1=//p' | while read -r v; do echo $((v > 2147483647 ? v - 4294967296 : v)); done)" "$wanted"
            perf probe -q -d "${event/\//:}" >/dev/null 2>&1
        else
            skip "perf reads the values" "perf is not installed"
        fi
        emit tracefs $kind >"$work/line"
        tracing=/sys/kernel/tracing
        check "live: uprobe_events takes the line (${kind:-pie})" sh -c "cat '$work/line' >>$tracing/uprobe_events"
        if mkdir "$tracing/instances/forms.$$" && echo 1 >"$tracing/instances/forms.$$/events/lvscan/v1/enable"; then
            "$t" >/dev/null
            got=$(timeout 1 cat "$tracing/instances/forms.$$/trace_pipe" | sed -n 's/.*v1=//p')
            echo 0 >"$tracing/instances/forms.$$/events/lvscan/v1/enable"
            same "live: tracefs reads the values (${kind:-pie})" \
                "$(for v in $got; do echo $((v > 2147483647 ? v - 4294967296 : v)); done)" "$wanted"
        fi
        rmdir "$tracing/instances/forms.$$"
        echo '-:lvscan/v1' >>"$tracing/uprobe_events"
    fi
    if [ "$kind" != -named ] && live "bpftrace"; then # with symbols bpftrace wants a disassembler that Debian's lacks
        if command -v bpftrace >/dev/null; then
            emit bpftrace $kind >"$work/script.bt"
            timeout 60 bpftrace --unsafe "$work/script.bt" -c "$t" >"$work/out" 2>"$work/err"
            same "live: bpftrace reads the values (${kind:-pie})" "$(awk 'NF >= 4 && $4 ~ /^-300/ { print $4 }' "$work/out")" "$wanted"
            check "live: bpftrace shows the names (${kind:-pie})" grep -q -e '-30007 MET' "$work/out"
        else
            skip "bpftrace reads the values" "bpftrace is not installed"
        fi
    fi
done
done_testing
