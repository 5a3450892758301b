/* SPDX-License-Identifier: MIT */
#include "cli/habits.h"
#include "core/file.h"

#include <ctype.h>
#include <string.h>

/* ---- characters ---- */

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Bytes of the dash other than '-' with which `text` begins: hyphens, en dash, em dash, bar, minus sign. */
static size_t typographic_dash(const char *text)
{
    static const char *const dashes[] = {"‐", "‑", "‒", "–", "—", "―", "−"};
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (begins_with(text, dashes[i])) return strlen(dashes[i]);
    return 0;
}

/* The first typographic quote in front of `text` or at its end; NULL: none. */
static const char *typographic_quote(const char *text)
{
    static const char *const quotes[] = {"“", "”", "„", "‘", "’", "‚", "«", "»"};
    const size_t n = strlen(text);
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        const size_t width = strlen(quotes[i]);
        if (n >= width && (begins_with(text, quotes[i]) || strcmp(text + n - width, quotes[i]) == 0))
            return quotes[i];
    }
    return NULL;
}

/* ---- words and values ---- */

/* A script that was saved on Windows: its last word of each line has one. */
static Status check_line_end(const char *word)
{
    const size_t n = strlen(word);
    if (n == 0 || word[n - 1] != '\r') return OK;
    return fail(ERR_USAGE, "'%.*s' ends with a carriage return; save the script with line ends of Unix (dos2unix)",
                (int)n - 1, word);
}

Status habits_word(const char *word)
{
    TRY(check_line_end(word));
    const char *rest = word;
    while (*rest == '-' || typographic_dash(rest)) rest += *rest == '-' ? 1 : typographic_dash(rest);
    const char *quote = typographic_quote(word);
    const bool dash = rest > word && *rest && typographic_dash(word);
    if ((!dash && !quote && word[0] != '=') || file_exists(word)) return OK;
    if (dash)
        return fail(ERR_USAGE, "'%s' begins with a typographic dash; a flag begins with plain ones: %s%s", word,
                    rest[1] && rest[1] != ' ' ? "--" : "-", rest);
    if (quote)
        return fail(ERR_USAGE, "'%s': the typographic quote %s is a letter to the shell; type \" or '", word, quote);
    return fail(ERR_USAGE, "'%s': write a flag as --NAME=VALUE, without blanks around '='", word);
}

Status habits_value(const char *flag, const char *value, bool next)
{
    const char *quote = typographic_quote(value);
    TRY(check_line_end(value));
    if (quote)
        return fail(ERR_USAGE, "%s=%s: the typographic quote %s is part of the value here; type \" or '", flag, value,
                    quote);
    if (!next) return OK;
    if (value[0] == '=') return fail(ERR_USAGE, "%s %s: write %s=VALUE without blanks around '='", flag, value, flag);
    if (!begins_with(value, "--") || !value[2]) return OK;
    return fail(ERR_USAGE, "%s needs a value, and %s follows; write %s=VALUE", flag, value, flag);
}

/* ---- names ---- */

static bool has_row(const Option *rows, const char *name)
{
    for (; rows && rows->name; rows++)
        if (strcmp(rows->name, name) == 0) return true;
    return false;
}

/* Options and short names; keys of the config where they have a dot. */
static bool knows(const Command *command, const char *name)
{
    for (const OptionGroup *g = command->groups; g->rows; g++)
        if (has_row(g->rows, name)) return true;
    if (section_long_name(command->short_names, name) != name || has_row(cli_everywhere, name)) return true;
    return command->table && strchr(name, '.');
}

/* Names of other programs; case and _ or - do not matter. The same thing: taken as ours. */
static const char *const same[][2] = {{"output", "o"}, {"out", "o"},     {"outfile", "o"},    {"output-file", "o"},
                                      {"outdir", "o"}, {"out-dir", "o"}, {"output-dir", "o"}, {"out-file", "o"}};

/* What is most likely meant: offered. */
static const char *const near[][2] = {{"j", "threads"},
                                      {"t", "threads"},
                                      {"p", "threads"},
                                      {"jobs", "threads"},
                                      {"n-jobs", "threads"},
                                      {"n-threads", "threads"},
                                      {"num-threads", "threads"},
                                      {"cpus", "threads"},
                                      {"cores", "threads"},
                                      {"workers", "threads"},
                                      {"num-workers", "threads"},
                                      {"q", "quiet"},
                                      {"silent", "quiet"},
                                      {"v", "verbose"},
                                      {"debug", "verbose"},
                                      {"f", "force"},
                                      {"y", "force"},
                                      {"overwrite", "force"},
                                      {"n", "dry-run"},
                                      {"s", "seed"},
                                      {"random-seed", "seed"},
                                      {"random-state", "seed"},
                                      {"continue", "resume"},
                                      {"restart", "resume"},
                                      {"label", "target"},
                                      {"labels", "target"},
                                      {"outcome", "target"},
                                      {"label-column", "target"},
                                      {"target-column", "target"},
                                      {"pos-label", "positive"},
                                      {"groups", "group"},
                                      {"m", "metadata"},
                                      {"meta", "metadata"},
                                      {"sample-sheet", "metadata"},
                                      {"samplesheet", "metadata"},
                                      {"i", "data.path"},
                                      {"input", "data.path"},
                                      {"data", "data.path"},
                                      {"dataset", "data.path"},
                                      {"k", "splits.n_fold"},
                                      {"cv", "splits.n_fold"},
                                      {"folds", "splits.n_fold"},
                                      {"n-folds", "splits.n_fold"},
                                      {"n-splits", "splits.n_fold"},
                                      {"learning-rate", "train.lr"},
                                      {"batch-size", "train.batch"},
                                      {"n-epochs", "train.epochs"},
                                      {"num-epochs", "train.epochs"}};

static bool is_named(const char *name, const char *plain)
{
    for (; *name && *plain; name++, plain++)
        if (tolower((unsigned char)*name) != *plain && !(*name == '_' && *plain == '-')) return false;
    return !*name && !*plain;
}

static const char *translated(const Command *command, const char *name, const char *const table[][2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_named(name, table[i][0]) && knows(command, table[i][1])) return table[i][1];
    return NULL;
}

const char *habits_name(const Command *command, const char *name)
{
    const char *ours = knows(command, name) ? name : translated(command, name, same, sizeof same / sizeof *same);
    return ours ? ours : name;
}

const char *habits_meant(const Command *command, const char *name)
{
    return translated(command, name, near, sizeof near / sizeof *near);
}

Status habits_one_dash(const Command *command, const char *word)
{
    char name[64];
    const size_t n = strcspn(word + 1, "=");
    if (word[1] == '-' || n < 2 || n >= sizeof name) return OK;
    memcpy(name, word + 1, n);
    name[n] = 0;
    if (!knows(command, name) && strcmp(habits_name(command, name), name) == 0) return OK;
    return fail(ERR_USAGE, "%s: a flag of several letters begins with two dashes: -%s", word, word);
}
