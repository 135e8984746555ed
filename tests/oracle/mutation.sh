#!/usr/bin/env bash
# tests/oracle/mutation.sh - shows that the dynamic oracle notices: makes lvscan wrong in one place at a time (a write left out of the
# effects, an edge out of the blocks, a clobber out of a summary) and wants violations.
#   tests/oracle/mutation.sh [NUMBER...]     from the project's root; BUILD names the build folder; needs a clean build there
# The program has no hooks for this: a copy of the sources is edited, and an edit that does not change exactly one line is an error,
# so this file cannot silently fall behind them. Exit status 1: a mutant was not noticed, or could not be made.
set -u
cd "$(dirname "$0")/../.." || exit 2
BUILD=${BUILD:-build}
OUT=$BUILD/oracle/mutation
tree=$OUT/tree
programs='awk sed bc gzip'

# what it leaves out | file | sed command that changes one line
mutants() {
    cat <<'END'
nothing (must hold)|analysis/body.c|
write: xor to a register|x86/opcodes.tbl|/^31 /s/+Ev,Gv/Ev,Gv /
write: conditional move|x86/opcodes.tbl|/^0f.40+c /s/?Gv,Ev/Gv,Ev /
write: shift|x86/opcodes.tbl|/^c1\/5 /s/+Ev,Ib/Ev,Ib /
edge: a branch not taken|analysis/body.c|/if (last->insn.target != next)/s/if (.*/if (last->insn.target == next)/
edge: a branch taken|analysis/body.c|/case FLOW_BRANCH:/{n;s/edge_put.*;/;/;}
edge: half of the entries of a table|analysis/table.c|/out->n = (size_t)e.i;/s,e.i,e.i / 2 + 1,
clobber: rdx and rsi by the ABI|analysis/summary_names.c|/uint32_t kept = program->is_go/s/(uint32_t)ABI_KEPT/(uint32_t)ABI_KEPT | 1u << REG_RDX | 1u << REG_RSI/
clobber: what a callee that was read changes|analysis/summary_read.c|/^        r->kept &= ~bit;$/s/.*//
clobber: what the callees of a callee change|analysis/closure.c|/x->known\[x->nknown++\] = callee;/s/;/, x->known[x->nknown - 1].summary.effect.kept_read = UINT32_MAX;/
clobber: beliefs of a recursion not borne out|analysis/closure.c|/settled &= effect_same/s/&=/|=/
END
}

make_tree() {
    rm -rf "$tree"
    mkdir -p "$tree/build" || exit 2
    cp -a Makefile elf x86 analysis cli tests "$tree/" && make -s -C "$tree" BUILD=build -j"$(nproc)" all >"$OUT/log" 2>&1 || exit 2
}

mutate() { # mutate FILE EDIT: one line of the tree's file is changed
    cp -p "$1" "$tree/$1" # the mutant before this one
    touch "$tree/$1"
    [ -n "$2" ] || return 0
    sed "$2" "$1" >"$tree/$1" || return
    [ "$(diff "$1" "$tree/$1" | grep -c '^<')" = 1 ]
}

failed=0 number=0 last=
make_tree
while IFS='|' read -r what file edit; do
    number=$((number + 1))
    [ $# = 0 ] || case " $* " in *" $number "*) ;; *) continue ;; esac
    if [ -n "$last" ] && [ "$last" != "$file" ]; then mutate "$last" ''; fi
    last=$file
    if ! mutate "$file" "$edit"; then
        verdict='FAILED: the edit does not change one line' failed=1
    elif ! make -s -C "$tree" BUILD=build -j"$(nproc)" all >"$OUT/log.$number" 2>&1; then
        verdict="FAILED: does not build ($OUT/log.$number)" failed=1
    else
        # shellcheck disable=SC2086
        BUILD=$OUT LVSCAN=$tree/build/lvscan tests/oracle/dynamic.sh $programs >"$OUT/log.$number" 2>&1
        sum=$(tail -n 1 "$OUT/log.$number" | sed -n 's/.* \([0-9]*\) checks, \([0-9]*\) violations.*/\1 checks, \2 violations/p')
        case "$number $sum" in
        "1 "*" 0 violations") verdict="holds: $sum" ;;
        "1 "*) verdict="FAILED: $sum" failed=1 ;;
        *" 0 violations" | *' ') verdict="NOT NOTICED: $sum" failed=1 ;;
        *) verdict="noticed: $sum" ;;
        esac
    fi
    printf '%d %-45s %s\n' $number "$what" "$verdict"
done < <(mutants)
exit $failed
