/* SPDX-License-Identifier: MIT */
#include "rival/cloneshare.h"
#include "cohort/clonecount.h"

#include <stdlib.h>

void cloneshare_free(CloneShare *s)
{
    clonelist_free(&s->list);
    free(s->size);
    *s = (CloneShare){0};
}

static Status list_clones(CloneShare *s, const RivalBags *bags)
{
    const int n = bags->cohort->n;
    int *n_distinct = calloc((size_t)n + 1, sizeof *n_distinct);
    s->size = calloc((size_t)n + 1, sizeof *s->size);
    const CloneSetup setup = {.cohort = bags->cohort,
                              .use = bags->use,
                              .genes = s->genes,
                              .patterns = s->patterns,
                              .budget = clonecount_budget,
                              .stop = bags->stop};
    Status status = n_distinct && s->size ? OK : fail(ERR_MEMORY, "no memory for the shared sequences of %d bags", n);
    if (status == OK) status = clonecount_list(&s->list, n_distinct, &setup);
    for (int i = 0; status == OK && i < n; i++) s->size[i] = n_distinct[i];
    free(n_distinct);
    return status;
}

Status cloneshare_get(const CloneShare **out, CloneShare *own, const RivalBags *bags, bool genes, bool patterns)
{
    CloneShare *s = bags->clones ? bags->clones : own;
    *out = s;
    if (s->size && s->genes == genes && s->patterns == patterns) return OK;
    cloneshare_free(s);
    s->genes = genes;
    s->patterns = patterns;
    const Status status = list_clones(s, bags);
    if (status != OK) cloneshare_free(s);
    return status;
}
