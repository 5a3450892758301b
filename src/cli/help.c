/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 80
#define LEFT    26 /* width of the names in a table of options */
#define ROOM    1600

/* ---- layout ---- */

/* Columns that the first n bytes take: UTF-8 characters. */
static size_t width_of(const char *text, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n; i++) width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

/* Writes words from column `at` on; later lines begin at column `indent`. */
static void wrap(FILE *out, size_t at, size_t indent, const char *text)
{
    bool first = true;
    while (*text) {
        const size_t n = strcspn(text, " "), width = width_of(text, n);
        if (!first && at + 1 + width > COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)n, text);
        at += width + !first;
        first = false;
        text += n + strspn(text + n, " ");
    }
    fputc('\n', out);
}

void help_entry(FILE *out, const char *left, const char *text)
{
    size_t n = width_of(left, strlen(left)) + 2;
    fprintf(out, "  %s", left);
    if (n > LEFT) {
        fputc('\n', out);
        n = 0;
    }
    fprintf(out, "%*s", (int)(LEFT + 2 - n), "");
    wrap(out, LEFT + 2, LEFT + 2, text);
}

/* ---- options ---- */

typedef struct {
    FILE *out;
    bool brief; /* without types, ranges and units */
} Page;

static bool is_number(const Option *row)
{
    return row->kind == OPTION_INT || row->kind == OPTION_NUMBER || row->kind == OPTION_NUMBERS;
}

/* "required", "default 5"; "" where there is nothing to tell. */
static const char *default_text(char buffer[ROOM], const Option *row)
{
    static const char *const nothing[] = {"null", "[]"};
    if (!row->standard) return "required";
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (row->kind == OPTION_BOOL || strcmp(row->standard, nothing[i]) == 0) return "";
    snprintf(buffer, ROOM, "default %s", row->standard);
    return buffer;
}

/* " (default 5; integer from 2 to 9 folds; repeatable)" */
static const char *facts(char out[ROOM], const Option *row, bool repeatable, bool brief)
{
    char words[ROOM], values[2 * OPTION_WORDS_ROOM];
    const bool told = !brief && (option_has_range(row) || (*row->unit && is_number(row)));
    const char *const part[] = {default_text(words, row), told ? option_values(values, row) : "",
                                repeatable ? "repeatable" : ""};
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (*part[i] && n < ROOM) n += (size_t)snprintf(out + n, ROOM - n, "%s%s", n ? "; " : " (", part[i]);
    if (n > 0 && n + 1 < ROOM) strcpy(out + n, ")");
    return out;
}

/* --name=VALUE   help (default …); shown: the help, if not the row's. */
static void print_option(const Page *page, const char *name, const Option *row, const char *shown, bool own)
{
    char left[2 * OPTION_WORDS_ROOM], value[OPTION_WORDS_ROOM], text[2 * ROOM], more[ROOM];
    const bool one = !name[1], is_switch = own && row->kind == OPTION_BOOL;
    const char *between = one ? " " : "=";
    option_value_name(value, row);
    snprintf(left, sizeof left, "%s%s%s%s", one ? "-" : "--", name, is_switch ? "" : between, is_switch ? "" : value);
    snprintf(text, sizeof text, "%s%s", shown ? shown : row->help,
             facts(more, row, own && option_is_list(row), page->brief));
    help_entry(page->out, left, text);
}

static void print_rows(const Page *page, const char *title, const Option *rows)
{
    fprintf(page->out, "\n%s:\n", title ? title : "Options");
    for (const Option *row = rows; row->name; row++) print_option(page, row->name, row, NULL, true);
}

/* ---- settings as options ---- */

typedef struct {
    const Page *page;
    const char *name, *path, *help; /* of the option; help: NULL: that of the row */
    bool found;
} KeySearch;

static void print_if_found(void *context, const SectionKey *key)
{
    KeySearch *s = context;
    if (s->found || strcmp(key->path, s->path) != 0) return;
    Option row = *key->row;
    if (s->help && !row.standard) row.standard = "null"; /* a short name need not be given */
    print_option(s->page, s->name, &row, s->help, false);
    s->found = true;
}

static bool print_setting(const Page *page, const Section *table, const ShortName *names, const char *name)
{
    KeySearch s = {.page = page, .name = name, .path = section_long_name(names, name)};
    for (const ShortName *n = names; n && n->name; n++)
        if (strcmp(n->name, name) == 0) s.help = n->help;
    if (table) section_walk(table, print_if_found, &s);
    return s.found;
}

static void print_short_names(const Page *page, const Command *command)
{
    if (!command->short_names) return;
    fprintf(page->out, "\nShort names of settings:\n");
    for (const ShortName *n = command->short_names; n->name; n++)
        print_setting(page, command->table, command->short_names, n->name);
}

void help_key(void *context, const SectionKey *key)
{
    FILE *out = context;
    char values[2 * OPTION_WORDS_ROOM];
    const Option *row = key->row;
    fprintf(out, "  %s: %s\n      ", key->path, row->standard ? row->standard : "(must be given)");
    wrap(out, 6, 6, row->help);
    fprintf(out, "      (");
    char text[ROOM];
    snprintf(text, sizeof text, "%s%s%s%s%s)", option_values(values, row), key->kind ? "; only with " : "",
             key->kind ? key->key : "", key->kind ? ": " : "", key->kind ? key->kind : "");
    wrap(out, 7, 7, text);
}

/* ---- commands ---- */

static void print_head(FILE *out, const Command *command)
{
    fprintf(out, "hopsack %s: %s\n\nUsage: ", command->name, command->line);
    char usage[ROOM];
    snprintf(usage, sizeof usage, "hopsack %s %s", command->name, command->usage);
    wrap(out, 7, 11, usage);
    if (command->example) fprintf(out, "\nExample:\n");
    for (const char *line = command->example; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        fprintf(out, "  %.*s\n", (int)strcspn(line, "\n"), line);
}

/* A line of `about` is a paragraph. */
static void print_about(FILE *out, const char *about)
{
    if (about) fputc('\n', out);
    for (; about && *about; about += strcspn(about, "\n"), about += *about == '\n') {
        char line[ROOM];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(about, "\n"), about);
        wrap(out, 0, 0, line);
    }
}

static const Option *find(const Option *rows, const char *name)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0) return rows;
    return NULL;
}

static void print_common(const Page *page, const Command *command, const char *name)
{
    const Option *row = NULL;
    for (const OptionGroup *g = command->groups; g->rows && !row; g++) row = find(g->rows, name);
    if (!row) row = find(cli_everywhere, name);
    if (row)
        print_option(page, name, row, NULL, true);
    else
        print_setting(page, command->table, command->short_names, name);
}

void help_short(FILE *out, const Command *command)
{
    const Page page = {.out = out, .brief = true};
    print_head(out, command);
    if (command->common) fprintf(out, "\nOptions:\n");
    for (const char *word = command->common; word && *word; word += strspn(word, " ")) {
        char name[OPTION_ROOM];
        const size_t n = strcspn(word, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, word);
        print_common(&page, command, name);
        word += n;
    }
    fprintf(out, "\nEvery option: hopsack help %s%s\n", command->name,
            command->table ? ". Settings: hopsack help config [SECTION]" : "");
}

void help_full(FILE *out, const Command *command)
{
    const Page page = {.out = out};
    print_head(out, command);
    print_about(out, command->about);
    for (const OptionGroup *g = command->groups; g->rows; g++) print_rows(&page, g->title, g->rows);
    print_short_names(&page, command);
    print_rows(&page, "Options of every command", cli_everywhere);
    if (command->more) command->more(out);
    if (!command->table) return;
    fprintf(out, "\nSettings with defaults, keys of CONFIG or options (--SECTION.KEY=VALUE):\n");
    section_walk(command->table, help_key, out);
}

void help_overview(FILE *out)
{
    fprintf(out, "hopsack - multiple-instance learning on bags of sequences or feature vectors\n"
                 "Usage: hopsack COMMAND [CONFIG] [DATA] [--option=VALUE ...], such as\n"
                 "  hopsack simulate -o cohort.h5\n"
                 "  hopsack study cohort.h5 --target=status -o study\n");
    for (const Command *const *c = commands; *c; c++) fprintf(out, "  %-10s %s\n", (*c)->name, (*c)->line);
    fprintf(out, "Exit codes: 0 success, 1 internal error, 2 usage or setting, 3 malformed data,\n"
                 "4 unsuitable model, 5 diverged, 6 read, write, memory error, 130 or 143 signal.\n"
                 "Options: hopsack COMMAND --help; all: hopsack help COMMAND, hopsack help config.\n");
}
