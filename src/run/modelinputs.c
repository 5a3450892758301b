/* SPDX-License-Identifier: MIT */
#include "run/modelinputs.h"

Status modelinputs_genes(ModelFile *m, const BagFile *file)
{
    if (m->config.model.gene_size == 0 || bagfile_spec(file)->kind != BAG_SEQUENCES) return OK;
    genetable_close(&m->genes);
    TRY(genetable_open(&m->genes, json_object_get(m->json, "genes"), file, m->path));
    m->config.model.genes = m->genes.rows;
    return OK;
}

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

int modelinputs_n_stored(const ModelFile *m)
{
    const Tensor *t = safetensors_find(&m->tensors, "layers.0.stored_patterns");
    return t && t->n_dim == 2 && t->shape[0] > 0 && t->shape[0] < INT32_MAX ? (int)t->shape[0] : 0;
}
