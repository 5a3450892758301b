/* SPDX-License-Identifier: MIT */
#include "data/simulate/simulate_parts.h"

static Status prepare(Simulator *s)
{
    const BackgroundType *type = s->recipe.background;
    const int dense = s->options->dense;
    char word[OPTION_ROOM];
    s->n_signal = s->recipe.n_signal = 1;
    if (!type->transition_p)
        return fail(ERR_CONFIG,
                    "simulate.signal=dense: background '%s' has no probabilities to shift; take trb or uniform",
                    type->name);
    if (dense != DENSE_COMPOSITION && type->n_prefix == 0)
        return fail(ERR_CONFIG,
                    "simulate.dense=%s: background '%s' has no prefixes; set simulate.dense to composition, or take "
                    "another simulate.background",
                    simulate_word(word, s->options, "dense"), type->name);
    if (dense != DENSE_COMPOSITION) s->result->n_shifted += type->n_prefix;
    if (dense != DENSE_PREFIX) s->result->n_shifted += BACKGROUND_N_TRANSITION;
    return OK;
}

static void plan(Simulator *s)
{
    tilt_plan(&s->shift, &s->memory, s->recipe.background);
    s->shifted = arena_take(&s->memory, 1, s->recipe.background->size);
}

static void write_shifted(Simulator *s, const char *kind, const TiltRow *row)
{
    textout_printf(s->truth, SIMULATE_LABEL "\t%s\t%s\t%.17g\t%.17g\t%.17g\n", kind, row->name, row->negative,
                   row->positive, row->factor);
}

static void start(Simulator *s)
{
    const BackgroundType *type = s->recipe.background;
    const TiltShift shift = {.size = s->options->shift,
                             .prefix = s->options->dense != DENSE_COMPOSITION,
                             .transition = s->options->dense != DENSE_PREFIX};
    Rng rng = rng_stream(s->seed, "shift", 0);
    tilt_shift(&s->shift, type, &shift, &rng);
    type->init(s->shifted, s->source, s->shift.prefix, s->shift.transition);
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

static int record(json_t *settings, const Simulator *s)
{
    const SimulateOptions *o = s->options;
    char word[OPTION_ROOM];
    json_t *own = json_pack("{s:s, s:f, s:s, s:f}", "signal", "dense", "shift", o->shift, "dense",
                            simulate_word(word, o, "dense"), "spread", o->spread);
    const int failed = json_object_update(settings, own);
    json_decref(own);
    return failed;
}

static json_t *record_shifted(const SimulateResult *r)
{
    return json_pack("{s:i, s:i}", "positive_bags", r->n_positive, "shifted", r->n_shifted);
}

const SignalType signal_dense = {
    .truth_head = "signal\tkind\tfeature\tnegative\tpositive\tfactor",
    .prepare = prepare,
    .plan = plan,
    .start = start,
    .record = record,
    .record_result = record_shifted,
};
