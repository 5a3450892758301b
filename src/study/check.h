/* SPDX-License-Identifier: MIT
 *
 * check.h: is a dataset sound, and could something trivial predict the label?
 *
 *     {"path", "kind", "bags", "instances", "verdict": sound, remarks or damaged, "remarks": [sentence],
 *      "integrity": {"bags", "checksums", "damaged": [{"bag", "why"}]},
 *      "equal_bags": [[bag, bag, …]], "shared_clones": {"top", "pairs": [{"a", "b", "shared", "of"}]},
 *      "groups": {bag: donor} of bags that share a donor with another,
 *      "region", "junctions": {"share", "junction": bags, "cdr3": bags, "mixed": bags}, "loci": {locus: sequences},
 *      "tasks": {name: checklabels.h}}
 */
#ifndef HOPSACK_CHECK_H
#define HOPSACK_CHECK_H

#include "run/config.h"

#include <jansson.h>

typedef struct {
    const char *path, *metadata, *id_column;
    const TaskOptions *task; /* [n_task] none: the labels are not looked at */
    int n_task;
    bool deeprc;
    const SplitOptions *splits; /* group and batch */
    uint64_t seed;
    const char *groups; /* table of bag and proposed donor to write; NULL: none */
    bool force;
} CheckSetup;

/* *out is the caller's to decref, also with ERR_FORMAT where bags are damaged; else NULL on failure. */
Status check_run(json_t **out, const CheckSetup *setup);

#endif
