/* SPDX-License-Identifier: MIT */
#include "data/sequences/importgenes.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the names of genes");
}

/* Numbers of the dataset's names for a repertoire's genes. */
static Status number_genes(int16_t *to, const int *from, int n, const Names *own, Names *all, int *map)
{
    for (int k = 0; k < own->n; k++) map[k] = -2; /* not met yet */
    for (int i = 0; i < n; i++) {
        to[i] = -1;
        if (from[i] < 0) continue;
        int *number = &map[from[i]];
        if (*number == -2) *number = names_number(all, own->text[from[i]], strlen(own->text[from[i]]));
        if (*number == -1) return no_memory();
        if (*number < INT16_MAX) to[i] = (int16_t)*number;
    }
    return OK;
}

static Status make_room(ImportGenes *g, size_t n)
{
    if (n <= g->room) return OK;
    free(g->number);
    g->number = malloc(n * sizeof *g->number);
    g->room = g->number ? n : 0;
    return g->number ? OK : no_memory();
}

Status importgenes_add(ImportGenes *genes, BagWriter *writer, const char *key, const Intake *in, const Gather *rows)
{
    const int64_t *count = rows->by.count;
    BagWriterRows out = {.codes = rows->codes, .len = rows->len, .count = count, .n = rows->n};
    if (!in->genes) return bagwriter_add(writer, key, &out);
    const size_t most = (size_t)(in->v.n > in->j.n ? in->v.n : in->j.n);
    TRY(make_room(genes, 2 * (size_t)rows->n));
    int *map = malloc((most + 1) * sizeof *map);
    int16_t *v = genes->number, *j = genes->number + rows->n;
    Status status = map ? OK : no_memory();
    if (status == OK) status = number_genes(v, rows->by.v, rows->n, &in->v, &genes->v, map);
    if (status == OK) status = number_genes(j, rows->by.j, rows->n, &in->j, &genes->j, map);
    out.v = v;
    out.j = j;
    if (status == OK) status = bagwriter_add(writer, key, &out);
    free(map);
    genes->used = true;
    return status;
}

/* A list of no names is not written by HDF5, so it has an empty one. */
Status importgenes_finish(const ImportGenes *genes, BagWriter *writer)
{
    static const char *const none[] = {""};
    const Names *v = &genes->v, *j = &genes->j;
    const int n_v = v->n < INT16_MAX ? v->n : INT16_MAX, n_j = j->n < INT16_MAX ? j->n : INT16_MAX;
    if (!genes->used) return OK;
    return bagwriter_genes(writer, n_v ? (const char *const *)v->text : none, n_v ? n_v : 1,
                           n_j ? (const char *const *)j->text : none, n_j ? n_j : 1);
}

void importgenes_warn(const ImportGenes *genes)
{
    if (genes->v.n > INT16_MAX || genes->j.n > INT16_MAX)
        log_warn("there are more than %d different names of V or J genes; those met later are left out", INT16_MAX);
}

void importgenes_free(ImportGenes *genes)
{
    free(genes->number);
    names_free(&genes->v);
    names_free(&genes->j);
}
