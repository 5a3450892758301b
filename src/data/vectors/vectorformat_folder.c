/* SPDX-License-Identifier: MIT
 *
 * One table a bag, named in an index `path,label` (DSMIL and most sets of slide tiles). Paths are looked for beside the
 * index, then from where the program runs. A table has a header or none; all its columns are features. A folder without an
 * index: every table in it is a bag, and labels come from a label table.
 */
#include "core/log.h"
#include "data/text/table.h"
#include "data/text/walk.h"
#include "data/vectors/bagfolder.h"
#include "data/vectors/vectortext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

extern const VectorFormat vectorformat_triples; /* folders too, with three files of their own */

#define INDEX_MOST 8 /* columns; what has more is no index */

static const char *const path_names[] = {"path", "file", "filename", "bag_path", NULL};
static const char *const index_names[] = {"index.csv", "index.csv.gz", "index.tsv", NULL};

/* The index of a folder. */
static bool find_index(char path[PATH_ROOM], const char *folder)
{
    for (int i = 0; index_names[i]; i++)
        if (path_join(path, folder, index_names[i]) && access(path, R_OK) == 0) return true;
    return false;
}

static bool all_numbers(const Header *cells)
{
    for (int c = 0; c < cells->n; c++)
        if (!vectortext_is_number(cells->name[c])) return false;
    return cells->n > 0;
}

static const char *ending(const VectorRules *rules)
{
    return rules->extension ? rules->extension : ".csv";
}

/* A folder without an index: is its first table one of numbers alone? With names above them it may be anything. */
static bool has_tables(const char *folder, const VectorRules *rules)
{
    char path[PATH_ROOM];
    VectorPeek peek;
    if (!bagfolder_first(path, folder, ending(rules))) return false;
    if (vectorformat_peek(&peek, path, rules) != OK) return false;
    const bool numbers = peek.text && all_numbers(&peek.first);
    vectorformat_peek_free(&peek);
    return numbers;
}

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    char index[PATH_ROOM];
    if (peek->folder) return find_index(index, peek->path) || has_tables(peek->path, rules);
    if (!peek->text || peek->first.n < 2 || peek->first.n > INDEX_MOST) return false;
    if (header_find(&peek->first, "bag_id") >= 0 || header_find(&peek->first, "bag") >= 0) return false;
    return header_find_any(&peek->first, path_names) >= 0 &&
           (rules->label || header_find(&peek->first, "label") >= 0);
}

static Status find_file(char out[PATH_ROOM], const char *index, const char *path, int line)
{
    const char *slash = strrchr(index, '/');
    const int folder = slash ? (int)(slash - index + 1) : 0;
    const int n =
        *path == '/' ? snprintf(out, PATH_ROOM, "%s", path) : snprintf(out, PATH_ROOM, "%.*s%s", folder, index, path);
    if (n < PATH_ROOM && access(out, R_OK) == 0) return OK;
    if ((int)strlen(path) < PATH_ROOM && access(path, R_OK) == 0) {
        snprintf(out, PATH_ROOM, "%s", path);
        return OK;
    }
    return fail(ERR_FORMAT, "%s:%d: there is no file '%s', neither beside this index nor from where you are", index,
                line, path);
}

/* A number, or what stands where one is missing or written with a comma. */
static bool is_value(const char *cell)
{
    static const char *const hole[] = {"", "?", "nan", "na", "n/a", "null", "inf", "-inf", "infinity", NULL};
    for (int i = 0; hole[i]; i++)
        if (strcasecmp(cell, hole[i]) == 0) return true;
    return vectortext_is_number(cell) || strspn(cell, "+-0123456789.,eE") == strlen(cell);
}

/* Does the first line name the columns? It is an instance if all cells are values: then none gets lost, and one that is
 * missing is reported. pandas numbers columns without names, behind an empty name where it writes row numbers too. */
static bool has_names(const VectorIntake *in, const char *path, const Header *first)
{
    const int more = first->n > 0 && !*first->name[0];
    const Header rest = {.n = first->n - more, .name = first->name + more};
    if (vectortext_is_range(&rest)) {
        if (!in->ranges)
            log_warn("%s: the first line, %s, %s, %s, …, is taken for names of columns, as pandas writes them", path,
                     rest.name[0], rest.name[1], rest.name[2]);
        return true;
    }
    for (int c = 0; c < first->n; c++)
        if (!is_value(first->name[c])) return true;
    return false;
}

static Status read_bag(VectorIntake *in, const char *path, const VectorLayout *bag)
{
    VectorPeek peek;
    VectorLayout layout = *bag;
    const char *index = in->path;
    TRY(vectorformat_peek(&peek, path, in->rules));
    Status status;
    in->path = path;
    layout.header = has_names(in, path, &peek.first);
    in->ranges |= layout.header && all_numbers(&peek.first);
    const int64_t before = in->spool->n;
    status = vectorintake_source(in, path);
    if (status == OK && !peek.text)
        status = fail(ERR_FORMAT, "%s: is empty or no table; every file of %s must hold a bag", path, index);
    if (status == OK) status = vectortext_read(in, &peek, &layout);
    if (status == OK && in->spool->n == before && in->n_filtered == 0)
        status = fail(ERR_FORMAT, "%s: holds no instance; every file of %s must hold a bag", path, index);
    in->path = index;
    vectorformat_peek_free(&peek);
    return status;
}

/* --labels name columns of the index. */
static Status read_extra(VectorIntake *in, const Table *index, int r, const char *key)
{
    const VectorRules *rules = in->rules;
    if (rules->n_labels == 0) return OK;
    TRY(vectorextra_columns(&in->extra, rules->labels, rules->n_labels, rules->n_labels, in->path));
    const int bag = names_find(&in->spool->keys, key, strlen(key));
    for (int c = 0; c < rules->n_labels && bag >= 0; c++) {
        const int column = table_column(index, rules->labels[c]);
        if (column < 0)
            return fail(ERR_FORMAT, "%s: has no column '%s', which --labels names", in->path, rules->labels[c]);
        TRY(vectorextra_set(&in->extra, bag, c, table_cell(index, r, column)));
    }
    return OK;
}

static Status read_line(VectorIntake *in, Names *seen, const Table *index, int r, int path, int label)
{
    char file[PATH_ROOM];
    VectorLayout bag = VECTOR_LAYOUT_NONE;
    bag.key = table_cell(index, r, path);
    bag.key_label = label >= 0 ? table_cell(index, r, label) : NULL;
    bag.line = index->line[r];
    if (!*bag.key) return fail(ERR_FORMAT, "%s:%d: names no file", in->path, bag.line);
    const int number = names_number(seen, bag.key, strlen(bag.key));
    if (number < 0) return fail(ERR_MEMORY, "%s: no memory for its paths", in->path);
    if (number < r)
        return fail(ERR_FORMAT, "%s:%d: '%s' is named in line %d already", in->path, bag.line, bag.key,
                    index->line[number]);
    TRY(find_file(file, in->path, bag.key, bag.line));
    TRY(read_bag(in, file, &bag));
    return read_extra(in, index, r, bag.key);
}

static Status read_index(VectorIntake *in, const Table *index, int path, int label)
{
    Names seen = {0};
    Progress progress;
    Status status = OK;
    progress_start(&progress, "importing", "bags", index->n_row);
    for (int r = 0; r < index->n_row && status == OK; r++) {
        status = read_line(in, &seen, index, r, path, label);
        progress_update(&progress, r + 1, "");
    }
    if (status == OK) progress_end(&progress, "");
    names_free(&seen);
    return status;
}

/* Columns of the index that are neither file nor label: a label table keeps all, an index those that are named. */
static void report_columns(const VectorIntake *in, const Table *index, int path, int label)
{
    const VectorRules *rules = in->rules;
    for (int c = 0; c < index->n_column; c++) {
        bool kept = c == path || c == label || !*index->column[c];
        for (int i = 0; i < rules->n_labels; i++) kept |= strcmp(index->column[c], rules->labels[i]) == 0;
        if (kept) continue;
        log_info("%s: column '%s' is not kept; --labels=%s keeps it", in->path, index->column[c], index->column[c]);
    }
}

static Status bind_index(int *path, int *label, const VectorIntake *in, const Table *index)
{
    const VectorRules *rules = in->rules;
    *path = rules->bag ? table_column(index, rules->bag) : -1;
    for (int i = 0; !rules->bag && path_names[i] && *path < 0; i++) *path = table_column(index, path_names[i]);
    if (*path < 0)
        return fail(ERR_FORMAT, "%s: has no column '%s' with the files of the bags; name it with --bag", in->path,
                    rules->bag ? rules->bag : path_names[0]);
    *label = -1;
    if (vectorintake_unlabelled(in)) return OK;
    *label = table_column(index, rules->label ? rules->label : "label");
    if (*label >= 0 || (!rules->label && rules->n_labels > 0)) return OK;
    return fail(ERR_FORMAT, "%s: has no column '%s'; name the one with labels with --label (or `none`)", in->path,
                rules->label ? rules->label : "label");
}

/* ---- a folder without an index ---- */

/* A bag is named after its file, without the ending. */
static Status read_table(VectorIntake *in, const WalkFile *file)
{
    char key[1024];
    VectorLayout bag = VECTOR_LAYOUT_NONE;
    const size_t n = strlen(file->key), end = strlen(ending(in->rules));
    snprintf(key, sizeof key, "%.*s", (int)(n > end ? n - end : n), file->key);
    bag.key = key;
    return read_bag(in, file->path, &bag);
}

static Status read_tables(VectorIntake *in, const char *folder)
{
    Walk walk;
    Progress progress;
    TRY(walk_files(&walk, &folder, 1, ending(in->rules), in->rules->metadata));
    Status status = OK;
    progress_start(&progress, "importing", "bags", walk.n);
    for (int i = 0; i < walk.n && status == OK; i++) {
        status = read_table(in, &walk.file[i]);
        progress_update(&progress, i + 1, "");
    }
    if (status == OK) progress_end(&progress, "");
    walk_free(&walk);
    return status;
}

static bool find_labels(char path[PATH_ROOM], const VectorPeek *peek)
{
    if (!peek->folder || find_index(path, peek->path) || vectorformat_triples.recognise(peek, NULL)) return false;
    return bagfolder_labels(path, peek);
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    char found[PATH_ROOM];
    const char *given = in->path;
    Table index;
    int path = -1, label = -1;
    if (peek->folder && !find_index(found, peek->path)) {
        if (vectorformat_triples.recognise(peek, NULL)) return vectorformat_triples.read(in, peek);
        if (in->rules->n_labels > 0)
            return fail(ERR_USAGE,
                        "%s: --labels names columns of an index; give a label table with --metadata instead",
                        peek->path);
        if (bagfolder_first(found, peek->path, ending(in->rules))) return read_tables(in, peek->path);
        return fail(
            ERR_FORMAT,
            "%s: has no index.csv, which names the file and the label of each bag, and no table of a bag (%s; "
            "another ending is named with --extension)",
            peek->path, ending(in->rules));
    }
    if (peek->folder) in->path = found;
    TRY(vectorintake_source(in, in->path));
    TRY(table_read(&index, in->path));
    Status status = bind_index(&path, &label, in, &index);
    if (status == OK) report_columns(in, &index, path, label);
    if (status == OK) status = read_index(in, &index, path, label);
    table_free(&index);
    in->path = given;
    return status;
}

const VectorFormat vectorformat_folder = {.name = "folder",
                                          .line = "an index path,label, or a folder: index.csv, or a table a bag",
                                          .recognise = recognise,
                                          .read = read_file,
                                          .labels = find_labels};
