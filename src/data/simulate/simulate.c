/* SPDX-License-Identifier: MIT
 *
 * A few bags at a time are drawn in parallel, each in memory of its own, and written in order.
 */
#include "data/simulate/simulate.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "data/bagfile/alphabet.h"
#include "data/simulate/simulate_parts.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(SimulateOptions, field)
const Option simulate_options[] = {
    {"n_bag", OPTION_INT, AT(n_bag), "200", 1, 10000000, NULL, "bags", "number of repertoires"},
    {"n_seq", OPTION_INT, AT(n_seq), "2000", 1, 100000000, NULL, "sequences",
     "number of sequences in each repertoire"},
    {"positive", OPTION_NUMBER, AT(positive), "0.5", 0, 1, NULL, "of the bags",
     "fraction of the repertoires that carries the signal"},
    {"background", OPTION_CHOICE, AT(background), "trb", 0, 0, "trb uniform", "",
     "source of the sequences: trb (statistics of human TRB), or uniform (uniform residues)"},
    {"signal", OPTION_CHOICE, AT(signal), "motif", 0, 0, "motif dense", "",
     "difference between the classes: motif (implanted in carrier sequences), or dense (changed "
     "probabilities of prefixes and residue pairs; motifs, rate and position are not used)"},
    {"shift", OPTION_NUMBER, AT(shift), "0.03", 0, 2, NULL, "",
     "strength of the dense signal: in positive bags each probability is multiplied by exp(shift) or "
     "exp(-shift) and rescaled"},
    {"dense", OPTION_CHOICE, AT(dense), "both", 0, 0, "both prefix composition", "",
     "statistics changed by the dense signal: prefix, composition (pairs of neighbouring residues in the "
     "middle), or both"},
    {"spread", OPTION_NUMBER, AT(spread), "0", 0, 2, NULL, "",
     "variation between individuals: in every bag each probability is multiplied by exp(spread * normal) "
     "and rescaled"},
    {"motifs", OPTION_TEXTS, AT(motifs), "SFZEN", 0, 0, NULL, "MOTIF",
     "motifs of the carriers: residues, and Z, which keeps the residue that is there; one motif is drawn "
     "for each carrier"},
    {"rate", OPTION_NUMBER, AT(rate), "0.01", 0, 1, NULL, "of the sequences",
     "fraction of carriers among the sequences of a positive repertoire"},
    {"rate_mode", OPTION_CHOICE, AT(rate_mode), "exact", 0, 0, "exact", "",
     "number of carriers; exact: round(rate * n_seq), at least 1 unless rate is 0"},
    {"position", OPTION_TEXT, AT(position), "middle", 0, 0, NULL, "middle|anywhere|N",
     "position of the motif: middle (the first and last four residues are kept), anywhere, or an offset "
     "from 0"},
    {"counts", OPTION_CHOICE, AT(counts), "none", 0, 0, "none", "",
     "distribution of clone counts; none: every count is 1"},
    {0},
};

/* ---- settings ---- */

static Status start_background(Simulator *s)
{
    const BackgroundType *type = background_types[s->options->background];
    s->state = malloc(type->size);
    if (!s->state) return fail(ERR_MEMORY, "simulate.background: out of memory");
    type->init(s->state, NULL, NULL);
    s->recipe.background = type;
    s->recipe.state = s->state;
    s->class_state[0] = s->class_state[1] = s->state;
    return OK;
}

static void summarise(Simulator *s)
{
    const SimulateOptions *o = s->options;
    SimulateResult *r = s->result;
    *r = (SimulateResult){.n_bag = o->n_bag, .n_seq = (int64_t)o->n_bag * o->n_seq};
    r->n_positive = (int)lround(o->positive * o->n_bag);
}

/* Enough slots for the threads, never more than a few repertoires. */
static void plan_memory(Simulator *s)
{
    const SimulateOptions *o = s->options;
    s->n_slot = parallel_threads() < SIMULATOR_SLOTS ? parallel_threads() : SIMULATOR_SLOTS;
    if (s->n_slot > o->n_bag) s->n_slot = o->n_bag;
    if (s->signal->plan) s->signal->plan(s);
    for (int i = 0; i < s->n_slot; i++) {
        SimulatorSlot *slot = &s->slot[i];
        repertoire_plan(&slot->drawn, &s->memory, &s->recipe, o->n_seq, s->result->n_carrier);
        if (o->spread == 0) continue;
        tilt_plan(&slot->tilt, &s->memory, s->recipe.background);
        slot->state = arena_take(&s->memory, 1, s->recipe.background->size);
    }
}

static Status check_memory(const Simulator *s)
{
    const int64_t need = (int64_t)s->memory.used, have = memory_available();
    if (need <= have) return OK;
    return fail(ERR_MEMORY, "simulate.n_seq=%d needs %.2f GB of memory and %.2f GB are free; take fewer sequences",
                s->options->n_seq, (double)need / 1e9, (double)have / 1e9);
}

static Status prepare(Simulator *s, SimulateResult *result, const SimulateOptions *options, uint64_t seed)
{
    *s = (Simulator){.options = options, .signal = simulate_signals[options->signal], .seed = seed, .result = result};
    summarise(s);
    TRY(start_background(s));
    TRY(s->signal->prepare(s));
    plan_memory(s);
    result->memory = (int64_t)s->memory.used;
    return check_memory(s);
}

static void release(Simulator *s)
{
    bagwriter_drop(s->writer);
    textout_drop(s->truth);
    arena_free(&s->memory);
    free(s->label);
    free(s->state);
    free(s->motif);
}

Status simulate_plan(SimulateResult *out, const SimulateOptions *options, uint64_t seed)
{
    Simulator s;
    const Status status = prepare(&s, out, options, seed);
    release(&s);
    return status;
}

/* ---- bags ---- */

static Status draw_labels(Simulator *s)
{
    const int n = s->options->n_bag;
    Rng rng = rng_stream(s->seed, "label", 0);
    int *order = malloc((size_t)n * sizeof *order);
    s->label = calloc((size_t)n, 1);
    if (!order || !s->label) {
        free(order);
        return fail(ERR_MEMORY, "labels of %d bags: out of memory", n);
    }
    for (int b = 0; b < n; b++) order[b] = b;
    rng_shuffle(&rng, order, n);
    for (int i = 0; i < s->result->n_positive; i++) s->label[order[i]] = 1;
    free(order);
    return OK;
}

/* The background that a bag is drawn from. */
static const void *bag_state(const Simulator *s, SimulatorSlot *slot, int bag)
{
    const int class = s->label[bag];
    if (s->options->spread == 0) return s->class_state[class];
    Rng rng = rng_stream(s->seed, "spread", (uint64_t)bag);
    tilt_spread(&slot->tilt, s->recipe.background, s->class_tilt[class], s->options->spread, &rng);
    s->recipe.background->init(slot->state, slot->tilt.prefix, slot->tilt.transition);
    return slot->state;
}

static void draw_bag(void *context, int chunk, int thread)
{
    (void)thread;
    Simulator *s = context;
    const int bag = s->first + chunk;
    Rng rng = rng_stream(s->seed, "repertoire", (uint64_t)bag);
    Recipe recipe = s->recipe;
    recipe.state = bag_state(s, &s->slot[chunk], bag);
    const int n_carrier = s->label[bag] ? s->result->n_carrier : 0;
    repertoire_draw(&s->slot[chunk].drawn, &recipe, s->options->n_seq, n_carrier, &rng);
}

static void spell(char *text, const int8_t *codes, int64_t len)
{
    for (int64_t t = 0; t < len; t++) text[t] = ALPHABET_AMINO[codes[t]];
    text[len] = '\0';
}

static void write_truth(Simulator *s, const char *key, const Repertoire *r)
{
    char before[REPERTOIRE_LEN_MOST + 1], after[REPERTOIRE_LEN_MOST + 1];
    for (int i = 0; i < r->n_carrier; i++) {
        const Carrier *c = &r->carrier[i];
        spell(before, c->original, r->len[c->row]);
        spell(after, r->codes + (size_t)c->row * (size_t)r->stride, r->len[c->row]);
        textout_printf(s->truth, "%s\t%d\t" SIMULATE_LABEL "\t%s\t%d\t%s\t%s\n", key, c->row, s->motif[c->motif].text,
                       c->offset, before, after);
    }
}

static void bag_key(char key[16], int bag)
{
    (void)snprintf(key, 16, "sim%05d", bag);
}

static Status write_bag(Simulator *s, int bag, const Repertoire *r)
{
    char key[16];
    bag_key(key, bag);
    s->accidental[s->label[bag]] += r->n_accidental;
    s->plain[s->label[bag]] += r->n - r->n_carrier;
    write_truth(s, key, r);
    return bagwriter_add(
        s->writer, key,
        &(BagWriterRows){
            .codes = r->codes, .stride = (size_t)r->stride, .len = r->len, .count = r->count, .n = r->n});
}

static Status write_bags(Simulator *s)
{
    Progress progress;
    const int n = s->options->n_bag;
    progress_start(&progress, "simulating", "bags", n);
    for (s->first = 0; s->first < n; s->first += s->n_slot) {
        const int n_now = n - s->first < s->n_slot ? n - s->first : s->n_slot;
        parallel_for(n_now, draw_bag, s);
        for (int i = 0; i < n_now; i++) TRY(write_bag(s, s->first + i, &s->slot[i].drawn));
        progress_update(&progress, s->first + n_now, NULL);
    }
    progress_end(&progress, NULL);
    for (int class = 0; class < 2; class ++)
        if (s->plain[class]) s->result->accidental[class] = (double)s->accidental[class] / (double)s->plain[class];
    return OK;
}

/* ---- files ---- */

static Status open_files(Simulator *s, const SimulateFiles *files)
{
    BagWriterOptions options = {.compress = files->compress, .force = files->force};
    options.spec = (BagSpec){.kind = BAG_SEQUENCES,
                             .n_feat = (int)strlen(ALPHABET_AMINO),
                             .max_len = s->recipe.background->max_len,
                             .alphabet = ALPHABET_AMINO,
                             .region = "junction"};
    TRY(bagwriter_open(&s->writer, files->path, &options));
    TRY(textout_open(&s->truth, files->truth, files->force));
    textout_printf(s->truth, "%s", s->signal->truth_head);
    return OK;
}

static Status label_table(Table *out, const Simulator *s)
{
    static const char *const column[] = {"ID", SIMULATE_LABEL};
    const int n = s->options->n_bag;
    char(*key)[16] = malloc((size_t)n * sizeof *key);
    const char **cell = malloc((size_t)n * 2 * sizeof *cell);
    Status status = OK;
    if (!key || !cell) TRY_DONE(fail(ERR_MEMORY, "labels of %d bags: out of memory", n));
    for (int b = 0; b < n; b++) {
        bag_key(key[b], b);
        cell[2 * b] = key[b];
        cell[2 * b + 1] = s->label[b] ? "+" : "-";
    }
    TRY_DONE(table_new(out, n, 2, column, cell));
done:
    free(cell);
    free(key);
    return status;
}

/* All settings, by their rows' names; the caller's to free; NULL if memory is out. */
static char *provenance(const Simulator *s)
{
    const SimulateOptions *o = s->options;
    json_t *motifs = json_array();
    for (int m = 0; m < o->motifs.n; m++) json_array_append_new(motifs, json_string(o->motifs.text[m]));
    char seed[24];
    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    json_t *settings =
        json_pack("{s:i, s:i, s:f, s:s, s:o, s:f, s:s, s:s, s:s}", "n_bag", o->n_bag, "n_seq", o->n_seq, "positive",
                  o->positive, "background", s->recipe.background->name, "motifs", motifs, "rate", o->rate,
                  "rate_mode", "exact", "position", o->position, "counts", "none");
    const int failed = s->signal->record(settings, s);
    json_t *facts = json_pack("{s:s, s:s, s:o, s:o}", "made_by", "simulate", "seed", seed, "simulate", settings,
                              "signal", s->signal->record_result(s->result));
    char *text = failed ? NULL : jsontext_dump(facts, JSON_SORT_KEYS);
    json_decref(facts);
    return text;
}

static Status publish(Simulator *s)
{
    Table labels = {0};
    Status status;
    char *facts = provenance(s);
    if (!facts) TRY_DONE(fail(ERR_MEMORY, "provenance: out of memory"));
    TRY_DONE(label_table(&labels, s));
    BagWriter *writer = s->writer;
    s->writer = NULL;
    TRY_DONE(bagwriter_finish(writer, &labels, facts));
    TextOut *truth = s->truth;
    s->truth = NULL;
    TRY_DONE(textout_commit(truth));
done:
    table_free(&labels);
    free(facts);
    return status;
}

Status simulate_run(SimulateResult *out, const SimulateOptions *options, uint64_t seed, const SimulateFiles *files)
{
    Simulator s;
    Status status;
    TRY_DONE(prepare(&s, out, options, seed));
    TRY_DONE(open_files(&s, files));
    TRY_DONE(arena_reserve(&s.memory, "simulate"));
    plan_memory(&s);
    TRY_DONE(draw_labels(&s));
    if (s.signal->start) s.signal->start(&s);
    TRY_DONE(write_bags(&s));
    TRY_DONE(publish(&s));
done:
    release(&s);
    return status;
}

char *simulate_truth_path(const char *path)
{
    static const char *const extension[] = {".h5", ".hdf5"};
    size_t len = strlen(path);
    for (int i = 0; i < 2; i++) {
        const size_t n = strlen(extension[i]);
        if (len > n && strcmp(path + len - n, extension[i]) == 0) {
            len -= n;
            break;
        }
    }
    char *truth = malloc(len + sizeof ".truth.tsv.gz");
    if (!truth) return NULL;
    memcpy(truth, path, len);
    memcpy(truth + len, ".truth.tsv.gz", sizeof ".truth.tsv.gz");
    return truth;
}
