/* SPDX-License-Identifier: MIT */
#include "cv/chance.h"
#include "cohort/metric.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KEY_ROOM 64
#define BATCHES  "batch_permuted"
#define LABELS   "permuted"
#define LEFT_OUT "leave_batch_out"
#define WITHOUT  "without_inputs"

/* ---- numbers ---- */

static const char *main_score(const json_t *task)
{
    return metric_main_of(json_string_value(json_object_get(task, "kind")));
}

static const char *mean_key(char key[KEY_ROOM], const char *score)
{
    snprintf(key, KEY_ROOM, "%s_mean", score);
    return key;
}

static double value_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Of the values that are numbers. */
typedef struct {
    int n;
    double mean, std, least, most;
} ChanceSpread;

static ChanceSpread spread_of(const json_t *list)
{
    ChanceSpread s = {.least = INFINITY, .most = -INFINITY};
    double sum = 0, square = 0;
    size_t i;
    json_t *value;
    json_array_foreach((json_t *)(size_t)list, i, value)
    {
        if (!json_is_number(value)) continue;
        const double x = json_number_value(value);
        sum += x;
        s.least = fmin(s.least, x);
        s.most = fmax(s.most, x);
        s.n++;
    }
    s.mean = s.n ? sum / s.n : (double)NAN;
    json_array_foreach((json_t *)(size_t)list, i, value)
    {
        if (json_is_number(value)) square += pow(json_number_value(value) - s.mean, 2);
    }
    s.std = s.n > 1 ? sqrt(square / (s.n - 1)) : (double)NAN;
    return s;
}

/* ---- what is added ---- */

/* The means of a task's score, in the order of the summaries. */
static json_t *list_means(const json_t *subs, const char *task, const char *score)
{
    char key[KEY_ROOM];
    size_t i;
    json_t *sub, *list = json_array();
    json_array_foreach((json_t *)(size_t)subs, i, sub)
    {
        const double mean = value_of(json_object_get(json_object_get(sub, "tasks"), task), mean_key(key, score));
        json_array_append_new(list, isnan(mean) ? json_null() : json_real(mean));
    }
    return list;
}

static json_t *add_list(json_t *task, const char *name, const json_t *subs, const char *where)
{
    char key[KEY_ROOM];
    const char *score = main_score(task);
    if (!score) return NULL;
    json_t *list = list_means(subs, name, score), *out = json_pack("{s:i}", "n", (int)json_array_size(list));
    const double mean = spread_of(list).mean;
    json_object_set_new(out, score, list);
    json_object_set_new(out, mean_key(key, score), isnan(mean) ? json_null() : json_real(mean));
    json_object_set_new(task, where, out);
    return out;
}

static int count_reached(const json_t *list, double observed)
{
    size_t i;
    json_t *value;
    int reached = 0;
    json_array_foreach((json_t *)(size_t)list, i, value) reached +=
        !json_is_number(value) || json_number_value(value) >= observed;
    return reached;
}

static json_t *p_value(const json_t *list, double observed)
{
    if (isnan(observed)) return json_null();
    return json_real((1.0 + count_reached(list, observed)) / (1.0 + (double)json_array_size(list)));
}

void chance_add_permuted(json_t *tasks, const json_t *subs)
{
    char key[KEY_ROOM];
    const char *name;
    json_t *task;
    json_object_foreach(tasks, name, task)
    {
        json_t *out = add_list(task, name, subs, LABELS);
        const char *score = main_score(task);
        if (out)
            json_object_set_new(out, "p", p_value(json_object_get(out, score), value_of(task, mean_key(key, score))));
    }
}

void chance_add_batch_permuted(json_t *tasks, const json_t *subs)
{
    const char *name;
    json_t *task;
    json_object_foreach(tasks, name, task) add_list(task, name, subs, BATCHES);
}

static json_t *left_out(const json_t *from, const char *score)
{
    static const char *const suffix[] = {"_mean", "_std_folds", "_ci95", NULL}, *const counts[] = {"n_folds",
                                                                                                   "n_bags"};
    char key[KEY_ROOM];
    json_t *out = json_object();
    for (const char *const *s = suffix; *s; s++) {
        snprintf(key, sizeof key, "%s%s", score, *s);
        json_t *value = json_object_get(from, key);
        if (value) json_object_set(out, key, value);
    }
    for (int k = 0; k < 2; k++) json_object_set(out, counts[k], json_object_get(from, counts[k]));
    return out;
}

void chance_add_left_out(json_t *tasks, const json_t *sub, const char *reason)
{
    const char *name;
    json_t *task;
    json_object_foreach(tasks, name, task)
    {
        const json_t *from = json_object_get(json_object_get(sub, "tasks"), name);
        const char *score = main_score(task);
        if (sub && score)
            json_object_set_new(task, LEFT_OUT, left_out(from, score));
        else if (!sub)
            json_object_set_new(task, LEFT_OUT, json_pack("{s:s}", "reason", reason));
    }
}

void chance_add_without(json_t *tasks, const json_t *sub)
{
    const char *name;
    json_t *task;
    json_object_foreach(tasks, name, task)
    {
        const json_t *from = json_object_get(json_object_get(sub, "tasks"), name);
        const char *score = main_score(task);
        if (from && score) json_object_set_new(task, WITHOUT, left_out(from, score));
    }
}

/* ---- words ---- */

__attribute__((format(printf, 2, 3))) static void append(json_t *list, const char *format, ...)
{
    char text[1400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(list, json_string(text));
}

static void say_permuted(json_t *out, const json_t *task, const char *score)
{
    char key[KEY_ROOM];
    const json_t *permuted = json_object_get(task, LABELS), *list = json_object_get(permuted, score);
    const ChanceSpread s = spread_of(list);
    const double p = value_of(permuted, "p"), observed = value_of(task, mean_key(key, score));
    const int n = (int)json_array_size(list);
    if (!permuted || s.n == 0 || isnan(p)) return;
    append(out,
           "On permuted labels, %d further cross-validation%s reached %s %.3f on average (%.3f to %.3f). %d of them "
           "reached %.3f: p = %.3g",
           n, n == 1 ? "" : "s", metric_title(score), s.mean, s.least, s.most, count_reached(list, observed),
           observed, p);
}

/* ", 95 % interval 0.7 to 0.8", or nothing. */
static const char *say_interval(char out[80], const json_t *of, const char *score)
{
    char key[KEY_ROOM];
    snprintf(key, sizeof key, "%s_ci95", score);
    const json_t *ends = json_object_get(of, key);
    *out = 0;
    if (json_is_array(ends))
        snprintf(out, 80, ", 95 %% interval %.3f to %.3f", json_number_value(json_array_get(ends, 0)),
                 json_number_value(json_array_get(ends, 1)));
    return out;
}

static void say_without(json_t *out, const json_t *task, const char *score)
{
    char key[KEY_ROOM], interval[80];
    const json_t *without = json_object_get(task, WITHOUT);
    const double mean = value_of(without, mean_key(key, score)), own = value_of(task, key);
    if (isnan(mean) || isnan(own)) return;
    append(
        out,
        "Without the numbers of the bag (model.bag_inputs), the %s on the same folds is %.3f (%d folds%s); with them "
        "it is %.3f. The difference may come from depth, batch or the choice of people",
        metric_title(score), mean, (int)json_integer_value(json_object_get(without, "n_folds")),
        say_interval(interval, without, score), own);
}

static void say_left_out(json_t *out, const json_t *task, const char *score)
{
    char key[KEY_ROOM], interval[80];
    const json_t *left = json_object_get(task, LEFT_OUT), *reason = json_object_get(left, "reason");
    if (!left) return;
    if (reason) {
        append(out, "There is no figure with whole batches left out: %.800s", json_string_value(reason));
        return;
    }
    const double mean = value_of(left, mean_key(key, score)), own = value_of(task, key);
    if (isnan(mean))
        append(out, "With whole batches left out, the %s is not defined: no batch has bags of both classes",
               metric_title(score));
    else
        append(out,
               "With whole batches left out, the %s is %.3f (%d batches%s). That is what to expect of a new batch; "
               "%.3f is "
               "what to expect of new bags of these batches",
               metric_title(score), mean, (int)json_integer_value(json_object_get(left, "n_folds")),
               say_interval(interval, left, score), own);
}

/* Of the area of one ranking of these bags where nothing is to be found; NaN: not two classes. */
static double standard_error(const json_t *task)
{
    const json_t *classes = json_object_get(task, "classes");
    const char *class;
    json_t *count;
    double sum = 0, product = 1;
    json_object_foreach((json_t *)(size_t)classes, class, count)
    {
        sum += json_number_value(count);
        product *= json_number_value(count);
    }
    return json_object_size(classes) == 2 && product > 0 ? sqrt((sum + 1) / (12 * product)) : (double)NAN;
}

bool chance_reached(const json_t *task)
{
    char key[KEY_ROOM];
    const char *score = main_score(task);
    const json_t *permuted = json_object_get(task, LABELS);
    if (!score || isnan(value_of(permuted, "p"))) return false;
    return value_of(permuted, "p") > 0.05 &&
           count_reached(json_object_get(permuted, score), value_of(task, mean_key(key, score))) > 0;
}

/* Permutations rank the same bags, so their spread says too little of how far chance goes. */
ChanceVerdict chance_batches(const json_t *task)
{
    const double mean = value_of(json_object_get(task, BATCHES), "auc_mean"), far = 2 * standard_error(task);
    if (isnan(mean) || isnan(far)) return CHANCE_UNKNOWN;
    return mean > 0.5 + far ? CHANCE_RECOGNISED : CHANCE_NOT_SHOWN;
}

static void say_batch_permuted(json_t *out, const json_t *task, const char *score)
{
    static const char *const verdict[] = {
        [CHANCE_UNKNOWN] = "",
        [CHANCE_NOT_SHOWN] = ". That is not clearly above 0.5: nothing shows that the method recognises batches",
        [CHANCE_RECOGNISED] =
            (". That is clearly above 0.5: the method recognises batches, and part of its score on the true "
             "labels may come from that")};
    const ChanceSpread s = spread_of(json_object_get(json_object_get(task, BATCHES), score));
    if (s.n == 0) return;
    append(
        out,
        "On labels permuted over batches, %d further cross-validation%s reached %s %.3f on average (%.3f to %.3f)%s",
        s.n, s.n == 1 ? "" : "s", metric_title(score), s.mean, s.least, s.most, verdict[chance_batches(task)]);
}

json_t *chance_sentences(const json_t *task)
{
    json_t *out = json_array();
    const char *score = main_score(task);
    if (!out || !score) return out;
    say_without(out, task, score);
    say_left_out(out, task, score);
    say_batch_permuted(out, task, score);
    say_permuted(out, task, score);
    return out;
}
