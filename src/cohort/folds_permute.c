/* SPDX-License-Identifier: MIT */
#include "cohort/permute.h"
#include "core/number.h"

#include <stdlib.h>
#include <string.h>

bool folds_parse_permute(int *kind, int *number, const char *text)
{
    static const char *const names[] = {[PERMUTE_LABELS] = "labels:", [PERMUTE_BATCHES] = "batches:"};
    int64_t n;
    *kind = -1;
    *number = 0;
    if (!text || strcmp(text, "none") == 0) return true;
    for (int k = 0; k < 2; k++)
        if (strncmp(text, names[k], strlen(names[k])) == 0) *kind = k;
    if (*kind < 0 || !number_read_int(&n, text + strlen(names[*kind])) || n < 0 || n > 99999) return false;
    *number = (int)n;
    return true;
}

const int *folds_strata(const Folds *f)
{
    return f->strata ? f->strata : f->cohort->labels.class;
}

static Status keep_strata(Folds *f)
{
    const size_t n = (size_t)f->cohort->n_row;
    if (!f->cohort->labels.class) return OK;
    f->strata = malloc((n + 1) * sizeof *f->strata);
    if (!f->strata) return fail(ERR_MEMORY, "no memory for the classes of %zu bags", n);
    memcpy(f->strata, f->cohort->labels.class, n * sizeof *f->strata);
    return OK;
}

Status folds_permute(Folds *f, Labels *labels)
{
    int kind, number;
    if (!folds_parse_permute(&kind, &number, f->options->permute) || kind < 0) return OK; /* config has checked it */
    int *source = malloc(((size_t)f->cohort->n + 1) * sizeof *source);
    if (!source) return fail(ERR_MEMORY, "no memory for %d labels", f->cohort->n);
    Status status = permute_draw(source, f, (PermuteKind)kind, number);
    if (status == OK) status = keep_strata(f);
    if (status == OK) status = permute_apply(labels, source);
    free(source);
    f->one_class = f->lacks_class = true; /* chance may empty a class of a part: nothing to warn of */
    return status;
}
