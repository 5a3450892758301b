/* SPDX-License-Identifier: MIT */
#include "data/simulate/olgamodel.h"
#include "core/file.h"
#include "core/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST  (64 << 20)
#define CELLS_MOST 10000000

static const char *const gene_event[] = {[OLGA_V] = "v_choice", [OLGA_D] = "d_gene", [OLGA_J] = "j_choice"};
static const char *const number_event[] = {"v_3_del", "d_5_del", "d_3_del", "j_5_del", "vd_ins", "dj_ins"};
static const char *const chain_event[] = {"vd_dinucl", "dj_dinucl"};

/* ---- lines of a file ---- */

typedef struct {
    char path[PATH_ROOM];
    char *text, *at;
    int line;
} OlgaText;

static Status open_text(OlgaText *t, const char *folder, const char *name)
{
    size_t n;
    *t = (OlgaText){0};
    if (!path_join(t->path, folder, name)) return fail(ERR_CONFIG, "simulate.background_path: the path is too long");
    TRY(file_read_whole(&t->text, &n, t->path, FILE_MOST));
    t->at = t->text;
    return OK;
}

/* The next line without its end; NULL behind the last. */
static char *next_line(OlgaText *t)
{
    char *line = t->at;
    if (!line || !*line) return NULL;
    char *end = strchr(line, '\n');
    t->at = end ? end + 1 : NULL;
    if (!end) end = line + strlen(line);
    while (end > line && strchr("\r \t", end[-1])) end--;
    if (*end) *end = '\0';
    t->line++;
    return line;
}

static Status wrong(const OlgaText *t, const char *what)
{
    return fail(ERR_FORMAT, "%s:%d: %s", t->path, t->line, what);
}

static Status no_memory(const OlgaText *t)
{
    return fail(ERR_MEMORY, "%s: out of memory", t->path);
}

/* ---- model_params.txt ---- */

/* Makes room for index `i` of a segment's genes. */
static Status gene_room(OlgaGenes *g, int i, const OlgaText *t)
{
    if (i < 0 || i >= ALIAS_MOST) return wrong(t, "an index is below 0 or above 1023");
    if (i < g->n) return OK;
    const size_t n = (size_t)i + 1, old = (size_t)g->n;
    char **name = realloc(g->name, n * sizeof *name);
    if (name) g->name = name;
    int8_t **bases = realloc(g->bases, n * sizeof *bases);
    if (bases) g->bases = bases;
    int *n_bases = realloc(g->n_bases, n * sizeof *n_bases);
    if (n_bases) g->n_bases = n_bases;
    if (!name || !bases || !n_bases) return no_memory(t);
    memset(g->name + old, 0, (n - old) * sizeof *name);
    memset(g->bases + old, 0, (n - old) * sizeof *bases);
    memset(g->n_bases + old, 0, (n - old) * sizeof *n_bases);
    g->n = i + 1;
    return OK;
}

/* "name;ACGT;index", split at its semicolons. */
static Status read_gene(OlgaGenes *g, char *text, const OlgaText *t)
{
    static const char base[] = "ACGT";
    int64_t index;
    char *bases = strchr(text, ';'), *last = strrchr(text, ';');
    if (!bases || last == bases || !number_read_int(&index, last + 1))
        return wrong(t, "a gene is not written %name;nucleotides;index");
    TRY(gene_room(g, (int)(index < 0 || index > ALIAS_MOST ? -1 : index), t));
    *bases++ = *last = '\0';
    const size_t n = strlen(bases);
    if (g->name[index]) return wrong(t, "an index stands there twice");
    g->name[index] = strdup(text);
    g->bases[index] = malloc(n + 1);
    if (!g->name[index] || !g->bases[index]) return no_memory(t);
    for (size_t k = 0; k < n; k++) {
        const char *at = strchr(base, bases[k]);
        if (!at) return wrong(t, "a nucleotide is none of ACGT");
        g->bases[index][k] = (int8_t)(at - base);
    }
    g->n_bases[index] = (int)n;
    return OK;
}

/* "number;index" */
static Status read_number(OlgaNumber *number, char *text, const OlgaText *t)
{
    int64_t value, index;
    char *separator = strchr(text, ';');
    if (separator) *separator = '\0';
    if (!separator || !number_read_int(&value, text) || !number_read_int(&index, separator + 1) || index < 0 ||
        index >= ALIAS_MOST || value < -OLGAMODEL_PALINDROME || value > 1000)
        return wrong(t, "a number is not written %number;index");
    if (index >= number->n) {
        int *wider = realloc(number->number, ((size_t)index + 1) * sizeof *wider);
        if (!wider) return no_memory(t);
        for (int64_t k = number->n; k <= index; k++) wider[k] = OLGAMODEL_NO_NUMBER;
        number->number = wider;
        number->n = (int)index + 1;
    }
    number->number[index] = (int)value;
    return OK;
}

static int place_of(const char *const *names, int n, const char *name)
{
    for (int k = 0; k < n; k++)
        if (name && strcmp(names[k], name) == 0) return k;
    return -1;
}

static Status read_params(OlgaModel *m, OlgaText *t)
{
    int segment = -1, number = -1;
    for (char *line; (line = next_line(t));) {
        if (*line == '#' || *line == '@') {
            const char *last = strrchr(line, ';');
            segment = place_of(gene_event, OLGA_N_SEGMENT, last ? last + 1 : NULL);
            number = place_of(number_event, OLGA_N_NUMBER, last ? last + 1 : NULL);
            continue;
        }
        if (*line != '%') continue;
        line += 1 + strspn(line + 1, " ");
        if (segment >= 0) TRY(read_gene(&m->gene[segment], line, t));
        if (number >= 0) TRY(read_number(&m->number[number], line, t));
    }
    for (int k = 0; k < OLGA_N_SEGMENT; k++)
        if (m->gene[k].n == 0)
            return fail(ERR_FORMAT, "%s: has no event '%s'; a model with V, D and J genes is needed", t->path,
                        gene_event[k]);
    for (int k = 0; k < OLGA_N_NUMBER; k++)
        if (m->number[k].n == 0) return fail(ERR_FORMAT, "%s: has no event '%s'", t->path, number_event[k]);
    for (int k = 0; k < OLGA_N_SEGMENT; k++)
        for (int i = 0; i < m->gene[k].n; i++)
            if (!m->gene[k].name[i]) return fail(ERR_FORMAT, "%s: '%s' has no index %d", t->path, gene_event[k], i);
    return OK;
}

/* ---- model_marginals.txt ---- */

/* The next block's probabilities: name, p [n], the caller's to free. *name NULL: there are no more. */
typedef struct {
    char name[64];
    double *p;
    int64_t n;
} OlgaTable;

static Status read_size(int64_t *out, const char *line, const OlgaText *t)
{
    *out = 1;
    if (strncmp(line, "$Dim[", 5) != 0) return wrong(t, "$Dim[…] does not follow the name of a table");
    for (const char *at = line + 5; *at && *at != ']';) {
        char *end;
        const long n = strtol(at, &end, 10);
        if (end == at || n < 1 || n > CELLS_MOST || *out * n > CELLS_MOST)
            return wrong(t, "$Dim[…] has no good sizes");
        *out *= n;
        at = end + (*end == ',');
    }
    return OK;
}

static Status read_row(OlgaTable *table, int64_t *filled, const char *line, const OlgaText *t)
{
    for (const char *at = line + 1; *at;) {
        char *end;
        const double p = strtod(at, &end);
        if (end == at || !(p >= 0 && p <= 1 + 1e-6) || *filled == table->n)
            return wrong(t, "a row has too many cells, or one that is no probability");
        table->p[(*filled)++] = p;
        at = end + (*end == ',');
    }
    return OK;
}

/* From the line @name on; the line behind the block stays unread. */
static Status read_table(OlgaTable *table, const char *name, OlgaText *t)
{
    int64_t filled = 0;
    (void)snprintf(table->name, sizeof table->name, "%s", name + 1);
    const char *line = next_line(t);
    if (!line) return wrong(t, "the file ends within a table");
    TRY(read_size(&table->n, line, t));
    table->p = malloc((size_t)table->n * sizeof *table->p);
    if (!table->p) return no_memory(t);
    while (t->at && *t->at && *t->at != '@') {
        line = next_line(t);
        if (*line == '%') TRY(read_row(table, &filled, line, t));
    }
    return filled == table->n ? OK : wrong(t, "the table above has fewer cells than $Dim says");
}

/* n_row rows of n probabilities as tables to draw from; a row without any is drawn from as if its first were certain. */
static Status build(AliasCell **out, const OlgaTable *table, int64_t n_row, int n, const OlgaText *t)
{
    if (table->n != n_row * n)
        return fail(ERR_FORMAT, "%s: table '%s' has %lld cells; by model_params.txt it has %lld", t->path,
                    table->name, (long long)table->n, (long long)n_row * n);
    free(*out);
    *out = malloc((size_t)table->n * sizeof **out);
    if (!*out) return no_memory(t);
    for (int64_t r = 0; r < n_row; r++) {
        double *p = table->p + r * n, sum = 0;
        for (int k = 0; k < n; k++) sum += p[k];
        if (sum <= 0) p[0] = 1;
        alias_build(*out + r * n, p, n);
    }
    return OK;
}

/* The first base comes from the chain's stationary distribution. */
static Status build_chain(AliasCell next[5][4], const OlgaTable *table, const OlgaText *t)
{
    double at[4] = {0.25, 0.25, 0.25, 0.25};
    if (table->n != 16) return fail(ERR_FORMAT, "%s: table '%s' has not 16 cells", t->path, table->name);
    for (int a = 0; a < 4; a++) {
        const double *p = table->p + 4 * (size_t)a;
        if (!(p[0] + p[1] + p[2] + p[3] > 0)) return fail(ERR_FORMAT, "%s: a row of '%s' is 0", t->path, table->name);
        alias_build(next[a], p, 4);
    }
    for (int step = 0; step < 1000; step++) {
        double to[4] = {0}, sum = 0;
        for (int k = 0; k < 16; k++) to[k % 4] += at[k / 4] * table->p[k];
        for (int b = 0; b < 4; b++) sum += to[b];
        for (int b = 0; b < 4; b++) at[b] = to[b] / sum;
    }
    alias_build(next[4], at, 4);
    return OK;
}

static Status use_table(OlgaModel *m, const OlgaTable *table, const OlgaText *t)
{
    static const int owner[OLGA_N_NUMBER] = {OLGA_V, OLGA_D, OLGA_D, OLGA_J, -1, -1};
    const int segment = place_of(gene_event, OLGA_N_SEGMENT, table->name);
    const int number = place_of(number_event, OLGA_N_NUMBER, table->name);
    const int chain = place_of(chain_event, 2, table->name);
    if (chain >= 0) return build_chain(m->next[chain], table, t);
    if (segment >= 0) {
        OlgaGenes *g = &m->gene[segment];
        for (int i = 0; segment != OLGA_D && i < g->n && i < table->n; i++)
            if (g->n_bases[i] == 0) table->p[i] = 0;
        return build(&g->choice, table, segment == OLGA_D ? m->gene[OLGA_J].n : 1, g->n, t);
    }
    if (number < 0) return OK;
    OlgaNumber *to = &m->number[number];
    to->n_row = owner[number] < 0 ? 1 : m->gene[owner[number]].n;
    if (number == OLGA_DEL_3) to->n_row *= m->number[OLGA_DEL_5].n;
    return build(&to->cell, table, to->n_row, to->n, t);
}

static Status read_marginals(OlgaModel *m, OlgaText *t)
{
    bool chain[2] = {false, false};
    for (const char *line; (line = next_line(t));) {
        OlgaTable table = {.p = NULL};
        if (*line != '@') continue;
        Status status = read_table(&table, line, t);
        if (status == OK) status = use_table(m, &table, t);
        const int k = place_of(chain_event, 2, table.name);
        if (k >= 0) chain[k] = true;
        free(table.p);
        TRY(status);
    }
    for (int k = 0; k < OLGA_N_SEGMENT; k++)
        if (!m->gene[k].choice) return fail(ERR_FORMAT, "%s: has no table '%s'", t->path, gene_event[k]);
    for (int k = 0; k < OLGA_N_NUMBER; k++)
        if (!m->number[k].cell) return fail(ERR_FORMAT, "%s: has no table '%s'", t->path, number_event[k]);
    for (int k = 0; k < 2; k++)
        if (!chain[k]) return fail(ERR_FORMAT, "%s: has no table '%s'", t->path, chain_event[k]);
    return OK;
}

/* ---- anchors ---- */

/* Reversed complements of the bases at an end, in front or behind. */
static Status add_palindromes(int8_t **bases, int *n, bool front, bool behind, const OlgaText *t)
{
    const int old = *n, added = old < OLGAMODEL_PALINDROME ? old : OLGAMODEL_PALINDROME, shift = front ? added : 0;
    int8_t *wider = malloc((size_t)old + 2 * OLGAMODEL_PALINDROME);
    if (!wider) return no_memory(t);
    memcpy(wider + shift, *bases, (size_t)old);
    for (int k = 0; k < added && front; k++) wider[added - 1 - k] = (int8_t)(3 - (*bases)[k]);
    for (int k = 0; k < added && behind; k++) wider[shift + old + k] = (int8_t)(3 - (*bases)[old - 1 - k]);
    free(*bases);
    *bases = wider;
    *n = old + shift + (behind ? added : 0);
    return OK;
}

/* V from its anchor, J to the end of its anchor's codon. */
static void cut(OlgaGenes *g, int i, int64_t anchor, bool is_j)
{
    if (anchor <= 0 || anchor + 3 > g->n_bases[i]) {
        g->n_bases[i] = 0;
    } else if (is_j) {
        g->n_bases[i] = (int)anchor + 3;
    } else {
        g->n_bases[i] -= (int)anchor;
        memmove(g->bases[i], g->bases[i] + anchor, (size_t)g->n_bases[i]);
    }
}

static Status read_anchors(OlgaGenes *g, OlgaText *t, bool is_j)
{
    bool *found = calloc((size_t)g->n, sizeof *found);
    if (!found) return no_memory(t);
    for (char *line; (line = next_line(t));) {
        char *function = strrchr(line, ','), *anchor = strchr(line, ',');
        int64_t place;
        if (!anchor || function == anchor) continue;
        *anchor++ = *function++ = '\0';
        if (!number_read_int(&place, anchor)) continue; /* the header */
        for (int i = 0; i < g->n; i++) {
            if (strcmp(g->name[i], line) != 0 || found[i]) continue;
            found[i] = strcmp(function, "F") == 0 || strcmp(function, "(F)") == 0;
            cut(g, i, found[i] ? place : -1, is_j);
            found[i] = true;
        }
    }
    int n_left = 0;
    for (int i = 0; i < g->n; i++) {
        if (!found[i]) g->n_bases[i] = 0;
        n_left += g->n_bases[i] > 0;
    }
    free(found);
    return n_left ? OK : fail(ERR_FORMAT, "%s: no gene of the model has a good anchor and function F", t->path);
}

static Status extend(OlgaModel *m, const OlgaText *t)
{
    for (int k = 0; k < OLGA_N_SEGMENT; k++)
        for (int i = 0; i < m->gene[k].n; i++)
            if (m->gene[k].n_bases[i] > 0)
                TRY(add_palindromes(&m->gene[k].bases[i], &m->gene[k].n_bases[i], k != OLGA_V, k != OLGA_J, t));
    return OK;
}

/* ---- the folder ---- */

static Status read_v(OlgaModel *m, OlgaText *t)
{
    return read_anchors(&m->gene[OLGA_V], t, false);
}

static Status read_j(OlgaModel *m, OlgaText *t)
{
    TRY(read_anchors(&m->gene[OLGA_J], t, true));
    return extend(m, t);
}

Status olgamodel_read(OlgaModel **out, const char *folder)
{
    static const struct {
        const char *name;
        Status (*read)(OlgaModel *m, OlgaText *t);
    } file[] = {{"model_params.txt", read_params},
                {"V_gene_CDR3_anchors.csv", read_v},
                {"J_gene_CDR3_anchors.csv", read_j},
                {"model_marginals.txt", read_marginals}};
    *out = calloc(1, sizeof **out);
    if (!*out) return fail(ERR_MEMORY, "%s: out of memory", folder);
    for (size_t i = 0; i < sizeof file / sizeof *file; i++) {
        OlgaText t;
        Status status = open_text(&t, folder, file[i].name);
        if (status == OK) status = file[i].read(*out, &t);
        free(t.text);
        TRY(status);
    }
    return OK;
}

void olgamodel_free(OlgaModel *model)
{
    if (!model) return;
    for (int k = 0; k < OLGA_N_SEGMENT; k++) {
        OlgaGenes *g = &model->gene[k];
        for (int i = 0; i < g->n; i++) {
            free(g->name[i]);
            free(g->bases[i]);
        }
        free(g->name);
        free(g->bases);
        free(g->n_bases);
        free(g->choice);
    }
    for (int k = 0; k < OLGA_N_NUMBER; k++) {
        free(model->number[k].number);
        free(model->number[k].cell);
    }
    free(model);
}
