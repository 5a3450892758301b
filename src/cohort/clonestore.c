/* SPDX-License-Identifier: MIT */
#include "cohort/clonestore.h"

#include <stdlib.h>

static Status hold(CloneStore *store, CloneStored *m, CloneBag *bag, int64_t budget)
{
    const int64_t bytes = (int64_t)(bag->n_word * sizeof *bag->word);
    *m = (CloneStored){.n = bag->n, .section = bag->section, .n_section = bag->n_section};
    bag->section = NULL;
    if (store->bytes + bytes > budget) return clonespill_write(&store->spill, &m->at, bag->word, (size_t)bytes);
    uint64_t *fitting = realloc(bag->word, (size_t)bytes + 1);
    m->word = fitting ? fitting : bag->word;
    bag->word = NULL;
    store->bytes += bytes;
    return OK;
}

static Status add_member(CloneStore *store, const Cohort *cohort, int member, int64_t budget)
{
    CloneBag bag;
    TRY(clonebag_read(&bag, cohort->file, cohort->bag[member], store->genes));
    for (int i = 0; i < bag.n; i++) store->n_of_len[bag.len[i]]++;
    const Status status = hold(store, &store->member[member], &bag, budget);
    clonebag_free(&bag);
    return status;
}

Status clonestore_fill(CloneStore *out, const Cohort *cohort, const bool *use, bool genes, int64_t budget,
                       const StopFlag *stop)
{
    Status status = OK;
    *out = (CloneStore){.n = cohort->n, .max_len = bagfile_spec(cohort->file)->max_len, .genes = genes};
    out->member = calloc((size_t)cohort->n + 1, sizeof *out->member);
    out->n_of_len = calloc((size_t)out->max_len + 1, sizeof *out->n_of_len);
    if (!out->member || !out->n_of_len) TRY_DONE(fail(ERR_MEMORY, "no memory for %d bags", cohort->n));
    for (int i = 0; i < cohort->n; i++) {
        if (!use[i]) continue;
        TRY_DONE(stop_check(stop, " while reading bag %d of %d", i + 1, cohort->n));
        TRY_DONE(add_member(out, cohort, i, budget));
    }
done:
    if (status != OK) clonestore_free(out);
    return status;
}

void clonestore_free(CloneStore *store)
{
    for (int i = 0; store->member && i < store->n; i++) {
        free(store->member[i].section);
        free(store->member[i].word);
    }
    free(store->member);
    free(store->n_of_len);
    clonespill_close(&store->spill);
    *store = (CloneStore){0};
}

Status clonestore_keys(const uint64_t **out, uint64_t **scratch, size_t *room, const CloneStore *store, int member,
                       const CloneSection *section)
{
    const CloneStored *m = &store->member[member];
    const size_t bytes = (size_t)section->n * (size_t)section->n_word * sizeof(uint64_t);
    *out = m->word ? m->word + section->at : NULL;
    if (*out || bytes == 0) return OK;
    if (bytes > *room) {
        free(*scratch);
        *room = bytes;
        *scratch = malloc(bytes);
    }
    *out = *scratch;
    if (*scratch) return clonespill_read(*scratch, &store->spill, m->at + (int64_t)(section->at * 8), bytes);
    *room = 0;
    return fail(ERR_MEMORY, "no memory for %d sequences of a bag", section->n);
}
