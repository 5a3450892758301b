/* SPDX-License-Identifier: MIT */
#include "run/trials.h"
#include "core/log.h"
#include "core/memtext.h"
#include "core/number.h"
#include "core/rng.h"
#include "run/configsearch.h"
#include "train/kmerstart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS_MOST 10000
#define DRAWS_MOST  1000 /* of a trial, until it differs from those before */

/* ---- the space ---- */

/* A key that varies: values, or a range. */
typedef struct {
    const char *key; /* of n_key bytes */
    int n_key;
    const char *values; /* "0.1|0.01"; NULL: a range */
    int n;              /* values */
    double min, max;
    bool log, integer;
} Axis;

typedef struct {
    Axis *axis;
    int n;
    const OptionTexts *text;
} Space;

static int key_length(const char *text)
{
    return (int)strcspn(text, "=");
}

/* What the space says of KEY.part; NULL: nothing. */
static const char *part_of(const Space *s, const char *key, int n_key, const char *part)
{
    const size_t n = (size_t)n_key, n_part = strlen(part);
    for (int i = 0; i < s->text->n; i++) {
        const char *t = s->text->text[i];
        if (strncmp(t, key, n) == 0 && strncmp(t + n, part, n_part) == 0 && t[n + n_part] == '=')
            return t + n + n_part + 1;
    }
    return NULL;
}

typedef struct {
    const char *key;
    int n_key;
    const Option *row;
} FindRow;

static void find_row(void *context, const SectionKey *key)
{
    FindRow *f = context;
    if (strlen(key->path) == (size_t)f->n_key && strncmp(key->path, f->key, (size_t)f->n_key) == 0) f->row = key->row;
}

static bool is_integer(const char *key, int n_key)
{
    FindRow f = {key, n_key, NULL};
    section_walk(config_sections, find_row, &f);
    return f.row && f.row->kind == OPTION_INT;
}

static Status read_range(Axis *a, const Config *c, const char *min, const char *max, const char *log)
{
    const int flag = log ? option_bool(log) : 0;
    const bool read = number_read(&a->min, min) && number_read(&a->max, max) && flag >= 0;
    a->values = NULL;
    a->log = flag > 0;
    a->integer = is_integer(a->key, a->n_key);
    if (read && a->min < a->max && (!a->log || a->min > 0)) return OK;
    return settings_fail(c->settings, "search.space",
                         "%.*s is drawn from min to max, two numbers with min below max (with log: true, above 0), "
                         "not from %.40s to %.40s",
                         a->n_key, a->key, min, max);
}

static int count_values(const char *values)
{
    int n = 1;
    for (; *values; values++) n += *values == '|';
    return n;
}

static bool ends_in(const char *text, int n, const char *end)
{
    const int n_end = (int)strlen(end);
    return n > n_end && strncmp(text + n - n_end, end, (size_t)n_end) == 0;
}

/* KEY.min, KEY.max and KEY.log are one axis, which stands at min. */
static Status add_axis(Space *s, const Config *c, const char *text)
{
    static const char *const part[] = {".min", ".max", ".log"};
    Axis a = {.key = text, .n_key = key_length(text)};
    if (!text[a.n_key]) return settings_fail(c->settings, "search.space", "'%.60s' is not KEY=VALUE|VALUE", text);
    a.values = text + a.n_key + 1;
    a.n = count_values(a.values);
    for (int k = 0; k < 3; k++) {
        const int n = a.n_key - 4;
        if (!ends_in(text, a.n_key, part[k])) continue;
        const char *min = part_of(s, text, n, ".min"), *max = part_of(s, text, n, ".max");
        if (!min || !max) break; /* a key of that name, as model.selection.min */
        if (k > 0) return OK;
        a.n_key = n;
        TRY(read_range(&a, c, min, max, part_of(s, text, n, ".log")));
    }
    s->axis[s->n++] = a;
    return OK;
}

static Status open_space(Space *s, const Config *c)
{
    *s = (Space){.text = &c->search.space};
    s->axis = calloc((size_t)c->search.space.n + 1, sizeof *s->axis);
    if (!s->axis) return fail(ERR_MEMORY, "no memory for the search");
    for (int i = 0; i < s->text->n; i++) TRY(add_axis(s, c, s->text->text[i]));
    return OK;
}

/* ---- texts of trials ---- */

static void write_choice(FILE *out, const Axis *a, int choice)
{
    const char *value = a->values;
    for (int i = 0; i < choice; i++) value = strchr(value, '|') + 1;
    fprintf(out, "%.*s=%.*s", a->n_key, a->key, (int)strcspn(value, "|"), value);
}

static void write_draw(FILE *out, const Axis *a, double u)
{
    if (a->integer) { /* each integer with the same probability; with log that of its interval */
        const double min = a->min - (a->log ? 0.5 : 0), max = a->max + (a->log ? 0.5 : 1);
        const double x = a->log ? rint(min * pow(max / min, u)) : floor(min + u * (max - min));
        fprintf(out, "%.*s=%.0f", a->n_key, a->key, fmin(fmax(x, a->min), a->max));
        return;
    }
    fprintf(out, "%.*s=%.6g", a->n_key, a->key,
            a->log ? a->min * pow(a->max / a->min, u) : a->min + u * (a->max - a->min));
}

typedef void WriteAxis(FILE *out, const Axis *a, void *context);

static char *write_trial(const Space *s, WriteAxis *write, void *context)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out) return NULL;
    for (int k = 0; k < s->n; k++) {
        if (k) fputs("; ", out);
        write(out, &s->axis[k], context);
    }
    return memtext_close(out, &text) ? text : NULL;
}

static Status add(Trials *t, char *text)
{
    if (!text) return fail(ERR_MEMORY, "no memory for %d trials", t->n + 1);
    t->trial[t->n++].text = text;
    return OK;
}

static Status reserve(Trials *t, int n)
{
    t->trial = calloc((size_t)n + 1, sizeof *t->trial);
    return t->trial ? OK : fail(ERR_MEMORY, "no memory for %d trials", n);
}

/* ---- grid ---- */

/* Digits of the trial's number, the first axis first. */
typedef struct {
    int rest, n; /* n: combinations of the axes from here on */
} GridPlace;

static void write_grid(FILE *out, const Axis *a, void *context)
{
    GridPlace *place = context;
    place->n /= a->n;
    write_choice(out, a, place->rest / place->n);
    place->rest %= place->n;
}

static Status make_grid(Trials *t, const Space *s)
{
    int n = 1;
    for (int k = 0; k < s->n; k++) {
        const Axis *a = &s->axis[k];
        if (!a->values)
            return settings_fail(
                t->of->settings, "search.space",
                "a grid takes lists of values, not min and max (%.*s); list them, or set search.kind "
                "random",
                a->n_key, a->key);
        if (n > TRIALS_MOST / a->n)
            return settings_fail(t->of->settings, "search.space",
                                 "the grid has more than %d trials; take fewer values, or search.kind random",
                                 TRIALS_MOST);
        n *= a->n;
    }
    TRY(reserve(t, n));
    for (int i = 0; i < n; i++) {
        GridPlace place = {i, n};
        TRY(add(t, write_trial(s, write_grid, &place)));
    }
    return OK;
}

/* ---- random ---- */

static void write_random(FILE *out, const Axis *a, void *rng)
{
    if (a->values)
        write_choice(out, a, (int)rng_below(rng, (uint64_t)a->n));
    else
        write_draw(out, a, rng_uniform(rng));
}

static bool is_new(const Trials *t, const char *text)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->trial[i].text, text) == 0) return false;
    return true;
}

static Status draw_trial(Trials *t, const Space *s)
{
    Rng rng = rng_stream(t->of->seed, "search", (uint64_t)t->n);
    for (int i = 0; i < DRAWS_MOST; i++) {
        char *text = write_trial(s, write_random, &rng);
        if (!text || is_new(t, text)) return add(t, text);
        free(text);
    }
    return settings_fail(t->of->settings, "search.trials",
                         "%d different trials were not found in search.space; take %d or fewer, or search.kind grid",
                         t->of->search.trials, t->n);
}

static Status make_random(Trials *t, const Space *s)
{
    TRY(reserve(t, t->of->search.trials));
    for (int i = 0; i < t->of->search.trials; i++) TRY(draw_trial(t, s));
    return OK;
}

/* ---- list ---- */

static Status make_list(Trials *t, const OptionTexts *list)
{
    TRY(reserve(t, list->n));
    for (int i = 0; i < list->n; i++) TRY(add(t, strdup(list->text[i])));
    return OK;
}

/* ---- configs ---- */

const char *trials_value(int *n, const char *text, const char *key)
{
    const size_t n_key = strlen(key);
    for (const char *at = text; at && *at; at = strstr(at, "; "), at = at ? at + 2 : NULL) {
        if (strncmp(at, key, n_key) != 0 || at[n_key] != '=') continue;
        const char *value = at + n_key + 1, *end = strstr(value, "; ");
        *n = (int)(end ? (size_t)(end - value) : strlen(value));
        return value;
    }
    return NULL;
}

bool trials_next(char *key, const char **at)
{
    if (!**at) return false;
    const char *end = strstr(*at, "; ");
    snprintf(key, SETTINGS_KEY_ROOM, "%.*s", key_length(*at), *at);
    *at = end ? end + 2 : *at + strlen(*at);
    return true;
}

static Status check_key(const Config *c, const char *key)
{
    const char *const where = c->search.kind == SEARCH_NONE   ? "crossval.members"
                              : c->search.kind == SEARCH_LIST ? "search.list"
                                                              : "search.space";
    if (strncmp(key, "model.", 6) == 0 || strncmp(key, "train.", 6) == 0) return OK;
    return settings_fail(c->settings, where,
                         "%.*s cannot vary: data, tasks, folds and the seed are the same for all; only keys of model "
                         "and train vary",
                         key_length(key), key);
}

/* The k-mers that kernels start from are chosen once for each training part. */
static Status check_kmers(const Config *trial, const Trials *t, int number)
{
    const Config *c = t->of;
    EmbedderStart own, of;
    if (!kmerstart_is_on(&own, &trial->model)) return OK;
    const bool same = kmerstart_is_on(&of, &c->model) && own.top == of.top && own.masks == of.masks &&
                      own.statistic == of.statistic && own.rounds == of.rounds && own.max_span == of.max_span &&
                      (own.min_z == of.min_z || (isnan(own.min_z) && isnan(of.min_z)));
    if (same) return OK;
    return fail(ERR_CONFIG,
                "%s %d would start from k-mers chosen in another way than the config's; the keys of "
                "model.embedder about them, and the length of its kernels, cannot vary",
                t->what, number);
}

static bool same_inputs(const InputOptions *a, const InputOptions *b)
{
    bool same = a->nuisance == b->nuisance && a->genes == b->genes && a->columns.n == b->columns.n;
    for (int k = 0; same && k < a->columns.n; k++) same = strcmp(a->columns.text[k], b->columns.text[k]) == 0;
    return same;
}

/* Bags are read once, as the config says. A trial's network may read less of them: no counts, no genes, none of the
 * numbers. */
static Status check_bags(const Config *trial, const Trials *t, int number)
{
    const Config *c = t->of;
    const char *key = NULL;
    const int weight = mil_count_weight(&trial->model);
    if (weight != 0 && weight != mil_count_weight(&c->model)) key = "model.pooling.count_weight";
    if (trial->model.gene_size > 0 && c->model.gene_size == 0) key = "model.embedder.genes";
    if (inputcolumns_on(&trial->inputs) && !same_inputs(&trial->inputs, &c->inputs)) key = "model.bag_inputs";
    if (!key) return OK;
    return fail(ERR_CONFIG,
                "%s %d has another %s than the config, which says what is read of the bags; it can only be turned "
                "off there: set it in the config, and leave it as it is or off",
                t->what, number, key);
}

/* Every "key=value" of the text as a flag; the text is cut up. */
static Status read_trial(Config *out, const Config *c, const char *base, char *text)
{
    const char *flag[256];
    int n = 0;
    for (char *at = text, *end; *at; at = end ? end + 2 : at + strlen(at)) {
        end = strstr(at, "; ");
        if (end) *end = 0;
        if (n == (int)(sizeof flag / sizeof *flag)) return fail(ERR_CONFIG, "it has more than %d settings", n);
        TRY(check_key(c, at));
        flag[n++] = at;
        if (!end) break;
    }
    return config_vary(out, base, "the config", flag, n);
}

static Status configure(Trials *t, int number, const char *base)
{
    Trial *trial = &t->trial[number];
    char *text = strdup(trial->text);
    if (!text) return fail(ERR_MEMORY, "no memory for %d trials", t->n);
    const Status status = read_trial(&trial->config, t->of, base, text);
    free(text);
    if (status != OK) return fail_at(status, "%s %d", t->what, number);
    trial->config.place = t->of->place;
    TRY(check_bags(&trial->config, t, number));
    return check_kmers(&trial->config, t, number);
}

/* FNV-1a of the whole config. */
static Status hash_config(uint64_t *hash, const Config *c)
{
    char *text;
    TRY(config_text(&text, c));
    *hash = 14695981039346656037u;
    for (const char *at = text; *at; at++) *hash = (*hash ^ (unsigned char)*at) * 1099511628211u;
    free(text);
    return OK;
}

/* Values as 0.1 and 1e-1, or a block that stands twice in a list. Both are trained, as the user has asked for. */
static Status find_same(Trials *t)
{
    Status status = OK;
    int n_same = 0, first = 0;
    uint64_t *hash = malloc(((size_t)t->n + 1) * sizeof *hash);
    if (!hash) return fail(ERR_MEMORY, "no memory for %d trials", t->n);
    for (int i = 0; i < t->n && status == OK; i++) {
        int k = 0;
        status = hash_config(&hash[i], &t->trial[i].config);
        while (k < i && hash[k] != hash[i]) k++;
        t->trial[i].same_as = k < i ? k : -1;
        if (k < i && n_same++ == 0) first = i;
    }
    free(hash);
    if (n_same > 0)
        log_warn("search: trial %d has the same settings as trial %d (%.200s), and both are trained%s", first,
                 t->trial[first].same_as, t->trial[first].text, n_same > 1 ? "; so have others" : "");
    return status;
}

static Status make(Trials *t, const Config *c)
{
    Space space = {0};
    char *base = NULL;
    Status status;
    TRY_DONE(config_text(&base, c));
    TRY_DONE(open_space(&space, c));
    status = c->search.kind == SEARCH_GRID     ? make_grid(t, &space)
             : c->search.kind == SEARCH_RANDOM ? make_random(t, &space)
                                               : make_list(t, &c->search.list);
    for (int i = 0; i < t->n && status == OK; i++) status = configure(t, i, base);
    if (status == OK) status = find_same(t);
done:
    free(space.axis);
    free(base);
    return status;
}

Status trials_new(Trials *out, const Config *config)
{
    *out = (Trials){.of = config, .what = "search: trial"};
    return configsearch_is_on(config) ? make(out, config) : OK;
}

Status trials_members(Trials *out, const Config *config)
{
    char *base;
    *out = (Trials){.of = config, .what = "crossval.members: block"};
    if (config->crossval.members.n == 0) return OK;
    TRY(make_list(out, &config->crossval.members));
    TRY(config_text(&base, config));
    Status status = OK;
    for (int i = 0; i < out->n && status == OK; i++) status = configure(out, i, base);
    free(base);
    return status;
}

void trials_free(Trials *t)
{
    for (int i = 0; i < t->n; i++) {
        t->trial[i].config.place = (DataPlaces){0}; /* the run's */
        config_free(&t->trial[i].config);
        free(t->trial[i].text);
    }
    free(t->trial);
    *t = (Trials){0};
}
