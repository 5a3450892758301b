/* SPDX-License-Identifier: MIT
 *
 * traits.h: what is known of each bag as a whole, without a look at its instances: numbers such as its depth, and
 * columns of the label table. hopsack check asks whether one of them alone predicts the label.
 *
 *     Traits traits = {.n = cohort->n};
 *     TRY(bagtraits_add(&traits, cohort, use)); TRY(traits_add_columns(&traits, cohort, &which));
 */
#ifndef HOPSACK_TRAITS_H
#define HOPSACK_TRAITS_H

#include "cohort/cohort.h"

typedef enum { TRAIT_BAG, TRAIT_GENE, TRAIT_COLUMN } TraitSource;

#define TRAIT_WORDS 160

typedef struct {
    char name[TRAIT_WORDS];  /* key in JSON: "depth", or a column */
    char words[TRAIT_WORDS]; /* for sentences: "the sum of counts" */
    TraitSource source;
    int n_class;   /* 0: a number; otherwise values are classes 0 … n_class-1 */
    double *value; /* [n] NaN: missing */
} Trait;

typedef struct {
    int n; /* members of the cohort */
    int n_trait;
    Trait *trait;
    int room;
} Traits;

/* A new trait whose values are all missing; NULL: no memory, and the status is set. */
Status traits_new(Trait **out, Traits *t, TraitSource source, const char *name, const char *words);
void traits_free(Traits *t); /* accepts {0} */

/* Columns of the label table: numbers, and texts of few values. Left out are IDs (as many values as bags, nearly),
 * columns of one value, and those named in `leave_out` [n_leave_out]. `classes` (may be NULL): a column whose values are
 * classes even if they are numbers. */
typedef struct {
    const char *const *leave_out;
    int n_leave_out;
    const char *classes;
    const bool *use; /* [n] members that count */
} TraitColumns;
Status traits_add_columns(Traits *t, const Cohort *c, const TraitColumns *which);

#endif
