#!/usr/bin/env bash
# timeout: 900
# JSON is as docs/schema says: all that other scripts of the suite make lvscan print, and all commands on real programs.
. "$(dirname "$0")/../lib.sh"

mkdir "$work/json"
cat >"$work/lvscan" <<END
#!/usr/bin/env bash
# Keeps a copy of what is printed as JSON.
case " \$* " in
*' --json '* | *' --emit perf '*)
    "$LVSCAN" "\$@" | tee "\$(mktemp "$work/json/XXXXXXXX")"
    exit "\${PIPESTATUS[0]}" ;;
*) exec "$LVSCAN" "\$@" ;;
esac
END
chmod +x "$work/lvscan"

kinds() { # kinds NAME: what was kept is valid; then forgets it
    find "$work/json" -type f -size +0 -print0 | xargs -0 /usr/bin/python3 tests/schema.py >"$work/said" 2>&1
    result $? "$1: every line is as its schema says"
    sed 's/^/# /' "$work/said" | tail -12
    find "$work/json" -type f -delete
}

for script in article output switch errors explain proofs no_tables; do
    LVSCAN=$work/lvscan tests/e2e/$script.sh >/dev/null 2>&1
    kinds "all of $script.sh"
done

for program in /bin/ls /usr/bin/bpftrace /usr/bin/git /usr/bin/rg /usr/bin/gron /usr/lib/x86_64-linux-gnu/libc.so.6; do
    [ -e $program ] || { skip "$program" "not installed"; continue; }
    "$work/lvscan" --json --sha256 -n 200 $program >/dev/null 2>&1
    "$work/lvscan" functions --json $program >/dev/null 2>&1
    "$work/lvscan" --emit perf $program >"$work/spec" 2>/dev/null &&
        "$work/lvscan" check --json --record "$work/json/record" "$work/spec" >/dev/null
    kinds "$program"
done
"$work/lvscan" disasm --json /bin/ls >/dev/null
kinds "disasm of all of ls"

if live "trace --json"; then
    cc -O1 -o "$work/loop" -x c - <<'END'
#include <stdio.h>
__attribute__((noinline)) int pick(int v) { return v == 41001 ? 1 : v == 41002 ? 2 : v == 41003 ? 3 : 0; }
int main(void) { int n = 0; for (int i = 0; i < 30; i++) n += pick(41000 + i % 5); printf("%d\n", n); }
END
    for how in "" --count --stack; do
        # shellcheck disable=SC2086  # none or one word
        "$work/lvscan" trace -q --json $how -c 41001,41002 "$work/loop" -- "$work/loop" >"$work/hits" 2>&1
        check "trace $how has hits" grep -q '"value":41002' "$work/hits"
    done
    kinds "trace"
fi

# The schemas refuse: a checker that accepts everything checks nothing.
"$LVSCAN" --json -n 1 /bin/ls >"$work/good"
check "the undamaged is accepted" /usr/bin/python3 tests/schema.py "$work/good"
for damage in 'del(.stats)' '.more = 1' '.variables[0].width = 7' '.variables[0].probe.pc = "e2"' '.variables[0].ranges[0].proof = "sure"' \
    '.variables[0].defs[0].location.kind = "air"' '.binary.type = "REL"' '.schema = "lvscan/2"'; do
    jq -c "$damage" "$work/good" >"$work/bad"
    check "refused: $damage" sh -c '! /usr/bin/python3 tests/schema.py "$1"' sh "$work/bad"
done
done_testing
