/* SPDX-License-Identifier: MIT
 *
 * clonespill.h: a nameless temporary file in $TMPDIR for what does not fit into memory. Any thread may read.
 */
#ifndef HOPSACK_CLONESPILL_H
#define HOPSACK_CLONESPILL_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    FILE *file; /* NULL before the first write */
    int64_t n;  /* bytes */
} CloneSpill;

Status clonespill_write(CloneSpill *spill, int64_t *at, const void *bytes, size_t n); /* *at: where they lie */
Status clonespill_read(void *bytes, const CloneSpill *spill, int64_t at, size_t n);
void clonespill_close(CloneSpill *spill); /* accepts {0} */

#endif
