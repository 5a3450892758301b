/* SPDX-License-Identifier: MIT
 *
 * A folder in the form of the AIRR-ML challenge: a table of each repertoire, and metadata.csv, which is written last.
 */
#include "core/file.h"
#include "core/inputguard.h"
#include "core/log.h"
#include "core/path.h"
#include "data/simulate/simulate_parts.h"

#include <string.h>

enum { NAME_ROOM = SIMULATE_KEY + 8 }; /* bytes of a table's name */

static const char *ending(const Simulator *s)
{
    return s->files->compress ? "tsv.gz" : "tsv";
}

static Status open_file(TextOut **out, const Simulator *s, const char *name)
{
    char path[PATH_ROOM];
    if (!path_join(path, s->files->airr, name)) return fail(ERR_USAGE, "--airr: the path is too long");
    return textout_open(out, path, s->files->force);
}

static Status check_file(const Simulator *s, const char *name)
{
    char path[PATH_ROOM];
    if (!path_join(path, s->files->airr, name)) return fail(ERR_USAGE, "--airr: the path is too long");
    if (!file_exists(path)) return OK;
    TRY(inputguard_check(path));
    return s->files->force ? OK : fail(ERR_IO, "%s: exists; --force overwrites it", path);
}

static void name_table(char name[NAME_ROOM], const Simulator *s, int bag)
{
    char key[SIMULATE_KEY];
    simulate_key(key, s, bag);
    (void)snprintf(name, NAME_ROOM, "%s.%s", key, ending(s));
}

/* Tables of a larger cohort, or with the other ending, would stand beside those of this one. */
static void warn_of_others(const Simulator *s)
{
    char key[SIMULATE_KEY], name[2][NAME_ROOM], path[PATH_ROOM];
    name_table(name[0], s, s->options->n_bag);
    simulate_key(key, s, 0);
    (void)snprintf(name[1], NAME_ROOM, "%s.%s", key, s->files->compress ? "tsv" : "tsv.gz");
    for (int i = 0; i < 2; i++)
        if (path_join(path, s->files->airr, name[i]) && file_exists(path))
            log_warn("%s: is a table of another cohort; metadata.csv names the tables of this one", path);
}

/* What is in the way is found before the first table is written. */
static Status open_folder(void **out, const Simulator *s)
{
    char name[NAME_ROOM];
    if (!s->files->airr) return OK;
    if (strcmp(s->files->airr, "-") == 0)
        return fail(ERR_USAGE,
                    "--airr=-: a folder cannot go to standard output; name a folder (./- is one of that name)");
    TRY(check_file(s, "metadata.csv"));
    for (int b = 0; b < s->options->n_bag; b++) {
        name_table(name, s, b);
        TRY(check_file(s, name));
    }
    warn_of_others(s);
    TRY(file_make_folder(s->files->airr));
    *out = (void *)(uintptr_t)s->files->airr; /* what says that it is wanted */
    return OK;
}

/* One row: junction_aa, v_call, j_call, and the count if there are counts. */
static void write_row(TextOut *out, const Simulator *s, const Repertoire *r, int i)
{
    char row[REPERTOIRE_LEN_MOST + 1];
    const int v = r->v ? r->v[i] : -1, j = r->j ? r->j[i] : -1;
    simulate_spell(row, r->codes + (size_t)i * (size_t)r->stride, r->len[i]);
    textout_write(out, row, (size_t)r->len[i]);
    textout_write(out, "\t", 1);
    if (v >= 0) textout_cell(out, s->v.text[v]);
    textout_write(out, "\t", 1);
    if (j >= 0) textout_cell(out, s->j.text[j]);
    if (s->counts.type == &countlaw_none && s->options->carrier_counts == 0)
        textout_write(out, "\n", 1);
    else
        textout_printf(out, "\t%lld\n", (long long)r->count[i]);
}

static Status add(void *folder, const Simulator *s, int bag, const Repertoire *r)
{
    char name[NAME_ROOM];
    const bool counts = s->counts.type != &countlaw_none || s->options->carrier_counts != 0;
    TextOut *out;
    (void)folder;
    name_table(name, s, bag);
    TRY(open_file(&out, s, name));
    textout_printf(out, "junction_aa\tv_call\tj_call%s\n", counts ? "\tduplicate_count" : "");
    for (int i = 0; i < r->n; i++) write_row(out, s, r, i);
    return textout_commit(out);
}

/* repertoire_id,filename,label_positive, and the label columns behind status. */
static Status finish(void *folder, const Simulator *s, const Table *labels, const char *facts)
{
    TextOut *out;
    (void)folder, (void)facts;
    TRY(open_file(&out, s, "metadata.csv"));
    textout_printf(out, "repertoire_id,filename,label_positive");
    for (int c = 2; c < labels->n_column; c++) textout_printf(out, ",%s", labels->column[c]);
    for (int b = 0; b < labels->n_row; b++) {
        const char *key = table_cell(labels, b, 0);
        textout_printf(out, "\n%s,%s.%s,%s", key, key, ending(s),
                       *table_cell(labels, b, 1) == '+' ? "True" : "False");
        for (int c = 2; c < labels->n_column; c++) textout_printf(out, ",%s", table_cell(labels, b, c));
    }
    textout_printf(out, "\n");
    return textout_commit(out);
}

static void drop(void *folder)
{
    (void)folder;
}

const OutputType output_airr = {.open = open_folder, .add = add, .finish = finish, .drop = drop};
