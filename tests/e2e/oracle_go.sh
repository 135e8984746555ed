#!/usr/bin/env bash
# timeout: 300
# The names in a stripped Go program are those that `go tool nm` shows of the same program unstripped.
# pclntab leaves out two things, and so do we: the .abi0 of an assembler function, and type arguments ("[...]").
. "$(dirname "$0")/../lib.sh"

if ! command -v go >/dev/null; then
    skip "Go's names" "go is not installed"
    done_testing
    exit
fi
cat >"$work/main.go" <<'END'
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
)

type Box[T any] struct{ v T }

func (b *Box[T]) Get() T { return b.v }

type shape interface{ Area() float64 }
type square struct{ side float64 }

func (s square) Area() float64 { return s.side * s.side }

func main() {
	box := Box[string]{"x"}
	var s shape = square{2}
	counts := map[string]int{"a": 1}
	keys := []string{}
	for k := range counts {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	json.NewEncoder(os.Stdout).Encode(counts)
	fmt.Println(box.Get(), s.Area(), strings.ToUpper("abc"))
}
END
export HOME=$work GOCACHE=$work/cache GO111MODULE=off
check "the program builds" go build -o "$work/named" "$work/main.go"
check "and without symbols" go build -ldflags='-s -w' -o "$work/stripped" "$work/main.go"
go tool nm "$work/named" | sed -nE 's/^ *([0-9a-f]+) [Tt] (.*)$/0x\1 \2/p' |
    sed -E 's/\.abi0$//; s/\[.*\]/[...]/; / runtime\.e?text$/d' | sort -u >"$work/wanted"
"$LVSCAN" functions --json "$work/stripped" | jq -r 'select(.found_by == "pclntab") | "\(.start) \(.name)"' |
    sed -E 's/\[.*\]/[...]/' | sort -u >"$work/got"
check "there are a thousand names" test "$(wc -l <"$work/wanted")" -gt 1000
check "each is as go tool nm has it" diff "$work/wanted" "$work/got"
for name in ToUpper 'strings.ToUp*' '*.ToUpper'; do
    for kind in named stripped; do
        check "$kind: -f $name" sh -c '"$1" functions --json -f "$2" "$3" | grep -q "\"name\":\"strings.ToUpper\""' sh "$LVSCAN" "$name" "$work/$kind"
    done
done
check "a method by its last component" "$LVSCAN" functions -f Get "$work/stripped"
json "a function by its name" "$("$LVSCAN" functions --json -f strings.ToUpper "$work/stripped")" '.name == "strings.ToUpper"'
done_testing
