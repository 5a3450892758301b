/* SPDX-License-Identifier: MIT
 *
 * bagkernel_rows.h: kernels of bags over a small row of numbers a bag. A kind of row is a const descriptor, RowsKind, in
 * rows_KIND.c: it reads the numbers of one bag. Everything else is here:
 *
 *     φ      the row, standardised by the bags of the set; constant columns are left out, a missing number is the mean
 *     model  weight a column in its own unit, and offset: Σ_k weight_k x_k + offset = Σ_i weight_i <φ_i, φ(x)>
 */
#ifndef HOPSACK_BAGKERNEL_ROWS_H
#define HOPSACK_BAGKERNEL_ROWS_H

#include "rival/bagkernel.h"

/* A reader knows a long row of numbers, of which a cohort's table keeps those that occur. A column is a JSON object with a
 * key "name"; its other keys say what it is, so that it is found again in another cohort. */
typedef struct {
    bool dense; /* a number that a cohort lacks is missing; else it is 0, and most numbers are */
    Status (*open)(void **reader, const Cohort *cohort);
    void (*close)(void *reader);                                  /* accepts NULL */
    Status (*add_columns)(void *reader, const RivalBags *bags);   /* numbers that bags->columns name; NULL: none */
    int (*n)(const void *reader);                                 /* numbers it knows */
    Status (*read)(const double **row, void *reader, int member); /* [n] borrowed until the next; NaN: missing */
    json_t *(*describe)(const void *reader, int k);               /* column of number k; NULL: no memory */
    Status (*find)(int *k, void *reader, const json_t *column);   /* -1: the cohort has none */
    void (*remark)(const void *reader, const RivalModel *model);  /* warns of what does not fit; NULL: nothing */
} RowsKind;

/* `detail` of a Rival. */
typedef struct {
    const BagKernel *kernel; /* &bagkernel_rows */
    const RowsKind *kind;
} RowsDetail;

extern const BagKernel bagkernel_rows;

#endif
