/* SPDX-License-Identifier: MIT */
#include "study/important.h"
#include "core/file.h"
#include "core/memtext.h"
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
    const ImportantSetup *in;
    RivalFile *file;    /* [n_file] */
    RivalModel **model; /* [n_file] */
    int n_file;
    void *applier;
    int output;
    RankedRow *list; /* [room] */
    int n, room;
    double worst;  /* of the rows wanted, once there are that many */
    double *score; /* [largest bag] */
} Ranking;

/* ---- models ---- */

static Status read_models(Ranking *r, const char *folder)
{
    const int n = r->in->n_repeat * r->in->n_fold;
    r->file = calloc((size_t)n + 1, sizeof *r->file);
    r->model = calloc((size_t)n + 1, sizeof *r->model);
    if (!r->file || !r->model) return fail(ERR_MEMORY, "no memory for %d models", n);
    for (; r->n_file < n; r->n_file++) {
        char name[RIVALFILE_NAME], path[PATH_ROOM];
        rivalfile_name(name, r->n_file / r->in->n_fold, r->n_file % r->in->n_fold, 0);
        TRY(runfolder_path(path, folder, name));
        TRY(rivalfile_read(&r->file[r->n_file], path));
        r->model[r->n_file] = &r->file[r->n_file].model;
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
    for (int k = 0; k < r->n && n < r->in->n; k++)
        if (n == 0 || r->list[k].hash != r->list[n - 1].hash) r->list[n++] = r->list[k];
    r->n = n;
    if (n == r->in->n) r->worst = r->list[n - 1].score;
}

static Status rank_bag(Ranking *r, const Rival *rival, int member)
{
    BagText text;
    const Cohort *c = r->in->cohort;
    TRY(rival->rank(r->score, r->applier, member, r->output));
    TRY(bagfile_read_text(&text, c->file, c->bag[member]));
    for (int i = 0; i < text.n; i++) {
        if (r->score[i] == 0 || (r->n >= r->in->n && r->score[i] < r->worst)) continue;
        if (r->n == r->room) drop_lesser(r);
        r->list[r->n++] = (RankedRow){r->score[i], bagtext_hash(&text, i), member, i};
    }
    bagtext_free(&text);
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
    return memtext_close(to, &out) ? out : NULL;
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
            status = bagfile_read_text(&text, r->in->cohort->file, r->in->cohort->bag[last]);
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

static Status reserve(Ranking *r)
{
    const int n = r->in->n;
    r->room = n > INT32_MAX / 2 / SURPLUS ? INT32_MAX / 2 : n * SURPLUS;
    r->list = malloc(((size_t)r->room + 1) * sizeof *r->list);
    r->score = malloc(((size_t)bagfile_n_max(r->in->cohort->file) + 1) * sizeof *r->score);
    return r->list && r->score ? OK : fail(ERR_MEMORY, "no memory for %d sequences", n);
}

static void release(Ranking *r, const Rival *rival)
{
    if (r->applier) rival->apply_close(r->applier);
    for (int k = 0; r->file && k < r->n_file; k++) rivalfile_free(&r->file[k]);
    free(r->file), free((void *)r->model), free(r->list), free(r->score);
}

static Status rank_bags(Ranking *r, const Rival *rival)
{
    for (int i = 0; i < r->in->cohort->n; i++) {
        TRY(stop_check(r->in->stop, "; methods that are done stay, --resume goes on"));
        if (r->in->use[i]) TRY(rank_bag(r, rival, i));
    }
    drop_lesser(r);
    return OK;
}

Status important_write(const ImportantSetup *setup, const Rival *rival)
{
    char method[PATH_ROOM], models[PATH_ROOM], path[PATH_ROOM];
    Ranking r = {.in = setup};
    Status status;
    if (!rival->rank || bagfile_spec(setup->cohort->file)->kind != BAG_SEQUENCES) return OK;
    TRY(runfolder_path(method, setup->folder, rival->name));
    TRY(runfolder_path(models, method, "models"));
    TRY(runfolder_path(path, method, "important_sequences.tsv"));
    TRY_DONE(read_models(&r, models));
    TRY_DONE(reserve(&r));
    r.output = r.file[0].file.target[0].n_out - 1;
    TRY_DONE(rival->apply_open(&r.applier, r.model, r.n_file, setup->cohort));
    TRY_DONE(rank_bags(&r, rival));
    TRY_DONE(write_table(&r, path));
done:
    release(&r, rival);
    return status == OK ? OK : fail_at(status, "%s", rival->name);
}
