/* SPDX-License-Identifier: MIT
 *
 * Bags of one class stand together so that sums change their column rarely (kmercount.c). Where a block ends depends on
 * sizes alone, so that rounding does too: the sums of a group are the same bits whatever groups stand before it.
 */
#include "cohort/kmerbags.h"
#include "cohort/kmerstat.h"
#include "cohort/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SEQUENCES 2000000 /* a block has no more, unless it is one bag */

/* ---- which bags, and their classes and labels ---- */

static const real *target_of(const KmerSetup *in, int member)
{
    return in->labels->target + (size_t)member * (size_t)in->labels->n_out + in->target->at;
}

static bool is_used(const KmerSetup *in, int member)
{
    return in->part[member] == PART_TRAIN && in->labels->mask[(size_t)member * (size_t)in->labels->n_target] != 0;
}

/* A row of DeepRC's that is of no class counts for the first. */
static int class_of(const KmerSetup *in, int member)
{
    const int class = task_label_class(in->target, target_of(in, member));
    return class < 0 ? 0 : class;
}

static void add_member(KmerBags *bags, int member, int column)
{
    const KmerSetup *in = bags->in;
    const int size = cache_n(in->cache, in->bag[member]);
    bags->number[bags->n] = in->bag[member];
    bags->size[bags->n] = size;
    bags->label[bags->n] = bags->labelled ? (double)*target_of(in, member) : 0;
    bags->weight[bags->n++] = (KmerWeight){.factor = size ? in->mean_size / size : 0, .column = column};
}

static void list_group(KmerBags *bags, int group)
{
    const KmerSetup *in = bags->in;
    for (int column = 0; column < (bags->labelled ? 1 : bags->n_column); column++)
        for (int i = 0; i < in->n; i++) {
            if (!is_used(in, i) || (in->group && in->group[i] != group)) continue;
            if (bags->labelled || class_of(in, i) == column) add_member(bags, i, column);
        }
}

static void list_members(KmerBags *bags)
{
    bags->n_group = bags->in->group ? bags->in->n_group : 1;
    for (int g = 0; g < bags->n_group; g++) {
        bags->start[g] = bags->n;
        list_group(bags, g);
    }
    bags->start[bags->n_group] = bags->n;
}

/* ---- tests ---- */

static double mean_label(const KmerBags *bags, int first, int end)
{
    double sum = 0;
    for (int b = first; b < end; b++) sum += bags->label[b];
    return end > first ? sum / (end - first) : 0;
}

/* The sums of a group hold labels less its own mean, which other folds with this group share, and which lets numbers in
 * any unit be multiplied in float. */
static const char *list_label(KmerBags *bags)
{
    const double mean = mean_label(bags, 0, bags->n);
    double sxx = 0, square = 0;
    for (int g = 0; g < bags->n_group; g++) {
        const double own = mean_label(bags, bags->start[g], bags->start[g + 1]);
        bags->shift[g] = own - mean;
        for (int b = bags->start[g]; b < bags->start[g + 1]; b++) bags->weight[b].label = bags->label[b] - own;
    }
    for (int b = 0; b < bags->n; b++) {
        square += bags->label[b] * bags->label[b];
        bags->label[b] -= mean;
        sxx += bags->label[b] * bags->label[b];
    }
    if (!(sxx > 1e-12 * square)) return "all training bags have the same label";
    bags->test[bags->n_test++] = (KmerTest){.column = 1, .sxx = sxx};
    return NULL;
}

/* Their tests of presence, behind those of occurrences or in their place. */
static void list_presence(KmerBags *bags)
{
    const double n_test = (double)KMERMASK_CELLS * bags->n_test / KMERS_MAX;
    const double min_z = bags->in->min_z > 0 ? bags->in->min_z : kmerstat_threshold(n_test);
    const int n = bags->n_test;
    for (int k = 0; k < n; k++) {
        KmerTest test = bags->test[k];
        test.presence = true;
        for (int b = 0; b < bags->n; b++) test.n_in += bags->weight[b].column == test.column;
        kmerstat_attainable(&test.least, &test.most, test.n_in, bags->n, min_z);
        bags->test[bags->in->statistic == KMER_BOTH ? bags->n_test++ : k] = test;
    }
}

/* Of two classes one test says all. */
static const char *list_classes(KmerBags *bags)
{
    int count[TARGET_CLASSES] = {0};
    for (int b = 0; b < bags->n; b++) count[bags->weight[b].column]++;
    for (int k = bags->n_column == 2; k < bags->n_column; k++) {
        const double share = (double)count[k] / bags->n;
        if (count[k] < 2 || bags->n - count[k] < 2) continue;
        bags->test[bags->n_test++] =
            (KmerTest){.target_class = k, .column = k, .share = share, .sxx = count[k] * (1 - share)};
    }
    if (bags->presence) list_presence(bags);
    return bags->n_test ? NULL : "a class has fewer than 2 training bags";
}

Status kmerbags_list(KmerBags *out, const KmerSetup *in, const char **reason)
{
    const size_t capacity = (size_t)in->n + 1;
    const int n_class = task_n_class(in->target);
    const bool labelled = n_class == 0;
    *out = (KmerBags){.in = in, .labelled = labelled, .presence = !labelled && in->statistic != KMER_FREQUENCY};
    *reason = NULL;
    out->n_column = labelled ? 2 : n_class;
    assert(!in->group || (in->n_group > 0 && in->n_group <= KMERS_TOGETHER));
    assert(in->spec->kind == BAG_SEQUENCES && in->spec->n_feat == KMER_LETTERS && out->n_column <= TARGET_CLASSES);
    out->number = calloc(capacity, sizeof *out->number);
    out->size = calloc(capacity, sizeof *out->size);
    out->weight = calloc(capacity, sizeof *out->weight);
    out->label = calloc(capacity, sizeof *out->label);
    if (!out->number || !out->size || !out->weight || !out->label) {
        kmerbags_free(out);
        return fail(ERR_MEMORY, "no memory for the list of training bags");
    }
    list_members(out);
    if (out->n < 4)
        *reason = "fewer than 4 training bags have a label";
    else
        *reason = labelled ? list_label(out) : list_classes(out);
    return OK;
}

void kmerbags_free(KmerBags *bags)
{
    free(bags->number);
    free(bags->size);
    free(bags->weight);
    free(bags->label);
    *bags = (KmerBags){0};
}

/* ---- a block ---- */

Status kmerbags_read(KmerBags *bags, int first, int end, int *n)
{
    int64_t total = 0;
    TRY(stop_check(bags->in->stop, " while counting k-mers, after bag %d of %d", first, bags->n));
    for (*n = 0; *n < KMERBAGS_BLOCK && first + *n < end; ++*n) {
        total += bags->size[first + *n];
        if (*n > 0 && total > BLOCK_SEQUENCES) break;
        TRY(cache_bag(bags->in->cache, &bags->block[*n], bags->number[first + *n], *n));
    }
    return OK;
}

bool kmerbags_same_group(const KmerBags *a, const KmerBags *b, int group)
{
    const int n = a->start[group + 1] - a->start[group];
    if (b->start[group + 1] - b->start[group] != n) return false;
    return memcmp(a->number + a->start[group], b->number + b->start[group], (size_t)n * sizeof *a->number) == 0;
}

/* ---- one k-mer ---- */

bool kmerbags_inside(const KmerBags *bags, const KmerTest *test, int b)
{
    return bags->labelled ? bags->label[b] > 0 : bags->weight[b].column == test->column;
}

static double presence_z(const KmerBags *bags, const KmerTest *test, const double *value)
{
    int held = 0, held_in = 0;
    for (int b = 0; b < bags->n; b++) {
        held += value[b] > 0;
        held_in += value[b] > 0 && bags->weight[b].column == test->column;
    }
    return kmerstat_presence(held_in, test->n_in, held, bags->n);
}

double kmerbags_t(const KmerBags *bags, const KmerTest *test, const double *value)
{
    if (test->presence) return presence_z(bags, test, value);
    double sum = 0, square = 0, own = 0;
    for (int b = 0; b < bags->n; b++) {
        const double x = bags->labelled ? bags->label[b] : bags->weight[b].column == test->column;
        sum += value[b];
        square += value[b] * value[b];
        own += value[b] * x;
    }
    const double t = kmerstat_t(own - test->share * sum, test->sxx, square - sum * sum / bags->n, bags->n);
    return bags->presence ? kmerstat_z(t, bags->n - 2) : t;
}

double kmerbags_z(const KmerBags *bags, double t)
{
    return bags->presence ? t : kmerstat_z(t, bags->n - 2);
}
