/* SPDX-License-Identifier: MIT
 *
 * A row costs some memchr, a table look-up a residue, and one probe of the table that finds equal sequences. Only the
 * cells up to the last one wanted are looked for; a line with quotes takes the slow way.
 */
#include "data/intake.h"
#include "core/rng.h"
#include "data/textin.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
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
    char *text;
    size_t length;
} Cell;

/* A rule whose column is found: `place` among the wanted cells. */
typedef struct {
    int place;
    const char *value;
    size_t length;
} BoundRule;

typedef struct {
    const IntakeRules *rules;
    bool converter;
    TextIn *in;
    Header header;
    char *header_text;
    char separator;
    FormatColumns columns;

    int *wanted;                         /* [n_wanted] columns, ascending */
    Cell *cell;                          /* [n_wanted] of the current row */
    char **slow;                         /* [last wanted + 1] scratch for quoted lines */
    int n_wanted, sequence, count, keep; /* places among them */
    BoundRule *rule;                     /* [n_include + n_exclude] */

    int *slot; /* [n_slot] row + 1 of the sequence that hashes there; 0: free */
    size_t n_slot;
    size_t *start; /* [room] of each kept row in codes */
} Reader;

bool intake_converter(const IntakeRules *rules)
{
    return rules->format && rules->format->converter;
}

static Status no_memory(const Reader *r)
{
    return fail(ERR_MEMORY, "%s:%d: no memory for a repertoire this large", textin_path(r->in), textin_number(r->in));
}

/* ---- the header ---- */

static char guess_separator(const char *line, size_t length)
{
    static const char known[] = {'\t', ',', ';'};
    char best = '\t';
    size_t most = 0;
    for (size_t k = 0; k < sizeof known; k++) {
        size_t n = 0;
        for (size_t i = 0; i < length; i++) n += line[i] == known[k];
        if (n > most) best = known[k], most = n;
        if (k == 0 && n > 0) break; /* names may hold commas, tabs never */
    }
    return best;
}

static char *trim(char *text)
{
    while (*text == ' ') text++;
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; n--) text[n - 1] = '\0';
    return text;
}

/* The header line. Comment lines before it, and a '#' on it, are known from other tools; the converter knows neither. */
static Status header_line(Reader *r, char **line, size_t *length)
{
    do TRY(textin_line(r->in, line, length));
    while (*line && !r->converter && (*length == 0 || strncmp(*line, "# ", 2) == 0));
    if (!*line) return fail(ERR_FORMAT, "%s: is empty; a header line is expected", textin_path(r->in));
    if (!r->converter && **line == '#') ++*line, --*length;
    return OK;
}

static Status read_header(Reader *r)
{
    char *line;
    size_t length;
    TRY(header_line(r, &line, &length));
    r->separator = r->rules->separator ? r->rules->separator : guess_separator(line, length);
    size_t most = 1;
    for (size_t i = 0; i < length; i++) most += line[i] == r->separator;
    r->header_text = malloc(length + 1);
    r->header.name = calloc(most, sizeof *r->header.name);
    if (!r->header_text || !r->header.name) return no_memory(r);
    memcpy(r->header_text, line, length + 1);
    r->header.n = textin_split(r->header.name, (int)most, r->header_text, length, r->separator);
    if (r->header.n < 0)
        return fail(ERR_FORMAT, "%s:%d: a double quote is never closed", textin_path(r->in), textin_number(r->in));
    for (int c = 0; c < r->header.n; c++) r->header.name[c] = trim(r->header.name[c]);
    return OK;
}

static int compare_int(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int place_of(const Reader *r, int column)
{
    for (int i = 0; i < r->n_wanted; i++)
        if (r->wanted[i] == column) return i;
    return -1;
}

/* Columns of the rules, after those of the format, into wanted. */
static Status want_columns(Reader *r, int *rule_column)
{
    const int n_rule = r->rules->n_include + r->rules->n_exclude;
    int n = 0;
    r->wanted[n++] = r->columns.sequence;
    if (r->columns.count >= 0) r->wanted[n++] = r->columns.count;
    if (r->columns.keep >= 0) r->wanted[n++] = r->columns.keep;
    for (int i = 0; i < n_rule; i++) {
        const bool include = i < r->rules->n_include;
        const RowRule *rule = include ? &r->rules->include[i] : &r->rules->exclude[i - r->rules->n_include];
        TRY(header_need(&rule_column[i], &r->header, rule->column, include ? "--include" : "--exclude"));
        r->rule[i] = (BoundRule){.value = rule->value, .length = strlen(rule->value)};
        r->wanted[n++] = rule_column[i];
    }
    qsort(r->wanted, (size_t)n, sizeof *r->wanted, compare_int);
    for (int i = 0; i < n; i++)
        if (i == 0 || r->wanted[i] != r->wanted[i - 1]) r->wanted[r->n_wanted++] = r->wanted[i];
    return OK;
}

static Status bind_columns(Reader *r)
{
    const int n_rule = r->rules->n_include + r->rules->n_exclude;
    TRY(r->rules->format->bind(&r->columns, &r->header, &r->rules->wish));
    int *rule_column = malloc(((size_t)n_rule + 1) * sizeof *rule_column);
    r->wanted = malloc(((size_t)n_rule + 3) * sizeof *r->wanted);
    r->rule = calloc((size_t)n_rule + 1, sizeof *r->rule);
    r->cell = calloc((size_t)n_rule + 3, sizeof *r->cell);
    r->slow = calloc((size_t)r->header.n + 1, sizeof *r->slow);
    Status status = rule_column && r->wanted && r->rule && r->cell && r->slow ? OK : no_memory(r);
    if (status == OK) status = want_columns(r, rule_column);
    for (int i = 0; status == OK && i < n_rule; i++) r->rule[i].place = place_of(r, rule_column[i]);
    r->sequence = place_of(r, r->columns.sequence);
    r->count = r->columns.count < 0 ? -1 : place_of(r, r->columns.count);
    r->keep = r->columns.keep < 0 ? -1 : place_of(r, r->columns.keep);
    free(rule_column);
    return status;
}

/* ---- a row's cells ---- */

static Status too_few(const Reader *r, int n)
{
    return fail(ERR_FORMAT,
                "%s:%d: has %d cell%s, but column '%s' is number %d; the line is cut short or has another separator",
                textin_path(r->in), textin_number(r->in), n, n == 1 ? "" : "s",
                r->header.name[r->wanted[r->n_wanted - 1]], r->wanted[r->n_wanted - 1] + 1);
}

static Status split_quoted(Reader *r, char *line, size_t length)
{
    const int most = r->wanted[r->n_wanted - 1] + 1;
    const int n = textin_split(r->slow, most, line, length, r->separator);
    if (n < 0)
        return fail(ERR_FORMAT, "%s:%d: a double quote is not closed on its line", textin_path(r->in),
                    textin_number(r->in));
    if (n < most) return too_few(r, n);
    for (int i = 0; i < r->n_wanted; i++)
        r->cell[i] = (Cell){.text = r->slow[r->wanted[i]], .length = strlen(r->slow[r->wanted[i]])};
    return OK;
}

static Status split(Reader *r, char *line, size_t length)
{
    if (memchr(line, '"', length)) return split_quoted(r, line, length);
    char *const stop = line + length;
    char *at = line;
    int column = 0;
    for (int i = 0; i < r->n_wanted; i++, column++) {
        for (; column < r->wanted[i]; column++) {
            at = memchr(at, r->separator, (size_t)(stop - at));
            if (!at) return too_few(r, column + 1);
            at++;
        }
        char *end = memchr(at, r->separator, (size_t)(stop - at));
        r->cell[i] = (Cell){.text = at, .length = (size_t)((end ? end : stop) - at)};
        if (!end && i + 1 < r->n_wanted) return too_few(r, column + 1);
        if (end) *end = '\0';
        at = end ? end + 1 : stop;
    }
    return OK;
}

/* ---- what is kept ---- */

static bool matches(const Reader *r, const BoundRule *rule)
{
    const Cell *cell = &r->cell[rule->place];
    return cell->length == rule->length && memcmp(cell->text, rule->value, rule->length) == 0;
}

static bool passes_rules(const Reader *r)
{
    const int n_include = r->rules->n_include;
    bool in = n_include == 0;
    for (int i = 0; i < n_include && !in; i++) in = matches(r, &r->rule[i]);
    for (int i = 0; i < r->rules->n_exclude && in; i++) in = !matches(r, &r->rule[n_include + i]);
    return in;
}

static bool is_productive(const Reader *r)
{
    if (r->keep < 0) return true;
    for (int i = 0; r->columns.kept[i]; i++)
        if (strcasecmp(r->cell[r->keep].text, r->columns.kept[i]) == 0) return true;
    return false;
}

static bool is_word(const Cell *cell, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(cell->text, words[i]) == 0) return true;
    return false;
}

static bool no_sequence(const Cell *cell)
{
    static const char *const words[] = {"null", "NULL", "NA",      "na",         "NaN",
                                        "nan",  "None", "no data", "unresolved", NULL};
    return cell->length == 0 || (strchr("nNu", cell->text[0]) && is_word(cell, words));
}

/* Why a sequence with a letter outside the alphabet is dropped. */
static Drop bad_letter(const Cell *cell)
{
    if (strpbrk(cell->text, "_~?#")) return DROP_FRAME;
    return strchr(cell->text, '*') ? DROP_STOP : DROP_LETTER;
}

/* Codes of the cell behind the last row's; false: a letter is not in the alphabet. */
static bool encode(const Reader *r, Intake *out, const Cell *cell)
{
    const int8_t *code = r->rules->alphabet.code;
    int8_t *to = out->codes + out->n_code;
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

/* Counts are never negative where they are added. */
static int64_t sum_counts(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static Status bad_count(const Reader *r, const Cell *cell)
{
    return fail(
        ERR_FORMAT,
        "%s:%d: count '%.40s' in column '%s' is not a number; mend it, or name another column with --count-column",
        textin_path(r->in), textin_number(r->in), cell->text, r->header.name[r->columns.count]);
}

static Status converter_count(int64_t *out, const Reader *r)
{
    const Cell *cell = &r->cell[r->count];
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
    static const char *const blank[] = {"", "null", "NULL", "NA", "na", "NaN", "nan", "None", NULL};
    const Cell *cell = &r->cell[r->count];
    if (is_word(cell, blank))
        *out = 0;
    else if (!parse_count(out, cell))
        return bad_count(r, cell);
    if (*out < 1) {
        *out = 1;
        tally->count_one++;
    }
    return OK;
}

/* ---- equal sequences ---- */

static uint64_t hash_codes(const int8_t *codes, size_t n)
{
    uint64_t h = n, word;
    for (; n >= 8; n -= 8, codes += 8) {
        memcpy(&word, codes, 8);
        h = rng_mix(h ^ word);
    }
    word = 0;
    memcpy(&word, codes, n);
    return rng_mix(h ^ word);
}

static bool grow_slots(Reader *r, const Intake *out)
{
    const size_t n_slot = r->n_slot ? 2 * r->n_slot : 1 << 12;
    int *slot = calloc(n_slot, sizeof *slot);
    if (!slot) return false;
    for (int i = 0; i < out->n; i++) {
        size_t at = hash_codes(out->codes + r->start[i], (size_t)out->len[i]) & (n_slot - 1);
        while (slot[at]) at = (at + 1) & (n_slot - 1);
        slot[at] = i + 1;
    }
    free(r->slot);
    r->slot = slot;
    r->n_slot = n_slot;
    return true;
}

/* Row that holds the same codes, or -1 after noting `out->n` as theirs. */
static int find_equal(Reader *r, const Intake *out, const int8_t *codes, size_t n)
{
    size_t at = hash_codes(codes, n) & (r->n_slot - 1);
    for (; r->slot[at]; at = (at + 1) & (r->n_slot - 1)) {
        const int row = r->slot[at] - 1;
        if ((size_t)out->len[row] == n && memcmp(out->codes + r->start[row], codes, n) == 0) return row;
    }
    r->slot[at] = out->n + 1;
    return -1;
}

/* ---- rows ---- */

static bool grow_array(void *array, size_t n, size_t size)
{
    void *old, *grown;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, n * size);
    if (grown) memcpy(array, &grown, sizeof grown);
    return grown != NULL;
}

static Status make_room(Reader *r, Intake *out, size_t length)
{
    if (out->n_code + length > out->room_code) {
        const size_t room = 2 * (out->n_code + length) + (64 << 10);
        if (!grow_array(&out->codes, room, 1)) return no_memory(r);
        out->room_code = room;
    }
    if ((size_t)out->n == out->room) {
        const size_t room = out->room ? 2 * out->room : 4096;
        if (room > INT_MAX / 2 || !grow_array(&out->len, room, sizeof *out->len) ||
            !grow_array(&out->count, room, sizeof *out->count) || !grow_array(&r->start, room, sizeof *r->start))
            return no_memory(r);
        out->room = room;
    }
    if (r->rules->merge && 2 * ((size_t)out->n + 1) > r->n_slot && !grow_slots(r, out)) return no_memory(r);
    return OK;
}

static void keep_row(Reader *r, Intake *out, size_t length, int64_t count)
{
    r->start[out->n] = out->n_code;
    out->len[out->n] = (int64_t)length;
    out->count[out->n++] = count;
    out->n_code += length;
}

static Status converter_row(Reader *r, Intake *out)
{
    const Cell *cell = &r->cell[r->sequence];
    int64_t count = 1;
    TRY(make_room(r, out, cell->length));
    if (!encode(r, out, cell)) {
        out->tally.dropped[bad_letter(cell)]++;
        return OK;
    }
    if (r->count >= 0) TRY(converter_count(&count, r));
    keep_row(r, out, cell->length, count);
    return OK;
}

static bool has_ends(const Cell *cell)
{
    const char last = cell->text[cell->length - 1];
    return cell->text[0] == 'C' && (last == 'F' || last == 'W');
}

/* Sequence checks of the pipeline; codes lie behind the last row's if the result is N_DROP. *length of what is kept. */
static Drop check_sequence(Reader *r, Intake *out, size_t *length)
{
    const Cell *cell = &r->cell[r->sequence];
    if (no_sequence(cell)) return DROP_EMPTY;
    if (!encode(r, out, cell)) return bad_letter(cell);
    *length = cell->length;
    if (r->rules->cut_ends) {
        if (cell->length <= 2) return DROP_SHORT;
        *length -= 2;
        memmove(out->codes + out->n_code, out->codes + out->n_code + 1, *length);
    }
    return *length > INTAKE_LONGEST ? DROP_LONG : N_DROP;
}

static Status pipeline_row(Reader *r, Intake *out)
{
    size_t length = 0;
    int64_t count = 1;
    TRY(make_room(r, out, r->cell[r->sequence].length));
    const Drop drop = is_productive(r) ? check_sequence(r, out, &length) : DROP_FLAG;
    if (drop != N_DROP) {
        out->tally.dropped[drop]++;
        return OK;
    }
    if (r->count >= 0) TRY(pipeline_count(&count, r, &out->tally));
    const int equal = r->rules->merge ? find_equal(r, out, out->codes + out->n_code, length) : -1;
    out->tally.ends += equal < 0 && has_ends(&r->cell[r->sequence]);
    out->tally.merged += equal >= 0;
    if (equal < 0)
        keep_row(r, out, length, count);
    else
        out->count[equal] = sum_counts(out->count[equal], count);
    return OK;
}

static Status read_rows(Reader *r, Intake *out)
{
    for (;;) {
        char *line;
        size_t length;
        TRY(textin_line(r->in, &line, &length));
        if (!line) return OK;
        if (length == 0) continue;
        out->tally.read++;
        TRY(split(r, line, length));
        if (!passes_rules(r))
            out->tally.dropped[DROP_FILTER]++;
        else
            TRY(r->converter ? converter_row(r, out) : pipeline_row(r, out));
    }
}

static Status no_rows(const Tally *tally, const char *path)
{
    char reasons[300] = "";
    size_t at = 0;
    if (tally->read == 0) return fail(ERR_FORMAT, "%s: has a header line but no rows; leave the file out", path);
    for (int d = 0; d < N_DROP; d++)
        if (tally->dropped[d] > 0)
            at += (size_t)snprintf(reasons + at, sizeof reasons - at, "%s%s %lld", at ? ", " : "", drop_name[d],
                                   (long long)tally->dropped[d]);
    return fail(ERR_FORMAT, "%s: no row is left of %lld (%s); leave the file out or check the columns", path,
                (long long)tally->read, reasons);
}

static void reader_free(Reader *r)
{
    textin_close(r->in);
    free(r->header.name);
    free(r->header_text);
    free(r->wanted);
    free(r->cell);
    free(r->slow);
    free(r->rule);
    free(r->slot);
    free(r->start);
}

static Status read_file(Reader *r, Intake *out, const char *path, IntakeRules *rules)
{
    TRY(textin_open(&r->in, path));
    TRY(read_header(r));
    const int line = textin_number(r->in);
    Status status = rules->format ? OK : format_recognise(&rules->format, &r->header, &rules->wish);
    if (status == OK) status = bind_columns(r);
    if (status == ERR_FORMAT) status = fail_at(status, "%s:%d", path, line);
    TRY(status);
    out->format = rules->format;
    TRY(read_rows(r, out));
    return out->n > 0 ? OK : no_rows(&out->tally, path);
}

Status intake_read(Intake *out, const char *path, const IntakeRules *rules)
{
    IntakeRules own = *rules;
    Reader r = {.rules = &own, .converter = intake_converter(rules)};
    *out = (Intake){0};
    if (r.converter) own.merge = own.cut_ends = false;
    const Status status = read_file(&r, out, path, &own);
    reader_free(&r);
    out->tally.kept = out->n;
    for (int i = 0; i < out->n; i++) {
        out->tally.count_sum = sum_counts(out->tally.count_sum, out->count[i]);
        if (i == 0 || out->count[i] < out->tally.count_min) out->tally.count_min = out->count[i];
    }
    if (status != OK) intake_free(out);
    return status;
}

void intake_free(Intake *r)
{
    free(r->codes);
    free(r->len);
    free(r->count);
    *r = (Intake){0};
}

void tally_add(Tally *sum, const Tally *one)
{
    if (sum->kept == 0 || (one->kept > 0 && one->count_min < sum->count_min)) sum->count_min = one->count_min;
    sum->read += one->read;
    sum->kept += one->kept;
    for (int d = 0; d < N_DROP; d++) sum->dropped[d] += one->dropped[d];
    sum->merged += one->merged;
    sum->count_one += one->count_one;
    sum->count_sum = sum_counts(sum->count_sum, one->count_sum);
    sum->ends += one->ends;
}
