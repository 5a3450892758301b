/* SPDX-License-Identifier: MIT
 *
 * N of T are drawn as Floyd has it (Bentley 1987): for j = T - N … T - 1 one of 0 … j, or j itself if that one is taken.
 * Sorted, they are rows, or places in the bag's counts laid end to end.
 */
#include "data/bagfile/rarefy.h"
#include "core/number.h"
#include "core/rng.h"
#include "data/bagfile/bagparts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MOST ((int64_t)1 << 31) /* of a clone; with 2^31 rows at most, sums fit */

struct Rarefaction {
    RarefyOptions options;
    int *n;         /* [n_bag] instances of each bag's part */
    int n_max;      /* of the largest */
    uint64_t *draw; /* [n_draw] scratch */
    uint64_t *seen; /* [2^k] scratch: a hash table of draws + 1, 0 where empty */
    size_t n_slot;
};

static int64_t counted(int64_t count)
{
    return count < 1 ? 1 : count > COUNT_MOST ? COUNT_MOST : count;
}

static int64_t total(const int64_t *count, int n)
{
    int64_t sum = 0;
    for (int i = 0; i < n; i++) sum += counted(count[i]);
    return sum;
}

/* ---- drawing ---- */

/* False if it was there already. */
static bool add_draw(struct Rarefaction *r, uint64_t value)
{
    size_t at = (size_t)rng_mix(value) & (r->n_slot - 1);
    while (r->seen[at] && r->seen[at] != value + 1) at = (at + 1) & (r->n_slot - 1);
    if (r->seen[at]) return false;
    r->seen[at] = value + 1;
    return true;
}

static uint64_t hash_key(const char *key)
{
    uint64_t hash = 0;
    for (const char *c = key; *c; c++) hash = rng_mix(hash ^ (uint64_t)(unsigned char)*c);
    return hash;
}

/* draw [n] of 0 … all-1, number_ascending_u64; n < all. */
static void draw(struct Rarefaction *r, int64_t all, const char *key)
{
    const int64_t n = r->options.n;
    Rng rng = rng_stream(r->options.seed, "rarefy", hash_key(key));
    memset(r->seen, 0, r->n_slot * sizeof *r->seen);
    for (int64_t j = all - n, k = 0; k < n; j++, k++) {
        const uint64_t one = rng_below(&rng, (uint64_t)j + 1);
        r->draw[k] = add_draw(r, one) ? one : (uint64_t)j;
        if (r->draw[k] == (uint64_t)j && one != (uint64_t)j) (void)add_draw(r, (uint64_t)j);
    }
    qsort(r->draw, (size_t)n, sizeof *r->draw, number_ascending_u64);
}

static int whole(int *keep, int n)
{
    for (int i = 0; i < n; i++) keep[i] = i;
    return n;
}

static int choose_clones(int *keep, int64_t *count, const BagFile *file, int bag)
{
    struct Rarefaction *r = file->rare;
    const int n = bagparts_n(file, bag);
    if (n <= r->options.n) return whole(keep, n);
    draw(r, n, file->keys.text[bag]);
    for (int64_t k = 0; k < r->options.n; k++) {
        keep[k] = (int)r->draw[k];
        if (count) count[k] = count[keep[k]];
    }
    return (int)r->options.n;
}

static int choose_counts(int *keep, int64_t *count, const BagFile *file, int bag)
{
    struct Rarefaction *r = file->rare;
    const int n = bagparts_n(file, bag);
    const int64_t all = total(count, n);
    if (all <= r->options.n) return whole(keep, n);
    draw(r, all, file->keys.text[bag]);
    int kept = 0;
    int64_t end = 0, at = 0;
    for (int i = 0; i < n; i++) {
        int64_t found = 0;
        for (end += counted(count[i]); at < r->options.n && (int64_t)r->draw[at] < end; at++) found++;
        if (found == 0) continue;
        keep[kept] = i;
        count[kept++] = found;
    }
    return kept;
}

int rarefy_choose(int *keep, int64_t *count, const BagFile *file, int bag)
{
    return file->rare->options.by == RAREFY_COUNTS ? choose_counts(keep, count, file, bag)
                                                   : choose_clones(keep, count, file, bag);
}

bool rarefy_by_counts(const BagFile *file)
{
    return file->rare->options.by == RAREFY_COUNTS;
}

/* ---- setting it ---- */

static Status read_counts(int64_t *count, BagFile *file, int bag)
{
    return h5_read(count, &file->part[PART_COUNT], H5_INT64, bagparts_first(file, bag), bagparts_n(file, bag));
}

Status rarefy_size(int64_t *out, BagFile *file, int bag, RarefyBy by)
{
    const int n = bagparts_n(file, bag);
    *out = n;
    if (by == RAREFY_CLONES) return OK;
    int64_t *count = malloc(((size_t)n + 1) * sizeof *count);
    if (!count) return fail(ERR_MEMORY, "%s: no memory for the counts of a bag", file->path);
    const Status status = read_counts(count, file, bag);
    if (status == OK) *out = total(count, n);
    free(count);
    return status;
}

static Status reserve(struct Rarefaction *r, const BagFile *file)
{
    r->n_slot = 16;
    while (r->n_slot < 2 * (size_t)r->options.n) r->n_slot *= 2;
    r->n = calloc((size_t)file->n_bag + 1, sizeof *r->n);
    r->draw = malloc(((size_t)r->options.n + 1) * sizeof *r->draw);
    r->seen = malloc(r->n_slot * sizeof *r->seen);
    if (r->n && r->draw && r->seen) return OK;
    return fail(ERR_MEMORY, "%s: no memory to draw %lld of a bag (data.rarefy)", file->path, (long long)r->options.n);
}

/* How many instances each part has; draws of counts leave out clones by chance. */
static Status size_bags(BagFile *file, int *n_smaller, int *keep, int64_t *count)
{
    struct Rarefaction *r = file->rare;
    for (int b = 0; b < file->n_bag; b++) {
        const int n = bagparts_n(file, b);
        int64_t size = n;
        if (r->options.by == RAREFY_COUNTS) {
            TRY(read_counts(count, file, b));
            size = total(count, n);
            r->n[b] = rarefy_choose(keep, count, file, b);
        } else {
            r->n[b] = n < r->options.n ? n : (int)r->options.n;
        }
        *n_smaller += size < r->options.n;
        r->n_max = r->n[b] > r->n_max ? r->n[b] : r->n_max;
    }
    return OK;
}

/* More than any bag has needs no room for draws. */
static Status limit(RarefyOptions *o, BagFile *file)
{
    int64_t most = 1, size;
    for (int b = 0; b < file->n_bag; b++) {
        TRY(rarefy_size(&size, file, b, o->by));
        most = size > most ? size : most;
    }
    if (o->n > most) o->n = most + 1;
    return OK;
}

Status rarefy_set(BagFile *file, const RarefyOptions *options, int *n_smaller)
{
    int found = 0;
    Status status = OK;
    const size_t most = (size_t)file->n_max + 1;
    assert(file->spec.kind == BAG_SEQUENCES && !file->rare && options->n > 0);
    int *keep = malloc(most * sizeof *keep);
    int64_t *count = malloc(most * sizeof *count);
    file->rare = calloc(1, sizeof *file->rare);
    if (!keep || !count || !file->rare) TRY_DONE(fail(ERR_MEMORY, "%s: no memory for data.rarefy", file->path));
    file->rare->options = *options;
    TRY_DONE(limit(&file->rare->options, file));
    TRY_DONE(reserve(file->rare, file));
    TRY_DONE(size_bags(file, &found, keep, count));
    if (n_smaller) *n_smaller = found;
done:
    free(keep);
    free(count);
    if (status != OK) rarefy_free(file);
    return status;
}

int rarefy_n(const BagFile *file, int bag)
{
    return bag < 0 ? file->rare->n_max : file->rare->n[bag];
}

void rarefy_free(BagFile *file)
{
    if (!file->rare) return;
    free(file->rare->n);
    free(file->rare->draw);
    free(file->rare->seen);
    free(file->rare);
    file->rare = NULL;
}
