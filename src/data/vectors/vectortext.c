/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectortext.h"
#include "core/log.h"
#include "core/number.h"
#include "data/text/textin.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct {
    VectorIntake *in;
    const VectorPeek *peek;
    const VectorLayout *layout;
    TextIn *text;
    int n_column, n_feat;
    char (*number)[16]; /* [n_column] names of columns without a header */
    Header header;      /* names, of the file or numbers */
    int *feature;       /* [n_feat] columns */
    int *place;         /* [n_feat] of the features among those of the dataset */
    int *rule;          /* [n_include + n_exclude] columns */
    int *extra;         /* [in->extra.n] columns */
    char **cell;        /* [n_column + 1] of the line */
    float *x;           /* [n_feat] */
    bool comma;         /* a decimal comma was met, and said */
} TextReader;

bool vectortext_is_number(const char *cell)
{
    double unused;
    return number_read(&unused, cell);
}

bool vectortext_is_range(const Header *cells)
{
    int64_t first, number;
    if (cells->n < 3 || !number_read_int(&first, cells->name[0]) || (first != 0 && first != 1)) return false;
    for (int c = 1; c < cells->n; c++)
        if (!number_read_int(&number, cells->name[c]) || number != first + c) return false;
    return true;
}

static Status no_memory(const TextReader *r)
{
    return fail(ERR_MEMORY, "%s: no memory for lines of %d cells", r->in->path, r->n_column);
}

/* ---- columns ---- */

static Status name_columns(TextReader *r)
{
    r->n_column = r->peek->first.n;
    r->header = r->peek->first;
    if (r->layout->header) return OK;
    r->number = calloc((size_t)r->n_column, sizeof *r->number);
    r->header.name = calloc((size_t)r->n_column, sizeof *r->header.name);
    if (!r->number || !r->header.name) return no_memory(r);
    for (int c = 0; c < r->n_column; c++) {
        snprintf(r->number[c], sizeof r->number[c], "%d", c + 1);
        r->header.name[c] = r->number[c];
    }
    return OK;
}

static Status find_column(int *column, const TextReader *r, const char *name, const char *flag)
{
    const Status status = header_need(column, &r->header, name, flag);
    return status == OK ? OK : fail_at(status, "%s", r->in->path);
}

/* A column that is read must not stand twice: which of them? */
static Status check_once(const TextReader *r, int column)
{
    for (int c = 0; column >= 0 && c < r->n_column; c++)
        if (c != column && strcmp(r->header.name[c], r->header.name[column]) == 0)
            return fail(ERR_FORMAT, "%s: two columns are named '%s'; rename one", r->in->path,
                        r->header.name[column]);
    return OK;
}

static Status bind_rules(TextReader *r, bool *taken)
{
    const RowRules *rules = &r->in->rules->rows;
    const Status status = header_bind_rules(r->rule, &r->header, rules);
    if (status != OK) return fail_at(status, "%s", r->in->path);
    for (int i = 0; i < rules->n_include + rules->n_exclude; i++) {
        TRY(check_once(r, r->rule[i]));
        taken[r->rule[i]] = true;
    }
    return OK;
}

static Status skip_columns(TextReader *r, bool *taken)
{
    const VectorRules *rules = r->in->rules;
    for (int i = 0; i < rules->n_skip; i++) {
        int column;
        if (r->in->join && header_find(&r->header, rules->skip[i]) < 0) continue; /* of another table */
        TRY(find_column(&column, r, rules->skip[i], "--skip"));
        if (column == r->layout->bag || column == r->layout->label)
            return fail(ERR_USAGE, "--skip=%s: this column holds the %s", rules->skip[i],
                        column == r->layout->bag ? "bag" : "label");
        for (int c = 0; c < r->n_column; c++) taken[c] |= strcmp(r->header.name[c], r->header.name[column]) == 0;
    }
    if (r->layout->skip >= 0) taken[r->layout->skip] = true;
    if (r->layout->skip_too >= 0) taken[r->layout->skip_too] = true;
    return OK;
}

static Status name_features(TextReader *r)
{
    const char **name = malloc(((size_t)r->n_feat + 1) * sizeof *name);
    if (!name) return no_memory(r);
    for (int f = 0; f < r->n_feat; f++) name[f] = r->header.name[r->feature[f]];
    const Status status = vectorintake_names(r->in, name, r->n_feat, r->place);
    free((void *)name);
    return status;
}

/* --labels, and columns of splits. Of a file that is one bag, the index has them. */
static Status bind_extra(TextReader *r, bool *taken)
{
    const VectorRules *rules = r->in->rules;
    if (r->layout->key) return OK;
    const char **name = malloc(((size_t)(r->n_column + rules->n_labels) + 1) * sizeof *name);
    Status status = name ? OK : no_memory(r);
    int n = 0;
    const bool first = !r->in->join || r->in->file == 0;
    for (int i = 0; i < rules->n_labels && first && r->layout->header && status == OK; i++) {
        status = find_column(&r->extra[n], r, rules->labels[i], "--labels");
        if (status == OK) status = check_once(r, r->extra[n]);
        if (status == OK && r->extra[n] == r->layout->label) continue; /* has its column already */
        if (status == OK) name[n] = r->header.name[r->extra[n]], taken[r->extra[n++]] = true;
    }
    const int n_label = n;
    for (int c = 0; c < r->n_column && first && r->layout->splits && status == OK; c++) {
        if (taken[c] || c == r->layout->bag || c == r->layout->label) continue;
        if (!vectorextra_is_split(r->header.name[c])) continue;
        name[n] = r->header.name[c];
        r->extra[n++] = c;
        taken[c] = true;
    }
    if (status == OK && first) status = vectorextra_columns(&r->in->extra, name, n, n_label, r->in->path);
    free((void *)name);
    return status;
}

static Status note_features(TextReader *r, const bool *taken)
{
    Names *skipped = &r->in->skipped;
    for (int c = 0; c < r->n_column; c++) {
        if (c == r->layout->bag || c == r->layout->label) continue;
        if (!taken[c])
            r->feature[r->n_feat++] = c;
        else if (names_number(skipped, r->header.name[c], strlen(r->header.name[c])) < 0)
            return no_memory(r);
    }
    for (int f = 0; f < r->n_feat; f++) r->place[f] = f;
    if (r->layout->header) TRY(name_features(r));
    return vectorintake_width(r->in, r->n_feat);
}

static Status bind(TextReader *r)
{
    const RowRules *rules = &r->in->rules->rows;
    const size_t n = (size_t)r->peek->first.n;
    bool *taken = calloc(n + 1, sizeof *taken);
    r->feature = calloc(n + 1, sizeof *r->feature);
    r->place = calloc(n + 1, sizeof *r->place);
    r->cell = calloc(n + 1, sizeof *r->cell);
    r->x = calloc(n + 1, sizeof *r->x);
    r->extra = calloc(n + (size_t)r->in->rules->n_labels + 1, sizeof *r->extra);
    r->rule = calloc((size_t)(rules->n_include + rules->n_exclude) + 1, sizeof *r->rule);
    Status status =
        taken && r->feature && r->place && r->cell && r->x && r->extra && r->rule ? name_columns(r) : no_memory(r);
    if (status == OK) status = check_once(r, r->layout->bag);
    if (status == OK) status = check_once(r, r->layout->label);
    if (status == OK) status = bind_rules(r, taken);
    if (status == OK) status = skip_columns(r, taken);
    if (status == OK) status = bind_extra(r, taken);
    if (status == OK) status = note_features(r, taken);
    free(taken);
    return status;
}

/* ---- rows ---- */

static Status split(TextReader *r, char *line, size_t length)
{
    const int n = textin_split(r->cell, r->n_column + 1, line, length, r->peek->separator);
    if (n == r->n_column || (n == r->n_column + 1 && !*header_trim(r->cell[r->n_column]))) return OK;
    if (n < 0)
        return fail(ERR_FORMAT, "%s:%d: a double quote is not closed on its line", r->in->path,
                    textin_number(r->text));
    return fail(ERR_FORMAT,
                "%s:%d: has %d cell%s, the first line has %d; the line is cut short or has another separator",
                r->in->path, textin_number(r->text), n, n == 1 ? "" : "s", r->n_column);
}

static bool holds(const void *row, int rule)
{
    const TextReader *r = row;
    return strcmp(r->cell[r->rule[rule]], header_rule(&r->in->rules->rows, rule)->value) == 0;
}

static bool is_infinite(const char *cell)
{
    static const char *const words[] = {"nan", "inf", "infinity", NULL};
    if (*cell == '-' || *cell == '+') cell++;
    for (int i = 0; words[i]; i++)
        if (strcasecmp(cell, words[i]) == 0) return true;
    return false;
}

static Status bad_number(const TextReader *r, int column, const char *cell)
{
    const char *why = !*cell                       ? "is empty"
                      : is_infinite(cell)          ? "is not a finite number"
                      : vectortext_is_number(cell) ? "is too large for single precision"
                                                   : "is not a number";
    return fail(ERR_FORMAT, "%s:%d: column '%s': '%.40s' %s; mend it, or leave the column out with --skip=%s",
                r->in->path, textin_number(r->text), r->header.name[column], cell, why, r->header.name[column]);
}

static Status read_bag(int *bag, const TextReader *r)
{
    const VectorLayout *l = r->layout;
    char number[32];
    const int before = r->in->spool->keys.n, line = textin_number(r->text);
    const char *key = l->bag >= 0 ? r->cell[l->bag] : l->key,
               *label = l->label >= 0 ? r->cell[l->label] : l->key_label;
    if (!key) {
        snprintf(number, sizeof number, "%d", before + 1);
        key = number;
    }
    TRY(vectorintake_bag(bag, r->in, key, label, l->key ? l->line : line));
    if (!l->one_row || r->in->join || *bag == before) return OK;
    return fail(ERR_FORMAT,
                "%s:%d: bag '%s' stands in line %d already; a row is a bag here, so leave out --format=table if "
                "rows are instances",
                r->in->path, line, key, r->in->bag[*bag].line);
}

static Status read_extra(const TextReader *r, int bag)
{
    for (int c = 0; c < r->in->extra.n; c++) {
        if (r->in->join && r->in->file > 0) return OK;
        const Status status = vectorextra_set(&r->in->extra, bag, c, r->cell[r->extra[c]]);
        if (status != OK)
            return fail_at(status, "%s:%d: bag '%s'", r->in->path, textin_number(r->text),
                           r->in->spool->keys.text[bag]);
    }
    return OK;
}

/* A decimal comma, where commas do not part cells. */
static bool read_comma(double *value, TextReader *r, int column, const char *cell)
{
    char text[64];
    const size_t n = strlen(cell);
    const char *comma = strchr(cell, ',');
    if (r->peek->separator == ',' || !comma || strpbrk(comma + 1, ",.") || n >= sizeof text) return false;
    memcpy(text, cell, n + 1);
    text[comma - cell] = '.';
    if (!number_read(value, text)) return false;
    if (!r->comma)
        log_warn("%s:%d: column '%s': '%s' is read as %s; commas in numbers are taken for decimal points",
                 r->in->path, textin_number(r->text), r->header.name[column], cell, text);
    r->comma = true;
    return true;
}

static Status read_row(TextReader *r)
{
    int bag;
    for (int c = 0; c < r->n_column; c++) r->cell[c] = header_trim(r->cell[c]);
    r->in->n_row++;
    if (!header_keeps(&r->in->rules->rows, r->rule, holds, r)) {
        r->in->n_filtered++;
        return OK;
    }
    TRY(read_bag(&bag, r));
    if (r->layout->header && !r->layout->key) TRY(read_extra(r, bag));
    for (int f = 0; f < r->n_feat; f++) {
        double value;
        const char *cell = r->cell[r->feature[f]];
        const bool known = number_read(&value, cell) || read_comma(&value, r, r->feature[f], cell);
        if (!known || fabs(value) > FLT_MAX) return bad_number(r, r->feature[f], cell);
        r->x[r->place[f]] = (float)value;
    }
    return vectorspool_dense(r->in->spool, bag, r->x, r->n_feat);
}

static Status read_rows(TextReader *r)
{
    char *line;
    size_t length;
    for (bool first = true;;) {
        TRY(textin_line(r->text, &line, &length));
        if (!line) return OK;
        if (length == 0) continue;
        if (!first || !r->layout->header) {
            TRY(split(r, line, length));
            TRY(read_row(r));
        }
        first = false;
    }
}

Status vectortext_read(VectorIntake *in, const VectorPeek *peek, const VectorLayout *layout)
{
    TextReader r = {.in = in, .peek = peek, .layout = layout};
    assert(peek->text);
    r.text = peek->in;
    Status status = bind(&r);
    if (status == OK) status = textin_rewind(r.text);
    if (status == OK) status = read_rows(&r);
    if (!layout->header) free(r.header.name);
    free(r.number);
    free(r.feature);
    free(r.place);
    free(r.rule);
    free(r.extra);
    free(r.cell);
    free(r.x);
    return status;
}

Status vectortext_nameless(VectorIntake *in, const VectorPeek *peek, VectorLayout layout)
{
    if (in->rules->bag || (in->rules->label && !vectorintake_unlabelled(in)))
        return fail(ERR_USAGE, "%s: --bag and --label name columns, and this format has no names", peek->path);
    if (in->rules->n_labels > 0)
        return fail(ERR_USAGE, "%s: --labels names columns, and this format has no names", peek->path);
    if (vectorintake_unlabelled(in)) {
        layout.skip_too = layout.label;
        layout.label = -1;
    }
    TRY(vectorintake_source(in, peek->path));
    return vectortext_read(in, peek, &layout);
}
