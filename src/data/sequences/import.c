/* SPDX-License-Identifier: MIT */
#include "data/sequences/import.h"
#include "core/digest.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/bagfile/bagfile.h"
#include "data/text/import_labels.h"
#include "data/text/walk.h"

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
    bool several; /* from its header */
    char sha256[65];
    Status status;
    char sentence[1024]; /* of status; fail keeps it per thread */
} Job;

/* A repertoire of which something was read. */
typedef struct {
    LabelKey label;
    int file; /* of the walk */
} Found;

typedef struct {
    const ImportOptions *options;
    IntakeRules rules;
    Walk walk;
    Table labels, columns; /* as read; what the file keeps */
    BagWriter *writer;
    int first;    /* file of the batch's first job */
    Job *job;     /* [BATCH_FILES or threads] */
    Found *found; /* [n_found] in the order of the dataset */
    int n_found, room;
    bool genes;
    Names v, j;    /* of the dataset */
    int16_t *gene; /* [room_gene] scratch */
    size_t room_gene;
    json_t *sources;
    char *unit;                          /* column of counts of the first file; NULL: none */
    const char *other_unit;              /* path of the first file that has another; NULL: none */
    int n_odd, n_blank, n_cdr3;          /* repertoires that do not look as expected, or have no counts */
    const char *odd, *blank, *cdr3_path; /* the first one's path */
    ImportReport *report;
} Import;

static const char *region_of(const Import *im)
{
    return im->rules.wish.cdr3 ? "CDR3" : "junction";
}

static Status no_memory(const Import *im)
{
    return fail(ERR_MEMORY, "%s: no memory to import it", im->options->output);
}

/* ---- repertoires and labels ---- */

static Status add_found(Import *im, const char *key, int file, bool left_out)
{
    if (im->n_found == im->room) {
        const int room = im->room ? 2 * im->room : 64;
        Found *grown = realloc(im->found, (size_t)room * sizeof *grown);
        if (!grown) return no_memory(im);
        im->found = grown;
        im->room = room;
    }
    char *copy = strdup(key);
    if (!copy) return no_memory(im);
    im->found[im->n_found++] =
        (Found){.label = {.key = copy, .file = im->walk.file[file].key, .left_out = left_out}, .file = file};
    return OK;
}

static void drop_found(Import *im)
{
    for (int i = 0; i < im->n_found; i++) free(im->found[i].label.key);
    im->n_found = 0;
}

static LabelKey *list_keys(const Import *im)
{
    LabelKey *key = malloc(((size_t)im->n_found + 1) * sizeof *key);
    for (int i = 0; key && i < im->n_found; i++) key[i] = im->found[i].label;
    return key;
}

static Status order_labels(Import *im)
{
    if (!im->options->metadata) return OK;
    LabelKey *key = list_keys(im);
    table_free(&im->columns);
    const Status status = key ? import_labels_order(&im->columns, &im->report->n_unlabelled, &im->labels,
                                                    im->options->id_column, key, im->n_found)
                              : no_memory(im);
    free(key);
    return status;
}

/* Before hours of reading: does the label table fit the files, where they alone name the repertoires? */
static Status try_labels(Import *im)
{
    int unused;
    Status status = OK;
    if (!im->options->metadata) return OK;
    TRY(table_read(&im->labels, im->options->metadata));
    TRY(table_id_column(&unused, &im->labels, im->options->id_column));
    if (im->report->several) return OK;
    for (int f = 0; f < im->walk.n && status == OK; f++) status = add_found(im, im->walk.file[f].key, f, false);
    if (status == OK) status = order_labels(im);
    drop_found(im);
    return status;
}

static int by_key(const void *a, const void *b)
{
    const Found *const *x = a, *const *y = b;
    const int order = strcmp((*x)->label.key, (*y)->label.key);
    return order ? order : (*x)->file - (*y)->file;
}

/* Names of files are unlike (walk.h); repertoires named inside them need not be. */
static Status check_keys(const Import *im)
{
    const Found **order = malloc(((size_t)im->n_found + 1) * sizeof *order);
    Status status = order ? OK : no_memory(im);
    for (int i = 0; status == OK && i < im->n_found; i++) order[i] = &im->found[i];
    if (status == OK) qsort((void *)order, (size_t)im->n_found, sizeof *order, by_key);
    for (int i = 1; status == OK && i < im->n_found; i++)
        if (strcmp(order[i - 1]->label.key, order[i]->label.key) == 0)
            status =
                fail(ERR_FORMAT, "%s and %s both hold repertoire '%s'; a repertoire's rows must be in one file",
                     im->walk.file[order[i - 1]->file].path, im->walk.file[order[i]->file].path, order[i]->label.key);
    free((void *)order);
    return status;
}

/* ---- files ---- */

static json_t *tally_json(const Tally *t)
{
    json_t *dropped = json_object();
    for (int d = 0; d < N_DROP; d++)
        if (t->dropped[d] > 0) json_object_set_new(dropped, drop_name[d], json_integer(t->dropped[d]));
    json_t *out =
        json_pack("{sI sI so sI sI sI sI}", "rows", (json_int_t)t->read, "kept", (json_int_t)t->kept, "dropped",
                  dropped, "merged", (json_int_t)t->merged, "counts_set_to_1", (json_int_t)t->count_one, "count_sum",
                  (json_int_t)t->count_sum, "count_min", (json_int_t)t->count_min);
    if (t->cdr3 > 0) json_object_set_new(out, "from_cdr3_aa", json_integer(t->cdr3));
    return out;
}

static Status note_source(Import *im, const WalkFile *file, const Job *job, const IntakeBag *bag, const char *key)
{
    json_t *source = tally_json(&bag->tally);
    if (json_object_set_new(source, "bag", json_string(key)) != 0 ||
        json_object_set_new(source, "file", json_string(file->name)) != 0)
        return json_decref(source),
               fail(ERR_FORMAT, "%s: the name of the file or repertoire is not UTF-8; rename it", file->path);
    json_object_set_new(source, "sha256", json_string(job->sha256));
    if (job->intake.count_column) json_object_set_new(source, "count_column", json_string(job->intake.count_column));
    return json_array_append_new(im->sources, source) == 0 ? OK : no_memory(im);
}

static void run_job(void *context, int chunk, int thread)
{
    Import *im = context;
    Job *job = &im->job[chunk];
    const WalkFile *file = &im->walk.file[im->first + chunk];
    (void)thread;
    job->status = intake_read(&job->intake, file->path, &im->rules);
    if (job->status == OK) job->status = digest_sha256(job->sha256, file->path);
    if (job->status != OK) snprintf(job->sentence, sizeof job->sentence, "%s", status_sentence());
}

/* Junctions begin with C and end with F or W; where hardly any sequence does, they are probably not junctions, and where
 * nearly all do, not CDR3s. */
static void check_ends(Import *im, const WalkFile *file, const Tally *t)
{
    const int64_t junctions = t->kept - t->cdr3;
    if (junctions >= 20 && t->ends * 10 < junctions && im->n_odd++ == 0) im->odd = file->path;
    if (t->cdr3 >= 20 && t->cdr3_ends * 10 > 9 * t->cdr3 && im->n_cdr3++ == 0) im->cdr3_path = file->path;
}

/* A column in which no cell is a count: another unit was probably meant. */
static void check_counts(Import *im, const WalkFile *file, const Tally *t)
{
    if (t->kept == 0 || t->count_one < t->kept + t->merged) return;
    if (im->n_blank++ == 0) im->blank = file->path;
}

/* Reads, molecules and cells are different units. */
static Status check_unit(Import *im, const WalkFile *file, const Intake *in, bool first)
{
    const char *unit = in->count_column ? in->count_column : "none";
    if (first)
        im->unit = strdup(unit);
    else if (!im->other_unit && strcmp(im->unit, unit) != 0)
        im->other_unit = file->path;
    return im->unit ? OK : no_memory(im);
}

static void warn_odd(const Import *im)
{
    if (im->other_unit)
        log_warn("%s has another column of counts than the first file's '%s'; units should not be mixed in one "
                 "dataset, --count-column names one for all",
                 im->other_unit, im->unit);
    if (im->n_blank > 0)
        log_warn("%d of %d repertoires, the first %s, have no count above 0, so all are 1; --count-column names "
                 "another column",
                 im->n_blank, im->n_found, im->blank);
    if (im->n_odd > 0)
        log_warn("%d of %d repertoires, the first %s, do not look like junctions: less than a tenth of their "
                 "sequences begin with C and end with F or W",
                 im->n_odd, im->n_found, im->odd);
    if (im->n_cdr3 > 0)
        log_warn(
            "%d of %d repertoires, the first %s, seem to have junctions where CDR3s should be: nine tenths begin "
            "with C and end with F or W",
            im->n_cdr3, im->n_found, im->cdr3_path);
    const Tally *t = &im->report->total;
    if (t->cdr3_only > 0)
        log_warn(
            "%lld rows without a junction were dropped although cdr3_aa holds their CDR3; --region=cdr3 would keep "
            "them",
            (long long)t->cdr3_only);
    if (im->v.n > INT16_MAX || im->j.n > INT16_MAX)
        log_warn("there are more than %d different names of V or J genes; those met later are left out", INT16_MAX);
}

/* ---- genes ---- */

/* Numbers of the dataset's names for a repertoire's genes; the file counts its own. */
static Status number_genes(int16_t *to, const int *from, int n, const Names *own, Names *all, int *map)
{
    for (int k = 0; k < own->n; k++) map[k] = -2; /* not met yet */
    for (int i = 0; i < n; i++) {
        to[i] = -1;
        if (from[i] < 0) continue;
        int *number = &map[from[i]];
        if (*number == -2) *number = names_number(all, own->text[from[i]], strlen(own->text[from[i]]));
        if (*number == -1) return fail(ERR_MEMORY, "no memory for the names of genes");
        if (*number < INT16_MAX) to[i] = (int16_t)*number;
    }
    return OK;
}

static Status make_gene_room(Import *im, size_t n)
{
    if (n <= im->room_gene) return OK;
    free(im->gene);
    im->gene = malloc(n * sizeof *im->gene);
    im->room_gene = im->gene ? n : 0;
    return im->gene ? OK : no_memory(im);
}

static Status write_bag(Import *im, const Intake *in, const IntakeBag *bag, const char *key)
{
    const Gather *g = &bag->rows;
    if (!in->genes)
        return bagwriter_add(im->writer, key,
                             &(BagWriterRows){.codes = g->codes, .len = g->len, .count = g->count, .n = g->n});
    const size_t most = (size_t)(in->v.n > in->j.n ? in->v.n : in->j.n);
    TRY(make_gene_room(im, 2 * (size_t)g->n));
    int *map = malloc((most + 1) * sizeof *map);
    int16_t *v = im->gene, *j = im->gene + g->n;
    Status status = map ? OK : no_memory(im);
    if (status == OK) status = number_genes(v, g->v, g->n, &in->v, &im->v, map);
    if (status == OK) status = number_genes(j, g->j, g->n, &in->j, &im->j, map);
    if (status == OK)
        status = bagwriter_add(
            im->writer, key,
            &(BagWriterRows){.codes = g->codes, .len = g->len, .count = g->count, .v = v, .j = j, .n = g->n});
    free(map);
    im->genes = true;
    return status;
}

/* The names; a list of none is not written by HDF5, so it has an empty one. */
static Status write_gene_names(Import *im)
{
    static const char *const none[] = {""};
    const char *const *v = (const char *const *)im->v.text, *const *j = (const char *const *)im->j.text;
    const int n_v = im->v.n < INT16_MAX ? im->v.n : INT16_MAX, n_j = im->j.n < INT16_MAX ? im->j.n : INT16_MAX;
    if (!im->genes) return OK;
    return bagwriter_genes(im->writer, n_v ? v : none, n_v ? n_v : 1, n_j ? j : none, n_j ? n_j : 1);
}

/* ---- batches ---- */

static void tell_bag(const char *key, const Tally *t)
{
    char text[300];
    log_detail("%s: %lld rows, %lld sequences, %lld merged, counts from %lld, sum %lld; dropped: %s", key,
               (long long)t->read, (long long)t->kept, (long long)t->merged, (long long)t->count_min,
               (long long)t->count_sum, *tally_dropped(text, sizeof text, t) ? text : "none");
}

static Status take_bag(Import *im, const Job *job, const IntakeBag *bag, int f)
{
    const WalkFile *file = &im->walk.file[f];
    const char *key = bag->id ? bag->id : file->key;
    const bool empty = bag->rows.n == 0;
    TRY(add_found(im, key, f, empty));
    tally_add(&im->report->total, &bag->tally);
    tell_bag(key, &bag->tally);
    TRY(note_source(im, file, job, bag, key));
    if (empty) {
        log_info("%s: repertoire '%s' is left out, no row of it was kept", file->path, key);
        im->report->n_empty++;
        return OK;
    }
    TRY(write_bag(im, &job->intake, bag, key));
    if (!intake_converter(&im->rules)) {
        check_ends(im, file, &bag->tally);
        check_counts(im, file, &bag->tally);
    }
    im->report->n_seq += bag->rows.n;
    im->report->n_bag++;
    return OK;
}

static Status write_job(Import *im, int chunk)
{
    Job *job = &im->job[chunk];
    const int f = im->first + chunk;
    const Intake *in = &job->intake;
    if (job->status != OK) return fail(job->status, "%s", job->sentence);
    for (int b = 0; b < in->n; b++) TRY(take_bag(im, job, &in->bag[b], f));
    TRY(check_unit(im, &im->walk.file[f], in, f == 0));
    if (im->report->format && strcmp(im->report->format, in->format->name) != 0) im->report->format = "several";
    if (!im->report->format) im->report->format = in->format->name;
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

static void peek_job(void *context, int chunk, int thread)
{
    Import *im = context;
    Job *job = &im->job[chunk];
    (void)thread;
    job->status = intake_peek(&job->several, im->walk.file[im->first + chunk].path, &im->rules);
    if (job->status != OK) snprintf(job->sentence, sizeof job->sentence, "%s", status_sentence());
}

/* Looks at all headers first: a file of another kind is told before hours of reading. */
static Status peek_files(Import *im)
{
    for (im->first = 0; im->first < im->walk.n; im->first += BATCH_FILES) {
        const int left = im->walk.n - im->first, n = left < BATCH_FILES ? left : BATCH_FILES;
        parallel_for(n, peek_job, im);
        for (int i = 0; i < n; i++) {
            if (im->job[i].status != OK) return fail(im->job[i].status, "%s", im->job[i].sentence);
            im->report->several |= im->job[i].several;
        }
    }
    im->first = 0;
    return OK;
}

static Status read_files(Import *im)
{
    Progress progress;
    Status status = OK;
    progress_start(&progress, "importing", "files", im->walk.n);
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
    return json_pack("{ss ss? ss? ss ss so so sb sb sb}", "format", r->format ? r->format->name : "auto",
                     "sequence_column", r->wish.sequence, "count_column", r->wish.count, "extension",
                     im->options->extension, "separator", r->separator ? separator : "auto", "include",
                     rules_json(r->include, r->n_include), "exclude", rules_json(r->exclude, r->n_exclude), "merge",
                     r->merge && !converter, "skip_empty", r->skip_empty, "compress", im->options->compress);
}

static Status labels_json(json_t *facts, const Import *im)
{
    char hex[65];
    const char *slash = im->options->metadata ? strrchr(im->options->metadata, '/') : NULL;
    if (!im->options->metadata) return OK;
    TRY(digest_sha256(hex, im->options->metadata));
    json_object_set_new(facts, "labels",
                        json_pack("{ss ss si}", "file", slash ? slash + 1 : im->options->metadata, "sha256", hex,
                                  "bags_without_row", im->report->n_unlabelled));
    return OK;
}

static Status finish(Import *im)
{
    if (im->report->n_bag == 0)
        return fail(ERR_FORMAT, "%s: no repertoire is left; check the columns and filters", im->options->output);
    TRY(check_keys(im));
    TRY(order_labels(im));
    TRY(write_gene_names(im));
    json_t *facts = json_pack("{ss ss so so sO sI si}", "made_by", "hopsack import", "region", region_of(im),
                              "options", options_json(im), "total", tally_json(&im->report->total), "sources",
                              im->sources, "sequences", (json_int_t)im->report->n_seq, "bags", im->report->n_bag);
    if (!facts) return fail(ERR_FORMAT, "%s: a column name or value given is not UTF-8", im->options->output);
    Status status = labels_json(facts, im);
    im->report->json = jsontext_dump(facts, JSON_SORT_KEYS | JSON_COMPACT);
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
    im->report->n_file = im->walk.n;
    im->report->region = region_of(im);
    im->job = calloc(BATCH_FILES, sizeof *im->job);
    if (!im->job) return no_memory(im);
    TRY(peek_files(im));
    TRY(try_labels(im));
    if (options->dry_run) {
        im->report->n_bag = im->report->several ? 0 : im->walk.n;
        return OK;
    }

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
    drop_found(&im);
    free(im.found);
    free(im.job);
    free(im.unit);
    free(im.gene);
    names_free(&im.v);
    names_free(&im.j);
    table_free(&im.columns);
    table_free(&im.labels);
    walk_free(&im.walk);
    if (status != OK) {
        free(out->json);
        out->json = NULL;
    }
    return status;
}
