/* SPDX-License-Identifier: MIT
 *
 * genename.h: one spelling of the name of a V or J gene, so that genes of two laboratories can be compared.
 *
 *     TRBV7-9*01, TCRBV07-09*01, trbv7-9 and TRBV7-9*01,TRBV7-9*03     all are TRBV7-9
 */
#ifndef HOPSACK_GENENAME_H
#define HOPSACK_GENENAME_H

#define GENENAME_ROOM 64

/* The gene of `raw`: without allele, in capitals, TR for TCR, numbers without leading zeros; the first of several. "" where
 * it is unknown. Returns `out`. */
const char *genename_plain(char out[GENENAME_ROOM], const char *raw);

#endif
