#!/bin/sh
# How big decoding and effects are, code and tables, without text: the sections that are loaded.
#   tests/bench/decoder_size.sh      BUILD names the build folder
cd "$(dirname "$0")/../.." || exit 2
objects=$(printf "${BUILD:-build}/x86/%s.o " decode decode_long effects tables)
# shellcheck disable=SC2086
size $objects | awk 'NR > 1 { n = $6; sub(".*/", "", n); printf "%s %d  ", n, $1 + $2 + $3; sum += $1 + $2 + $3 }
    END { printf "\ndecoder: %d bytes, %.1f KiB\n", sum, sum / 1024 }'
