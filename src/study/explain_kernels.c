/* SPDX-License-Identifier: MIT
 *
 * explain_kernels.c: kernels of the first layer, for the first question. What a kernel adds to a bag's score is exact, over all
 * instances: the embedding's number of that kernel, pooled, less that of the reference, times its slope. Its windows are those of
 * the listed sequences (explain_residues.c).
 *
 *     kernels.tsv     model kernel n_windows share consensus position_mean decision contribution_positive contribution_negative
 *                     t bits position_profile logo
 *     kernels.meme    matrices of the kernels that have a logo
 *     logos/kernel_NN.svg
 *
 * A kernel that fires everywhere adds as much in both classes. It has no logo. Kernels of networks whose pooling's numbers are
 * not those of embeddings have neither parts nor windows; explain.json names these models.
 */
#include "core/file.h"
#include "data/bagfile/alphabet.h"
#include "study/explain_parts.h"
#include "study/figure_logo.h"
#include "study/memefile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS    10  /* of the position profile */
#define LEAST   5   /* windows of a kernel that has a logo */
#define CLEAR_T 2.0 /* difference between the classes in its standard errors, from which a kernel separates them */

/* Sums over bags of what each kernel adds, by class: 0 negative, 1 positive. */
typedef struct {
    double *sum[2], *square[2]; /* [n_h] */
    double *size;               /* [n_h] Σ |part| over all bags */
    double total;               /* of size */
    int n_h, n[2];              /* n_h 0: it has no kernels */
} ModelKernels;

struct ExplainKernels {
    ModelKernels *model; /* [n_model] */
    int n_model;
    double *part; /* [most n_h] */
};

/* ---- memory ---- */

void explain_kernels_free(ExplainKernels *x)
{
    for (int k = 0; x && x->model && k < x->n_model; k++) {
        ModelKernels *m = &x->model[k];
        for (int class = 0; class < 2; class ++) free(m->sum[class]), free(m->square[class]);
        free(m->size);
    }
    if (x) free(x->model), free(x->part);
    free(x);
}

static bool open_model(ModelKernels *m, const Attribution *a)
{
    if (!a || attribution_window(a) == 0 || !attribution_has_numbers(a)) return true;
    m->n_h = attribution_n_h(a);
    m->size = calloc((size_t)m->n_h, sizeof *m->size);
    bool ok = m->size != NULL;
    for (int class = 0; class < 2; class ++) {
        m->sum[class] = calloc((size_t)m->n_h, sizeof(double));
        m->square[class] = calloc((size_t)m->n_h, sizeof(double));
        ok &= m->sum[class] && m->square[class];
    }
    return ok;
}

Status explain_kernels_open(Explain *e)
{
    ExplainKernels *x = e->kernels = calloc(1, sizeof *x);
    int most = 1;
    bool ok = x != NULL;
    if (ok) {
        x->n_model = e->apply->n_model;
        x->model = calloc((size_t)x->n_model + 1, sizeof *x->model);
        ok = x->model != NULL;
    }
    for (int k = 0; ok && k < x->n_model; k++) {
        ok = open_model(&x->model[k], e->network[k]);
        if (x->model[k].n_h > most) most = x->model[k].n_h;
    }
    if (ok) x->part = malloc((size_t)most * sizeof *x->part);
    return ok && x->part ? OK : fail(ERR_MEMORY, "no memory for the kernels of %d models", e->apply->n_model);
}

/* ---- bags ---- */

void explain_kernels_add(Explain *e, int model, int member)
{
    ModelKernels *m = &e->kernels->model[model];
    const double *part = e->kernels->part;
    const int label = explain_count_label(e, member);
    if (m->n_h == 0) return;
    attribution_numbers(e->kernels->part, e->network[model]);
    if (label >= 0) m->n[label]++;
    for (int k = 0; k < m->n_h; k++) {
        m->size[k] += fabs(part[k]);
        m->total += fabs(part[k]);
        if (label < 0) continue;
        m->sum[label][k] += part[k];
        m->square[label][k] += part[k] * part[k];
    }
}

static double mean_of(const ModelKernels *m, int class, int kernel)
{
    return m->n[class] ? m->sum[class][kernel] / m->n[class] : NAN;
}

/* Squared standard error of a mean; NaN of fewer than two bags. */
static double error_of(const ModelKernels *m, int class, int kernel)
{
    const double mean = mean_of(m, class, kernel), n = m->n[class];
    return n > 1 ? fmax(m->square[class][kernel] / n - mean * mean, 0) / (n - 1) : NAN;
}

/* The difference of both means in its standard errors (Welch). */
static double t_of(const ModelKernels *m, int kernel)
{
    const double error = error_of(m, 0, kernel) + error_of(m, 1, kernel);
    return error > 0 ? (mean_of(m, 1, kernel) - mean_of(m, 0, kernel)) / sqrt(error) : NAN;
}

/* ---- windows ---- */

/* A kernel and its windows. */
typedef struct {
    const MotifWindow *window; /* [n] */
    int n, logo;               /* logo: its number; 0: it has none */
    double weight, position;   /* Σ weight; mean position */
    double profile[BINS];      /* share of windows by the place of their middle along the sequence */
    double share[MOTIF_WINDOW][MOTIF_LETTERS];
    char consensus[MOTIF_WINDOW + 1]; /* residue with half of the weight, else "." */
    double bits;
} KernelWindows;

static void find_shares(KernelWindows *k, int n_residue)
{
    for (int q = 0; q < n_residue; q++) {
        double reached = 0;
        k->consensus[q] = '.';
        for (int i = 0; i < k->n; i++) {
            const MotifWindow *w = &k->window[i];
            if (w->code[q] >= MOTIF_LETTERS) continue;
            k->share[q][w->code[q]] += w->weight;
            reached += w->weight;
        }
        for (int r = 0; r < MOTIF_LETTERS; r++) {
            if (k->share[q][r] > k->weight / 2) k->consensus[q] = ALPHABET_AMINO[r];
            k->share[q][r] = reached > 0 ? k->share[q][r] / reached : 1. / MOTIF_LETTERS;
        }
    }
}

static void describe(KernelWindows *k, int n_residue, const double *background)
{
    for (int i = 0; i < k->n; i++) {
        const MotifWindow *w = &k->window[i];
        const double middle = fmin(w->position + n_residue / 2., w->len) / w->len;
        const int bin = (int)(middle * BINS);
        k->profile[bin < BINS ? bin : BINS - 1] += 1. / k->n;
        k->weight += w->weight;
        k->position += (double)w->position / k->n;
    }
    find_shares(k, n_residue);
    for (int q = 0; q < n_residue; q++) k->bits += figure_logo_bits(k->share[q], background);
}

static int by_weight(const void *a, const void *b)
{
    const KernelWindows *x = *(KernelWindows *const *)a, *y = *(KernelWindows *const *)b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return (x > y) - (x < y);
}

/* Sorts windows by kernel; *list [*n] is the caller's to free. */
static Status list_kernels(KernelWindows **list, int *n, Explain *e)
{
    int room = 1;
    *n = 0;
    if (e->n_window > 0) qsort(e->window, (size_t)e->n_window, sizeof *e->window, windowmotif_by_kernel);
    for (int i = 1; i < e->n_window; i++) room += !windowmotif_is_of_one_kernel(&e->window[i - 1], &e->window[i]);
    *list = calloc((size_t)room, sizeof **list);
    if (!*list) return fail(ERR_MEMORY, "no memory for %d kernels", room);
    for (int i = 0, end; i < e->n_window; i = end) {
        for (end = i + 1; end < e->n_window && windowmotif_is_of_one_kernel(&e->window[i], &e->window[end]);) end++;
        if (e->window[i].kernel < 0) continue;
        KernelWindows *k = &(*list)[(*n)++];
        *k = (KernelWindows){.window = &e->window[i], .n = end - i};
        describe(k, e->window_len, e->background.all);
    }
    return OK;
}

static bool separates(const Explain *e, const KernelWindows *k)
{
    if (!explain_count_tests(e)) return true;
    return t_of(&e->kernels->model[k->window->model], k->window->kernel) >= CLEAR_T;
}

/* Windows that have no residue in common show nothing. */
static bool has_logo(const Explain *e, const KernelWindows *k)
{
    return k->n >= LEAST && separates(e, k) && strspn(k->consensus, ".") < strlen(k->consensus);
}

/* The heaviest ones that separate the classes; by [n] is left in their order. */
static int choose_logos(KernelWindows **by, KernelWindows *list, int n, const Explain *e)
{
    int n_logo = 0;
    for (int k = 0; k < n; k++) by[k] = &list[k];
    qsort((void *)by, (size_t)n, sizeof *by, by_weight);
    for (int k = 0; k < n && n_logo < EXPLAIN_MOST_KERNELS; k++)
        if (has_logo(e, by[k])) by[k]->logo = ++n_logo;
    return n_logo;
}

/* ---- files ---- */

static void write_number(TextOut *out, double value)
{
    textout_printf(out, "\t");
    if (!isnan(value)) textout_printf(out, "%.4g", value);
}

static void write_row(TextOut *out, const Explain *e, const KernelWindows *k, double total)
{
    const int kernel = k->window->kernel;
    const ModelKernels *m = &e->kernels->model[k->window->model];
    textout_printf(out, "%d\t%d\t%d\t%.4g\t%s\t%.2f", k->window->model, kernel, k->n, k->weight / total, k->consensus,
                   k->position);
    write_number(out, m->total > 0 ? m->size[kernel] / m->total : NAN);
    write_number(out, mean_of(m, 1, kernel));
    write_number(out, mean_of(m, 0, kernel));
    write_number(out, t_of(m, kernel));
    textout_printf(out, "\t%.2f\t", k->bits);
    for (int b = 0; b < BINS; b++) textout_printf(out, "%s%.2f", b ? "," : "", k->profile[b]);
    if (k->logo)
        textout_printf(out, "\t%d\n", k->logo);
    else
        textout_printf(out, "\t\n");
}

static Status write_table(const Explain *e, KernelWindows *const *by, int n)
{
    TextOut *out;
    double total = 0;
    for (int k = 0; k < n; k++) total += by[k]->weight;
    TRY(explain_files_open(&out, e, "kernels.tsv"));
    textout_printf(out, "model\tkernel\tn_windows\tshare\tconsensus\tposition_mean\tdecision\tcontribution_positive\t"
                        "contribution_negative\tt\tbits\tposition_profile\tlogo\n");
    for (int k = 0; k < n; k++) write_row(out, e, by[k], total);
    return textout_check(out);
}

static Status draw(const Explain *e, const KernelWindows *k)
{
    char name[48], path[PATH_ROOM], title[160];
    snprintf(name, sizeof name, "logos/kernel_%02d.svg", k->logo);
    TRY(explain_files_path(path, e, name));
    snprintf(title, sizeof title, "Kernel %d of model %d: %s, %d windows", k->window->kernel, k->window->model,
             k->consensus, k->n);
    const FigureLogo logo = {.title = title,
                             .probability = &k->share[0][0],
                             .n = e->window_len,
                             .background = e->background.all,
                             .first = 1};
    return figure_logo_write(path, &logo, e->in->force);
}

static Status write_logos(const Explain *e, KernelWindows *const *by, int n)
{
    TextOut *out;
    char folder[PATH_ROOM];
    TRY(explain_files_path(folder, e, "logos"));
    TRY(file_make_folder(folder));
    TRY(explain_files_open(&out, e, "kernels.meme"));
    memefile_head(out, e->background.all);
    for (int k = 0; k < n; k++) {
        if (!by[k]->logo) continue;
        textout_printf(out, "\nMOTIF %d:%d %s\n" MEMEFILE_MATRIX "\n", by[k]->window->model, by[k]->window->kernel,
                       by[k]->consensus, e->window_len, by[k]->n);
        memefile_rows(out, &by[k]->share[0][0], e->window_len);
        TRY(draw(e, by[k]));
    }
    return textout_check(out);
}

/* Models with kernels that have no parts. */
static void name_models_without(json_t *out, const Explain *e)
{
    json_t *models = json_array();
    for (int k = 0; k < e->kernels->n_model; k++)
        if (e->network[k] && attribution_window(e->network[k]) > 0 && !attribution_has_numbers(e->network[k]))
            json_array_append_new(models, json_integer(k));
    if (json_array_size(models) > 0) json_object_set(out, "kernels_without_parts", models);
    json_decref(models);
}

Status explain_kernels_write(Explain *e, json_t *out)
{
    KernelWindows *list = NULL, **by = NULL;
    int n;
    Status status;
    name_models_without(out, e);
    TRY_DONE(list_kernels(&list, &n, e));
    if (n > 0) {
        by = malloc((size_t)n * sizeof *by);
        if (!by) TRY_DONE(fail(ERR_MEMORY, "no memory for %d kernels", n));
        e->files->n_kernel_logo = choose_logos(by, list, n, e);
        TRY_DONE(write_table(e, by, n));
        TRY_DONE(write_logos(e, by, n));
    }
done:
    free(list), free((void *)by);
    return status;
}
