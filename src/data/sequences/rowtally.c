/* SPDX-License-Identifier: MIT */
#include "data/sequences/rowtally.h"
#include "data/sequences/gather.h"

#include <stdio.h>

static const char *const drop_name[N_DROP] = {
#define X(name, text) text,
    DROP_MAP(X)
#undef X
};

const char *rowtally_dropped(char *text, size_t room, const RowTally *tally)
{
    size_t at = 0;
    *text = '\0';
    for (int d = 0; d < N_DROP && at < room; d++)
        if (tally->dropped[d] > 0)
            at += (size_t)snprintf(text + at, room - at, "%s%s %lld", at ? ", " : "", drop_name[d],
                                   (long long)tally->dropped[d]);
    return text;
}

void rowtally_add(RowTally *sum, const RowTally *one)
{
    if (sum->kept == 0 || (one->kept > 0 && one->count_min < sum->count_min)) sum->count_min = one->count_min;
    sum->read += one->read;
    sum->kept += one->kept;
    for (int d = 0; d < N_DROP; d++) sum->dropped[d] += one->dropped[d];
    sum->merged += one->merged;
    sum->count_one += one->count_one;
    sum->count_below += one->count_below;
    sum->count_fraction += one->count_fraction;
    sum->count_sum = gather_sum(sum->count_sum, one->count_sum);
    sum->ends += one->ends;
    sum->cdr3 += one->cdr3;
    sum->cdr3_ends += one->cdr3_ends;
    sum->cdr3_only += one->cdr3_only;
    sum->bases += one->bases;
    for (int k = 0; k < N_LOCUS; k++) sum->locus[k] += one->locus[k];
}

bool rowtally_is_odd(const RowTally *t)
{
    return t->dropped[DROP_CUT] + t->dropped[DROP_CHAINS] + t->dropped[DROP_LETTER] + t->dropped[DROP_LONG] > 0;
}

int rowtally_loci(const RowTally *t)
{
    int64_t sum = 0;
    int n = 0;
    for (int k = 0; k < N_LOCUS; k++) sum += t->locus[k];
    for (int k = 0; k < N_LOCUS; k++) n += 100 * t->locus[k] > sum;
    return n;
}

static json_t *loci_json(const RowTally *t)
{
    json_t *out = json_object();
    for (int k = 0; k < N_LOCUS; k++)
        if (t->locus[k] > 0) json_object_set_new(out, locus_name[k], json_integer(t->locus[k]));
    return out;
}

json_t *rowtally_json(const RowTally *t)
{
    json_t *dropped = json_object();
    for (int d = 0; d < N_DROP; d++)
        if (t->dropped[d] > 0) json_object_set_new(dropped, drop_name[d], json_integer(t->dropped[d]));
    json_t *out =
        json_pack("{sI sI so sI sI sI sI}", "rows", (json_int_t)t->read, "kept", (json_int_t)t->kept, "dropped",
                  dropped, "merged", (json_int_t)t->merged, "counts_set_to_1", (json_int_t)t->count_one, "count_sum",
                  (json_int_t)t->count_sum, "count_min", (json_int_t)t->count_min);
    if (t->cdr3 > 0) json_object_set_new(out, "from_cdr3_aa", json_integer(t->cdr3));
    if (t->count_fraction > 0) json_object_set_new(out, "counts_rounded", json_integer(t->count_fraction));
    if (rowtally_loci(t) > 0) json_object_set_new(out, "loci", loci_json(t));
    return out;
}
