/* SPDX-License-Identifier: MIT
 *
 * embedder_genes.c: the embedder of the residues works on arrays of its own, as if it were alone, so that its kernels are
 * untouched; a block of its embeddings is copied beside the vectors of the genes.
 *
 * It lies within the struct, so that a copy of that counts memory without touching the original.
 */
#include "model/embedder_genes.h"
#include "nn/kernel.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* The vector of a gene is its row of theta times this, so that an update moves it ten times as far as it moves a weight:
 * vectors begin at 0, and few updates are left before a network knows its training bags by heart. */
#define GENE_SCALE 10

#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

typedef struct {
    Embedder base;
    const EmbedderType *type;
    Index n_own, own_width; /* those of the embedder of the residues */
    Index size;             /* N */
    GeneRows rows;
    size_t at[2];       /* of the vectors of V and of J in theta */
    Index n_vector[2];  /* one for each gene, and row 0 */
    const real *theta;  /* of the last prepare */
    real **own, **down; /* [n_thread] [KERNEL_BLOCK, own_width] embeddings of a block, and their gradients */
    real *grad;         /* [n_slot, vectors of V, then of J, each N] */
    _Alignas(max_align_t) unsigned char self[EMBEDDER_ROOM];
} Genes;

static Index n_number(const Genes *l)
{
    return (l->n_vector[0] + l->n_vector[1]) * l->size;
}

static Status init(void *self, ParamList *list, const void *options, const BagSpec *spec)
{
    static const char *const name[2] = {"sequence_embedding.v_gene.weight", "sequence_embedding.j_gene.weight"};
    Genes *l = self;
    const GenesChosen *chosen = options;
    const Embedder *own = (const Embedder *)(const void *)l->self;
    l->type = chosen->type;
    l->rows = *chosen->rows;
    l->size = chosen->size;
    assert(l->type->size <= EMBEDDER_ROOM);
    TRY(l->type->init(l->self, list, chosen->options, spec));
    l->n_own = own->n_h;
    l->own_width = own->width;
    for (int gene = 0; gene < 2; gene++) {
        l->n_vector[gene] = l->rows.n_gene[gene] + 1;
        l->at[gene] =
            param_add(list, name[gene], PARAM_CONSTANT, 0, PARAM_SHAPE((int)l->n_vector[gene], chosen->size));
    }
    l->base.n_h = l->n_own + 2 * l->size;
    l->base.width = KERNEL_WIDTH(l->base.n_h);
    return OK;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    Genes *l = self;
    const bool learn = sizes->n_slot > 0;
    l->type->plan(l->self, arena, sizes);
    l->own = ARENA_TAKE(arena, real *, sizes->n_thread);
    l->down = ARENA_TAKE(arena, real *, learn ? sizes->n_thread : 0);
    for (int t = 0; t < sizes->n_thread; t++) {
        real *h = ARENA_TAKE(arena, real, KERNEL_BLOCK * l->own_width);
        real *dh = ARENA_TAKE(arena, real, learn ? KERNEL_BLOCK * l->own_width : 0);
        if (l->own) l->own[t] = h;
        if (l->down && learn) l->down[t] = dh;
    }
    l->grad = ARENA_TAKE(arena, real, sizes->n_slot * n_number(l));
}

static void prepare(void *self, const real *theta, const bool *present, const Pass *pass)
{
    Genes *l = self;
    l->theta = theta;
    l->type->prepare(l->self, theta, present, pass);
}

static void open(void *self, Bag *bag, int slot)
{
    Genes *l = self;
    l->type->open(l->self, bag, slot);
}

/* Row of the vector of a gene of instance i; -1: the vector is 0. */
static Index row_of(const Genes *l, const Bag *bag, Index i, int gene)
{
    if (!bag->gene) return 0;
    const int number = gene ? bag->gene[i].j : bag->gene[i].v;
    if (number < 0) return 0;
    return number < l->rows.n_name[gene] ? l->rows.row[gene][number] : -1;
}

static void forward(void *self, real *h, const Rows *rows)
{
    Genes *l = self;
    const real *own = l->own[rows->thread];
    l->type->forward(l->self, l->own[rows->thread], rows);
    for (int i = 0; i < rows->n; i++, own += l->own_width, h += l->base.width) {
        real *to = h + l->n_own;
        memcpy(h, own, l->n_own * sizeof *h);
        for (int gene = 0; gene < 2; gene++, to += l->size) {
            const Index row = row_of(l, rows->bag, rows->from + i, gene);
            if (row >= 0) {
                const real *vector = l->theta + l->at[gene] + row * l->size;
                for (Index k = 0; k < l->size; k++) to[k] = GENE_SCALE * vector[k];
            } else
                ZERO(to, l->size);
        }
        ZERO(to, l->base.width - l->base.n_h);
    }
}

static void zero(void *self, int grad_slot)
{
    Genes *l = self;
    l->type->zero(l->self, grad_slot);
    ZERO(l->grad + grad_slot * n_number(l), n_number(l));
}

/* A block without the vectors of genes. */
static void copy_own(real *to, const Genes *l, const real *from, int n)
{
    for (int i = 0; i < n; i++, to += l->own_width, from += l->base.width) {
        memcpy(to, from, l->n_own * sizeof *to);
        ZERO(to + l->n_own, l->own_width - l->n_own);
    }
}

static void backward(void *self, int grad_slot, const real *h, const real *dh, const Rows *rows)
{
    Genes *l = self;
    real *grad[2] = {l->grad + grad_slot * n_number(l)};
    const int thread = rows->thread;
    grad[1] = grad[0] + l->n_vector[0] * l->size;
    copy_own(l->own[thread], l, h, rows->n);
    copy_own(l->down[thread], l, dh, rows->n);
    l->type->backward(l->self, grad_slot, l->own[thread], l->down[thread], rows);
    for (int i = 0; i < rows->n; i++, dh += l->base.width)
        for (int gene = 0; gene < 2; gene++) {
            const Index row = row_of(l, rows->bag, rows->from + i, gene);
            const real *from = dh + l->n_own + gene * l->size;
            for (Index k = 0; row >= 0 && k < l->size; k++) grad[gene][row * l->size + k] += GENE_SCALE * from[k];
        }
}

/* Of the residues: genes have no numbers of their own in the input. */
static void input(void *self, int grad_slot, double *dx, Index stride, const real *h, const real *dh, const Rows *r)
{
    Genes *l = self;
    copy_own(l->own[r->thread], l, h, r->n);
    copy_own(l->down[r->thread], l, dh, r->n);
    l->type->input(l->self, grad_slot, dx, stride, l->own[r->thread], l->down[r->thread], r);
}

static int windows(int *at, const void *self, int cached)
{
    const Genes *l = self;
    for (Index k = l->n_own; at && k < l->base.n_h; k++) at[k] = -1;
    return l->type->windows ? l->type->windows(at, l->self, cached) : 0;
}

static void finish(void *self, real *grad, int n_slot)
{
    Genes *l = self;
    l->type->finish(l->self, grad, n_slot);
    for (int slot = 0; slot < n_slot; slot++) {
        const real *from = l->grad + slot * n_number(l);
        for (int gene = 0; gene < 2; gene++)
            for (Index k = 0; k < l->n_vector[gene] * l->size; k++) grad[l->at[gene] + k] += *from++;
    }
}

static int start(void *self, real *theta, const Kmer *kmer, int n, const Bag *bag)
{
    Genes *l = self;
    return l->type->start ? l->type->start(l->self, theta, kmer, n, bag) : 0;
}

static int min_pad(const void *self)
{
    const Genes *l = self;
    return l->type->min_pad(l->self);
}

const EmbedderType embedder_genes = {
    .name = "genes",
    .bag_kind = BAG_SEQUENCES,
    .size = sizeof(Genes),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .open = open,
    .forward = forward,
    .zero = zero,
    .backward = backward,
    .input = input,
    .windows = windows,
    .finish = finish,
    .start = start,
    .min_pad = min_pad,
};
