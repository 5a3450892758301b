/* SPDX-License-Identifier: MIT
 *
 * Andrews' MATLAB files (Tiger, Elephant, Fox, Musk, TST; the Hopfield pooling papers read them): bag_ids [1, n], labels
 * [1, n] of -1 and 1, the bag's on every instance, features [n, k], the last two mostly sparse.
 */
#include "core/number.h"
#include "data/matlab/matrows.h"
#include "data/vectors/vectorformat.h"

#include <stdlib.h>

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    MatFile *file;
    (void)rules;
    if (!peek->matlab || matfile_open(&file, peek->path) != OK) return false;
    const bool found = matfile_has(file, "bag_ids") && matfile_has(file, "features");
    matfile_close(file);
    return found;
}

static Status add_rows(VectorIntake *in, MatRows *rows, const double *bag, const double *label)
{
    for (int64_t i = 0; i < rows->n; i++) {
        char key[NUMBER_ROOM], text[NUMBER_ROOM];
        int number;
        TRY(vectorintake_bag(&number, in, number_text(key, bag[i]), label ? number_text(text, label[i]) : NULL, 0));
        TRY(matrows_add(rows, number, i));
    }
    return OK;
}

static Status read_variables(VectorIntake *in, MatFile *file)
{
    MatPart *features, *bags, *labels = NULL;
    MatRows rows = {0};
    double *bag = NULL, *label = NULL;
    Status status;
    TRY(matfile_need(&features, file, "features"));
    TRY(matfile_need(&bags, file, "bag_ids"));
    if (!vectorintake_unlabelled(in)) TRY(matfile_need(&labels, file, "labels"));
    TRY_DONE(matrows_open(&rows, in, features, "features"));
    TRY_DONE(matrows_vector(&bag, in, bags, "bag_ids", rows.n));
    if (labels) TRY_DONE(matrows_vector(&label, in, labels, "labels", rows.n));
    status = add_rows(in, &rows, bag, label);
done:
    free(bag);
    free(label);
    matrows_free(&rows);
    return status;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    return matrows_file(in, peek->path, read_variables);
}

const VectorFormat vectorformat_andrews = {
    .name = "andrews", .line = "Andrews .mat: bag_ids, labels, features", .recognise = recognise, .read = read_file};
