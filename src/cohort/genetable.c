/* SPDX-License-Identifier: MIT */
#include "cohort/genetable.h"
#include "cohort/genename.h"
#include "core/log.h"
#include "core/number.h"
#include "data/bagfile/bagaudit.h"
#include "data/text/names.h"

#include <stdlib.h>
#include <string.h>

#define GENES_MOST 32766 /* numbers of a gene are int16_t */

static const char *const key_of[2] = {"V", "J"};

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the genes (model.embedder.genes)");
}

/* ---- the list ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static Status name_genes(Names *names, const BagFile *file, int gene)
{
    for (int k = 0; k < bagaudit_n_gene(file, gene); k++) {
        char plain[GENENAME_ROOM];
        genename_plain(plain, bagaudit_gene(file, gene, k));
        if (*plain && names_number(names, plain, strlen(plain)) < 0) return no_memory();
    }
    return OK;
}

static json_t *sorted(const Names *names)
{
    json_t *list = json_array();
    const char **text = malloc(((size_t)names->n + 1) * sizeof *text);
    for (int k = 0; text && k < names->n; k++) text[k] = names->text[k];
    if (text) qsort((void *)text, (size_t)names->n, sizeof *text, by_text);
    for (int k = 0; text && k < names->n; k++)
        if (json_array_append_new(list, json_string(text[k])) != 0) break;
    const bool whole = list && text && json_array_size(list) == (size_t)names->n;
    free((void *)text);
    if (whole) return list;
    json_decref(list);
    return NULL;
}

Status genetable_list(json_t **list, const BagFile *file)
{
    *list = NULL;
    if (!bagfile_has_genes(file))
        return fail(ERR_CONFIG,
                    "model.embedder.genes: %s has no V and J genes; leave it out, or import a table that holds them",
                    bagfile_path(file));
    Status status = OK;
    json_t *both = json_object();
    for (int gene = 0; gene < 2 && status == OK; gene++) {
        Names names = {0};
        status = name_genes(&names, file, gene);
        json_t *one = status == OK ? sorted(&names) : NULL;
        if (status == OK && (!one || json_object_set_new(both, key_of[gene], one) != 0)) status = no_memory();
        names_free(&names);
    }
    if (status == OK)
        *list = both;
    else
        json_decref(both);
    return status;
}

/* ---- where genes stand in it ---- */

static Status read_names(Names *names, const json_t *list, const char *of)
{
    const size_t n = json_array_size(list);
    bool sound = json_is_array(list) && n <= GENES_MOST;
    for (size_t k = 0; sound && k < n; k++) {
        const char *text = json_string_value(json_array_get(list, k));
        sound = text && *text && strlen(text) < GENENAME_ROOM && names_find(names, text, strlen(text)) < 0;
        if (sound && names_number(names, text, strlen(text)) < 0) return no_memory();
    }
    return sound ? OK : fail(ERR_MODEL, "%s: its metadata has no sound 'genes'", of);
}

static Status find_rows(GeneTable *t, const Names *names, const BagFile *file, int gene, const char *of)
{
    const int n = bagaudit_n_gene(file, gene);
    int n_unknown = 0;
    int16_t *row = t->row[gene] = malloc(((size_t)n + 1) * sizeof *row);
    if (!row) return no_memory();
    for (int k = 0; k < n; k++) {
        char plain[GENENAME_ROOM];
        genename_plain(plain, bagaudit_gene(file, gene, k));
        const int found = names_find(names, plain, strlen(plain));
        row[k] = (int16_t)(!*plain ? 0 : found < 0 ? -1 : found + 1);
        n_unknown += row[k] < 0;
    }
    t->rows.n_gene[gene] = names->n;
    t->rows.n_name[gene] = n;
    t->rows.row[gene] = row;
    if (n_unknown)
        log_warn("%s: %d of %d names of %s genes are unknown to %s; the vector of these genes is 0",
                 bagfile_path(file), n_unknown, n, key_of[gene], of);
    return OK;
}

Status genetable_open(GeneTable *out, const json_t *list, const BagFile *file, const char *of)
{
    Status status = OK;
    *out = (GeneTable){0};
    if (!bagfile_has_genes(file))
        log_warn("%s: it has no genes, which %s reads; they count as missing", bagfile_path(file), of);
    for (int gene = 0; gene < 2 && status == OK; gene++) {
        Names names = {0};
        status = read_names(&names, json_object_get(list, key_of[gene]), of);
        if (status == OK) status = find_rows(out, &names, file, gene, of);
        names_free(&names);
    }
    if (status != OK) genetable_close(out);
    return status;
}

void genetable_close(GeneTable *t)
{
    free(t->row[0]);
    free(t->row[1]);
    *t = (GeneTable){0};
}
