/* SPDX-License-Identifier: MIT */
#include "cohort/bagtraits.h"
#include "cohort/bagnumbers.h"
#include "data/bagfile/bagaudit.h"
#include "data/bagfile/cache.h"

#include <math.h>
#include <stdlib.h>

#define SHORT_SHARE 0.1  /* of the lengths of the cohort, each bag counting once */
#define RARE_GENE   0.01 /* share of a bag's sequences; genes below it in every bag are left out */

/* ---- lengths and counts ---- */

enum {
    SEQUENCES,
    DEPTH,
    CLONALITY,
    LARGEST,
    SINGLETONS,
    SMALLEST,
    SMALLEST_FREQUENCY,
    LENGTH_MEAN,
    LENGTH_MEDIAN,
    SHORT,
    LONG,
    N_SHAPE
};

static const char *const shape_name[N_SHAPE][2] = {
    [SEQUENCES] = {"sequences", "the number of sequences"},
    [DEPTH] = {"depth", "depth (the sum of counts)"},
    [CLONALITY] = {"clonality", "clonality"},
    [LARGEST] = {"largest_clone", "the largest clone's share"},
    [SINGLETONS] = {"singletons", "the share of singletons"},
    [SMALLEST] = {"smallest_count", "the smallest count"},
    [SMALLEST_FREQUENCY] = {"smallest_frequency", "the smallest clone's share"},
    [LENGTH_MEAN] = {"length_mean", "the mean sequence length"},
    [LENGTH_MEDIAN] = {"length_median", "the median sequence length"},
    [SHORT] = {"short", "the share of short sequences"},
    [LONG] = {"long", "the share of long sequences"},
};

typedef struct {
    const Cohort *cohort;
    const bool *use;      /* [n] */
    int width;            /* longest length + 1 */
    double *histogram;    /* [n, width] share of the bag's sequences of each length */
    int64_t *len, *count; /* [n_max] */
} Shapes;

static double *lengths_of(const Shapes *s, int member)
{
    return s->histogram + (size_t)member * (size_t)s->width;
}

static Status shapes_open(Shapes *s, const Cohort *c, const bool *use)
{
    const size_t n_max = (size_t)bagfile_n_max(c->file);
    *s = (Shapes){.cohort = c, .use = use, .width = bagfile_spec(c->file)->max_len + 1};
    s->histogram = calloc((size_t)c->n * (size_t)s->width + 1, sizeof *s->histogram);
    s->len = malloc((n_max + 1) * sizeof *s->len);
    s->count = malloc((n_max + 1) * sizeof *s->count);
    return s->histogram && s->len && s->count ? OK : fail(ERR_MEMORY, "no memory for the lengths of %d bags", c->n);
}

static void shapes_free(Shapes *s)
{
    free(s->histogram);
    free(s->len);
    free(s->count);
}

/* value [N_SHAPE] but for lengths. */
static void by_counts(double *value, const int64_t *count, int n)
{
    BagCounts c;
    bagnumbers_counts(&c, count, n);
    value[SEQUENCES] = n;
    value[DEPTH] = c.depth;
    value[CLONALITY] = c.clonality;
    value[LARGEST] = c.largest;
    value[SINGLETONS] = c.singletons;
    value[SMALLEST] = c.smallest;
    value[SMALLEST_FREQUENCY] = c.smallest / c.depth;
}

/* The least length up to which at least that share of `histogram` [width] lies. */
static int quantile(const double *histogram, int width, double share)
{
    double sum = 0, total = 0;
    for (int l = 0; l < width; l++) total += histogram[l];
    for (int l = 0; l < width; l++)
        if ((sum += histogram[l]) >= share * total) return l;
    return width - 1;
}

static void by_lengths(double *value, const double *histogram, int width, int least, int most)
{
    double mean = 0, below = 0, above = 0;
    for (int l = 0; l < width; l++) {
        mean += l * histogram[l];
        if (l < least) below += histogram[l];
        if (l > most) above += histogram[l];
    }
    value[LENGTH_MEAN] = mean;
    value[LENGTH_MEDIAN] = quantile(histogram, width, 0.5);
    value[SHORT] = below;
    value[LONG] = above;
}

static Status read_shape(double *value, Shapes *s, int member)
{
    const int bag = s->cohort->bag[member], n = bagfile_n(s->cohort->file, bag);
    TRY(bagfile_read_sizes(s->len, s->count, s->cohort->file, bag));
    by_counts(value, s->count, n);
    for (int i = 0; i < n; i++) lengths_of(s, member)[s->len[i]]++;
    for (int l = 0; l < s->width; l++) lengths_of(s, member)[l] /= n;
    return OK;
}

/* Borders of short and long: quantiles of the cohort's lengths, each bag with the same weight. */
static Status find_borders(int border[2], const Shapes *s)
{
    double *all = calloc((size_t)s->width + 1, sizeof *all);
    if (!all) return fail(ERR_MEMORY, "no memory for lengths");
    for (int i = 0; i < s->cohort->n; i++)
        for (int l = 0; s->use[i] && l < s->width; l++) all[l] += lengths_of(s, i)[l];
    border[0] = quantile(all, s->width, SHORT_SHARE);
    border[1] = quantile(all, s->width, 1 - SHORT_SHARE);
    free(all);
    return OK;
}

static Status add_shapes(Traits *t, const double *value, const int border[2])
{
    for (int k = 0; k < N_SHAPE; k++) {
        Trait *trait;
        char words[TRAIT_WORDS];
        snprintf(words, sizeof words, "%s", shape_name[k][1]);
        if (k == SHORT) snprintf(words, sizeof words, "the share of sequences below %d residues", border[0]);
        if (k == LONG) snprintf(words, sizeof words, "the share of sequences above %d residues", border[1]);
        TRY(traits_new(&trait, t, TRAIT_BAG, shape_name[k][0], words));
        for (int i = 0; i < t->n; i++) trait->value[i] = value[(size_t)i * N_SHAPE + (size_t)k];
    }
    return OK;
}

static Status add_sequences(Traits *t, const Cohort *c, const bool *use)
{
    Shapes s;
    Status status;
    int border[2] = {0};
    double *value = malloc(((size_t)c->n * N_SHAPE + 1) * sizeof *value);
    TRY_DONE(shapes_open(&s, c, use));
    if (!value) TRY_DONE(fail(ERR_MEMORY, "no memory for the sizes of %d bags", c->n));
    for (size_t k = 0; k < (size_t)c->n * N_SHAPE; k++) value[k] = NAN;
    for (int i = 0; i < c->n; i++)
        if (use[i]) TRY_DONE(read_shape(value + (size_t)i * N_SHAPE, &s, i));
    TRY_DONE(find_borders(border, &s));
    for (int i = 0; i < c->n; i++)
        if (use[i]) by_lengths(value + (size_t)i * N_SHAPE, lengths_of(&s, i), s.width, border[0], border[1]);
    TRY_DONE(add_shapes(t, value, border));
done:
    shapes_free(&s);
    free(value);
    return status;
}

Status bagtraits_add(Traits *t, const Cohort *c, const bool *use)
{
    if (bagfile_spec(c->file)->kind == BAG_SEQUENCES) return add_sequences(t, c, use);
    Trait *trait;
    TRY(traits_new(&trait, t, TRAIT_BAG, "instances", "the number of instances"));
    for (int i = 0; i < c->n; i++)
        if (use[i]) trait->value[i] = bagfile_n(c->file, c->bag[i]);
    return OK;
}

/* ---- genes ---- */

/* share [n, n_gene] of a bag's sequences whose gene is known. */
static Status read_use(double *share, const Cohort *c, const bool *use, int gene, int n_gene)
{
    Status status = OK;
    int16_t *index = malloc(((size_t)bagfile_n_max(c->file) + 1) * sizeof *index);
    if (!index) return fail(ERR_MEMORY, "no memory for the genes of a bag");
    for (int i = 0; i < c->n; i++) {
        if (!use[i]) continue;
        int known = 0;
        const int n = bagfile_n(c->file, c->bag[i]);
        double *own = share + (size_t)i * (size_t)n_gene;
        TRY_DONE(bagaudit_genes(index, c->file, c->bag[i], gene));
        for (int k = 0; k < n; k++)
            if (index[k] >= 0 && index[k] < n_gene && *bagaudit_gene(c->file, gene, index[k]))
                own[index[k]]++, known++;
        for (int g = 0; g < n_gene; g++) own[g] = known ? own[g] / known : NAN;
    }
done:
    free(index);
    return status;
}

static Status add_gene(Traits *t, const double *share, const bool *use, int n_gene, int g, const char *name)
{
    Trait *trait;
    char words[TRAIT_WORDS];
    double most = 0;
    for (int i = 0; i < t->n; i++)
        if (use[i]) most = fmax(most, share[(size_t)i * (size_t)n_gene + (size_t)g]);
    if (most < RARE_GENE) return OK;
    snprintf(words, sizeof words, "the share of gene %.60s", name);
    TRY(traits_new(&trait, t, TRAIT_GENE, name, words));
    for (int i = 0; i < t->n; i++)
        if (use[i]) trait->value[i] = share[(size_t)i * (size_t)n_gene + (size_t)g];
    return OK;
}

static Status add_entropy(Traits *t, const double *share, const bool *use, int n_gene, int gene)
{
    Trait *trait;
    TRY(traits_new(&trait, t, TRAIT_BAG, gene ? "j_entropy" : "v_entropy",
                   gene ? "the evenness of J genes" : "the evenness of V genes"));
    for (int i = 0; i < t->n; i++) {
        if (!use[i]) continue;
        double entropy = 0;
        for (int g = 0; g < n_gene; g++) {
            const double p = share[(size_t)i * (size_t)n_gene + (size_t)g];
            if (p != 0) entropy -= p * log(p); /* NaN stays */
        }
        trait->value[i] = n_gene > 1 ? round(1e9 * entropy / log(n_gene)) / 1e9 : 1;
    }
    return OK;
}

static Status add_genes(Traits *t, const Cohort *c, const bool *use, int gene)
{
    const int n_gene = bagaudit_n_gene(c->file, gene);
    Status status = OK;
    double *share = calloc((size_t)c->n * (size_t)n_gene + 1, sizeof *share);
    if (!share) return fail(ERR_MEMORY, "no memory for %d genes", n_gene);
    TRY_DONE(read_use(share, c, use, gene, n_gene));
    TRY_DONE(add_entropy(t, share, use, n_gene, gene));
    for (int g = 0; g < n_gene; g++)
        if (*bagaudit_gene(c->file, gene, g))
            TRY_DONE(add_gene(t, share, use, n_gene, g, bagaudit_gene(c->file, gene, g)));
done:
    free(share);
    return status;
}

Status bagtraits_add_genes(Traits *t, const Cohort *c, const bool *use)
{
    if (!bagfile_has_genes(c->file)) return OK;
    TRY(add_genes(t, c, use, 0));
    return add_genes(t, c, use, 1);
}

/* ---- values of vectors ---- */

enum { MEAN, SD, MIN, MAX, ZEROS, N_VALUE };

static const char *const value_name[N_VALUE][2] = {
    [MEAN] = {"value_mean", "the mean of all values"}, [SD] = {"value_sd", "the standard deviation of all values"},
    [MIN] = {"value_min", "the smallest value"},       [MAX] = {"value_max", "the largest value"},
    [ZEROS] = {"value_zeros", "the share of zeros"},
};

static void set_values(Trait *first, int member, const BagValues *v)
{
    first[MEAN].value[member] = v->mean;
    first[SD].value[member] = v->sd;
    first[MIN].value[member] = v->min;
    first[MAX].value[member] = v->max;
    first[ZEROS].value[member] = v->zeros;
}

Status bagtraits_add_values(Traits *t, const Cohort *c, const bool *use)
{
    Status status = OK;
    Cache *cache = NULL;
    Trait *trait;
    const int first = t->n_trait;
    if (bagfile_spec(c->file)->kind != BAG_VECTORS) return OK;
    for (int k = 0; k < N_VALUE; k++) TRY(traits_new(&trait, t, TRAIT_BAG, value_name[k][0], value_name[k][1]));
    TRY(cache_open(&cache, c->file, COUNTS_NONE, 0)); /* one bag at a time */
    for (int i = 0; i < c->n; i++) {
        const Bag *bag;
        BagValues values;
        if (!use[i]) continue;
        TRY_DONE(cache_bag(cache, &bag, c->bag[i], 0));
        cache_next_of(cache, c->bag + i + 1, c->n - i - 1);
        bagnumbers_values(&values, bag, bagfile_spec(c->file)->n_feat);
        set_values(&t->trait[first], i, &values);
    }
done:
    cache_close(cache);
    return status;
}
