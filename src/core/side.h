/* SPDX-License-Identifier: MIT
 *
 * side.h: one thread beside the caller's, which does one piece of work at a time: reading, while the others compute.
 *
 *     side_begin(side, &work);          returns at once, unless a piece is still being done
 *     …
 *     TRY(side_end(side, &work));       waits for it, and has its status and its sentence
 *
 * One thread begins and ends pieces. What a piece writes belongs to it until it has ended.
 */
#ifndef HOPSACK_SIDE_H
#define HOPSACK_SIDE_H

#include "core/status.h"

#include <stdbool.h>

typedef struct SideThread SideThread;

/* A piece of work, in memory of whoever wants it done; {.work, .context} before it begins. */
typedef struct {
    Status (*work)(void *context);
    void *context;
    bool is_begun; /* and not ended */
    bool is_done;
    Status status;
    char sentence[1024]; /* of a status that is not OK */
} SideWork;

Status side_open(SideThread **out); /* ERR_MEMORY where the machine grants no thread */
void side_close(SideThread *side);  /* after what is being done; accepts NULL */
void side_begin(SideThread *side, SideWork *work);
Status side_end(SideThread *side, SideWork *work); /* OK where it was not begun */

#endif
