/* SPDX-License-Identifier: MIT */
#include "study/important.h"
#include "core/file.h"
#include "core/rng.h"
#include "core/textout.h"
#include "run/runfolder.h"
#include "study/rivalfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SURPLUS 4 /* candidates held for each row wanted, before the lesser ones are dropped */

typedef struct {
    double score;
    uint64_t hash; /* of residues and genes */
    int member, row;
} RankedRow;

typedef struct {
    const Cohort *cohort;
    RivalFile *file; /* [n_file] */
    RivalModel **model;
    int n_file;
    void *applier;
    int output;
    RankedRow *list; /* [room] */
    int n, room, n_wanted;
    double worst;  /* of the rows wanted, once there are that many */
    double *score; /* [largest bag] */
    int16_t *gene; /* [2, largest bag] */
} Ranking;

/* ---- models ---- */

static Status count_models(int *out, const char *folder)
{
    char name[RIVALFILE_NAME], path[PATH_ROOM];
    *out = 0;
    for (int repeat = 0;; repeat++)
        for (int fold = 0;; fold++) {
            rivalfile_name(name, repeat, fold, 0);
            TRY(runfolder_path(path, folder, name));
            if (file_exists(path)) {
                ++*out;
                continue;
            }
            if (fold == 0) return OK;
            break;
        }
}

static Status read_models(Ranking *r, const char *folder)
{
    char name[RIVALFILE_NAME], path[PATH_ROOM];
    int n;
    TRY(count_models(&n, folder));
    r->file = calloc((size_t)n + 1, sizeof *r->file);
    r->model = calloc((size_t)n + 1, sizeof *r->model);
    if (!r->file || !r->model) return fail(ERR_MEMORY, "no memory for %d models", n);
    for (int repeat = 0, fold = 0; r->n_file < n;) {
        rivalfile_name(name, repeat, fold, 0);
        TRY(runfolder_path(path, folder, name));
        if (!file_exists(path)) {
            repeat++;
            fold = 0;
            continue;
        }
        TRY(rivalfile_read(&r->file[r->n_file], path));
        r->model[r->n_file] = &r->file[r->n_file].model;
        r->n_file++;
        fold++;
    }
    return OK;
}

/* ---- candidates ---- */

static int by_score(const void *a, const void *b)
{
    const RankedRow *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Equal sequences have equal scores, so they lie side by side. */
static void drop_lesser(Ranking *r)
{
    int n = 0;
    qsort(r->list, (size_t)r->n, sizeof *r->list, by_score);
    for (int k = 0; k < r->n && n < r->n_wanted; k++)
        if (n == 0 || r->list[k].hash != r->list[n - 1].hash) r->list[n++] = r->list[k];
    r->n = n;
    if (n == r->n_wanted) r->worst = r->list[n - 1].score;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
    for (; text && *text; text++) h = rng_mix(h ^ (uint64_t)(unsigned char)*text);
    return rng_mix(h ^ 0xff);
}

static uint64_t hash_row(const BagWriterRows *rows, const int16_t *gene, const int8_t *codes, const BagFile *file,
                         int i)
{
    uint64_t h = 0;
    for (int64_t t = 0; t < rows->len[i]; t++) h = rng_mix(h * 31 + (uint64_t)codes[t] + 1);
    for (int j = 0; j < 2; j++) {
        const char *const *names = bagfile_gene_names(file, j);
        const int number = names ? gene[j * rows->n + i] : -1;
        h = hash_text(h, number >= 0 ? names[number] : "");
    }
    return h;
}

static Status rank_bag(Ranking *r, const Rival *rival, int member)
{
    BagWriterRows rows;
    BagFile *file = r->cohort->file;
    const bool genes = bagfile_has_genes(file);
    TRY(rival->rank(r->score, r->applier, member, r->output));
    TRY(bagfile_read_rows(&rows, genes ? r->gene : NULL, file, r->cohort->bag[member]));
    const int8_t *codes = rows.codes;
    for (int i = 0; i < rows.n; i++) {
        if (r->score[i] != 0 && (r->n < r->n_wanted || r->score[i] >= r->worst)) {
            if (r->n == r->room) drop_lesser(r);
            r->list[r->n++] = (RankedRow){r->score[i], hash_row(&rows, r->gene, codes, file, i), member, i};
        }
        codes += rows.stride ? (ptrdiff_t)rows.stride : (ptrdiff_t)rows.len[i];
    }
    return OK;
}

/* ---- the table ---- */

static int by_member(const void *a, const void *b)
{
    const RankedRow *const *x = a, *const *y = b;
    return ((*x)->member > (*y)->member) - ((*x)->member < (*y)->member);
}

static char *row_text(const BagText *text, int row)
{
    char *out = NULL;
    size_t size;
    FILE *to = open_memstream(&out, &size);
    if (!to) return NULL;
    fprintf(to, "%s\t%s\t%s", text->sequence + (size_t)row * text->stride, text->v_call ? text->v_call[row] : "",
            text->j_call ? text->j_call[row] : "");
    fclose(to);
    return out;
}

/* text [n] in the order of the list. */
static Status read_texts(char **out, const Ranking *r)
{
    BagText text = {0};
    Status status = OK;
    int last = -1;
    const RankedRow **by = malloc(((size_t)r->n + 1) * sizeof *by);
    if (!by) return fail(ERR_MEMORY, "no memory for %d sequences", r->n);
    for (int k = 0; k < r->n; k++) by[k] = &r->list[k];
    qsort((void *)by, (size_t)r->n, sizeof *by, by_member);
    for (int k = 0; k < r->n && status == OK; k++) {
        if (by[k]->member != last) {
            bagtext_free(&text);
            text = (BagText){0};
            last = by[k]->member;
            status = bagfile_read_text(&text, r->cohort->file, r->cohort->bag[last]);
            if (status != OK) break;
        }
        char **own = &out[by[k] - r->list];
        *own = row_text(&text, by[k]->row);
        if (!*own) status = fail(ERR_MEMORY, "no memory for %d sequences", r->n);
    }
    bagtext_free(&text);
    free((void *)by);
    return status;
}

static Status write_table(const Ranking *r, const char *path)
{
    TextOut *out;
    char **text = calloc((size_t)r->n + 1, sizeof *text);
    Status status = text ? read_texts(text, r) : fail(ERR_MEMORY, "no memory for %d sequences", r->n);
    if (status == OK) status = textout_open(&out, path, true);
    if (status == OK) {
        textout_printf(out, "rank\tjunction_aa\tv_call\tj_call\tscore\n");
        for (int k = 0; k < r->n; k++) textout_printf(out, "%d\t%s\t%.9g\n", k + 1, text[k], r->list[k].score);
        status = textout_commit(out);
    }
    for (int k = 0; text && k < r->n; k++) free(text[k]);
    free((void *)text);
    return status;
}

/* ---- all of it ---- */

static Status reserve(Ranking *r, int n)
{
    const size_t n_max = (size_t)bagfile_n_max(r->cohort->file) + 1;
    r->n_wanted = n;
    r->room = n > INT32_MAX / 2 / SURPLUS ? INT32_MAX / 2 : n * SURPLUS;
    r->list = malloc(((size_t)r->room + 1) * sizeof *r->list);
    r->score = malloc(n_max * sizeof *r->score);
    r->gene = malloc(2 * n_max * sizeof *r->gene);
    return r->list && r->score && r->gene ? OK : fail(ERR_MEMORY, "no memory for %d sequences", n);
}

static void release(Ranking *r, const Rival *rival)
{
    if (r->applier) rival->apply_close(r->applier);
    for (int k = 0; r->file && k < r->n_file; k++) rivalfile_free(&r->file[k]);
    free(r->file), free((void *)r->model), free(r->list), free(r->score), free(r->gene);
}

Status important_write(const char *folder, const Rival *rival, const Cohort *cohort, const bool *use, int n)
{
    char method[PATH_ROOM], models[PATH_ROOM], path[PATH_ROOM];
    Ranking r = {.cohort = cohort};
    Status status;
    if (!rival->rank || bagfile_spec(cohort->file)->kind != BAG_SEQUENCES) return OK;
    TRY(runfolder_path(method, folder, rival->name));
    TRY(runfolder_path(models, method, "models"));
    TRY(runfolder_path(path, method, "important_sequences.tsv"));
    TRY_DONE(read_models(&r, models));
    TRY_DONE(reserve(&r, n));
    if (r.n_file == 0) goto done;
    r.output = r.file[0].file.target[0].n_out - 1;
    TRY_DONE(rival->apply_open(&r.applier, r.model, r.n_file, cohort));
    for (int i = 0; i < cohort->n; i++)
        if (use[i]) TRY_DONE(rank_bag(&r, rival, i));
    drop_lesser(&r);
    TRY_DONE(write_table(&r, path));
done:
    release(&r, rival);
    return status;
}
