/* SPDX-License-Identifier: MIT
 *
 * Clone tables of MiXCR 1 to 4. Molecules are preferred to reads. Any subset of columns can be exported, so that one of
 * sequences is enough. Genes stand with their scores, "TRBV7-9*00(1141.7)"; those are no part of the name.
 */
#include "data/sequences/format.h"

#include <string.h>

extern const FormatType format_mixcr;

static Spellings sequence = {"aaSeqCDR3", "AA. Seq. CDR3", "aaSeqImputedCDR3", NULL}, counts = {"uniqueMoleculeCount",
                                                                                                "uniqueUMICount",
                                                                                                "uniqueTagCountUMI",
                                                                                                "readCount",
                                                                                                "cloneCount",
                                                                                                "Clone count",
                                                                                                NULL},
                 v = {"allVHitsWithScore", "bestVHit",   "bestVGene", "allVHits", "allVGenes", "vHit", "vGene",
                      "All V hits",        "Best V hit", NULL},
                 j = {"allJHitsWithScore", "bestJHit",   "bestJGene", "allJHits", "allJGenes", "jHit", "jGene",
                      "All J hits",        "Best J hit", NULL},
                 locus = {"topChains", "chains", NULL};

static Status bind(FormatColumns *out, const Header *header, const FormatWish *wish)
{
    TRY(format_usual(out, &format_mixcr, header, wish));
    out->imputed = strcasestr(header->name[out->at[COLUMN_SEQUENCE]], "Imputed") != NULL;
    return OK;
}

static size_t without_score(char *name, size_t length)
{
    const char *score = memchr(name, '(', length);
    return score ? (size_t)(score - name) : length;
}

const FormatType format_mixcr = {
    .name = "mixcr",
    .line = "clone tables of MiXCR 1 to 4: aaSeqCDR3 or AA. Seq. CDR3, molecules or else reads",
    .sign = {sequence},
    .column = {[COLUMN_SEQUENCE] = sequence,
               [COLUMN_COUNT] = counts,
               [COLUMN_LOCUS] = locus,
               [COLUMN_V] = v,
               [COLUMN_J] = j},
    .bind = bind,
    .gene = without_score};
