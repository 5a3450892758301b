/* SPDX-License-Identifier: MIT */
#include "study/memefile.h"
#include "core/number.h"
#include "data/bagfile/alphabet.h"
#include "data/text/textin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = ALPHABET_AMINO;

typedef struct {
    TextIn *in;
    MemeFile *out;
    int left;         /* rows of the matrix that are still to come */
    bool is_alphabet; /* seen */
    bool is_background;
} MemeReader;

static Status bad(const MemeReader *r, const char *what)
{
    return fail(ERR_FORMAT, "%s:%d: %s", textin_path(r->in), textin_number(r->in), what);
}

static Status add_motif(MemeReader *r, const char *name)
{
    MemeMotif *grown = realloc(r->out->motif, ((size_t)r->out->n + 1) * sizeof *grown);
    if (!grown) return fail(ERR_MEMORY, "no memory for %d motifs", r->out->n + 1);
    r->out->motif = grown;
    grown[r->out->n] = (MemeMotif){.n = 0};
    snprintf(grown[r->out->n].name, MEMEFILE_NAME, "%s", name);
    r->out->n++;
    return OK;
}

/* "letter-probability matrix: alength= 20 w= 6 …" */
static Status begin_matrix(MemeReader *r, const char *line)
{
    const char *width = strstr(line, "w=");
    if (r->out->n == 0) return bad(r, "a matrix stands before the first MOTIF");
    MemeMotif *motif = &r->out->motif[r->out->n - 1];
    const int n = width ? atoi(width + 2) : 0;
    if (n < 1 || n > FIGURE_LOGO_MOST) return bad(r, "w= is not a width from 1 to 60 positions");
    if (motif->probability) return bad(r, "the motif has a second matrix");
    motif->probability = calloc((size_t)n * FIGURE_LOGO_LETTERS, sizeof(double));
    if (!motif->probability) return fail(ERR_MEMORY, "no memory for a motif of %d positions", n);
    r->left = n;
    return OK;
}

static Status read_row(MemeReader *r, char *line)
{
    MemeMotif *motif = &r->out->motif[r->out->n - 1];
    char *rest = NULL, *word = strtok_r(line, " \t", &rest);
    for (int a = 0; a < FIGURE_LOGO_LETTERS; a++, word = strtok_r(NULL, " \t", &rest))
        if (!word || !number_read(&motif->probability[motif->n * FIGURE_LOGO_LETTERS + a], word))
            return bad(r, "the row of the matrix lacks one of 20 numbers");
    motif->n++;
    r->left--;
    return OK;
}

/* "A 0.075 C 0.02 …", over several lines. */
static Status read_background(MemeReader *r, char *line)
{
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        const char *at = strlen(word) == 1 ? strchr(letters, *word) : NULL;
        const char *share = strtok_r(NULL, " \t", &rest);
        if (!at || !share || !number_read(&r->out->background[at - letters], share))
            return bad(r, "the background is not pairs of a residue and its share");
        r->out->has_background = true;
    }
    return OK;
}

static Status read_line(MemeReader *r, char *line)
{
    if (strspn(line, " \t") == strlen(line)) return OK;
    if (r->left > 0) return read_row(r, line);
    if (strncmp(line, "ALPHABET=", 9) == 0) {
        r->is_alphabet = strstr(line, letters) != NULL;
        return r->is_alphabet ? OK : bad(r, "the alphabet is not that of the 20 residues");
    }
    if (strncmp(line, "MOTIF ", 6) == 0) {
        r->is_background = false;
        return add_motif(r, line + 6);
    }
    if (strncmp(line, "letter-probability matrix", 25) == 0) return begin_matrix(r, line);
    if (strncmp(line, "Background letter frequencies", 29) == 0) {
        r->is_background = true;
        return OK;
    }
    return r->is_background ? read_background(r, line) : OK;
}

static Status read_all(MemeReader *r, const char *path)
{
    char *line;
    size_t n;
    for (;;) {
        TRY(textin_line(r->in, &line, &n));
        if (!line) break;
        TRY(read_line(r, line));
    }
    if (r->left > 0) return fail(ERR_FORMAT, "%s: ends within a matrix", path);
    if (!r->is_alphabet) return fail(ERR_FORMAT, "%s: has no line ALPHABET=", path);
    return OK;
}

Status memefile_read(MemeFile *out, const char *path)
{
    *out = (MemeFile){.n = 0};
    MemeReader r = {.out = out};
    TRY(textin_open(&r.in, path));
    const Status status = read_all(&r, path);
    textin_close(r.in);
    if (status != OK) memefile_free(out);
    return status;
}

void memefile_free(MemeFile *m)
{
    for (int k = 0; k < m->n; k++) free(m->motif[k].probability);
    free(m->motif);
    *m = (MemeFile){.n = 0};
}

/* ---- writing ---- */

void memefile_head(TextOut *out, const double *background)
{
    textout_printf(out, "MEME version 4\n\nALPHABET= %s\n\nBackground letter frequencies\n", letters);
    for (int r = 0; r < FIGURE_LOGO_LETTERS; r++)
        textout_printf(out, "%c %.5f%s", letters[r], background[r], r % 10 == 9 ? "\n" : " ");
}

void memefile_rows(TextOut *out, const double *probability, int n)
{
    for (int c = 0; c < n; c++)
        for (int r = 0; r < FIGURE_LOGO_LETTERS; r++)
            textout_printf(out, "%.6f%c", *probability++, r < FIGURE_LOGO_LETTERS - 1 ? ' ' : '\n');
}
