#!/usr/bin/env bash
# timeout: 600
# Every idiom of tests/fixtures/idioms.tbl as gcc and clang write it at each level, stripped: lvscan finds the variable, says
# how the constant meets it, and where the variable is at the function's entry. With --table: the result as docs/IDIOMS.md.
. "$(dirname "$0")/../lib.sh"
table=tests/fixtures/idioms.tbl
levels='O0 O1 O2 O3 Os'
variants=('' '-fcf-protection=full -fPIC' '-fno-pie -no-pie -fomit-frame-pointer')

rows() { grep -v -e '^#' -e '^$' $table; }
rows | jq -R 'split(" +"; null) | {name: .[0], match: (if .[2] == "-" then [] else .[2] | split(",") | map(tonumber) end),
    via: (.[3] | split("|")), relation: (.[4] | split("|")), entry: .[5], not: (.[6] | split(","))}' | jq -s . >"$work/table.json"

# build COMPILER LEVEL VARIANT-NUMBER: the two programs; unstripped for addresses, stripped for lvscan
build() {
    local c=$1 cc=${1/gcc/g++} out=$work/$1-$2-$3
    # shellcheck disable=SC2086  # flags are words
    "$c" -w "-$2" ${variants[$3]} -o "$out.c" tests/fixtures/idioms.c &&
        "${cc/clang/clang++}" -w "-$2" ${variants[$3]} -o "$out.cc" tests/fixtures/idioms.cc &&
        strip -o "$out.c.stripped" "$out.c" && strip -o "$out.cc.stripped" "$out.cc"
}

# ask PROGRAM: for each row that is a function of it, a line of JSON with what lvscan answers
ask() {
    local name ask address
    nm "$1" | awk '$2 ~ /[tT]/ { print $3, $1 }' | sort >"$1.nm"
    while read -r name ask _; do
        address=$(awk -v name="$name" '$1 == name { sub(/^0+/, "", $2); print "0x" $2 }' "$1.nm")
        [ -n "$address" ] || continue
        printf '{"name": "%s", "start": "%s", "got": %s}\n' "$name" "$address" \
            "$("$LVSCAN" --json -n 3 -c "$ask" -f "$address" "$1.stripped" 2>/dev/null | head -1 | grep . || echo null)"
    done < <(rows)
}

# judge PROGRAM COMPILER LEVEL: a line each: function, verdict (ok, missing, entry, or what is wrong)
judge() {
    ask "$1" | jq -r --slurpfile table "$work/table.json" --arg compiler "$2" --arg level "$3" '
        . as $answer | $table[0][] | select(.name == $answer.name) | . as $row
        | [$answer.got.variables[]? | select(($row.match - .matched) == [] and .matched != [])][0] as $v
        | [$v.sites[]? | select(.constant as $c | $v.matched | index($c) != null)] as $sites
        | ($sites | map(select(.via as $via | $row.via | index($via) == null))) as $via
        | ($sites | map(select(.relation as $r | $row.relation | index($r) == null))) as $relation
        | [$row.name,
            if $row.not | any(. == $level or . == $compiler + "-" + $level) then "none"
            elif $answer.got == null then "no-answer"
            elif $v == null then "missing"
            elif ($via | length) > 0 then "via:" + ($via | map(.via) | unique | join("+"))
            elif $row.relation != ["case"] and ($relation | length) > 0 then "relation:" + ($relation | map(.relation) | unique | join("+"))
            elif $row.relation[0] == "==" and ($v.matched | any(. as $c | any($sites[]; .constant == $c and (.relation | . == "==" or . == "!=")) | not))
                then "relation:none"
            elif $row.entry != "-" and ([$v.ranges[] | select(.start == $answer.start and .location.reg == $row.entry
                and .location.addend == null)] == []) then "entry"
            else "ok" end] | join(" ")'
}

for compiler in gcc clang; do
    for level in $levels; do
        for variant in "${!variants[@]}"; do
            build $compiler $level "$variant" || { result 1 "$compiler -$level ${variants[$variant]} builds"; continue; }
            program=$work/$compiler-$level-$variant
            { judge "$program.c" $compiler $level && judge "$program.cc" $compiler $level; } | sed "s/^/$compiler $level $variant /" >>"$work/verdicts"
        done
    done
done

if [ "${1-}" = --table ]; then
    cat <<'HEAD'
# Idioms by compiler

Each row is a function of `tests/fixtures/idioms.c` or `idioms.cc`, in which constants meet a variable in one way; each column a
compiler and its level, each built three ways (plain; `-fcf-protection=full -fPIC`; `-fno-pie -no-pie -fomit-frame-pointer`) and stripped.
`yes`: the variable is found, with the right way and relation, and in its register at the function's entry. `entry`: found, but not
traced back to the entry. `no`: not found. `wrong`: found with another way or relation. `.`: the compiler writes no such idiom there.
Made by `make idioms`.

HEAD
    awk -v levels="$levels" '
        { key = $4 SUBSEP $1 SUBSEP $2; if (!($4 in seen)) { seen[$4]; order[++n] = $4 }
          v = $5 == "ok" ? "yes" : $5 == "missing" || $5 == "no-answer" ? "no" : $5 == "none" ? "." : $5 == "entry" ? "entry" : "wrong"
          if (!(key in cell)) cell[key] = v; else if (cell[key] != v) cell[key] = "some"; total++; good += v == "yes"; none += v == "." }
        END {
            split("gcc clang", cs, " "); m = split(levels, ls, " ")
            printf "| function |"; for (c = 1; c <= 2; c++) for (l = 1; l <= m; l++) printf " %s -%s |", cs[c], ls[l]; print ""
            printf "| --- |"; for (i = 0; i < 2 * m; i++) printf " --- |"; print ""
            for (r = 1; r <= n; r++) { printf "| %s |", order[r]
                for (c = 1; c <= 2; c++) for (l = 1; l <= m; l++) printf " %s |", cell[order[r], cs[c], ls[l]]; print "" }
            printf "\n%d of %d builds of a function: yes. `some`: not in all three builds alike.\n", good, total - none
        }' "$work/verdicts"
    exit
fi

# Known shortfalls are listed in tests/fixtures/idioms.missing: `function compiler level` a line. One that is not found there is no failure,
# one that is found is, so that the list stays true; and what is wrong is never excused.
while read -r name _; do
    for compiler in gcc clang; do
        bad=$(awk -v name="$name" -v c=$compiler '
            FNR == NR { if ($1 == name && $2 == c) missing[$3] = 1; next }
            $1 != c || $4 != name { next }
            $5 == "missing" && $2 in missing { met[$2]; next }
            $5 != "ok" && $5 != "none" { print "-" $2 ", build " $3 ": " $5 }
            END { for (level in missing) if (!(level in met)) print "-" level ": found, but listed as missing" }
        ' tests/fixtures/idioms.missing "$work/verdicts")
        ran=$(awk -v name="$name" -v c=$compiler '$1 == c && $4 == name' "$work/verdicts" | wc -l)
        same "$name by $compiler, in $ran builds" "$ran$bad" 15
    done
done < <(rows)
done_testing
