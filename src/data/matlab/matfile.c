/* SPDX-License-Identifier: MIT
 *
 * What matio hands out is looked at before it is believed: dimensions, sizes of data, lists of sparse matrices.
 */
#include "data/matlab/matfile.h"
#include "data/matlab/matobject.h"

#include <matio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLES 64 /* of a file, that are looked at */

struct MatFile {
    const char *path;
    mat_t *mat;
    int fd; /* a copy that matio can read; -1: none */
    int n;
    char *name[VARIABLES];     /* [n] */
    matvar_t *part[VARIABLES]; /* [n] NULL: not read yet */
};

static Status no_memory(const MatFile *file)
{
    return fail(ERR_MEMORY, "%s: no memory to read it", file->path);
}

static void silent(int level, char *message)
{
    (void)level;
    (void)message;
}

/* ---- the file ---- */

/* *object: some variable is one. */
static Status list_variables(MatFile *file, bool *object)
{
    *object = false;
    for (matvar_t *v; file->n < VARIABLES && (v = Mat_VarReadNextInfo(file->mat));) {
        if (v->class_type == MAT_C_OBJECT) *object = true;
        file->name[file->n] = strdup(v->name ? v->name : "");
        Mat_VarFree(v);
        if (!file->name[file->n++]) return no_memory(file);
    }
    Mat_Rewind(file->mat);
    return OK;
}

static void forget(MatFile *file)
{
    for (int i = 0; i < file->n; i++) {
        free(file->name[i]);
        if (file->part[i]) Mat_VarFree(file->part[i]);
        file->part[i] = NULL;
    }
    file->n = 0;
    if (file->mat) Mat_Close(file->mat);
    file->mat = NULL;
}

static Status open_mat(MatFile *file, const char *as, bool *object)
{
    file->mat = Mat_Open(as, MAT_ACC_RDONLY);
    if (file->mat) return list_variables(file, object);
    return fail(ERR_FORMAT, "%s: cannot be opened as a MATLAB file; is it damaged?", file->path);
}

static Status open_parts(MatFile *file)
{
    bool object;
    char as[64];
    Mat_LogInitFunc("hopsack", silent);
    TRY(open_mat(file, file->path, &object));
    if (!object) return OK;
    forget(file);
    TRY(matobject_as_struct(&file->fd, file->path));
    snprintf(as, sizeof as, "/proc/self/fd/%d", file->fd);
    return open_mat(file, as, &object);
}

Status matfile_open(MatFile **out, const char *path)
{
    MatFile *file = calloc(1, sizeof *file);
    *out = NULL;
    if (!file) return fail(ERR_MEMORY, "%s: no memory to read it", path);
    file->path = path;
    file->fd = -1;
    const Status status = open_parts(file);
    if (status != OK)
        matfile_close(file);
    else
        *out = file;
    return status;
}

void matfile_close(MatFile *file)
{
    if (!file) return;
    forget(file);
    if (file->fd >= 0) close(file->fd);
    free(file);
}

const char *matfile_path(const MatFile *file)
{
    return file->path;
}

static int place_of(const MatFile *file, const char *name)
{
    for (int i = 0; i < file->n; i++)
        if (strcmp(file->name[i], name) == 0) return i;
    return -1;
}

bool matfile_has(MatFile *file, const char *name)
{
    return place_of(file, name) >= 0;
}

Status matfile_find(MatPart **out, MatFile *file, const char *name)
{
    const int i = place_of(file, name);
    *out = NULL;
    if (i < 0) return OK;
    if (!file->part[i]) file->part[i] = Mat_VarRead(file->mat, name);
    if (!file->part[i])
        return fail(ERR_FORMAT, "%s: variable '%s' cannot be read; is the file damaged?", file->path, name);
    *out = file->part[i];
    return OK;
}

Status matfile_visit(MatFile *file)
{
    for (int i = 0; i < file->n; i++) {
        MatPart *unused;
        TRY(matfile_find(&unused, file, file->name[i]));
    }
    return OK;
}

Status matfile_need(MatPart **out, MatFile *file, const char *name)
{
    char list[400] = "none";
    size_t at = 0;
    TRY(matfile_find(out, file, name));
    if (*out) return OK;
    for (int i = 0; i < file->n && at + 80 < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%.60s", i ? ", " : "", file->name[i]);
    return fail(ERR_FORMAT, "%s: has no variable '%s'; its variables are: %s", file->path, name, list);
}

/* ---- parts ---- */

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
