/* SPDX-License-Identifier: MIT
 *
 * machine.h: what learns from inner products of bags: a row for each of the ways (dual.h, libsvm).
 */
#ifndef HOPSACK_MACHINE_H
#define HOPSACK_MACHINE_H

#include "rival/dual.h"

#include <stdbool.h>

/* Learns one output from n bags. */
typedef struct {
    const double *k;     /* [n, n] */
    const double *label; /* [n] 0 or 1; numbers */
    int n;
    double cost; /* C; that of a class is multiplied by n / (2 n of the class) */
} MachineInput;

/* f(x) = Σ a_i k(x_i, x) + b; `d` has a and b on return, and where it may begin before. */
typedef Status (*Machine)(Dual *d, const MachineInput *in);

Status machine_logistic(Dual *d, const MachineInput *in);
Status machine_ridge(Dual *d,
                     const MachineInput *in); /* labels of any unit: C is for those of standard deviation 1 */
Status machine_svm(Dual *d, const MachineInput *in);
extern const bool machine_has_svm; /* was libsvm there when hopsack was built? */
void machine_start(void);          /* once, before threads */

#endif
