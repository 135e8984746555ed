/* cli/result_json.h - the JSON object of a binary (CONTRACT.md section 2), and the pieces that other output shares. */
#ifndef LVSCAN_CLI_RESULT_JSON_H
#define LVSCAN_CLI_RESULT_JSON_H

#include "analysis/search.h"
#include "cli/enum.h"
#include "cli/json.h"
#include "cli/options.h"

/* What is printed about one input. */
typedef struct Report {
    const Options *options;
    const char *path;
    Program *program;
    const SearchResult *result;
    const Query *query;
    const EnumTable *names; /* n == 0: none */
    const char *sha256;     /* NULL: not computed */
    uint64_t elapsed_ns;
} Report;

void report_json(Json *j, const Report *r);

void location_json(Json *j, const Location *l);

/* The key "parts" and its value. */
void function_parts_json(Json *j, const Function *f);

/* Is it a program or library that loads no other and needs no loader? */
bool image_is_static(const Image *image);

#endif
