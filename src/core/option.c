/* SPDX-License-Identifier: MIT */
#include "core/option.h"
#include "core/path.h"
#include "core/number.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *field(void *out, const Option *row)
{
    return (char *)out + row->at;
}
static const void *field_of(const void *in, const Option *row)
{
    return (const char *)in + row->at;
}

bool option_is_list(const Option *row)
{
    return row->kind == OPTION_TEXTS || row->kind == OPTION_NUMBERS;
}

int option_word(const char *choices, const char *word)
{
    const size_t n = strlen(word);
    for (int i = 0; choices && *choices; i++) {
        const size_t length = strcspn(choices, " ");
        if (length == n && strncmp(choices, word, n) == 0) return i;
        choices += length + strspn(choices + length, " ");
    }
    return -1;
}

/* Word number `place` of choices, in `buffer`. */
static const char *word_at(char buffer[OPTION_ROOM], const char *choices, int place)
{
    for (; place > 0; place--) choices += strcspn(choices, " ") + 1;
    snprintf(buffer, OPTION_ROOM, "%.*s", (int)strcspn(choices, " "), choices);
    return buffer;
}

/* "a, b or c" */
static const char *words_text(char buffer[OPTION_WORDS_ROOM], const char *choices)
{
    size_t n = 0;
    buffer[0] = 0;
    while (*choices && n < OPTION_WORDS_ROOM) {
        const size_t length = strcspn(choices, " ");
        const bool last = !choices[length];
        n += (size_t)snprintf(buffer + n, OPTION_WORDS_ROOM - n, "%s%.*s",
                              !n     ? ""
                              : last ? " or "
                                     : ", ",
                              (int)length, choices);
        choices += length + !last;
    }
    return buffer;
}

bool option_has_range(const Option *row)
{
    return row->least < row->most;
}

/* "1 to 64 residues" */
#define RANGE_ROOM 128
static const char *range_text(char buffer[RANGE_ROOM], const Option *row)
{
    char least[NUMBER_ROOM], most[NUMBER_ROOM];
    snprintf(buffer, RANGE_ROOM, "%s to %s%s%s", number_text(least, row->least), number_text(most, row->most),
             *row->unit ? " " : "", row->unit);
    return buffer;
}

static Status check_range(const Option *row, const char *text, double value)
{
    char range[RANGE_ROOM];
    if (!option_has_range(row) || (value >= row->least && value <= row->most)) return OK;
    return fail(ERR_CONFIG, "%s is outside %s", text, range_text(range, row));
}

static bool has_words(const Option *row)
{
    return row->choices && *row->choices;
}

/* "'x' is not WHAT from 1 to 9", and the words that would also do. */
static Status is_not(const Option *row, const char *text, const char *what)
{
    char words[OPTION_WORDS_ROOM], range[RANGE_ROOM];
    const bool ranged = option_has_range(row) && row->kind != OPTION_BYTES;
    return fail(ERR_CONFIG, "'%.60s' is not %s%s%s%s%s", text, what, ranged ? " from " : "",
                ranged ? range_text(range, row) : "", has_words(row) ? ", nor " : "",
                has_words(row) ? words_text(words, row->choices) : "");
}

/* ---- one value ---- */

/* 20000, and as others write it: 2e4, 20000.0 */
static bool read_whole(int64_t *out, const char *text)
{
    double value;
    if (number_read_int(out, text)) return true;
    if (!number_read(&value, text) || value != floor(value) || fabs(value) > 9e15) return false;
    *out = (int64_t)value;
    return true;
}

static Status set_int(void *out, const Option *row, const char *text)
{
    int64_t value = 0;
    if (option_word(row->choices, text) < 0) {
        if (!read_whole(&value, text)) return is_not(row, text, "an integer");
        TRY(check_range(row, text, (double)value));
        if (value < INT_MIN || value > INT_MAX) return fail(ERR_CONFIG, "%s is too large", text);
    }
    *(int *)field(out, row) = (int)value;
    return OK;
}

static Status set_seed(void *out, const Option *row, const char *text)
{
    int64_t value;
    if (number_read_u64(field(out, row), text)) return OK;
    if (read_whole(&value, text) && value >= 0) {
        *(uint64_t *)field(out, row) = (uint64_t)value;
        return OK;
    }
    return is_not(row, text, "an integer from 0 to 18446744073709551615");
}

static Status set_number(void *out, const Option *row, const char *text)
{
    double value = NAN;
    if (option_word(row->choices, text) < 0) {
        if (!number_read(&value, text))
            return is_not(row, text, strchr(text, ',') ? "a number (a decimal point is expected)" : "a number");
        TRY(check_range(row, text, value));
    }
    *(double *)field(out, row) = value;
    return OK;
}

int option_bool(const char *text)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1", NULL};
    int place = 0;
    while (words[place] && strcasecmp(words[place], text) != 0) place++;
    return words[place] ? place % 2 : -1;
}

static Status set_bool(void *out, const Option *row, const char *text)
{
    const int value = option_bool(text);
    if (value < 0) return is_not(row, text, "true or false");
    *(bool *)field(out, row) = value == 1;
    return OK;
}

static Status set_choice(void *out, const Option *row, const char *text)
{
    char words[OPTION_WORDS_ROOM];
    const int place = option_word(row->choices, text);
    if (place < 0) return fail(ERR_CONFIG, "'%.60s' is not %s", text, words_text(words, row->choices));
    *(int *)field(out, row) = place;
    return OK;
}

/* 1000, 64KB, 1.5 GB: the number and the power of 1000 (or 1024 with an i) its unit stands for. */
static bool read_bytes(double *out, const char *text)
{
    static const char prefixes[] = "kmgt";
    char number[32];
    const size_t n = strspn(text, "0123456789.");
    if (n >= sizeof number) return false;
    snprintf(number, sizeof number, "%.*s", (int)n, text);
    if (!number_read(out, number)) return false;
    text += n + strspn(text + n, " ");
    const char *prefix = *text ? strchr(prefixes, *text | 0x20) : NULL;
    if (!prefix) return !*text || strcasecmp(text, "b") == 0;
    const bool binary = (text[1] | 0x20) == 'i';
    *out *= pow(binary ? 1024 : 1000, (double)(prefix - prefixes + 1));
    return strcasecmp(text + 1 + binary, "b") == 0;
}

static Status set_bytes(void *out, const Option *row, const char *text)
{
    double bytes = -1;
    if (strcmp(text, "all") != 0) {
        if (!read_bytes(&bytes, text) || bytes > 9e18) return is_not(row, text, "all or a size such as 64KB or 1GB");
        TRY(check_range(row, text, bytes));
    }
    *(int64_t *)field(out, row) = (int64_t)bytes;
    return OK;
}

static Status set_text(void *out, const Option *row, const char *text)
{
    *(const char **)field(out, row) = text;
    return OK;
}

/* ---- lists ---- */

/* The values of a list; those of a flag, "a,b" or "[a, b]", are cut apart. One block of memory holds all. */
static Status list_texts(const char ***text, int *n, const OptionValue *value)
{
    const char *flag = value->flag ? value->text[0] : "";
    size_t n_byte = strlen(flag) + 1, n_text = value->flag ? n_byte : (size_t)value->n;
    *text = malloc((n_text + 1) * sizeof **text + n_byte);
    if (!*text) return fail(ERR_MEMORY, "no memory for a list of %zu values", n_text);
    *n = value->flag ? 0 : value->n;
    for (int i = 0; i < *n; i++) (*text)[i] = value->text[i];
    if (!value->flag) return OK;

    char *copy = memcpy((char *)(*text + n_text + 1), flag, n_byte);
    const size_t length = strlen(copy);
    if (length > 1 && copy[0] == '[' && copy[length - 1] == ']') {
        copy[length - 1] = 0;
        copy++;
    }
    while (copy && *copy) {
        copy += strspn(copy, " ");
        (*text)[(*n)++] = strsep(&copy, ",");
    }
    return OK;
}

static Status set_texts(void *out, const Option *row, const OptionValue *value, void **owned)
{
    OptionTexts list;
    TRY(list_texts(&list.text, &list.n, value));
    *owned = list.text;
    *(OptionTexts *)field(out, row) = list;
    return OK;
}

static Status set_numbers(void *out, const Option *row, const OptionValue *value, void **owned)
{
    const char **text;
    int n;
    TRY(list_texts(&text, &n, value));
    Status status = OK;
    double *number = malloc(((size_t)n + 1) * sizeof *number);
    if (!number) TRY_DONE(fail(ERR_MEMORY, "no memory for a list of %d numbers", n));
    *owned = number;
    for (int i = 0; i < n; i++) {
        if (!number_read(&number[i], text[i])) TRY_DONE(is_not(row, text[i], "a number"));
        TRY_DONE(check_range(row, text[i], number[i]));
    }
    *(OptionNumbers *)field(out, row) = (OptionNumbers){.n = n, .number = number};
done:
    free(text);
    return status;
}

/* ---- a row ---- */

static bool is_path(const Option *row)
{
    return option_word("FILE RUN OUT OUT.h5", row->unit) >= 0;
}

static Status set_path(void *out, const Option *row, const char *text, void **owned)
{
    char *expanded;
    TRY(path_expand_home(&expanded, text));
    *owned = expanded;
    return set_text(out, row, expanded ? expanded : text);
}

typedef Status SetOne(void *out, const Option *row, const char *text);

static const struct {
    const char *type, *what; /* in help: the kind, and what stands for a value */
    SetOne *set;             /* NULL: a list */
} kinds[] = {[OPTION_INT] = {"integer", "N", set_int},         [OPTION_SEED] = {"integer", "N", set_seed},
             [OPTION_NUMBER] = {"number", "X", set_number},    [OPTION_BOOL] = {"boolean", "true|false", set_bool},
             [OPTION_TEXT] = {"text", "TEXT", set_text},       [OPTION_CHOICE] = {"choice", "", set_choice},
             [OPTION_BYTES] = {"size", "SIZE", set_bytes},     [OPTION_TEXTS] = {"list of texts", "TEXT", NULL},
             [OPTION_NUMBERS] = {"list of numbers", "X", NULL}};

Status option_set(void *out, const Option *row, const OptionValue *value, void **owned)
{
    *owned = NULL;
    if (option_is_list(row)) {
        const bool word = !value->list && !value->null && option_word(row->choices, value->text[0]) >= 0;
        if (!value->list && !value->flag && !word)
            return fail(ERR_CONFIG, "takes a list: [%.60s]", value->null ? "" : value->text[0]);
        return (row->kind == OPTION_TEXTS ? set_texts : set_numbers)(out, row, value, owned);
    }
    if (value->list) return fail(ERR_CONFIG, "takes one value, not a list");
    if (value->null && option_word(row->choices, "null") < 0) {
        if (row->kind != OPTION_TEXT || strcmp(row->standard, "null") != 0)
            return fail(ERR_CONFIG, "needs a value: %s", row->help);
        return set_text(out, row, NULL);
    }
    if (row->kind == OPTION_TEXT && !value->null && is_path(row)) return set_path(out, row, value->text[0], owned);
    return kinds[row->kind].set(out, row, value->null ? "null" : value->text[0]);
}

int option_count(const void *in, const Option *row)
{
    if (row->kind == OPTION_TEXTS) return ((const OptionTexts *)field_of(in, row))->n;
    if (row->kind == OPTION_NUMBERS) return ((const OptionNumbers *)field_of(in, row))->n;
    return 1;
}

const char *option_text(char buffer[OPTION_ROOM], const void *in, const Option *row, int i)
{
    const void *at = field_of(in, row);
    const bool words = has_words(row);
    switch (row->kind) {
    case OPTION_INT:
        if (words && *(const int *)at == 0) return word_at(buffer, row->choices, 0);
        snprintf(buffer, OPTION_ROOM, "%d", *(const int *)at);
        return buffer;
    case OPTION_SEED:
        snprintf(buffer, OPTION_ROOM, "%llu", *(const unsigned long long *)at);
        return buffer;
    case OPTION_NUMBER:
        if (words && isnan(*(const double *)at)) return word_at(buffer, row->choices, 0);
        return number_text(buffer, *(const double *)at);
    case OPTION_BOOL:
        return *(const bool *)at ? "true" : "false";
    case OPTION_TEXT:
        return *(const char *const *)at;
    case OPTION_CHOICE:
        return word_at(buffer, row->choices, *(const int *)at);
    case OPTION_BYTES:
        if (*(const int64_t *)at < 0) return "all";
        snprintf(buffer, OPTION_ROOM, "%lld", (long long)*(const int64_t *)at);
        return buffer;
    case OPTION_TEXTS:
        return ((const OptionTexts *)at)->text[i];
    case OPTION_NUMBERS:
        return number_text(buffer, ((const OptionNumbers *)at)->number[i]);
    }
    assert(!"a kind of option");
    return NULL;
}

/* ---- help ---- */

const char *option_type(const Option *row)
{
    return kinds[row->kind].type;
}

const char *option_value_name(char buffer[OPTION_WORDS_ROOM], const Option *row)
{
    const bool text = row->kind == OPTION_TEXT || row->kind == OPTION_TEXTS;
    if (row->kind != OPTION_CHOICE) {
        snprintf(buffer, OPTION_WORDS_ROOM, "%s", text && *row->unit ? row->unit : kinds[row->kind].what);
        return buffer;
    }
    snprintf(buffer, OPTION_WORDS_ROOM, "%s", row->choices);
    for (char *blank = buffer; (blank = strchr(blank, ' '));) *blank = '|';
    return buffer;
}

const char *option_values(char buffer[2 * OPTION_WORDS_ROOM], const Option *row)
{
    char words[OPTION_WORDS_ROOM], range[RANGE_ROOM], unit[RANGE_ROOM] = "";
    const size_t room = 2 * OPTION_WORDS_ROOM;
    if (row->kind == OPTION_BOOL) return "true or false";
    if (row->kind == OPTION_CHOICE) return words_text(buffer, row->choices);
    if (row->kind == OPTION_BYTES) return "all, or a size such as 64KB or 1GB";
    if (*row->unit) snprintf(unit, sizeof unit, row->kind == OPTION_TEXT ? ", %s" : " (%s)", row->unit);
    snprintf(buffer, room, "%s%s%s%s%s", option_type(row), option_has_range(row) ? " from " : "",
             option_has_range(row) ? range_text(range, row) : unit, has_words(row) ? ", or " : "",
             has_words(row) ? words_text(words, row->choices) : "");
    return buffer;
}
