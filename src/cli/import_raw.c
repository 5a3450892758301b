/* SPDX-License-Identifier: MIT */
#include "cli/import_raw.h"
#include "cli/cmd_import.h"
#include "core/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- words ---- */

/* The first bytes of a regular file; a pipe keeps its own. */
static bool first_bytes(unsigned char bytes[9], const char *path)
{
    struct stat s;
    FILE *file = stat(path, &s) == 0 && S_ISREG(s.st_mode) ? fopen(path, "rbe") : NULL;
    const bool read = file && fread(bytes, 1, 9, file) == 9;
    if (file) fclose(file);
    return read;
}

bool import_raw_is_dataset(const char *word)
{
    unsigned char bytes[9];
    if (first_bytes(bytes, word)) return memcmp(bytes, "\x89HDF\r\n\x1a\n", 8) == 0;
    return path_ends(word, ".h5") || path_ends(word, ".hdf5");
}

static bool is_run(const char *folder)
{
    static const char *const mark[] = {"config.yaml", "summary.json", "model.safetensors", "rep00", "model00", NULL};
    char path[PATH_ROOM];
    for (const char *const *m = mark; *m; m++)
        if (file_exists_in(path, folder, *m)) return true;
    return false;
}

static bool is_model(const char *word)
{
    unsigned char bytes[9];
    struct stat s;
    if (stat(word, &s) != 0) return path_ends(word, ".safetensors");
    if (S_ISDIR(s.st_mode)) return is_run(word);
    return path_ends(word, ".safetensors") || (first_bytes(bytes, word) && bytes[7] == 0 && bytes[8] == '{');
}

int import_raw_models(const Cli *cli)
{
    const int last = cli->n_word - 1;
    int n = 1;
    if (import_raw_is_dataset(cli->word[last])) return last;
    while (n < last && is_model(cli->word[n])) n++;
    return n;
}

/* ---- options of a model ---- */

static void set_text(json_t *to, const char *name, const json_t *value)
{
    if (json_is_string(value)) json_object_set(to, name, (json_t *)(uintptr_t)value);
}

static void set_pairs(json_t *to, const char *name, const json_t *pairs)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        json_array_append_new(list, json_sprintf("%s=%s", json_string_value(json_array_get(pair, 0)),
                                                 json_string_value(json_array_get(pair, 1))));
    }
    json_object_set_new(to, name, list);
}

/* Provenance of 0.1.0 keeps the options under other names. */
static json_t *older_flags(const json_t *kept)
{
    static const char *const same[][2] = {{"format", "format"},
                                          {"sequence_column", "sequence-column"},
                                          {"count_column", "count-column"},
                                          {"extension", "extension"},
                                          {"bag", "bag"},
                                          {"label", "label"},
                                          {"sparse", "sparse"}};
    static const char *const separator[][2] = {{"\t", "tab"}, {",", "comma"}, {";", "semicolon"}};
    const json_t *o = json_object_get(kept, "options");
    const char *sep = json_string_value(json_object_get(o, "separator"));
    const char *region = json_string_value(json_object_get(kept, "region"));
    const char *format = json_string_value(json_object_get(o, "format"));
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) set_text(out, same[i][1], json_object_get(o, same[i][0]));
    for (int i = 0; sep && i < 3; i++)
        if (strcmp(sep, separator[i][0]) == 0) json_object_set_new(out, "separator", json_string(separator[i][1]));
    set_pairs(out, "include", json_object_get(o, "include"));
    set_pairs(out, "exclude", json_object_get(o, "exclude"));
    if (json_is_false(json_object_get(o, "merge")) && (!format || strcmp(format, "deeprc") != 0))
        json_object_set_new(out, "merge", json_string("no"));
    if (region && strcmp(region, "CDR3") == 0) json_object_set_new(out, "region", json_string("cdr3"));
    if (json_is_array(json_object_get(o, "skipped"))) json_object_set(out, "skip", json_object_get(o, "skipped"));
    return out;
}

/* The caller's to decref. */
static Status kept_flags(json_t **out, const ModelFile *m)
{
    const json_t *kept = json_object_get(m->json, "import"), *flags = json_object_get(kept, "flags");
    *out = json_is_object(flags) ? json_deep_copy(flags) : kept ? older_flags(kept) : NULL;
    if (*out) return OK;
    return fail(ERR_MODEL,
                "%s: the model does not know how its data were imported; import the table with the same options "
                "first (hopsack import -o new.h5 FILE), then give new.h5",
                m->path);
}

static Status common_flags(json_t **out, const Apply *a)
{
    json_t *other;
    TRY(kept_flags(out, &a->model[0]));
    for (int k = 1; k < a->n_model; k++) {
        TRY(kept_flags(&other, &a->model[k]));
        const bool same = json_equal(*out, other) != 0;
        json_decref(other);
        if (!same)
            return fail(ERR_MODEL,
                        "%s and %s were trained on data of unlike imports; import the table first (hopsack import)",
                        a->model[0].path, a->model[k].path);
    }
    return OK;
}

/* ---- importing ---- */

static const char *scratch_path(char path[PATH_ROOM])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, PATH_ROOM, "%s/hopsack", folder && *folder ? folder : "/tmp");
    return path;
}

static Status import_into(const Cli *cli, ImportFlags *flags, int first)
{
    Cli *own = malloc(sizeof *own);
    const char **word = malloc(((size_t)cli->n_word + 1) * sizeof *word);
    Status status = own && word ? OK : fail(ERR_MEMORY, "no memory for the import");
    if (status == OK) {
        *own = *cli;
        own->flags = flags;
        own->word = word;
        own->n_word = cli->n_word - first;
        for (int i = 0; i < own->n_word; i++) word[i] = cli->word[first + i];
        own->n_given = 0;
        own->json = own->dry_run = false;
        status = cmd_import_run(own);
    }
    free((void *)word);
    free(own);
    return status;
}

static Status import_tables(BagFile **out, const Cli *cli, const json_t *json, int first)
{
    char scratch[PATH_ROOM];
    void *owned[IMPORT_FLAGS_MOST] = {NULL};
    ImportFlags flags;
    Status status = import_flags_fill(&flags, json, owned);
    if (status == OK) {
        flags.out = cli->word[first];
        flags.opened = out;
        flags.scratch = scratch_path(scratch);
        flags.compress = 1;
        flags.allow_leak = true; /* a few new bags say nothing of their features */
        status = import_into(cli, &flags, first);
    }
    for (int k = 0; k < IMPORT_FLAGS_MOST; k++) free(owned[k]);
    return status;
}

Status import_raw_open(Cohort *out, Cli *cli, const Apply *apply, const RawSource *s)
{
    BagFile *file = NULL;
    json_t *json = NULL;
    const char *data = cli->word[s->first];
    if (s->first == cli->n_word - 1 && import_raw_is_dataset(data)) {
        TRY(cli_none(cli, import_flags_reading, "only for raw tables, and DATA is a dataset"));
        TRY(cli_none(cli, import_flags_repertoires, "only for raw tables, and DATA is a dataset"));
        TRY(cli_none(cli, import_flags_vectors, "only for raw tables, and DATA is a dataset"));
        return cohort_open(out, data, s->metadata, s->id_column, s->need_table);
    }
    for (int i = s->first; i < cli->n_word; i++)
        if (is_model(cli->word[i]))
            return fail(ERR_FORMAT, "%s: is a model or a run, not a dataset; models come first, then the data",
                        cli->word[i]);
    Status status = common_flags(&json, apply);
    if (status == OK) status = import_flags_agree(json, cli, s->flags, apply->model[0].path);
    if (status == OK) status = import_tables(&file, cli, json, s->first);
    json_decref(json);
    if (status == OK) status = cohort_take(out, file, s->metadata, s->id_column, s->need_table);
    return status;
}
