/* SPDX-License-Identifier: MIT
 *
 * rowcell.h: what a cell of a repertoire table says: nothing, yes or no, a count.
 */
#ifndef HOPSACK_ROWCELL_H
#define HOPSACK_ROWCELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char *text; /* ends with NUL */
    size_t length;
} Cell;

typedef enum { NO, YES, BLANK } Answer;

typedef enum {
    COUNT_WHOLE,
    COUNT_ROUNDED, /* had a fraction */
    COUNT_BELOW,   /* above 0 and below 1: 0 */
    COUNT_TEXT,    /* no number */
    COUNT_COMMA,   /* 1,234: a thousand or a fraction? */
    COUNT_LARGE    /* beyond 64 bits */
} CountKind;

/* What a text may be by its letters. */
typedef enum {
    LETTERS_OTHER,
    LETTERS_BASES,   /* ten and more nucleotides */
    LETTERS_AMINO,   /* five and more amino acids */
    LETTERS_JUNCTION /* of these from C to F or W */
} Letters;

bool rowcell_is_blank_word(const Cell *cell);       /* of a cell that is not empty; words of repertoire programs */
bool rowcell_answer(Answer *out, const Cell *cell); /* false: is neither T nor F, nor blank */
/* A number as whole one; a comma is a point in `1,5`. */
CountKind rowcell_count(int64_t *out, const Cell *cell);
bool rowcell_truncate(int64_t *out, const Cell *cell); /* as DeepRC: the integer part; false: is no number */
Letters rowcell_letters(const char *text);
bool rowcell_is_bases(const Cell *cell);  /* six and more nucleotides and nothing else */
bool rowcell_is_joined(const Cell *cell); /* two sequences and what joins them: "CAVF;CASSF" */

/* Empty, null, NA, … The first letter answers for most cells. */
static inline bool rowcell_is_blank(const Cell *cell)
{
    if (cell->length == 0) return true;
    const char first = *cell->text;
    return (first == 'n' || first == 'N' || first == 'u' || first == 'p' || first == 'r') &&
           rowcell_is_blank_word(cell);
}

/* Without blanks at both ends. */
static inline void rowcell_trim(Cell *cell)
{
    for (; cell->length > 0 && *cell->text == ' '; cell->length--) cell->text++;
    while (cell->length > 0 && cell->text[cell->length - 1] == ' ') cell->text[--cell->length] = '\0';
}

#endif
