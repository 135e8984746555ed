#!/usr/bin/env bash
# timeout: 200
# live: a variable is read wherever it is (tests/fixtures/places.s), by each way that can; what none can read is said.
. "$(dirname "$0")/../lib.sh"
exec 7>/tmp/lvscan-live.lock && flock 7 # uprobe_events is one for all tests
gcc -o "$work/places" tests/fixtures/places.s && strip "$work/places" && gcc -o "$work/without" tests/cli/without.c || exit 1
t=$work/places
if ! live "places"; then done_testing; exit 0; fi
events=/sys/kernel/tracing/uprobe_events
[ -e $events ] || mount -t tracefs nodev /sys/kernel/tracing

# A kernel that has no uprobe PMU (before 4.17): its folder in /sys is hidden.
hidden() {
    unshare -m sh -c 'mkdir "$0/bus" && cp -r /sys/bus/event_source/devices/software "$0/bus/" 2>/dev/null
        mount --bind "$0/bus" /sys/bus/event_source/devices && exec "$@"' "$work" "$@"
}
by() { # by WAY COMMAND...: as on a kernel where that way is the best
    local way=$1
    shift
    case $way in
    bpf) "$@" ;;
    samples) "$work/without" 321=1 -- "$@" ;;
    tracefs) "$work/without" 321=1 -- "$@" ;;
    old) rm -rf "$work/bus"; hidden "$@" ;;
    esac
}
read_by() { # read_by WAY NAMED CONSTANT FIRST
    by "$1" "$LVSCAN" trace --json -q -c "$3" "$t" -- "$t" >"$work/out" 2>"$work/err"
    same "live: $2, constant $3, by $1: values" \
        "$? $(jq -r 'select(.pid) | .value' "$work/out" | xargs) $(jq -c 'select(.summary) | [.by, .lost]' "$work/out")" \
        "0 $(seq -s' ' "$4" -1 $(($4 - 9))) [\"${5-$1}\",0]"
}
read_by bpf "memory with an index" 41001 41001
read_by bpf "memory with a base" 4102 4102
read_by tracefs "memory with a base" 4102 4102
read_by old "memory with a base" 4102 4102 tracefs
read_by bpf "a static variable" 41003 41001
read_by tracefs "a static variable" 41003 41001
read_by bpf "deep in the stack" 41004 41004
read_by tracefs "deep in the stack" 41004 41004
read_by old "deep in the stack" 41004 41004 tracefs

by samples "$LVSCAN" trace -q -c 41001 "$t" -- "$t" >"$work/out" 2>"$work/err"
same "live: an index without BPF is refused, with the reason" "$? $(grep -c 'cannot read memory with an index' "$work/err") $(wc -c <"$work/out")" "4 1 0"
"$LVSCAN" trace -q -c 41005 "$t" -- "$t" >"$work/out" 2>"$work/err"
same "live: behind fs: said" "$? $(grep -c 'what fs points at cannot be read' "$work/err") $(wc -c <"$work/out")" "1 1 0"
"$LVSCAN" trace -q -c 5.0 "$t" -- "$t" >"$work/out" 2>"$work/err"
same "live: in xmm0: said" "$? $(grep -c 'xmm0 cannot be read' "$work/err") $(wc -c <"$work/out")" "1 1 0"

# registers by tracefs alone, too
cat >"$work/reg.c" <<'C'
static volatile int met;
__attribute__((noinline)) void work(int v) { if (v == -30007) met++; }
int main(void) { for (int i = -30009; i < -30000; i++) work(i); return 0; }
C
gcc -O1 -o "$work/reg" "$work/reg.c" && strip "$work/reg"
for way in bpf samples old; do
    by $way "$LVSCAN" trace --json -q -c -30007 "$work/reg" -- "$work/reg" >"$work/out" 2>"$work/err"
    same "live: a register by $way" "$? $(jq -r 'select(.pid) | .value' "$work/out" | xargs)" "0 $(seq -s' ' -30009 -30001)"
done
same "live: a register without the uprobe PMU is read by tracefs" "$(jq -r 'select(.summary) | .by' "$work/out")" tracefs
# --verify without the PMU: the flags come with the sample of the event
by old "$LVSCAN" trace --json -q --verify -c -30007 "$work/reg" -- "$work/reg" >"$work/out" 2>"$work/err"
same "live: --verify without the uprobe PMU" "$? $(jq -c 'select(.summary) | [.hits, .checked, .contradictions]' "$work/out")" "0 [9,9,0]"
same "live: nothing is left in uprobe_events" "$(grep -c lvscan/ $events)" 0
done_testing
