/* SPDX-License-Identifier: MIT
 *
 * A row costs some memchr (rowreader.c), a table look-up a residue, and a probe of the table that finds equal sequences,
 * one more for each gene.
 */
#include "data/sequences/intake.h"
#include "core/yaml.h"
#include "data/sequences/rowreader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct IntakeFile {
    const IntakeRules *rules;
    const FormatType *format;
    FormatWish wish;
    bool converter, merge;
    RowReader row;
    int bag;              /* of the last row */
    int blank_line;       /* the first whose repertoire is not named; 0: none */
    CountsSeen seen, too; /* by either column of counts */
};

bool intake_converter(const IntakeRules *rules)
{
    return rules->format && rules->format->converter;
}

static Status no_memory(const IntakeFile *r)
{
    return rowreader_no_memory(&r->row);
}

/* ---- what is kept ---- */

static const Cell *cell_of(const IntakeFile *r, ColumnRole role)
{
    return rowreader_cell(&r->row, role);
}

static bool is_kept(const IntakeFile *r)
{
    const Cell *cell = cell_of(r, COLUMN_KEEP);
    for (int i = 0; cell && r->row.columns.kept[i]; i++)
        if (strcasecmp(cell->text, r->row.columns.kept[i]) == 0) return true;
    return !cell;
}

static Status read_answer(Answer *out, const IntakeFile *r, ColumnRole role)
{
    const Cell *cell = cell_of(r, role);
    *out = BLANK;
    if (!cell || rowcell_answer(out, cell)) return OK;
    return fail(
        ERR_FORMAT, "%s:%d: '%.40s' in column '%s' is neither T nor F (true or false, 1 or 0, or empty); mend it",
        textin_path(r->row.in), textin_number(r->row.in), cell->text, r->row.header.name[r->row.columns.at[role]]);
}

/* What the flags say; N_DROP: nothing against the row. */
static Status check_flags(Drop *out, const IntakeFile *r)
{
    Answer productive, frame, stop;
    *out = is_kept(r) ? N_DROP : DROP_FLAG;
    TRY(read_answer(&productive, r, COLUMN_PRODUCTIVE));
    if (productive == NO) *out = DROP_FLAG;
    if (productive != BLANK || *out != N_DROP) return OK;
    TRY(read_answer(&frame, r, COLUMN_FRAME));
    TRY(read_answer(&stop, r, COLUMN_STOP));
    if (stop == YES) *out = DROP_STOP;
    if (frame == NO) *out = DROP_FRAME;
    return OK;
}

/* Why a sequence with a letter outside the alphabet is dropped. */
static Drop bad_letter(const Cell *cell)
{
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

/* ---- counts ---- */

static Status bad_count(const IntakeFile *r, ColumnRole role)
{
    return fail(
        ERR_FORMAT,
        "%s:%d: count '%.40s' in column '%s' is not a number; mend it, or name another column with --count-column",
        textin_path(r->row.in), textin_number(r->row.in), cell_of(r, role)->text,
        r->row.header.name[r->row.columns.at[role]]);
}

static Status converter_count(int64_t *out, const IntakeFile *r)
{
    const Cell *cell = cell_of(r, COLUMN_COUNT);
    *out = 1;
    if (!cell) return OK;
    if (strcmp(cell->text, "null") == 0) {
        *out = 0;
        return OK;
    }
    if (!rowcell_count(out, cell)) return bad_count(r, COLUMN_COUNT);
    if (*out < 0) *out = 1;
    return OK;
}

/* seen, one: what the column has held so far, and how many counts became 1. */
static Status pipeline_count(int64_t *out, const IntakeFile *r, ColumnRole role, CountsSeen *seen, int64_t *one)
{
    const Cell *cell = cell_of(r, role);
    *out = 1;
    if (!cell) return OK;
    if (rowcell_is_blank(cell))
        *out = 0;
    else if (!rowcell_count(out, cell))
        return bad_count(r, role);
    seen->n++;
    seen->n_positive += *out > 0;
    if (*out < 1) {
        *out = 1;
        ++*one;
    }
    return OK;
}

/* ---- genes and repertoires ---- */

/* What could not be printed in a table again. */
static bool is_odd_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ') return true;
    return !yaml_is_utf8(name);
}

/* Of several genes separated by commas the first, as the format rewrites it. */
static Status read_gene(int *out, const IntakeFile *r, Names *names, ColumnRole role)
{
    const Cell *cell = cell_of(r, role);
    const int before = names->n;
    *out = -1;
    if (!cell || rowcell_is_blank(cell)) return OK;
    size_t length = strcspn(cell->text, ",");
    if (r->format->gene) length = r->format->gene(cell->text, length);
    if (length == 0) return OK;
    *out = names_number(names, cell->text, length);
    if (*out < 0) return no_memory(r);
    if (*out < before || !is_odd_name(names->text[*out])) return OK;
    return fail(ERR_FORMAT, "%s:%d: the gene in column '%s' is no UTF-8 text on one line", textin_path(r->row.in),
                textin_number(r->row.in), r->row.header.name[r->row.columns.at[role]]);
}

static Status new_bag(const IntakeFile *r, Intake *out)
{
    if (out->n == out->room) {
        const int room = out->room ? 2 * out->room : 1;
        IntakeBag *grown = realloc(out->bag, (size_t)room * sizeof *grown);
        if (!grown) return no_memory(r);
        out->bag = grown;
        out->room = room;
    }
    out->bag[out->n++] = (IntakeBag){.rows.has_other = r->row.place[COLUMN_COUNT_TOO] >= 0};
    return OK;
}

/* The repertoire of the row. Rows of one mostly follow each other. */
static Status find_bag(IntakeBag **bag, IntakeFile *r, Intake *out)
{
    const Cell *cell = cell_of(r, COLUMN_REPERTOIRE);
    if (cell && (out->n == 0 || strcmp(out->id.text[r->bag], cell->text) != 0)) {
        r->bag = names_number(&out->id, cell->text, cell->length);
        if (r->bag < 0) return no_memory(r);
        if (r->bag == out->n) TRY(new_bag(r, out));
        if (cell->length == 0) r->blank_line = r->blank_line ? r->blank_line : textin_number(r->row.in);
    }
    *bag = &out->bag[r->bag];
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
    TRY(converter_count(&row.count, r));
    row.other = row.count;
    gather_add(&bag->rows, cell->length, &row, false);
    return OK;
}

static bool has_ends(const Cell *cell)
{
    const char last = cell->text[cell->length - 1];
    return cell->text[0] == 'C' && (last == 'F' || last == 'W');
}

/* The cell the sequence is taken from, and whether its ends are still to be cut off. */
static const Cell *choose_cell(bool *cut, const IntakeFile *r, RowTally *tally)
{
    const Cell *junction = cell_of(r, COLUMN_SEQUENCE), *cdr3 = cell_of(r, COLUMN_CDR3);
    const bool has_cdr3 = cdr3 && !rowcell_is_blank(cdr3);
    *cut = r->wish.cdr3 && !has_cdr3;
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

static Status keep_row(IntakeFile *r, Intake *out, IntakeBag *bag, size_t length)
{
    GatherRow row;
    TRY(pipeline_count(&row.count, r, COLUMN_COUNT, &r->seen, &bag->tally.count_one));
    TRY(pipeline_count(&row.other, r, COLUMN_COUNT_TOO, &r->too, &bag->count_one_too));
    TRY(read_gene(&row.v, r, &out->v, COLUMN_V));
    TRY(read_gene(&row.j, r, &out->j, COLUMN_J));
    bag->tally.merged += gather_add(&bag->rows, length, &row, r->merge);
    return OK;
}

static Status pipeline_row(IntakeFile *r, Intake *out, IntakeBag *bag)
{
    RowTally *tally = &bag->tally;
    size_t length = 0;
    bool cut = false;
    Drop drop;
    TRY(check_flags(&drop, r));
    const Cell *cell = drop == N_DROP ? choose_cell(&cut, r, tally) : NULL;
    if (cell) {
        int8_t *codes = gather_room(&bag->rows, cell->length, r->merge);
        if (!codes) return no_memory(r);
        drop = check_sequence(codes, &length, r, cell, cut);
    }
    if (drop != N_DROP) {
        tally->dropped[drop]++;
        return OK;
    }
    const bool junction = cut || !r->wish.cdr3;
    const int before = bag->rows.n;
    TRY(keep_row(r, out, bag, length));
    if (bag->rows.n == before) return OK;
    tally->cdr3 += !junction;
    *(junction ? &tally->ends : &tally->cdr3_ends) += has_ends(cell);
    return OK;
}

static Status read_rows(IntakeFile *r, Intake *out)
{
    if (r->row.place[COLUMN_REPERTOIRE] < 0) TRY(new_bag(r, out));
    for (;;) {
        bool more;
        IntakeBag *bag = NULL;
        TRY(rowreader_next(&r->row, &more));
        if (!more) return OK;
        TRY(find_bag(&bag, r, out));
        bag->tally.read++;
        if (!rowreader_passes(&r->row))
            bag->tally.dropped[DROP_FILTER]++;
        else
            TRY(r->converter ? converter_row(r, bag) : pipeline_row(r, out, bag));
    }
}

/* ---- a file ---- */

static Status no_rows(const IntakeBag *bag, const char *path)
{
    const RowTally *tally = &bag->tally;
    char reasons[300] = "", which[120] = "";
    if (tally->read == 0) return fail(ERR_FORMAT, "%s: has a header line but no rows; leave the file out", path);
    rowtally_dropped(reasons, sizeof reasons, tally);
    if (bag->id) snprintf(which, sizeof which, "repertoire '%.80s': ", bag->id);
    return fail(ERR_FORMAT, "%s: %sno row is left of %lld (%s); %s", path, which, (long long)tally->read, reasons,
                tally->cdr3_only > 0 ? "it has CDR3s (cdr3_aa) but no junctions, and the ends cannot be put back; "
                                       "import all files of the dataset with --region=cdr3"
                                     : "check the columns, or leave it out, as --empty=skip does");
}

static void close_tally(IntakeBag *bag)
{
    RowTally *t = &bag->tally;
    t->kept = bag->rows.n;
    for (int i = 0; i < bag->rows.n; i++) {
        const int64_t count = bag->rows.by.count[i];
        t->count_sum = gather_sum(t->count_sum, count);
        if (i == 0 || count < t->count_min) t->count_min = count;
    }
}

/* Names the repertoires. A column that is empty throughout tells nothing apart; one that is so here and there is a fault. */
static Status close_bags(const IntakeFile *r, Intake *out, bool too)
{
    const char *path = r->row.path;
    if (out->n == 0) TRY(new_bag(r, out));
    if (r->blank_line > 0 && out->n > 1)
        return fail(ERR_FORMAT, "%s:%d: column '%s' is empty here but not everywhere; whose row is it?", path,
                    r->blank_line, r->row.header.name[r->row.columns.at[COLUMN_REPERTOIRE]]);
    for (int b = 0; b < out->n; b++) {
        IntakeBag *bag = &out->bag[b];
        if (out->id.n > 0 && !r->blank_line) bag->id = out->id.text[b];
        if (bag->rows.n == 0 && !r->rules->skip_empty) return no_rows(bag, path);
        gather_done(&bag->rows, too);
        if (too) bag->tally.count_one = bag->count_one_too;
        close_tally(bag);
    }
    return OK;
}

/* Which of two columns of counts holds this file's? */
static bool take_other_counts(const IntakeFile *r)
{
    const bool both = r->row.place[COLUMN_COUNT] >= 0 && r->row.place[COLUMN_COUNT_TOO] >= 0;
    return both && !r->converter && r->format->finish && r->format->finish(&r->seen, &r->too);
}

static Status note_columns(const IntakeFile *r, Intake *out, bool too)
{
    const int count = r->row.columns.at[too ? COLUMN_COUNT_TOO : COLUMN_COUNT];
    if (count < 0) return OK;
    out->count_column = strdup(r->row.header.name[count]);
    return out->count_column ? OK : no_memory(r);
}

static Status open_columns(IntakeFile *r, const char *path, TextIn *in)
{
    const IntakeRules *rules = r->rules;
    TRY(rowreader_open(&r->row, path, in, rules->separator, r->converter));
    Status status = r->format ? OK : format_recognise(&r->format, &r->row.header, &r->wish);
    if (status == OK) status = rowreader_bind(&r->row, r->format, &r->wish, &rules->rows);
    if (status == ERR_FORMAT) status = fail_at(status, "%s:%d", path, r->row.n_line);
    return status;
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
    status = close_bags(file, out, too);
done:
    if (status != OK) intake_free(out);
    return status;
}

void intake_free(Intake *r)
{
    for (int b = 0; b < r->n; b++) gather_free(&r->bag[b].rows);
    free(r->bag);
    free(r->count_column);
    names_free(&r->id);
    names_free(&r->v);
    names_free(&r->j);
    *r = (Intake){0};
}
