/* SPDX-License-Identifier: MIT
 *
 * Ten times airr_rearrangement.tsv, in S1/outs to S10/outs, are the bags S1 to S10: the first level of folders, from the
 * file upwards, on which no two are called the same.
 */
#include "data/text/walkname.h"
#include "core/log.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- endings ---- */

const char *walkname_base(const char *path)
{
    const char *base = path;
    for (const char *p = path; *p; p++)
        if ((*p == '/' || *p == '\\') && p[1]) base = p + 1;
    return base;
}

static bool ends_in(const char *name, size_t length, const char *end)
{
    const size_t n = strlen(end);
    return length > n && strncasecmp(name + length - n, end, n) == 0;
}

size_t walkname_packed(const char *name)
{
    static const char *const endings[] = {".gz", ".bz2", ".xz", ".zst", ".zip", NULL};
    const size_t length = strlen(name);
    for (int i = 0; endings[i]; i++)
        if (ends_in(name, length, endings[i])) return length - strlen(endings[i]);
    return length;
}

/* A last dot that a letter follows: P1.fastq, but not P1.2. */
static bool has_extension(const char *name, size_t length)
{
    const char *base = walkname_base(name);
    for (size_t i = length; i-- > (size_t)(base - name) + 1;)
        if (name[i] == '.') return i + 1 < length && isalpha((unsigned char)name[i + 1]);
    return false;
}

static const char *const table_endings[] = {".tsv", ".csv", ".txt", ".tab", NULL};

int walkname_rank(const char *name, const char *extension)
{
    const size_t length = strlen(name), unpacked = walkname_packed(name);
    if (strcmp(extension, WALK_AUTO) != 0)
        return ends_in(name, length, extension) || ends_in(name, unpacked, extension) ? 0 : -1;
    for (int i = 0; table_endings[i]; i++)
        if (ends_in(name, unpacked, table_endings[i])) return i;
    if (ends_in(name, length, ".zip")) return 0;
    return unpacked < length && !has_extension(name, unpacked) ? 0 : -1; /* P01.gz, but not reads.fastq.gz */
}

bool walkname_is_other(const char *name)
{
    static const char *const endings[] = {".h5",  ".hdf5", ".yaml", ".yml", ".json", ".md",  ".html",   ".pdf",
                                          ".png", ".log",  ".sh",   ".py",  ".r",    ".md5", ".sha256", NULL};
    for (int i = 0; endings[i]; i++)
        if (ends_in(name, strlen(name), endings[i])) return true;
    return false;
}

/* ---- one key, several files ---- */

typedef struct {
    const char *text;
    size_t length;
} Part;

/* Folder `level` of a path, 0 being the one that holds the file; length 0: there is none. */
static Part folder_at(const char *path, int level)
{
    const char *end = walkname_base(path);
    for (;; level--) {
        while (end > path && end[-1] == '/') end--;
        const char *start = end;
        while (start > path && start[-1] != '/') start--;
        if (level == 0 || start == end) return (Part){start, (size_t)(end - start)};
        end = start;
    }
}

static int compare_parts(const void *a, const void *b)
{
    const Part *x = a, *y = b;
    const size_t shorter = x->length < y->length ? x->length : y->length;
    const int order = memcmp(x->text, y->text, shorter);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* Does every file have a folder on this level, and no two the same? */
static bool tells_apart(Part *part, WalkFile *const *file, int n, int level)
{
    for (int i = 0; i < n; i++) {
        part[i] = folder_at(file[i]->path, level);
        if (part[i].length == 0 || strncmp(part[i].text, "..", part[i].length) == 0) return false;
    }
    qsort(part, (size_t)n, sizeof *part, compare_parts);
    for (int i = 1; i < n; i++)
        if (compare_parts(&part[i - 1], &part[i]) == 0) return false;
    return true;
}

#define LEVELS 32

static int find_level(WalkFile *const *file, int n)
{
    Part *part = malloc((size_t)n * sizeof *part);
    int level = 0;
    while (part && level < LEVELS && !tells_apart(part, file, n, level)) level++;
    free(part);
    return part && level < LEVELS ? level : -1;
}

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the list of files");
}

static Status check_pair(const WalkFile *a, const WalkFile *b)
{
    const char *x = walkname_base(a->path), *y = walkname_base(b->path);
    const bool known = a->inode != 0 || strcmp(a->path, b->path) == 0; /* members of archives have no inode */
    if (known && a->inode == b->inode && a->device == b->device)
        return fail(ERR_FORMAT, "%s and %s are one file, so a repertoire would be read twice; name it once", a->path,
                    b->path);
    if (x - a->path != y - b->path || strncmp(a->path, b->path, (size_t)(x - a->path)) != 0) return OK;
    return fail(ERR_FORMAT,
                "%s and %s are both named '%s'; a repertoire's name must be its own, so rename or remove one",
                a->path, b->path, a->key);
}

/* Two of the files that are one file, or lie in one folder. */
static Status check_twice(WalkFile *const *file, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = 0; j < i; j++) TRY(check_pair(file[j], file[i]));
    return OK;
}

/* The relative path without the file where no single folder will do. */
static char *whole_folder(const WalkFile *file)
{
    const size_t n = (size_t)(walkname_base(file->name) - file->name);
    return n > 1 ? strndup(file->name, n - 1) : strdup(file->key);
}

static Status rename_group(WalkFile *const *file, int n)
{
    TRY(check_twice(file, n));
    const int level = find_level(file, n);
    for (int i = 0; i < n; i++) {
        const Part part = level < 0 ? (Part){0} : folder_at(file[i]->path, level);
        char *key = level < 0 ? whole_folder(file[i]) : strndup(part.text, part.length);
        if (!key) return no_memory();
        if (i == 0)
            log_info("%d files are all named %s; their bags are named after folders, the first %s", n, file[0]->key,
                     key);
        free(file[i]->key);
        file[i]->key = key;
    }
    return OK;
}

static int by_key(const void *a, const void *b)
{
    const WalkFile *const *x = a, *const *y = b;
    const int order = strcmp((*x)->key, (*y)->key);
    return order ? order : strcmp((*x)->path, (*y)->path);
}

static Status rename_groups(WalkFile **order, int n)
{
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(order[i]->key, order[end]->key) == 0;) end++;
        if (end > i + 1) TRY(rename_group(order + i, end - i));
    }
    return OK;
}

static Status check_unlike(WalkFile *const *order, int n)
{
    for (int i = 1; i < n; i++)
        if (strcmp(order[i - 1]->key, order[i]->key) == 0)
            return fail(ERR_FORMAT,
                        "%s and %s are both named '%s', also by their folders; a repertoire's name must be its own, "
                        "so rename one",
                        order[i - 1]->path, order[i]->path, order[i]->key);
    return OK;
}

Status walkname_settle(Walk *walk)
{
    WalkFile **order = malloc(((size_t)walk->n + 1) * sizeof *order);
    if (!order) return no_memory();
    for (int i = 0; i < walk->n; i++) order[i] = &walk->file[i];
    qsort((void *)order, (size_t)walk->n, sizeof *order, by_key);
    Status status = rename_groups(order, walk->n);
    qsort((void *)order, (size_t)walk->n, sizeof *order, by_key);
    if (status == OK) status = check_unlike(order, walk->n);
    free((void *)order);
    return status;
}

size_t walkname_stem(const char **base, const char *name)
{
    *base = walkname_base(name);
    const size_t length = walkname_packed(*base);
    for (size_t i = length; i-- > 1;)
        if ((*base)[i] == '.') return isalpha((unsigned char)(*base)[i + 1]) && i + 1 < length ? i : length;
    return length;
}

size_t walkname_table_stem(const char **base, const char *name)
{
    *base = walkname_base(name);
    const size_t length = walkname_packed(*base);
    for (int i = 0; table_endings[i]; i++)
        if (ends_in(*base, length, table_endings[i])) return length - strlen(table_endings[i]);
    return length;
}

bool walkname_has_own_stem(const char *key)
{
    const char *base;
    const size_t stem = walkname_stem(&base, key);
    return stem == strlen(base) || walkname_table_stem(&base, key) == stem;
}
