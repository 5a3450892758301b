/* SPDX-License-Identifier: MIT
 *
 * A few bags at a time are drawn in parallel, each in memory of its own, and written in order.
 */
#include "data/simulate/simulate.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "data/simulate/simulate_parts.h"

#include <stdlib.h>
#include <string.h>

#define PURGE_DRAWS 20000
#define PURGE_MOST  0.9
#define TEST_OFFSET (UINT64_C(1) << 40) /* of the indices of a test cohort's streams */

const SignalType *const simulate_signals[] = {
    [SIGNAL_MOTIF] = &signal_motif, [SIGNAL_DENSE] = &signal_dense, [SIGNAL_PUBLIC] = &signal_public};
const OutputType *const simulate_outputs[] = {&output_dataset, &output_airr};
enum { N_OUTPUT = 2 };

/* ---- settings ---- */

static Status check_background(const Simulator *s, const BackgroundType *type)
{
    const SimulateOptions *o = s->options;
    if (o->donors && !type->focus)
        return fail(ERR_CONFIG, "simulate.donors: background '%s' has no repertoires; take simulate.background=file",
                    type->name);
    const bool tilted = o->spread > 0 || (o->batches > 0 && o->batch_spread > 0);
    if (type->open && !o->background_path)
        return fail(ERR_CONFIG, "simulate.background=%s: name its source by simulate.background_path", type->name);
    if (!type->open && o->background_path)
        return fail(ERR_CONFIG, "simulate.background_path: background '%s' reads no files; take file or olga",
                    type->name);
    if (tilted && !type->transition_p)
        return fail(
            ERR_CONFIG,
            "simulate.%s: background '%s' has no probabilities that could vary; take trb or uniform, or set it "
            "to 0",
            o->spread > 0 ? "spread" : "batch_spread", type->name);
    return OK;
}

static Status start_background(Simulator *s)
{
    const BackgroundType *type = background_types[s->options->background];
    TRY(check_background(s, type));
    s->recipe.background = type;
    if (type->open) TRY(type->open(&s->source, s->options->background_path));
    s->state = malloc(type->size);
    if (!s->state) return fail(ERR_MEMORY, "simulate.background: out of memory");
    type->init(s->state, s->source, NULL, NULL);
    s->recipe.state = s->state;
    s->recipe.stride = background_max_len(type, s->source);
    s->class_state[0] = s->class_state[1] = s->state;
    return OK;
}

/* Has a bag, or its batch, a background of its own? */
static bool varies(const Simulator *s)
{
    return s->options->donors || s->options->spread > 0 || (s->options->batches > 0 && s->options->batch_spread > 0);
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
        repertoire_plan(&slot->drawn, &s->memory, &s->recipe, s->n_most, s->c_most);
        if (!varies(s)) continue;
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

/* Sequences that hold a signal are drawn again: others must not be too rare. */
static Status check_purge(const Simulator *s)
{
    double share[MOTIFMATCH_OWNERS];
    Rng rng = rng_stream(s->seed, "purge", 0);
    if (s->options->purge == PURGE_NONE || !s->recipe.carriers) return OK;
    const double any = repertoire_holding(share, &s->recipe, PURGE_DRAWS, &rng);
    if (any <= PURGE_MOST) return OK;
    return fail(
        ERR_CONFIG,
        "simulate.purge: %.3g %% of the background's sequences hold a motif or are in the list; take longer motifs, "
        "or another background",
        100 * any);
}

static Status prepare(Simulator *s, SimulateResult *result, const SimulateOptions *options, uint64_t seed)
{
    s->options = options;
    s->signal = simulate_signals[options->signal];
    s->seed = seed;
    s->result = result;
    *result = (SimulateResult){.n_bag = options->n_bag};
    TRY(countlaw_parse(&s->counts, options->counts));
    TRY(start_background(s));
    TRY(s->signal->prepare(s));
    TRY(check_purge(s));
    TRY(simulate_genes(s));
    TRY(simulate_plan_bags(s));
    plan_memory(s);
    result->memory = (int64_t)s->memory.used;
    return check_memory(s);
}

static void release(Simulator *s)
{
    for (int i = 0; i < N_OUTPUT; i++) simulate_outputs[i]->drop(s->output[i]);
    textout_drop(s->truth);
    arena_free(&s->memory);
    for (int k = 0; s->signal_name && k < s->n_signal; k++) free(s->signal_name[k]);
    free(s->signal_name);
    free(s->bag);
    free(s->n_carrier);
    free(s->state);
    motifset_free(&s->motifs);
    seqpool_free(&s->pool);
    names_free(&s->v);
    names_free(&s->j);
    if (s->recipe.background && s->recipe.background->close) s->recipe.background->close(s->source);
}

Status simulate_plan(SimulateResult *out, const SimulateOptions *options, uint64_t seed)
{
    Simulator s = {0};
    const Status status = prepare(&s, out, options, seed);
    release(&s);
    return status;
}

/* ---- bags ---- */

static const void *donor_state(const Simulator *s, SimulatorSlot *slot, int bag)
{
    Rng rng = rng_stream(s->seed, "donor", s->offset + (uint64_t)bag);
    s->recipe.background->init(slot->state, s->source, NULL, NULL);
    s->recipe.background->focus(slot->state, rng_u64(&rng));
    return slot->state;
}

/* The background that a bag is drawn from. */
static const void *bag_state(const Simulator *s, SimulatorSlot *slot, int bag)
{
    const SimulateBag *plan = &s->bag[bag];
    const int class = plan->truth != 0;
    if (!varies(s)) return s->class_state[class];
    if (s->options->donors) return donor_state(s, slot, bag);
    Rng rng = rng_stream(s->seed, "spread", s->offset + (uint64_t)bag);
    tilt_spread(&slot->tilt, s->recipe.background, s->class_tilt[class], s->options->spread, &rng);
    if (plan->batch >= 0 && s->options->batch_spread > 0) {
        rng = rng_stream(s->seed, "batch tilt", (uint64_t)plan->batch);
        tilt_spread(&slot->tilt, s->recipe.background, &slot->tilt, s->options->batch_spread, &rng);
    }
    s->recipe.background->init(slot->state, s->source, slot->tilt.prefix, slot->tilt.transition);
    return slot->state;
}

static uint64_t purge_of(const Simulator *s, const SimulateBag *bag)
{
    const uint64_t all = ~UINT64_C(0);
    if (s->options->purge == PURGE_ALL) return all;
    if (s->options->purge == PURGE_NONE) return 0;
    return s->options->labels == LABELS_COLUMNS ? all & ~bag->truth : bag->truth ? 0 : all;
}

static void draw_counts(const Simulator *s, Repertoire *r, int bag)
{
    Rng rng = rng_stream(s->seed, "counts", s->offset + (uint64_t)bag);
    const double effect = (s->bag[bag].truth ? 0.5 : -0.5) * s->options->counts_effect;
    countlaw_fill(r->count, r->n, &s->counts, effect, &rng);
    for (int i = 0; s->options->carrier_counts && i < r->n_carrier; i++)
        r->count[r->carrier[i].row] = countlaw_expanded(r->n, &rng);
}

static void draw_bag(void *context, int chunk, int thread)
{
    (void)thread;
    Simulator *s = context;
    const int bag = s->first + chunk;
    const uint64_t index = s->offset + (uint64_t)bag;
    Repertoire *r = &s->slot[chunk].drawn;
    Rng rng = rng_stream(s->seed, "repertoire", index), gene_rng = rng_stream(s->seed, "genes", index);
    Recipe recipe = s->recipe;
    recipe.state = bag_state(s, &s->slot[chunk], bag);
    const RepertoireOrder order = {.n = s->bag[bag].n,
                                   .n_carrier = s->n_carrier + (size_t)bag * (size_t)s->n_signal,
                                   .purge = purge_of(s, &s->bag[bag])};
    repertoire_draw(r, &recipe, &order, &rng, recipe.genes ? &gene_rng : NULL);
    draw_counts(s, r, bag);
}

static void write_genes(Simulator *s, const Repertoire *r, int row)
{
    textout_printf(s->truth, "\t%s\t%s", r->v[row] < 0 ? "" : s->v.text[r->v[row]],
                   r->j[row] < 0 ? "" : s->j.text[r->j[row]]);
}

static void write_truth(Simulator *s, const char *key, const Repertoire *r)
{
    char before[REPERTOIRE_LEN_MOST + 1], after[REPERTOIRE_LEN_MOST + 1];
    for (int i = 0; i < r->n_carrier; i++) {
        const Carrier *c = &r->carrier[i];
        simulate_spell(before, c->original, c->n_original);
        simulate_spell(after, r->codes + (size_t)c->row * (size_t)r->stride, r->len[c->row]);
        textout_printf(s->truth, "%s\t%d\t%s\t", key, c->row,
                       s->signal_name ? s->signal_name[c->signal] : SIMULATE_LABEL);
        s->signal->name(s->truth, s, c);
        textout_printf(s->truth, "\t%d\t%s\t%s", c->offset, before, after);
        if (r->v) write_genes(s, r, c->row);
        textout_printf(s->truth, "\n");
    }
}

static Status write_bag(Simulator *s, int bag, const Repertoire *r)
{
    char key[SIMULATE_KEY];
    SimulateBag *plan = &s->bag[bag];
    const int class = plan->truth != 0;
    simulate_key(key, s, bag);
    if (r->stuck)
        return fail(ERR_CONFIG, "simulate.%s: none of %d background sequences in a row suits it in repertoire %s%s",
                    r->stuck, REPERTOIRE_TRIES, key,
                    s->options->donors
                        ? "; its donor has no such sequence: change it, or set simulate.donors to false"
                        : "; change it, or the background");
    s->accidental[class] += r->n_accidental;
    s->plain[class] += r->n - r->n_carrier;
    plan->known = (double)r->n_holding / r->n;
    write_truth(s, key, r);
    for (int i = 0; i < N_OUTPUT; i++)
        if (s->output[i]) TRY(simulate_outputs[i]->add(s->output[i], s, bag, r));
    return OK;
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
    return simulate_oracle(s);
}

/* ---- files ---- */

static Status open_files(Simulator *s)
{
    for (int i = 0; i < N_OUTPUT; i++) TRY(simulate_outputs[i]->open(&s->output[i], s));
    TRY(textout_open(&s->truth, s->files->truth, s->files->force));
    textout_printf(s->truth, "%s%s\n", s->signal->truth_head,
                   s->recipe.genes && s->signal->carries ? "\tv_call\tj_call" : "");
    return OK;
}

static Status publish(Simulator *s)
{
    Table labels = {0};
    Status status;
    char *facts = simulate_facts(s);
    if (!facts) TRY_DONE(fail(ERR_MEMORY, "provenance: out of memory"));
    TRY_DONE(simulate_labels(&labels, s));
    TRY_DONE(textout_check(s->truth)); /* before the dataset is there */
    for (int i = 0; i < N_OUTPUT; i++) {
        void *output = s->output[i];
        s->output[i] = NULL;
        if (output) TRY_DONE(simulate_outputs[i]->finish(output, s, &labels, facts));
    }
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
    Simulator s = {.files = files, .test = files->test, .offset = files->test ? TEST_OFFSET : 0};
    Status status;
    TRY_DONE(prepare(&s, out, options, seed));
    TRY_DONE(open_files(&s));
    TRY_DONE(arena_reserve(&s.memory, "simulate"));
    plan_memory(&s);
    if (s.signal->start) s.signal->start(&s);
    TRY_DONE(write_bags(&s));
    TRY_DONE(publish(&s));
done:
    release(&s);
    return status;
}

char *simulate_beside(const char *path, const char *ending)
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
    char *beside = malloc(len + strlen(ending) + 1);
    if (!beside) return NULL;
    memcpy(beside, path, len);
    strcpy(beside + len, ending);
    return beside;
}

char *simulate_truth_path(const char *path)
{
    return simulate_beside(path, ".truth.tsv.gz");
}
