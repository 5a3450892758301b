/* SPDX-License-Identifier: MIT */
#include "rival/rival.h"

#include <stdlib.h>
#include <string.h>

/* In the order of the tables; an entry is defined in the file of its kind. */
#define RIVALS(X)                                                                                                    \
    X(nuisance)                                                                                                      \
    X(genes)                                                                                                         \
    X(kmer3)                                                                                                         \
    X(kmer4)                                                                                                         \
    X(gapped)                                                                                                        \
    X(gap1)                                                                                                          \
    X(halves)                                                                                                        \
    X(thirds)                                                                                                        \
    X(enriched)                                                                                                      \
    X(minmax)                                                                                                        \
    X(jaccard)                                                                                                       \
    X(clones)                                                                                                        \
    X(clones_1)                                                                                                      \
    X(public)                                                                                                        \
    X(public_eb)                                                                                                     \
    X(public_vj)                                                                                                     \
    X(public_eb_vj)                                                                                                  \
    X(stats_logistic)                                                                                                \
    X(stats_svm1)                                                                                                    \
    X(stats_svm10)                                                                                                   \
    X(stats_svm_cut)                                                                                                 \
    X(nuisance_vectors)                                                                                              \
    X(kmer3_l1)                                                                                                      \
    X(kmer4_l1)                                                                                                      \
    X(gapped_l1)

#define X(name) extern const Rival rival_##name;
RIVALS(X)
#undef X

const Rival *const rivals[] = {
#define X(name) &rival_##name,
    RIVALS(X)
#undef X
        NULL,
};

const Rival *rival_find(const char *name)
{
    for (const Rival *const *r = rivals; *r; r++)
        if (strcmp((*r)->name, name) == 0) return *r;
    return NULL;
}

/* ---- models ---- */

Status rival_model_new(RivalModel **out, const Rival *rival)
{
    RivalModel *m = calloc(1, sizeof *m);
    *out = m;
    if (m) m->facts = json_object();
    if (m && m->facts) {
        m->rival = rival;
        return OK;
    }
    free(m);
    *out = NULL;
    return fail(ERR_MEMORY, "no memory for a model of %s", rival->name);
}

void rival_model_free(RivalModel *m)
{
    if (!m) return;
    for (int k = 0; !m->file && k < m->n_tensor; k++) {
        free((void *)(size_t)m->tensor[k].name);
        free((void *)(size_t)m->tensor[k].data);
    }
    free(m->tensor);
    if (m->file) safetensors_free(m->file);
    free(m->file);
    json_decref(m->facts);
    free(m);
}

static size_t bytes_of(TensorType type)
{
    static const size_t bytes[] = {
        [TENSOR_F32] = 4, [TENSOR_F64] = 8, [TENSOR_I64] = 8, [TENSOR_U64] = 8, [TENSOR_U8] = 1};
    return bytes[type];
}

Status rival_model_add(RivalModel *m, void **data, const char *name, TensorType type, int n_dim, const int64_t *shape)
{
    size_t n = 1;
    Tensor *tensor = realloc(m->tensor, ((size_t)m->n_tensor + 1) * sizeof *tensor);
    if (tensor) m->tensor = tensor;
    for (int k = 0; k < n_dim; k++) n *= (size_t)shape[k];
    char *own = strdup(name);
    *data = calloc(n + 1, bytes_of(type));
    if (!tensor || !own || !*data) {
        free(own);
        free(*data);
        *data = NULL;
        return fail(ERR_MEMORY, "no memory for %zu numbers of a model of %s", n, m->rival->name);
    }
    Tensor *t = &m->tensor[m->n_tensor++];
    *t = (Tensor){.name = own, .type = type, .n_dim = n_dim, .data = *data};
    memcpy(t->shape, shape, (size_t)n_dim * sizeof *shape);
    return OK;
}

static bool same_shape(const Tensor *t, TensorType type, int n_dim, const int64_t *shape)
{
    if (t->type != type || t->n_dim != n_dim) return false;
    for (int k = 0; k < n_dim; k++)
        if (shape[k] >= 0 && t->shape[k] != shape[k]) return false;
    return true;
}

Status rival_model_tensor(const Tensor **out, const RivalModel *m, const char *name, TensorType type, int n_dim,
                          const int64_t *shape)
{
    for (int k = 0; k < m->n_tensor; k++) {
        *out = &m->tensor[k];
        if (strcmp((*out)->name, name) == 0 && same_shape(*out, type, n_dim, shape)) return OK;
    }
    *out = NULL;
    return fail(ERR_MODEL, "a model of %s has no tensor '%s' of the right type and shape", m->rival->name, name);
}
