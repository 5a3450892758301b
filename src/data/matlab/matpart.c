/* SPDX-License-Identifier: MIT
 *
 * What matio hands out is looked at before it is believed: dimensions, sizes of data, lists of sparse matrices.
 */
#include "data/matlab/matpart.h"

#include <matio.h>
#include <stdlib.h>
#include <string.h>

int64_t matpart_rows(const MatPart *part)
{
    return (int64_t)part->dims[0];
}
int64_t matpart_columns(const MatPart *part)
{
    return (int64_t)part->dims[1];
}

static bool has_shape(const MatPart *part)
{
    return part && part->rank == 2 && part->dims && part->dims[0] <= INT32_MAX && part->dims[1] <= INT32_MAX &&
           !part->isComplex;
}

static size_t size_of(enum matio_types type)
{
    switch (type) {
    case MAT_T_DOUBLE:
    case MAT_T_INT64:
    case MAT_T_UINT64:
        return 8;
    case MAT_T_SINGLE:
    case MAT_T_INT32:
    case MAT_T_UINT32:
        return 4;
    case MAT_T_INT16:
    case MAT_T_UINT16:
        return 2;
    case MAT_T_INT8:
    case MAT_T_UINT8:
        return 1;
    default:
        return 0;
    }
}

static double number_at(const void *data, enum matio_types type, int64_t i)
{
    switch (type) {
    case MAT_T_DOUBLE:
        return ((const double *)data)[i];
    case MAT_T_SINGLE:
        return (double)((const float *)data)[i];
    case MAT_T_INT64:
        return (double)((const int64_t *)data)[i];
    case MAT_T_UINT64:
        return (double)((const uint64_t *)data)[i];
    case MAT_T_INT32:
        return (double)((const int32_t *)data)[i];
    case MAT_T_UINT32:
        return (double)((const uint32_t *)data)[i];
    case MAT_T_INT16:
        return (double)((const int16_t *)data)[i];
    case MAT_T_UINT16:
        return (double)((const uint16_t *)data)[i];
    case MAT_T_INT8:
        return (double)((const int8_t *)data)[i];
    default:
        return (double)((const uint8_t *)data)[i];
    }
}

bool matpart_is_matrix(const MatPart *part)
{
    if (!has_shape(part) || part->class_type < MAT_C_DOUBLE || part->class_type > MAT_C_UINT64) return false;
    const size_t element = size_of(part->data_type), n = part->dims[0] * part->dims[1];
    return n == 0 || (part->data && element > 0 && part->nbytes / element >= n);
}

double matpart_number(const MatPart *part, int64_t i)
{
    return number_at(part->data, part->data_type, i);
}

static const mat_sparse_t *sparse_of(const MatPart *part)
{
    return part->data;
}

bool matpart_is_sparse(const MatPart *part)
{
    if (!has_shape(part) || part->class_type != MAT_C_SPARSE || !part->data || !size_of(part->data_type))
        return false;
    const mat_sparse_t *s = sparse_of(part);
    const size_t columns = part->dims[1];
    if (!s->jc || s->njc < columns + 1 || s->jc[0] != 0) return false;
    const uint32_t n = s->jc[columns];
    if (n > s->nir || n > s->ndata || (n > 0 && (!s->ir || !s->data))) return false;
    for (size_t c = 0; c < columns; c++) {
        if (s->jc[c + 1] < s->jc[c] || s->jc[c + 1] > n) return false;
        for (uint32_t k = s->jc[c]; k < s->jc[c + 1]; k++)
            if (s->ir[k] >= part->dims[0] || (k > s->jc[c] && s->ir[k] <= s->ir[k - 1])) return false;
    }
    return true;
}

const uint32_t *matpart_column_at(const MatPart *part)
{
    return sparse_of(part)->jc;
}
const uint32_t *matpart_row_of(const MatPart *part)
{
    return sparse_of(part)->ir;
}
double matpart_value(const MatPart *part, int64_t k)
{
    return number_at(sparse_of(part)->data, part->data_type, k);
}

bool matpart_is_text(const MatPart *part)
{
    if (!has_shape(part) || part->class_type != MAT_C_CHAR) return false;
    const size_t n = part->dims[0] * part->dims[1], element = part->data_type == MAT_T_UINT16 ? 2 : 1;
    return n == 0 || (part->data && part->nbytes / element >= n);
}

char *matpart_text(const MatPart *part, int64_t row)
{
    const int64_t rows = matpart_rows(part), columns = matpart_columns(part);
    char *text = calloc((size_t)columns + 1, 1);
    if (!text) return NULL;
    for (int64_t c = 0; c < columns; c++) {
        const int64_t i = row + c * rows;
        const unsigned letter =
            part->data_type == MAT_T_UINT16 ? ((const uint16_t *)part->data)[i] : ((const uint8_t *)part->data)[i];
        text[c] = letter < 32 ? ' ' : letter > 126 ? '?' : (char)letter;
    }
    for (int64_t n = columns; n > 0 && text[n - 1] == ' '; n--) text[n - 1] = '\0';
    return text;
}

bool matpart_is_cell(const MatPart *part)
{
    if (!has_shape(part) || part->class_type != MAT_C_CELL) return false;
    const size_t n = part->dims[0] * part->dims[1];
    return n == 0 || (part->data && part->nbytes / sizeof(matvar_t *) >= n);
}

MatPart *matpart_cell(const MatPart *part, int64_t row, int64_t column)
{
    return ((matvar_t **)part->data)[row + column * matpart_rows(part)];
}

MatPart *matpart_field(const MatPart *part, const char *name)
{
    if (!part || part->class_type != MAT_C_STRUCT || !part->data) return NULL;
    MatPart *own;
    memcpy(&own, &part, sizeof own); /* matio reads only, without saying so */
    return Mat_VarGetStructFieldByName(own, name, 0);
}
