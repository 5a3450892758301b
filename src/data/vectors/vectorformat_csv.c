/* SPDX-License-Identifier: MIT
 *
 * A table with a header: columns for the bag and its label, all others features. Comma, tab or semicolon.
 */
#include "data/vectors/vectortext.h"

#include <string.h>

static const char *const bag_names[] = {"bag_id", "bag", NULL}, *const label_names[] = {"label", "bag_label", NULL};

static int find_usual(const Header *header, const char *wish, const char *const *usual)
{
    return wish ? header_find(header, wish) : header_find_any(header, usual);
}

static bool is_header(const Header *first)
{
    for (int c = 0; c < first->n; c++)
        if (!vectortext_is_number(first->name[c])) return true;
    return false;
}

/* A column named by the user counts even where it is missing: the error then names it. */
static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    if (!peek->text || !is_header(&peek->first) || peek->first.n < 2) return false;
    return rules->bag || find_usual(&peek->first, NULL, bag_names) >= 0;
}

static Status need_usual(int *column, const VectorPeek *peek, const char *wish, const char *const *usual,
                         const char *flag)
{
    *column = find_usual(&peek->first, wish, usual);
    if (*column >= 0) return OK;
    return fail_at(header_need(column, &peek->first, wish ? wish : usual[0], flag), "%s", peek->path);
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    const VectorRules *rules = in->rules;
    VectorLayout layout = VECTOR_LAYOUT_NONE;
    layout.header = true;
    if (!peek->text) return fail(ERR_FORMAT, "%s: is no table with a header line", peek->path);
    TRY(need_usual(&layout.bag, peek, rules->bag, bag_names, "--bag"));
    if (vectorintake_unlabelled(in))
        layout.skip = find_usual(&peek->first, NULL, label_names); /* a label is no feature either */
    else
        TRY(need_usual(&layout.label, peek, rules->label, label_names, "--label (or `none`)"));
    if (layout.bag == layout.label)
        return fail(ERR_USAGE, "--bag and --label both name column '%s'", peek->first.name[layout.bag]);
    TRY(vectorintake_source(in, peek->path));
    return vectortext_read(in, peek, &layout);
}

const VectorFormat vectorformat_csv = {.name = "csv",
                                       .line = "a header with a bag and a label column, all others features",
                                       .recognise = recognise,
                                       .read = read_file};
