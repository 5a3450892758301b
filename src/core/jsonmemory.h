/* SPDX-License-Identifier: MIT
 *
 * jsonmemory.h: memory for jansson that does not run out at once.
 *
 * Where an allocation fails, jansson 2.14 aborts in its lexer, or leaves a member out of an object and goes on. So from
 * jsonmemory_start on it gets what malloc refuses from a reserve of 1 MB, which is not handed back: enough to end with
 * a sentence, because whoever is that short of memory soon asks for some that is not jansson's.
 */
#ifndef HOPSACK_JSONMEMORY_H
#define HOPSACK_JSONMEMORY_H

void jsonmemory_start(void);

#endif
