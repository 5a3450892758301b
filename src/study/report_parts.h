/* SPDX-License-Identifier: MIT
 *
 * report_parts.h: a report under way, for the files that share it: report.c (what is read and written), and one file for each
 * group of sections, in the order of the page: report_answer.c, report_scores.c, report_trials.c, report_data.c, report_seen.c,
 * report_logos.c, report_repeat.c.
 */
#ifndef HOPSACK_REPORT_PARTS_H
#define HOPSACK_REPORT_PARTS_H

#include "run/config.h"
#include "study/learning.h"
#include "study/page.h"
#include "study/report.h"
#include "study/sides.h"

#define REPORT_TEXT 2048 /* bytes of a paragraph that is put together */

typedef enum { REPORT_RUN, REPORT_STACK, REPORT_RIVALS, REPORT_FOLDERS } ReportFolder;

typedef struct {
    const ReportSetup *in;
    const char *folder[REPORT_FOLDERS]; /* as given; NULL: none */
    char home[PATH_ROOM];               /* of the run's config.yaml, manifest.json and splits.tsv */
    json_t *manifest[REPORT_FOLDERS];   /* NULL: none */
    Sides sides;                        /* of a finished run: the run, then the stack, then methods; else empty */
    int stack_at;                       /* its place in the sides; -1: none */
    const json_t *summary;              /* of the run; NULL: not finished */
    const json_t *tasks;                /* {name: scores}; NULL: not finished */
    json_t *check;                      /* of hopsack check; NULL: none */
    bool has_config;
    Config config; /* of the run */
    Learning learning;
    FigureList figures;
    const char *about; /* the task that sentences are about; NULL: there is one task, or none is meant */
    json_t *answers, *alarms, *missing; /* arrays of sentences, as far as the page has come */
    Markup page;
} Report;

/* Sections; each ends where the next begins. */
Status report_answer(Report *r);
Status report_scores(Report *r);
Status report_trials(Report *r); /* within the scores: of a search */
Status report_curves(Report *r);
Status report_training(Report *r);
Status report_data(Report *r);
Status report_seen(Report *r);
/* Within what was seen: logos of a file of motifs, if there is one; `none` is said where it holds none. what: "Motif", "Kernel". */
Status report_logos(Report *r, const char *name, const char *what, const char *none);
Status report_repeat(Report *r);

void report_keep(Report *r, json_t *list, const char *text); /* a sentence, escaped, into one of its lists */

/* A sentence into the page and the list. */
void report_say(Report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_alarm(Report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void report_lack(Report *r, const char *what, const char *command_format, ...) __attribute__((format(printf, 3, 4)));

/* `path` as a word of a shell's command line; out [REPORT_WORD]. */
#define REPORT_WORD 4608
const char *report_word(char out[REPORT_WORD], const char *path);

/* The program's name without its folder, then the words, quoted for a shell. */
void report_command(char *out, size_t room, const json_t *words);

/* "0.123", or "not defined". */
#define REPORT_VALUE 32
const char *report_value(char out[REPORT_VALUE], double value);
bool report_interval(double interval[2], const json_t *task, const char *key);         /* false: NaN */
bool report_score_interval(double interval[2], const json_t *task, const char *score); /* SCORE_ci95 of the same */
bool report_is_crossval(const Report *r);
const char *
report_score_words(const char *score); /* "average precision" of "ap"; the score itself where it has no words */

#endif
