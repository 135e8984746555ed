# tests/lib.sh - what the shell tests share: TAP from a few words. Source it first.
#
#   check NAME COMMAND...   passes when the command succeeds     same NAME GOT WANTED   passes when they are equal
#   skip NAME WHY           live NAME: true where live tests can run; else skips NAME, saying why
#   done_testing            prints the plan: a script that does not get there has failed
#   json NAME JSON FILTER   passes when jq says true (both: and docs/schema holds)   shape NAME JSON   passes when it is as CONTRACT.md says
# $work is a scratch folder, gone at the end; $LVSCAN the program; $ROOT the project.
set -u
PATH=$PATH:/usr/sbin:/sbin # chroot, sshd: not in every PATH
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
BUILD=${BUILD:-build}
LVSCAN=${LVSCAN:-$(realpath -m "$BUILD")/lvscan}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
tests=0

say() { printf '%s\n' "$@" | sed 's/^/# /'; }

result() { # result STATUS NAME
    tests=$((tests + 1))
    if [ "$1" = 0 ]; then echo "ok $tests - $2"; else echo "not ok $tests - $2"; fi
}

check() {
    local name=$1 output status
    shift
    output=$("$@" 2>&1)
    status=$?
    result $status "$name"
    if [ $status != 0 ]; then say "status $status: $*" "$output" | head -40; fi
}

same() {
    if [ "$2" = "$3" ]; then result 0 "$1"; else
        result 1 "$1"
        say "got:    $2"
        say "wanted: $3"
    fi
}

skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

# Can this process attach to others? Root is needed, and the kernel's uprobe events.
live() {
    local why=
    [ "$(id -u)" = 0 ] || why='needs root'
    [ -e /sys/bus/event_source/devices/uprobe/type ] || why='this kernel has no uprobe events'
    [ -z "$why" ] && return
    skip "live: $1" "$why"
    return 1
}

json() {
    local got
    printf '%s\n' "$2" >>"$work/kept.json"
    got=$(printf '%s\n' "$2" | jq "$3" 2>&1)
    if [ "$got" = true ]; then result 0 "$1"; else
        result 1 "$1"
        say "not true: $3" "$got" "$(printf '%s\n' "$2" | head -c 6000)"
    fi
}

# shape NAME JSON: passes when JSON has the keys and types of CONTRACT.md section 2 (tests/shape.jq).
shape() {
    local wrong
    printf '%s\n' "$2" >>"$work/kept.json"
    wrong=$(printf '%s\n' "$2" | jq -r -L tests 'include "shape"; object_faults' 2>&1)
    result "$([ -n "$2" ] && [ -z "$wrong" ]; echo $?)" "$1"
    [ -z "$wrong" ] || say "$wrong" | head -20
}

# bytes_at FILE OFFSET COUNT: in hexadecimal, without spaces
bytes_at() { od -An -v -tx1 -j "$(($2))" -N "$3" "$1" | tr -d ' \n'; }

# What json and shape were given must be as docs/schema says, as far as it is whole lines of lvscan's; and so must what the
# script left in its scratch folder, but probe specs and big files.
done_testing() {
    find "$work" -type f ! -name kept.json -size -8M -print0 2>/dev/null | xargs -0 -r grep -lIZ -m1 '^{"' -- >"$work/files.json" 2>/dev/null
    if [ -s "$work/files.json" ]; then
        check "JSON that the script wrote is as docs/schema says" xargs -0 -a "$work/files.json" /usr/bin/python3 tests/schema.py --found
    fi
    if [ -s "$work/kept.json" ]; then
        check "JSON is as docs/schema says" /usr/bin/python3 tests/schema.py --some "$work/kept.json"
    fi
    echo "1..$tests"
}
