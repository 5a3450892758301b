/* SPDX-License-Identifier: MIT */
#include "data/matlab/matrows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Status no_memory(const VectorIntake *in, const char *name)
{
    return fail(ERR_MEMORY, "%s: no memory for %s", in->path, name);
}

static Status no_matrix(const VectorIntake *in, const char *name)
{
    return fail(ERR_FORMAT, "%s: %s is no sound matrix of real numbers", in->path, name);
}

static Status check_number(const MatRows *m, int64_t row, int64_t column, double value)
{
    if (fabs(value) <= FLT_MAX) return OK;
    return fail(ERR_FORMAT, "%s: %s(%lld, %lld) is not a finite number in single precision; mend it", m->in->path,
                m->name, (long long)row + 1, (long long)column + 1);
}

/* The lists of columns as lists of rows, zeros left out. */
static Status turn(MatRows *m)
{
    const uint32_t *column_at = matpart_column_at(m->part), *row_of = matpart_row_of(m->part);
    const uint32_t total = column_at[m->n_feat];
    m->first = calloc((size_t)m->n + 2, sizeof *m->first);
    m->feature = malloc(((size_t)total + 1) * sizeof *m->feature);
    m->value = malloc(((size_t)total + 1) * sizeof *m->value);
    if (!m->first || !m->feature || !m->value) return no_memory(m->in, m->name);
    for (uint32_t k = 0; k < total; k++) m->first[row_of[k] + 2] += (float)matpart_value(m->part, k) != 0;
    for (int64_t i = 0; i < m->n; i++) m->first[i + 2] += m->first[i + 1];
    for (int c = 0; c < m->n_feat; c++)
        for (uint32_t k = column_at[c]; k < column_at[c + 1]; k++) {
            const double value = matpart_value(m->part, k);
            TRY(check_number(m, row_of[k], c, value));
            if ((float)value == 0) continue;
            const int64_t to = m->first[row_of[k] + 1]++; /* walks to the row's end */
            m->feature[to] = c;
            m->value[to] = (float)value;
        }
    return OK;
}

Status matrows_open(MatRows *m, VectorIntake *in, const MatPart *part, const char *name)
{
    *m = (MatRows){.in = in, .part = part, .name = name};
    const bool sparse = matpart_is_sparse(part);
    if (!sparse && !matpart_is_matrix(part)) return no_matrix(in, name);
    m->n = matpart_rows(part);
    if (matpart_columns(part) > VECTORSPOOL_FEATURES) return no_matrix(in, name);
    m->n_feat = (int)matpart_columns(part);
    TRY(vectorintake_width(in, m->n_feat));
    if (in->spool->n_feat < m->n_feat) in->spool->n_feat = m->n_feat;
    if (sparse) return turn(m);
    m->value = malloc(((size_t)m->n_feat + 1) * sizeof *m->value);
    return m->value ? OK : no_memory(in, name);
}

Status matrows_add(MatRows *m, int bag, int64_t i)
{
    m->in->n_row++;
    if (m->first) {
        const int64_t at = m->first[i];
        return vectorspool_sparse(m->in->spool, bag, m->feature + at, m->value + at, (int)(m->first[i + 1] - at));
    }
    for (int f = 0; f < m->n_feat; f++) {
        const double value = matpart_number(m->part, i + f * m->n);
        TRY(check_number(m, i, f, value));
        m->value[f] = (float)value;
    }
    return vectorspool_dense(m->in->spool, bag, m->value, m->n_feat);
}

void matrows_free(MatRows *m)
{
    free(m->first);
    free(m->feature);
    free(m->value);
    *m = (MatRows){0};
}

Status matrows_vector(double **out, const VectorIntake *in, const MatPart *part, const char *name, int64_t n)
{
    *out = NULL;
    const bool sparse = matpart_is_sparse(part);
    if (!sparse && !matpart_is_matrix(part)) return no_matrix(in, name);
    const int64_t rows = matpart_rows(part), columns = matpart_columns(part);
    if (rows * columns != n || (rows != 1 && columns != 1))
        return fail(ERR_FORMAT, "%s: %s is %lld x %lld, but there are %lld instances", in->path, name,
                    (long long)rows, (long long)columns, (long long)n);
    *out = calloc((size_t)n + 1, sizeof **out);
    if (!*out) return no_memory(in, name);
    for (int64_t i = 0; !sparse && i < n; i++) (*out)[i] = matpart_number(part, i);
    for (int64_t c = 0; sparse && c < columns; c++)
        for (uint32_t k = matpart_column_at(part)[c]; k < matpart_column_at(part)[c + 1]; k++)
            (*out)[columns == 1 ? matpart_row_of(part)[k] : c] = matpart_value(part, k);
    return OK;
}

Status matrows_file(VectorIntake *in, const char *path, Status (*read)(VectorIntake *in, MatFile *file))
{
    MatFile *file;
    TRY(vectorintake_source(in, path));
    TRY(vectorintake_no_columns(in));
    TRY(matfile_open(&file, path));
    const Status status = read(in, file);
    matfile_close(file);
    return status;
}
