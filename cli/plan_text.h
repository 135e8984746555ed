/* cli/plan_text.h - a trace's plan as text: what the confined process that reads the file hands to the one that attaches.
 *
 * Lines: an object ("schema":"lvscan-plan/1", how many sites and names follow, "alike", "verify"), a probe spec for each
 * site, arrays of names and values. None is longer than a JSON text may be. The reader believes nothing: the process that wrote
 * it may have been taken over by what it read. */
#ifndef LVSCAN_CLI_PLAN_TEXT_H
#define LVSCAN_CLI_PLAN_TEXT_H

#include "cli/trace_plan.h"

enum { PLAN_SITES_MAX = 4096, PLAN_NAMES_MAX = 1 << 20 };

/* Of the plan: sites, names (the first site's), alike, check, build_id. */
void plan_write(Sink *t, const Plan *plan);

/* Fills just these (and spec), from `text`; what they point to is in the plan's arena. False with a message for any other bytes. */
bool plan_read(Plan *plan, Bytes text, Diag *diag);

#endif
