/* SPDX-License-Identifier: MIT */
#include "core/nearest.h"

#include <string.h>

#define LETTERS 127

static int least(int a, int b)
{
    return a < b ? a : b;
}

int nearest_distance(const char *a, const char *b)
{
    int row[LETTERS + 1]; /* row[j]: distance of the letters of a seen so far to the first j of b */
    const int n_a = (int)strnlen(a, LETTERS), n_b = (int)strnlen(b, LETTERS);
    for (int j = 0; j <= n_b; j++) row[j] = j;
    for (int i = 1; i <= n_a; i++) {
        int corner = row[0];
        row[0] = i;
        for (int j = 1; j <= n_b; j++) {
            const int above = row[j];
            row[j] = least(least(above, row[j - 1]) + 1, corner + (a[i - 1] != b[j - 1]));
            corner = above;
        }
    }
    return row[n_b];
}
