/* SPDX-License-Identifier: MIT
 *
 * real.h: the number types of all arithmetic.
 *
 * `real` is what networks are made of. The product is built with float; the gradient and golden tests link a
 * second build of the same sources with double (-DHOPSACK_DOUBLE), because only double can tell a gradient that is
 * off by one per cent from rounding.
 */
#ifndef HOPSACK_REAL_H
#define HOPSACK_REAL_H

#include <float.h>
#include <stddef.h>

#ifdef HOPSACK_DOUBLE
typedef double real;
#define REAL_IS_DOUBLE 1
#define REAL_MAX       DBL_MAX
#else
typedef float real;
#define REAL_IS_DOUBLE 0
#define REAL_MAX       FLT_MAX
#endif

/* Row widths, and counts that are multiplied to find a place in an array: as wide as a pointer, so that a product of two
 * does not overflow where one of them is an Index, and signed, so that differences and comparisons with int need no cast. */
typedef ptrdiff_t Index;

#endif
