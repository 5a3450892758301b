/* SPDX-License-Identifier: MIT
 *
 * fuzz_text.c: text has no checksum, so a damaged copy may read as other data; it must never crash, hang or be refused
 * without a sentence.
 */
#include "cohort/split.h"
#include "data/sequences/intake.h"
#include "data/text/baglist.h"
#include "data/text/table.h"
#include "data/vectors/import_vectors.h"
#include "fuzz.h"
#include "run/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void mix_rows(uint64_t *digest, const Gather *rows)
{
    const size_t n = (size_t)rows->n;
    fuzz_mix(digest, rows->codes, rows->n_code);
    fuzz_mix(digest, rows->len, n * sizeof *rows->len);
    fuzz_mix(digest, rows->by.count, n * sizeof *rows->by.count);
}

static Status read_repertoire(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    Intake r;
    IntakeFile *file;
    IntakeRules rules = {.merge = true};
    TRY(alphabet_init(&rules.alphabet, ALPHABET_AMINO));
    TRY(intake_open(&file, path, NULL, &rules));
    const Status status = intake_read(&r, file);
    intake_close(file);
    TRY(status);
    for (int b = 0; b < r.n; b++) {
        fuzz_mix_text(digest, r.bag[b].id);
        mix_rows(digest, &r.bag[b].rows);
    }
    intake_free(&r);
    return OK;
}

/* The import up to writing: its report counts all that was found. */
static Status import_vectors(uint64_t *digest, const char *path, const char *format)
{
    char output[8400];
    if (snprintf(output, sizeof output, "%s.h5", path) >= (int)sizeof output)
        return fail(ERR_USAGE, "%.60s…: the path is too long", path);
    const ImportVectorsOptions options = {
        .import = {.path = &path, .n_path = 1, .output = output, .id_column = "auto", .dry_run = true},
        .rules = {.format = vectorformat_find(format), .allow_leak = true}};
    ImportVectorsReport report;
    TRY(import_vectors_run(&report, &options));
    fuzz_mix_text(digest, report.import.json);
    free(report.import.json);
    return OK;
}

static Status read_vectors(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    return import_vectors(digest, path, "auto");
}

/* A row is a bag, which no first line tells. */
static Status read_rows(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    return import_vectors(digest, path, "table");
}

/* The copy in the place of one of three files; the sound one lies in the folder of the others. */
static Status read_triples(uint64_t *digest, const char *path, const char *sound)
{
    static const char *const name[] = {"data.csv", "bagids.csv", "labels.csv"};
    char folder[4200], at[4300], other[4300];
    const char *slash = strrchr(sound, '/'), *mine = slash ? slash + 1 : sound;
    const int length = slash ? (int)(slash - sound) : 0;
    (void)snprintf(folder, sizeof folder, "%s.d", path);
    if (mkdir(folder, 0700) != 0) return fail(ERR_IO, "%s: cannot make it", folder);
    for (int k = 0; k < 3; k++) {
        (void)snprintf(other, sizeof other, "%.*s/%s", length, sound, name[k]);
        char *full = realpath(strcmp(name[k], mine) == 0 ? path : other, NULL);
        (void)snprintf(at, sizeof at, "%s/%s", folder, name[k]);
        if (!full || symlink(full, at) != 0) fail(ERR_IO, "%s: cannot make it", at);
        free(full);
    }
    const Status status = import_vectors(digest, folder, "triples");
    for (int k = 0; k < 3; k++) {
        (void)snprintf(at, sizeof at, "%s/%s", folder, name[k]);
        unlink(at);
    }
    rmdir(folder);
    return status;
}

static Status read_list(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    BagList list;
    TRY(baglist_read(&list, path));
    for (int k = 0; k < list.given.n; k++) fuzz_mix_text(digest, list.given.text[k]);
    baglist_free(&list);
    return OK;
}

static void mix_table(uint64_t *digest, const Table *t)
{
    for (int c = 0; c < t->n_column; c++) {
        fuzz_mix_text(digest, t->column[c]);
        for (int r = 0; r < t->n_row; r++) fuzz_mix_text(digest, table_cell(t, r, c));
    }
}

static Status read_table(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    Table t;
    int id;
    TRY(table_read(&t, path));
    mix_table(digest, &t);
    if (table_id_column(&id, &t, "auto") == OK) fuzz_mix(digest, &id, sizeof id);
    table_free(&t);
    return OK;
}

/* A table of bags and parts or another program's split file, joined with bags b0, b1, … */
static Status read_splits(uint64_t *digest, const char *path, const char *sound)
{
    enum { N_BAG = 20 };
    (void)sound;
    char name[N_BAG][8];
    const char *id[N_BAG];
    SplitTable splits;
    const SplitOptions options = {.file = path, .n_fold = 5, .n_repeat = 1, .validation = "previous"};
    for (int b = 0; b < N_BAG; b++) {
        snprintf(name[b], sizeof name[b], "b%d", b);
        id[b] = name[b];
    }
    TRY(split_read(&splits, &options, id, N_BAG));
    const size_t n = (size_t)splits.n_column * N_BAG;
    if (splits.part) fuzz_mix(digest, splits.part, n * sizeof *splits.part);
    if (splits.fold) fuzz_mix(digest, splits.fold, n * sizeof *splits.fold);
    split_free(&splits);
    return OK;
}

static Status read_config(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    Config config;
    char *text = NULL;
    TRY(config_read(&config, path, NULL, 0));
    const Status status = config_text(&text, &config);
    if (status == OK) fuzz_mix_text(digest, text);
    free(text);
    config_free(&config);
    return status;
}

const FuzzSubject fuzz_repertoire = {"repertoire", false, false, read_repertoire};
const FuzzSubject fuzz_vectors = {"vectors", false, true, read_vectors};
const FuzzSubject fuzz_rows = {"rows", false, true, read_rows};
const FuzzSubject fuzz_triples = {"triples", false, true, read_triples};
const FuzzSubject fuzz_list = {"list", false, false, read_list};
const FuzzSubject fuzz_table = {"table", false, false, read_table};
const FuzzSubject fuzz_splits = {"splits", false, false, read_splits};
const FuzzSubject fuzz_config = {"config", false, false, read_config};
