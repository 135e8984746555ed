#!/usr/bin/env bash
# Each fuzz target, under the sanitizers, on its committed corpus and on what is cheap to make from it.
. "$(dirname "$0")/../lib.sh"

for source in fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    corpus=fuzz/corpus/${name#fuzz_}
    mapfile -t files < <(find "$corpus" -type f 2>/dev/null | sort)
    same "$name has a corpus" "$([ ${#files[@]} -gt 0 ] && echo yes)" yes
    check "$name on its ${#files[@]} files" "$BUILD/asan/fuzz/$name" "${files[@]}"
done
done_testing
