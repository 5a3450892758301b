/* SPDX-License-Identifier: MIT
 *
 * PRTools' datasets as the MIL toolbox and MIProblems store them: an object or struct `x` with data [n, k], nlab [n, 1]
 * (0: none), lablist (names of the labels: rows of text, or a cell whose first is that), and ident.milbag: numbers, or
 * names as rows of text. The labels positive and negative become 1 and 0.
 */
#include "core/number.h"
#include "data/matlab/matrows.h"
#include "data/vectors/vectorformat.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    VectorIntake *in;
    MatRows rows;
    double *bag; /* [n] or */
    const MatPart *bag_names;
    double *label;              /* [n] numbers into label_names from 1, or labels; NULL: none */
    const MatPart *label_names; /* NULL: the numbers are the labels */
} PrtoolsDataset;

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    MatFile *file;
    (void)rules;
    if (!peek->matlab || matfile_open(&file, peek->path) != OK) return false;
    MatPart *x = NULL;
    const bool found = matfile_has(file, "x") && matfile_find(&x, file, "x") == OK && matpart_field(x, "nlab");
    matfile_close(file);
    return found;
}

static const MatPart *names_of(const MatPart *list)
{
    if (matpart_is_text(list)) return list;
    if (!matpart_is_cell(list) || matpart_rows(list) < 1 || matpart_columns(list) < 1) return NULL;
    const MatPart *first = matpart_cell(list, 0, 0);
    return matpart_is_text(first) ? first : NULL;
}

static Status bind(PrtoolsDataset *d, const MatPart *x)
{
    const MatPart *bags = matpart_field(matpart_field(x, "ident"), "milbag");
    if (!bags)
        return fail(ERR_FORMAT,
                    "%s: x.ident.milbag, the bag of each instance, is missing; this is no dataset of bags",
                    d->in->path);
    TRY(matrows_open(&d->rows, d->in, matpart_field(x, "data"), "x.data"));
    if (matpart_is_text(bags) && matpart_rows(bags) == d->rows.n)
        d->bag_names = bags;
    else
        TRY(matrows_vector(&d->bag, d->in, bags, "x.ident.milbag", d->rows.n));
    if (vectorintake_unlabelled(d->in)) return OK;
    d->label_names = names_of(matpart_field(x, "lablist"));
    return matrows_vector(&d->label, d->in, matpart_field(x, "nlab"), "x.nlab", d->rows.n);
}

static Status name_label(char **out, const PrtoolsDataset *d, int64_t i)
{
    const double label = d->label ? d->label[i] : 0;
    char text[NUMBER_ROOM];
    *out = NULL;
    if (!d->label || (d->label_names && label == 0)) return OK;
    if (!d->label_names)
        *out = strdup(number_text(text, label));
    else if (label >= 1 && label <= (double)matpart_rows(d->label_names))
        *out = matpart_text(d->label_names, (int64_t)label - 1);
    else
        return fail(ERR_FORMAT, "%s: x.nlab(%lld) is %g, but x.lablist has %lld names", d->in->path, (long long)i + 1,
                    label, (long long)matpart_rows(d->label_names));
    if (!*out) return fail(ERR_MEMORY, "%s: no memory for its labels", d->in->path);
    if (strcmp(*out, "positive") == 0 || strcmp(*out, "negative") == 0) strcpy(*out, **out == 'p' ? "1" : "0");
    return OK;
}

static Status add_row(PrtoolsDataset *d, int64_t i)
{
    char number[NUMBER_ROOM], *label;
    int bag;
    char *name = d->bag_names ? matpart_text(d->bag_names, i) : strdup(number_text(number, d->bag[i]));
    if (!name) return fail(ERR_MEMORY, "%s: no memory for its bags", d->in->path);
    Status status = name_label(&label, d, i);
    if (status == OK) status = vectorintake_bag(&bag, d->in, name, label, 0);
    if (status == OK) status = matrows_add(&d->rows, bag, i);
    free(name);
    free(label);
    return status;
}

static Status read_dataset(VectorIntake *in, MatFile *file)
{
    MatPart *x;
    PrtoolsDataset d = {.in = in};
    TRY(matfile_need(&x, file, "x"));
    Status status = bind(&d, x);
    for (int64_t i = 0; i < d.rows.n && status == OK; i++) status = add_row(&d, i);
    matrows_free(&d.rows);
    free(d.bag);
    free(d.label);
    return status;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    return matrows_file(in, peek->path, read_dataset);
}

const VectorFormat vectorformat_prtools = {.name = "prtools",
                                           .line = "PRTools .mat, as of MIProblems: x with data, nlab, ident.milbag",
                                           .recognise = recognise,
                                           .read = read_file};
