/* SPDX-License-Identifier: MIT */
#include "rival/kmerreader.h"

KmerBlocksSetup kmerreader_blocks(const RivalBags *bags)
{
    return (KmerBlocksSetup){.cohort = bags->cohort,
                             .use = bags->use,
                             .by_counts = bags->by_counts,
                             .stop = bags->stop,
                             .held = bags->held};
}

static Status find_counts(bool *by_counts, RivalModel *const *model, int n)
{
    for (int k = 0; k < n; k++) {
        const json_t *fact = json_object_get(model[k]->facts, "by_counts");
        if (!json_is_boolean(fact))
            return fail(ERR_MODEL, "a model of %s does not say whether sequences count by their counts",
                        model[k]->rival->name);
        if (k > 0 && *by_counts != json_is_true(fact))
            return fail(ERR_MODEL, "some models of %s count a sequence once, some by its count",
                        model[k]->rival->name);
        *by_counts = json_is_true(fact);
    }
    return OK;
}

Status kmerreader_open(KmerReader *out, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    bool by_counts = false;
    *out = (KmerReader){.cohort = cohort};
    TRY(find_counts(&by_counts, model, n_model));
    if (kmerblocks_check(cohort->file) != OK)
        return fail_at(ERR_MODEL, "models of %s do not fit", model[0]->rival->name);
    return cache_open(&out->cache, cohort->file, by_counts ? COUNTS_RAW : COUNTS_NONE, 0);
}

Status kmerreader_bag(const Bag **out, KmerReader *reader, int member)
{
    return cache_bag(reader->cache, out, reader->cohort->bag[member], 0);
}

void kmerreader_close(KmerReader *reader)
{
    cache_close(reader->cache);
    *reader = (KmerReader){0};
}
