/* SPDX-License-Identifier: MIT */
#include "core/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LETTERS 127

static int min(int a, int b)
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
            row[j] = min(min(above, row[j - 1]) + 1, corner + (a[i - 1] != b[j - 1]));
            corner = above;
        }
    }
    return row[n_b];
}

static const char *last_name(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

int nearest_limit(const char *name)
{
    return 1 + ((int)strlen(name) + 1) / 3;
}

void nearest_start(Nearest *near, const char *name, int limit)
{
    *near = (Nearest){.name = name, .best = limit};
}

/* A name that only stands at the wrong place is nearer than any misspelling. */
static int path_distance(const char *name, const char *known)
{
    const char *last = last_name(known);
    const int whole = nearest_distance(name, known);
    if (strcmp(last_name(name), last) == 0) return 0;
    return strchr(name, '.') ? whole : min(whole, nearest_distance(name, last));
}

static bool is_found(const Nearest *near, const char *shown)
{
    for (int i = 0; i < near->n; i++)
        if (strcmp(near->found[i], shown) == 0) return true;
    return false;
}

void nearest_add(Nearest *near, const char *shown)
{
    near->best = 0;
    if (near->n < NEAREST_MOST && !is_found(near, shown)) snprintf(near->found[near->n++], NEAREST_ROOM, "%s", shown);
}

void nearest_offer(Nearest *near, const char *known, const char *shown)
{
    const int distance = path_distance(near->name, known);
    if (distance > near->best || (distance == near->best && distance > 0)) return;
    if (distance < near->best) near->n = 0;
    nearest_add(near, shown);
    near->best = distance;
}

const char *nearest_text(char *out, size_t room, const Nearest *near)
{
    size_t at = 0;
    out[0] = 0;
    for (int i = 0; i < near->n && at < room; i++) {
        const char *before = i == 0 ? "" : i + 1 < near->n ? ", " : " or ";
        at += (size_t)snprintf(out + at, room - at, "%s%s", before, near->found[i]);
    }
    return out;
}

const char *nearest_name(const char *name, const char *const *names)
{
    const char *best = NULL;
    int best_distance = nearest_limit(name);
    for (; *names; names++) {
        const int d = nearest_distance(name, *names);
        if (d < best_distance) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}
