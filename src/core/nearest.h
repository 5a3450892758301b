/* SPDX-License-Identifier: MIT
 *
 * nearest.h: what somebody may have meant by a misspelt name.
 */
#ifndef HOPSACK_NEAREST_H
#define HOPSACK_NEAREST_H

/* Letters to insert, drop or exchange to make b of a (Levenshtein); names longer than 127 bytes count as their start. */
int nearest_distance(const char *a, const char *b);

#endif
