/* SPDX-License-Identifier: MIT
 *
 * memory.h: how much memory may still be taken.
 */
#ifndef HOPSACK_MEMORY_H
#define HOPSACK_MEMORY_H

#include <stdint.h>

/* Bytes this process may still take before the machine, its control group or the limit on its address space stops it;
 * INT64_MAX where none of them can be read. */
int64_t memory_available(void);

#endif
