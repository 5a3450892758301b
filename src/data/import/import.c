/* SPDX-License-Identifier: MIT
 *
 * Files of a batch are read side by side, and handed on in their order by this thread alone, so that the dataset and all
 * messages are the same for any number of threads.
 */
#include "data/import/import.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/path.h"
#include "data/import/importfacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* On the reference machine (core/cost.h). */
#define ONCE_SECONDS  0.03
#define BYTE_SECONDS  32e-9 /* of text */
#define PACKED        4     /* bytes of text for one of a compressed file */
#define WRITING_BYTES 5e6

#define BATCH_BYTES (48ll << 20) /* of files; text in gzip is some four times as much */

Status import_no_memory(const Import *im)
{
    return fail(ERR_MEMORY, "%s: no memory to import it", im->options->output);
}

/* ---- bags and labels ---- */

Status import_add_bag(Import *im, const char *key, int file, bool left_out)
{
    if (escape_is_control(key))
        return fail(ERR_FORMAT, "%s: the name '%s' holds control characters; rename it", im->file[file].path, key);
    if (im->n_bag == im->room) {
        const int room = im->room ? 2 * im->room : 64;
        ImportBag *grown = realloc(im->bag, (size_t)room * sizeof *grown);
        if (!grown) return import_no_memory(im);
        im->bag = grown;
        im->room = room;
    }
    char *copy = strdup(key);
    if (!copy) return import_no_memory(im);
    const char *of_file = im->file[file].key ? im->file[file].key : copy, *path = im->file[file].name;
    im->bag[im->n_bag++] =
        (ImportBag){{.key = copy, .file = of_file, .path = path ? path : of_file, .left_out = left_out}, file};
    return OK;
}

Status import_wants(bool *out, Import *im, const char *key, int file)
{
    *out = baglist_has(&im->bags, key, NULL);
    return *out ? OK : import_add_bag(im, key, file, true);
}

/* Files of one bag that is not asked for are not read. */
static Status leave_out_files(Import *im)
{
    for (int f = 0; f < im->n_file && im->options->bags; f++) {
        bool wanted = true;
        if (im->file[f].one_bag && im->file[f].key) TRY(import_wants(&wanted, im, im->file[f].key, f));
        im->file[f].left_out = !wanted;
    }
    return im->report->several ? OK : baglist_check(&im->bags, "the files given"); /* before hours of reading */
}

static void drop_bags(Import *im)
{
    for (int i = 0; i < im->n_bag; i++) free(im->bag[i].label.key);
    im->n_bag = 0;
}

static Status join_labels(Import *im)
{
    if (!im->options->metadata) return OK;
    LabelKey *key = malloc(((size_t)im->n_bag + 1) * sizeof *key);
    for (int i = 0; key && i < im->n_bag; i++) key[i] = im->bag[i].label;
    table_free(&im->columns);
    LabelFit fit = {0};
    const Status status =
        key ? import_labels_order(&im->columns, &fit, &im->labels, im->options->id_column, key, im->n_bag)
            : import_no_memory(im);
    im->report->n_unlabelled = fit.n_unlabelled;
    im->report->id_column = fit.column;
    free(key);
    return status;
}

static bool may_be_several(const Import *im)
{
    bool several = false;
    for (int f = 0; f < im->n_file; f++) several |= !im->file[f].one_bag;
    return several;
}

/* Before hours of reading: is there a label table, and does it fit the files, where they alone name the bags? */
static Status try_labels(Import *im)
{
    const char *id_column = im->options->id_column;
    int unused;
    Status status = OK;
    if (!im->options->metadata) return OK;
    TRY(table_read(&im->labels, im->options->metadata));
    TRY(table_drop_repeated(&im->labels));
    const bool several = im->report->several; /* the names of bags are known at the end */
    if (strcmp(id_column, "auto") != 0) TRY(table_id_column(&unused, &im->labels, id_column));
    if (several) return OK;
    for (int f = 0; f < im->n_file && status == OK; f++) status = import_add_bag(im, im->file[f].key, f, false);
    if (status == OK) status = join_labels(im);
    drop_bags(im);
    return status;
}

/* ---- files ---- */

/* A batch on its way through the threads. */
typedef struct {
    Import *im;
    bool peek; /* looks at the files, does not read them */
    int first; /* file of slot 0 */
    Status status[IMPORT_BATCH];
    char sentence[IMPORT_BATCH][1024]; /* of status; fail keeps it per thread */
} FileBatch;

static void run_slot(void *context, int slot, int thread)
{
    FileBatch *b = context;
    const ImportKind *kind = b->im->kind;
    (void)thread;
    const int file = b->first + slot;
    b->status[slot] = OK;
    if (b->peek)
        b->status[slot] = kind->peek_file(b->im, file);
    else if (!b->im->file[file].left_out)
        b->status[slot] = kind->read_file(b->im, file, slot);
    if (b->status[slot] != OK) snprintf(b->sentence[slot], sizeof b->sentence[slot], "%s", status_sentence());
}

static Status classify_slot(const FileBatch *b, int slot)
{
    return b->status[slot] == OK ? OK : fail(b->status[slot], "%s", b->sentence[slot]);
}

/* Looks at all files first: one of another kind is reported before hours of reading. */
static Status peek_files(FileBatch *b)
{
    const int n_file = b->im->n_file;
    b->peek = true;
    for (b->first = 0; b->first < n_file; b->first += IMPORT_BATCH) {
        const int left = n_file - b->first, n = left < IMPORT_BATCH ? left : IMPORT_BATCH;
        parallel_for(n, run_slot, b);
        for (int i = 0; i < n; i++) TRY(classify_slot(b, i));
    }
    b->peek = false;
    return OK;
}

/* How many files from `first` on are read at once: one a thread at least. */
static int batch_size(const Import *im, int first)
{
    int64_t bytes = 0;
    int n = 0;
    for (; first + n < im->n_file && n < im->kind->batch; n++) {
        if (n >= parallel_threads() && bytes > BATCH_BYTES) break;
        bytes += im->file[first + n].bytes;
    }
    return n;
}

static Status read_batch(FileBatch *b, int n)
{
    const ImportKind *kind = b->im->kind;
    Status status = OK;
    parallel_for(n, run_slot, b);
    for (int i = 0; i < n; i++) {
        if (b->im->file[b->first + i].left_out) continue;
        if (status == OK) status = classify_slot(b, i);
        if (status == OK && kind->write_bags) status = kind->write_bags(b->im, b->first + i, i);
        if (kind->drop) kind->drop(b->im, i);
    }
    return status;
}

static Status read_files(FileBatch *b)
{
    Progress progress;
    Import *im = b->im;
    const bool shown = im->kind->batch > 1;
    if (shown) progress_start(&progress, "importing", "files", im->n_file);
    for (int n; b->first < im->n_file; b->first += n) {
        n = batch_size(im, b->first);
        TRY(read_batch(b, n));
        if (shown) progress_update(&progress, b->first + n, "");
    }
    if (shown) progress_end(&progress, "");
    return OK;
}

static Status with_batch(Import *im, Status (*walk)(FileBatch *))
{
    FileBatch *b = calloc(1, sizeof *b);
    if (!b) return import_no_memory(im);
    b->im = im;
    const Status status = walk(b);
    free(b);
    return status;
}

/* ---- provenance ---- */

void import_note_format(Import *im, const char *name)
{
    const char *before = im->report->format;
    im->report->format = before && strcmp(before, name) != 0 ? "several" : name;
}

Status import_note_source(Import *im, json_t *facts, const char *path, const char *name, const char *sha256)
{
    if (!facts || json_object_set_new(facts, "file", json_string(name)) != 0) {
        json_decref(facts);
        return fail(ERR_FORMAT, "%s: the name of the file or repertoire is not UTF-8; rename it", path);
    }
    json_object_set_new(facts, "sha256", json_string(sha256));
    return json_array_append_new(im->sources, facts) == 0 ? OK : import_no_memory(im);
}

static Status list_facts(Import *im)
{
    json_t *options = im->kind->options(im);
    json_t *facts = options ? json_pack("{ss so sO si}", "made_by", "hopsack import", "options", options, "sources",
                                        im->sources, "bags", im->report->n_bag)
                            : NULL;
    if (!facts) return fail(ERR_FORMAT, "%s: a column name or value given is not UTF-8", im->options->output);
    const ImportOptions *o = im->options;
    if (o->flags) json_object_set_new(facts, "flags", o->flags(o->flags_context));
    const Status status = im->kind->facts(facts, im);
    if (status == OK) im->report->json = jsontext_dump(facts, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(facts);
    TRY(status);
    return im->report->json ? OK : import_no_memory(im);
}

/* ---- the whole ---- */

static Status check_options(const ImportOptions *options)
{
    if (options->n_path < 1) return fail(ERR_USAGE, "name a folder or files to import");
    for (int i = 0; i < options->n_path && !options->opened; i++)
        TRY(file_check_apart(options->output, options->path[i]));
    return options->opened ? OK : file_check_apart(options->output, options->metadata);
}

static Status open_writer(Import *im)
{
    const ImportOptions *o = im->options;
    const BagWriterOptions file = {.spec = im->kind->spec(im),
                                   .compress = o->compress,
                                   .force = o->force || o->dry_run,
                                   .opened = o->opened,
                                   .scratch = o->scratch};
    im->sources = json_array();
    if (!im->sources) return import_no_memory(im);
    return bagwriter_open(&im->writer, o->output, &file);
}

static Status finish(Import *im)
{
    TRY(baglist_check(&im->bags, im->n_file == 1 ? im->file[0].path : "the files given"));
    TRY(im->kind->findings(im));
    TRY(join_labels(im));
    if (im->options->metadata)
        log_info("%s: IDs are in column '%s'", im->labels.path, im->labels.column[im->report->id_column]);
    if (im->kind->columns) TRY(im->kind->columns(im));
    TRY(list_facts(im));
    if (im->options->dry_run) return OK;
    BagWriter *writer = im->writer;
    im->writer = NULL; /* bagwriter_finish frees it */
    return bagwriter_finish(writer, im->columns.n_column > 0 ? &im->columns : NULL, im->report->json);
}

/* Text is read side by side; what is compressed is about four times as long. A batch is in memory, read and as text. */
static Cost estimate(const Import *im)
{
    double bytes = 0, largest = 0;
    for (int f = 0; f < im->n_file; f++) {
        const char *path = im->file[f].path;
        const bool packed = path_ends(path, ".gz") || path_ends(path, ".zst") || path_ends(path, ".xz") ||
                            path_ends(path, ".bz2") || path_ends(path, ".zip");
        struct stat info;
        const bool there = im->file[f].bytes == 0 && stat(path, &info) == 0 && S_ISREG(info.st_mode);
        const double own = (double)(there ? info.st_size : im->file[f].bytes) * (packed ? PACKED : 1);
        bytes += own;
        if (own > largest) largest = own;
    }
    const double held = bytes < IMPORT_BATCH * largest ? bytes : IMPORT_BATCH * largest;
    return cost_of((ONCE_SECONDS + BYTE_SECONDS * bytes / cost_speedup()) * cost_pace(),
                   COST_PROCESS + WRITING_BYTES + 1.3 * held);
}

static Status run(Import *im)
{
    const ImportKind *kind = im->kind;
    TRY(check_options(im->options));
    TRY(baglist_read(&im->bags, im->options->bags));
    TRY(kind->open(im));
    if (kind->peek_file) TRY(with_batch(im, peek_files));
    if (kind->peeked) TRY(kind->peeked(im));
    im->report->n_file = im->n_file;
    if (im->options->dry_run) im->report->cost = estimate(im);
    im->report->several = may_be_several(im);
    TRY(try_labels(im));
    if (im->options->dry_run && !kind->reads_dry) {
        im->report->n_bag = im->report->several ? 0 : im->n_file;
        return OK;
    }
    TRY(leave_out_files(im));
    TRY(open_writer(im));
    TRY(with_batch(im, read_files));
    return finish(im);
}

Status import_run(ImportReport *out, Import *im, const ImportKind *kind, const ImportOptions *options)
{
    *out = (ImportReport){0};
    im->kind = kind;
    im->options = options;
    im->report = out;
    const Status status = run(im);
    kind->close(im);
    bagwriter_drop(im->writer);
    json_decref(im->sources);
    drop_bags(im);
    free(im->bag);
    free(im->file);
    baglist_free(&im->bags);
    table_free(&im->columns);
    table_free(&im->labels);
    if (status != OK) {
        free(out->json);
        out->json = NULL;
    }
    return status;
}
