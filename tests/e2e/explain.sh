#!/usr/bin/env bash
# --explain, --dot, disasm -f and check on the article's listing: they say what the JSON says.
. "$(dirname "$0")/../lib.sh"

tests/fixtures/article/build "$work/article" || exit 1
ask() { "$LVSCAN" "$@" -f perf_event_printer -c 30000..30011 "$work/article"; }
ask --explain >"$work/out"
check "the column is rax's alone" grep -qE '^ +%rax$' "$work/out"
check "the load sets it" grep -qE '^ +ecb73 +\+115  mov 0x0\(%r13\),%rax +◆ +set here \(load\)$' "$work/out"
check "before the load nothing holds it" sh -c '! grep -E "^ +ecb6" "$1" | grep -q "[│●┊╵]"' sh "$work/out"
check "the first compare tests it" grep -qE '^ +ecb8e +\+142  cmp \$0x7530,%rax +● +== 30000$' "$work/out"
check "the probe is marked" grep -qE '^▶ +ecb94 +\+148  je 0xed0e0 +│ +read it here$' "$work/out"
same "each of the nine compares is a test" "$(grep -c '●  *== 3000' "$work/out")" "$(ask --json | jq '[.variables[0].sites[] | select(.relation == "==")] | length')"
check "no colours where no terminal is" sh -c '! grep -q "$(printf "\033")" "$1"' sh "$work/out"
check "colours on request" sh -c 'grep -q "$(printf "\033")"' < <(ask --explain --color always)
blocks=$(ask --dot | grep -c '^  b[0-9]* \[label')
same "disasm -f shows as many blocks as --dot" "$("$LVSCAN" disasm -f perf_event_printer "$work/article" | grep -c '^  block ')" "$blocks"
check "disasm -f names the variable's test" sh -c '"$1" disasm -f perf_event_printer "$2" | grep -q "● variable [0-9]*: == 30000"' sh "$LVSCAN" "$work/article"
"$LVSCAN" disasm --dot "$work/article" >/dev/null 2>&1
same "disasm --dot needs -f" $? 2

"$LVSCAN" --emit perf -c 30000 "$work/article" >"$work/spec"
check "check: the spec fits" "$LVSCAN" check "$work/spec"
for damage in '.pc = "0xecb95" | .file_offset = "0xccb95"' '.bytes = "0f84460500aa"' '.location.reg = "rbp"' '.binary.build_id = "00" | .binary.sha256 = null' \
    '.function.start = "0xecb01"' '.binary.sha256 = ("0" * 64)' '.sites[0].constant = 30001' '.sites[0].relation = "!="' \
    '.sites[0].pc = "0xecb8a"' '.sites = .sites[1:]' '.sign = "unsigned"' '.width = 32'; do
    jq -c "$damage" "$work/spec" >"$work/bad"
    "$LVSCAN" check "$work/bad" "$work/article" >"$work/said" 2>&1
    same "check refuses $damage" "$? $(grep -c '^WRONG' "$work/said" | sed 's/[1-9].*/some/')" "4 some"
done
# A copy in which only the compare with 30000 is changed, of the same build id: what is read there is another variable.
offset=$("$LVSCAN" --json -c 30000 "$work/article" | jq -r '.variables[0].sites[0].file_offset')
cp "$work/article" "$work/patched" && printf '\x31' | dd of="$work/patched" bs=1 seek=$((offset + 2)) conv=notrunc status=none
same "the copy is compared with 30001" "$(bytes_at "$work/patched" "$offset" 6)" 483d31750000
jq -c '.binary.sha256 = null' "$work/spec" >"$work/unsigned"
"$LVSCAN" check --json "$work/unsigned" "$work/patched" >"$work/json"
same "check refuses a changed constant" $? 4
json "check says which" "$(cat "$work/json")" '[.checks[] | select(.ok | not)] | length == 1 and .[0].name == "compares" and (.[0].why | test("0xecb8e.*30000"))'
jq -c 'del(.sites, .matched, .width)' "$work/spec" >"$work/older"
check "check: a spec of before says what is not compared" sh -c '"$1" check "$2" | grep "^ok    compares.*not named"' sh "$LVSCAN" "$work/older"
cp "$work/article" "$work/other" && printf x >>"$work/other"
"$LVSCAN" check --json --record "$work/record" "$work/spec" "$work/other" >"$work/json"
same "check: another file of the same build id" $? 4
json "check: only the SHA-256 differs" "$(cat "$work/json")" '[.checks[] | select(.ok | not) | .name] == ["sha256"] and .ok == false'
json "the record says what was looked at" "$(cat "$work/record")" ".target.sha256 == \"$(sha256sum <"$work/other" | cut -c1-64)\"
    and .target.inode == $(stat -c %i "$work/other") and .lvscan.sha256 == \"$(sha256sum <"$LVSCAN" | cut -c1-64)\" and (.arguments | index(\"check\") == 1)"
same "the record is its owner's" "$(stat -c %a "$work/record")" 600
"$LVSCAN" check --record /nowhere/at/all "$work/spec" >"$work/said" 2>/dev/null
same "no record, no check" "$? $(wc -c <"$work/said")" "3 0"
done_testing
