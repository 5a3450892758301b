/* SPDX-License-Identifier: MIT
 *
 * section.c: the walks over a table of sections. Each sees a section as blocks: the section itself, or the entries
 * of its list.
 */
#include "core/section.h"
#include "core/yaml.h"
#include "core/yamlout.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_ROOM 256

static const Option none[] = {{0}};

static const Option *rows_or_none(const Option *rows)
{
    return rows ? rows : none;
}

static const char *key_of(const Family *family)
{
    return family->key ? family->key : "kind";
}

/* The row of the key `kind`. words: room for its choices. */
static Option kind_row(char words[WORDS_ROOM], const Section *section)
{
    const Family *family = section->family;
    Member member;
    size_t n = 0;
    words[0] = 0;
    for (int i = 0; n < WORDS_ROOM && family->member(&member, i); i++)
        n += (size_t)snprintf(words + n, WORDS_ROOM - n, "%s%s", i ? " " : "", member.name);
    return (Option){.name = key_of(family),
                    .kind = OPTION_CHOICE,
                    .at = section->kind_at,
                    .standard = family->standard,
                    .choices = words,
                    .unit = "",
                    .help = family->help};
}

/* The kind by default of a block that has kinds; NULL if it has none. */
static const char *standard_kind(const Section *section)
{
    if (section->family) return section->family->standard;
    for (const Option *row = rows_or_none(section->rows); row->name; row++)
        if (strcmp(row->name, "kind") == 0) return row->standard;
    return NULL;
}

static void join(char out[SETTINGS_KEY_ROOM], const char *path, const char *name)
{
    snprintf(out, SETTINGS_KEY_ROOM, "%s%s%s", path, *path ? "." : "", name);
}

/* ---- binding ---- */

static Status bind_row(const Option *row, void *base, const char *block, Settings *s)
{
    char path[SETTINGS_KEY_ROOM];
    const OptionValue *given;
    join(path, block, row->name);
    TRY(settings_apply(&given, s, path, row->standard ? NULL : row->help));
    if (!row->standard && (!given || given->null)) return OK; /* settings_finish tells */

    const OptionValue standard = {
        .flag = true, .null = row->standard && strcmp(row->standard, "null") == 0, .n = 1, .text = &row->standard};
    void *owned;
    const Status status = option_set(base, row, given ? given : &standard, &owned);
    TRY(settings_keep(s, owned));
    return status == OK ? OK : settings_fail_at(status, s, path);
}

static Status bind_rows(const Option *rows, void *base, const char *block, Settings *s)
{
    for (const Option *row = rows_or_none(rows); row->name; row++) TRY(bind_row(row, base, block, s));
    return OK;
}

static Status bind_family(const Section *section, char *base, const char *block, Settings *s)
{
    char words[WORDS_ROOM], path[SETTINGS_KEY_ROOM];
    Member member;
    const Option row = kind_row(words, section);
    TRY(bind_row(&row, base, block, s));
    const int chosen = *(int *)(void *)(base + section->kind_at);
    for (int i = 0; section->family->member(&member, i); i++) {
        if (i == chosen) TRY(bind_rows(member.rows, base + section->options_at, block, s));
        for (const Option *other = rows_or_none(member.rows); i != chosen && other->name; other++) {
            join(path, block, other->name);
            TRY(settings_other_kind(s, path, row.name, member.name));
        }
    }
    return OK;
}

/* A later choice takes out what was said in the rows that depend on it. */
static void members_afresh(const Family *family, const char *block, Settings *s)
{
    Member member;
    for (int i = 0; family->member(&member, i); i++)
        for (const Option *row = rows_or_none(member.rows); row->name; row++) {
            char path[SETTINGS_KEY_ROOM];
            join(path, block, row->name);
            settings_afresh(s, block, family->key, family->standard, path);
        }
}

static Status bind_block(const Section *section, char *base, const char *block, Settings *s)
{
    const char *standard = standard_kind(section);
    if (section->family && section->family->key)
        members_afresh(section->family, block, s);
    else if (standard && !section->keeps)
        settings_afresh(s, block, "kind", standard, block);
    TRY(bind_rows(section->rows, base + section->at, block, s));
    return section->family ? bind_family(section, base, block, s) : OK;
}

static Status bind_entries(const Section *section, char *entries, int n, Settings *s)
{
    for (int i = 0; i < n; i++) {
        char block[SETTINGS_KEY_ROOM];
        snprintf(block, sizeof block, "%s.%d", section->path, i);
        TRY(bind_block(section, entries + (size_t)i * section->entry_size, block, s));
    }
    return OK;
}

static Status check_most(const Section *section, int n, const Settings *s)
{
    if (n <= section->most) return OK;
    return settings_fail(s, section->path, "%d entries are given; at most %d", n, section->most);
}

static Status bind_list(const Section *section, char *whole, Settings *s)
{
    int n;
    TRY(settings_list(&n, s, section->path));
    if (section->inside) TRY(check_most(section, n, s));
    *(int *)(void *)(whole + section->count_at) = n;
    if (section->inside) return bind_entries(section, whole + section->list_at, n, s);
    char *entries = calloc((size_t)n + 1, section->entry_size);
    if (!entries) return fail(ERR_MEMORY, "no memory for %d %s", n, section->path);
    TRY(settings_keep(s, entries));
    memcpy(whole + section->list_at, &entries, sizeof entries);
    return bind_entries(section, entries, n, s);
}

/* One block, or a list of a few. */
static bool is_few(const Section *section)
{
    return section->most && !section->inside;
}

static Status bind_few(const Section *section, char *whole, Settings *s)
{
    int n;
    TRY(settings_list_or_block(&n, s, section->path));
    *(int *)(void *)(whole + section->count_at) = n > 0 ? n : 1;
    if (n == 0) return bind_block(section, whole, section->path, s);
    TRY(check_most(section, n, s));
    return bind_entries(section, whole, n, s);
}

Status section_bind(const Section *table, void *whole, Settings *s)
{
    for (const Section *section = table; section->path; section++) {
        if (is_few(section))
            TRY(bind_few(section, whole, s));
        else if (section->entry_size)
            TRY(bind_list(section, whole, s));
        else
            TRY(bind_block(section, whole, section->path, s));
    }
    return OK;
}

/* ---- writing ---- */

static bool is_standard(const Option *row, const void *base)
{
    char buffer[OPTION_ROOM];
    if (option_is_list(row) && option_count(base, row) == 0) return strcmp(row->standard, "[]") == 0;
    const char *text = option_text(buffer, base, row, 0);
    return strcmp(text ? text : "null", row->standard) == 0;
}

static void write_row(YamlOut *out, const Option *row, const void *base)
{
    char buffer[OPTION_ROOM];
    yamlout_key(out, row->name);
    if (option_is_list(row)) yamlout_list(out, false);
    for (int i = 0; i < option_count(base, row); i++) {
        const char *text = option_text(buffer, base, row, i);
        const bool null = text && !option_is_list(row) && row->kind != OPTION_TEXT && yaml_is_null(text);
        yamlout_value(out, null ? NULL : text);
    }
    if (option_is_list(row)) yamlout_list_end(out);
}

static void write_rows(YamlOut *out, const Option *rows, const void *base)
{
    for (const Option *row = rows_or_none(rows); row->name; row++) write_row(out, row, base);
}

static void write_others(YamlOut *out, const Option *rows, const void *base)
{
    for (const Option *row = rows_or_none(rows); row->name; row++)
        if (!is_standard(row, base)) write_row(out, row, base);
}

/* Nothing of it would be written, its name neither: older versions can read the rest. */
static bool is_omitted(const Section *section, const char *whole, const char *here)
{
    if (section->inside) return *(const int *)(const void *)(whole + section->count_at) == 0;
    if (!section->omits || section->family || strcmp(here, section->path) == 0) return false;
    for (const Option *row = rows_or_none(section->rows); row->name; row++)
        if (!is_standard(row, whole + section->at)) return false;
    return true;
}

static void write_block(YamlOut *out, const Section *section, const char *base)
{
    char words[WORDS_ROOM];
    Member member;
    if (section->omits)
        write_others(out, section->rows, base + section->at);
    else
        write_rows(out, section->rows, base + section->at);
    if (!section->family) return;
    const Option row = kind_row(words, section);
    write_row(out, &row, base);
    if (section->family->member(&member, *(const int *)(const void *)(base + section->kind_at)))
        write_rows(out, member.rows, base + section->options_at);
}

static void write_list(YamlOut *out, const Section *section, const char *whole)
{
    const char *entries = whole;
    if (section->inside)
        entries = whole + section->list_at;
    else if (!section->most)
        memcpy(&entries, whole + section->list_at, sizeof entries);
    yamlout_list(out, true);
    for (int i = 0; i < *(const int *)(const void *)(whole + section->count_at); i++) {
        yamlout_block(out);
        write_block(out, section, entries + (size_t)i * section->entry_size);
        yamlout_block_end(out);
    }
    yamlout_list_end(out);
}

static bool is_list(const Section *section, const void *whole)
{
    if (!is_few(section)) return section->entry_size;
    return *(const int *)(const void *)((const char *)whole + section->count_at) > 1;
}

/* More rows of one block, where there is a list instead: nobody can have set them. */
static bool is_covered(const Section *table, const Section *section, const void *whole)
{
    if (section->most) return false;
    for (; table < section; table++)
        if (is_few(table) && strcmp(table->path, section->path) == 0 && is_list(table, whole)) return true;
    return false;
}

/* Bytes of the names with which both paths begin, the dot behind them not counted. */
static size_t shared_names(const char *a, const char *b)
{
    size_t shared = 0;
    for (size_t i = 0;; i++) {
        const bool ends_a = !a[i] || a[i] == '.', ends_b = !b[i] || b[i] == '.';
        if (ends_a && ends_b) shared = i;
        if (!a[i] || a[i] != b[i]) return shared;
    }
}

/* The names of a path behind its first `shared` bytes. */
static const char *rest_of(const char *path, size_t shared)
{
    return path + shared + (shared > 0 && path[shared] == '.');
}

/* Closes the blocks of `from` and opens those of `to` that they do not share. */
static void move(YamlOut *out, const char *from, const char *to)
{
    char name[SETTINGS_KEY_ROOM];
    const size_t shared = shared_names(from, to);
    for (const char *rest = rest_of(from, shared); *rest; rest += strcspn(rest, "."), rest += *rest == '.')
        yamlout_block_end(out);
    for (const char *rest = rest_of(to, shared); *rest;) {
        const size_t n = strcspn(rest, ".");
        snprintf(name, sizeof name, "%.*s", (int)n, rest);
        yamlout_key(out, name);
        yamlout_block(out);
        rest += n + (rest[n] == '.');
    }
}

Status section_write(char **text, const Section *table, const void *whole)
{
    YamlOut *out;
    char here[SETTINGS_KEY_ROOM] = "";
    *text = NULL;
    TRY(yamlout_open(&out));
    for (const Section *section = table; section->path; section++) {
        if (is_covered(table, section, whole)) continue;
        if (is_omitted(section, whole, here)) continue;
        const char *name = strrchr(section->path, '.');
        char there[SETTINGS_KEY_ROOM];
        const bool list = is_list(section, whole);
        snprintf(there, sizeof there, "%s", section->path);
        if (list) there[name ? name - section->path : 0] = 0;
        move(out, here, there);
        snprintf(here, sizeof here, "%s", there);
        if (list) {
            yamlout_key(out, name ? name + 1 : section->path);
            write_list(out, section, whole);
        } else {
            write_block(out, section, whole);
        }
    }
    move(out, here, "");
    return yamlout_close(text, out);
}

/* ---- asking about keys ---- */

typedef struct {
    SectionVisit *visit;
    void *context;
    SectionKey key; /* the one under way */
} RowWalk;

static void walk_rows(RowWalk *walk, const char *block, const Option *rows)
{
    char path[SETTINGS_KEY_ROOM];
    for (const Option *row = rows_or_none(rows); row->name; row++) {
        join(path, block, row->name);
        walk->key.path = path;
        walk->key.row = row;
        walk->visit(walk->context, &walk->key);
    }
}

static void walk_family(RowWalk *walk, const char *block, const Section *section)
{
    char words[WORDS_ROOM], key[SETTINGS_KEY_ROOM];
    Member member;
    const Option kind[] = {kind_row(words, section), {0}};
    join(key, block, kind->name);
    walk->key.chooses = true;
    walk_rows(walk, block, kind);
    walk->key.chooses = false;
    walk->key.key = key;
    for (int i = 0; section->family->member(&member, i); i++) {
        walk->key.kind = member.name;
        walk_rows(walk, block, member.rows);
    }
}

void section_walk(const Section *table, SectionVisit *visit, void *context)
{
    for (const Section *section = table; section->path; section++) {
        char block[SETTINGS_KEY_ROOM / 2];
        RowWalk walk = {.visit = visit, .context = context, .key = {.section = section->path}};
        snprintf(block, sizeof block, "%s%s", section->path, section->entry_size && !is_few(section) ? ".0" : "");
        walk_rows(&walk, block, section->rows);
        if (section->family) walk_family(&walk, block, section);
    }
}

const char *section_long_name(const ShortName *names, const char *name)
{
    for (; names && names->name; names++)
        if (strcmp(names->name, name) == 0) return names->path;
    return name;
}
