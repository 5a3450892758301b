/* SPDX-License-Identifier: MIT
 *
 * cloneshare.h: which bags hold which sequences, listed once for methods that follow one another and ask for the same.
 */
#ifndef HOPSACK_CLONESHARE_H
#define HOPSACK_CLONESHARE_H

#include "cohort/clonelist.h"
#include "rival/rival.h"

struct CloneShare {
    CloneList list;
    double *size; /* [cohort->n] distinct sequences of each bag in use, else 0; NULL: nothing is listed yet */
    bool genes, patterns;
};

/* *out: the run's (RivalBags.clones), listed anew unless it is of this kind; where there is none, `own`, listed now. genes and
 * patterns: as in CloneSetup. */
Status cloneshare_get(const CloneShare **out, CloneShare *own, const RivalBags *bags, bool genes, bool patterns);
void cloneshare_free(CloneShare *s); /* accepts {0} */

#endif
