/* SPDX-License-Identifier: MIT
 *
 * Tables without a header line whose columns the first row tells: nucleotides, junction, V, J, as OLGA and IGoR write
 * them, or a list of junctions alone. A number might be a count, a share or an index, so it must be named.
 */
#include "data/sequences/format.h"
#include "data/sequences/rowcell.h"

#include <string.h>

extern const FormatType format_olga;

static bool is_sequence(const char *cell)
{
    const Letters letters = rowcell_letters(cell);
    return letters == LETTERS_AMINO || letters == LETTERS_JUNCTION;
}

static bool recognise(const Header *header, const FormatWish *wish)
{
    bool found = false;
    for (int c = 0; header->row && !wish->sequence && c < header->n; c++) found |= is_sequence(header->row[c]);
    return found;
}

static bool is_gene(const char *cell, char segment)
{
    const bool receptor = (cell[0] == 'T' && cell[1] == 'R') || (cell[0] == 'I' && cell[1] == 'G');
    return receptor && cell[2] && cell[3] == segment;
}

static bool is_number(const char *cell)
{
    return *cell && cell[strspn(cell, "0123456789.+-eE ")] == '\0';
}

static void bind_cell(FormatColumns *out, const char *cell, int c)
{
    int *sequence = &out->at[COLUMN_SEQUENCE], *v = &out->at[COLUMN_V], *j = &out->at[COLUMN_J];
    if (*sequence < 0 && is_sequence(cell)) *sequence = c;
    if (*v < 0 && is_gene(cell, 'V')) *v = c;
    if (*j < 0 && is_gene(cell, 'J')) *j = c;
}

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    *out = format_no_columns;
    if (!header->row) return fail(ERR_FORMAT, "has a header line, and tables of OLGA have none; give --header=no");
    for (int c = 0; c < header->n; c++) {
        if (is_number(header->row[c]) && !wish->count)
            return fail(ERR_FORMAT,
                        "has no header line, and its column %d holds numbers; give --count-column=%d if they are "
                        "counts, else --count-column=none",
                        c + 1, c + 1);
        bind_cell(out, header->row[c], c);
    }
    if (wish->sequence) TRY(header_need(&out->at[COLUMN_SEQUENCE], header, wish->sequence, "--sequence-column"));
    if (out->at[COLUMN_SEQUENCE] < 0) return fail(ERR_FORMAT, "has no amino-acid sequence in its first line");
    return format_count(out, header, wish, NULL);
}

const FormatType format_olga = {.name = "olga",
                                .line = "no header line: nucleotides, junction, V, J, or a list of junctions",
                                .recognise = recognise,
                                .bind = bind};
