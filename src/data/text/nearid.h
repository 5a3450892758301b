/* SPDX-License-Identifier: MIT
 *
 * nearid.h: the key that an ID without one may mean, and in what the two differ.
 *
 *     char hint[NEARID_ROOM];
 *     nearid_text(hint, "p1", key, row, n)        "; did you mean 'P1.tsv' (upper and lower case differ)?"; "": none
 */
#ifndef HOPSACK_NEARID_H
#define HOPSACK_NEARID_H

#define NEARID_ROOM 200

/* key [n]; row [n]: -1 of those that no other ID means. */
const char *nearid_text(char out[NEARID_ROOM], const char *id, const char *const *key, const int *row, int n);

#endif
