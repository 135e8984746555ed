#!/usr/bin/env bash
# timeout: 400
# The answer is the same whether all functions are analysed (--whole) or only those that may hold it: for constants that real
# programs compare with, small and large, alone and together. SAME_COUNT: how many a file; SAME_FILES; SAME_SEED: another choice.
. "$(dirname "$0")/../lib.sh"
count=${SAME_COUNT:-8} seed=${SAME_SEED:-1}
# shellcheck disable=SC2206
files=(${SAME_FILES:-/usr/bin/bpftrace /usr/bin/make /usr/bin/perl})

answer() { timeout 300 "$LVSCAN" -q --json "$@" | jq -c '.variables[]'; }

differing() { # differing FILE: names the queries whose answers differ
    local file=$1 query limit
    cmp -s <(answer "$file") <(answer --whole "$file") || echo "$file without constants"
    while read -r query; do
        for limit in 10 0; do
            cmp -s <(answer -n $limit -c "$query" "$file") <(answer -n $limit --whole -c "$query" "$file") ||
                echo "$file -n $limit -c $query"
        done
    done
}

# Constants of all variables: as many near zero as far from it, in sets of one to three.
constants() {
    answer -n 0 "$1" | jq -r '.constants[]' | sort -un | shuf --random-source=<(yes "$seed") |
        awk -v n="$count" '{ near = $1 > -1000 && $1 < 1000 } seen[near]++ < n' |
        awk '{ line = line (line == "" ? "" : ",") $1 } NR % 3 != 1 || ++one % 2 { print line; line = "" } END { if (line != "") print line }'
}

for file in "${files[@]}"; do
    [ -e "$file" ] || continue
    constants "$file" >"$work/queries"
    printf '%s\n' 500 1343,1088 2048 4095 4096 32767 >>"$work/queries" # bounds that no number names, too
    check "$file has constants to ask for" test "$(wc -l <"$work/queries")" -gt $((count / 3 + 6))
    same "$file: the same answer to $(wc -l <"$work/queries") questions" "$(differing "$file" <"$work/queries")" ""
done
done_testing
