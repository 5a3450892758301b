/* SPDX-License-Identifier: MIT */
#include "run/configinputs.h"

#define AT(field) offsetof(Config, model.field)

/* In the order of CountWeight. */
const Option configinputs_pooling_rows[] = {
    {"count_weight", OPTION_CHOICE, AT(count_weight), "none", 0, 0, "none log1p raw", "",
     "weight w of a sequence in the pooling by its clone count c: none (all equal), raw (c), log1p (ln(1 + c)); ln w "
     "is added to its attention logit, so a clone of c cells weighs like c sequences. Sequences only"},
    {0},
};

Status configinputs_check(const Config *c)
{
    if (c->model.count_weight == WEIGHT_NONE || c->data.compat != COMPAT_DEEPRC) return OK;
    return settings_fail(c->settings, "model.pooling.count_weight",
                         "data.compat deeprc is DeepRC's network, which weighs no counts; leave one of the two out");
}
