/* SPDX-License-Identifier: MIT
 *
 * In place of the formats of .mat files where matio was not there at build time: they are known, but say what is missing.
 */
#include "data/vectors/vectorformat.h"

static bool recognise(const VectorPeek *peek, const VectorRules *rules)
{
    (void)rules;
    return peek->matlab;
}

static Status read_file(VectorIntake *in, const VectorPeek *peek)
{
    (void)in;
    return fail(ERR_USAGE,
                "%s: this hopsack was built without matio, which reads .mat files; install libmatio-dev and build "
                "again, or save the data as CSV",
                peek->path);
}

#define ABSENT(format)                                                                                               \
    const VectorFormat vectorformat_##format = {.name = #format,                                                     \
                                                .line = ".mat, but matio was not there at build time",               \
                                                .recognise = recognise,                                              \
                                                .read = read_file}
ABSENT(andrews);
ABSENT(prtools);
ABSENT(lamda);
