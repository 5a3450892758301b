/* SPDX-License-Identifier: MIT
 *
 * A row costs some memchr (rowreader.c), a table look-up a residue, and a probe of the table that finds equal sequences,
 * one more for each gene.
 */
#include "data/sequences/intake.h"
#include "core/yaml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const drop_name[N_DROP] = {
#define X(name, text) text,
    DROP_MAP(X)
#undef X
};

typedef struct {
    const IntakeRules *rules;
    bool converter;
    RowReader row;
    int bag;        /* of the last row */
    int blank_line; /* the first whose repertoire is not named; 0: none */
} Reader;

bool intake_converter(const IntakeRules *rules)
{
    return rules->format && rules->format->converter;
}

static Status no_memory(const Reader *r)
{
    return rowreader_no_memory(&r->row);
}

/* ---- what is kept ---- */

static const Cell *cell_of(const Reader *r, ColumnRole role)
{
    return rowreader_cell(&r->row, role);
}

static bool is_word(const Cell *cell, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(cell->text, words[i]) == 0) return true;
    return false;
}

static bool is_blank(const Cell *cell)
{
    static const char *const words[] = {"null", "NULL", "NA",      "na",         "NaN",
                                        "nan",  "None", "no data", "unresolved", NULL};
    return cell->length == 0 || (strchr("nNu", cell->text[0]) && is_word(cell, words));
}

static bool is_kept(const Reader *r)
{
    const Cell *cell = cell_of(r, COLUMN_KEEP);
    for (int i = 0; cell && r->row.columns.kept[i]; i++)
        if (strcasecmp(cell->text, r->row.columns.kept[i]) == 0) return true;
    return !cell;
}

typedef enum { NO, YES, BLANK } Answer;

static Status read_answer(Answer *out, const Reader *r, ColumnRole role)
{
    static const char *const words[] = {"F", "T", "false", "true", "0", "1"};
    const Cell *cell = cell_of(r, role);
    *out = BLANK;
    if (!cell || is_blank(cell)) return OK;
    for (int i = 0; i < 6; i++)
        if (strcasecmp(cell->text, words[i]) == 0) {
            *out = i % 2 ? YES : NO;
            return OK;
        }
    return fail(
        ERR_FORMAT, "%s:%d: '%.40s' in column '%s' is neither T nor F (true or false, 1 or 0, or empty); mend it",
        textin_path(r->row.in), textin_number(r->row.in), cell->text, r->row.header.name[r->row.columns.at[role]]);
}

/* What the flags say; N_DROP: nothing against the row. */
static Status check_flags(Drop *out, const Reader *r)
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
static bool encode(int8_t *to, const Reader *r, const Cell *cell)
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

/* Digits alone, the common case; else any number, cut to its integer part. */
static bool parse_count(int64_t *out, const Cell *cell)
{
    int64_t value = 0;
    size_t i = 0;
    for (; i < cell->length && i < 18 && cell->text[i] >= '0' && cell->text[i] <= '9'; i++)
        value = 10 * value + (cell->text[i] - '0');
    if (i > 0 && i == cell->length) {
        *out = value;
        return true;
    }
    if (cell->length == 0 || cell->text[strspn(cell->text, "0123456789+-.eE ")]) return false;
    char *end;
    const double number = strtod(cell->text, &end);
    while (*end == ' ') end++;
    if (*end || end == cell->text || !(fabs(number) < 9e18)) return false;
    *out = (int64_t)number;
    return true;
}

static Status bad_count(const Reader *r, const Cell *cell)
{
    return fail(
        ERR_FORMAT,
        "%s:%d: count '%.40s' in column '%s' is not a number; mend it, or name another column with --count-column",
        textin_path(r->row.in), textin_number(r->row.in), cell->text,
        r->row.header.name[r->row.columns.at[COLUMN_COUNT]]);
}

static Status converter_count(int64_t *out, const Reader *r)
{
    const Cell *cell = cell_of(r, COLUMN_COUNT);
    *out = 1;
    if (!cell) return OK;
    if (strcmp(cell->text, "null") == 0) {
        *out = 0;
        return OK;
    }
    if (!parse_count(out, cell)) return bad_count(r, cell);
    if (*out < 0) *out = 1;
    return OK;
}

static Status pipeline_count(int64_t *out, const Reader *r, Tally *tally)
{
    const Cell *cell = cell_of(r, COLUMN_COUNT);
    *out = 1;
    if (!cell) return OK;
    if (is_blank(cell))
        *out = 0;
    else if (!parse_count(out, cell))
        return bad_count(r, cell);
    if (*out < 1) {
        *out = 1;
        tally->count_one++;
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

/* Of several genes separated by commas the first. */
static Status read_gene(int *out, const Reader *r, Names *names, ColumnRole role)
{
    const Cell *cell = cell_of(r, role);
    const int before = names->n;
    *out = -1;
    if (!cell || is_blank(cell)) return OK;
    const size_t length = strcspn(cell->text, ",");
    if (length == 0) return OK;
    *out = names_number(names, cell->text, length);
    if (*out < 0) return no_memory(r);
    if (*out < before || !is_odd_name(names->text[*out])) return OK;
    return fail(ERR_FORMAT, "%s:%d: the gene in column '%s' is no UTF-8 text on one line", textin_path(r->row.in),
                textin_number(r->row.in), r->row.header.name[r->row.columns.at[role]]);
}

static Status new_bag(const Reader *r, Intake *out)
{
    if (out->n == out->room) {
        const int room = out->room ? 2 * out->room : 1;
        IntakeBag *grown = realloc(out->bag, (size_t)room * sizeof *grown);
        if (!grown) return no_memory(r);
        out->bag = grown;
        out->room = room;
    }
    out->bag[out->n++] = (IntakeBag){0};
    return OK;
}

/* The repertoire of the row. Rows of one mostly follow each other. */
static Status find_bag(IntakeBag **bag, Reader *r, Intake *out)
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

static Status converter_row(Reader *r, IntakeBag *bag)
{
    const Cell *cell = cell_of(r, COLUMN_SEQUENCE);
    int8_t *codes = gather_room(&bag->rows, cell->length, false);
    int64_t count;
    if (!codes) return no_memory(r);
    if (!encode(codes, r, cell)) {
        bag->tally.dropped[bad_letter(cell)]++;
        return OK;
    }
    TRY(converter_count(&count, r));
    gather_add(&bag->rows, cell->length, count, -1, -1, false);
    return OK;
}

static bool has_ends(const Cell *cell)
{
    const char last = cell->text[cell->length - 1];
    return cell->text[0] == 'C' && (last == 'F' || last == 'W');
}

/* The cell the sequence is taken from, and whether its ends are still to be cut off. */
static const Cell *choose_cell(bool *cut, const Reader *r, Tally *tally)
{
    const Cell *junction = cell_of(r, COLUMN_SEQUENCE), *cdr3 = cell_of(r, COLUMN_CDR3);
    const bool has_cdr3 = cdr3 && !is_blank(cdr3);
    *cut = r->rules->wish.cdr3 && !has_cdr3;
    if (r->rules->wish.cdr3) return has_cdr3 || !junction ? cdr3 : junction;
    tally->cdr3_only += has_cdr3 && is_blank(junction);
    return junction;
}

/* Checks of the pipeline; if the result is N_DROP, *length codes lie at `codes`. */
static Drop check_sequence(int8_t *codes, size_t *length, const Reader *r, const Cell *cell, bool cut)
{
    if (is_blank(cell)) return DROP_EMPTY;
    if (!encode(codes, r, cell)) return bad_letter(cell);
    *length = cell->length;
    if (cut) {
        if (cell->length <= 2) return DROP_SHORT;
        *length -= 2;
        memmove(codes, codes + 1, *length);
    }
    return *length > INTAKE_LONGEST ? DROP_LONG : N_DROP;
}

static Status keep_row(Reader *r, Intake *out, IntakeBag *bag, size_t length)
{
    int64_t count;
    int v, j;
    TRY(pipeline_count(&count, r, &bag->tally));
    TRY(read_gene(&v, r, &out->v, COLUMN_V));
    TRY(read_gene(&j, r, &out->j, COLUMN_J));
    bag->tally.merged += gather_add(&bag->rows, length, count, v, j, r->rules->merge);
    return OK;
}

static Status pipeline_row(Reader *r, Intake *out, IntakeBag *bag)
{
    Tally *tally = &bag->tally;
    size_t length = 0;
    bool cut = false;
    Drop drop;
    TRY(check_flags(&drop, r));
    const Cell *cell = drop == N_DROP ? choose_cell(&cut, r, tally) : NULL;
    if (cell) {
        int8_t *codes = gather_room(&bag->rows, cell->length, r->rules->merge);
        if (!codes) return no_memory(r);
        drop = check_sequence(codes, &length, r, cell, cut);
    }
    if (drop != N_DROP) {
        tally->dropped[drop]++;
        return OK;
    }
    const bool junction = cut || !r->rules->wish.cdr3;
    const int before = bag->rows.n;
    TRY(keep_row(r, out, bag, length));
    if (bag->rows.n == before) return OK;
    tally->cdr3 += !junction;
    *(junction ? &tally->ends : &tally->cdr3_ends) += has_ends(cell);
    return OK;
}

static Status read_rows(Reader *r, Intake *out)
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
    const Tally *tally = &bag->tally;
    char reasons[300] = "", which[120] = "";
    if (tally->read == 0) return fail(ERR_FORMAT, "%s: has a header line but no rows; leave the file out", path);
    tally_dropped(reasons, sizeof reasons, tally);
    if (bag->id) snprintf(which, sizeof which, "repertoire '%.80s': ", bag->id);
    return fail(ERR_FORMAT, "%s: %sno row is left of %lld (%s); %s", path, which, (long long)tally->read, reasons,
                tally->cdr3_only > 0 ? "it has CDR3s (cdr3_aa) but no junctions, and the ends cannot be put back; "
                                       "import all files of the dataset with --region=cdr3"
                                     : "check the columns, or leave it out, as --empty=skip does");
}

static void close_tally(IntakeBag *bag)
{
    Tally *t = &bag->tally;
    t->kept = bag->rows.n;
    for (int i = 0; i < bag->rows.n; i++) {
        t->count_sum = gather_sum(t->count_sum, bag->rows.count[i]);
        if (i == 0 || bag->rows.count[i] < t->count_min) t->count_min = bag->rows.count[i];
    }
}

/* Names the repertoires. A column that is empty throughout tells nothing apart; one that is so here and there is a fault. */
static Status close_bags(const Reader *r, Intake *out, const char *path)
{
    if (out->n == 0) TRY(new_bag(r, out));
    if (r->blank_line > 0 && out->n > 1)
        return fail(ERR_FORMAT, "%s:%d: column '%s' is empty here but not everywhere; whose row is it?", path,
                    r->blank_line, r->row.header.name[r->row.columns.at[COLUMN_REPERTOIRE]]);
    for (int b = 0; b < out->n; b++) {
        IntakeBag *bag = &out->bag[b];
        if (out->id.n > 0 && !r->blank_line) bag->id = out->id.text[b];
        if (bag->rows.n == 0 && !r->rules->skip_empty) return no_rows(bag, path);
        gather_done(&bag->rows);
        close_tally(bag);
    }
    return OK;
}

static Status read_columns(Reader *r, const char *path, IntakeRules *rules)
{
    const RowRules filters = {rules->include, rules->exclude, rules->n_include, rules->n_exclude};
    TRY(rowreader_open(&r->row, path, rules->separator, r->converter));
    const int line = textin_number(r->row.in);
    Status status = rules->format ? OK : format_recognise(&rules->format, &r->row.header, &rules->wish);
    if (status == OK) status = rowreader_bind(&r->row, rules->format, &rules->wish, &filters);
    if (status == ERR_FORMAT) status = fail_at(status, "%s:%d", path, line);
    return status;
}

static Status note_columns(const Reader *r, Intake *out)
{
    const int count = r->row.columns.at[COLUMN_COUNT];
    out->format = r->rules->format;
    out->genes = r->row.place[COLUMN_V] >= 0 || r->row.place[COLUMN_J] >= 0;
    if (count < 0) return OK;
    out->count_column = strdup(r->row.header.name[count]);
    return out->count_column ? OK : no_memory(r);
}

Status intake_peek(bool *several, const char *path, const IntakeRules *rules)
{
    IntakeRules own = *rules;
    Reader r = {.rules = &own, .converter = intake_converter(rules)};
    const Status status = read_columns(&r, path, &own);
    *several = status == OK && r.row.place[COLUMN_REPERTOIRE] >= 0;
    rowreader_close(&r.row);
    return status;
}

Status intake_read(Intake *out, const char *path, const IntakeRules *rules)
{
    IntakeRules own = *rules;
    Reader r = {.rules = &own, .converter = intake_converter(rules)};
    *out = (Intake){0};
    if (r.converter) own.merge = own.wish.cdr3 = false;
    Status status;
    TRY_DONE(read_columns(&r, path, &own));
    TRY_DONE(note_columns(&r, out));
    TRY_DONE(read_rows(&r, out));
    status = close_bags(&r, out, path);
done:
    rowreader_close(&r.row);
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

const char *tally_dropped(char *text, size_t room, const Tally *tally)
{
    size_t at = 0;
    *text = '\0';
    for (int d = 0; d < N_DROP && at < room; d++)
        if (tally->dropped[d] > 0)
            at += (size_t)snprintf(text + at, room - at, "%s%s %lld", at ? ", " : "", drop_name[d],
                                   (long long)tally->dropped[d]);
    return text;
}

void tally_add(Tally *sum, const Tally *one)
{
    if (sum->kept == 0 || (one->kept > 0 && one->count_min < sum->count_min)) sum->count_min = one->count_min;
    sum->read += one->read;
    sum->kept += one->kept;
    for (int d = 0; d < N_DROP; d++) sum->dropped[d] += one->dropped[d];
    sum->merged += one->merged;
    sum->count_one += one->count_one;
    sum->count_sum = gather_sum(sum->count_sum, one->count_sum);
    sum->ends += one->ends;
    sum->cdr3 += one->cdr3;
    sum->cdr3_ends += one->cdr3_ends;
    sum->cdr3_only += one->cdr3_only;
}
