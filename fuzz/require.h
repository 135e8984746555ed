/* fuzz/require.h - what fuzz targets use for promises: a broken one is named and ends the run. */
#ifndef LVSCAN_FUZZ_REQUIRE_H
#define LVSCAN_FUZZ_REQUIRE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define require(holds) ((holds) ? (void)0 : require_failed(#holds, __FILE__, __LINE__))

static inline _Noreturn void require_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
