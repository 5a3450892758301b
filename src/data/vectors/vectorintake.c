/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectorintake.h"
#include "core/escape.h"
#include "core/number.h"
#include "data/text/table.h"

#include <stdlib.h>
#include <string.h>

void vectorintake_free(VectorIntake *in)
{
    for (int b = 0; b < in->room; b++) free(in->bag[b].label);
    free(in->bag);
    names_free(&in->skipped);
    names_free(&in->source);
    in->bag = NULL;
    in->room = 0;
}

static Status no_memory(const VectorIntake *in)
{
    return fail(ERR_MEMORY, "%s: no memory for %d bags", in->path, in->spool->keys.n);
}

/* "path:line", or the path alone. */
static const char *place(char *text, size_t room, const VectorIntake *in, int line)
{
    if (line > 0)
        snprintf(text, room, "%s:%d", in->path, line);
    else
        snprintf(text, room, "%s", in->path);
    return text;
}

static Status copy_label(char **out, const VectorIntake *in, const char *label)
{
    double value;
    char text[NUMBER_ROOM];
    *out = NULL;
    if (!label || table_missing(label)) return OK;
    *out = strdup(number_read(&value, label) ? number_text(text, value == 0 ? 0 : value) : label);
    return *out ? OK : no_memory(in);
}

static Status add_bag(VectorIntake *in, int bag, char *label, int line)
{
    if (bag >= in->room) {
        const int room = in->room ? 2 * in->room : 64;
        BagSource *grown = realloc(in->bag, (size_t)room * sizeof *grown);
        if (!grown) {
            free(label);
            return no_memory(in);
        }
        memset(grown + in->room, 0, (size_t)(room - in->room) * sizeof *grown);
        in->bag = grown;
        in->room = room;
    }
    in->bag[bag] = (BagSource){.label = label, .line = line, .file = in->file};
    if (label) in->labelled = true;
    return OK;
}

static Status compare_label(const VectorIntake *in, int bag, const char *label, int line)
{
    char where[600];
    const BagSource *known = &in->bag[bag];
    const char *key = in->spool->keys.text[bag];
    if (known->file != in->file)
        return fail(ERR_FORMAT, "%s: bag '%s' is also in a file read before; a bag's rows must be in one file",
                    place(where, sizeof where, in, line), key);
    if (!label && !known->label) return OK;
    if (label && known->label && strcmp(label, known->label) == 0) return OK;
    char before[32] = "before";
    if (known->line > 0) snprintf(before, sizeof before, "in line %d", known->line);
    return fail(
        ERR_FORMAT, "%s: bag '%s' has label '%s' here but '%s' %s; all rows of a bag must have the bag's label",
        place(where, sizeof where, in, line), key, label ? label : "", known->label ? known->label : "", before);
}

Status vectorintake_bag(int *bag, VectorIntake *in, const char *key, const char *label, int line)
{
    char where[600], *own;
    const int known = in->spool->keys.n;
    if (!*key)
        return fail(ERR_FORMAT, "%s: the bag has no name; give it one, or leave the row out",
                    place(where, sizeof where, in, line));
    if (escape_is_control(key))
        return fail(ERR_FORMAT, "%s: the bag's name '%s' holds control characters; rename it",
                    place(where, sizeof where, in, line), key);
    TRY(vectorspool_bag(bag, in->spool, key));
    TRY(copy_label(&own, in, label));
    if (*bag >= known) return add_bag(in, *bag, own, line);
    const Status status = compare_label(in, *bag, own, line);
    free(own);
    return status;
}

Status vectorintake_names(VectorIntake *in, const char *const *name, int n)
{
    Names *known = &in->spool->feature;
    const bool first = known->n == 0;
    for (int f = 0; f < n; f++) {
        const int number = first || known->n == n ? names_number(known, name[f], strlen(name[f])) : -2;
        if (number == -1) return no_memory(in);
        if (number == f) continue;
        if (first) return fail(ERR_FORMAT, "%s: two columns are named '%s'; rename one", in->path, name[f]);
        return fail(ERR_FORMAT, "%s: has other features than the files before it; its feature %d is '%s'", in->path,
                    f + 1, name[f]);
    }
    return OK;
}

bool vectorintake_unlabelled(const VectorIntake *in)
{
    return in->rules->label && strcmp(in->rules->label, "none") == 0;
}

Status vectorintake_no_columns(const VectorIntake *in)
{
    const VectorRules *r = in->rules;
    if (r->n_skip + r->rows.n_include + r->rows.n_exclude == 0 && !r->bag &&
        (!r->label || vectorintake_unlabelled(in)))
        return OK;
    return fail(ERR_USAGE,
                "%s: --bag, --label, --skip, --include and --exclude name columns, and this format has none",
                in->path);
}

Status vectorintake_source(VectorIntake *in, const char *path)
{
    return names_number(&in->source, path, strlen(path)) < 0 ? no_memory(in) : OK;
}

Status vectorintake_width(VectorIntake *in, int n)
{
    const int before = in->width;
    in->width = n;
    if (before > 0 && before != n)
        return fail(ERR_FORMAT, "%s: has %d features, but the files before it have %d", in->path, n, before);
    const int wanted = in->rules->n_feat;
    if (n < 1)
        return fail(ERR_FORMAT, "%s: no column is left for features; check --bag, --label and --skip", in->path);
    if (n > VECTORSPOOL_FEATURES)
        return fail(ERR_FORMAT, "%s: has %d features; %d are the most", in->path, n, VECTORSPOOL_FEATURES);
    if (wanted == 0 || wanted == n) return OK;
    if (n > wanted)
        return fail(
            ERR_FORMAT,
            "%s: has %d features, --n-features=%d are expected; what is too much may be a label, a bag number or "
            "an index, which would give the answer away: leave it out with --skip=COLUMN",
            in->path, n, wanted);
    return fail(ERR_FORMAT,
                "%s: has %d features, --n-features=%d are expected; is a column missing, or taken for the "
                "bag or the label?",
                in->path, n, wanted);
}
