/* SPDX-License-Identifier: MIT */
#include "study/windowmotif.h"
#include "data/bagfile/alphabet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PSEUDO    1.   /* weight of the background in a motif's frequencies, in windows of mean weight */
#define JOIN_BITS 5.   /* a window that fits a motif less begins one of its own */
#define JOIN_PART 0.6  /* and so does one that fits less than this share of the information of its residues */
#define JOIN_USE  0.5  /* that have at least this share of the largest attribution */
#define STRANGE   0.25 /* odds of a residue that matters where none of the motif does */
#define MOST      200  /* motifs under way */
#define ROOT      ((MOTIF_COLUMNS - MOTIF_WINDOW) / 2) /* column of the first window's first residue */
#define FIXED     0.5                                  /* bits of a column that counts */

/* ---- background ---- */

Status windowmotif_background_open(MotifBackground *b, int max_len)
{
    const size_t n = ((size_t)max_len + 1) * ((size_t)max_len + 1) * MOTIF_LETTERS;
    *b = (MotifBackground){.max_len = max_len, .share = calloc(n, sizeof *b->share)};
    return b->share ? OK : fail(ERR_MEMORY, "no memory for residues by position");
}

static double *background_at(const MotifBackground *b, int len, int position)
{
    return b->share + ((size_t)len * (size_t)b->max_len + (size_t)position) * MOTIF_LETTERS;
}

void windowmotif_background_add(MotifBackground *b, const uint8_t *code, int len)
{
    for (int t = 0; t < len; t++) {
        background_at(b, len, t)[code[t]]++;
        b->all[code[t]]++;
    }
}

static void to_shares(double *share, const double *prior)
{
    double sum = 1;
    for (int r = 0; r < MOTIF_LETTERS; r++) sum += share[r];
    for (int r = 0; r < MOTIF_LETTERS; r++) share[r] = (share[r] + prior[r]) / sum;
}

void windowmotif_background_settle(MotifBackground *b)
{
    double even[MOTIF_LETTERS];
    for (int r = 0; r < MOTIF_LETTERS; r++) even[r] = 1. / MOTIF_LETTERS;
    to_shares(b->all, even);
    for (int len = 0; len <= b->max_len; len++)
        for (int t = 0; t < len; t++) to_shares(background_at(b, len, t), b->all);
}

void windowmotif_background_free(MotifBackground *b)
{
    free(b->share);
    *b = (MotifBackground){0};
}

/* ---- motifs under way ---- */

typedef struct {
    double count[MOTIF_COLUMNS][MOTIF_LETTERS], sum[MOTIF_COLUMNS]; /* of weight · use */
    double weight;
} Cluster;

typedef struct {
    Cluster *cluster; /* [MOST] */
    int n, n_residue;
    double unit; /* mean weight of a window */
    const MotifBackground *background;
} MotifSearch;

/* Odds of a residue in a column against the background. So far as the column matters to the model, they are those of its
 * frequencies; a letter where others have a gap or a wildcard is not quite the same motif, and what matters in fewer than half
 * of the windows speaks for none. */
static double odds(const MotifSearch *s, const Cluster *c, int column, int residue, double usual)
{
    const double pseudo = PSEUDO * s->unit;
    const double matters = c->weight > 0 ? c->sum[column] / c->weight : 0;
    const double frequency = (c->count[column][residue] + pseudo * usual) / (c->sum[column] + pseudo);
    const double both = matters * frequency / usual + (1 - matters) * STRANGE;
    return matters < 0.5 ? fmin(both, 1) : both;
}

static double fit(const MotifSearch *s, const Cluster *c, const MotifWindow *w, int shift)
{
    double bits = 0;
    for (int q = 0; q < s->n_residue; q++) {
        const int column = shift + q, r = w->code[q];
        if (r == MOTIF_NONE || w->use[q] <= 0) continue;
        const double usual = background_at(s->background, w->len, w->position + q)[r];
        bits += (double)w->use[q] * log2(odds(s, c, column, r, usual));
    }
    return bits;
}

static void add(Cluster *c, const MotifWindow *w, int n_residue)
{
    c->weight += w->weight;
    for (int q = 0; q < n_residue; q++) {
        if (w->code[q] == MOTIF_NONE) continue;
        c->count[w->shift + q][w->code[q]] += w->weight * (double)w->use[q];
        c->sum[w->shift + q] += w->weight * (double)w->use[q];
    }
}

/* The best motif and shift for a window; what it then fits, in bits. */
static double best_fit(const MotifSearch *s, MotifWindow *w)
{
    double best = -INFINITY;
    const int reach = s->n_residue - 3 < ROOT ? s->n_residue - 3 : ROOT;
    w->motif = -1;
    for (int k = 0; k < s->n; k++)
        for (int step = 0; step <= 2 * (reach > 0 ? reach : 0); step++) {
            const int shift = ROOT + (step % 2 ? (step + 1) / 2 : -step / 2); /* small shifts first */
            const double bits = fit(s, &s->cluster[k], w, shift);
            if (bits <= best) continue;
            best = bits;
            w->motif = k;
            w->shift = shift;
        }
    return best;
}

/* What a window must fit a motif to join it. A gap of another length leaves half of the letters where they are. */
static double least_fit(const MotifSearch *s, const MotifWindow *w)
{
    double bits = 0;
    for (int q = 0; q < s->n_residue; q++)
        if (w->code[q] != MOTIF_NONE && (double)w->use[q] >= JOIN_USE)
            bits -= (double)w->use[q] * log2(background_at(s->background, w->len, w->position + q)[w->code[q]]);
    return fmax(JOIN_BITS, JOIN_PART * bits);
}

int windowmotif_by_kernel(const void *a, const void *b)
{
    const MotifWindow *x = a, *y = b;
    if (x->model != y->model) return x->model < y->model ? -1 : 1;
    if (x->kernel != y->kernel) return x->kernel < y->kernel ? -1 : 1;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

bool windowmotif_is_of_one_kernel(const MotifWindow *x, const MotifWindow *y)
{
    return x->model == y->model && x->kernel == y->kernel;
}

static int by_weight(const void *a, const void *b)
{
    const MotifWindow *x = a, *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    if (x->model != y->model) return x->model < y->model ? -1 : 1;
    return (x->kernel > y->kernel) - (x->kernel < y->kernel);
}

static int by_sequence(const void *a, const void *b)
{
    const MotifWindow *x = a, *y = b;
    if (x->motif != y->motif) return x->motif < y->motif ? -1 : 1;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    if (x->row != y->row) return x->row < y->row ? -1 : 1;
    return by_weight(a, b);
}

static void begin(MotifSearch *s, MotifWindow *window, int n)
{
    for (int i = 0; i < n; i++) {
        MotifWindow *w = &window[i];
        if (best_fit(s, w) < least_fit(s, w)) {
            if (s->n == MOST) continue;
            w->motif = s->n++;
            w->shift = ROOT;
        }
        add(&s->cluster[w->motif], w, s->n_residue);
    }
}

/* All windows anew, by the motifs as they now are; each sequence once. */
static void assign(MotifSearch *s, MotifWindow *window, int n)
{
    for (int i = 0; i < n; i++)
        if (best_fit(s, &window[i]) < least_fit(s, &window[i])) window[i].motif = -1;
    qsort(window, (size_t)n, sizeof *window, by_sequence);
    for (int i = 1; i < n; i++) {
        const MotifWindow *w = &window[i], *before = &window[i - 1];
        if (w->motif >= 0 && w->motif == before->motif && w->member == before->member && w->row == before->row)
            window[i].weight = 0;
    }
    for (int i = 0; i < n; i++)
        if (window[i].weight == 0) window[i].motif = -1;
}

/* ---- from clusters to motifs ---- */

static void add_share(WindowMotif *m, const MotifSearch *s, const MotifWindow *w)
{
    m->n_sequence++;
    m->weight += w->weight;
    for (int q = 0; q < s->n_residue; q++) {
        if (w->code[q] == MOTIF_NONE) continue;
        const double *usual = background_at(s->background, w->len, w->position + q);
        m->share[w->shift + q][w->code[q]] += w->weight;
        for (int r = 0; r < MOTIF_LETTERS; r++) m->background[w->shift + q][r] += w->weight * usual[r];
    }
}

static void settle_column(WindowMotif *m, int c, double *reached)
{
    double sum = 0, bits = 0;
    for (int r = 0; r < MOTIF_LETTERS; r++) sum += m->share[c][r];
    *reached = m->weight > 0 ? sum / m->weight : 0;
    m->bits[c] = 0;
    if (sum <= 0) return;
    for (int r = 0; r < MOTIF_LETTERS; r++) {
        m->background[c][r] /= sum;
        m->share[c][r] /= sum;
        if (m->share[c][r] > 0) bits += m->share[c][r] * log2(m->share[c][r] / m->background[c][r]);
    }
    bits -= (MOTIF_LETTERS - 1) / (2 * log(2) * m->n_sequence * *reached);
    m->bits[c] = bits > 0 ? bits : 0;
}

static char letter_of(const WindowMotif *m, int c)
{
    int best = 0;
    for (int r = 1; r < MOTIF_LETTERS; r++)
        if (m->share[c][r] > m->share[c][best]) best = r;
    return m->bits[c] >= FIXED && m->share[c][best] >= 0.5 ? ALPHABET_AMINO[best] : '.';
}

/* Leaves the columns from the first to the last that counts; returns the first, -1: none does. */
static int trim(WindowMotif *m)
{
    int first = -1, last = -1;
    for (int c = 0; c < MOTIF_COLUMNS; c++) {
        double reached;
        settle_column(m, c, &reached);
        if (m->bits[c] < FIXED || reached < 0.5) continue;
        if (first < 0) first = c;
        last = c;
    }
    if (first < 0) return -1;
    m->n_column = last - first + 1;
    const size_t n = (size_t)m->n_column;
    memmove(m->share, m->share + first, n * sizeof *m->share);
    memmove(m->background, m->background + first, n * sizeof *m->background);
    memmove(m->bits, m->bits + first, n * sizeof *m->bits);
    for (int c = 0; c < m->n_column; c++) m->consensus[c] = letter_of(m, c);
    m->consensus[m->n_column] = '\0';
    return first;
}

static void place(WindowMotif *m, MotifWindow *window, int n, int motif, int first)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) {
        if (window[i].motif != motif) continue;
        window[i].shift -= first;
        const double at = window[i].position - window[i].shift;
        sum += at;
        square += at * at;
    }
    m->position = sum / m->n_sequence;
    m->spread = sqrt(fmax(square / m->n_sequence - m->position * m->position, 0));
}

typedef struct {
    WindowMotif motif;
    int number;
} Numbered;

static int by_motif_weight(const void *a, const void *b)
{
    const Numbered *x = a, *y = b;
    if (x->motif.weight != y->motif.weight) return x->motif.weight > y->motif.weight ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* list [s->n]; returns how many are motifs. */
static int make_motifs(Numbered *list, const MotifSearch *s, MotifWindow *window, int n, int min_sequence)
{
    int n_motif = 0;
    for (int k = 0; k < s->n; k++) {
        Numbered *one = &list[n_motif];
        memset(one, 0, sizeof *one);
        one->number = k;
        for (int i = 0; i < n; i++)
            if (window[i].motif == k) add_share(&one->motif, s, &window[i]);
        if (one->motif.n_sequence < min_sequence) continue;
        const int first = trim(&one->motif);
        if (first < 0) continue;
        place(&one->motif, window, n, k, first);
        n_motif++;
    }
    qsort(list, (size_t)n_motif, sizeof *list, by_motif_weight);
    return n_motif;
}

static void renumber(MotifWindow *window, int n, const Numbered *list, int n_motif)
{
    int number[MOST];
    for (int k = 0; k < MOST; k++) number[k] = -1;
    for (int k = 0; k < n_motif; k++) number[list[k].number] = k;
    for (int i = 0; i < n; i++)
        if (window[i].motif >= 0) window[i].motif = number[window[i].motif];
    qsort(window, (size_t)n, sizeof *window, by_sequence);
}

Status windowmotif_find(WindowMotif **out, int *n_out, MotifWindow *window, int n, int n_residue,
                        const MotifBackground *background, int min_sequence)
{
    MotifSearch s = {.n_residue = n_residue, .background = background, .cluster = calloc(MOST, sizeof *s.cluster)};
    Numbered *list = calloc(MOST, sizeof *list);
    *out = calloc(MOST, sizeof **out);
    *n_out = 0;
    Status status = s.cluster && list && *out ? OK : fail(ERR_MEMORY, "no memory for motifs");
    for (int i = 0; i < n; i++) s.unit += window[i].weight / n;
    if (status == OK && n > 0) {
        qsort(window, (size_t)n, sizeof *window, by_weight);
        begin(&s, window, n);
        assign(&s, window, n);
        *n_out = make_motifs(list, &s, window, n, min_sequence);
        renumber(window, n, list, *n_out);
        for (int k = 0; k < *n_out; k++) (*out)[k] = list[k].motif;
    }
    free(list), free(s.cluster);
    if (status != OK) free(*out), *out = NULL;
    return status;
}
