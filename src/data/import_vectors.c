/* SPDX-License-Identifier: MIT */
#include "data/import_vectors.h"
#include "core/digest.h"
#include "core/log.h"
#include "data/bagfile.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SPARSE_SHARE 0.1  /* --sparse=auto: fewer numbers than that are other than 0 … */
#define SPARSE_WIDTH 1000 /* … and there are more features than that */

typedef struct {
    const ImportVectorsOptions *options;
    BagWriter *writer;
    VectorSpool *spool; /* the writer's */
    VectorIntake intake;
    json_t *sources;
    Table columns;
    ImportVectorsReport *report;
} Import;

static Status no_memory(const Import *im)
{
    return fail(ERR_MEMORY, "%s: no memory to import it", im->options->output);
}

Status import_vectors_wanted(bool *out, const char *first_path, const VectorRules *rules)
{
    VectorPeek peek;
    *out = true;
    if (rules->format) return OK;
    TRY(vectorformat_peek(&peek, first_path, rules));
    *out = vectorformat_recognise(&peek, rules) != NULL;
    vectorformat_peek_free(&peek);
    return OK;
}

/* ---- files ---- */

static Status note_source(Import *im, const char *path)
{
    char hex[65];
    const char *slash = strrchr(path, '/');
    TRY(file_sha256(hex, path));
    json_t *source = json_pack("{ss ss}", "file", slash ? slash + 1 : path, "sha256", hex);
    if (!source) return fail(ERR_FORMAT, "%s: the name of the file is not UTF-8; rename it", path);
    return json_array_append_new(im->sources, source) == 0 ? OK : no_memory(im);
}

static Status read_peeked(Import *im, const VectorPeek *peek)
{
    const VectorFormat *format = im->options->rules.format;
    if (!format) format = vectorformat_recognise(peek, &im->options->rules);
    if (!format)
        return fail(ERR_FORMAT,
                    "%s: is of no known format of vectors; name the columns of bag and label with --bag and "
                    "--label, or the format with --format",
                    peek->path);
    if (im->report->format && strcmp(im->report->format, format->name) != 0)
        im->report->format = "several";
    else
        im->report->format = format->name;
    return format->read(&im->intake, peek);
}

static Status read_files(Import *im)
{
    for (int i = 0; i < im->options->n_path; i++) {
        VectorPeek peek;
        im->intake.path = im->options->path[i];
        im->intake.file = i;
        TRY(vectorformat_peek(&peek, im->intake.path, &im->options->rules));
        const Status status = read_peeked(im, &peek);
        vectorformat_peek_free(&peek);
        TRY(status);
    }
    for (int i = 0; i < im->intake.source.n; i++) TRY(note_source(im, im->intake.source.text[i]));
    if (im->spool->n == 0)
        return fail(ERR_FORMAT, "%s: no instance is left; check the file and --include, --exclude",
                    im->options->path[0]);
    return OK;
}

/* ---- labels ---- */

/* -1 and 1 mean 0 and 1, if nothing else occurs. */
static void normalise_labels(Import *im)
{
    BagSource *bag = im->intake.bag;
    const int n = im->spool->keys.n;
    for (int b = 0; b < n; b++)
        if (bag[b].label && strcmp(bag[b].label, "-1") != 0 && strcmp(bag[b].label, "1") != 0) return;
    for (int b = 0; b < n; b++)
        if (bag[b].label && *bag[b].label == '-') strcpy(bag[b].label, "0");
}

static Status make_columns(Import *im)
{
    const int n = im->spool->keys.n, width = im->intake.labelled ? 2 : 1;
    const char **cell = malloc((size_t)n * (size_t)width * sizeof *cell);
    if (!cell) return no_memory(im);
    normalise_labels(im);
    for (int b = 0; b < n; b++) {
        cell[b * width] = im->spool->keys.text[b];
        if (width > 1) cell[b * width + 1] = im->intake.bag[b].label ? im->intake.bag[b].label : "";
    }
    const Status status = table_new(&im->columns, n, width, (const char *const[]){"ID", "label"}, cell);
    free((void *)cell);
    return status;
}

/* ---- provenance and report ---- */

static json_t *names_json(char *const *name, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_string(name[i]));
    return list;
}

static json_t *rules_json(const RowRule *rule, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_pack("[ss]", rule[i].column, rule[i].value));
    return list;
}

static json_t *options_json(const Import *im)
{
    static const char *const sparse[] = {"auto", "yes", "no"};
    const VectorRules *r = &im->options->rules;
    const char separator[2] = {r->separator, '\0'};
    return json_pack("{ss ss? ss? so ss so so si ss sb sb}", "format", r->format ? r->format->name : "auto", "bag",
                     r->bag, "label", r->label, "skipped", names_json(im->intake.skipped.text, im->intake.skipped.n),
                     "separator", r->separator ? separator : "auto", "include", rules_json(r->include, r->n_include),
                     "exclude", rules_json(r->exclude, r->n_exclude), "n_features", r->n_feat, "sparse",
                     sparse[r->sparse], "allow_leak", r->allow_leak, "compress", im->options->compress);
}

static json_t *facts_json(const Import *im)
{
    const ImportVectorsReport *r = im->report;
    json_t *dropped = json_object();
    if (r->n_filtered > 0) json_object_set_new(dropped, "filtered", json_integer((json_int_t)r->n_filtered));
    return json_pack("{ss so sO s{sI sI so} si sI si sb sI ss}", "made_by", "hopsack import", "options",
                     options_json(im), "sources", im->sources, "total", "rows", (json_int_t)r->n_row, "kept",
                     (json_int_t)r->n, "dropped", dropped, "bags", r->n_bag, "instances", (json_int_t)r->n,
                     "features", r->n_feat, "sparse", r->sparse, "nonzero", (json_int_t)r->n_number, "format",
                     r->format);
}

static bool choose_sparse(const Import *im)
{
    const VectorSpool *s = im->spool;
    const SparseWish wish = im->options->rules.sparse;
    if (wish != SPARSE_AUTO) return wish == SPARSE_YES;
    return s->n_feat > SPARSE_WIDTH && (double)s->n_number < SPARSE_SHARE * (double)s->n * (double)s->n_feat;
}

static void report(Import *im)
{
    ImportVectorsReport *r = im->report;
    const VectorSpool *s = im->spool;
    im->spool->sparse = choose_sparse(im);
    r->n_bag = s->keys.n;
    r->n_feat = s->n_feat;
    r->n = s->n;
    r->n_number = s->n_number;
    r->n_row = im->intake.n_row;
    r->n_filtered = im->intake.n_filtered;
    r->sparse = s->sparse;
}

/* ---- the whole ---- */

static Status finish(Import *im)
{
    report(im);
    TRY(make_columns(im));
    json_t *facts = facts_json(im);
    if (!facts) return fail(ERR_FORMAT, "%s: a column name or value given is not UTF-8", im->options->output);
    im->report->json = json_dumps(facts, JSON_SORT_KEYS | JSON_COMPACT);
    json_decref(facts);
    if (!im->report->json) return no_memory(im);
    if (im->options->dry_run) return OK;
    BagWriter *writer = im->writer;
    im->writer = NULL; /* bagwriter_finish frees it */
    return bagwriter_finish(writer, &im->columns, im->report->json);
}

static Status run(Import *im)
{
    const ImportVectorsOptions *o = im->options;
    const BagWriterOptions file = {
        .spec = {.kind = BAG_VECTORS}, .compress = o->compress, .force = o->force || o->dry_run};
    if (o->n_path < 1) return fail(ERR_USAGE, "name a file to import");
    for (int i = 0; i < o->n_path; i++)
        if (strcmp(o->path[i], o->output) == 0) return fail(ERR_USAGE, "%s is both input and output", o->output);
    TRY(bagwriter_open(&im->writer, o->output, &file));
    im->spool = im->intake.spool = bagwriter_vectors(im->writer);
    im->sources = json_array();
    TRY(read_files(im));
    return finish(im);
}

Status import_vectors_run(ImportVectorsReport *out, const ImportVectorsOptions *options)
{
    Import im = {.options = options, .report = out, .intake = {.rules = &options->rules}};
    *out = (ImportVectorsReport){0};
    const Status status = run(&im);
    vectorintake_free(&im.intake);
    bagwriter_drop(im.writer);
    json_decref(im.sources);
    table_free(&im.columns);
    if (status != OK) {
        free(out->json);
        out->json = NULL;
    }
    return status;
}
