/* SPDX-License-Identifier: MIT
 *
 * trials.h: the trials of a search, or the models of an ensemble: sets of settings that differ from the run's, and the
 * config of each.
 *
 *     grid      every combination of the values of search.space; the first key varies slowest
 *     random    search.trials draws, trial t from the stream (seed, "search", t): of each key one of its values, or between
 *               min and max, on a logarithmic scale with `log`; no two trials are equal
 *     list      the blocks of search.list
 *
 * Only keys of model and train vary: data, tasks, folds and the seed are the same for all trials.
 */
#ifndef HOPSACK_TRIALS_H
#define HOPSACK_TRIALS_H

#include "run/config.h"

typedef struct {
    char *text;    /* "model.pooling.beta=1; train.lr=0.1"; "": the config as it is */
    int same_as;   /* the first trial with the same settings, which is warned of; -1: none before it */
    Config config; /* settings of its own; place is the run's */
} Trial;

typedef struct {
    int n; /* 0: no search */
    Trial *trial;
    const Config *of; /* the run's */
    const char *what; /* "search: trial" or "crossval.members: block", which a number follows */
} Trials;

/* Of a config whose search is on, else none. The config must stay. ERR_CONFIG names the trial. */
Status trials_new(Trials *out, const Config *config);
/* The same of the blocks of crossval.members, none where there are none. */
Status trials_members(Trials *out, const Config *config);
void trials_free(Trials *t); /* accepts {0} and half-built ones */

/* What a text of a trial says of a key: its bytes, *n of them; NULL: nothing. */
const char *trials_value(int *n, const char *text, const char *key);

/* The next key of a text at *at, which is moved behind it, copied to `key` [SETTINGS_KEY_ROOM]; false: there is none. */
bool trials_next(char *key, const char **at);

#endif
