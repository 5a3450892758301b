/* SPDX-License-Identifier: MIT
 *
 * explain_motifs.c: motifs of the windows behind the largest contributions to the first question (windowmotif.h), and how they
 * are spread over bags. A motif is held against labels by the bags in which one of these sequences has its consensus. A bag's
 * sequences were ranked by models that had not seen it, so labels had no part in that.
 *
 *     motifs.meme   MEME's minimal format, version 4
 *     motifs.tsv    motif consensus n_columns bits n_sequences n_bags_positive n_bags_negative odds_ratio p_fisher q_bh
 *                   position_mean position_sd kernels
 *     logos/motif_N.svg
 */
#include "cohort/fisher.h"
#include "core/file.h"
#include "data/bagfile/alphabet.h"
#include "study/explain_parts.h"
#include "study/figure_logo.h"
#include "study/memefile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 5   /* sequences of a motif */
#define HALF  0.5 /* Haldane's correction of odds */

typedef struct {
    Explain *e;
    WindowMotif *motif; /* [n] */
    int n;
    int *n_positive, *n_negative; /* [n] bags */
    double *p, *q;
    int n1, n0; /* labelled bags */
} Motifs;

/* ---- background ---- */

static Status add_bag(Explain *e, int member)
{
    const Bag *bag;
    TRY(cache_bag(e->apply->cache, &bag, e->cohort->bag[member], 0));
    for (int len = 1; len <= bag->max_len; len++)
        for (int i = bag->first[len]; i < bag->first[len + 1]; i++)
            windowmotif_background_add(&e->background, bag_codes(bag, i, len), len);
    return OK;
}

static Status find_background(Explain *e)
{
    TRY(windowmotif_background_open(&e->background, bagfile_spec(e->cohort->file)->max_len));
    for (int i = 0; i < e->cohort->n; i++)
        if (e->use[i]) TRY(add_bag(e, i));
    windowmotif_background_settle(&e->background);
    return OK;
}

/* ---- enrichment ---- */

/* Does a window of the motif have all letters of the consensus that it reaches? Others joined by a part of it, and of those
 * chance makes some in every bag. */
static bool has_consensus(const Explain *e, const MotifWindow *w, const WindowMotif *m)
{
    for (int q = 0; q < e->window_len; q++) {
        const int c = w->shift + q;
        if (c < 0 || c >= m->n_column || m->consensus[c] == '.') continue;
        if (w->code[q] == MOTIF_NONE || ALPHABET_AMINO[w->code[q]] != m->consensus[c]) return false;
    }
    return true;
}

/* Windows come by motif, then member. */
static void count_bags(Motifs *m)
{
    const Explain *e = m->e;
    const MotifWindow *counted = NULL;
    for (int i = 0; i < e->n_window; i++) {
        const MotifWindow *w = &e->window[i];
        if (w->motif < 0 || !has_consensus(e, w, &m->motif[w->motif])) continue;
        if (counted && counted->motif == w->motif && counted->member == w->member) continue;
        counted = w;
        const int label = explain_count_label(e, w->member);
        m->n_positive[w->motif] += label == 1;
        m->n_negative[w->motif] += label == 0;
    }
    for (int i = 0; i < e->cohort->n; i++) {
        const int label = e->use[i] ? explain_count_label(e, i) : -1;
        m->n1 += label == 1;
        m->n0 += label == 0;
    }
}

static Status test_motifs(Motifs *m)
{
    Fisher fisher = {0};
    m->n_positive = calloc((size_t)m->n + 1, sizeof *m->n_positive);
    m->n_negative = calloc((size_t)m->n + 1, sizeof *m->n_negative);
    m->p = calloc((size_t)m->n + 1, sizeof *m->p);
    m->q = calloc((size_t)m->n + 1, sizeof *m->q);
    if (!m->n_positive || !m->n_negative || !m->p || !m->q) return fail(ERR_MEMORY, "no memory for motifs");
    count_bags(m);
    TRY(fisher_open(&fisher, m->n1, m->n0));
    for (int k = 0; k < m->n; k++) m->p[k] = pow(10, -fisher_enriched(&fisher, m->n_positive[k], m->n_negative[k]));
    fisher_close(&fisher);
    return explain_count_adjust(m->q, m->p, m->n);
}

static double odds_ratio(const Motifs *m, int k)
{
    const double a = m->n_positive[k], b = m->n_negative[k];
    return (a + HALF) * (m->n0 - b + HALF) / ((b + HALF) * (m->n1 - a + HALF));
}

/* ---- files ---- */

static Status write_meme(const Motifs *m)
{
    TextOut *out;
    TRY(explain_files_open(&out, m->e, "motifs.meme"));
    memefile_head(out, m->e->background.all);
    for (int k = 0; k < m->n; k++) {
        const WindowMotif *one = &m->motif[k];
        textout_printf(out, "\nMOTIF %d %s\n" MEMEFILE_MATRIX, k + 1, one->consensus, one->n_column, one->n_sequence);
        if (explain_count_tests(m->e)) textout_printf(out, " E= %.3g", m->p[k] * m->n);
        textout_printf(out, "\n");
        memefile_rows(out, &one->share[0][0], one->n_column);
    }
    return textout_check(out);
}

/* MODEL:KERNEL behind the windows [n] of a motif, each once. */
static Status write_kernels_of(TextOut *out, const MotifWindow *window, int n)
{
    const char *between = "";
    MotifWindow *w = malloc(((size_t)n + 1) * sizeof *w);
    if (!w) return fail(ERR_MEMORY, "no memory for %d windows", n);
    memcpy(w, window, (size_t)n * sizeof *w);
    qsort(w, (size_t)n, sizeof *w, windowmotif_by_kernel);
    for (int i = 0; i < n; i++) {
        if (w[i].kernel < 0 || (i > 0 && windowmotif_is_of_one_kernel(&w[i - 1], &w[i]))) continue;
        textout_printf(out, "%s%d:%d", between, w[i].model, w[i].kernel);
        between = ",";
    }
    free(w);
    return OK;
}

/* Windows come by motif, those of none before. */
static const MotifWindow *windows_of(int *n, const Explain *e, int motif)
{
    int from = 0;
    while (from < e->n_window && e->window[from].motif < motif) from++;
    for (*n = 0; from + *n < e->n_window && e->window[from + *n].motif == motif;) ++*n;
    return e->window + from;
}

static double bits_of(const WindowMotif *m)
{
    double sum = 0;
    for (int c = 0; c < m->n_column; c++) sum += m->bits[c];
    return sum;
}

static Status write_table(const Motifs *m)
{
    TextOut *out;
    TRY(explain_files_open(&out, m->e, "motifs.tsv"));
    textout_printf(out,
                   "motif\tconsensus\tn_columns\tbits\tn_sequences\tn_bags_positive\tn_bags_negative\todds_ratio\t"
                   "p_fisher%s\tq_bh%s\tposition_mean\tposition_sd\tkernels\n",
                   m->e->in->all ? "_seen" : "", m->e->in->all ? "_seen" : "");
    for (int k = 0; k < m->n; k++) {
        int n;
        const MotifWindow *w = windows_of(&n, m->e, k);
        const WindowMotif *one = &m->motif[k];
        textout_printf(out, "%d\t%s\t%d\t%.3f\t%d\t", k + 1, one->consensus, one->n_column, bits_of(one),
                       one->n_sequence);
        if (explain_count_tests(m->e))
            textout_printf(out, "%d\t%d\t%.4g\t%.4g\t%.4g", m->n_positive[k], m->n_negative[k], odds_ratio(m, k),
                           m->p[k], m->q[k]);
        else
            textout_printf(out, "\t\t\t\t");
        textout_printf(out, "\t%.2f\t%.2f\t", one->position, one->spread);
        TRY(write_kernels_of(out, w, n));
        textout_printf(out, "\n");
    }
    return textout_check(out);
}

static Status draw_logo(const Motifs *m, const char *folder, int k)
{
    char name[32], path[PATH_ROOM], title[160];
    const WindowMotif *one = &m->motif[k];
    snprintf(name, sizeof name, "motif_%02d.svg", k + 1);
    if (!path_join(path, folder, name)) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
    snprintf(title, sizeof title, "Motif %d: %s, %d sequences", k + 1, one->consensus, one->n_sequence);
    const FigureLogo logo = {.title = title,
                             .probability = &one->share[0][0],
                             .n = one->n_column < FIGURE_LOGO_MOST ? one->n_column : FIGURE_LOGO_MOST,
                             .background = &one->background[0][0],
                             .by_position = true,
                             .first = 1};
    return figure_logo_write(path, &logo, m->e->in->force);
}

static Status draw_logos(const Motifs *m)
{
    char folder[PATH_ROOM];
    TRY(explain_files_path(folder, m->e, "logos"));
    TRY(file_make_folder(folder));
    for (int k = 0; k < m->n && k < EXPLAIN_MOST_LOGOS; k++, m->e->files->n_logo++) TRY(draw_logo(m, folder, k));
    return OK;
}

/* ---- all of it ---- */

static json_t *listed(const Motifs *m)
{
    json_t *list = json_array();
    for (int k = 0; k < m->n; k++) {
        json_t *one =
            json_pack("{s:s, s:i}", "consensus", m->motif[k].consensus, "n_sequences", m->motif[k].n_sequence);
        json_array_append_new(list, one);
        if (!explain_count_tests(m->e)) continue;
        json_object_set_new(one, "n_bags_positive", json_integer(m->n_positive[k]));
        json_object_set_new(one, "n_bags_negative", json_integer(m->n_negative[k]));
        json_object_set_new(one, "p", json_real(m->p[k]));
        json_object_set_new(one, "q", json_real(m->q[k]));
    }
    return list;
}

Status explain_motifs(Explain *e, json_t *out)
{
    Motifs m = {.e = e};
    Status status;
    if (!e->network || !e->sequences) return OK;
    TRY_DONE(find_background(e));
    TRY_DONE(explain_kernels_write(e, out)); /* before windows of one sequence twice are left out */
    TRY_DONE(windowmotif_find(&m.motif, &m.n, e->window, e->n_window, e->window_len, &e->background, LEAST));
    TRY_DONE(test_motifs(&m));
    TRY_DONE(write_meme(&m));
    TRY_DONE(write_table(&m));
    TRY_DONE(draw_logos(&m));
    json_object_set_new(out, "motifs", listed(&m));
done:
    free(m.motif), free(m.n_positive), free(m.n_negative), free(m.p), free(m.q);
    return status;
}
