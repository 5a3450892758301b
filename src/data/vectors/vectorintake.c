/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectorintake.h"
#include "core/escape.h"
#include "core/log.h"
#include "core/number.h"
#include "data/text/cell.h"
#include "data/text/table.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT 9007199254740992.0 /* 2^53: integers below it are different doubles */

void vectorintake_free(VectorIntake *in)
{
    for (int b = 0; b < in->room; b++) free(in->bag[b].label);
    free(in->bag);
    names_free(&in->skipped);
    names_free(&in->source);
    vectorextra_free(&in->extra);
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
    if (!label || cell_missing(label)) return OK;
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
    if (in->join && (!label || !known->label)) return OK;
    if (known->file != in->file && !in->join)
        return fail(ERR_FORMAT, "%s: bag '%s' is also in a file read before; a bag's rows must be in one file",
                    place(where, sizeof where, in, line), key);
    if (!label && !known->label) return OK;
    if (label && known->label && strcmp(label, known->label) == 0) return OK;
    char before[32] = "before";
    if (known->line > 0) snprintf(before, sizeof before, "in line %d", known->line);
    return fail(
        ERR_FORMAT, "%s: bag '%s' has label '%s' here but '%s' %s; all rows of a bag must have the bag's label. %s",
        place(where, sizeof where, in, line), key, label ? label : "", known->label ? known->label : "", before,
        in->advice
            ? in->advice
            : "Labels of instances are no features either: leave them out with --skip, and give labels of bags "
              "in a table (--label=none --metadata=FILE)");
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

static Status first_names(VectorIntake *in, const char *const *name, int n, int *place)
{
    const int before = in->spool->feature.n;
    for (int f = 0; f < n; f++) {
        const int number = names_number(&in->spool->feature, name[f], strlen(name[f]));
        place[f] = f;
        if (number < 0) return no_memory(in);
        if (number < before)
            return fail(ERR_FORMAT,
                        "%s: feature '%s' stands in a table before it too; rename one, or leave it out with "
                        "--skip",
                        in->path, name[f]);
        if (number < before + f)
            return fail(ERR_FORMAT, "%s: two columns are named '%s'; rename one", in->path, name[f]);
    }
    return OK;
}

/* The name of the first feature that this file lacks. */
static const char *find_missing(const Names *known, const bool *there)
{
    for (int f = 0; f < known->n; f++)
        if (!there[f]) return known->text[f];
    return NULL;
}

static Status find_places(bool *there, const VectorIntake *in, const char *const *name, int n, int *place)
{
    const Names *known = &in->spool->feature;
    for (int f = 0; f < n; f++) {
        place[f] = names_find(known, name[f], strlen(name[f]));
        if (place[f] < 0)
            return fail(ERR_FORMAT,
                        "%s: has a feature '%s', which the files before it lack; leave it out with --skip", in->path,
                        name[f]);
        if (there[place[f]]) return fail(ERR_FORMAT, "%s: two columns are named '%s'; rename one", in->path, name[f]);
        there[place[f]] = true;
    }
    const char *missing = find_missing(known, there);
    return missing ? fail(ERR_FORMAT, "%s: lacks the feature '%s' of the files before it", in->path, missing) : OK;
}

Status vectorintake_names(VectorIntake *in, const char *const *name, int n, int *place)
{
    const Names *known = &in->spool->feature;
    if (known->n == 0 || in->join) return first_names(in, name, n, place);
    bool *there = calloc((size_t)known->n, sizeof *there);
    if (!there) return no_memory(in);
    const Status status = find_places(there, in, name, n, place);
    free(there);
    return status;
}

bool vectorintake_unlabelled(const VectorIntake *in)
{
    return in->rules->label && strcmp(in->rules->label, "none") == 0;
}

Status vectorintake_no_columns(const VectorIntake *in)
{
    const VectorRules *r = in->rules;
    if (r->n_skip + r->n_labels + r->rows.n_include + r->rows.n_exclude == 0 && !r->bag &&
        (!r->label || vectorintake_unlabelled(in)))
        return OK;
    return fail(
        ERR_USAGE,
        "%s: --bag, --label, --labels, --skip, --include and --exclude name columns, and this format has none",
        in->path);
}

/* What '1', '1.0', '01' and 'A ', 'a' have in common. */
static void plain_key(char *out, size_t room, const char *key)
{
    double value;
    char number[NUMBER_ROOM];
    if (number_read(&value, key) && fabs(value) < EXACT) key = number_text(number, value == 0 ? 0 : value);
    size_t n = 0;
    for (; *key && n + 1 < room; key++)
        if (!isspace((unsigned char)*key)) out[n++] = (char)tolower((unsigned char)*key);
    out[n] = '\0';
}

Status vectorintake_warn(const VectorIntake *in)
{
    char plain[256];
    int n_near = 0, pair[2] = {0, 0};
    Names seen = {0};
    const Names *keys = &in->spool->keys;
    int *key = malloc(((size_t)keys->n + 1) * sizeof *key); /* [seen.n] the first of that text */
    for (int b = 0; key && b < keys->n; b++) {
        plain_key(plain, sizeof plain, keys->text[b]);
        const int before = seen.n, number = names_number(&seen, plain, strlen(plain));
        if (number < 0) break;
        if (number == before)
            key[number] = b;
        else if (n_near++ == 0)
            pair[0] = key[number], pair[1] = b;
    }
    if (n_near > 0)
        log_warn("bags '%.60s' and '%.60s' are kept apart%s; if they are one, write their name in one way",
                 keys->text[pair[0]], keys->text[pair[1]], n_near > 1 ? ", and more such" : "");
    const bool lost = !key || seen.n + n_near < keys->n;
    names_free(&seen);
    free(key);
    return lost ? no_memory(in) : OK;
}

Status vectorintake_source(VectorIntake *in, const char *path)
{
    return names_number(&in->source, path, strlen(path)) < 0 ? no_memory(in) : OK;
}

Status vectorintake_width(VectorIntake *in, int n)
{
    const int before = in->width;
    in->width = n;
    if (in->join) return n > 0 ? OK : fail(ERR_FORMAT, "%s: no column is left for features", in->path);
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
