/* SPDX-License-Identifier: MIT
 *
 * proportion.h: how sure a share of bags is, such as a sensitivity.
 */
#ifndef HOPSACK_PROPORTION_H
#define HOPSACK_PROPORTION_H

/* 95 % interval of a share of `hits` among n (Wilson 1927); both may be means over repetitions. NaN where n is 0. */
void proportion_interval(double interval[2], double hits, double n);

#endif
