/* SPDX-License-Identifier: MIT */
#include "run/single.h"
#include "core/number.h"

Status single_check(const ModelOptions *o, const Cohort *c, Status status)
{
    for (int i = 0; mil_of_one(o) && i < c->n; i++) {
        const int n = bagfile_n(c->file, c->bag[i]);
        if (n == 1) continue;
        return fail(
            status,
            "%s: bag '%s' has %d instance%s, and model.pooling.kind: none is for bags of one; set it to mean, "
            "hopfield or another pooling",
            bagfile_path(c->file), bagfile_key(c->file, c->bag[i]), n, number_plural(n));
    }
    return OK;
}
