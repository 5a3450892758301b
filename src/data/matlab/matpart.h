/* SPDX-License-Identifier: MIT
 *
 * matpart.h: what is in a MATLAB file: matrices, texts, cells, fields. All are borrowed from the file. Built only where
 * matio is there.
 */
#ifndef HOPSACK_MATPART_H
#define HOPSACK_MATPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct matvar_t MatPart; /* a variable, a cell, a field */

bool matpart_is_matrix(const MatPart *part); /* numbers, dense, two dimensions */
bool matpart_is_sparse(const MatPart *part); /* numbers, sparse; its lists are sound */
bool matpart_is_text(const MatPart *part);   /* a matrix of characters */
bool matpart_is_cell(const MatPart *part);   /* a matrix of cells */
int64_t matpart_rows(const MatPart *part);
int64_t matpart_columns(const MatPart *part);
double matpart_number(const MatPart *part, int64_t i); /* of a dense matrix, column-major */
/* Numbers of a sparse matrix: those of column c are column_at[c] … column_at[c + 1] - 1. */
const uint32_t *matpart_column_at(const MatPart *part); /* [columns + 1] */
const uint32_t *matpart_row_of(const MatPart *part);    /* [column_at[columns]] ascending within a column */
double matpart_value(const MatPart *part, int64_t k);
char *matpart_text(const MatPart *part,
                   int64_t row); /* a row, without blanks at its end; caller frees; NULL: no memory */
MatPart *matpart_cell(const MatPart *part, int64_t row, int64_t column); /* NULL: empty */
MatPart *matpart_field(const MatPart *part, const char *name);           /* of a struct; NULL: none */

#endif
