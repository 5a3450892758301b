/* SPDX-License-Identifier: MIT
 *
 * Tables of amino-acid sequences of IMGT/HighV-QUEST (5_AA-sequences, 1_Summary): junctions and CDR3s side by side, one
 * row a read. Genes stand as "Homsap TRBV7-9*01 F, or Homsap …": of these words the gene is kept.
 */
#include "data/sequences/format.h"

#include <string.h>

static Spellings sequence = {"JUNCTION", "AA JUNCTION", NULL}, cdr3 = {"CDR3-IMGT", NULL},
                 any = {"JUNCTION", "AA JUNCTION", "CDR3-IMGT", NULL},
                 functionality = {"V-DOMAIN Functionality", "Functionality", NULL},
                 productive = {"productive", "productive (see comment)", NULL}, v = {"V-GENE and allele", NULL},
                 j = {"J-GENE and allele", NULL};

static size_t gene_word(char *name, size_t length)
{
    char *blank = memchr(name, ' ', length);
    if (!blank) return length;
    char *word = blank + 1, *end = memchr(word, ' ', length - (size_t)(word - name));
    const size_t n = (end ? (size_t)(end - word) : length - (size_t)(word - name));
    if (n < 4) return (size_t)(blank - name); /* no species in front */
    memmove(name, word, n);
    return n;
}

const FormatType format_imgt = {.name = "imgt",
                                .line = "IMGT/HighV-QUEST, 5_AA-sequences: JUNCTION or CDR3-IMGT; each row counts 1",
                                .sign = {any, functionality},
                                .column = {[COLUMN_SEQUENCE] = sequence,
                                           [COLUMN_CDR3] = cdr3,
                                           [COLUMN_KEEP] = functionality,
                                           [COLUMN_V] = v,
                                           [COLUMN_J] = j},
                                .kept = productive,
                                .gene = gene_word};
