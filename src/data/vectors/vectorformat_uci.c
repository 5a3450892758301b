/* SPDX-License-Identifier: MIT
 *
 * UCI's Musk files (clean1.data, clean2.data; C4.5): no header; molecule, conformation, features, and the class, which
 * ends in a dot. The molecule is the bag.
 */
#include "data/vectors/vectortext.h"

#include <string.h>

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    const Header *first = &peek->first;
    if (!peek->text || first->n < 4 || rules->bag) return false;
    if (vectortext_is_number(first->name[0]) || vectortext_is_number(first->name[1])) return false;
    for (int c = 2; c < first->n; c++)
        if (!vectortext_is_number(first->name[c])) return false;
    return strcmp(first->name[first->n - 1], "1.") == 0 || strcmp(first->name[first->n - 1], "0.") == 0;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    VectorLayout layout = VECTOR_LAYOUT_NONE;
    layout.bag = 0;
    layout.skip = 1;
    layout.label = peek->first.n - 1;
    if (!peek->text || peek->first.n < 4)
        return fail(ERR_FORMAT, "%s: is no table of molecule, conformation, features and class", peek->path);
    return vectortext_nameless(in, peek, layout);
}

const VectorFormat vectorformat_uci = {.name = "uci",
                                       .line = "UCI Musk .data: molecule, conformation, features, class",
                                       .recognise = recognise,
                                       .read = read_file};
