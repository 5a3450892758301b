/* SPDX-License-Identifier: MIT */
#include "train/record.h"
#include "core/jsontext.h"

#include <math.h>

static json_t *tasks_json(const LoopRecord *record, const Target *target, int n_target, bool numbers)
{
    json_t *tasks = json_object();
    for (int k = 0; k < n_target; k++) {
        const MetricType *type = metric_of(&target[k]);
        json_t *scores = json_object();
        for (int j = 0; j < type->n; j++)
            json_object_set_new(scores, type->name[j], jsontext_real(record->score[k][j]));
        if (numbers) json_object_set_new(scores, "n_bags", json_integer(record->known[k]));
        json_object_set_new(tasks, target[k].name, scores);
    }
    return tasks;
}

json_t *record_json(const LoopRecord *r, const Target *target, int n_target)
{
    return json_pack("{s:i, s:f, s:s, s:f, s:f, s:o, s:o}", "update", r->update, "epoch", r->epoch, "part",
                     part_name[r->part], "lr", r->lr, "seconds", round(r->seconds * 1e3) / 1e3, "loss",
                     jsontext_real(r->loss), "tasks", tasks_json(r, target, n_target, false));
}

json_t *record_scores(const LoopRecord *r, const Target *target, int n_target)
{
    return json_pack("{s:i, s:o, s:o}", "n_bags", r->n_bag, "loss", jsontext_real(r->loss), "tasks",
                     tasks_json(r, target, n_target, true));
}
