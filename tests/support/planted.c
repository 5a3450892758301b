/* SPDX-License-Identifier: MIT
 *
 * planted.c: faults planted on purpose. scripts/sanitize runs each in the build whose sanitizer must report it, so that
 * "no reports" is known to be worth something. In an ordinary build nothing runs this.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_past_the_end(int n)
{
    volatile char *piece = malloc((size_t)n);
    if (!piece) return 1;
    const int byte = piece[n];
    free((void *)(size_t)piece);
    return byte;
}

static int overflow(int n)
{
    volatile int most = INT_MAX;
    return most + n;
}

static int lose_memory(int n)
{
    char *volatile piece = malloc((size_t)n * 100);
    if (piece) memset(piece, n, (size_t)n);
    piece = NULL;
    return 0;
}

static int race(int n)
{
    volatile int shared = 0;
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < 1000 * n; i++) shared = shared + 1;
    return shared;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int result = 0;
    if (strcmp(what, "address") == 0)
        result = read_past_the_end(argc);
    else if (strcmp(what, "undefined") == 0)
        result = overflow(argc);
    else if (strcmp(what, "leak") == 0)
        result = lose_memory(argc);
    else if (strcmp(what, "thread") == 0)
        result = race(argc);
    else
        return 2;
    printf("%d\n", result);
    return 0;
}
