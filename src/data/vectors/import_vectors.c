/* SPDX-License-Identifier: MIT
 *
 * Rows of a bag may lie apart, so the files are read one after the other into the writer's spool.
 */
#include "data/vectors/import_vectors.h"
#include "core/log.h"
#include "data/import/importfacts.h"
#include "data/text/bytes.h"
#include "data/text/ziparchive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const VectorFormat vectorformat_table; /* whose files are joined */

#define SPARSE_SHARE 0.1  /* --sparse=auto: a smaller share of the numbers is not 0 … */
#define SPARSE_WIDTH 1000 /* … and there are more features than that */

typedef struct {
    Import import;
    const ImportVectorsOptions *options;
    VectorSpool *spool; /* the writer's */
    VectorIntake intake;
    int64_t *first;  /* [n_file + 1] instances before each file */
    TextOut *splits; /* NULL: no such columns */
    char splits_path[PATH_ROOM];
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
    ImportVectors *v = (ImportVectors *)im;
    v->first = calloc((size_t)o->n_path + 1, sizeof *v->first);
    v->intake.join = o->n_path > 1 && v->options->rules.format == &vectorformat_table;
    return v->first ? OK : import_no_memory(im);
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

static Status read_next(Import *im, int file)
{
    ImportVectors *v = (ImportVectors *)im;
    const VectorPeek *first = file == 0 ? v->options->first : NULL;
    VectorPeek peek;
    v->spool = v->intake.spool = bagwriter_vectors(im->writer);
    v->intake.path = im->file[file].path;
    v->intake.file = file;
    if (first && first->path) return read_peeked(v, first);
    TRY(vectorformat_peek(&peek, v->intake.path, &v->options->rules));
    const Status status = read_peeked(v, &peek);
    vectorformat_peek_free(&peek);
    return status;
}

static Status read_file(Import *im, int file, int slot)
{
    ImportVectors *v = (ImportVectors *)im;
    (void)slot;
    const Status status = read_next(im, file);
    v->first[file + 1] = v->spool ? v->spool->n : 0;
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

/* Of tables that are joined, each column to be skipped is in one. */
static Status check_skipped(const ImportVectors *v)
{
    const VectorRules *r = &v->options->rules;
    for (int i = 0; i < r->n_skip; i++)
        if (names_find(&v->intake.skipped, r->skip[i], strlen(r->skip[i])) < 0)
            return fail(ERR_FORMAT, "--skip=%s: none of the tables has such a column", r->skip[i]);
    return OK;
}

static Status join_tables(ImportVectors *v)
{
    if (!v->intake.join) return OK;
    TRY(check_skipped(v));
    return vectorspool_join(v->spool, v->first, v->import.n_file, v->import.options->path);
}

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
    v->report->findings.labelled_elsewhere = v->options->rules.metadata || v->intake.extra.n_label > 0;
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
    if (v->spool->n_feat == 0)
        return fail(ERR_FORMAT, "%s: no instance has a feature; is the file cut short?", im->file[0].path);
    TRY(vectorintake_warn(&v->intake));
    TRY(join_tables(v));
    TRY(vectorspool_sort(v->spool));
    normalise_labels(v);
    count(v);
    TRY(check(v));
    for (int b = 0; b < v->spool->keys.n; b++)
        TRY(import_add_bag(im, v->spool->keys.text[b], v->intake.bag[b].file, false));
    return OK;
}

/* ---- labels ---- */

/* Columns that the bags bring with them, behind ID: label, and those of --labels. */
static int own_columns(const char **name, const ImportVectors *v)
{
    const VectorExtra *e = &v->intake.extra;
    int n = 0;
    if (v->intake.labelled) name[n++] = "label";
    for (int c = 0; c < e->n_label; c++) name[n++] = e->name[c];
    return n;
}

static const char *own_cell(const ImportVectors *v, int bag, int column)
{
    const BagSource *b = &v->intake.bag[bag];
    column -= v->intake.labelled;
    if (column >= 0) return vectorextra_cell(&v->intake.extra, bag, column);
    return b->label ? b->label : "";
}

static Status check_names(const Table *given, const char *path, const char *const *name, int n)
{
    for (int c = 0; c < n; c++)
        if (table_column(given, name[c]) >= 0)
            return fail(ERR_FORMAT, "%s: has a column '%s', and so have the bags; %s", path, name[c],
                        strcmp(name[c], "label") == 0 ? "--label=none leaves theirs out"
                                                      : "leave it out of --labels");
    return OK;
}

/* The bags' own columns behind those of the label table, which has a row a bag, or behind their names. */
static Status add_columns(Table *out, const ImportVectors *v, const Table *given, const char *const *own, int n_own)
{
    const int n = v->spool->keys.n, before = given ? given->n_column : 1, width = before + n_own;
    const char **cell = malloc(((size_t)n * (size_t)width + 1) * sizeof *cell);
    const char **name = malloc(((size_t)width + 1) * sizeof *name);
    for (int c = 0; name && c < width; c++) name[c] = c >= before ? own[c - before] : given ? given->column[c] : "ID";
    for (int b = 0; cell && b < n; b++)
        for (int c = 0; c < width; c++)
            cell[b * width + c] = c >= before ? own_cell(v, b, c - before)
                                  : given     ? table_cell(given, b, c)
                                              : v->spool->keys.text[b];
    const Status status = cell && name ? table_new(out, n, width, name, cell) : import_no_memory(&v->import);
    free((void *)cell);
    free((void *)name);
    return status;
}

/* Columns of splits go to a table beside the dataset, which appears once that is written. */
static Status write_splits(ImportVectors *v)
{
    const VectorExtra *e = &v->intake.extra;
    const ImportOptions *o = &v->options->import;
    const size_t n = strlen(o->output);
    const bool ends = n > 3 && strcmp(o->output + n - 3, ".h5") == 0;
    if (e->n == e->n_label || o->dry_run) return OK;
    if (snprintf(v->splits_path, sizeof v->splits_path, "%.*s.splits.tsv", (int)(ends ? n - 3 : n), o->output) >=
        (int)sizeof v->splits_path)
        return fail(ERR_USAGE, "%.60s…: the path is too long", o->output);
    TRY(textout_open(&v->splits, v->splits_path, o->force));
    vectorextra_write(v->splits, e, v->spool->keys.text, v->spool->keys.n);
    return OK;
}

static Status columns(Import *im)
{
    ImportVectors *v = (ImportVectors *)im;
    Table given = im->columns;
    const bool table = im->options->metadata != NULL;
    const char **own = calloc((size_t)v->intake.extra.n_label + 2, sizeof *own);
    if (!own) return import_no_memory(im);
    const int n_own = own_columns(own, v);
    Status status = table ? check_names(&given, im->options->metadata, own, n_own) : OK;
    if (status == OK && (n_own > 0 || !table)) {
        im->columns = (Table){0};
        status = add_columns(&im->columns, v, table ? &given : NULL, own, n_own);
        if (table) table_free(&given);
    }
    free((void *)own);
    return status == OK ? write_splits(v) : status;
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
    free(((ImportVectors *)im)->first);
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

/* The label table that lies in the folder, where none is named. */
static bool find_labels(char path[PATH_ROOM], const ImportVectorsOptions *o)
{
    VectorPeek own = {0};
    struct stat info;
    if (o->import.metadata || o->import.n_path != 1) return false;
    if (stat(o->import.path[0], &info) != 0 || !S_ISDIR(info.st_mode)) return false;
    const VectorPeek *peek = o->first && o->first->path ? o->first : &own;
    if (peek == &own && vectorformat_peek(&own, o->import.path[0], &o->rules) != OK) return false;
    const VectorFormat *format = o->rules.format ? o->rules.format : vectorformat_recognise(peek, &o->rules);
    const bool found = format && format->labels && format->labels(path, peek);
    vectorformat_peek_free(&own);
    return found;
}

Status import_vectors_run(ImportVectorsReport *out, const ImportVectorsOptions *given)
{
    char labels[PATH_ROOM];
    ImportVectorsOptions options = *given;
    if (find_labels(labels, given)) {
        log_info("labels are read from %s", labels);
        options.import.metadata = labels;
    }
    options.rules.metadata = options.import.metadata;
    ImportVectors v = {.options = &options, .report = out, .intake = {.rules = &options.rules}};
    *out = (ImportVectorsReport){0};
    const Status status = import_run(&out->import, &v.import, &import_vectors_kind, &options.import);
    if (status == OK && v.splits) {
        log_info("%s: columns of splits, for --splits", v.splits_path);
        return textout_commit(v.splits);
    }
    textout_drop(v.splits);
    return status;
}
