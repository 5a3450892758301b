/* SPDX-License-Identifier: MIT
 *
 * simulate_facts.c: what is recorded about a cohort: names, labels, settings.
 *
 * A setting that came after the first cohorts were made is recorded only where it is not as by default: their files keep
 * their bytes.
 */
#include "core/jsontext.h"
#include "core/number.h"
#include "data/bagfile/alphabet.h"
#include "data/simulate/simulate_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void simulate_key(char key[SIMULATE_KEY], const Simulator *s, int bag)
{
    (void)snprintf(key, SIMULATE_KEY, "%s%05d", s->test ? "test" : "sim", bag);
}

void simulate_spell(char *text, const int8_t *codes, int64_t len)
{
    for (int64_t t = 0; t < len; t++) text[t] = ALPHABET_AMINO[codes[t]];
    text[len] = '\0';
}

const char *simulate_word(char buffer[OPTION_ROOM], const SimulateOptions *options, const char *name)
{
    const Option *row = simulate_options;
    while (strcmp(row->name, name) != 0) row++;
    return option_text(buffer, options, row, 0);
}

/* ---- labels ---- */

#define COLUMNS_MOST (4 + MOTIFMATCH_OWNERS)

typedef struct {
    const char *name;
    const char *(*cell)(char room[NUMBER_ROOM], const Simulator *s, int bag, int signal);
    int signal;
} LabelColumn;

static const char *cell_status(char room[NUMBER_ROOM], const Simulator *s, int bag, int signal)
{
    (void)room, (void)signal;
    return s->bag[bag].shown ? "+" : "-";
}

static const char *cell_class(char room[NUMBER_ROOM], const Simulator *s, int bag, int signal)
{
    const uint64_t shown = s->bag[bag].shown;
    (void)room, (void)signal;
    return !shown ? "none" : s->signal_name ? s->signal_name[__builtin_ctzll(shown)] : SIMULATE_LABEL;
}

static const char *cell_signal(char room[NUMBER_ROOM], const Simulator *s, int bag, int signal)
{
    (void)room;
    return s->bag[bag].shown >> signal & 1 ? "+" : "-";
}

/* Missing where there are no carriers. */
static const char *cell_rate(char room[NUMBER_ROOM], const Simulator *s, int bag, int signal)
{
    int n = 0;
    (void)signal;
    for (int k = 0; k < s->n_signal; k++) n += s->n_carrier[(size_t)bag * (size_t)s->n_signal + (size_t)k];
    return n ? number_text(room, log((double)n / s->bag[bag].n)) : "";
}

static const char *cell_batch(char room[NUMBER_ROOM], const Simulator *s, int bag, int signal)
{
    (void)signal;
    (void)snprintf(room, NUMBER_ROOM, "batch%d", s->bag[bag].batch);
    return room;
}

static int label_columns(LabelColumn out[COLUMNS_MOST], const Simulator *s)
{
    const SimulateOptions *o = s->options;
    int n = 0;
    out[n++] = (LabelColumn){SIMULATE_LABEL, cell_status, 0};
    if (o->labels == LABELS_CLASSES) out[n++] = (LabelColumn){"class", cell_class, 0};
    if (o->labels == LABELS_RATE) out[n++] = (LabelColumn){"log_rate", cell_rate, 0};
    for (int k = 0; o->labels == LABELS_COLUMNS && s->signal_name && k < s->n_signal; k++)
        out[n++] = (LabelColumn){s->signal_name[k], cell_signal, k};
    if (o->batches > 0) out[n++] = (LabelColumn){"batch", cell_batch, 0};
    return n;
}

Status simulate_labels(Table *out, const Simulator *s)
{
    LabelColumn column[COLUMNS_MOST];
    const char *name[COLUMNS_MOST + 1] = {"ID"};
    const int n = s->options->n_bag, n_column = 1 + label_columns(column, s);
    const size_t n_cell = (size_t)n * (size_t)n_column;
    char(*room)[NUMBER_ROOM] = malloc(n_cell * sizeof *room);
    const char **cell = malloc(n_cell * sizeof *cell);
    Status status = OK;
    if (!room || !cell) TRY_DONE(fail(ERR_MEMORY, "labels of %d bags: out of memory", n));
    for (int c = 1; c < n_column; c++) name[c] = column[c - 1].name;
    for (int b = 0; b < n; b++) {
        const size_t first = (size_t)b * (size_t)n_column;
        simulate_key(room[first], s, b);
        cell[first] = room[first];
        for (int c = 1; c < n_column; c++)
            cell[first + (size_t)c] = column[c - 1].cell(room[first + (size_t)c], s, b, column[c - 1].signal);
    }
    TRY_DONE(table_new(out, n, n_column, name, cell));
done:
    free(cell);
    free(room);
    return status;
}

/* ---- provenance ---- */

static bool is_first(const char *name)
{
    static const char first[] =
        "n_bag n_seq positive background motifs rate rate_mode position counts signal shift dense spread";
    return option_word(first, name) >= 0;
}

static json_t *json_of(const Option *row, const SimulateOptions *o, int i)
{
    const char *at = (const char *)o + row->at;
    char room[OPTION_ROOM];
    if (row->kind == OPTION_INT) return json_integer(*(const int *)(const void *)at);
    if (row->kind == OPTION_NUMBER) return json_real(*(const double *)(const void *)at);
    if (row->kind == OPTION_NUMBERS) return json_real(((const OptionNumbers *)(const void *)at)->number[i]);
    if (row->kind == OPTION_BOOL) return json_boolean(*(const bool *)(const void *)at);
    return json_string(option_text(room, o, row, i));
}

static bool is_standard(const Option *row, const SimulateOptions *o)
{
    char room[OPTION_ROOM];
    if (option_is_list(row)) return option_count(o, row) == 0;
    const char *text = option_text(room, o, row, 0);
    return !text || strcmp(text, row->standard) == 0;
}

static int record_rest(json_t *settings, const SimulateOptions *o)
{
    int failed = 0;
    for (const Option *row = simulate_options; row->name; row++) {
        if (is_first(row->name) || is_standard(row, o)) continue;
        json_t *value = option_is_list(row) ? json_array() : json_of(row, o, 0);
        for (int i = 0; option_is_list(row) && i < option_count(o, row); i++)
            failed |= json_array_append_new(value, json_of(row, o, i));
        failed |= json_object_set_new(settings, row->name, value);
    }
    return failed;
}

char *simulate_facts(const Simulator *s)
{
    const SimulateOptions *o = s->options;
    json_t *motifs = json_array();
    char seed[24], mode[OPTION_ROOM];
    for (int m = 0; m < o->motifs.n; m++) json_array_append_new(motifs, json_string(o->motifs.text[m]));
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    json_t *settings = json_pack("{s:i, s:i, s:f, s:s, s:o, s:f, s:s, s:s, s:s}", "n_bag", o->n_bag, "n_seq",
                                 o->n_seq, "positive", o->positive, "background", s->recipe.background->name,
                                 "motifs", motifs, "rate", o->rate, "rate_mode", simulate_word(mode, o, "rate_mode"),
                                 "position", o->position, "counts", o->counts ? o->counts : "none");
    int failed = s->signal->record(settings, s) | record_rest(settings, o);
    json_t *facts = json_pack("{s:s, s:s, s:o, s:o}", "made_by", "simulate", "seed", seed, "simulate", settings,
                              "signal", s->signal->record_result(s->result));
    if (s->test) failed |= json_object_set_new(facts, "test", json_true());
    char *text = failed ? NULL : jsontext_dump(facts, JSON_SORT_KEYS);
    json_decref(facts);
    return text;
}

/* ---- who knows the motifs ---- */

/* AUC of `score`; ties count half. */
typedef struct {
    double score;
    bool positive;
} KnownBag;

static int by_score(const void *a, const void *b)
{
    const KnownBag *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

static double auc_of(KnownBag *bag, int n)
{
    double below = 0, won = 0, n_positive = 0;
    qsort(bag, (size_t)n, sizeof *bag, by_score);
    for (int i = 0, end; i < n; i = end) {
        double count[2] = {0};
        for (end = i; end < n && bag[end].score == bag[i].score; end++) count[bag[end].positive]++;
        won += count[1] * (below + count[0] / 2);
        below += count[0];
        n_positive += count[1];
    }
    return n_positive > 0 && below > 0 ? won / (n_positive * below) : NAN;
}

json_t *simulate_carriers(const SimulateResult *r)
{
    return json_pack("{s:i, s:i, s:f, s:f}", "positive_bags", r->n_positive, "carriers_per_positive_bag",
                     r->n_carrier, "accidental_negative", r->accidental[0], "accidental_positive", r->accidental[1]);
}

Status simulate_oracle(Simulator *s)
{
    const int n = s->options->n_bag;
    KnownBag *bag = malloc((size_t)n * sizeof *bag);
    if (!bag) return fail(ERR_MEMORY, "the known motif in %d bags: out of memory", n);
    for (int kind = 0; kind < 2; kind++) {
        s->result->known[kind] = NAN;
        if (!s->signal->carries) continue;
        for (int b = 0; b < n; b++) {
            const double share = s->bag[b].known;
            bag[b] = (KnownBag){kind == 0 ? share > 0 : share, s->bag[b].truth != 0};
        }
        s->result->known[kind] = auc_of(bag, n);
    }
    free(bag);
    return OK;
}
