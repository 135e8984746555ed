/* elf/cfi.h - one entry of .eh_frame: a CIE or an FDE (LSB 5.0 core, 10.6.1). */
#ifndef LVSCAN_ELF_CFI_H
#define LVSCAN_ELF_CFI_H

#include "elf/encoding.h"
#include "elf/unwind.h"

typedef enum CfiKind { CFI_CIE, CFI_FDE, CFI_TERMINATOR } CfiKind;

/*  at        length 4 bytes (0xffffffff: 8 more follow)
 *  id        4 bytes: 0 for a CIE, else how far back from here the FDE's CIE lies
 *  ...       until end */
typedef struct CfiEntry {
    CfiKind kind;
    Addr at, id, end;
    Addr cie; /* of an FDE */
} CfiEntry;

/* False when no whole entry lies at `at`. An entry is at least 4 bytes long. */
bool cfi_entry_read(CfiEntry *out, const Image *image, Addr at);

/* The range alone of the FDE at `at`; *memory is the CIE read last ({0}: none), and is kept up. */
bool cfi_range_read(FdeRange *out, const Image *image, Addr at, struct CieMemory *memory);

/* The FDE at `at`; false when it or its CIE is damaged, or its range is not wholly in the file-backed part of one
 * executable segment. O(1): what a CIE may make us read is bounded. */
bool cfi_fde_read(Fde *out, const Image *image, Addr at);

#endif
