/* SPDX-License-Identifier: MIT
 *
 * Andrews' .svm files (Tiger, Elephant, Fox, Musk, TST; DSMIL reads them too): a first line that every reader skips, then
 * "instance:bag:label feature:value …" with features from 1. Features go by their numbers: what is not there is 0.
 */
#include "core/number.h"
#include "data/text/textin.h"
#include "data/vectors/vectorformat.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    VectorIntake *in;
    TextIn *text;
    int n, room;      /* numbers of the row */
    int32_t *feature; /* [room] */
    float *value;     /* [room] */
} SvmReader;

/* Does the line begin with a word of three parts, two colons between them, of which the last is a number? */
static bool is_row(const char *line)
{
    char label[32];
    double unused;
    line += strspn(line, " \t");
    const size_t n = strcspn(line, " \t");
    const char *first = memchr(line, ':', n), *end = line + n;
    const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
    if (!second || second == first + 1 || memchr(second + 1, ':', (size_t)(end - second - 1))) return false;
    if ((size_t)(end - second) > sizeof label) return false;
    snprintf(label, sizeof label, "%.*s", (int)(end - second - 1), second + 1);
    return number_read(&unused, label);
}

/* Does any word of the line look like feature:number? Then it may be an instance. */
static bool has_numbers(const char *line)
{
    for (const char *colon = strchr(line, ':'); colon; colon = strchr(colon + 1, ':'))
        if (colon > line && strchr("0123456789", colon[-1]) && colon[1] && strchr("-+.0123456789", colon[1]))
            return true;
    return false;
}

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    (void)rules;
    return peek->line[0] && (is_row(peek->line[0]) || (peek->line[1] && is_row(peek->line[1])));
}

/* ---- rows ---- */

static Status bad(const SvmReader *r, const char *token, const char *why)
{
    return fail(ERR_FORMAT, "%s:%d: '%.40s' %s", r->in->path, textin_number(r->text), token, why);
}

static Status add_number(SvmReader *r, int feature, float value)
{
    if (r->n == r->room) {
        const int room = r->room ? 2 * r->room : 256;
        int32_t *grown = realloc(r->feature, (size_t)room * sizeof *grown);
        if (grown) r->feature = grown;
        float *more = grown ? realloc(r->value, (size_t)room * sizeof *more) : NULL;
        if (!more) return fail(ERR_MEMORY, "%s: no memory for a row this long", r->in->path);
        r->value = more;
        r->room = room;
    }
    r->feature[r->n] = feature;
    r->value[r->n++] = value;
    return OK;
}

static Status check_feature(const SvmReader *r, const char *token, int64_t feature, int64_t before)
{
    const int wanted = r->in->rules->n_feat;
    if (feature < 1 || feature > VECTORSPOOL_FEATURES) return bad(r, token, "is no feature; the first is number 1");
    if (feature <= before) return bad(r, token, "stands behind a feature of that or a higher number");
    if (wanted == 0 || feature <= wanted) return OK;
    return fail(ERR_FORMAT,
                "%s:%d: feature %lld, but --n-features=%d are expected; what is too much may be a label or a bag "
                "number, which would give the answer away",
                r->in->path, textin_number(r->text), (long long)feature, wanted);
}

static Status read_number(SvmReader *r, char *token, int64_t *before)
{
    int64_t feature;
    double value;
    char *colon = strchr(token, ':');
    if (colon) *colon = '\0';
    const bool known = colon && number_read_int(&feature, token) && number_read(&value, colon + 1);
    if (colon) *colon = ':';
    if (!known) return bad(r, token, "is not feature:number");
    if (fabs(value) > FLT_MAX) return bad(r, token, "is too large for single precision");
    TRY(check_feature(r, token, feature, *before));
    *before = feature;
    return (float)value == 0 ? OK : add_number(r, (int)feature - 1, (float)value);
}

/* "instance:bag:label" */
static Status read_head(int *bag, SvmReader *r, char *token)
{
    if (!is_row(token)) return bad(r, token, "is not instance:bag:label");
    char *key = strchr(token, ':') + 1, *label = strchr(key, ':') + 1;
    label[-1] = '\0';
    return vectorintake_bag(bag, r->in, key, vectorintake_unlabelled(r->in) ? NULL : label, textin_number(r->text));
}

static Status read_row(SvmReader *r, char *line)
{
    int bag;
    int64_t before = 0;
    char *rest, *token = strtok_r(line, " \t", &rest);
    if (!token) return OK;
    r->n = 0;
    r->in->n_row++;
    TRY(read_head(&bag, r, token));
    while ((token = strtok_r(NULL, " \t", &rest)) && *token != '#') TRY(read_number(r, token, &before));
    if (r->in->spool->n_feat < before) r->in->spool->n_feat = (int)before;
    return vectorspool_sparse(r->in->spool, bag, r->feature, r->value, r->n);
}

/* Every loader skips a first line that is no row; one that may hold an instance must not get lost. */
static Status check_title(const SvmReader *r, const char *line)
{
    if (*line == '#' || !has_numbers(line)) return OK;
    return fail(ERR_FORMAT,
                "%s:1: '%.40s' is neither a title nor instance:bag:label feature:number …, with the label a "
                "number; mend the line, or put a # before it",
                r->in->path, line);
}

static Status read_rows(SvmReader *r)
{
    char *line;
    size_t length;
    for (;;) {
        TRY(textin_line(r->text, &line, &length));
        if (!line) return OK;
        if (textin_number(r->text) == 1 && !is_row(line)) {
            TRY(check_title(r, line));
            continue;
        }
        TRY(read_row(r, line));
    }
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    SvmReader r = {.in = in, .text = peek->in};
    if (!peek->in)
        return fail(peek->folder ? ERR_IO : ERR_FORMAT, "%s: is a %s, a text file is expected here", peek->path,
                    peek->folder ? "folder" : "MATLAB file");
    TRY(vectorintake_no_columns(in));
    TRY(vectorintake_source(in, peek->path));
    Status status = textin_rewind(r.text);
    if (status == OK) status = read_rows(&r);
    if (status == OK && in->spool->n_feat < in->rules->n_feat) in->spool->n_feat = in->rules->n_feat;
    free(r.feature);
    free(r.value);
    return status;
}

const VectorFormat vectorformat_svm = {.name = "svm",
                                       .line = "Andrews .svm: instance:bag:label feature:value …, sparse",
                                       .recognise = recognise,
                                       .read = read_file};
