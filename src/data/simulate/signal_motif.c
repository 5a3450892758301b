/* SPDX-License-Identifier: MIT */
#include "data/simulate/simulate_parts.h"

#include <stdlib.h>
#include <string.h>

#define NAME_LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define FIT_DRAWS     20000 /* background sequences looked at to see whether a motif fits */
#define FIT_MIN       0.001
#define NATURAL_DRAWS 200000
#define NATURAL_MIN   0.00005 /* of carriers that are found, not made */

/* ---- settings ---- */

/* "NAME=WKZT PZIZS": the motifs; the name, or signal1, signal2, … */
static Status name_signal(Simulator *s, const char **motifs, const char *text, int k)
{
    const char *equals = strchr(text, '=');
    char standard[32];
    (void)snprintf(standard, sizeof standard, "signal%d", k + 1);
    s->signal_name[k] = equals ? strndup(text, (size_t)(equals - text)) : strdup(standard);
    if (!s->signal_name[k]) return fail(ERR_MEMORY, "simulate.signals: out of memory");
    for (int i = 0; i < k; i++)
        if (strcmp(s->signal_name[i], s->signal_name[k]) == 0)
            return fail(ERR_CONFIG, "simulate.signals: two are called '%s'", s->signal_name[k]);
    if (strspn(s->signal_name[k], NAME_LETTERS) != strlen(s->signal_name[k]))
        return fail(ERR_CONFIG, "simulate.signals: '%s': a name has letters, digits and _ . - alone", text);
    static const char *const taken[] = {"", "ID", SIMULATE_LABEL, "class", "none", "batch", "log_rate"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(s->signal_name[k], taken[i]) == 0)
            return fail(ERR_CONFIG, "simulate.signals: '%s' cannot be called '%s'; take another name", text,
                        taken[i]);
    *motifs = equals ? equals + 1 : text;
    return OK;
}

static Status parse_signals(Simulator *s)
{
    const OptionTexts *signals = &s->options->signals;
    const char **motifs = calloc((size_t)signals->n, sizeof *motifs);
    Status status = OK;
    s->n_signal = signals->n;
    s->signal_name = calloc((size_t)signals->n, sizeof *s->signal_name);
    if (!motifs || !s->signal_name) TRY_DONE(fail(ERR_MEMORY, "simulate.signals: out of memory"));
    for (int k = 0; k < signals->n; k++) TRY_DONE(name_signal(s, &motifs[k], signals->text[k], k));
    status = motifset_open(&s->motifs, motifs, signals->n, s->options->implant);
    if (status != OK) status = fail_at(status, "simulate.signals");
done:
    free(motifs);
    return status;
}

/* One signal: the motifs, joined with blanks. */
static Status parse_motifs(Simulator *s)
{
    const OptionTexts *motifs = &s->options->motifs;
    size_t room = 1;
    if (motifs->n == 0 && s->options->rate > 0)
        return fail(ERR_CONFIG, "simulate.motifs: none is given; name one, or set simulate.rate to 0");
    s->n_signal = 1;
    if (motifs->n == 0) return OK;
    for (int m = 0; m < motifs->n; m++) {
        if (!motifs->text[m][0] || strpbrk(motifs->text[m], " \t"))
            return fail_at(motif_parse(&(Motif){0}, motifs->text[m]), "simulate.motifs");
        room += strlen(motifs->text[m]) + 1;
    }
    char *text = calloc(room, 1), *at = text;
    if (!text) return fail(ERR_MEMORY, "simulate.motifs: out of memory");
    for (int m = 0; m < motifs->n; m++) at += sprintf(at, "%s%s", m ? " " : "", motifs->text[m]);
    Status status = motifset_open(&s->motifs, (const char *const *)&text, 1, s->options->implant);
    if (status != OK) status = fail_at(status, "simulate.motifs");
    free(text);
    return status;
}

/* Sequences are drawn again until the motif fits, so it must fit into some. */
static Status check_fit(const Simulator *s)
{
    for (int m = 0; m < s->motifs.n_motif; m++) {
        Rng rng = rng_stream(s->seed, "fit", (uint64_t)m);
        const double share = motifset_fit(&s->motifs, &s->recipe, m, FIT_DRAWS, &rng);
        if (share < FIT_MIN)
            return fail(ERR_CONFIG,
                        "simulate.motifs: '%s' with simulate.position=%s fits into %.2g %% of the sequences; "
                        "take a shorter motif or another position",
                        s->motifs.motif[m].text, s->options->position, 100 * share);
    }
    return OK;
}

static bool carries(const SimulateOptions *o)
{
    return o->rate > 0 || o->rate_negative > 0 || o->rate_beta.n || o->rate_negative_beta.n;
}

/* A carrier that is waited for must not be too rare. */
static Status check_found(const Simulator *s)
{
    double share[MOTIFMATCH_OWNERS];
    Rng rng = rng_stream(s->seed, "natural", 0);
    (void)repertoire_holding(share, &s->recipe, NATURAL_DRAWS, &rng);
    for (int k = 0; k < s->motifs.n_signal; k++)
        if (share[k] < NATURAL_MIN)
            return fail(
                ERR_CONFIG,
                "simulate.implant=reject: %.2g %% of the background's sequences hold a motif of signal %d, too "
                "few to wait for; take simulate.implant=replace",
                100 * share[k], k + 1);
    return OK;
}

static Status prepare(Simulator *s)
{
    const SimulateOptions *o = s->options;
    const Status placed = motif_place_parse(&s->motifs.place, o->position);
    const Place place = s->motifs.place;
    if (placed != OK) return fail_at(ERR_CONFIG, "simulate.position");
    TRY(o->signals.n ? parse_signals(s) : parse_motifs(s));
    s->motifs.place = place;
    s->recipe.carriers = &motifset_carriers;
    s->recipe.carrying = &s->motifs;
    s->recipe.n_signal = s->n_signal;
    if (o->implant == IMPLANT_INSERT) s->recipe.stride += s->motifs.len_max;
    if (s->recipe.stride > BACKGROUND_LEN_MOST)
        return fail(ERR_CONFIG, "simulate.implant=insert gives sequences of up to %d residues; the most are %d",
                    s->recipe.stride, BACKGROUND_LEN_MOST);
    if (!carries(o)) return OK;
    return o->implant == IMPLANT_REJECT ? check_found(s) : check_fit(s);
}

/* ---- records ---- */

static void name(TextOut *out, const Simulator *s, const Carrier *c)
{
    textout_printf(out, "%s", s->motifs.motif[c->motif].text);
}

static int record(json_t *settings, const Simulator *s)
{
    const double spread = s->options->spread;
    return spread > 0 ? json_object_set_new(settings, "spread", json_real(spread)) : 0;
}

const SignalType signal_motif = {
    .truth_head = SIMULATE_CARRIER_HEAD,
    .carries = true,
    .prepare = prepare,
    .name = name,
    .record = record,
    .record_result = simulate_carriers,
};
