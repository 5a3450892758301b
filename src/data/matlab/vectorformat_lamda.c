/* SPDX-License-Identifier: MIT
 *
 * LAMDA's MATLAB files (miFV, miGraph): a cell `data` with a bag a row: instances [n, k], the bag's label, and what else
 * there may be, which is not looked at. Bags are numbered from 1.
 */
#include "core/number.h"
#include "data/matlab/matrows.h"
#include "data/vectors/vectorformat.h"

#include <stdio.h>

static Status find_cell(MatPart **out, MatFile *file)
{
    TRY(matfile_need(out, file, "data"));
    if (matpart_is_cell(*out) && matpart_columns(*out) >= 2) return OK;
    return fail(ERR_FORMAT, "%s: data is no cell with instances and label of a bag in each row", matfile_path(file));
}

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    MatFile *file;
    MatPart *cell;
    (void)rules;
    if (!peek->matlab || matfile_open(&file, peek->path) != OK) return false;
    const bool found = matfile_has(file, "data") && find_cell(&cell, file) == OK;
    matfile_close(file);
    return found;
}

static Status read_label(char text[NUMBER_ROOM], const VectorIntake *in, const MatPart *part, int64_t bag)
{
    if (!part || !matpart_is_matrix(part) || matpart_rows(part) != 1 || matpart_columns(part) != 1)
        return fail(ERR_FORMAT, "%s: data{%lld, 2} is not one number, the label of the bag", in->path,
                    (long long)bag + 1);
    number_text(text, matpart_number(part, 0));
    return OK;
}

static Status read_bag(VectorIntake *in, const MatPart *cell, int64_t row)
{
    char key[32], label[NUMBER_ROOM], name[48];
    int bag;
    MatRows rows;
    const bool labelled = !vectorintake_unlabelled(in);
    snprintf(key, sizeof key, "%lld", (long long)row + 1);
    snprintf(name, sizeof name, "data{%lld, 1}", (long long)row + 1);
    if (labelled) TRY(read_label(label, in, matpart_cell(cell, row, 1), row));
    TRY(vectorintake_bag(&bag, in, key, labelled ? label : NULL, 0));
    Status status = matrows_open(&rows, in, matpart_cell(cell, row, 0), name);
    if (status == OK && rows.n == 0) status = fail(ERR_FORMAT, "%s: %s has no instances", in->path, name);
    for (int64_t i = 0; i < rows.n && status == OK; i++) status = matrows_add(&rows, bag, i);
    matrows_free(&rows);
    return status;
}

static Status read_bags(VectorIntake *in, MatFile *file)
{
    MatPart *cell;
    TRY(find_cell(&cell, file));
    for (int64_t b = 0; b < matpart_rows(cell); b++) TRY(read_bag(in, cell, b));
    return OK;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    return matrows_file(in, peek->path, read_bags);
}

const VectorFormat vectorformat_lamda = {.name = "lamda",
                                         .line = "LAMDA .mat: a cell data with instances and label a bag",
                                         .recognise = recognise,
                                         .read = read_file};
