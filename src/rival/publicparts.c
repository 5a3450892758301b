/* SPDX-License-Identifier: MIT */
#include "rival/publicparts.h"
#include "rival/publicmodel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the tests of shared sequences");
}

/* ---- the cohort ---- */

Status publicparts_check(const Rival *rival, const Cohort *cohort, int n_class)
{
    if (n_class != 2)
        return fail(ERR_CONFIG, "%s tells two classes apart; this task has %s", rival->name,
                    n_class ? "more" : "numbers as labels");
    const PublicDetail *detail = rival->detail;
    if (!detail->genes || bagfile_has_genes(cohort->file)) return OK;
    return fail(ERR_FORMAT, "%s: has no genes, which %s needs; import a table that has them",
                bagfile_path(cohort->file), rival->name);
}

void publicparts_close(void *state)
{
    Public *p = state;
    if (!p) return;
    cloneshare_free(&p->own);
    free(p);
}

Status publicparts_open(void **state, const Rival *rival, const RivalBags *bags)
{
    const PublicDetail *detail = rival->detail;
    Public *p = calloc(1, sizeof *p);
    *state = p;
    if (!p) return no_memory();
    *p = (Public){.rival = rival, .bags = bags, .genes = detail->genes};
    return cloneshare_get(&p->share, &p->own, bags, detail->genes, false);
}

/* ---- parts ---- */

void publicparts_free(PublicParts *parts)
{
    free(parts->n), free(parts->side);
    *parts = (PublicParts){0};
}

bool publicparts_has(const PublicParts *parts, int i, int part)
{
    return part == parts->n_part - 1 || parts->fit->inner[i] != part;
}

Status publicparts_new(PublicParts *out, const Public *p, RivalFit *fit)
{
    const size_t n = (size_t)p->bags->cohort->n + 1;
    assert(fit->n_inner < PUBLICPARTS_MOST && fit->n_out == 1);
    *out = (PublicParts){.p = p, .fit = fit, .n_part = fit->n_inner + 1};
    out->n = calloc((size_t)out->n_part, sizeof *out->n);
    out->side = malloc(n * sizeof *out->side);
    if (!out->n || !out->side) return no_memory();
    for (size_t i = 0; i < n; i++) out->side[i] = -1;
    for (int i = 0; i < fit->n_train; i++) {
        const int class = fit->label[i] == 1;
        out->side[fit->train[i]] = 2 * (fit->n_inner ? fit->inner[i] : 0) + class;
        for (int q = 0; q < out->n_part; q++) out->n[q][class] += publicparts_has(out, i, q);
    }
    return OK;
}

double publicparts_prior(const PublicParts *parts, int part)
{
    return log((parts->n[part][1] + 1.0) / (parts->n[part][0] + 1.0));
}

void publicparts_holders(int *holders, const PublicParts *parts, const CloneReader *r, int i)
{
    const int *member = clonelist_members(r, i);
    int *all = holders + 2 * (parts->n_part - 1);
    memset(holders, 0, 2 * (size_t)parts->n_part * sizeof *holders);
    for (int k = 0; k < clonelist_n(r, i); k++) {
        const int side = parts->side[member[k]];
        if (side < 0) continue;
        all[side % 2]++;
        if (parts->n_part > 1) holders[side]--;
    }
    for (int k = 0; k < 2 * (parts->n_part - 1); k++) holders[k] += all[k % 2];
}

/* ---- sequences that a model keeps ---- */

void publicparts_keep(PublicKept *kept, const Public *p, const CloneReader *r, int i, double value)
{
    if (!kept->writes) {
        kept->n++;
        kept->n_text += clonemodel_bytes(r, i, p->genes);
        return;
    }
    kept->value[kept->tensors.n] = value;
    clonemodel_put(&kept->tensors, r, i, bagfile_spec(p->bags->cohort->file)->alphabet);
}

Status publicparts_model(PublicKept *kept, const Public *p, RivalFit *fit)
{
    TRY(rival_model_new(&fit->model, p->rival));
    TRY(clonemodel_describe(fit->model, bagfile_spec(p->bags->cohort->file)));
    return clonemodel_add(&kept->tensors, fit->model, kept->n, kept->n_text, p->genes);
}
