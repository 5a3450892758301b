/* SPDX-License-Identifier: MIT */
#include "study/recalltable.h"
#include "core/file.h"
#include "core/parallel.h"
#include "data/text/names.h"
#include "nn/dynamics.h"
#include "study/patternset.h"
#include "study/png.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char header[] =
    "cue\trecalled\tdistance\trelative_distance\tupdates\tconverged\tenergy_first\tenergy_last\tk\tclass\tp_max\n";

typedef struct {
    const RecallSetup *setup;
    PatternSet patterns, cues;
    Associative memory;
    AssociativeScratch *scratch; /* [n_thread] */
    int n_thread;
    Recalled *found;  /* [n_cue] */
    double *state;    /* [n_cue, 2, d] at the end, after one update */
    int *nearest;     /* [n_cue] pattern */
    double *distance; /* [n_cue] to it */
    TextOut *table;
} Job;

/* ---- recall ---- */

static void recall_cue(void *context, int c, int thread)
{
    Job *j = context;
    const Index d = j->cues.d;
    Recalled *r = &j->found[c];
    r->state = j->state + 2 * c * d;
    r->first = r->state + d;
    associative_recall(r, &j->memory, &j->scratch[thread], j->cues.x + c * d);
    j->nearest[c] = associative_nearest(&j->distance[c], &j->memory, r->state);
}

static Status read_files(Job *j)
{
    const RecallSetup *s = j->setup;
    TRY(patternset_read(&j->patterns, s->patterns, s->skip, s->n_skip));
    TRY(patternset_read_cues(&j->cues, s->cues, &j->patterns));
    TRY(associative_open(&j->memory, &s->memory, j->patterns.x, j->patterns.n, j->patterns.d));
    for (int c = 0; c < j->cues.n; c++) {
        const Status status = associative_check(&j->memory, j->cues.x + c * j->cues.d);
        if (status != OK) return fail_at(status, "%s: cue '%s'", s->cues, j->cues.name[c]);
    }
    return OK;
}

static Status recall_all(Job *j)
{
    const size_t n = (size_t)j->cues.n, d = (size_t)j->cues.d;
    TRY(associative_learn(&j->memory));
    j->n_thread = parallel_threads();
    j->scratch = calloc((size_t)j->n_thread, sizeof *j->scratch);
    j->found = calloc(n, sizeof *j->found);
    j->state = malloc(2 * n * d * sizeof *j->state);
    j->nearest = malloc(n * sizeof *j->nearest);
    j->distance = malloc(n * sizeof *j->distance);
    if (!j->scratch || !j->found || !j->state || !j->nearest || !j->distance)
        return fail(ERR_MEMORY, "no memory for %zu cues of %zu entries", n, d);
    for (int t = 0; t < j->n_thread; t++) TRY(associative_scratch(&j->scratch[t], &j->memory));
    parallel_for(j->cues.n, recall_cue, j);
    return OK;
}

static void free_job(Job *j)
{
    for (int t = 0; j->scratch && t < j->n_thread; t++) associative_scratch_free(&j->scratch[t]);
    free(j->scratch), free(j->found), free(j->state), free(j->nearest), free(j->distance);
    textout_drop(j->table);
    associative_close(&j->memory);
    patternset_free(&j->cues);
    patternset_free(&j->patterns);
}

/* ---- table ---- */

static double norm(const Job *j, int c)
{
    double square = 0;
    const double *x = j->patterns.x + j->nearest[c] * j->patterns.d;
    for (Index f = 0; f < j->patterns.d; f++) square += x[f] * x[f];
    return sqrt(square);
}

/* A pattern of zeros, whose norm measures nothing, by a move that is none. */
static bool is_recalled(const Job *j, int c)
{
    const double measure = norm(j, c);
    return j->distance[c] <= (measure > 0 ? RECALL_NEAR * measure : j->memory.least);
}

static void write_number(TextOut *out, double value, char after)
{
    char text[NUMBER_ROOM];
    textout_printf(out, "%s%c", number_text(text, value), after);
}

static void write_row(TextOut *out, const Job *j, int c)
{
    static const char *const class_name[] = {"", "I", "II", "III", "IV"};
    const Recalled *r = &j->found[c];
    textout_cell(out, j->cues.name[c]);
    textout_printf(out, "\t");
    textout_cell(out, j->patterns.name[j->nearest[c]]);
    textout_printf(out, "\t");
    write_number(out, j->distance[c], '\t');
    write_number(out, j->distance[c] / norm(j, c), '\t');
    textout_printf(out, "%d\t%d\t", r->updates, r->converged);
    write_number(out, r->energy_first, '\t');
    write_number(out, r->energy_last, '\t');
    if (r->k == 0) {
        textout_printf(out, "\t\t\n");
        return;
    }
    textout_printf(out, "%d\t%s\t", r->k, class_name[dynamics_class(r->k, j->patterns.n)]);
    write_number(out, r->p_max, '\n');
}

static Status commit_table(Job *j)
{
    TextOut *out = j->table;
    j->table = NULL;
    textout_printf(out, "%s", header);
    for (int c = 0; c < j->cues.n; c++) write_row(out, j, c);
    return textout_commit(out);
}

/* ---- picture ---- */

#define PICTURE_MOST 1e8 /* pixels: 300 MB, as many again while they are packed */

enum { PIXEL = 6, GAP = 6 }; /* screen pixels of an entry, between images */

typedef struct {
    double low, high;
} GreyRange;

static GreyRange range_of(const PatternSet *p)
{
    GreyRange r = {INFINITY, -INFINITY};
    for (Index i = 0; i < p->n * p->d; i++) {
        r.low = fmin(r.low, p->x[i]);
        r.high = fmax(r.high, p->x[i]);
    }
    return r;
}

/* From black to white; unknown entries are blue. */
static void paint(Picture *p, const Job *j, const double *x, GreyRange range, int left, int top)
{
    static const unsigned char unknown[3] = {0x00, 0x72, 0xb2};
    for (int f = 0; f < j->setup->height * j->setup->width; f++) {
        const double share = (x[f] - range.low) / fmax(range.high - range.low, 1e-300);
        const unsigned char level = (unsigned char)lrint(255 * fmin(fmax(share, 0), 1));
        const unsigned char grey[3] = {level, level, level};
        png_fill(p, left + f % j->setup->width * PIXEL, top + f / j->setup->width * PIXEL, PIXEL, PIXEL,
                 isnan(x[f]) ? unknown : grey);
    }
}

static int n_shown(const Job *j)
{
    return j->cues.n < j->setup->n_shown ? j->cues.n : j->setup->n_shown;
}

static Status write_picture(const Job *j)
{
    Picture p;
    const unsigned char ground[3] = {0x6b, 0x72, 0x80};
    const int n = n_shown(j);
    const int width = j->setup->width * PIXEL + GAP, height = j->setup->height * PIXEL + GAP;
    const GreyRange range = range_of(&j->patterns);
    TRY(png_open(&p, 3 * width + GAP, n * height + GAP, ground));
    for (int c = 0; c < n; c++) {
        const double *shown[3] = {j->cues.x + c * j->cues.d, j->found[c].first, j->found[c].state};
        for (int k = 0; k < 3; k++) paint(&p, j, shown[k], range, GAP + k * width, GAP + c * height);
    }
    const Status status = png_write(j->setup->picture, &p, j->setup->force);
    png_close(&p);
    return status;
}

static Status check_picture(const Job *j)
{
    const RecallSetup *s = j->setup;
    if (!s->picture) return OK;
    if ((Index)s->height * s->width != j->patterns.d)
        return fail(ERR_USAGE, "--images=%dx%d has %lld entries, the patterns of %s have %lld", s->height, s->width,
                    (long long)s->height * s->width, s->patterns, (long long)j->patterns.d);
    const double pixels = 3.0 * (s->width * PIXEL + GAP) * (s->height * PIXEL + GAP) * n_shown(j);
    if (pixels > PICTURE_MOST)
        return fail(ERR_USAGE,
                    "--shown=%d: the picture would have %.0f million pixels, %.0f million at most; show fewer cues",
                    s->n_shown, pixels / 1e6, PICTURE_MOST / 1e6);
    return file_check_target(s->picture, s->force);
}

/* ---- summary ---- */

typedef struct {
    int recalled, own, own_recalled, converged; /* cues */
} Count;

static Status pack(json_t **out, const Job *j, const Count *n)
{
    *out = json_pack("{si si si si si si si}", "n_patterns", j->patterns.n, "n_entries", (int)j->patterns.d, "n_cues",
                     j->cues.n, "n_recalled", n->recalled, "n_own", n->own, "n_own_recalled", n->own_recalled,
                     "n_converged", n->converged);
    return *out ? OK : fail(ERR_MEMORY, "no memory for a summary");
}

/* Cues that are named as a pattern. */
static Status count_own(int *out, const Job *j)
{
    Names names = {0};
    Status status = OK;
    for (int i = 0; i < j->patterns.n && status == OK; i++)
        if (names_number(&names, j->patterns.name[i], strlen(j->patterns.name[i])) < 0)
            status = fail(ERR_MEMORY, "no memory for %d names", j->patterns.n);
    for (int c = 0; c < j->cues.n && status == OK; c++)
        *out += names_find(&names, j->cues.name[c], strlen(j->cues.name[c])) >= 0;
    names_free(&names);
    return status;
}

static Status sum_up(json_t **out, const Job *j)
{
    Count n = {0};
    TRY(count_own(&n.own, j));
    for (int c = 0; c < j->cues.n; c++) {
        const bool recalled = is_recalled(j, c);
        n.recalled += recalled;
        n.own_recalled += recalled && strcmp(j->cues.name[c], j->patterns.name[j->nearest[c]]) == 0;
        n.converged += j->found[c].converged;
    }
    return pack(out, j, &n);
}

static Status plan(json_t **out, const Job *j)
{
    const Cost once = cost_of(ASSOCIATIVE_OPEN * cost_pace(), COST_PROCESS);
    Cost cost = associative_cost(&j->setup->memory, j->patterns.n, (double)j->patterns.d, j->cues.n);
    cost_then(&cost, &once);
    TRY(pack(out, j, &(Count){0}));
    return cost_tell(*out, &cost);
}

/* Targets are tried before the work; the table, written last, tells that all is there. */
static Status run(json_t **out, Job *j)
{
    TRY(read_files(j));
    TRY(check_picture(j));
    TRY(textout_open(&j->table, j->setup->table, j->setup->force));
    if (j->setup->dry_run) return plan(out, j);
    TRY(recall_all(j));
    TRY(sum_up(out, j));
    if (j->setup->picture) TRY(write_picture(j));
    return commit_table(j);
}

Status recalltable_write(json_t **out, const RecallSetup *setup)
{
    Job j = {.setup = setup};
    *out = NULL;
    const Status status = run(out, &j);
    free_job(&j);
    if (status == OK) return OK;
    json_decref(*out);
    *out = NULL;
    return status;
}
