#!/usr/bin/env bash
# timeout: 600
# Every form of the probes of ten programs' variables is accepted by its tool (tests/oracle/accept.py says how each is asked): of
# a sample of the variables, or of all (ORACLE=full; where there are over 80000, a slow tool gets some 20000, and says so).
# PROGRAMS='git perl' asks for those, FORMS='c gdb' for these only; REPORT=FILE gets the table that is in docs/FORMS.md.
. "$(dirname "$0")/../lib.sh"
exec 7>/tmp/lvscan-live.lock # uprobe_events is one for all tests
flock 7
[ "${ORACLE-}" != full ] || flock -u 7 # the events have a name of their own; others need not wait for an hour

# C, C++, Rust, Go, Haskell: the first ten that this machine has, libc never first
programs=()
for name in ${PROGRAMS-nginx bpftrace redis-server gron fdfind perl git python3.11 gdb shellcheck rg bash sqlite3 perf jq sshd ls}; do
    program=$(command -v $name) && [[ $(head -c 4 "$program" | tr -d '\177') == ELF ]] && programs+=("$(realpath "$program")")
done
programs=("${programs[@]:0:10}")
[ -n "${PROGRAMS-}" ] || check "there are ten programs" test ${#programs[@]} -ge 10
wanted=40 most=0
if [ "${ORACLE-}" = full ]; then wanted=1000000000 most=80000; fi

make -s BUILD="$BUILD" objects || exit 1
gcc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -I. -I"$BUILD/gen" -o "$work/forms" tests/oracle/forms.c \
    $(find "$BUILD"/elf "$BUILD"/x86 "$BUILD"/analysis "$BUILD"/cli -name '*.o' -not -path '*/cli/main.o') -pthread ||
    exit 1

accepts() { # accepts FORM: starts the tool on the program's probes
    local over=0
    case $1 in bpftrace | c | gdb | perf | systemtap+) over=$most ;; esac
    timeout 7200 /usr/bin/python3 tests/oracle/accept.py "$1" "$program" "$folder/${1%+}" $over >"$folder/$1.said" 2>&1
    echo $? >"$folder/$1.status"
}
export -f accepts

specs_hold() { # by the walk and the proofs, made again: a sample, since each asks for a whole search
    /usr/bin/python3 tests/oracle/accept.py --sample "$folder/perf" "$1" "$folder/spec" || return 1
    find "$folder" -name 'spec.*' | while read -r file; do
        "$LVSCAN" check "$file" >"$work/out" || { jq -c 'del(.names)' "$file"; grep WRONG "$work/out"; exit 1; }
    done
}

table=("| program | variables | perf | tracefs | perf-probe | bpftrace | gdb | c | systemtap: parsed | systemtap: checked |"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
forms=${FORMS-tracefs perf-probe perf systemtap systemtap+ gdb c bpftrace}
live "bpftrace, perf_event_open and uprobe_events" || forms=$(sed -E 's/(tracefs|bpftrace|perf)( |$)//g' <<<"$forms")
for program in "${programs[@]}"; do
    export program most folder=$work/all/$(basename "$program")
    mkdir -p "$folder"
    counts=$("$work/forms" "$program" "$folder" $wanted)
    check "$program: $counts" grep -q 'perf=[1-9]' <<<"$counts"
    # shellcheck disable=SC2086  # one word a form
    printf '%s\n' $forms | xargs -P 2 -I{} bash -c 'accepts {}'
    for form in $forms; do
        check "$program: $form: $(grep -o 'accepted.*' "$folder/$form.said")" sh -c 'cat "$1.said"; exit "$(cat "$1.status")"' sh "$folder/$form"
    done
    check "$program: specs hold" specs_hold $((wanted > 1000 ? 200 : 4))
    row="| ${program##*/} | ${counts%% *} |"
    for form in perf tracefs perf-probe bpftrace gdb c systemtap systemtap+; do
        row+=" $(sed -n 's/^[a-z+-]*: accepted //p' "$folder/$form.said" 2>/dev/null | sed 's/ (/, /; s/)$//') |"
    done
    table+=("$row")
    [ -z "${REPORT-}" ] || printf '%s\n' "${table[@]}" >"$REPORT"
    rm -rf "$folder"
done
done_testing
