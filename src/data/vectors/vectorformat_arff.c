/* SPDX-License-Identifier: MIT
 *
 * Weka's files (arff.h). Relational: a row is a bag, whose instances are the rows in its relational value. Flat: a row is an
 * instance. Without --bag and --label they go by usual names; else the class is the last attribute, as in Weka, and the bag
 * the first one that is text.
 */
#include "core/number.h"
#include "data/vectors/arff.h"
#include "data/vectors/vectortext.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MOST 4096 /* of a nominal attribute that becomes a feature for each */

/* Where an attribute's values go. */
typedef struct {
    int attribute;
    int first, n; /* features; n 1 of numbers and of two values */
    bool numbers; /* the cell is a number; else the place of the value, or one of n is 1 */
} ArffColumn;

typedef struct {
    VectorIntake *in;
    Arff arff;
    Header header;            /* names of the attributes of a row */
    int relation, bag, label; /* -1: none */
    int *rule;                /* [n_include + n_exclude] attributes */
    const ArffList *list;     /* whose values are features */
    ArffColumn *feature;      /* [n_used] */
    int n_used, n_feat;
    Names name; /* [n_feat] */
    int *place; /* [n_feat] among the features of the dataset */
    float *x;   /* [n_feat] */
    ArffRow row, inner;
} ArffReader;

static const char *const bag_names[] = {"bag_id", "bag", "bag-id", "bagid", "molecule_name", "molecule", NULL};
static const char *const label_names[] = {"label", "bag_label", "class", NULL};

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    (void)rules;
    return peek->text && (*peek->line[0] == '@' || *peek->line[0] == '%') && arff_begins(peek->in);
}

static Status no_memory(const ArffReader *r)
{
    return fail(ERR_MEMORY, "%s: no memory for its attributes", r->in->path);
}

/* ---- columns ---- */

static Status name_attributes(ArffReader *r)
{
    const ArffList *list = &r->arff.list;
    r->header.n = list->n;
    r->header.name = calloc((size_t)list->n + 1, sizeof *r->header.name);
    if (!r->header.name) return no_memory(r);
    for (int i = 0; i < list->n; i++) r->header.name[i] = list->attribute[i].name;
    r->relation = r->bag = r->label = -1;
    for (int i = 0; i < list->n; i++) {
        if (list->attribute[i].type != ARFF_RELATION) continue;
        if (r->relation >= 0)
            return fail(ERR_FORMAT, "%s: ARFF: two attributes are relational; one is read", r->in->path);
        r->relation = i;
    }
    r->list = r->relation >= 0 ? list->attribute[r->relation].inner : list;
    return OK;
}

static Status need(int *out, const ArffReader *r, const char *name, const char *flag)
{
    const Status status = header_need(out, &r->header, name, flag);
    if (status != OK) return fail_at(status, "%s", r->in->path);
    if (*out != r->relation) return OK;
    return fail(ERR_USAGE, "%s: %s=%s names the relational attribute, which holds the instances", r->in->path, flag,
                name);
}

static Status find_label(ArffReader *r)
{
    const VectorRules *rules = r->in->rules;
    const ArffList *list = &r->arff.list;
    const int last = list->n - 1;
    if (rules->label && !vectorintake_unlabelled(r->in)) return need(&r->label, r, rules->label, "--label");
    r->label = header_find_any(&r->header, label_names);
    if (r->label < 0 && last > 0 && list->attribute[last].type == ARFF_NOMINAL) r->label = last;
    if ((r->label >= 0 && r->label != r->relation) || vectorintake_unlabelled(r->in)) return OK;
    return fail(ERR_FORMAT,
                "%s: ARFF: no attribute is named label or class; name that of the bag's label with --label "
                "(or `none`)",
                r->in->path);
}

static Status find_bag(ArffReader *r)
{
    const ArffList *list = &r->arff.list;
    if (r->in->rules->bag) return need(&r->bag, r, r->in->rules->bag, "--bag");
    r->bag = header_find_any(&r->header, bag_names);
    if (r->bag == r->relation) r->bag = -1;
    for (int i = 0; i < list->n && r->bag < 0; i++)
        if (i != r->label && i != r->relation && (list->attribute[i].type == ARFF_TEXT || r->relation >= 0))
            r->bag = i;
    if (r->bag >= 0 || r->relation >= 0) return OK; /* bags may be numbered */
    return fail(ERR_FORMAT, "%s: ARFF: no attribute is named bag_id or bag; name that of the bags with --bag",
                r->in->path);
}

static Status find_columns(ArffReader *r, bool *taken)
{
    const RowRules *rules = &r->in->rules->rows;
    TRY(name_attributes(r));
    TRY(find_label(r));
    TRY(find_bag(r));
    if (r->bag >= 0 && r->bag == r->label)
        return fail(ERR_USAGE, "%s: --bag and --label both name attribute '%s'", r->in->path, r->header.name[r->bag]);
    const Status status = header_bind_rules(r->rule, &r->header, rules);
    if (status != OK) return fail_at(status, "%s", r->in->path);
    if (r->relation >= 0) return OK;
    for (int i = 0; i < rules->n_include + rules->n_exclude; i++) taken[r->rule[i]] = true;
    if (r->bag >= 0) taken[r->bag] = true;
    if (r->label >= 0) taken[r->label] = true;
    return OK;
}

/* --skip names attributes of the instances. */
static Status skip_columns(ArffReader *r, bool *taken)
{
    const VectorRules *rules = r->in->rules;
    for (int k = 0; k < rules->n_skip; k++) {
        bool found = false;
        for (int i = 0; i < r->list->n; i++)
            if (strcmp(r->list->attribute[i].name, rules->skip[k]) == 0) found = taken[i] = true;
        if (!found)
            return fail(ERR_FORMAT, "%s: ARFF: no attribute of the instances is named '%s' (--skip)", r->in->path,
                        rules->skip[k]);
    }
    return OK;
}

/* ---- features ---- */

static bool all_numbers(const Names *value)
{
    for (int i = 0; i < value->n; i++)
        if (!vectortext_is_number(value->text[i])) return false;
    return value->n > 0;
}

static Status add_name(ArffReader *r, const char *name)
{
    const int before = r->name.n, number = names_number(&r->name, name, strlen(name));
    if (number < 0) return no_memory(r);
    return number == before ? OK : fail(ERR_FORMAT, "%s: ARFF: two features are named '%.60s'", r->in->path, name);
}

static Status add_feature(ArffReader *r, int i)
{
    const ArffAttribute *one = &r->list->attribute[i];
    char name[512];
    if (one->type == ARFF_TEXT || one->type == ARFF_RELATION)
        return fail(ERR_FORMAT, "%s: ARFF: attribute '%.60s' holds text, no numbers; leave it out with --skip=%.60s",
                    r->in->path, one->name, one->name);
    if (one->value.n > VALUES_MOST)
        return fail(ERR_FORMAT, "%s: ARFF: attribute '%.60s' has %d values; leave it out with --skip=%.60s",
                    r->in->path, one->name, one->value.n, one->name);
    const bool numbers = one->type == ARFF_NUMBER || all_numbers(&one->value);
    const int n = numbers || one->value.n < 3 ? 1 : one->value.n;
    r->feature[r->n_used++] = (ArffColumn){i, r->n_feat, n, numbers};
    r->n_feat += n;
    if (n == 1) return add_name(r, one->name);
    for (int k = 0; k < n; k++) {
        snprintf(name, sizeof name, "%.240s=%.240s", one->name, one->value.text[k]);
        TRY(add_name(r, name));
    }
    return OK;
}

static Status note_features(ArffReader *r, const bool *taken)
{
    r->feature = calloc((size_t)r->list->n + 1, sizeof *r->feature);
    if (!r->feature) return no_memory(r);
    for (int i = 0; i < r->list->n; i++) {
        const char *name = r->list->attribute[i].name;
        if (!taken[i])
            TRY(add_feature(r, i));
        else if (r->list != &r->arff.list || (i != r->bag && i != r->label))
            if (names_number(&r->in->skipped, name, strlen(name)) < 0) return no_memory(r);
    }
    r->place = calloc((size_t)r->n_feat + 1, sizeof *r->place);
    r->x = calloc((size_t)r->n_feat + 1, sizeof *r->x);
    if (!r->place || !r->x) return no_memory(r);
    if (r->n_feat > 0) TRY(vectorintake_names(r->in, (const char *const *)r->name.text, r->n_feat, r->place));
    return vectorintake_width(r->in, r->n_feat);
}

static Status bind(ArffReader *r)
{
    const RowRules *rules = &r->in->rules->rows;
    int most = r->arff.list.n;
    for (int i = 0; i < r->arff.list.n; i++)
        if (r->arff.list.attribute[i].inner && r->arff.list.attribute[i].inner->n > most)
            most = r->arff.list.attribute[i].inner->n;
    bool *taken = calloc((size_t)most + 1, sizeof *taken);
    r->rule = calloc((size_t)(rules->n_include + rules->n_exclude) + 1, sizeof *r->rule);
    Status status = taken && r->rule ? find_columns(r, taken) : no_memory(r);
    if (status == OK) status = skip_columns(r, taken);
    if (status == OK) status = note_features(r, taken);
    free(taken);
    return status;
}

/* ---- rows ---- */

static int line_number(const ArffReader *r)
{
    return textin_number(r->arff.text);
}

static Status bad_value(const ArffReader *r, const ArffColumn *f, const char *cell, const char *why)
{
    const char *name = r->list->attribute[f->attribute].name;
    return fail(ERR_FORMAT,
                "%s:%d: attribute '%.60s': '%.40s' %s; mend it, or leave the attribute out with --skip=%.60s",
                r->in->path, line_number(r), name, cell ? cell : "?", why, name);
}

static Status read_value(ArffReader *r, const ArffColumn *f, const char *cell)
{
    double value;
    if (!cell) return bad_value(r, f, cell, "is missing");
    if (f->numbers) {
        if (!number_read(&value, cell)) return bad_value(r, f, cell, "is not a number");
        if (!(fabs(value) <= FLT_MAX)) return bad_value(r, f, cell, "is not a finite number of single precision");
        r->x[r->place[f->first]] = (float)value;
        return OK;
    }
    const int k = names_find(&r->list->attribute[f->attribute].value, cell, strlen(cell));
    if (k < 0) return bad_value(r, f, cell, "is none of its values");
    if (f->n == 1) r->x[r->place[f->first]] = (float)k;
    for (int i = 0; f->n > 1 && i < f->n; i++) r->x[r->place[f->first + i]] = i == k;
    return OK;
}

static Status add_instance(ArffReader *r, int bag, const ArffRow *row)
{
    for (int f = 0; f < r->n_used; f++) TRY(read_value(r, &r->feature[f], row->cell[r->feature[f].attribute]));
    return vectorspool_dense(r->in->spool, bag, r->x, r->n_feat);
}

static bool holds(const void *context, int rule)
{
    const ArffReader *r = context;
    const char *cell = r->row.cell[r->rule[rule]];
    return strcmp(cell ? cell : "", header_rule(&r->in->rules->rows, rule)->value) == 0;
}

static Status start_bag(int *bag, ArffReader *r)
{
    char number[32];
    const int before = r->in->spool->keys.n;
    snprintf(number, sizeof number, "%d", before + 1);
    const char *key = r->bag >= 0 ? r->row.cell[r->bag] : number;
    const bool labelled = r->label >= 0 && !vectorintake_unlabelled(r->in);
    TRY(vectorintake_bag(bag, r->in, key ? key : "", labelled ? r->row.cell[r->label] : NULL, line_number(r)));
    if (r->relation < 0 || *bag == before) return OK;
    return fail(ERR_FORMAT, "%s:%d: bag '%s' stands in line %d already; a row is a bag here", r->in->path,
                line_number(r), r->in->spool->keys.text[*bag], r->in->bag[*bag].line);
}

/* The rows of a relational value, a line each. */
static Status read_relation(ArffReader *r, int bag, char *text)
{
    const int64_t before = r->in->spool->n;
    for (char *next; text; text = next) {
        next = strchr(text, '\n');
        if (next) *next++ = '\0';
        if (!*header_trim(text)) continue;
        TRY(arff_row(&r->inner, &r->arff, r->list, text));
        r->in->n_row++;
        TRY(add_instance(r, bag, &r->inner));
    }
    if (r->in->spool->n > before) return OK;
    return fail(ERR_FORMAT, "%s:%d: bag '%s' has no instance; leave its row out", r->in->path, line_number(r),
                r->in->spool->keys.text[bag]);
}

static Status read_row(ArffReader *r, char *line)
{
    int bag;
    TRY(arff_row(&r->row, &r->arff, &r->arff.list, line));
    if (r->relation < 0) r->in->n_row++;
    if (!header_keeps(&r->in->rules->rows, r->rule, holds, r)) {
        r->in->n_filtered++;
        return OK;
    }
    TRY(start_bag(&bag, r));
    if (r->relation < 0) return add_instance(r, bag, &r->row);
    char *text = (char *)(size_t)r->row.cell[r->relation];
    return read_relation(r, bag, text);
}

static Status read_rows(ArffReader *r)
{
    char *line;
    for (;;) {
        TRY(arff_line(&line, &r->arff));
        if (!line) return OK;
        TRY(read_row(r, line));
    }
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    ArffReader r = {.in = in};
    if (!peek->in) return fail(ERR_FORMAT, "%s: is no text file, which ARFF is", peek->path);
    if (in->rules->n_labels > 0)
        return fail(ERR_USAGE, "%s: --labels is for tables of text; ARFF has one class, named by --label",
                    peek->path);
    TRY(vectorintake_source(in, peek->path));
    Status status = arff_open(&r.arff, peek->in, peek->path);
    if (status == OK) status = bind(&r);
    if (status == OK) status = read_rows(&r);
    arff_row_free(&r.row);
    arff_row_free(&r.inner);
    arff_close(&r.arff);
    names_free(&r.name);
    free(r.header.name);
    free(r.rule);
    free(r.feature);
    free(r.place);
    free(r.x);
    return status;
}

const VectorFormat vectorformat_arff = {.name = "arff",
                                        .line = "Weka ARFF, relational or flat, dense or sparse",
                                        .recognise = recognise,
                                        .read = read_file};
