/* SPDX-License-Identifier: MIT
 *
 * Rows of a bag may lie apart, so the files are read one after the other into the writer's spool.
 */
#include "data/vectors/import_vectors.h"
#include "data/import/importfacts.h"
#include "data/text/bytes.h"
#include "data/text/ziparchive.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPARSE_SHARE 0.1  /* --sparse=auto: a smaller share of the numbers is not 0 … */
#define SPARSE_WIDTH 1000 /* … and there are more features than that */

typedef struct {
    Import import;
    const ImportVectorsOptions *options;
    VectorSpool *spool; /* the writer's */
    VectorIntake intake;
    ImportVectorsReport *report;
} ImportVectors;

static BagSpec spec(const Import *im)
{
    (void)im;
    return (BagSpec){.kind = BAG_VECTORS};
}

/* ---- files ---- */

Status import_vectors_wanted(bool *out, VectorPeek *first, const char *first_path, const VectorRules *rules)
{
    *first = (VectorPeek){0};
    *out = rules->format != NULL;
    if (rules->format) return OK;
    if (access(first_path, F_OK) != 0 && ziparchive_split(first_path) == 0) return OK; /* reported when it is read */
    TRY(vectorformat_peek(first, first_path, rules));
    *out = first->matlab || vectorformat_recognise(first, rules) != NULL;
    return OK;
}

static Status open_files(Import *im)
{
    const ImportOptions *o = im->options;
    im->file = calloc((size_t)o->n_path + 1, sizeof *im->file);
    if (!im->file) return import_no_memory(im);
    for (int f = 0; f < o->n_path; f++) im->file[f].path = o->path[f];
    im->n_file = o->n_path;
    return OK;
}

static Status read_peeked(ImportVectors *v, const VectorPeek *peek)
{
    const VectorFormat *format = v->options->rules.format;
    if (!format) format = vectorformat_recognise(peek, &v->options->rules);
    if (!format && peek->matlab)
        return fail(ERR_FORMAT,
                    "%s: is a MATLAB file of no known layout; name one with --format to hear what it lacks",
                    peek->path);
    if (!format)
        return fail(ERR_FORMAT,
                    "%s: is of no known format of vectors; name the columns of bag and label with --bag and "
                    "--label, or the format with --format",
                    peek->path);
    import_note_format(&v->import, format->name);
    return format->read(&v->intake, peek);
}

static Status read_file(Import *im, int file, int slot)
{
    ImportVectors *v = (ImportVectors *)im;
    const VectorPeek *first = file == 0 ? v->options->first : NULL;
    VectorPeek peek;
    (void)slot;
    v->spool = v->intake.spool = bagwriter_vectors(im->writer);
    v->intake.path = im->file[file].path;
    v->intake.file = file;
    if (first && first->path) return read_peeked(v, first);
    TRY(vectorformat_peek(&peek, v->intake.path, &v->options->rules));
    const Status status = read_peeked(v, &peek);
    vectorformat_peek_free(&peek);
    return status;
}

static Status note_sources(ImportVectors *v)
{
    const Names *source = &v->intake.source;
    for (int i = 0; i < source->n; i++) {
        char hex[65];
        TRY(bytes_sha256(hex, source->text[i]));
        TRY(import_note_source(&v->import, json_object(), source->text[i], importfacts_base(source->text[i]), hex));
    }
    return OK;
}

/* ---- findings ---- */

/* -1 and 1 mean 0 and 1, if nothing else occurs. */
static void normalise_labels(ImportVectors *v)
{
    BagSource *bag = v->intake.bag;
    const int n = v->spool->keys.n;
    for (int b = 0; b < n; b++)
        if (bag[b].label && strcmp(bag[b].label, "-1") != 0 && strcmp(bag[b].label, "1") != 0) return;
    for (int b = 0; b < n; b++)
        if (bag[b].label && *bag[b].label == '-') strcpy(bag[b].label, "0");
}

static bool choose_sparse(const ImportVectors *v)
{
    const VectorSpool *s = v->spool;
    const SparseWish wish = v->options->rules.sparse;
    if (wish != SPARSE_AUTO) return wish == SPARSE_YES;
    return s->n_feat > SPARSE_WIDTH && (double)s->n_number < SPARSE_SHARE * (double)s->n * (double)s->n_feat;
}

static void count(ImportVectors *v)
{
    ImportVectorsReport *r = v->report;
    const VectorSpool *s = v->spool;
    v->spool->sparse = choose_sparse(v);
    r->import.n_bag = s->keys.n;
    r->n_feat = s->n_feat;
    r->n = s->n;
    r->n_number = s->n_number;
    r->n_row = v->intake.n_row;
    r->n_filtered = v->intake.n_filtered;
    r->sparse = s->sparse;
}

static Status check(const ImportVectors *v)
{
    const int n = v->spool->keys.n;
    const char **label = malloc(((size_t)n + 1) * sizeof *label);
    if (!label) return import_no_memory(&v->import);
    for (int b = 0; b < n; b++) label[b] = v->intake.bag[b].label;
    Status status = vectorcheck_run(&v->report->findings, v->spool, label);
    if (status == OK)
        status =
            vectorcheck_report(&v->report->findings, v->spool, v->import.file[0].path, v->options->rules.allow_leak);
    free((void *)label);
    return status;
}

static Status findings(Import *im)
{
    ImportVectors *v = (ImportVectors *)im;
    TRY(note_sources(v));
    if (v->spool->n == 0)
        return fail(ERR_FORMAT, "%s: no instance is left; check the file and --include, --exclude", im->file[0].path);
    TRY(vectorspool_sort(v->spool));
    normalise_labels(v);
    count(v);
    TRY(check(v));
    for (int b = 0; b < v->spool->keys.n; b++)
        TRY(import_add_bag(im, v->spool->keys.text[b], v->intake.bag[b].file, false));
    return OK;
}

/* ---- labels ---- */

static Status bag_labels(Table *out, const ImportVectors *v)
{
    const int n = v->spool->keys.n, width = v->intake.labelled ? 2 : 1;
    const char **cell = malloc((size_t)n * (size_t)width * sizeof *cell);
    if (!cell) return import_no_memory(&v->import);
    for (int b = 0; b < n; b++) {
        cell[b * width] = v->spool->keys.text[b];
        if (width > 1) cell[b * width + 1] = v->intake.bag[b].label ? v->intake.bag[b].label : "";
    }
    const Status status = table_new(out, n, width, (const char *const[]){"ID", "label"}, cell);
    free((void *)cell);
    return status;
}

/* Both tables have a row a bag; of the first, column `label` is put behind the second's. */
static Status add_label(Table *out, const Table *own, const Table *given)
{
    const int width = given->n_column + 1, label = table_column(own, "label");
    const char **cell = malloc((size_t)own->n_row * (size_t)width * sizeof *cell);
    const char **name = malloc((size_t)width * sizeof *name);
    for (int r = 0; cell && r < own->n_row; r++)
        for (int c = 0; c < width; c++)
            cell[r * width + c] = c < given->n_column ? table_cell(given, r, c) : table_cell(own, r, label);
    for (int c = 0; name && c < width; c++) name[c] = c < given->n_column ? given->column[c] : "label";
    const Status status = cell && name ? table_new(out, own->n_row, width, name, cell)
                                       : fail(ERR_MEMORY, "%s: no memory for labels", given->path);
    free((void *)cell);
    free((void *)name);
    return status;
}

/* The bags' own labels, behind the columns of the label table. */
static Status columns(Import *im)
{
    const ImportVectors *v = (const ImportVectors *)im;
    Table own = {0}, given = im->columns;
    if (!im->options->metadata) return bag_labels(&im->columns, v);
    if (!v->intake.labelled) return OK;
    if (table_column(&given, "label") >= 0)
        return fail(ERR_FORMAT, "%s: has a column 'label', and so have the bags; --label=none leaves theirs out",
                    im->options->metadata);
    TRY(bag_labels(&own, v));
    im->columns = (Table){0};
    const Status status = add_label(&im->columns, &own, &given);
    table_free(&own);
    table_free(&given);
    return status;
}

/* ---- provenance ---- */

static json_t *options(const Import *im)
{
    static const char *const sparse[] = {"auto", "yes", "no"};
    const ImportVectors *v = (const ImportVectors *)im;
    const VectorRules *r = &v->options->rules;
    json_t *out =
        importfacts_options(r->format ? r->format->name : NULL, r->separator, &r->rows, im->options->compress);
    json_t *own = json_pack("{ss? ss? so si ss sb}", "bag", r->bag, "label", r->label, "skipped",
                            importfacts_names(v->intake.skipped.text, v->intake.skipped.n), "n_features", r->n_feat,
                            "sparse", sparse[r->sparse], "allow_leak", r->allow_leak);
    return importfacts_join(out, own);
}

static Status facts(json_t *facts, const Import *im)
{
    const ImportVectors *v = (const ImportVectors *)im;
    const ImportVectorsReport *r = v->report;
    const char *metadata = im->options->metadata;
    json_t *dropped = json_object();
    if (r->n_filtered > 0) json_object_set_new(dropped, "filtered", json_integer((json_int_t)r->n_filtered));
    json_t *own =
        json_pack("{ss* s{sI sI so} sI si sb sI ss so}", "labels", metadata ? importfacts_base(metadata) : NULL,
                  "total", "rows", (json_int_t)r->n_row, "kept", (json_int_t)r->n, "dropped", dropped, "instances",
                  (json_int_t)r->n, "features", r->n_feat, "sparse", r->sparse, "nonzero", (json_int_t)r->n_number,
                  "format", r->import.format, "findings", vectorcheck_json(&r->findings, v->spool));
    const bool added = own && json_object_update(facts, own) == 0;
    json_decref(own);
    return added ? OK : fail(ERR_FORMAT, "%s: a column name or value given is not UTF-8", im->options->output);
}

/* ---- the kind ---- */

static void close_files(Import *im)
{
    vectorintake_free(&((ImportVectors *)im)->intake);
}

static const char *format(const char **line, int i)
{
    const VectorFormat *type = vectorformat_types[i];
    *line = type ? type->line : NULL;
    return type ? type->name : NULL;
}

const ImportKind import_vectors_kind = {.spec = spec,
                                        .open = open_files,
                                        .read_file = read_file,
                                        .findings = findings,
                                        .columns = columns,
                                        .options = options,
                                        .facts = facts,
                                        .close = close_files,
                                        .format = format,
                                        .batch = 1,
                                        .reads_dry = true};

Status import_vectors_run(ImportVectorsReport *out, const ImportVectorsOptions *options)
{
    ImportVectors v = {.options = options, .report = out, .intake = {.rules = &options->rules}};
    *out = (ImportVectorsReport){0};
    return import_run(&out->import, &v.import, &import_vectors_kind, &options->import);
}
