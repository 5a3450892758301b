/* SPDX-License-Identifier: MIT */
#include "data/vectors/vectorformat.h"
#include "core/child.h"
#include "core/spool.h"
#include "data/text/textin.h"
#include "data/vectors/matwhole.h"
#include "data/vectors/slidefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern const VectorFormat vectorformat_andrews, vectorformat_arff, vectorformat_clam, vectorformat_csv,
    vectorformat_folder, vectorformat_labelfirst, vectorformat_lamda, vectorformat_prtools, vectorformat_svm,
    vectorformat_table, vectorformat_trident, vectorformat_triples, vectorformat_uci;

const VectorFormat *const vectorformat_types[] = {&vectorformat_andrews, &vectorformat_prtools,
                                                  &vectorformat_lamda,   &vectorformat_trident,
                                                  &vectorformat_clam,    &vectorformat_triples,
                                                  &vectorformat_arff,    &vectorformat_svm,
                                                  &vectorformat_folder,  &vectorformat_csv,
                                                  &vectorformat_uci,     &vectorformat_labelfirst,
                                                  &vectorformat_table,   NULL};

const VectorFormat *vectorformat_find(const char *name)
{
    for (int i = 0; vectorformat_types[i]; i++)
        if (strcmp(vectorformat_types[i]->name, name) == 0) return vectorformat_types[i];
    return NULL;
}

const VectorFormat *vectorformat_recognise(const VectorPeek *peek, const VectorRules *rules)
{
    for (int i = 0; vectorformat_types[i]; i++)
        if (vectorformat_types[i]->recognise(peek, rules)) return vectorformat_types[i];
    return NULL;
}

/* ---- a file's beginning ---- */

static Status no_memory(const char *path)
{
    return fail(ERR_MEMORY, "%s: no memory to read its first lines", path);
}

static void peek_bytes(VectorPeek *out)
{
    FILE *file = spool_fopen(out->path);
    if (!file) return;
    (void)!fread(out->bytes, 1, sizeof out->bytes, file);
    fclose(file);
}

/* Lines that are no text, or none at all, make no error here: the format is told another way, or not at all. */
static Status peek_lines(VectorPeek *out)
{
    char *line;
    size_t length;
    TRY(textin_open(&out->in, out->path));
    for (int k = 0; k < 2 && textin_line(out->in, &line, &length) == OK && line;) {
        if (length == 0) continue;
        out->line[k] = strdup(line);
        if (!out->line[k]) return no_memory(out->path);
        k++;
    }
    out->text = out->line[0] != NULL;
    return OK;
}

static Status split_first(VectorPeek *out, const VectorRules *rules)
{
    const size_t length = strlen(out->line[0]);
    out->separator = rules->separator ? rules->separator : header_separator(out->line[0], length);
    int most = 1;
    for (size_t i = 0; i < length; i++) most += out->line[0][i] == out->separator;
    char **cell = calloc((size_t)most, sizeof *cell), *copy = strdup(out->line[0]);
    if (!cell || !copy) {
        free(cell);
        free(copy);
        return no_memory(out->path);
    }
    out->first.name = cell;
    out->first.n = textin_split(cell, most, copy, length, out->separator);
    for (int c = 0; c < out->first.n; c++) cell[c] = strdup(header_trim(cell[c]));
    free(copy);
    if (out->first.n < 0) {
        out->first.n = 0;
        out->text = false;
    }
    for (int c = 0; c < out->first.n; c++)
        if (!cell[c]) return no_memory(out->path);
    return OK;
}

static Status peek_hdf5(VectorPeek *out)
{
    SlideKind kind;
    TRY(slidefile_peek(&kind, out->path));
    out->hdf5 = kind != SLIDE_NONE;
    return OK;
}

Status vectorformat_peek(VectorPeek *out, const char *path, const VectorRules *rules)
{
    struct stat info;
    *out = (VectorPeek){.path = path};
    out->folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (out->folder) return OK;
    peek_bytes(out);
    out->matlab = memcmp(out->bytes, "MATLAB ", 7) == 0;
    if (out->matlab) {
        TRY(matwhole_check(path));
        return child_check(path);
    }
    if (memcmp(out->bytes, SLIDEFILE_MAGIC, 8) == 0) return peek_hdf5(out);
    Status status = peek_lines(out);
    if (status == OK && out->text) status = split_first(out, rules);
    if (status != OK) vectorformat_peek_free(out);
    return status;
}

void vectorformat_peek_free(VectorPeek *peek)
{
    for (int c = 0; c < peek->first.n; c++) free(peek->first.name[c]);
    free(peek->first.name);
    free(peek->line[0]);
    free(peek->line[1]);
    textin_close(peek->in);
    *peek = (VectorPeek){0};
}
