/* SPDX-License-Identifier: MIT
 *
 * vectorcheck.h: what is odd about vectors before they become a dataset: what leaks.h finds, and equal instances and bags.
 * One pass over the instances; memory of a few numbers a feature and 16 bytes an instance.
 */
#ifndef HOPSACK_VECTORCHECK_H
#define HOPSACK_VECTORCHECK_H

#include "data/bagfile/vectorspool.h"
#include "data/vectors/leaks.h"

#include <jansson.h>

typedef struct {
    LeakFindings leaks;
    int n_label, n_unlabelled;   /* different labels; bags without one */
    bool labelled_elsewhere;     /* by a label table or further columns: set by the caller before the report */
    int n_shared, n_shared_both; /* distinct instances that several bags have; of these, bags of different labels */
    int n_equal, n_equal_both;   /* groups of equal bags; of these, with different labels */
    int equal[2];                /* two bags of the first group, one with different labels if there is any */
} VectorFindings;

/* label [n_bag], NULL where there is none. The spool is sorted. */
Status vectorcheck_run(VectorFindings *out, VectorSpool *spool, const char *const *label);

/* In messages and warnings; ERR_FORMAT if a feature of the file `source` leaks and that is not allowed. */
Status vectorcheck_report(const VectorFindings *v, const VectorSpool *spool, const char *source, bool allow_leak);
json_t *vectorcheck_json(const VectorFindings *v, const VectorSpool *spool); /* for provenance */

#endif
