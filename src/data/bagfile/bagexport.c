/* SPDX-License-Identifier: MIT */
#include "data/bagfile/bagexport.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/log.h"
#include "core/number.h"
#include "core/path.h"
#include "data/bagfile/baghash.h"
#include "data/text/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MOST 200 /* bytes of a file's name, without its extension */
#define LONGEST   60  /* residues that an import keeps */

typedef struct {
    const BagExportOptions *options;
    BagExportReport *report;
    BagFile *file;
    Names taken; /* names of files in lower case: some file systems do not tell them apart */
    char **name; /* [n_bag] of a bag's file; NULL: it is not exported */
    int id;      /* ID column of the dataset's own table; -1: none */
    char path[PATH_ROOM];
} Export;

static Status no_memory(const Export *e)
{
    return fail(ERR_MEMORY, "%s: no memory to export it", bagfile_path(e->file));
}

/* ---- names of files ---- */

static bool is_plain(unsigned char c)
{
    return isalnum(c) || c >= 0x80 || strchr("._+=@-", c);
}

/* What every file system takes, and an import sees: no folders, no hidden files. */
static void safe_name(char out[NAME_MOST + 1], const char *key)
{
    size_t n = strlen(key);
    if (n > 4 && strcmp(key + n - 4, ".tsv") == 0) n -= 4;
    if (n > NAME_MOST - 16) n = NAME_MOST - 16;
    for (size_t i = 0; i < n; i++) out[i] = is_plain((unsigned char)key[i]) ? key[i] : '_';
    while (n > 0 && ((unsigned char)out[n - 1] & 0xC0) == 0x80 && key[n] && ((unsigned char)key[n] & 0xC0) == 0x80)
        n--; /* not in the middle of a letter */
    out[n] = 0;
    if (n == 0 || strchr(".-", out[0])) {
        memmove(out + 1, out, n + 1);
        out[0] = '_';
    }
}

/* Is it new? Then it is taken. */
static bool take(Export *e, const char *name)
{
    char lower[NAME_MOST + 16];
    size_t n = 0;
    for (; name[n] && n + 1 < sizeof lower; n++) lower[n] = (char)tolower((unsigned char)name[n]);
    const int before = e->taken.n;
    return names_number(&e->taken, lower, n) == before;
}

static Status name_bag(Export *e, int bag)
{
    char base[NAME_MOST + 1], name[NAME_MOST + 32];
    safe_name(base, bagfile_key(e->file, bag));
    snprintf(name, sizeof name, "%s.tsv", base);
    for (int k = 2; !take(e, name); k++) snprintf(name, sizeof name, "%s_%d.tsv", base, k);
    if (asprintf(&e->name[bag], "%s%s", name, e->options->gzip ? ".gz" : "") < 0) {
        e->name[bag] = NULL;
        return no_memory(e);
    }
    const char *key = bagfile_key(e->file, bag);
    const size_t n = strlen(key);
    if (e->report->format == EXPORT_CSV) return OK; /* one file holds all */
    e->report->n_renamed += strncmp(key, name, n) != 0 || (name[n] && strcmp(name + n, ".tsv") != 0);
    return OK;
}

static const char *id_of(const Export *e, int bag)
{
    return e->id < 0 ? NULL : table_cell(bagfile_columns(e->file), bag, e->id);
}

static Status choose(Export *e)
{
    const int n = bagfile_n_bag(e->file);
    e->name = calloc((size_t)n + 1, sizeof(char *));
    if (!e->name) return no_memory(e);
    if (!take(e, "metadata.tsv")) return no_memory(e);
    for (int b = 0; b < n; b++)
        if (baglist_has(e->options->bags, bagfile_key(e->file, b), id_of(e, b))) TRY(name_bag(e, b));
    return baglist_check(e->options->bags, bagfile_path(e->file));
}

static Status set_path(Export *e, const char *name)
{
    return path_join(e->path, e->options->folder, name) ? OK : fail(ERR_USAGE, "-o: the path is too long");
}

/* ---- repertoires ---- */

/* Rows that the rules of an import drop, or merge with an equal one. */
static Status count_lost(Export *e, int bag)
{
    BagWriterRows rows;
    if (e->report->format == EXPORT_DEEPRC) return OK;
    TRY(bagfile_read_rows(&rows, NULL, e->file, bag));
    uint64_t *hash = malloc(((size_t)rows.n + 1) * sizeof *hash);
    if (!hash) return no_memory(e);
    for (int i = 0; i < rows.n; i++) {
        hash[i] = baghash_sequence(rows.codes + (size_t)i * rows.stride, rows.len[i], 0);
        e->report->n_lost += rows.len[i] < 1 || rows.len[i] > LONGEST || rows.count[i] < 1;
    }
    qsort(hash, (size_t)rows.n, sizeof *hash, number_ascending_u64);
    for (int i = 1; i < rows.n; i++) e->report->n_lost += hash[i] == hash[i - 1];
    free(hash);
    return OK;
}

static void write_header(TextOut *out, const Export *e)
{
    if (e->report->format == EXPORT_DEEPRC)
        textout_printf(out, "amino_acid\ttemplates%s\n", bagfile_has_genes(e->file) ? "\tv_call\tj_call" : "");
    else
        textout_printf(out, "sequence_id\tv_call\tj_call\t%s\tduplicate_count\tproductive\n",
                       strcmp(bagfile_spec(e->file)->region, "CDR3") == 0 ? "cdr3_aa" : "junction_aa");
}

static void write_genes(TextOut *out, const char *v, const char *j)
{
    textout_printf(out, "\t");
    textout_cell(out, v);
    textout_printf(out, "\t");
    textout_cell(out, j);
}

static void write_row(TextOut *out, const Export *e, const BagText *text, int i)
{
    const char *sequence = text->sequence + (size_t)i * text->stride;
    const char *v = text->v_call ? text->v_call[i] : "", *j = text->j_call ? text->j_call[i] : "";
    if (e->report->format == EXPORT_DEEPRC) {
        textout_printf(out, "%s\t%" PRId64, sequence, text->count[i]);
        if (text->v_call) write_genes(out, v, j);
        textout_printf(out, "\n");
    } else {
        textout_printf(out, "%d", i + 1);
        write_genes(out, v, j);
        textout_printf(out, "\t%s\t%" PRId64 "\tT\n", sequence, text->count[i]);
    }
}

static Status write_repertoire(Export *e, int bag)
{
    TextOut *out;
    BagText text;
    TRY(count_lost(e, bag));
    TRY(bagfile_read_text(&text, e->file, bag));
    Status status = set_path(e, e->name[bag]);
    if (status == OK) status = textout_open(&out, e->path, e->options->force);
    if (status == OK) {
        write_header(out, e);
        for (int i = 0; i < text.n; i++) write_row(out, e, &text, i);
        status = textout_commit(out);
    }
    bagtext_free(&text);
    return status;
}

static Status write_repertoires(Export *e)
{
    Progress progress;
    const int n = bagfile_n_bag(e->file);
    progress_start(&progress, "exporting", "bags", n);
    for (int b = 0; b < n; b++) {
        if (!e->name[b]) continue;
        TRY(write_repertoire(e, b));
        e->report->n_bag++;
        e->report->n += bagfile_n(e->file, b);
        progress_update(&progress, b + 1, NULL);
    }
    progress_end(&progress, NULL);
    return OK;
}

/* ---- vectors ---- */

static void write_dense(TextOut *out, const float *x, int n_feat)
{
    char buffer[NUMBER_ROOM];
    for (int f = 0; f < n_feat; f++) textout_printf(out, ",%s", number_text_float(buffer, x[f]));
}

static void write_sparse(TextOut *out, const SparseRow *row, int n_feat)
{
    char buffer[NUMBER_ROOM];
    for (int f = 0, k = 0; f < n_feat; f++) {
        const bool there = k < row->n && row->feature[k] == f;
        textout_printf(out, ",%s", there ? number_text_float(buffer, row->value[k++]) : "0");
    }
}

/* A cell of a table with commas. */
static void write_cell(TextOut *out, const char *name)
{
    char room[ESCAPE_MOST];
    const char *text = escape_is_control(name) ? escape_text(room, sizeof room, name) : name;
    if (!text[strcspn(text, ",\"\r\n\t;")]) {
        textout_cell(out, text);
        return;
    }
    textout_printf(out, "\"");
    for (; *text; text++) textout_printf(out, *text == '"' ? "\"\"" : "%c", *text);
    textout_printf(out, "\"");
}

static void write_vector_header(TextOut *out, const Export *e)
{
    const char *const *name = bagfile_feature_names(e->file);
    textout_printf(out, "bag_id");
    for (int f = 0; f < bagfile_spec(e->file)->n_feat; f++) {
        textout_printf(out, ",");
        if (name)
            write_cell(out, name[f]);
        else
            textout_printf(out, "f%d", f);
    }
    textout_printf(out, "\n");
}

static Status write_bag(TextOut *out, Export *e, int bag)
{
    Bag content;
    Arena arena = {0};
    Status status;
    const int n_feat = bagfile_spec(e->file)->n_feat;
    TRY_DONE(bagfile_read_alone(&content, &arena, e->file, bag, COUNTS_NONE));
    for (int i = 0; i < content.n; i++) {
        write_cell(out, bagfile_key(e->file, bag));
        if (content.x)
            write_dense(out, content.x + (size_t)i * (size_t)n_feat, n_feat);
        else
            write_sparse(out, &content.sparse[i], n_feat);
        textout_printf(out, "\n");
    }
    e->report->n_bag++;
    e->report->n += content.n;
done:
    arena_free(&arena);
    return status;
}

static Status write_vectors(Export *e)
{
    TextOut *out;
    Status status = OK;
    const int n = bagfile_n_bag(e->file);
    TRY(set_path(e, e->options->gzip ? "bags.csv.gz" : "bags.csv"));
    TRY(textout_open(&out, e->path, e->options->force));
    write_vector_header(out, e);
    for (int b = 0; b < n && status == OK; b++)
        if (e->name[b]) status = write_bag(out, e, b);
    if (status == OK) return textout_commit(out);
    textout_drop(out);
    return status;
}

/* ---- labels ---- */

static void write_labels(TextOut *out, const Export *e)
{
    const Table *t = bagfile_columns(e->file);
    const int width = t ? t->n_column : 0;
    const bool files = e->report->format != EXPORT_CSV;
    const int own = t && files ? table_column(t, "filename") : -1;
    if (e->id < 0) textout_printf(out, "ID%s", width > 0 || files ? "\t" : "");
    for (int c = 0; c < width; c++) {
        textout_cell(out, t->column[c]);
        if (c + 1 < width || (files && own < 0)) textout_printf(out, "\t");
    }
    textout_printf(out, files && own < 0 ? "filename\n" : "\n");
    for (int b = 0; b < bagfile_n_bag(e->file); b++) {
        if (!e->name[b]) continue;
        if (e->id < 0) textout_cell(out, bagfile_key(e->file, b));
        if (e->id < 0 && (width > 0 || files)) textout_printf(out, "\t");
        for (int c = 0; c < width; c++) {
            textout_cell(out, c == own ? e->name[b] : table_cell(t, b, c));
            if (c + 1 < width || (files && own < 0)) textout_printf(out, "\t");
        }
        if (files && own < 0) textout_cell(out, e->name[b]);
        textout_printf(out, "\n");
    }
}

static Status write_metadata(Export *e)
{
    TextOut *out;
    TRY(set_path(e, "metadata.tsv"));
    TRY(textout_open(&out, e->path, e->options->force));
    write_labels(out, e);
    return textout_commit(out);
}

/* ---- the whole ---- */

static Status settle_format(Export *e)
{
    const bool vectors = bagfile_spec(e->file)->kind == BAG_VECTORS;
    ExportFormat *format = &e->report->format;
    *format = e->options->format;
    if (*format == EXPORT_AUTO) *format = vectors ? EXPORT_CSV : EXPORT_AIRR;
    if ((*format == EXPORT_CSV) == vectors) return OK;
    return fail(ERR_USAGE, "%s holds %s; export it with --format=%s", bagfile_path(e->file),
                vectors ? "vectors" : "sequences", vectors ? "csv" : "airr or deeprc");
}

static int id_column(const BagFile *file)
{
    int column;
    const Table *t = bagfile_columns(file);
    return t && bagfile_id_column(&column, file, t, "auto") == OK ? column : -1;
}

static Status export(Export *e)
{
    TRY(settle_format(e));
    e->id = id_column(e->file);
    TRY(choose(e));
    TRY(file_make_folder(e->options->folder));
    TRY(e->report->format == EXPORT_CSV ? write_vectors(e) : write_repertoires(e));
    return write_metadata(e);
}

Status bagexport_run(BagExportReport *out, BagFile *file, const BagExportOptions *options)
{
    Export *e = calloc(1, sizeof *e);
    *out = (BagExportReport){0};
    if (!e) return fail(ERR_MEMORY, "%s: no memory to export it", bagfile_path(file));
    e->options = options;
    e->report = out;
    e->file = file;
    const Status status = export(e);
    for (int b = 0; e->name && b < bagfile_n_bag(file); b++) free(e->name[b]);
    free((void *)e->name);
    names_free(&e->taken);
    free(e);
    return status;
}
