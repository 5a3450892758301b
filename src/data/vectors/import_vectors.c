/* SPDX-License-Identifier: MIT */
#include "data/vectors/import_vectors.h"
#include "core/digest.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "data/bagfile/bagfile.h"
#include "data/text/import_labels.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    *out = false;
    if (access(first_path, F_OK) != 0) return OK; /* said when it is to be read */
    TRY(vectorformat_peek(&peek, first_path, rules));
    *out = peek.matlab || vectorformat_recognise(&peek, rules) != NULL;
    vectorformat_peek_free(&peek);
    return OK;
}

/* ---- files ---- */

static Status note_source(Import *im, const char *path)
{
    char hex[65];
    const char *slash = strrchr(path, '/');
    TRY(digest_sha256(hex, path));
    json_t *source = json_pack("{ss ss}", "file", slash ? slash + 1 : path, "sha256", hex);
    if (!source) return fail(ERR_FORMAT, "%s: the name of the file is not UTF-8; rename it", path);
    return json_array_append_new(im->sources, source) == 0 ? OK : no_memory(im);
}

static Status read_peeked(Import *im, const VectorPeek *peek)
{
    const VectorFormat *format = im->options->rules.format;
    if (!format) format = vectorformat_recognise(peek, &im->options->rules);
    if (!format && peek->matlab)
        return fail(ERR_FORMAT,
                    "%s: is a MATLAB file of no known layout; name one with --format to hear what it lacks",
                    peek->path);
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

static Status bag_labels(Table *out, const Import *im)
{
    const int n = im->spool->keys.n, width = im->intake.labelled ? 2 : 1;
    const char **cell = malloc((size_t)n * (size_t)width * sizeof *cell);
    if (!cell) return no_memory(im);
    for (int b = 0; b < n; b++) {
        cell[b * width] = im->spool->keys.text[b];
        if (width > 1) cell[b * width + 1] = im->intake.bag[b].label ? im->intake.bag[b].label : "";
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

static Status join_metadata(Import *im, Table *given)
{
    const int n = im->spool->keys.n;
    const ImportVectorsOptions *o = im->options;
    Table labels;
    LabelKey *key = calloc((size_t)n + 1, sizeof *key);
    if (!key) return no_memory(im);
    for (int b = 0; b < n; b++) key[b] = (LabelKey){.key = im->spool->keys.text[b], .file = im->spool->keys.text[b]};
    Status status = table_read(&labels, o->metadata);
    if (status == OK) {
        status = import_labels_order(given, &im->report->n_unlabelled, &labels, o->id_column, key, n);
        if (status == OK && im->intake.labelled && table_column(given, "label") >= 0)
            status =
                fail(ERR_FORMAT, "%s: has a column 'label', and so have the bags; --label=none leaves theirs out",
                     o->metadata);
        table_free(&labels);
    }
    free(key);
    return status;
}

static Status make_columns(Import *im)
{
    Table own = {0}, given = {0};
    TRY(bag_labels(&own, im));
    if (!im->options->metadata) {
        im->columns = own;
        return OK;
    }
    Status status = join_metadata(im, &given);
    if (status == OK && im->intake.labelled)
        status = add_label(&im->columns, &own, &given);
    else if (status == OK) {
        im->columns = given;
        given = (Table){0};
    }
    table_free(&own);
    table_free(&given);
    return status;
}

/* ---- what is odd ---- */

static Status check_spool(Import *im)
{
    const int n = im->spool->keys.n;
    const char **label = malloc(((size_t)n + 1) * sizeof *label);
    if (!label) return no_memory(im);
    for (int b = 0; b < n; b++) label[b] = im->intake.bag[b].label;
    const Status status = vectorcheck_run(&im->report->findings, im->spool, label);
    free((void *)label);
    return status;
}

static const char *const *feature_names(const Import *im)
{
    return im->spool->feature.n > 0 ? (const char *const *)im->spool->feature.text : NULL;
}

static Status judge_leak(const Import *im)
{
    const VectorFindings *v = &im->report->findings;
    char name[LEAKS_NAME], more[40] = "", advice[100];
    if (v->leaks.n_leak == 0) return OK;
    const char *feature = leaks_name(name, feature_names(im), v->leaks.feature[0].feature);
    if (v->leaks.n_leak > 1) snprintf(more, sizeof more, " (and %d more such)", v->leaks.n_leak - 1);
    snprintf(advice, sizeof advice,
             im->spool->feature.n > 0 ? "leave it out with --skip=%.*s, or" : "take it out, or",
             im->spool->feature.n > 0 ? (int)strlen(feature) - 2 : 0, feature + 1);
    if (!im->options->rules.allow_leak)
        return fail(ERR_FORMAT, "%s: feature %s %s%s, which gives the answer away; %s --allow-leak keeps it",
                    im->options->path[0], feature, odd_words[v->leaks.feature[0].odd], more, advice);
    log_warn("feature %s %s%s, which gives the answer away", feature, odd_words[v->leaks.feature[0].odd], more);
    return OK;
}

static void tell_labels(const Import *im)
{
    const VectorFindings *v = &im->report->findings;
    const int n = im->spool->keys.n;
    if (!im->intake.labelled) {
        log_info("the bags have no labels");
        return;
    }
    if (v->n_unlabelled > 0) log_info("%d of %d bags have no label", v->n_unlabelled, n);
    if (v->n_label == 1) log_warn("all bags have the same label; nothing can be learned from one class");
}

static void tell_equal(const Import *im)
{
    const VectorFindings *v = &im->report->findings;
    char *const *key = im->spool->keys.text;
    if (v->n_shared > 0)
        log_info("%d different instances occur in more than one bag, %d of them in bags of different labels",
                 v->n_shared, v->n_shared_both);
    if (v->n_equal_both > 0)
        log_warn("%d groups of equal bags, %d of them with different labels, as '%s' and '%s'", v->n_equal,
                 v->n_equal_both, key[v->equal[0]], key[v->equal[1]]);
    else if (v->n_equal > 0)
        log_warn("%d groups of equal bags, as '%s' and '%s'; parts of a split should not share them", v->n_equal,
                 key[v->equal[0]], key[v->equal[1]]);
}

static void tell(const Import *im)
{
    const VectorFindings *v = &im->report->findings;
    char list[400];
    tell_labels(im);
    if (v->leaks.n_constant == im->spool->n_feat)
        log_warn("all %d features are the same in every instance; nothing can be learned from them",
                 v->leaks.n_constant);
    else if (v->leaks.n_constant > 0)
        log_info("%d of %d features are the same in every instance", v->leaks.n_constant, im->spool->n_feat);
    if (v->leaks.n_single > 0)
        log_info("%d of %d bags %s one instance", v->leaks.n_single, im->spool->keys.n,
                 v->leaks.n_single > 1 ? "have" : "has");
    tell_equal(im);
    leaks_list(list, sizeof list, &v->leaks, ODD_SEPARATES, feature_names(im));
    if (v->leaks.n_separating > 0)
        log_warn("%d feature%s alone tell%s the labels apart without error: %s; %s", v->leaks.n_separating,
                 v->leaks.n_separating > 1 ? "s" : "", v->leaks.n_separating > 1 ? "" : "s", list,
                 v->leaks.chance < 0.05 ? "make sure that this is no leak" : "with so few bags chance can do that");
    if (im->spool->n_feat > LEAKS_WIDE) log_info("more than %d features are not looked at one by one", LEAKS_WIDE);
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

static json_t *odd_json(const Import *im)
{
    const VectorFindings *v = &im->report->findings;
    json_t *list = json_array();
    for (int i = 0; i < v->leaks.n_odd; i++) {
        const int f = v->leaks.feature[i].feature;
        json_t *odd = json_pack("{si ss}", "feature", f + 1, "is", odd_name[v->leaks.feature[i].odd]);
        if (im->spool->feature.n > 0) json_object_set_new(odd, "name", json_string(im->spool->feature.text[f]));
        json_array_append_new(list, odd);
    }
    return list;
}

static json_t *findings_json(const Import *im)
{
    const VectorFindings *v = &im->report->findings;
    return json_pack("{si si si si si si si si si so}", "constant_features", v->leaks.n_constant,
                     "bags_of_one_instance", v->leaks.n_single, "bags_without_label", v->n_unlabelled,
                     "shared_instances", v->n_shared, "shared_instances_of_both_labels", v->n_shared_both,
                     "equal_bags", v->n_equal, "equal_bags_of_both_labels", v->n_equal_both, "leaking_features",
                     v->leaks.n_leak, "separating_features", v->leaks.n_separating, "odd_features", odd_json(im));
}

static json_t *facts_json(const Import *im)
{
    const ImportVectorsReport *r = im->report;
    json_t *dropped = json_object();
    if (r->n_filtered > 0) json_object_set_new(dropped, "filtered", json_integer((json_int_t)r->n_filtered));
    const char *metadata = im->options->metadata;
    if (metadata && strrchr(metadata, '/')) metadata = strrchr(metadata, '/') + 1;
    return json_pack("{ss* ss so sO s{sI sI so} si sI si sb sI ss so}", "labels", metadata, "made_by",
                     "hopsack import", "options", options_json(im), "sources", im->sources, "total", "rows",
                     (json_int_t)r->n_row, "kept", (json_int_t)r->n, "dropped", dropped, "bags", r->n_bag,
                     "instances", (json_int_t)r->n, "features", r->n_feat, "sparse", r->sparse, "nonzero",
                     (json_int_t)r->n_number, "format", r->format, "findings", findings_json(im));
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
    TRY(vectorspool_sort(im->spool));
    normalise_labels(im);
    report(im);
    TRY(check_spool(im));
    TRY(judge_leak(im));
    tell(im);
    TRY(make_columns(im));
    json_t *facts = facts_json(im);
    if (!facts) return fail(ERR_FORMAT, "%s: a column name or value given is not UTF-8", im->options->output);
    im->report->json = jsontext_dump(facts, JSON_SORT_KEYS | JSON_COMPACT);
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
