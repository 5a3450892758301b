/* SPDX-License-Identifier: MIT
 *
 * A table with a header: columns for the bag and its label, all others features. Comma, tab or semicolon.
 */
#include "core/number.h"
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

/* A column named by the user counts even where it is missing: the error then names it. A line of numbers is a header if
 * pandas wrote it; else --bag may give columns by their numbers. */
static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    if (!peek->text || peek->first.n < 2) return false;
    if (rules->bag) return true;
    if (!is_header(&peek->first)) return vectortext_is_range(&peek->first);
    return find_usual(&peek->first, NULL, bag_names) >= 0;
}

static Status need_usual(int *column, const VectorPeek *peek, const char *wish, const char *const *usual,
                         const char *flag)
{
    *column = find_usual(&peek->first, wish, usual);
    if (*column >= 0) return OK;
    return fail_at(header_need(column, &peek->first, wish ? wish : usual[0], flag), "%s", peek->path);
}

static bool has_numbers(const Header *first)
{
    for (int c = 0; c < first->n; c++)
        if (vectortext_is_number(first->name[c])) return true;
    return false;
}

/* Does the first line name the columns? Not if some are numbers and --bag is the number of a column. */
static bool has_names(const VectorPeek *peek, const VectorRules *rules)
{
    int64_t number;
    const Header *first = &peek->first;
    if (vectortext_is_range(first)) return true;
    if (!is_header(first)) return false;
    return !has_numbers(first) || !rules->bag || header_find(first, rules->bag) >= 0 ||
           !number_read_int(&number, rules->bag);
}

static Status find_columns(VectorLayout *layout, VectorIntake *in, const VectorPeek *peek)
{
    const VectorRules *rules = in->rules;
    TRY(need_usual(&layout->bag, peek, rules->bag, bag_names, "--bag"));
    if (vectorintake_unlabelled(in))
        layout->skip = find_usual(&peek->first, NULL, label_names); /* a label is no feature either */
    else if (rules->label || rules->n_labels == 0 || find_usual(&peek->first, NULL, label_names) >= 0)
        TRY(need_usual(&layout->label, peek, rules->label, label_names, "--label (or `none`)"));
    return OK;
}

/* The number of a column of a table without header, from 1. */
static Status find_number(int *column, const VectorPeek *peek, const char *wish, const char *flag)
{
    int64_t number = 0;
    if (wish && number_read_int(&number, wish) && number >= 1 && number <= peek->first.n) {
        *column = (int)number - 1;
        return OK;
    }
    return fail(ERR_USAGE, "%s: has no header line, so give columns by their number, from 1 to %d: %s=NUMBER",
                peek->path, peek->first.n, flag);
}

static Status find_numbers(VectorLayout *layout, const VectorIntake *in, const VectorPeek *peek)
{
    const VectorRules *rules = in->rules;
    layout->header = false;
    TRY(find_number(&layout->bag, peek, rules->bag, "--bag"));
    if (!vectorintake_unlabelled(in)) return find_number(&layout->label, peek, rules->label, "--label");
    return OK;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    VectorLayout layout = VECTOR_LAYOUT_NONE;
    layout.header = true;
    if (!peek->text) return fail(ERR_FORMAT, "%s: is no table with a header line", peek->path);
    const bool range = vectortext_is_range(&peek->first);
    if (range && !in->rules->bag)
        return fail(
            ERR_FORMAT,
            "%s: the first line is %s, %s, %s, …, as pandas numbers columns that have no names; say which holds "
            "what, as --bag=%s --label=%s (or --format=label-first if that line is an instance)",
            peek->path, peek->first.name[0], peek->first.name[1], peek->first.name[2], peek->first.name[0],
            peek->first.name[1]);
    TRY(has_names(peek, in->rules) ? find_columns(&layout, in, peek) : find_numbers(&layout, in, peek));
    if (layout.bag == layout.label)
        return fail(ERR_USAGE, "--bag and --label both name column '%s'", peek->first.name[layout.bag]);
    TRY(vectorintake_source(in, peek->path));
    return vectortext_read(in, peek, &layout);
}

const VectorFormat vectorformat_csv = {.name = "csv",
                                       .line = "a header with a bag and a label column, all others features",
                                       .recognise = recognise,
                                       .read = read_file};
