/* analysis/probe.h - where best to read a variable: cheap for the kernel, proved, and passed once for each value. */
#ifndef LVSCAN_ANALYSIS_PROBE_H
#define LVSCAN_ANALYSIS_PROBE_H

#include "analysis/ranges.h"

typedef enum UprobeWay {
    UPROBE_EMULATED, /* the kernel does the instruction's work itself */
    UPROBE_STEPPED,  /* out of line, single-stepped: some ten times dearer */
    UPROBE_REFUSED   /* errno 524, or it would harm the target */
} UprobeWay;

/* How the kernel treats a uprobe on the instruction whose bytes are given.
 * Source: Linux arch/x86/kernel/uprobes.c (branch_setup_xol_ops, push_setup_xol_ops, is_prefix_bad, good_insns_64). */
UprobeWay uprobe_way(const Insn *insn, const uint8_t *bytes);

/* The probe at one place, but for its coverage: can it be put there, and is the variable proved to be somewhere it can be read? */
bool probe_at(const RangeProof *p, uint32_t step, unsigned weakest, Probe *out);

/* Chooses among the places from the sites to the end of their blocks. pc 0 when none is proved and accepted. */
Probe probe_choose(const RangeProof *p, const Site *sites, size_t nsites, unsigned weakest);

#endif
