/* SPDX-License-Identifier: MIT */
#include "run/modelinputs.h"

Status modelinputs_read(ModelFile *m, const Cohort *cohort)
{
    if (m->config.model.n_input == 0) return OK;
    return inputcolumns_read(&m->inputs, json_object_get(m->json, "bag_inputs"), cohort, m->path);
}

Bag modelinputs_bag(const ModelFile *m, const Bag *whole, int bag)
{
    Bag own = *whole;
    if (m->inputs) own.inputs = m->inputs + (size_t)bag * (size_t)m->config.model.n_input;
    return own;
}
