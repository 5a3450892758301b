/* SPDX-License-Identifier: MIT
 *
 * kmername.h: names of the cells of a profile of k-mers: "CAS", "S..D", "start:CASS".
 */
#ifndef HOPSACK_KMERNAME_H
#define HOPSACK_KMERNAME_H

#include "rival/rival.h"

/* As Rival.name_feature has it, of rivals whose detail is a KmerDetail. */
void kmername_feature(char *text, size_t room, const Rival *rival, int64_t feature, const char *alphabet);

#endif
