/* SPDX-License-Identifier: MIT */
#include "data/import/import_datasets.h"
#include "core/digest.h"
#include "core/log.h"
#include "data/bagfile/baghash.h"
#include "data/import/importfacts.h"
#include "data/import/mergeoptions.h"
#include "data/import/mergelabels.h"
#include "data/text/names.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    Import import;
    const ImportDatasetsOptions *options;
    ImportDatasetsReport *report;
    BagFile **file; /* [n_file] */
    json_t **facts; /* [n_file] provenance of each; NULL: none */
    MergeRow *row;  /* [n_bag] where a bag's labels stand */
    uint64_t *hash; /* [n_bag] */
    size_t room;    /* of the two */
    BagSpec spec;
    Names key, v, j;
    int16_t *gene; /* [2, n] of one bag */
    size_t n_gene;
    bool genes;
} Merge;

static Merge *merge_of(Import *im)
{
    return (Merge *)im;
}

static BagSpec spec(const Import *im)
{
    return ((const Merge *)im)->spec;
}

/* ---- do the files agree? ---- */

static Status unlike(const Merge *m, int f, const char *what, const char *a, const char *b)
{
    return fail(ERR_FORMAT, "%s and %s cannot be one dataset: %s of the first is %s, of the second %s",
                bagfile_path(m->file[0]), bagfile_path(m->file[f]), what, a, b);
}

static Status check_features(const Merge *m, int f)
{
    const char *const *a = bagfile_feature_names(m->file[0]), *const *b = bagfile_feature_names(m->file[f]);
    char n[2][24];
    for (int k = 0; k < 2; k++) snprintf(n[k], sizeof n[k], "%d", bagfile_spec(m->file[k ? f : 0])->n_feat);
    if (strcmp(n[0], n[1]) != 0) return unlike(m, f, "the number of features", n[0], n[1]);
    if (!a != !b) return unlike(m, f, "the names of features", a ? "known" : "unknown", b ? "known" : "unknown");
    for (int k = 0; a && k < m->spec.n_feat; k++)
        if (strcmp(a[k], b[k]) != 0) return unlike(m, f, "the name of a feature", a[k], b[k]);
    return OK;
}

static const char *region_of(const Merge *m, int f)
{
    const char *region = bagfile_spec(m->file[f])->region;
    return *region || !m->options->region ? region : m->options->region;
}

static Status check_spec(const Merge *m, int f)
{
    static const char *const kind[] = {"sequences", "vectors"}, *const store[] = {"dense", "sparse"};
    const BagSpec *a = &m->spec, *b = bagfile_spec(m->file[f]);
    if (a->kind != b->kind) return unlike(m, f, "the kind of instances", kind[a->kind], kind[b->kind]);
    if (a->kind == BAG_VECTORS) {
        if (a->sparse != b->sparse) return unlike(m, f, "the storage", store[a->sparse], store[b->sparse]);
        return check_features(m, f);
    }
    if (strcmp(a->alphabet, b->alphabet) != 0) return unlike(m, f, "the alphabet", a->alphabet, b->alphabet);
    const char *region = region_of(m, f), *wanted = m->options->region;
    if (wanted && strcmp(region, wanted) != 0)
        return fail(
            ERR_FORMAT,
            "%s: its sequences are of region %s, and --region says otherwise; import the text again with --region",
            bagfile_path(m->file[f]), region);
    if (strcmp(a->region, region) == 0) return OK;
    return unlike(m, f, "the region (--region names that of files that do not say)",
                  *a->region ? a->region : "not known", *region ? region : "not known");
}

static Status open_file(Merge *m, int f, const char *path)
{
    TRY(bagfile_open(&m->file[f], path));
    const char *facts = bagfile_provenance(m->file[f]);
    m->facts[f] = facts ? json_loads(facts, 0, NULL) : NULL;
    if (f == 0) {
        m->spec = *bagfile_spec(m->file[0]);
        snprintf(m->spec.region, sizeof m->spec.region, "%s", region_of(m, 0));
    }
    if (bagfile_spec(m->file[f])->kind == BAG_SEQUENCES) m->genes |= bagfile_has_genes(m->file[f]);
    TRY(check_spec(m, f));
    return f == 0 ? OK : mergeoptions_agree(m->facts[0], m->facts[f], bagfile_path(m->file[0]), path);
}

static Status open_files(Import *im)
{
    Merge *m = merge_of(im);
    const ImportOptions *o = im->options;
    const size_t n = (size_t)o->n_path + 1;
    im->file = calloc(n, sizeof *im->file);
    m->file = calloc(n, sizeof(BagFile *));
    m->facts = calloc(n, sizeof(json_t *));
    if (!im->file || !m->file || !m->facts) return import_no_memory(im);
    for (int f = 0; f < o->n_path; f++) {
        TRY(open_file(m, f, o->path[f]));
        im->file[f].path = o->path[f];
        im->n_file = f + 1;
    }
    return OK;
}

/* ---- one bag ---- */

static Status number_genes(int16_t *to, int n, const char *const *name, Names *all)
{
    for (int i = 0; i < n; i++) {
        if (to[i] < 0) continue;
        const char *text = name[to[i]];
        const int number = *text ? names_number(all, text, strlen(text)) : -1;
        if (*text && number < 0) return fail(ERR_MEMORY, "no memory for the names of genes");
        to[i] = number < 0 || number > INT16_MAX ? -1 : (int16_t)number;
    }
    return OK;
}

static Status copy_sequences(Merge *m, BagFile *file, int bag)
{
    const size_t n = (size_t)bagfile_n(file, bag);
    BagWriterRows rows;
    if (m->genes && n > m->n_gene) {
        free(m->gene);
        m->gene = malloc(2 * n * sizeof *m->gene);
        m->n_gene = m->gene ? n : 0;
        if (!m->gene) return import_no_memory(&m->import);
    }
    TRY(bagfile_read_rows(&rows, m->genes ? m->gene : NULL, file, bag));
    if (m->genes) {
        TRY(number_genes(m->gene, rows.n, bagfile_gene_names(file, false), &m->v));
        TRY(number_genes(m->gene + n, rows.n, bagfile_gene_names(file, true), &m->j));
    }
    return bagwriter_add(m->import.writer, bagfile_key(file, bag), &rows);
}

static Status copy_rows(VectorSpool *s, const Bag *bag, const char *key, int n_feat)
{
    int number;
    TRY(vectorspool_bag(&number, s, key));
    for (int i = 0; i < bag->n; i++)
        TRY(bag->x ? vectorspool_dense(s, number, bag->x + (size_t)i * (size_t)n_feat, n_feat)
                   : vectorspool_sparse(s, number, bag->sparse[i].feature, bag->sparse[i].value, bag->sparse[i].n));
    return OK;
}

static Status copy_vectors(Merge *m, BagFile *file, int bag)
{
    Bag content;
    Arena arena = {0};
    Status status;
    TRY_DONE(bagfile_read_alone(&content, &arena, file, bag, COUNTS_NONE));
    TRY_DONE(copy_rows(bagwriter_vectors(m->import.writer), &content, bagfile_key(file, bag), m->spec.n_feat));
done:
    arena_free(&arena);
    return status;
}

static Status note_row(Merge *m, int file, int bag)
{
    const size_t n = (size_t)m->import.n_bag;
    if (n > m->room) {
        const size_t room = 2 * n + 64;
        MergeRow *row = realloc(m->row, room * sizeof *row);
        if (row) m->row = row;
        uint64_t *hash = realloc(m->hash, room * sizeof *hash);
        if (hash) m->hash = hash;
        if (!row || !hash) return import_no_memory(&m->import);
        m->room = room;
    }
    m->row[n - 1] = (MergeRow){file, bag};
    return bagfile_hash(&m->hash[n - 1], m->file[file], bag); /* of a bag just decoded */
}

static Status copy_bag(Merge *m, int f, int bag)
{
    Import *im = &m->import;
    BagFile *file = m->file[f];
    const char *key = bagfile_key(file, bag);
    const int before = m->key.n, number = names_number(&m->key, key, strlen(key));
    if (number < 0) return import_no_memory(im);
    if (number < before)
        return fail(
            ERR_FORMAT,
            "%s and %s both hold bag '%s'; leave one of the two out (--bags=FILE), or rename it and import it "
            "again",
            im->file[im->bag[number].file].path, im->file[f].path, key);
    TRY(import_add_bag(im, key, f, false));
    TRY(m->spec.kind == BAG_SEQUENCES ? copy_sequences(m, file, bag) : copy_vectors(m, file, bag));
    m->report->n += bagfile_n(file, bag);
    im->report->n_bag++;
    return note_row(m, f, bag);
}

static Status note_file(Merge *m, int f)
{
    char hex[65];
    const char *path = m->import.file[f].path;
    json_t *facts = json_object();
    TRY(digest_sha256(hex, path));
    if (m->facts[f]) {
        json_object_set(facts, "provenance", m->facts[f]);
        json_object_del(m->facts[f], "crc32");
    }
    return import_note_source(&m->import, facts, path, importfacts_base(path), hex);
}

static const char *id_of(const BagFile *file, int bag, int column)
{
    return column < 0 ? NULL : table_cell(bagfile_columns(file), bag, column);
}

static Status read_file(Import *im, int f, int slot)
{
    Merge *m = merge_of(im);
    BagFile *file = m->file[f];
    Progress progress;
    const int n = bagfile_n_bag(file), column = mergelabels_id_column(file);
    (void)slot;
    import_note_format(im, "dataset");
    progress_start(&progress, "copying", "bags", n);
    for (int bag = 0; bag < n; bag++) {
        if (baglist_has(&im->bags, bagfile_key(file, bag), id_of(file, bag, column)))
            TRY(copy_bag(m, f, bag));
        else
            m->report->n_left_out++;
        progress_update(&progress, bag + 1, NULL);
    }
    progress_end(&progress, NULL);
    return note_file(m, f);
}

/* ---- after the last file ---- */

/* Bags that were left out are known to a label table all the same. */
static Status add_left_out(Merge *m)
{
    Import *im = &m->import;
    for (int f = 0; f < im->n_file && im->options->metadata && im->options->bags; f++)
        for (int bag = 0; bag < bagfile_n_bag(m->file[f]); bag++) {
            const char *key = bagfile_key(m->file[f], bag);
            const int before = m->key.n;
            if (names_number(&m->key, key, strlen(key)) == before) TRY(import_add_bag(im, key, f, true));
        }
    return OK;
}

static Status finish_vectors(Merge *m)
{
    VectorSpool *s = bagwriter_vectors(m->import.writer);
    const char *const *name = bagfile_feature_names(m->file[0]);
    s->sparse = m->spec.sparse;
    s->n_feat = m->spec.n_feat;
    for (int k = 0; name && k < m->spec.n_feat; k++)
        if (names_number(&s->feature, name[k], strlen(name[k])) != k)
            return fail(ERR_FORMAT, "%s: two features are named '%s'", bagfile_path(m->file[0]), name[k]);
    return OK;
}

static Status finish_genes(Merge *m)
{
    static const char *const none[] = {""};
    const int n_v = m->v.n < INT16_MAX ? m->v.n : INT16_MAX, n_j = m->j.n < INT16_MAX ? m->j.n : INT16_MAX;
    if (!m->genes) return OK;
    if (m->v.n > INT16_MAX || m->j.n > INT16_MAX)
        log_warn("there are more than %d different names of V or J genes; those met later are left out", INT16_MAX);
    return bagwriter_genes(m->import.writer, n_v ? (const char *const *)m->v.text : none, n_v ? n_v : 1,
                           n_j ? (const char *const *)m->j.text : none, n_j ? n_j : 1);
}

static Status warn_equal(const Merge *m)
{
    const Import *im = &m->import;
    const int n = im->report->n_bag;
    BagHash *order = malloc(((size_t)n + 1) * sizeof *order);
    int found = 0, first = 0;
    if (!order) return import_no_memory(im);
    for (int b = 0; b < n; b++) order[b] = (BagHash){m->hash[b], b};
    qsort(order, (size_t)n, sizeof *order, baghash_order);
    for (int i = 1; i < n; i++)
        if (order[i].hash == order[i - 1].hash && found++ == 0) first = i;
    if (found)
        log_warn("%s: %d bag%s the content of another under another name (for example '%s' and '%s')",
                 im->options->output, found, found > 1 ? "s have" : " has", im->bag[order[first - 1].bag].label.key,
                 im->bag[order[first].bag].label.key);
    free(order);
    return OK;
}

static Status findings(Import *im)
{
    Merge *m = merge_of(im);
    TRY(warn_equal(m));
    TRY(add_left_out(m));
    return m->spec.kind == BAG_SEQUENCES ? finish_genes(m) : finish_vectors(m);
}

static Status columns(Import *im)
{
    Merge *m = merge_of(im);
    if (im->options->metadata) return OK;
    return mergelabels_make(&im->columns, m->file, im->n_file, m->row, im->report->n_bag);
}

/* ---- provenance ---- */

static json_t *options(const Import *im)
{
    const Merge *m = (const Merge *)im;
    const json_t *of_first = json_object_get(m->facts[0], "options");
    return of_first ? json_deep_copy(of_first) : json_object();
}

/* The rows are what the imports of the files made of them, so theirs are the options that a model keeps. */
static Status facts(json_t *facts, const Import *im)
{
    const Merge *m = (const Merge *)im;
    json_t *flags = json_object_get(m->facts[0], "flags");
    json_object_del(facts, "flags");
    if (flags) json_object_set(facts, "flags", flags);
    if (!json_object_get(m->facts[0], "options")) json_object_del(facts, "options");
    json_object_set_new(facts, "merged", json_integer(im->n_file));
    json_object_set_new(facts, "instances", json_integer((json_int_t)m->report->n));
    if (*m->spec.region) json_object_set_new(facts, "region", json_string(m->spec.region));
    return OK;
}

/* ---- the kind ---- */

static void close_files(Import *im)
{
    Merge *m = merge_of(im);
    for (int f = 0; m->file && m->facts && f < im->options->n_path; f++) {
        bagfile_close(m->file[f]);
        json_decref(m->facts[f]);
    }
    free((void *)m->file);
    free((void *)m->facts);
    free(m->row);
    free(m->hash);
    free(m->gene);
    names_free(&m->key);
    names_free(&m->v);
    names_free(&m->j);
}

static const ImportKind import_datasets_kind = {.spec = spec,
                                                .open = open_files,
                                                .read_file = read_file,
                                                .findings = findings,
                                                .columns = columns,
                                                .options = options,
                                                .facts = facts,
                                                .close = close_files,
                                                .batch = 1,
                                                .reads_dry = true};

Status import_datasets_run(ImportDatasetsReport *out, const ImportDatasetsOptions *options)
{
    *out = (ImportDatasetsReport){0};
    Merge m = {.options = options, .report = out};
    const Status status = import_run(&out->import, &m.import, &import_datasets_kind, &options->import);
    out->kind = m.spec.kind;
    return status;
}
