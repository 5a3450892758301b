/* SPDX-License-Identifier: MIT
 *
 * kmerkeys.h: cells of all windows of a run of residues, for masks with three and with four fixed places.
 */
#ifndef HOPSACK_KMERKEYS_H
#define HOPSACK_KMERKEYS_H

#include <stdint.h>

/* key [n] of the windows at places 0 … n-1 of `code`, which has n + span - 1 residues; offset [3] or [4] of the fixed
 * places, the first 0. Windows that reach into the next of several sequences are the caller's to leave out. */
void kmerkeys_three(uint16_t *restrict key, const uint8_t *restrict code, const int *offset, int n);
void kmerkeys_four(uint32_t *restrict key, const uint8_t *restrict code, const int *offset, int n);

#endif
