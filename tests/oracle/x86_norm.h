/* tests/oracle/x86_norm.h - brings objdump's text and ours to one form before they are compared.
 *
 * What is taken out, and nothing else:
 *   - the padding after the mnemonic (ours has one space), and blanks at the end;
 *   - "# comment" and "<symbol>", which ours leaves away by contract;
 *   - a branch target without 0x gets one;
 *   - Intel syntax: "[rip+0xffffffffffffff92]" becomes "[rip-0x6e]", as in AT&T syntax.
 */
#ifndef LVSCAN_TESTS_X86_NORM_H
#define LVSCAN_TESTS_X86_NORM_H

#include <stdbool.h>
#include <stddef.h>

/* Normalises s in place; n is the room there is (two more characters may be needed). */
void norm_text(char *s, size_t n);

/* True when the text is nothing but prefixes: objdump prints those that belong to no instruction it knows. */
bool norm_prefixes_only(const char *s);

/* Skips the prefixes at the start of a text. */
const char *norm_skip_prefixes(const char *s);

/* True when two texts name the same of the prefixes that do something (lock, rep, bnd, notrack, xacquire, xrelease).
 * The others change nothing where they stand alone, or are told by the operands; {vex} and {evex} are the assembler's. */
bool norm_same_live_prefixes(const char *ours, const char *theirs);

/* The first word of s, cut to n - 1 characters. */
void norm_word(const char *s, char *buf, size_t n);

#endif
