/* SPDX-License-Identifier: MIT */
#include "run/fitwatch.h"
#include "cohort/task.h"
#include "core/log.h"

#define LEARNED 0.99
#define FEW     10 /* bags; no warning below */

static const json_t *scores_of(const Evaluation *o, const json_t *parts, Part part)
{
    return json_object_get(json_object_get(json_object_get(parts, part_name[part]), "tasks"), o->target[0].name);
}

static void warn_by_heart(const Evaluation *o, const json_t *parts, const char *where)
{
    const json_t *train = scores_of(o, parts, PART_TRAIN), *validation = scores_of(o, parts, PART_VALIDATION);
    const json_t *interval = json_object_get(validation, "auc_ci95");
    const double learned = json_number_value(json_object_get(train, "auc")),
                 found = json_number_value(json_object_get(validation, "auc")),
                 least = json_number_value(json_array_get(interval, 0));
    if (!json_is_array(interval) || learned < LEARNED || least > 0.5) return;
    const int n_bag = (int)json_integer_value(json_object_get(validation, "n_bags"));
    if (n_bag < FEW) return;
    log_warn(
        "%s: the model overfits its training bags (AUC %.3f); on the %d validation bags chance is not excluded "
        "(AUC %.3f, 95 %% interval from %.3f); more bags, fewer train.draws or a smaller model may help, or there is "
        "nothing to find",
        where, learned, n_bag, found, least);
}

static void warn_one_class(const Evaluation *o, const char *where)
{
    const Target *t = &o->target[0];
    const Part part = o->partition.count[PART_VALIDATION] ? PART_VALIDATION : PART_TRAIN;
    int said = -1, truth = -1, n = 0;
    bool several = false; /* are there bags of several classes? */
    if (!task_of(t)->output_class) return;
    for (int i = 0; i < o->cohort->n; i++) {
        if (o->partition.part[i] != part || o->labels.mask[(size_t)i * (size_t)o->labels.n_target] == 0) continue;
        const int class =
            task_of(t)->output_class(t, o->output + (size_t)i * (size_t)o->labels.n_out + (size_t)t->at);
        if (n > 0 && class != said) return;
        if (n > 0 && o->labels.class && o->labels.class[i] != truth) several = true;
        said = class;
        truth = o->labels.class ? o->labels.class[i] : -1;
        n++;
    }
    if (!several || n < FEW) return;
    log_warn("%s: all %d bags of the %s part are predicted to be of one class; look at the AUC, not at the accuracy",
             where, n, part_name[part]);
}

void fitwatch_warn(const Evaluation *o, const json_t *parts, const char *where)
{
    int kind, number;
    const SplitOptions *splits = &o->config->splits;
    const bool permuted = folds_parse_permute(&kind, &number, splits->permute) && kind >= 0;
    if (splits->inner || permuted) return;
    warn_by_heart(o, parts, where);
    warn_one_class(o, where);
}
