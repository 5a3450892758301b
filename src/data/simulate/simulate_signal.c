/* SPDX-License-Identifier: MIT
 *
 * simulate_signal.c: what distinguishes positive from negative bags: motifs in carriers, or shifted probabilities.
 */
#include "data/simulate/simulate_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIT_DRAWS 20000 /* background sequences looked at to see whether a motif fits */
#define FIT_MIN   0.001

/* ---- motif ---- */

static Status parse_motifs(Simulator *s)
{
    const OptionTexts *motifs = &s->options->motifs;
    if (motifs->n == 0 && s->options->rate > 0)
        return fail(ERR_CONFIG, "simulate.motifs: none is given; name one, or set simulate.rate to 0");
    s->motif = calloc((size_t)motifs->n + 1, sizeof *s->motif);
    if (!s->motif) return fail(ERR_MEMORY, "simulate.motifs: out of memory");
    for (int m = 0; m < motifs->n; m++)
        if (motif_parse(&s->motif[m], motifs->text[m]) != OK) return fail_at(ERR_CONFIG, "simulate.motifs");
    s->recipe.n_motif = motifs->n;
    s->recipe.motif = s->motif;
    return OK;
}

/* Sequences are drawn again until the motif fits, so it must fit into some. */
static Status check_fit(const Simulator *s)
{
    for (int m = 0; m < s->recipe.n_motif; m++) {
        Rng rng = rng_stream(s->seed, "fit", (uint64_t)m);
        const double share = repertoire_fit(&s->recipe, m, FIT_DRAWS, &rng);
        if (share < FIT_MIN)
            return fail(ERR_CONFIG,
                        "simulate.motifs: '%s' with simulate.position=%s fits into %.2g %% of the sequences; "
                        "take a shorter motif or another position",
                        s->motif[m].text, s->options->position, 100 * share);
    }
    return OK;
}

static Status prepare_motif(Simulator *s)
{
    const SimulateOptions *o = s->options;
    s->result->n_carrier = (int)lround(o->rate * o->n_seq);
    if (s->result->n_carrier == 0 && o->rate > 0) s->result->n_carrier = 1;
    if (motif_place_parse(&s->recipe.place, o->position) != OK) return fail_at(ERR_CONFIG, "simulate.position");
    TRY(parse_motifs(s));
    return check_fit(s);
}

static int record_motif(json_t *settings, const Simulator *s)
{
    const double spread = s->options->spread;
    return spread > 0 ? json_object_set_new(settings, "spread", json_real(spread)) : 0;
}

static json_t *record_carriers(const SimulateResult *r)
{
    return json_pack("{s:i, s:i, s:f, s:f}", "positive_bags", r->n_positive, "carriers_per_positive_bag",
                     r->n_carrier, "accidental_negative", r->accidental[0], "accidental_positive", r->accidental[1]);
}

static const SignalType signal_motif = {
    .truth_head = "bag\tinstance\tsignal\tmotif\toffset\toriginal\tjunction_aa\n",
    .prepare = prepare_motif,
    .record = record_motif,
    .record_result = record_carriers,
};

/* ---- dense ---- */

static const char *choice(char buffer[OPTION_ROOM], const SimulateOptions *options, const char *name)
{
    const Option *row = simulate_options;
    while (strcmp(row->name, name) != 0) row++;
    return option_text(buffer, options, row, 0);
}

static Status prepare_dense(Simulator *s)
{
    const BackgroundType *type = s->recipe.background;
    const int dense = s->options->dense;
    char word[OPTION_ROOM];
    if (dense != DENSE_COMPOSITION && type->n_prefix == 0)
        return fail(ERR_CONFIG,
                    "simulate.dense=%s: background '%s' has no prefixes; set simulate.dense to composition, or take "
                    "another simulate.background",
                    choice(word, s->options, "dense"), type->name);
    if (dense != DENSE_COMPOSITION) s->result->n_shifted += type->n_prefix;
    if (dense != DENSE_PREFIX) s->result->n_shifted += BACKGROUND_N_TRANSITION;
    return OK;
}

static void plan_dense(Simulator *s)
{
    tilt_plan(&s->shift, &s->memory, s->recipe.background);
    s->shifted = arena_take(&s->memory, 1, s->recipe.background->size);
}

static void write_shifted(Simulator *s, const char *kind, const TiltRow *row)
{
    textout_printf(s->truth, SIMULATE_LABEL "\t%s\t%s\t%.17g\t%.17g\t%.17g\n", kind, row->name, row->negative,
                   row->positive, row->factor);
}

static void start_dense(Simulator *s)
{
    const BackgroundType *type = s->recipe.background;
    const TiltShift shift = {.size = s->options->shift,
                             .prefix = s->options->dense != DENSE_COMPOSITION,
                             .transition = s->options->dense != DENSE_PREFIX};
    Rng rng = rng_stream(s->seed, "shift", 0);
    tilt_shift(&s->shift, type, &shift, &rng);
    type->init(s->shifted, s->shift.prefix, s->shift.transition);
    s->class_tilt[1] = &s->shift;
    s->class_state[1] = s->shifted;
    for (int k = 0; shift.prefix && k < type->n_prefix; k++) {
        const TiltRow row = tilt_prefix(&s->shift, type, k);
        write_shifted(s, "prefix", &row);
    }
    for (int k = 0; shift.transition && k < BACKGROUND_N_TRANSITION; k++) {
        const TiltRow row = tilt_transition(&s->shift, type, k);
        write_shifted(s, "transition", &row);
    }
}

static int record_dense(json_t *settings, const Simulator *s)
{
    const SimulateOptions *o = s->options;
    char word[OPTION_ROOM];
    json_t *own = json_pack("{s:s, s:f, s:s, s:f}", "signal", "dense", "shift", o->shift, "dense",
                            choice(word, o, "dense"), "spread", o->spread);
    const int failed = json_object_update(settings, own);
    json_decref(own);
    return failed;
}

static json_t *record_shifted(const SimulateResult *r)
{
    return json_pack("{s:i, s:i}", "positive_bags", r->n_positive, "shifted", r->n_shifted);
}

static const SignalType signal_dense = {
    .truth_head = "signal\tkind\tfeature\tnegative\tpositive\tfactor\n",
    .prepare = prepare_dense,
    .plan = plan_dense,
    .start = start_dense,
    .record = record_dense,
    .record_result = record_shifted,
};

const SignalType *const simulate_signals[] = {[SIGNAL_MOTIF] = &signal_motif, [SIGNAL_DENSE] = &signal_dense};
