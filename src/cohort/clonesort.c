/* SPDX-License-Identifier: MIT
 *
 * Hashes are sorted with the numbers of their records, which keeps members in order: into as many parts as there are
 * records, by the bits that differ most, then each part by itself. Different keys of one hash are rarer than faults of
 * memory, but they are told apart.
 */
#include "cohort/clonesort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 24 /* parts up to this are sorted by insertion */

typedef struct {
    uint64_t hash;
    size_t record;
} ClonePlace;

typedef struct {
    CloneBlock *out;
    const uint64_t *record;
    size_t room;              /* units of the block */
    ClonePlace *place, *part; /* [n of the largest bucket] */
    size_t *end;              /* [n of the largest bucket + 1] of parts */
} Sorting;

static const uint64_t *key_of(const Sorting *s, size_t record)
{
    return s->record + record * (size_t)(s->out->n_word + 1);
}

static int by_hash(const void *a, const void *b)
{
    const ClonePlace *p = a, *q = b;
    if (p->hash != q->hash) return p->hash < q->hash ? -1 : 1;
    return p->record < q->record ? -1 : p->record > q->record;
}

static void insert(ClonePlace *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const ClonePlace moved = p[i];
        size_t k = i;
        for (; k > 0 && p[k - 1].hash > moved.hash; k--) p[k] = p[k - 1];
        p[k] = moved;
    }
}

static bool is_sorted(const ClonePlace *p, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (p[i - 1].hash > p[i].hash) return false;
    return true;
}

static void sort_part(ClonePlace *p, size_t n)
{
    if (n <= SMALL)
        insert(p, n);
    else if (!is_sorted(p, n))
        qsort(p, n, sizeof *p, by_hash);
}

/* Which of n parts a hash is in, of those between low and high. */
static size_t part_of(uint64_t hash, uint64_t low, double scale, size_t n)
{
    const size_t part = (size_t)((double)(hash - low) * scale);
    return part < n ? part : n - 1;
}

/* place [n] becomes sorted by hash, then record. */
static void sort_places(Sorting *s, size_t n)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->place[i].hash < low) low = s->place[i].hash;
        if (s->place[i].hash > high) high = s->place[i].hash;
    }
    const double scale = (double)n / ((double)(high - low) + 1);
    memset(s->end, 0, (n + 1) * sizeof *s->end);
    for (size_t i = 0; i < n; i++) s->end[part_of(s->place[i].hash, low, scale, n) + 1]++;
    for (size_t k = 0; k < n; k++) s->end[k + 1] += s->end[k];
    for (size_t i = 0; i < n; i++) s->part[s->end[part_of(s->place[i].hash, low, scale, n)]++] = s->place[i];
    for (size_t k = 0, from = 0; k < n; from = s->end[k++]) sort_part(s->part + from, s->end[k] - from);
}

/* ---- what comes of it ---- */

static Status make_room(Sorting *s, size_t n)
{
    if (s->out->n_unit + n <= s->room) return OK;
    const size_t room = 2 * (s->out->n_unit + n);
    uint32_t *more = realloc(s->out->unit, room * sizeof *more);
    if (!more) return fail(ERR_MEMORY, "no memory for shared sequences");
    s->out->unit = more;
    s->room = room;
    return OK;
}

static size_t count_members(const Sorting *s, const ClonePlace *p, size_t n)
{
    size_t distinct = 0;
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        const uint64_t member = key_of(s, p[i].record)[s->out->n_word];
        distinct += member != last;
        last = member;
    }
    return distinct;
}

/* Records of one key. */
static Status add_key(Sorting *s, const ClonePlace *p, size_t n)
{
    CloneBlock *out = s->out;
    const size_t n_member = count_members(s, p, n), key = 2 * (size_t)out->n_word;
    if (n_member < 2) return OK;
    TRY(make_room(s, 1 + n_member + key));
    uint32_t *to = out->unit + out->n_unit;
    uint64_t last = UINT64_MAX;
    *to++ = (uint32_t)n_member;
    for (size_t i = 0; i < n; i++) {
        const uint64_t member = key_of(s, p[i].record)[out->n_word];
        if (member != last) *to++ = (uint32_t)member;
        last = member;
    }
    memcpy(to, key_of(s, p->record), key * sizeof *to);
    out->n_unit += 1 + n_member + key;
    out->n++;
    return OK;
}

static int compare_keys(const Sorting *s, const ClonePlace *a, const ClonePlace *b)
{
    const uint64_t *p = key_of(s, a->record), *q = key_of(s, b->record);
    for (int k = 0; k < s->out->n_word; k++)
        if (p[k] != q[k]) return p[k] < q[k] ? -1 : 1;
    return 0;
}

/* Places of one hash become sorted by key; how many of them have the first one's. */
static size_t split_keys(const Sorting *s, ClonePlace *p, size_t n)
{
    size_t same = 1;
    while (same < n && compare_keys(s, p, &p[same]) == 0) same++;
    if (same == n) return n;
    for (size_t i = 1; i < n; i++) {
        const ClonePlace moved = p[i];
        size_t k = i;
        for (; k > 0 && compare_keys(s, &p[k - 1], &moved) > 0; k--) p[k] = p[k - 1];
        p[k] = moved;
    }
    for (same = 1; same < n && compare_keys(s, p, &p[same]) == 0;) same++;
    return same;
}

static Status add_keys(Sorting *s, ClonePlace *p, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && p[end].hash == p[i].hash;) end++;
        if (end - i < 2) continue;
        while (i < end) {
            const size_t same = split_keys(s, p + i, end - i);
            TRY(add_key(s, p + i, same));
            i += same;
        }
    }
    return OK;
}

static Status do_bucket(Sorting *s, size_t from, size_t end)
{
    const size_t n = end - from;
    if (n < 2) return OK;
    for (size_t i = 0; i < n; i++)
        s->place[i] = (ClonePlace){.hash = clonekey_hash(key_of(s, from + i), s->out->n_word), .record = from + i};
    sort_places(s, n);
    return add_keys(s, s->part, n);
}

Status clonesort_buckets(CloneBlock *block, const uint64_t *record, const size_t *start, int n_bucket)
{
    Sorting s = {.out = block, .record = record};
    size_t most = 1;
    for (int b = 0; b < n_bucket; b++)
        if (start[b + 1] - start[b] > most) most = start[b + 1] - start[b];
    s.place = malloc(most * sizeof *s.place);
    s.part = malloc(most * sizeof *s.part);
    s.end = malloc((most + 1) * sizeof *s.end);
    Status status = s.place && s.part && s.end ? OK : fail(ERR_MEMORY, "no memory for shared sequences");
    for (int b = 0; b < n_bucket && status == OK; b++) status = do_bucket(&s, start[b], start[b + 1]);
    free(s.place);
    free(s.part);
    free(s.end);
    return status;
}
