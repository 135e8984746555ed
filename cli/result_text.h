/* cli/result_text.h - the answer for people. */
#ifndef LVSCAN_CLI_RESULT_TEXT_H
#define LVSCAN_CLI_RESULT_TEXT_H

#include "cli/result_json.h"

void report_text(Sink *t, const Report *r);

/* Are colours wanted on standard output? (--color, NO_COLOR, a terminal) */
bool color_wanted(const Options *o);

/* What a proof level rests on, in words. */
const char *proof_words(unsigned proof);

#endif
