/* SPDX-License-Identifier: MIT
 *
 * A folder of three files (MIProblems): data.csv with a line a feature or a line an instance, bagids.csv and labels.csv with
 * one value a line, for each instance; labels.csv may have one for each bag.
 */
#include "core/log.h"
#include "core/number.h"
#include "data/vectors/bagfolder.h"
#include "data/vectors/vectortext.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const file_name[] = {"data.csv", "bagids.csv", "labels.csv"};
enum { DATA, BAGS, LABELS, N_FILE };

/* Lines that are not empty, trimmed. */
typedef struct {
    char path[PATH_ROOM];
    int n, room;
    char **text; /* [n] */
} Lines;

typedef struct {
    VectorIntake *in;
    Lines bags, labels;
    char path[PATH_ROOM]; /* of the data */
    TextIn *text;
    char separator;
    int n_line, n_cell; /* of the data */
    char **cell;        /* [n_cell + 1] */
    bool by_bag;        /* a label for each bag */
    int n_bag;          /* met */
} Triple;

/* ---- files ---- */

static bool find(char path[PATH_ROOM], const char *folder, int file)
{
    static const char *const end[] = {"", ".gz"};
    for (int k = 0; k < 2; k++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s", file_name[file], end[k]);
        if (bagfolder_has(folder, name)) return path_join(path, folder, name);
    }
    return false;
}

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    char path[PATH_ROOM];
    (void)rules;
    return peek->folder && find(path, peek->path, DATA) && find(path, peek->path, BAGS);
}

static Status add_line(Lines *l, const char *text)
{
    if (l->n == l->room) {
        const int room = l->room ? 2 * l->room : 1024;
        char **grown = realloc(l->text, (size_t)room * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "%s: no memory for its lines", l->path);
        l->text = grown;
        l->room = room;
    }
    l->text[l->n] = strdup(text);
    return l->text[l->n++] ? OK : fail(ERR_MEMORY, "%s: no memory for its lines", l->path);
}

static void lines_free(Lines *l)
{
    for (int i = 0; i < l->n; i++) free(l->text[i]);
    free(l->text);
}

static Status read_lines(Lines *l)
{
    TextIn *text;
    char *line;
    size_t length;
    TRY(textin_open(&text, l->path));
    Status status;
    for (;;) {
        TRY_DONE(textin_line(text, &line, &length));
        if (!line) break;
        if (*header_trim(line)) TRY_DONE(add_line(l, header_trim(line)));
    }
done:
    textin_close(text);
    return status;
}

/* ---- the shape ---- */

static Status measure(Triple *t)
{
    char *line;
    size_t length;
    for (;;) {
        TRY(textin_line(t->text, &line, &length));
        if (!line) break;
        if (length == 0) continue;
        if (t->n_line++ > 0) continue;
        if (!t->separator) t->separator = header_separator(line, length);
        t->n_cell = 1;
        for (size_t i = 0; i < length; i++) t->n_cell += line[i] == t->separator;
    }
    t->cell = calloc((size_t)t->n_cell + 2, sizeof *t->cell);
    if (!t->cell) return fail(ERR_MEMORY, "%s: no memory for lines of %d cells", t->path, t->n_cell);
    return textin_rewind(t->text);
}

/* *turned: a line a feature. */
static Status find_shape(bool *turned, const Triple *t)
{
    const int n = t->bags.n;
    *turned = t->n_cell == n;
    if (t->n_cell != n && t->n_line != n)
        return fail(ERR_FORMAT, "%s: has %d lines of %d numbers, but %s has %d lines, one for each instance", t->path,
                    t->n_line, t->n_cell, t->bags.path, n);
    if (t->n_cell == n && t->n_line == n)
        log_warn("%s: has as many lines as numbers in a line; a line is taken for a feature, as MIProblems writes it",
                 t->path);
    return OK;
}

static Status check_labels(Triple *t)
{
    Names ids = {0};
    int n_bag = 0;
    for (int i = 0; i < t->bags.n && n_bag >= 0; i++)
        if (names_number(&ids, t->bags.text[i], strlen(t->bags.text[i])) < 0) n_bag = -1;
    n_bag = n_bag < 0 ? -1 : ids.n;
    names_free(&ids);
    if (n_bag < 0) return fail(ERR_MEMORY, "%s: no memory for its bags", t->bags.path);
    t->by_bag = t->labels.n == n_bag && n_bag != t->bags.n;
    if (t->labels.n == 0 || t->labels.n == t->bags.n || t->by_bag) return OK;
    return fail(ERR_FORMAT, "%s: has %d labels, but there are %d instances and %d bags", t->labels.path, t->labels.n,
                t->bags.n, n_bag);
}

/* ---- numbers ---- */

/* The numbers of a line into x at distance `step`. */
static Status read_numbers(Triple *t, float *x, size_t step, char *line, size_t length)
{
    int n = textin_split(t->cell, t->n_cell + 2, line, length, t->separator);
    if (n == t->n_cell + 1 && !*header_trim(t->cell[n - 1])) n--;
    if (n != t->n_cell)
        return fail(ERR_FORMAT, "%s:%d: has %d cells, the first line has %d", t->path, textin_number(t->text), n,
                    t->n_cell);
    for (int c = 0; c < n; c++) {
        double value;
        const char *cell = header_trim(t->cell[c]);
        if (!number_read(&value, cell) || !(fabs(value) <= FLT_MAX))
            return fail(ERR_FORMAT, "%s:%d: column %d: '%.40s' is not a finite number; mend it", t->path,
                        textin_number(t->text), c + 1, cell);
        x[(size_t)c * step] = (float)value;
    }
    return OK;
}

static Status add_instance(Triple *t, int i, const float *x, int n_feat)
{
    int bag;
    VectorIntake *in = t->in;
    const int before = in->spool->keys.n;
    const char *label = NULL;
    if (t->labels.n > 0 && !vectorintake_unlabelled(in)) {
        if (t->by_bag && names_find(&in->spool->keys, t->bags.text[i], strlen(t->bags.text[i])) >= 0)
            label = in->bag[names_find(&in->spool->keys, t->bags.text[i], strlen(t->bags.text[i]))].label;
        else
            label = t->labels.text[t->by_bag ? t->n_bag : i];
    }
    TRY(vectorintake_bag(&bag, in, t->bags.text[i], label, i + 1));
    t->n_bag += in->spool->keys.n > before;
    in->n_row++;
    return vectorspool_dense(in->spool, bag, x, n_feat);
}

/* A line an instance: x [n_cell]. */
static Status read_straight(Triple *t, float *x)
{
    char *line;
    size_t length;
    for (int i = 0;;) {
        TRY(textin_line(t->text, &line, &length));
        if (!line) return OK;
        if (length == 0) continue;
        TRY(read_numbers(t, x, 1, line, length));
        TRY(add_instance(t, i++, x, t->n_cell));
    }
}

/* A line a feature: x [n_cell, n_line]. */
static Status read_turned(Triple *t, float *x)
{
    char *line;
    size_t length;
    const size_t n_feat = (size_t)t->n_line;
    for (int f = 0;;) {
        TRY(textin_line(t->text, &line, &length));
        if (!line) break;
        if (length == 0) continue;
        TRY(read_numbers(t, x + f++, n_feat, line, length));
    }
    for (int i = 0; i < t->n_cell; i++) TRY(add_instance(t, i, x + (size_t)i * n_feat, t->n_line));
    return OK;
}

static Status read_data(Triple *t)
{
    bool turned;
    TRY(textin_open(&t->text, t->path));
    TRY(measure(t));
    TRY(find_shape(&turned, t));
    TRY(check_labels(t));
    t->in->path = t->path;
    TRY(vectorintake_width(t->in, turned ? t->n_line : t->n_cell));
    float *x = calloc((size_t)t->n_cell * (turned ? (size_t)t->n_line : 1) + 1, sizeof *x);
    if (!x) return fail(ERR_MEMORY, "%s: no memory for %d × %d numbers", t->path, t->n_line, t->n_cell);
    t->in->path = t->bags.path; /* whose lines are the instances */
    const Status status = turned ? read_turned(t, x) : read_straight(t, x);
    free(x);
    return status;
}

static Status read_parts(Triple *t, const char *folder)
{
    TRY(vectorintake_no_columns(t->in));
    if (!find(t->path, folder, DATA) || !find(t->bags.path, folder, BAGS))
        return fail(ERR_FORMAT, "%s: has no %s and %s", folder, file_name[DATA], file_name[BAGS]);
    TRY(vectorintake_source(t->in, t->path));
    TRY(vectorintake_source(t->in, t->bags.path));
    TRY(read_lines(&t->bags));
    if (find(t->labels.path, folder, LABELS)) {
        TRY(vectorintake_source(t->in, t->labels.path));
        TRY(read_lines(&t->labels));
    }
    if (t->bags.n == 0) return fail(ERR_FORMAT, "%s: is empty", t->bags.path);
    return read_data(t);
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    Triple *t = calloc(1, sizeof *t);
    const char *before = in->path;
    if (!t) return fail(ERR_MEMORY, "%s: no memory to read it", peek->path);
    t->in = in;
    t->separator = in->rules->separator;
    const Status status =
        peek->folder ? read_parts(t, peek->path)
                     : fail(ERR_FORMAT, "%s: is no folder with data.csv, bagids.csv and labels.csv", peek->path);
    in->path = before;
    textin_close(t->text);
    lines_free(&t->bags);
    lines_free(&t->labels);
    free(t->cell);
    free(t);
    return status;
}

const VectorFormat vectorformat_triples = {.name = "triples",
                                           .line = "a folder of data.csv, bagids.csv and labels.csv (MIProblems)",
                                           .recognise = recognise,
                                           .read = read_file};
