/* SPDX-License-Identifier: MIT
 *
 * A row costs some memchr (rowreader.c), a table look-up a residue, and a probe of the table that finds equal sequences,
 * one more for each gene.
 */
#include "data/sequences/intake_parts.h"
#include "data/sequences/rowcount.h"
#include "data/sequences/rowflags.h"
#include "data/sequences/rowgene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool intake_converter(const IntakeRules *rules)
{
    return rules->format && rules->format->converter;
}

static Status no_memory(const IntakeFile *r)
{
    return rowreader_no_memory(&r->row);
}

static const Cell *cell_of(const IntakeFile *r, ColumnRole role)
{
    return rowreader_cell(&r->row, role);
}

/* ---- sequences ---- */

/* Why a sequence with a letter outside the alphabet is dropped. */
static Drop bad_letter(const Cell *cell)
{
    if (rowcell_is_joined(cell)) return DROP_CHAINS;
    if (strpbrk(cell->text, "_~?#")) return DROP_FRAME;
    return strchr(cell->text, '*') ? DROP_STOP : DROP_LETTER;
}

/* Codes of a cell; false: a letter is not in the alphabet. */
static bool encode(int8_t *to, const IntakeFile *r, const Cell *cell)
{
    const int8_t *code = r->rules->alphabet.code;
    int bad = 0;
    for (size_t t = 0; t < cell->length; t++) {
        to[t] = code[(unsigned char)cell->text[t]];
        bad |= to[t];
    }
    return bad >= 0;
}

static bool has_ends(const Cell *cell)
{
    const char last = cell->text[cell->length - 1];
    return cell->text[0] == 'C' && (last == 'F' || last == 'W');
}

/* ---- repertoires ---- */

/* The repertoire of the row. Rows of one mostly follow each other. */
static Status find_bag(IntakeBag **bag, IntakeFile *r, Intake *out)
{
    const Cell *cell = cell_of(r, COLUMN_REPERTOIRE);
    if (cell && (out->n == 0 || strcmp(out->id.text[r->bag], cell->text) != 0)) {
        r->bag = names_number(&out->id, cell->text, cell->length);
        if (r->bag < 0) return no_memory(r);
        if (r->bag == out->n) TRY(intake_bags_new(r, out));
        if (cell->length == 0) r->blank_line = r->blank_line ? r->blank_line : textin_number(r->row.in);
    }
    *bag = &out->bag[r->bag];
    return OK;
}

/* Does the column that the file is not split by tell people apart? */
static Status note_person(IntakeFile *r)
{
    const Cell *cell = cell_of(r, COLUMN_PERSON);
    if (r->people || cell->length == 0) return OK;
    if (!r->person) {
        r->person = strdup(cell->text);
        return r->person ? OK : no_memory(r);
    }
    r->people = strcmp(r->person, cell->text) != 0;
    return OK;
}

/* ---- rows ---- */

static Status converter_row(IntakeFile *r, IntakeBag *bag)
{
    const Cell *cell = cell_of(r, COLUMN_SEQUENCE);
    int8_t *codes = gather_room(&bag->rows, cell->length, false);
    GatherRow row = {.v = -1, .j = -1};
    if (!codes) return no_memory(r);
    if (!encode(codes, r, cell)) {
        bag->tally.dropped[bad_letter(cell)]++;
        return OK;
    }
    bag->tally.bases += rowcell_is_bases(cell);
    TRY(rowcount_converter(&row.count, &r->row));
    row.other = row.count;
    gather_add(&bag->rows, cell->length, &row, false);
    return OK;
}

/* The cell the sequence is taken from, and whether its ends are still to be cut off. */
static const Cell *choose_cell(bool *cut, const IntakeFile *r, RowTally *tally)
{
    const Cell *junction = cell_of(r, COLUMN_SEQUENCE), *cdr3 = cell_of(r, COLUMN_CDR3);
    const bool has_cdr3 = cdr3 && !rowcell_is_blank(cdr3);
    *cut = r->wish.cdr3 && (r->wish.ends == ENDS_AUTO ? !has_cdr3 : r->wish.ends == ENDS_CUT);
    if (r->wish.cdr3) return has_cdr3 || !junction ? cdr3 : junction;
    tally->cdr3_only += has_cdr3 && rowcell_is_blank(junction);
    return junction;
}

/* Checks of the pipeline; if the result is N_DROP, *length codes lie at `codes`. */
static Drop check_sequence(int8_t *codes, size_t *length, const IntakeFile *r, const Cell *cell, bool cut)
{
    if (rowcell_is_blank(cell)) return DROP_EMPTY;
    if (!encode(codes, r, cell)) return bad_letter(cell);
    *length = cell->length;
    if (cut) {
        if (cell->length <= 2) return DROP_SHORT;
        *length -= 2;
        memmove(codes, codes + 1, *length);
    }
    return *length > INTAKE_LONGEST ? DROP_LONG : N_DROP;
}

/* A sequence counts once for each cell: 0 for one that has been met in this cell before. */
static Status count_cell(int64_t *count, const IntakeFile *r, Intake *out, const Cell *sequence)
{
    char key[1024];
    const Cell *cell = cell_of(r, COLUMN_CELL);
    const int before = out->cells.n;
    *count = 1;
    if (!cell || rowcell_is_blank(cell) || !r->merge) return OK;
    const int n = snprintf(key, sizeof key, "%d %s %s", r->bag, sequence->text, cell->text);
    if (n >= (int)sizeof key)
        return fail(ERR_FORMAT, "%s:%d: the text in column '%s' is too long for a barcode", textin_path(r->row.in),
                    textin_number(r->row.in), rowreader_column(&r->row, COLUMN_CELL));
    if (names_number(&out->cells, key, (size_t)n) < 0) return no_memory(r);
    *count = out->cells.n > before;
    return OK;
}

static Status too_large(const IntakeFile *r)
{
    return fail(ERR_FORMAT,
                "%s:%d: the counts of equal sequences add up to more than 2^63 - 1 here; are they counts? "
                "--count-column names another column, or none",
                textin_path(r->row.in), textin_number(r->row.in));
}

/* Each column is asked for only where there is one: this runs for every row. */
static Status keep_row(IntakeFile *r, Intake *out, IntakeBag *bag, const Cell *cell, size_t length)
{
    const RowReader *row = &r->row;
    GatherRow new = {.count = 1, .other = 1, .v = -1, .j = -1};
    if (rowreader_has(row, COLUMN_COUNT)) TRY(rowcount_read(&new.count, row, COLUMN_COUNT, &r->seen, &bag->odds));
    if (rowreader_has(row, COLUMN_COUNT_TOO))
        TRY(rowcount_read(&new.other, row, COLUMN_COUNT_TOO, &r->too, &bag->odds_too));
    if (rowreader_has(row, COLUMN_CELL)) TRY(count_cell(&new.count, r, out, cell));
    if (rowreader_has(row, COLUMN_V)) TRY(rowgene_read(&new.v, row, r->format, &out->v, COLUMN_V));
    if (rowreader_has(row, COLUMN_J)) TRY(rowgene_read(&new.j, row, r->format, &out->j, COLUMN_J));
    bag->tally.merged += gather_add(&bag->rows, length, &new, r->merge);
    return bag->rows.overflow ? too_large(r) : OK;
}

static void note_kept(const IntakeFile *r, RowTally *tally, const Cell *cell, bool cut, Locus locus)
{
    const bool junction = cut || !r->wish.cdr3;
    tally->cdr3 += !junction;
    *(junction ? &tally->ends : &tally->cdr3_ends) += has_ends(cell);
    if (locus != N_LOCUS) tally->locus[locus]++;
}

static void make_upper(const Cell *cell)
{
    for (size_t t = 0; t < cell->length; t++)
        if (cell->text[t] >= 'a' && cell->text[t] <= 'z') cell->text[t] -= 'a' - 'A';
}

static Status pipeline_row(IntakeFile *r, Intake *out, IntakeBag *bag, Locus locus)
{
    RowTally *tally = &bag->tally;
    size_t length = 0;
    bool cut = false;
    Drop drop = N_DROP;
    if (r->has_flags) TRY(rowflags_check(&drop, &r->row));
    const Cell *cell = drop == N_DROP ? choose_cell(&cut, r, tally) : NULL;
    if (cell) {
        int8_t *codes = gather_room(&bag->rows, cell->length, r->merge);
        if (!codes) return no_memory(r);
        if (r->row.columns.imputed) make_upper(cell);
        drop = check_sequence(codes, &length, r, cell, cut);
        tally->bases += rowcell_is_bases(cell);
    }
    if (drop != N_DROP) {
        tally->dropped[drop]++;
        return OK;
    }
    const int before = bag->rows.n;
    TRY(keep_row(r, out, bag, cell, length));
    if (bag->rows.n > before) note_kept(r, tally, cell, cut, locus);
    return OK;
}

static Status read_row(IntakeFile *r, Intake *out, IntakeBag *bag)
{
    const unsigned wanted = r->rules->loci;
    bag->tally.read++;
    if (r->has_rules && !rowreader_passes(&r->row)) {
        bag->tally.dropped[DROP_FILTER]++;
        return OK;
    }
    if (rowreader_has(&r->row, COLUMN_PERSON)) TRY(note_person(r));
    if (r->converter) return converter_row(r, bag);
    const Locus locus = r->has_locus ? rowgene_locus(&r->row) : N_LOCUS;
    if (wanted && !(locus != N_LOCUS && (wanted >> locus & 1))) {
        bag->tally.dropped[DROP_LOCUS]++;
        return OK;
    }
    return pipeline_row(r, out, bag, locus);
}

static Status read_rows(IntakeFile *r, Intake *out)
{
    if (r->row.place[COLUMN_REPERTOIRE] < 0) TRY(intake_bags_new(r, out));
    for (;;) {
        bool more;
        IntakeBag *bag = NULL;
        TRY(rowreader_next(&r->row, &more));
        if (!more) return OK;
        r->n_cut += r->row.cut;
        if (r->row.cut) continue;
        TRY(find_bag(&bag, r, out));
        TRY(read_row(r, out, bag));
    }
}

/* ---- a file ---- */

/* Which of two columns of counts holds this file's? */
static bool take_other_counts(const IntakeFile *r)
{
    const bool both = r->row.place[COLUMN_COUNT] >= 0 && r->row.place[COLUMN_COUNT_TOO] >= 0;
    return both && !r->converter && r->format->finish && r->format->finish(&r->seen, &r->too);
}

static Status copy_name(char **out, const IntakeFile *r, ColumnRole role)
{
    const char *name = rowreader_column(&r->row, role);
    *out = name ? strdup(name) : NULL;
    return *out || !name ? OK : no_memory(r);
}

static Status note_columns(const IntakeFile *r, Intake *out, bool too)
{
    out->counts_too = too;
    out->counts_cells = r->row.place[COLUMN_CELL] >= 0;
    TRY(copy_name(&out->count_column, r, too ? COLUMN_COUNT_TOO : out->counts_cells ? COLUMN_CELL : COLUMN_COUNT));
    out->split = out->n > 1 && !r->row.columns.bags_named;
    if (out->split) return copy_name(&out->people, r, COLUMN_REPERTOIRE);
    return out->n <= 1 && r->people && !r->wish.bag ? copy_name(&out->people, r, COLUMN_PERSON) : OK;
}

static Status open_columns(IntakeFile *r, const char *path, TextIn *in)
{
    RowLines lines = r->rules->lines;
    lines.plain = r->converter;
    TRY(rowreader_open(&r->row, path, in, &lines));
    Status status = r->format ? OK : format_recognise(&r->format, &r->row.head.header, &r->wish);
    if (status == OK) status = rowreader_bind(&r->row, r->format, &r->wish, &r->rules->rows);
    if (status == OK && r->rules->loci && !rowgene_has_locus(&r->row))
        status = fail(ERR_FORMAT, "has no column of loci or genes that is known, so that --locus cannot choose");
    r->has_locus = rowgene_has_locus(&r->row);
    r->has_rules = r->rules->rows.n_include + r->rules->rows.n_exclude > 0;
    for (int k = COLUMN_KEEP; k <= COLUMN_STOP; k++) r->has_flags |= rowreader_has(&r->row, (ColumnRole)k);
    return status == ERR_FORMAT ? fail_at(status, "%s:%d", path, r->row.head.line) : status;
}

Status intake_open(IntakeFile **out, const char *path, TextIn *in, const IntakeRules *rules)
{
    IntakeFile *r = *out = calloc(1, sizeof *r);
    if (!r) textin_close(in);
    if (!r) return fail(ERR_MEMORY, "%s: no memory to read it", path);
    r->rules = rules;
    r->format = rules->format;
    r->wish = rules->wish;
    r->converter = intake_converter(rules);
    r->merge = rules->merge && !r->converter;
    r->wish.cdr3 &= !r->converter;
    r->wish.bare = r->converter;
    const Status status = open_columns(r, path, in);
    if (status == OK) return OK;
    intake_close(r);
    *out = NULL;
    return status;
}

bool intake_several(const IntakeFile *file)
{
    return file->row.place[COLUMN_REPERTOIRE] >= 0;
}

void intake_pause(IntakeFile *file)
{
    rowreader_pause(&file->row);
}

void intake_close(IntakeFile *file)
{
    if (file) rowreader_close(&file->row);
    if (file) free(file->person);
    free(file);
}

Status intake_read(Intake *out, IntakeFile *file)
{
    Status status;
    bool too;
    *out =
        (Intake){.format = file->format, .genes = file->row.place[COLUMN_V] >= 0 || file->row.place[COLUMN_J] >= 0};
    TRY_DONE(rowreader_resume(&file->row));
    TRY_DONE(read_rows(file, out));
    too = take_other_counts(file);
    TRY_DONE(note_columns(file, out, too));
    status = intake_bags_close(file, out, too);
done:
    if (status != OK) intake_free(out);
    return status;
}

void intake_free(Intake *r)
{
    for (int b = 0; b < r->n; b++) gather_free(&r->bag[b].rows);
    free(r->bag);
    free(r->count_column);
    free(r->people);
    names_free(&r->cells);
    names_free(&r->id);
    names_free(&r->v);
    names_free(&r->j);
    *r = (Intake){0};
}
