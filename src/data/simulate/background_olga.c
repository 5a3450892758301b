/* SPDX-License-Identifier: MIT
 *
 * Recombination as OLGA draws it (Sethna et al. 2019): genes, deletions, insertions; what is out of frame, has a stop codon or
 * lacks the conserved residues is drawn again. The insertion between D and J grows from its 3' end.
 */
#include "data/simulate/background.h"
#include "data/simulate/olgamodel.h"

#include <string.h>

enum { LEN_MAX = 40, BASES_MOST = 3 * LEN_MAX, STOP = -1, CYSTEINE = 1, TRIES = 10000 };

/* Codes of residues by codon, 16 a + 4 b + c with ACGT = 0123; * is a stop. */
static const char codon_residue[] = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF";

typedef struct {
    const OlgaModel *model;
    int8_t code[64]; /* of a codon; STOP */
} OlgaState;

/* A rearrangement under way. */
typedef struct {
    const OlgaModel *model;
    Rng *rng;
    int8_t bases[BASES_MOST];
    int n;
} Rearrangement;

static void init(void *state, const void *source, const double *prefix_tilt, const double *transition_tilt)
{
    static const char letters[] = "ACDEFGHIKLMNPQRSTVWY";
    OlgaState *s = state;
    (void)prefix_tilt, (void)transition_tilt;
    s->model = source;
    for (int k = 0; k < 64; k++) {
        const char *letter = strchr(letters, codon_residue[k]);
        s->code[k] = (int8_t)(letter ? letter - letters : STOP);
    }
}

/* A number of bases to take off an end with palindromes, or to insert. */
static int draw_number(Rearrangement *r, int which, int row)
{
    const OlgaNumber *number = &r->model->number[which];
    const int k = alias_draw(number->cell + (size_t)row * (size_t)number->n, number->n, r->rng);
    return number->number[k];
}

static bool append(Rearrangement *r, const int8_t *bases, int n)
{
    if (n < 0 || r->n + n > BASES_MOST) return false;
    memcpy(r->bases + r->n, bases, (size_t)n);
    r->n += n;
    return true;
}

static bool insert(Rearrangement *r, int which, int n)
{
    if (n < 0 || r->n + n > BASES_MOST) return false;
    for (int k = 0, last = 4; k < n; k++) {
        last = alias_draw(r->model->next[which][last], 4, r->rng);
        r->bases[which ? r->n + n - 1 - k : r->n + k] = (int8_t)last;
    }
    r->n += n;
    return true;
}

/* Draws all events; false: they do not fit together, or are out of frame. */
static bool rearrange(Rearrangement *r, int16_t gene[2])
{
    const OlgaModel *m = r->model;
    const OlgaGenes *v = &m->gene[OLGA_V], *d = &m->gene[OLGA_D], *j = &m->gene[OLGA_J];
    const int iv = alias_draw(v->choice, v->n, r->rng), ij = alias_draw(j->choice, j->n, r->rng);
    const int id = alias_draw(d->choice + (size_t)ij * (size_t)d->n, d->n, r->rng);
    const OlgaNumber *del5 = &m->number[OLGA_DEL_5];
    const int k5 = alias_draw(del5->cell + (size_t)id * (size_t)del5->n, del5->n, r->rng);
    const int end = OLGAMODEL_PALINDROME, off5 = del5->number[k5] + end;
    const int off3 = draw_number(r, OLGA_DEL_3, id * del5->n + k5) + end;
    const int off_v = draw_number(r, OLGA_DEL_V, iv) + end, off_j = draw_number(r, OLGA_DEL_J, ij) + end;
    const int n_vd = draw_number(r, OLGA_INS_VD, 0), n_dj = draw_number(r, OLGA_INS_DJ, 0);
    const int n_v = v->n_bases[iv] - off_v, n_d = d->n_bases[id] - off5 - off3, n_j = j->n_bases[ij] - off_j;
    if (n_v <= 0 || n_d < 0 || n_j < 0 || off_v < 0 || off5 < 0 || off3 < 0 || off_j < 0) return false;
    if ((n_v + n_vd + n_d + n_dj + n_j) % 3 != 0) return false;
    gene[0] = (int16_t)iv;
    gene[1] = (int16_t)ij;
    r->n = 0;
    return append(r, v->bases[iv], n_v) && insert(r, 0, n_vd) && append(r, d->bases[id] + off5, n_d) &&
           insert(r, 1, n_dj) && append(r, j->bases[ij] + off_j, n_j);
}

/* The residues; 0: a stop codon, or the ends are not the conserved ones. */
static int translate(int8_t *codes, const Rearrangement *r, const OlgaState *s)
{
    const int len = r->n / 3;
    for (int t = 0; t < len; t++) {
        const int8_t *b = r->bases + 3 * (size_t)t;
        codes[t] = s->code[16 * b[0] + 4 * b[1] + b[2]];
        if (codes[t] == STOP) return 0;
    }
    return len > 1 && codes[0] == CYSTEINE && strchr("FVW", "ACDEFGHIKLMNPQRSTVWY"[codes[len - 1]]) ? len : 0;
}

static int draw(int8_t *codes, int16_t gene[2], const void *state, Rng *rng)
{
    const OlgaState *s = state;
    Rearrangement r = {.model = s->model, .rng = rng};
    int16_t drawn[2];
    int len = 0;
    while (len == 0)
        if (rearrange(&r, drawn)) len = translate(codes, &r, s);
    if (gene) memcpy(gene, drawn, sizeof drawn);
    return len;
}

/* ---- its source ---- */

/* Some rearrangement must be productive, or draw would never end. */
static Status check_productive(const OlgaModel *model, const char *path)
{
    OlgaState state;
    Rng rng = rng_stream(0, "olga", 0);
    Rearrangement r = {.model = model, .rng = &rng};
    int8_t codes[LEN_MAX];
    int16_t gene[2];
    init(&state, model, NULL, NULL);
    for (int i = 0; i < TRIES; i++)
        if (rearrange(&r, gene) && translate(codes, &r, &state)) return OK;
    return fail(ERR_FORMAT, "%s: none of %d rearrangements of this model is productive", path, TRIES);
}

static Status open_model(void **source, const char *path)
{
    OlgaModel *model;
    Status status = olgamodel_read(&model, path);
    *source = model;
    return status == OK ? check_productive(model, path) : status;
}

static void close_model(void *source)
{
    olgamodel_free(source);
}

static BackgroundGenes gene_names(const void *source)
{
    const OlgaModel *m = source;
    const OlgaGenes *v = &m->gene[OLGA_V], *j = &m->gene[OLGA_J];
    return (BackgroundGenes){
        .n_v = v->n, .n_j = j->n, .v = (const char *const *)v->name, .j = (const char *const *)j->name};
}

const BackgroundType background_olga = {
    .name = "olga",
    .max_len = LEN_MAX,
    .size = sizeof(OlgaState),
    .open = open_model,
    .close = close_model,
    .init = init,
    .draw = draw,
    .gene_names = gene_names,
};
