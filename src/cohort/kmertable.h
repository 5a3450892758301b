/* SPDX-License-Identifier: MIT
 *
 * kmertable.h: kmers.tsv, the k-mers that were chosen: a header, and a row each k-mer in the order of choice.
 */
#ifndef HOPSACK_KMERTABLE_H
#define HOPSACK_KMERTABLE_H

#include "cohort/kmers.h"

/* The class is named as `target` names it. */
Status kmertable_write(const KmerChoice *choice, const char *path, const Target *target, const char *alphabet);

/* Reads that; min_z is NaN where no k-mer was chosen; n_tested, largest_z and aside are not in the file.
 * ERR_FORMAT with line. */
Status kmertable_read(KmerChoice *out, const char *path, const Target *target, const char *alphabet);

#endif
