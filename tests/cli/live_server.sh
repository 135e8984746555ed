#!/usr/bin/env bash
# timeout: 240
# live: a real server (Debian's stripped redis-server) under load: what trace counts is what the server counted itself.
#
# The variable is the type of an object in getObjectTypeName, which the command TYPE asks for; its constants are public
# (redis's server.h): OBJ_STRING 0 .. OBJ_STREAM 6. Under load for SOAK seconds (default 15; `make soak`: an hour), with PAUSE seconds
# of rest between rounds; two lvscan processes at a time, one that gets a record for each hit and one for which the kernel counts.
. "$(dirname "$0")/../lib.sh"
soak=${SOAK:-15} pause=${PAUSE:-0}
if ! command -v redis-server redis-benchmark redis-cli >/dev/null; then # tests/needs installs them
    skip "live: redis" "redis-server is not installed"
    done_testing
    exit 0
fi
if ! live "redis-server is read"; then done_testing; exit 0; fi

port=0 server='' tracer=''
trap 'kill $tracer ${counter-} $server 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
redis() { timeout 20 redis-cli -p "$port" "$@"; }
for _ in 1 2 3 4 5; do # a port that is taken ends the server at once
    port=$((20000 + RANDOM % 10000))
    redis-server --port $port --bind 127.0.0.1 --save '' --appendonly no --dir "$work" --daemonize no >"$work/server.log" 2>&1 &
    server=$!
    for _ in $(seq 50); do
        [ "$(redis ping 2>/dev/null)" = PONG ] && break 2
        kill -0 $server 2>/dev/null || break
        sleep 0.1
    done
done
same "the server answers" "$(redis ping)" PONG
check "the server is stripped" sh -c "file -L /proc/$server/exe | grep -q ' stripped'"

cat >"$work/server.h" <<'C'
enum object { OBJ_STRING, OBJ_LIST, OBJ_SET, OBJ_ZSET, OBJ_HASH, OBJ_MODULE, OBJ_STREAM };
C
asked() { redis info commandstats | tr -d '\r' | sed -n 's/^cmdstat_type:calls=\([0-9]*\).*/\1/p'; }
start() { # start OUT OPTIONS...: attaches, and waits until the probe is there
    local out=$1
    shift
    "$LVSCAN" trace --count --json "$@" pid:$server >"$out" 2>"$out.err" &
    tracer=$!
    for _ in $(seq 100); do
        grep -q 'reading' "$out.err" && break
        sleep 0.1
    done
    sleep 0.3
}
stop() {
    kill -INT $tracer
    wait $tracer
}
count_of() { jq -r --arg name "$2" 'select(.name == $name) | .count' "$1"; }

for one in "set s v" "lpush l v" "sadd e v" "zadd z 1 v" "hset h k v" "xadd x 1-1 k v"; do
    # shellcheck disable=SC2086  # words of a command
    redis $one >/dev/null
done
start "$work/types" -f getObjectTypeName -e "$work/server.h:object" --verify
n=0
for key in s l e z h x; do
    n=$((n + 100))
    redis-benchmark -p "$port" -q -c 4 -n $n type $key >/dev/null 2>&1
done
stop
same "the types of objects: status" "$?" 0
same "each type is counted as often as it was asked for" \
    "$(for name in OBJ_STRING OBJ_LIST OBJ_SET OBJ_ZSET OBJ_HASH OBJ_STREAM; do count_of "$work/types" $name; done | xargs)" \
    "100 200 300 400 500 600"
same "none lost" "$(jq -c 'select(.summary) | [.hits, .lost]' "$work/types")" "[2100,0]"

memory() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
start "$work/counted" -f getObjectTypeName -e "$work/server.h:object"
counter=$tracer
start "$work/load" -f getObjectTypeName -e "$work/server.h:object" --verify
first=$(asked)
end=$((SECONDS + soak)) early=
while [ $SECONDS -lt $end ]; do
    redis-benchmark -p "$port" -q -c 20 -n 2000 -t get,set >/dev/null 2>&1 & # what else a server does
    for key in s l e z h x; do
        redis-benchmark -p "$port" -q -c 20 -n 1000 type $key >/dev/null 2>&1
    done
    wait $!
    early=${early:-$(memory $tracer)} early_counter=${early_counter:-$(memory $counter)}
    sleep "$pause"
done
late=$(memory $tracer) late_counter=$(memory $counter)
wanted=$(($(asked) - first))
stop
same "under load: status" "$?" 0
kill -INT $counter
wait $counter
same "under load, the other: status" "$?" 0
same "under load, the other: as many as the server counted, none lost" \
    "$(jq -c 'select(.summary) | [.hits, .lost, .recorded, .counted >= .hits]' "$work/counted")" "[$wanted,0,$wanted,true]"
same "under load, the other: six types, equally often" "$(jq -r 'select(.count) | .count' "$work/counted" | sort -u)" "$((wanted / 6))"
same "under load: as many as the server counted, none lost, each as the program branched" \
    "$(jq -c 'select(.summary) | [.hits, .lost, .contradictions, .hits - .checked]' "$work/load")" "[$wanted,0,0,0]"
same "under load: six types, equally often" "$(jq -r 'select(.count) | .count' "$work/load" | sort -u)" "$((wanted / 6))"
check "memory is flat ($early to $late KiB)" test $((late - early)) -lt 1024
check "the other's memory is flat ($early_counter to $late_counter KiB)" test $((late_counter - early_counter)) -lt 1024
same "the server goes on" "$(redis ping)" PONG
check "the server was asked much ($wanted times in $soak s)" test "$wanted" -ge 6000
say "$wanted hits in $soak s, $(date -u +%F), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" | tee -a "${REPORT:-/dev/null}"
done_testing
