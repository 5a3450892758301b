/* SPDX-License-Identifier: MIT
 *
 * bagaudit.h: what hopsack check asks of a dataset beyond reading it: is each bag whole, and which genes does it use?
 */
#ifndef HOPSACK_BAGAUDIT_H
#define HOPSACK_BAGAUDIT_H

#include "data/bagfile/bagfile.h"

/* Reads all arrays of a bag and computes its hash. ERR_FORMAT: the bag is damaged, or the file holds another hash for
 * it. */
Status bagaudit_bag(uint64_t *hash, BagFile *file, int bag);

/* Genes: 0 V, 1 J. Names of the file, none if it has no genes. */
int bagaudit_n_gene(const BagFile *file, int gene);
const char *bagaudit_gene(const BagFile *file, int gene, int index);
/* index [n] of each sequence, -1 or out of range: unknown. Only where the file has genes. */
Status bagaudit_genes(int16_t *index, BagFile *file, int bag, int gene);

/* Residue codes [n, width] and their lengths and counts [n], into memory of the caller. Sequences only. */
int64_t bagaudit_width(const BagFile *file);
Status bagaudit_codes(int8_t *codes, BagFile *file, int bag);

#endif
