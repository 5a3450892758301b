/* SPDX-License-Identifier: MIT
 *
 * `hopsack help`: the commands, the options of one, or settings, of which a section or a key may be named.
 */
#include "cli/help.h"
#include "cli/print.h"
#include "core/nearest.h"
#include "run/config.h"

#include <stdlib.h>
#include <string.h>

static const Section *const tables[] = {config_sections, config_simulator, NULL};

static void walk_all(SectionVisit *visit, void *context)
{
    for (const Section *const *table = tables; *table; table++) section_walk(*table, visit, context);
}

/* ---- which settings ---- */

typedef struct {
    const char *wanted; /* a section or a key; NULL: all */
    FILE *out;
    json_t *list; /* as JSON; NULL: as text */
    char section[NEAREST_ROOM], kind[NEAREST_ROOM];
    int n;
    bool lost; /* memory ran out for the list */
} Listing;

static bool inside(const char *path, const char *block)
{
    const size_t n = strlen(block);
    return strncmp(path, block, n) == 0 && (path[n] == '.' || !path[n]);
}

static bool is_wanted(const Listing *l, const SectionKey *key)
{
    return !l->wanted || inside(key->path, l->wanted) || strcmp(key->section, l->wanted) == 0;
}

static void offer_section(void *context, const SectionKey *key)
{
    Nearest *near = context;
    nearest_offer(near, key->path, key->path);
    if (*key->section) nearest_offer(near, key->section, key->section);
}

static Status unknown_section(const char *name)
{
    Nearest near;
    char names[NEAREST_MOST * NEAREST_ROOM];
    nearest_start(&near, name, nearest_limit(name));
    walk_all(offer_section, &near);
    if (near.n > 0)
        return fail(ERR_USAGE, "no section or setting '%s': did you mean %s?", name,
                    nearest_text(names, sizeof names, &near));
    return fail(ERR_USAGE, "no section or setting '%s'; hopsack help config lists all", name);
}

/* ---- as text ---- */

/* A blank line between sections and before the settings of one kind. */
static void print_key(void *context, const SectionKey *key)
{
    Listing *l = context;
    const char *kind = key->kind ? key->kind : "";
    if (!is_wanted(l, key)) return;
    if (l->n > 0 && (strcmp(l->section, key->section) != 0 || strcmp(l->kind, kind) != 0)) fputc('\n', l->out);
    snprintf(l->section, sizeof l->section, "%s", key->section);
    snprintf(l->kind, sizeof l->kind, "%s", kind);
    help_key(l->out, key);
    l->n++;
}

static Status print_text(const char *wanted)
{
    Listing l = {.wanted = wanted, .out = stdout};
    if (!wanted)
        printf("Settings of a config file, each also an option: --train.lr=0.001. A setting is\n"
               "followed by its default. Entries of the list tasks are numbered from 0.\n\n");
    walk_all(print_key, &l);
    return l.n > 0 ? OK : unknown_section(wanted);
}

/* ---- as JSON ---- */

static json_t *words_json(const char *words)
{
    json_t *list = words && *words ? json_array() : json_null();
    for (; words && *words; words += strspn(words, " ")) {
        const size_t n = strcspn(words, " ");
        if (json_array_append_new(list, json_stringn(words, n)) != 0) {
            json_decref(list);
            return NULL;
        }
        words += n;
    }
    return list;
}

static json_t *range_json(const Option *row)
{
    return option_has_range(row) ? json_pack("[f, f]", row->least, row->most) : json_null();
}

/* Default as a flag would give it; null without a default. */
static json_t *default_json(const Option *row)
{
    if (!row->standard || strcmp(row->standard, "null") == 0) return json_null();
    if (row->kind == OPTION_BOOL) return json_boolean(strcmp(row->standard, "true") == 0);
    char *end;
    const double number = strtod(row->standard, &end);
    if (row->kind == OPTION_INT && !*end) return json_integer((json_int_t)number);
    if (row->kind == OPTION_NUMBER && !*end) return json_real(number);
    return json_string(row->standard);
}

static void list_key(void *context, const SectionKey *key)
{
    Listing *l = context;
    const Option *row = key->row;
    if (!is_wanted(l, key)) return;
    json_t *only = key->kind ? json_pack("{s:s}", key->key, key->kind) : json_null();
    json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:b, s:s, s:s, s:o, s:o, s:o}", "key", key->path, "section",
                          key->section, "type", option_type(row), "default", default_json(row), "required",
                          !row->standard, "unit", row->unit, "help", row->help, "range", range_json(row), "choices",
                          words_json(row->choices), "only_with", only);
    l->lost |= json_array_append_new(l->list, o) != 0;
    l->n++;
}

static Status print_list(const char *wanted)
{
    Listing l = {.wanted = wanted, .list = json_array()};
    walk_all(list_key, &l);
    if (l.lost) TRY(fail(ERR_MEMORY, "no memory for the list of settings"));
    if (l.n > 0) return print_json(json_pack("{s:o}", "settings", l.list));
    json_decref(l.list);
    return unknown_section(wanted);
}

/* ---- the command ---- */

static Status unknown_topic(const char *topic)
{
    const char *names[64] = {"config"};
    int n = 1;
    for (const Command *const *c = commands; *c && n < 63; c++) names[n++] = (*c)->name;
    const char *near = nearest_name(topic, names);
    return fail(ERR_USAGE, "no help on '%s'; topics are the commands and config%s%s%s", topic,
                near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

static Status run(Cli *cli)
{
    const char *topic = cli->n_word > 0 ? cli->word[0] : NULL, *section = cli->n_word > 1 ? cli->word[1] : NULL;
    if (topic && strcmp(topic, "config") == 0) return (cli->json ? print_list : print_text)(section);
    if (section) return fail(ERR_USAGE, "%s: only help config takes a second word, a section", section);
    if (cli->json) return fail(ERR_USAGE, "--json goes with help config");
    if (!topic) {
        help_overview(stdout);
        return OK;
    }
    const Command *command = cli_command(topic);
    if (!command) return unknown_topic(topic);
    help_full(stdout, command);
    return OK;
}

const Command command_help = {
    .name = "help",
    .line = "list commands, all options of a command, or settings",
    .usage = "[COMMAND | config [SECTION] [--json]]",
    .example = "hopsack help train\nhopsack help config model.pooling\nhopsack help config train.lr --json",
    .about = "A SECTION is the beginning of the names of settings: data, tasks, splits, model, model.embedder, "
             "model.pooling, model.selection, model.output, train, crossval, simulate; or one setting.",
    .common = "json",
    .max_words = 2,
    .run = run,
};
