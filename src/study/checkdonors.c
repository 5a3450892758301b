/* SPDX-License-Identifier: MIT */
#include "study/checkdonors.h"
#include "data/bagfile/baghash.h"

#include <stdlib.h>
#include <string.h>

#define PUBLIC 50 /* bags; a clone that is among the largest of more is public and tells no donors */

/* ---- the largest clones ---- */

typedef struct {
    uint64_t count, hash;
} Clone;

static int by_size(const void *a, const void *b)
{
    const Clone *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

void checkdonors_top(TopClones *out, const int8_t *codes, int64_t width, const int64_t *len, const int64_t *count,
                     int n, uint64_t *scratch)
{
    Clone *clone = (Clone *)scratch;
    for (int i = 0; i < n; i++)
        clone[i] = (Clone){count[i] > 1 ? (uint64_t)count[i] : 1, baghash_sequence(codes + i * width, len[i], 1)};
    qsort(clone, (size_t)n, sizeof *clone, by_size);
    out->n = 0;
    for (int i = 0; i < n && out->n < CHECKBAGS_TOP; i++)
        if (i == 0 || clone[i].hash != clone[i - 1].hash) out->hash[out->n++] = clone[i].hash;
}

/* ---- pairs ---- */

typedef struct {
    const TopClones *top;
    int n;
    BagHash *holder; /* [n_holder] sorted by hash */
    size_t n_holder;
    int *shared;                       /* [n] clones of the bag at work that each bag has */
    int64_t median[CHECKBAGS_TOP + 1]; /* pairs by shared clones */
    int room;
} Donors;

static Status list_holders(Donors *d)
{
    for (int b = 0; b < d->n; b++) d->n_holder += (size_t)d->top[b].n;
    d->holder = malloc((d->n_holder + 1) * sizeof *d->holder);
    d->shared = calloc((size_t)d->n + 1, sizeof *d->shared);
    if (!d->holder || !d->shared) return fail(ERR_MEMORY, "no memory for the largest clones of %d bags", d->n);
    size_t at = 0;
    for (int b = 0; b < d->n; b++)
        for (int k = 0; k < d->top[b].n; k++) d->holder[at++] = (BagHash){d->top[b].hash[k], b};
    qsort(d->holder, d->n_holder, sizeof *d->holder, baghash_order);
    return OK;
}

static size_t find(const Donors *d, uint64_t hash)
{
    size_t low = 0, high = d->n_holder;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (d->holder[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* shared [n] of bag a with those after it. */
static void count_shared(Donors *d, int a)
{
    memset(d->shared, 0, (size_t)d->n * sizeof *d->shared);
    for (int k = 0; k < d->top[a].n; k++) {
        const size_t first = find(d, d->top[a].hash[k]);
        size_t end = first;
        while (end < d->n_holder && d->holder[end].hash == d->top[a].hash[k] && end - first <= PUBLIC) end++;
        for (size_t h = first; h < end && end - first <= PUBLIC; h++) d->shared[d->holder[h].bag]++;
    }
}

static Status add_pair(CheckBags *c, Donors *d, int a, int b, int of)
{
    if (c->n_pair == d->room) {
        d->room = d->room ? 2 * d->room : 64;
        struct CheckPair *pair = realloc(c->pair, (size_t)d->room * sizeof *pair);
        if (!pair) return fail(ERR_MEMORY, "no memory for %d pairs of bags", d->room);
        c->pair = pair;
    }
    c->pair[c->n_pair++] = (struct CheckPair){a, b, d->shared[b], of};
    return OK;
}

static int smaller(const Donors *d, int a, int b)
{
    return d->top[a].n < d->top[b].n ? d->top[a].n : d->top[b].n;
}

static Status find_pairs(CheckBags *c, Donors *d)
{
    for (int a = 0; a < d->n; a++) {
        count_shared(d, a);
        for (int b = a + 1; b < d->n; b++) {
            const int of = smaller(d, a, b);
            d->median[d->shared[b]]++;
            if (d->shared[b] >= CHECKBAGS_LEAST && d->shared[b] >= CHECKBAGS_SHARED * of)
                TRY(add_pair(c, d, a, b, of));
        }
    }
    return OK;
}

/* Where bags share clones anyhow, as those from a small pool of sequences do, more is asked of a pair. */
static void drop_usual(CheckBags *c, const Donors *d)
{
    int64_t pairs = 0;
    int usual = 0, kept = 0;
    for (int k = 0; k <= CHECKBAGS_TOP; k++) pairs += d->median[k];
    for (int64_t sum = d->median[0]; 2 * sum < pairs; sum += d->median[++usual]) {
    }
    for (int k = 0; k < c->n_pair; k++)
        if (c->pair[k].shared >= 4 * usual) c->pair[kept++] = c->pair[k];
    c->n_pair = kept;
}

static int by_shared(const void *a, const void *b)
{
    const struct CheckPair *x = a, *y = b;
    const double of_x = (double)x->shared / x->of, of_y = (double)y->shared / y->of;
    if (of_x != of_y) return of_x > of_y ? -1 : 1;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

/* ---- donors ---- */

static int root(int *parent, int b)
{
    while (parent[b] != b) b = parent[b] = parent[parent[b]];
    return b;
}

/* The first bag of a donor is its root, so that donors are numbered in the order of bags. */
static void join_pairs(CheckBags *c)
{
    for (int k = 0; k < c->n_pair; k++) {
        const int a = root(c->donor, c->pair[k].a), b = root(c->donor, c->pair[k].b);
        c->donor[a > b ? a : b] = a > b ? b : a;
    }
    for (int b = 0; b < c->n; b++) c->donor[b] = root(c->donor, b);
    for (int b = 0; b < c->n; b++) c->donor[b] = c->donor[b] == b ? c->n_donor++ : c->donor[c->donor[b]];
}

Status checkdonors_find(CheckBags *c, const TopClones *top)
{
    Donors d = {.top = top, .n = c->n};
    Status status;
    for (int b = 0; b < c->n; b++) c->donor[b] = b;
    TRY_DONE(list_holders(&d));
    TRY_DONE(find_pairs(c, &d));
    drop_usual(c, &d);
    if (c->n_pair) qsort(c->pair, (size_t)c->n_pair, sizeof *c->pair, by_shared);
    join_pairs(c);
done:
    free(d.holder);
    free(d.shared);
    return status;
}
