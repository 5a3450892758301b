/* SPDX-License-Identifier: MIT
 *
 * vectorformat.h: the family of formats for bags of vectors. A format is told by a file's first lines or bytes, and reads
 * a file into an intake. A new one is one file, vectorformat_NAME.c, and one row in the table of vectorformat.c.
 */
#ifndef HOPSACK_VECTORFORMAT_H
#define HOPSACK_VECTORFORMAT_H

#include "core/path.h"
#include "data/text/header.h"
#include "data/text/textin.h"
#include "data/vectors/vectorintake.h"

#define PEEK_BYTES 128

/* What can be seen of a file without reading it. */
typedef struct {
    const char *path;
    bool folder;
    unsigned char bytes[PEEK_BYTES]; /* the first, as they are */
    bool matlab;                     /* a .mat file */
    bool hdf5;                       /* an HDF5 file that is no dataset */
    bool text;                       /* has lines */
    char *line[2];                   /* the first two lines that are not empty; NULL: there is none */
    Header first;                    /* cells of line[0] */
    char separator;
    TextIn *in; /* of text: open, to be rewound and read */
} VectorPeek;

struct VectorFormat {
    const char *name, *line; /* for --format and --help */
    bool (*recognise)(const VectorPeek *peek, const VectorRules *rules);
    Status (*read)(VectorIntake *in, const VectorPeek *peek);
    bool (*labels)(char path[PATH_ROOM],
                   const VectorPeek *peek); /* the label table in a folder; NULL: none is used */
};

extern const VectorFormat *const vectorformat_types[]; /* ends with NULL; the first that recognises a file has it */

const VectorFormat *vectorformat_find(const char *name); /* NULL: none of that name */

Status vectorformat_peek(VectorPeek *out, const char *path, const VectorRules *rules);
void vectorformat_peek_free(VectorPeek *peek);
const VectorFormat *vectorformat_recognise(const VectorPeek *peek, const VectorRules *rules); /* NULL: none */

#endif
