/* SPDX-License-Identifier: MIT
 *
 * explain_residues.c: integrated gradients of the instances of the tables, bag by bag, and the windows that motifs are made of.
 */
#include "data/bagfile/alphabet.h"
#include "study/explain_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLOOR        1e-3 /* of the deviation of the score over bags: smaller differences are held against that */
#define COMPLETE     0.01
#define KERNEL_SHARE 0.2 /* of an instance's contribution, from which a kernel's window counts */
#define PEAK_WINDOW  9   /* residues around what weighs most, where an embedder has no windows */

typedef struct {
    const ExplainRow **by;     /* [n] rows of all questions by member */
    int n, n_first;            /* n_first: of question 0 */
    double *out, *sum, *share; /* [longest] and [n_h] */
    int *at;
    double *floor; /* [n_question] */
    TextOut *table;
} PathWalk;

static int by_member(const void *a, const void *b)
{
    const ExplainRow *x = *(const ExplainRow *const *)a, *y = *(const ExplainRow *const *)b;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    if (x->question != y->question) return x->question < y->question ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* ---- windows ---- */

static Status add_window(Explain *e, const MotifWindow *window)
{
    if (e->n_window == e->window_room) {
        const int room = 2 * e->window_room + 256;
        MotifWindow *grown = realloc(e->window, (size_t)room * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "no memory for %d windows", room);
        e->window = grown;
        e->window_room = room;
    }
    e->window[e->n_window++] = *window;
    return OK;
}

static void fill_window(MotifWindow *w, const uint8_t *code, int len, int n_residue)
{
    w->len = len;
    for (int q = 0; q < n_residue; q++) w->code[q] = w->position + q < len ? code[w->position + q] : MOTIF_NONE;
}

/* Windows of the kernels behind a contribution, of one model, whose score a stack's slope may turn round. */
static Status add_kernels(Explain *e, PathWalk *walk, const ExplainRow *row, int model, const uint8_t *code, int len)
{
    const int n_h = attribution_n_h(e->network[model]);
    const double sign = explain_source_factor(e, row->question, model) < 0 ? -1 : 1;
    double total = 0;
    attribution_kernels(walk->share, walk->at, e->network[model], e->direction, row->row);
    for (int k = 0; k < n_h; k++) {
        walk->share[k] *= sign;
        total += fmax(walk->share[k], 0);
    }
    for (int k = 0; k < n_h && total > 0; k++) {
        MotifWindow w = {.position = walk->at[k],
                         .weight = walk->share[k],
                         .member = row->member,
                         .row = row->row,
                         .kernel = k,
                         .model = model};
        if (walk->share[k] < KERNEL_SHARE * total || w.position < 0 || w.position >= len) continue;
        fill_window(&w, code, len, e->window_len);
        TRY(add_window(e, &w));
    }
    return OK;
}

/* The window whose residues weigh most. */
static Status add_peak(Explain *e, const PathWalk *walk, const ExplainRow *row, const uint8_t *code, int len)
{
    MotifWindow w = {.member = row->member, .row = row->row, .kernel = -1, .model = -1};
    for (int p = 0; p == 0 || p + e->window_len <= len; p++) {
        double sum = 0;
        for (int q = p; q < p + e->window_len && q < len; q++) sum += fmax(walk->sum[q], 0);
        if (sum <= w.weight) continue;
        w.weight = sum;
        w.position = p;
    }
    if (w.weight <= 0) return OK;
    fill_window(&w, code, len, e->window_len);
    return add_window(e, &w);
}

/* What residues of the windows from `first` on matter. */
static void weigh_windows(Explain *e, const double *attribution, int first)
{
    for (int i = first; i < e->n_window; i++) {
        MotifWindow *w = &e->window[i];
        double most = 0;
        for (int q = 0; q < e->window_len && w->position + q < w->len; q++)
            most = fmax(most, attribution[w->position + q]);
        for (int q = 0; q < e->window_len && w->position + q < w->len; q++)
            w->use[q] = most > 0 ? (float)(fmax(attribution[w->position + q], 0) / most) : 1;
    }
}

/* ---- paths ---- */

static const uint8_t *codes_of(const Bag *bag, int row, int *len)
{
    int i = 0;
    *len = 0;
    while (i < bag->n && bag->row[i] != row) i++;
    while (i >= bag->first[*len + 1]) ++*len;
    return bag_codes(bag, i, *len);
}

/* Of those that read the bag under way. */
static int first_network(const Explain *e)
{
    int k = 0;
    while (!e->network[e->models[k]]) k++;
    return e->models[k];
}

static void add_path(Explain *e, PathWalk *walk, const AttributionPath *path, int len, double factor)
{
    e->n_path++;
    e->n_incomplete += path->error > COMPLETE;
    e->n_step += path->steps;
    for (int j = 0; j < len; j++) walk->sum[j] += walk->out[j] * factor;
}

static void write_residues(Explain *e, PathWalk *walk, const ExplainRow *row, const uint8_t *code, int len)
{
    const char *const *names = bagfile_feature_names(e->cohort->file);
    for (int t = 0; t < len; t++) {
        if (!e->sequences && walk->sum[t] == 0) continue;
        textout_cell(walk->table, e->cohort->id[row->member]);
        textout_printf(walk->table, "\t%d\t", row->row);
        if (e->sequences)
            textout_printf(walk->table, "%d\t%c", t, ALPHABET_AMINO[code[t]]);
        else if (names)
            textout_cell(walk->table, names[t]);
        else
            textout_printf(walk->table, "%d", t);
        textout_printf(walk->table, "\t%.6g\t", walk->sum[t]);
        textout_cell(walk->table, e->question[row->question].name);
        textout_printf(walk->table, "\n");
        if (!e->sequences && row->question == 0) e->explained[t] += fabs(walk->sum[t]) / walk->n_first;
    }
}

static Status walk_row(Explain *e, PathWalk *walk, const ExplainRow *row)
{
    int len = bagfile_spec(e->cohort->file)->n_feat;
    const uint8_t *code = e->sequences ? codes_of(&e->bag[first_network(e)], row->row, &len) : NULL;
    const bool has_motifs = e->sequences && row->question == 0;
    memset(walk->sum, 0, (size_t)len * sizeof *walk->sum);
    const int before = e->n_window;
    for (int k = 0; k < e->n_models; k++) {
        const int model = e->models[k];
        AttributionPath path;
        const double factor = explain_source_factor(e, row->question, model);
        if (e->column_of[model] != row->column || factor == 0) continue;
        if (!attribution_pools(e->network[model], row->row)) continue;
        explain_source_direction(e, e->direction, model, row->question);
        attribution_path(walk->out, &path, e->network[model], e->direction, row->row, walk->floor[row->question]);
        add_path(e, walk, &path, len, factor);
        if (has_motifs && attribution_window(e->network[model]) > 0) TRY(add_kernels(e, walk, row, model, code, len));
    }
    if (has_motifs && e->n_window == before) TRY(add_peak(e, walk, row, code, len));
    weigh_windows(e, walk->sum, before);
    write_residues(e, walk, row, code, len);
    return OK;
}

static Status walk_rows(Explain *e, PathWalk *walk)
{
    for (int k = 0, member = -1; k < walk->n; k++) {
        const ExplainRow *row = walk->by[k];
        TRY(stop_check(e->in->stop, "; nothing is written"));
        if (row->member != member) {
            member = row->member;
            TRY(explain_source_member(e, member));
        }
        TRY(walk_row(e, walk, row));
    }
    return OK;
}

/* ---- all of it ---- */

static void find_floors(const Explain *e, double *floor)
{
    for (int q = 0; q < e->n_question; q++) {
        double sum = 0, square = 0;
        for (int i = 0; i < e->cohort->n; i++) {
            const double s = e->score[(size_t)i * (size_t)e->n_question + (size_t)q];
            if (!e->use[i]) continue;
            sum += s;
            square += s * s;
        }
        floor[q] = FLOOR * sqrt(fmax(square / e->n_used - sum / e->n_used * (sum / e->n_used), 0)) + 1e-12;
    }
}

static Status write_features(const Explain *e)
{
    TextOut *out;
    const char *const *names = bagfile_feature_names(e->cohort->file);
    TRY(explain_files_open(&out, e, "features.tsv"));
    textout_printf(out, "feature\tmean_absolute_attribution\n");
    for (int k = 0; k < bagfile_spec(e->cohort->file)->n_feat; k++) {
        if (names)
            textout_cell(out, names[k]);
        else
            textout_printf(out, "%d", k);
        textout_printf(out, "\t%.6g\n", e->explained[k]);
    }
    return textout_check(out);
}

static Status reserve(Explain *e, PathWalk *walk)
{
    const BagSpec *spec = bagfile_spec(e->cohort->file);
    const size_t longest = (size_t)(e->sequences ? spec->max_len : spec->n_feat) + 1;
    size_t n_h = 1;
    for (int k = 0; k < e->apply->n_model; k++)
        if (e->network[k] && (size_t)attribution_n_h(e->network[k]) > n_h)
            n_h = (size_t)attribution_n_h(e->network[k]);
    for (int q = 0; q < e->n_question * e->n_rank; q++) walk->n += e->top[q].n;
    walk->by = malloc(((size_t)walk->n + 1) * sizeof *walk->by);
    walk->out = calloc(longest, sizeof *walk->out);
    walk->sum = calloc(longest, sizeof *walk->sum);
    walk->share = calloc(n_h, sizeof *walk->share);
    walk->at = calloc(n_h, sizeof *walk->at);
    walk->floor = calloc((size_t)e->n_question + 1, sizeof *walk->floor);
    e->explained = calloc((size_t)spec->n_feat + 1, sizeof *e->explained);
    if (!walk->by || !walk->out || !walk->sum || !walk->share || !walk->at || !walk->floor || !e->explained)
        return fail(ERR_MEMORY, "no memory for the residues of %d instances", walk->n);
    walk->n = 0;
    for (int q = 0; q < e->n_question * e->n_rank; q++)
        for (int k = 0; k < e->top[q].n; k++) {
            const ExplainRow *row = &e->top[q].row[k];
            if (!e->column[row->column].is_network) continue; /* a method has no residues */
            walk->by[walk->n++] = row;
            walk->n_first += row->question == 0;
        }
    qsort((void *)walk->by, (size_t)walk->n, sizeof *walk->by, by_member);
    find_floors(e, walk->floor);
    return OK;
}

Status explain_residues(Explain *e)
{
    PathWalk walk = {0};
    Status status;
    if (!e->network) return OK;
    int first = 0;
    while (!e->network[first]) first++;
    const int window = attribution_window(e->network[first]);
    e->window_len = window == 0 ? PEAK_WINDOW : window < MOTIF_WINDOW ? window : MOTIF_WINDOW;
    TRY_DONE(reserve(e, &walk));
    TRY_DONE(explain_files_open(&walk.table, e, e->sequences ? "residues.tsv.gz" : "features.tsv.gz"));
    textout_printf(walk.table, e->sequences ? "bag\tinstance\tposition\tresidue\tattribution\ttask\n"
                                            : "bag\tinstance\tfeature\tattribution\ttask\n");
    TRY_DONE(walk_rows(e, &walk));
    TRY_DONE(textout_check(walk.table));
    if (!e->sequences) TRY_DONE(write_features(e));
done:
    free((void *)walk.by), free(walk.out), free(walk.sum), free(walk.share), free(walk.at), free(walk.floor);
    return status;
}
