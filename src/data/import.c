/* SPDX-License-Identifier: MIT */
#include "data/import.h"
#include "core/digest.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/bagfile.h"
#include "data/join.h"
#include "data/walk.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BATCH_FILES 64
#define BATCH_BYTES (48ll << 20) /* of files; text in gzip is some four times as much */

/* One file on its way through a thread. */
typedef struct {
    Intake intake;
    char sha256[65];
    Status status;
    char sentence[1024]; /* of status; fail keeps it per thread */
} Job;

typedef struct {
    const ImportOptions *options;
    IntakeRules rules;
    Walk walk;
    Table labels;
    int *row;          /* [walk.n] of the label table, -1: none */
    const char **cell; /* [walk.n, labels.n_column] */
    Table columns;     /* what the file keeps */
    BagWriter *writer;
    int first; /* file of the batch's first job */
    Job *job;  /* [BATCH_FILES or threads] */
    json_t *sources;
    int n_odd, n_blank;      /* repertoires that do not look like junctions, or have no counts */
    const char *odd, *blank; /* the first one's path */
    ImportReport *report;
} Import;

static const char *region_of(const Import *im)
{
    return im->rules.cut_ends ? "CDR3" : "junction";
}

static Status no_memory(const Import *im)
{
    return fail(ERR_MEMORY, "%s: no memory to import it", im->options->output);
}

/* ---- labels ---- */

/* The label table in the order of the bags. A bag without a row has its key as ID and empty cells. */
static Status order_labels(Import *im, int id_column)
{
    const int width = im->labels.n_column;
    im->cell = malloc(((size_t)im->walk.n * (size_t)width + 1) * sizeof *im->cell);
    if (!im->cell) return no_memory(im);
    for (int b = 0; b < im->walk.n; b++) {
        im->report->n_unlabelled += im->row[b] < 0;
        for (int c = 0; c < width; c++)
            im->cell[b * width + c] = im->row[b] >= 0  ? table_cell(&im->labels, im->row[b], c)
                                      : c == id_column ? im->walk.file[b].key
                                                       : "";
    }
    return table_new(&im->columns, im->walk.n, width, im->labels.column, im->cell);
}

static Status read_labels(Import *im)
{
    int id_column = -1;
    const char **key = malloc(((size_t)im->walk.n + 1) * sizeof *key);
    im->row = malloc(((size_t)im->walk.n + 1) * sizeof *im->row);
    Status status = key && im->row ? OK : no_memory(im);
    if (status == OK) status = table_read(&im->labels, im->options->metadata);
    if (status == OK) status = table_id_column(&id_column, &im->labels, im->options->id_column);
    for (int b = 0; status == OK && b < im->walk.n; b++) key[b] = im->walk.file[b].key;
    if (status == OK) status = join_ids(im->row, key, im->walk.n, "the files found", &im->labels, id_column);
    if (status == OK) status = order_labels(im, id_column);
    free((void *)key);
    return status;
}

/* ---- files ---- */

static json_t *tally_json(const Tally *t)
{
    json_t *dropped = json_object();
    for (int d = 0; d < N_DROP; d++)
        if (t->dropped[d] > 0) json_object_set_new(dropped, drop_name[d], json_integer(t->dropped[d]));
    return json_pack("{sI sI so sI sI sI sI}", "rows", (json_int_t)t->read, "kept", (json_int_t)t->kept, "dropped",
                     dropped, "merged", (json_int_t)t->merged, "counts_set_to_1", (json_int_t)t->count_one,
                     "count_sum", (json_int_t)t->count_sum, "count_min", (json_int_t)t->count_min);
}

static Status note_source(Import *im, const WalkFile *file, const Job *job)
{
    json_t *source = tally_json(&job->intake.tally);
    if (json_object_set_new(source, "bag", json_string(file->key)) != 0 ||
        json_object_set_new(source, "file", json_string(file->name)) != 0)
        return json_decref(source), fail(ERR_FORMAT, "%s: the file's name is not UTF-8; rename it", file->path);
    json_object_set_new(source, "sha256", json_string(job->sha256));
    return json_array_append_new(im->sources, source) == 0 ? OK : no_memory(im);
}

static void run_job(void *context, int chunk, int thread)
{
    Import *im = context;
    Job *job = &im->job[chunk];
    const WalkFile *file = &im->walk.file[im->first + chunk];
    (void)thread;
    job->status = intake_read(&job->intake, file->path, &im->rules);
    if (job->status == OK) job->status = file_sha256(job->sha256, file->path);
    if (job->status != OK) snprintf(job->sentence, sizeof job->sentence, "%s", status_sentence());
}

/* Junctions begin with C and end with F or W; where hardly any sequence does, they are probably not junctions. */
static void check_ends(Import *im, const WalkFile *file, const Tally *t)
{
    if (t->kept < 20 || t->ends * 10 >= t->kept) return;
    if (im->n_odd++ == 0) im->odd = file->path;
}

/* A column in which no cell is a count: another unit was probably meant. */
static void check_counts(Import *im, const WalkFile *file, const Tally *t)
{
    if (t->count_one < t->kept + t->merged) return;
    if (im->n_blank++ == 0) im->blank = file->path;
}

static void warn_odd(const Import *im)
{
    if (im->n_blank > 0)
        log_warn("%d of %d repertoires, the first %s, have no count above 0, so all are 1; --count-column names "
                 "another column",
                 im->n_blank, im->walk.n, im->blank);
    if (im->n_odd > 0)
        log_warn("%d of %d repertoires, the first %s, do not look like junctions: less than a tenth of their "
                 "sequences begin "
                 "with C and end with F or W",
                 im->n_odd, im->walk.n, im->odd);
}

static Status write_job(Import *im, int chunk)
{
    Job *job = &im->job[chunk];
    const WalkFile *file = &im->walk.file[im->first + chunk];
    const Intake *r = &job->intake;
    if (job->status != OK) return fail(job->status, "%s", job->sentence);
    TRY(bagwriter_add(im->writer, file->key, r->codes, 0, r->len, r->count, NULL, NULL, r->n));
    TRY(note_source(im, file, job));
    if (!intake_converter(&im->rules)) {
        check_ends(im, file, &r->tally);
        check_counts(im, file, &r->tally);
    }
    if (im->report->format && strcmp(im->report->format, r->format->name) != 0) im->report->format = "several";
    if (!im->report->format) im->report->format = r->format->name;
    tally_add(&im->report->total, &r->tally);
    im->report->n_seq += r->n;
    return OK;
}

/* How many files from `first` on are parsed at once: one a thread at least. */
static int batch_size(const Import *im, int first)
{
    int64_t bytes = 0;
    int n = 0;
    for (; first + n < im->walk.n && n < BATCH_FILES; n++) {
        struct stat info;
        if (n >= parallel_threads() && bytes > BATCH_BYTES) break;
        if (stat(im->walk.file[first + n].path, &info) == 0) bytes += (int64_t)info.st_size;
    }
    return n;
}

static Status read_files(Import *im)
{
    Progress progress;
    Status status = OK;
    progress_start(&progress, "importing", "files", im->walk.n);
    im->job = calloc(BATCH_FILES, sizeof *im->job);
    if (!im->job) return no_memory(im);
    for (int n; im->first < im->walk.n && status == OK; im->first += n) {
        n = batch_size(im, im->first);
        parallel_for(n, run_job, im);
        for (int i = 0; i < n; i++) {
            if (status == OK) status = write_job(im, i);
            intake_free(&im->job[i].intake);
        }
        progress_tell(&progress, im->first + n, "");
    }
    if (status == OK) progress_end(&progress, "");
    if (status == OK) warn_odd(im);
    return status;
}

/* ---- provenance and report ---- */

static json_t *rules_json(const RowRule *rule, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_pack("[ss]", rule[i].column, rule[i].value));
    return list;
}

static json_t *options_json(const Import *im)
{
    const IntakeRules *r = &im->rules;
    const char separator[2] = {r->separator, '\0'};
    const bool converter = intake_converter(r);
    return json_pack("{ss ss? ss? ss ss so so sb sb}", "format", r->format ? r->format->name : "auto",
                     "sequence_column", r->wish.sequence, "count_column", r->wish.count, "extension",
                     im->options->extension, "separator", r->separator ? separator : "auto", "include",
                     rules_json(r->include, r->n_include), "exclude", rules_json(r->exclude, r->n_exclude), "merge",
                     r->merge && !converter, "compress", im->options->compress);
}

static Status labels_json(json_t *facts, const Import *im)
{
    char hex[65];
    const char *slash = im->options->metadata ? strrchr(im->options->metadata, '/') : NULL;
    if (!im->options->metadata) return OK;
    TRY(file_sha256(hex, im->options->metadata));
    json_object_set_new(facts, "labels",
                        json_pack("{ss ss si}", "file", slash ? slash + 1 : im->options->metadata, "sha256", hex,
                                  "bags_without_row", im->report->n_unlabelled));
    return OK;
}

static Status finish(Import *im)
{
    json_t *facts = json_pack("{ss ss so so sO sI si}", "made_by", "hopsack import", "region", region_of(im),
                              "options", options_json(im), "total", tally_json(&im->report->total), "sources",
                              im->sources, "sequences", (json_int_t)im->report->n_seq, "bags", im->walk.n);
    if (!facts) return fail(ERR_FORMAT, "%s: a column name or value given is not UTF-8", im->options->output);
    Status status = labels_json(facts, im);
    im->report->json = json_dumps(facts, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(facts);
    if (status == OK && !im->report->json) status = no_memory(im);
    TRY(status);
    BagWriter *writer = im->writer;
    im->writer = NULL; /* bagwriter_finish frees it */
    return bagwriter_finish(writer, im->options->metadata ? &im->columns : NULL, im->report->json);
}

/* ---- the whole ---- */

static Status check_options(const ImportOptions *options)
{
    if (options->n_path < 1) return fail(ERR_USAGE, "name a folder or files to import");
    for (int i = 0; i < options->n_path; i++)
        if (strcmp(options->path[i], options->output) == 0)
            return fail(ERR_USAGE, "%s is both input and output", options->output);
    return OK;
}

static Status run(Import *im)
{
    const ImportOptions *options = im->options;
    TRY(check_options(options));
    TRY(alphabet_init(&im->rules.alphabet, ALPHABET_AMINO));
    TRY(walk_files(&im->walk, options->path, options->n_path, options->extension, options->metadata));
    im->report->n_bag = im->walk.n;
    im->report->region = region_of(im);
    if (options->metadata) TRY(read_labels(im));
    if (options->dry_run) return OK;

    BagWriterOptions file = {.spec = {.kind = BAG_SEQUENCES, .n_feat = im->rules.alphabet.n},
                             .compress = options->compress,
                             .force = options->force};
    snprintf(file.spec.alphabet, sizeof file.spec.alphabet, "%s", im->rules.alphabet.letter);
    snprintf(file.spec.region, sizeof file.spec.region, "%s", region_of(im));
    TRY(bagwriter_open(&im->writer, options->output, &file));
    im->sources = json_array();
    TRY(read_files(im));
    return finish(im);
}

Status import_run(ImportReport *out, const ImportOptions *options)
{
    Import im = {.options = options, .rules = options->rules, .report = out};
    *out = (ImportReport){0};
    const Status status = run(&im);
    bagwriter_drop(im.writer);
    json_decref(im.sources);
    free(im.job);
    free(im.row);
    free((void *)im.cell);
    table_free(&im.columns);
    table_free(&im.labels);
    walk_free(&im.walk);
    if (status != OK) {
        free(out->json);
        out->json = NULL;
    }
    return status;
}
