/* SPDX-License-Identifier: MIT
 *
 * A table whose rows are bags of one instance. Columns that tell the parts of a split are no features. Several tables hold
 * features of the same bags and are joined by their names. Never told by a file: it looks like a table of instances.
 */
#include "data/vectors/vectortext.h"

#include <stdlib.h>

static const char *const bag_names[] = {"bag_id", "bag", "ID", "sample_id", "sample", "name", NULL};
static const char *const label_names[] = {"label", "bag_label", "class", "target", NULL};

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    (void)peek;
    (void)rules;
    return false;
}

static Status find(int *column, const VectorPeek *peek, const char *wish, const char *const *usual, const char *flag,
                   bool needed)
{
    *column = wish ? header_find(&peek->first, wish) : header_find_any(&peek->first, usual);
    if (*column >= 0 || (!needed && !wish)) return OK;
    return fail_at(header_need(column, &peek->first, wish ? wish : usual[0], flag), "%s", peek->path);
}

/* Of tables that are joined, one tells the labels. */
static Status find_columns(VectorLayout *layout, VectorIntake *in, const VectorPeek *peek)
{
    const VectorRules *rules = in->rules;
    const bool unlabelled = vectorintake_unlabelled(in),
               needed = rules->n_labels == 0 && (!in->join || in->file == 0);
    const char *label = unlabelled || (in->join && in->file > 0) ? NULL : rules->label;
    TRY(find(&layout->bag, peek, rules->bag, bag_names, "--bag", in->join));
    TRY(find(unlabelled ? &layout->skip : &layout->label, peek, label, label_names, "--label (or `none`)",
             needed && !unlabelled));
    if (layout->bag >= 0 && layout->bag == layout->label)
        return fail(ERR_USAGE, "--bag and --label both name column '%s'", peek->first.name[layout->bag]);
    return OK;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    VectorLayout layout = VECTOR_LAYOUT_NONE;
    layout.header = layout.one_row = layout.splits = true;
    if (!peek->text) return fail(ERR_FORMAT, "%s: is no table with a header line", peek->path);
    TRY(find_columns(&layout, in, peek));
    TRY(vectorintake_source(in, peek->path));
    return vectortext_read(in, peek, &layout);
}

const VectorFormat vectorformat_table = {.name = "table",
                                         .line = "a row a bag: a header, features, a label; several are joined",
                                         .recognise = recognise,
                                         .read = read_file};
