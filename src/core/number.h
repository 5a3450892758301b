/* SPDX-License-Identifier: MIT
 *
 * number.h: numbers as text and back. Written with the fewest digits that read back as the same number.
 */
#ifndef HOPSACK_NUMBER_H
#define HOPSACK_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The fewest digits that read back as the same double (float); returns `buffer`. NaN and infinities give "". */
#define NUMBER_ROOM 32
const char *number_text(char buffer[NUMBER_ROOM], double value);
const char *number_text_float(char buffer[NUMBER_ROOM], float value);

const char *number_plural(int64_t n); /* "s" of "bags", "" of "1 bag" */

/* The whole of `text` as a decimal number: no blanks, no hexadecimal, no words such as inf; false if it is none or too
 * large for its type. number_read rounds what is too small for a double to 0. */
bool number_read(double *out, const char *text);
bool number_read_int(int64_t *out, const char *text);
bool number_read_u64(uint64_t *out, const char *text);

/* For qsort: from the smallest. */
int number_ascending(const void *a, const void *b); /* double */
int number_ascending_u64(const void *a, const void *b);
int number_ascending_int(const void *a, const void *b);

#endif
