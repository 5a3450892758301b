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

static void release(MatFile *file)
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
    release(file);
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
    release(file);
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
