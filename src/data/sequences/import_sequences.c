/* SPDX-License-Identifier: MIT */
#include "data/sequences/import_sequences.h"
#include "core/log.h"
#include "data/import/importfacts.h"
#include "data/sequences/importgenes.h"
#include "data/sequences/rowfindings.h"
#include "data/text/bytes.h"
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
    char *mark;          /* [n_file] FILE_… */
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

enum { FILE_READ, FILE_EMPTY, FILE_NO_TABLE };

/* --name: of the only file. */
static Status rename_bag(ImportSequences *s)
{
    const char *name = s->options->name;
    if (!name) return OK;
    if (s->walk.n != 1)
        return fail(ERR_USAGE, "--name=%s: names one repertoire, and there are %d files", name, s->walk.n);
    free(s->walk.file[0].key);
    s->walk.file[0].key = strdup(name);
    return s->walk.file[0].key ? OK : import_no_memory(&s->import);
}

static Status list_files(ImportSequences *s)
{
    Import *im = &s->import;
    const Walk *walk = &s->walk;
    free(im->file);
    im->file = calloc((size_t)walk->n + 1, sizeof *im->file);
    if (!im->file) return import_no_memory(im);
    im->n_file = walk->n;
    for (int f = 0; f < walk->n; f++) {
        const WalkFile *from = &walk->file[f];
        im->file[f] = (ImportFile){
            .path = from->path, .key = from->key, .name = from->name, .bytes = from->bytes, .one_bag = true};
    }
    return OK;
}

static Status open_files(Import *im)
{
    ImportSequences *s = (ImportSequences *)im;
    const ImportOptions *o = im->options;
    s->report->region = region_of(&s->rules);
    TRY(alphabet_init(&s->rules.alphabet, ALPHABET_AMINO));
    TRY(walk_files(&s->walk, o->path, o->n_path, s->options->extension, o->metadata));
    TRY(rename_bag(s));
    TRY(list_files(s));
    s->header = calloc((size_t)s->walk.n + 1, sizeof *s->header);
    s->mark = calloc((size_t)s->walk.n + 1, sizeof *s->mark);
    if (!s->mark || !s->header) return import_no_memory(im);
    for (int f = 0; s->first && f < im->n_file; f++)
        if (strcmp(im->file[f].path, textin_path(s->first)) == 0) s->n_first = f;
    return OK;
}

/* A file without a line is an empty repertoire; one that lies among repertoires need not be one. */
static Status forgive(ImportSequences *s, int file)
{
    char sentence[1024], *line = NULL;
    size_t n;
    TextIn *in;
    snprintf(sentence, sizeof sentence, "%s", status_sentence());
    Status status = textin_open(&in, s->import.file[file].path);
    if (status == OK) status = textin_line(in, &line, &n);
    if (status == OK && !line && s->rules.skip_empty) s->mark[file] = FILE_EMPTY;
    if (status == OK && line && !s->walk.file[file].sure) s->mark[file] = FILE_NO_TABLE;
    if (status == OK) textin_close(in);
    return s->mark[file] != FILE_READ ? OK : fail(ERR_FORMAT, "%s", sentence);
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
    const Status status = intake_open(header, im->file[file].path, in, &s->rules);
    if (status == ERR_FORMAT) return forgive(s, file);
    TRY(status);
    im->file[file].one_bag = !intake_several(*header);
    if (im->n_file > KEPT_OPEN) intake_pause(*header);
    return OK;
}

/* Files that are no repertoires are left out, and the user hears of them. */
static Status peeked(Import *im)
{
    ImportSequences *s = (ImportSequences *)im;
    const int n = im->n_file;
    int kept = 0;
    for (int f = 0; f < n; f++) {
        if (s->mark[f] == FILE_NO_TABLE) {
            log_warn(
                "%s: left out, because it is no repertoire table; --extension=.tsv reads files of that ending alone",
                s->walk.file[kept].path);
            walk_remove(&s->walk, kept);
            continue;
        }
        s->header[kept] = s->header[f];
        s->mark[kept++] = s->mark[f];
    }
    if (kept == n) return OK;
    TRY(list_files(s));
    for (int f = 0; f < kept; f++)
        if (s->header[f]) im->file[f].one_bag = !intake_several(s->header[f]);
    return OK;
}

static Status read_file(Import *im, int file, int place)
{
    ImportSequences *s = (ImportSequences *)im;
    FileSlot *slot = &s->slot[place];
    Status status = OK;
    slot->intake = (Intake){0};
    if (s->header[file]) status = intake_read(&slot->intake, s->header[file]);
    intake_close(s->header[file]);
    s->header[file] = NULL;
    return status == OK ? bytes_sha256(slot->sha256, im->file[file].path) : status;
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
    if (s->mark[file] == FILE_EMPTY) return write_bag(s, slot, &(IntakeBag){0}, file);
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
    json_t *out =
        importfacts_options(r->format ? r->format->name : NULL, r->lines.separator, &r->rows, im->options->compress);
    json_t *own =
        json_pack("{ss? ss? ss? ss sb sb si si sb si}", "sequence_column", r->wish.sequence, "count_column",
                  r->wish.count, "bag", r->wish.bag, "extension", s->options->extension, "merge",
                  r->merge && !intake_converter(r), "skip_empty", r->skip_empty, "header", (int)r->lines.header,
                  "ends", (int)r->wish.ends, "short_rows", r->lines.drop_short, "loci", (int)r->loci);
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
    free(s->mark);
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
                                          .peeked = peeked,
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
