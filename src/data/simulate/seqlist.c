/* SPDX-License-Identifier: MIT */
#include "data/simulate/seqlist.h"
#include "data/bagfile/alphabet.h"
#include "data/bagfile/bagfile.h"
#include "data/simulate/background.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = BACKGROUND_LEN_MOST };

static Status grow(void **array, size_t count, size_t size)
{
    void *wider = realloc(*array, count * size);
    if (!wider) return fail(ERR_MEMORY, "a list of sequences: out of memory");
    *array = wider;
    return OK;
}

static Status make_room(SeqList *list, int len)
{
    if (list->n == list->room) {
        if (list->room > INT_MAX / 2) return fail(ERR_FORMAT, "more than %d sequences", list->n);
        const int room = list->room ? 2 * list->room : 1024;
        TRY(grow((void **)&list->at, (size_t)room + 1, sizeof *list->at));
        TRY(grow((void **)&list->gene, 2 * (size_t)room, sizeof *list->gene));
        list->room = room;
    }
    if (list->n_residue + (size_t)len > list->residue_room) {
        const size_t room = 2 * list->residue_room + 16384;
        TRY(grow((void **)&list->codes, room, 1));
        list->residue_room = room;
    }
    return OK;
}

Status seqlist_add(SeqList *list, const int8_t *codes, int len, const int16_t gene[2])
{
    TRY(make_room(list, len));
    memcpy(list->codes + list->n_residue, codes, (size_t)len);
    list->at[list->n] = list->n_residue;
    list->gene[2 * (size_t)list->n] = gene[0];
    list->gene[2 * (size_t)list->n + 1] = gene[1];
    list->n_residue += (size_t)len;
    list->at[++list->n] = list->n_residue;
    if (len > list->longest) list->longest = len;
    return OK;
}

static Status number_gene(int16_t *out, Names *names, const char *text)
{
    *out = -1;
    if (!text || !*text) return OK;
    const int k = names_number(names, text, strlen(text));
    if (k < 0) return fail(ERR_MEMORY, "a list of sequences: out of memory");
    if (k > INT16_MAX) return fail(ERR_FORMAT, "more than %d gene names", INT16_MAX);
    *out = (int16_t)k;
    return OK;
}

static Status add_text(SeqList *list, const Alphabet *letters, const char *text, const char *v, const char *j)
{
    int8_t codes[LONGEST];
    int16_t gene[2];
    const size_t len = strlen(text);
    bool known = len > 0 && len <= LONGEST;
    for (size_t t = 0; known && t < len; t++) known = (codes[t] = letters->code[(unsigned char)text[t]]) >= 0;
    if (!known) {
        list->n_dropped++;
        return OK;
    }
    TRY(number_gene(&gene[0], &list->v, v));
    TRY(number_gene(&gene[1], &list->j, j));
    return seqlist_add(list, codes, (int)len, gene);
}

/* What was added since the last part is one; an empty one is none. */
static Status end_part(SeqList *list)
{
    const int first = list->n_part ? list->part[list->n_part] : 0;
    if (list->n == first) return OK;
    TRY(grow((void **)&list->part, (size_t)list->n_part + 2, sizeof *list->part));
    list->part[list->n_part++] = first;
    list->part[list->n_part] = list->n;
    return OK;
}

static Status add_bags(SeqList *list, const Alphabet *letters, BagFile *file)
{
    if (bagfile_spec(file)->kind != BAG_SEQUENCES)
        return fail(ERR_FORMAT, "%s holds bags of vectors; sequences are needed", bagfile_path(file));
    for (int b = 0; b < bagfile_n_bag(file); b++) {
        BagText text;
        Status status = OK;
        TRY(bagfile_read_text(&text, file, b));
        for (int i = 0; i < text.n && status == OK; i++)
            status = add_text(list, letters, text.sequence + (size_t)i * text.stride,
                              text.v_call ? text.v_call[i] : NULL, text.j_call ? text.j_call[i] : NULL);
        bagtext_free(&text);
        TRY(status);
        TRY(end_part(list));
    }
    return OK;
}

static Status add_table(SeqList *list, const Alphabet *letters, const Table *t)
{
    const int sequence = table_column(t, "junction_aa"), v = table_column(t, "v_call"), j = table_column(t, "j_call");
    if (sequence < 0) return fail(ERR_FORMAT, "%s: the table has no column 'junction_aa'", t->path);
    for (int r = 0; r < t->n_row; r++)
        TRY(add_text(list, letters, table_cell(t, r, sequence), v < 0 ? NULL : table_cell(t, r, v),
                     j < 0 ? NULL : table_cell(t, r, j)));
    return end_part(list);
}

static Status read_either(SeqList *list, const Alphabet *letters, const char *path)
{
    bool dataset;
    Status status;
    TRY(bagfile_recognise(&dataset, path));
    if (dataset) {
        BagFile *file;
        TRY(bagfile_open(&file, path));
        status = add_bags(list, letters, file);
        bagfile_close(file);
        return status;
    }
    Table table;
    TRY(table_read(&table, path));
    status = add_table(list, letters, &table);
    table_free(&table);
    return status;
}

Status seqlist_read(SeqList *out, const char *path)
{
    Alphabet letters;
    TRY(alphabet_init(&letters, ALPHABET_AMINO));
    TRY(read_either(out, &letters, path));
    if (out->n == 0)
        return fail(ERR_FORMAT, "%s: no sequence of 1 to %d amino acids is left of %lld rows", path, LONGEST,
                    (long long)out->n_dropped);
    return OK;
}

void seqlist_free(SeqList *list)
{
    free(list->codes);
    free(list->at);
    free(list->gene);
    free(list->part);
    names_free(&list->v);
    names_free(&list->j);
    *list = (SeqList){0};
}
