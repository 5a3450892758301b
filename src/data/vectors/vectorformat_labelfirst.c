/* SPDX-License-Identifier: MIT
 *
 * No header; the bag's label, the bag, the features: the form of Kucukasci and Baydogan's collection and of the Python
 * package mil.
 */
#include "core/number.h"
#include "data/vectors/vectortext.h"

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    double label, bag;
    if (!peek->text || peek->first.n < 3 || rules->bag || vectortext_is_range(&peek->first)) return false;
    for (int c = 0; c < peek->first.n; c++)
        if (!vectortext_is_number(peek->first.name[c])) return false;
    number_read(&label, peek->first.name[0]);
    number_read(&bag, peek->first.name[1]);
    return (label == 0 || label == 1 || label == -1) && bag == (double)(int)bag;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    VectorLayout layout = VECTOR_LAYOUT_NONE;
    layout.label = 0;
    layout.bag = 1;
    if (!peek->text || peek->first.n < 3)
        return fail(ERR_FORMAT, "%s: is no table of label, bag and features", peek->path);
    in->advice = "Where the columns are in another order, give their numbers, as --format=csv --bag=1 --label=2";
    const Status status = vectortext_nameless(in, peek, layout);
    in->advice = NULL;
    return status;
}

const VectorFormat vectorformat_labelfirst = {
    .name = "label-first", .line = "no header; label, bag, features", .recognise = recognise, .read = read_file};
