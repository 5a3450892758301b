/* SPDX-License-Identifier: MIT */
#include "core/number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number of up to DBL_DIG digits survives double and back, and %g drops its trailing zeros, so the search may start
 * there. Numbers below DBL_MIN carry fewer digits. */
const char *number_text(char buffer[NUMBER_ROOM], double value)
{
    buffer[0] = 0;
    if (!isfinite(value)) return buffer;
    for (int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(buffer, NUMBER_ROOM, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value) break;
    }
    return buffer;
}

const char *number_text_float(char buffer[NUMBER_ROOM], float value)
{
    buffer[0] = 0;
    if (!isfinite(value)) return buffer;
    for (int digits = fabsf(value) < FLT_MIN ? 1 : FLT_DIG; digits <= FLT_DECIMAL_DIG; digits++) {
        snprintf(buffer, NUMBER_ROOM, "%.*g", digits, (double)value);
        if (strtof(buffer, NULL) == value) break;
    }
    return buffer;
}

const char *number_plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

bool number_read(double *out, const char *text)
{
    if (!*text || text[strspn(text, "0123456789+-.eE")]) return false;
    char *end;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

bool number_read_int(int64_t *out, const char *text)
{
    if (!*text || text[strspn(text, "0123456789+-")]) return false;
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return !*end && errno == 0;
}

bool number_read_u64(uint64_t *out, const char *text)
{
    if (!*text || text[strspn(text, "0123456789")]) return false;
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return !*end && errno == 0;
}

int number_ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int number_ascending_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int number_ascending_int(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}
