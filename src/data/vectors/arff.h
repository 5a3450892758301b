/* SPDX-License-Identifier: MIT
 *
 * arff.h: Weka's ARFF: attributes with types, then rows, dense or sparse. A relational attribute has attributes of its own,
 * and its cell holds rows of them. Values are text; what is unquoted and '?' is missing.
 */
#ifndef HOPSACK_ARFF_H
#define HOPSACK_ARFF_H

#include "data/text/names.h"
#include "data/text/textin.h"

typedef enum { ARFF_NUMBER, ARFF_NOMINAL, ARFF_TEXT, ARFF_RELATION } ArffType; /* text: dates too */

typedef struct ArffList ArffList;

typedef struct {
    char *name;
    ArffType type;
    Names value;     /* of a nominal one */
    ArffList *inner; /* of a relational one */
} ArffAttribute;

struct ArffList {
    int n, room;
    ArffAttribute *attribute; /* [n] */
};

/* A row of a list. */
typedef struct {
    int room;
    const char **cell; /* [n] text; NULL: missing */
} ArffRow;

typedef struct {
    const char *path; /* borrowed */
    TextIn *text;     /* borrowed */
    ArffList list;
} Arff;

bool arff_begins(TextIn *text); /* is the first line that is no comment @relation? Rewinds */

/* Reads to @data. ERR_FORMAT names file and line. */
Status arff_open(Arff *out, TextIn *text, const char *path);
void arff_close(Arff *a); /* accepts half-built ones */

/* The next line of data; NULL at the end. */
Status arff_line(char **line, Arff *a);
/* Its cells, in place. A sparse row's absent ones are 0, or the first value. */
Status arff_row(ArffRow *row, const Arff *a, const ArffList *list, char *line);
void arff_row_free(ArffRow *row);

#endif
