/* SPDX-License-Identifier: MIT
 *
 * matrows.h: matrices of a MATLAB file, dense or sparse, row by row into an intake.
 */
#ifndef HOPSACK_MATROWS_H
#define HOPSACK_MATROWS_H

#include "data/matlab/matfile.h"
#include "data/vectors/vectorintake.h"

typedef struct {
    VectorIntake *in;
    const MatPart *part;
    const char *name; /* for messages */
    int64_t n;
    int n_feat;
    int64_t *first;   /* [n + 1] sparse: numbers of row i are first[i] … first[i + 1] - 1 */
    int32_t *feature; /* [first[n]] */
    float *value;     /* [first[n]], sparse; dense: [n_feat] of one row */
} MatRows;

/* Opens the file for the intake, which may name no columns, reads it by `read`, and closes it. */
Status matrows_file(VectorIntake *in, const char *path, Status (*read)(VectorIntake *in, MatFile *file));

Status matrows_open(MatRows *rows, VectorIntake *in, const MatPart *part, const char *name);
Status matrows_add(MatRows *rows, int bag, int64_t i); /* row i is an instance of the bag */
void matrows_free(MatRows *rows);

/* A row or column of n numbers, dense or sparse; caller frees. */
Status matrows_vector(double **out, const VectorIntake *in, const MatPart *part, const char *name, int64_t n);

#endif
