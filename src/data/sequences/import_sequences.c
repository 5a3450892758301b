/* SPDX-License-Identifier: MIT */
#include "data/sequences/import_sequences.h"
#include "core/digest.h"
#include "core/log.h"
#include "data/import/importfacts.h"
#include "data/sequences/importgenes.h"
#include "data/sequences/rowfindings.h"
#include "data/text/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_OPEN 8 /* files: where there are more, each is opened again when it is read */

/* A file on its way through a thread. */
typedef struct {
    Intake intake;
    char sha256[65];
} FileSlot;

typedef struct {
    Import import;
    const ImportSequencesOptions *options;
    IntakeRules rules;
    Walk walk;
    TextIn *first;       /* of file n_first, until that is looked at */
    int n_first;         /* -1: none */
    IntakeFile **header; /* [n_file] read up to its header; NULL: read */
    FileSlot slot[IMPORT_BATCH];
    ImportGenes genes;
    RowFindings findings;
    ImportSequencesReport *report;
} ImportSequences;

static const char *region_of(const IntakeRules *rules)
{
    return rules->wish.cdr3 ? "CDR3" : "junction";
}

static BagSpec spec(const Import *im)
{
    const IntakeRules *rules = &((const ImportSequences *)im)->rules;
    BagSpec out = {.kind = BAG_SEQUENCES, .n_feat = rules->alphabet.n};
    snprintf(out.alphabet, sizeof out.alphabet, "%s", rules->alphabet.letter);
    snprintf(out.region, sizeof out.region, "%s", region_of(rules));
    return out;
}

/* ---- files ---- */

static Status open_files(Import *im)
{
    ImportSequences *s = (ImportSequences *)im;
    const ImportOptions *o = im->options;
    s->report->region = region_of(&s->rules);
    TRY(alphabet_init(&s->rules.alphabet, ALPHABET_AMINO));
    TRY(walk_files(&s->walk, o->path, o->n_path, s->options->extension, o->metadata));
    im->file = calloc((size_t)s->walk.n + 1, sizeof *im->file);
    s->header = calloc((size_t)s->walk.n + 1, sizeof *s->header);
    if (!im->file || !s->header) return import_no_memory(im);
    im->n_file = s->walk.n;
    for (int f = 0; f < im->n_file; f++) {
        im->file[f] = (ImportFile){.path = s->walk.file[f].path, .key = s->walk.file[f].key, .one_bag = true};
        if (s->first && strcmp(im->file[f].path, textin_path(s->first)) == 0) s->n_first = f;
    }
    return OK;
}

static Status peek_file(Import *im, int file)
{
    ImportSequences *s = (ImportSequences *)im;
    IntakeFile **header = &s->header[file];
    TextIn *in = NULL;
    if (file == s->n_first) {
        in = s->first;
        s->first = NULL;
    }
    TRY(intake_open(header, im->file[file].path, in, &s->rules));
    im->file[file].one_bag = !intake_several(*header);
    if (im->n_file > KEPT_OPEN) intake_pause(*header);
    return OK;
}

static Status read_file(Import *im, int file, int place)
{
    ImportSequences *s = (ImportSequences *)im;
    FileSlot *slot = &s->slot[place];
    const Status status = intake_read(&slot->intake, s->header[file]);
    intake_close(s->header[file]);
    s->header[file] = NULL;
    return status == OK ? digest_sha256(slot->sha256, im->file[file].path) : status;
}

static void drop(Import *im, int slot)
{
    intake_free(&((ImportSequences *)im)->slot[slot].intake);
}

/* ---- bags ---- */

static void report_bag(const char *key, const RowTally *t)
{
    char text[300];
    log_detail("%s: %lld rows, %lld sequences, %lld merged, counts from %lld, sum %lld; dropped: %s", key,
               (long long)t->read, (long long)t->kept, (long long)t->merged, (long long)t->count_min,
               (long long)t->count_sum, *rowtally_dropped(text, sizeof text, t) ? text : "none");
}

static Status note_bag(ImportSequences *s, const FileSlot *slot, const IntakeBag *bag, int file, const char *key)
{
    const WalkFile *from = &s->walk.file[file];
    json_t *facts = rowtally_json(&bag->tally);
    report_bag(key, &bag->tally);
    rowtally_add(&s->report->total, &bag->tally);
    if (slot->intake.count_column) json_object_set_new(facts, "count_column", json_string(slot->intake.count_column));
    if (json_object_set_new(facts, "bag", json_string(key)) != 0) {
        json_decref(facts);
        facts = NULL;
    }
    return import_note_source(&s->import, facts, from->path, from->name, slot->sha256);
}

static Status write_bag(ImportSequences *s, const FileSlot *slot, const IntakeBag *bag, int file)
{
    const char *path = s->walk.file[file].path, *key = bag->id ? bag->id : s->walk.file[file].key;
    const bool empty = bag->rows.n == 0 || bag->unwanted;
    TRY(import_add_bag(&s->import, key, file, empty));
    TRY(note_bag(s, slot, bag, file, key));
    if (empty) {
        log_warn("%s: repertoire '%s' is left out, no row of it was kept", path, key);
        s->report->n_empty++;
        return OK;
    }
    TRY(importgenes_add(&s->genes, s->import.writer, key, &slot->intake, &bag->rows));
    if (!intake_converter(&s->rules)) rowfindings_bag(&s->findings, path, &bag->tally);
    s->report->n_seq += bag->rows.n;
    s->import.report->n_bag++;
    return OK;
}

/* Where one table holds several people, and nothing but the name of a column says so. */
static void say_people(const Intake *in, const char *path)
{
    if (!in->people) return;
    if (in->split)
        log_warn("%s: is split into %d repertoires by its column '%s'; --bag=none would make it one", path, in->n,
                 in->people);
    else
        log_warn("%s: is one repertoire, but its column '%s' has several values; --bag=%s would split it", path,
                 in->people, in->people);
}

static void note_counted(ImportSequencesReport *r, const Intake *in)
{
    if (r->counted[0]) return; /* rowfindings warns of others */
    if (in->counts_cells)
        snprintf(r->counted, sizeof r->counted, "number of different values of column '%.60s'", in->count_column);
    else if (in->count_column)
        snprintf(r->counted, sizeof r->counted, "column '%.100s'", in->count_column);
    else
        snprintf(r->counted, sizeof r->counted, "none, each row is 1");
}

static Status write_bags(Import *im, int file, int place)
{
    ImportSequences *s = (ImportSequences *)im;
    const FileSlot *slot = &s->slot[place];
    const Intake *in = &slot->intake;
    for (int b = 0; b < in->n; b++) TRY(write_bag(s, slot, &in->bag[b], file));
    say_people(in, im->file[file].path);
    note_counted(s->report, in);
    TRY(rowfindings_file(&s->findings, im->file[file].path, in->count_column, in->counts_too));
    import_note_format(im, in->format->name);
    return OK;
}

/* ---- after the last file ---- */

static int by_key(const void *a, const void *b)
{
    const ImportBag *const *x = a, *const *y = b;
    const int order = strcmp((*x)->label.key, (*y)->label.key);
    return order ? order : (*x)->file - (*y)->file;
}

/* Names of files are unlike (walk.h); repertoires named inside them need not be. */
static Status check_keys(const Import *im)
{
    const ImportBag **order = malloc(((size_t)im->n_bag + 1) * sizeof *order);
    Status status = order ? OK : import_no_memory(im);
    for (int i = 0; status == OK && i < im->n_bag; i++) order[i] = &im->bag[i];
    if (status == OK) qsort((void *)order, (size_t)im->n_bag, sizeof *order, by_key);
    for (int i = 1; status == OK && i < im->n_bag; i++)
        if (strcmp(order[i - 1]->label.key, order[i]->label.key) == 0)
            status = fail(ERR_FORMAT, "%s and %s both hold repertoire '%s'; a repertoire's rows must be in one file",
                          im->file[order[i - 1]->file].path, im->file[order[i]->file].path, order[i]->label.key);
    free((void *)order);
    return status;
}

static Status findings(Import *im)
{
    const ImportSequences *s = (const ImportSequences *)im;
    rowfindings_warn(&s->findings, im->n_bag, &s->report->total);
    importgenes_warn(&s->genes);
    if (im->report->n_bag == 0)
        return fail(ERR_FORMAT, "%s: no repertoire is left; check the columns and filters", im->options->output);
    TRY(check_keys(im));
    return importgenes_finish(&s->genes, im->writer);
}

static json_t *options(const Import *im)
{
    const ImportSequences *s = (const ImportSequences *)im;
    const IntakeRules *r = &s->rules;
    static const char *const header_words[] = {"auto", "yes", "no"}, *const ends_words[] = {"auto", "cut", "keep"};
    json_t *out =
        importfacts_options(r->format ? r->format->name : NULL, r->lines.separator, &r->rows, im->options->compress);
    json_t *own =
        json_pack("{ss? ss? ss? ss? ss sb sb ss ss sb}", "sequence_column", r->wish.sequence, "count_column",
                  r->wish.count, "bag", r->wish.bag, "locus", r->locus, "extension", s->options->extension, "merge",
                  r->merge && !intake_converter(r), "skip_empty", r->skip_empty, "header",
                  header_words[r->lines.header], "ends", ends_words[r->wish.ends], "short_rows", r->lines.drop_short);
    return importfacts_join(out, own);
}

static Status facts(json_t *facts, const Import *im)
{
    const ImportSequencesReport *r = ((const ImportSequences *)im)->report;
    json_object_set_new(facts, "region", json_string(r->region));
    json_object_set_new(facts, "total", rowtally_json(&r->total));
    json_object_set_new(facts, "sequences", json_integer((json_int_t)r->n_seq));
    if (!im->options->metadata) return OK;
    json_t *labels = NULL;
    TRY(importfacts_labels(&labels, im->options->metadata, im->report->n_unlabelled));
    json_object_set_new(facts, "labels", labels);
    return OK;
}

/* ---- the kind ---- */

static void close_files(Import *im)
{
    ImportSequences *s = (ImportSequences *)im;
    for (int f = 0; s->header && f < s->walk.n; f++) intake_close(s->header[f]);
    textin_close(s->first);
    free(s->header);
    rowfindings_free(&s->findings);
    importgenes_free(&s->genes);
    walk_free(&s->walk);
}

static const char *format(const char **line, int i)
{
    const FormatType *type = format_types[i];
    *line = type ? type->line : NULL;
    return type ? type->name : NULL;
}

const ImportKind import_sequences_kind = {.spec = spec,
                                          .open = open_files,
                                          .peek_file = peek_file,
                                          .read_file = read_file,
                                          .write_bags = write_bags,
                                          .drop = drop,
                                          .findings = findings,
                                          .options = options,
                                          .facts = facts,
                                          .close = close_files,
                                          .format = format,
                                          .batch = IMPORT_BATCH};

Status import_sequences_run(ImportSequencesReport *out, const ImportSequencesOptions *options)
{
    *out = (ImportSequencesReport){0};
    ImportSequences *s = calloc(1, sizeof *s);
    if (!s) textin_close(options->first);
    if (!s) return fail(ERR_MEMORY, "%s: no memory to import it", options->import.output);
    s->first = options->first;
    s->n_first = -1;
    s->options = options;
    s->rules = options->rules;
    s->report = out;
    const Status status = import_run(&out->import, &s->import, &import_sequences_kind, &options->import);
    free(s);
    return status;
}
