/* SPDX-License-Identifier: MIT
 *
 * arrayformat.h: what a format of files of arrays supplies. A new one is one file and a row in the table of arrayfile.c.
 */
#ifndef HOPSACK_ARRAYFORMAT_H
#define HOPSACK_ARRAYFORMAT_H

#include "data/arrays/arrayfile.h"

#include <stddef.h>

typedef struct ArrayFormat {
    const char *name;
    bool (*is)(const unsigned char *bytes, size_t n); /* by the first bytes of a file */
    Status (*list)(ArrayFile *f);                     /* adds its arrays, may set f->inside */
    void (*unlist)(ArrayFile *f);                     /* frees f->inside; NULL: nothing to do */
    Status (*open)(void **reader, const ArrayFile *f, const Array *a);
    Status (*read)(void *reader, void *to,
                   size_t n);       /* the next n bytes, little-endian, of whole numbers of its type */
    Status (*finish)(void *reader); /* NULL: nothing to check */
    void (*close)(void *reader);    /* accepts NULL */
} ArrayFormat;

extern const ArrayFormat arrayformat_h5, arrayformat_npy, arrayformat_npz, arrayformat_safetensors;

/* For `list`: a new array at the end, its name copied. `a` without name, n and place; rounding 0: that of its type.
 * ERR_FORMAT: too large; ERR_MEMORY. */
Status arrayformat_add(ArrayFile *f, const char *name, const Array *a);
/* Numbers of a shape; false: more than ARRAY_MOST, or a negative size. */
bool arrayformat_count(int64_t *n, const int64_t *shape, int n_dim);
size_t arrayformat_width(ArrayType type); /* bytes of a number */

#endif
