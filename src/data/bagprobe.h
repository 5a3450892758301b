/* SPDX-License-Identifier: MIT
 *
 * bagprobe.h: a dataset is first opened by a child process of limited memory and time, because HDF5 crashes or hangs on
 * some damaged files before any check of ours can see them; so are .mat files, for matio's sake. What happens to the
 * child becomes a sentence.
 *
 * The child is this same program, started again with BAGPROBE_WORD and the path; its main hands both to bagprobe_serve.
 * Programs that do not do so never call bagprobe_enable, and open files directly.
 */
#ifndef HOPSACK_BAGPROBE_H
#define HOPSACK_BAGPROBE_H

#include "core/status.h"

#define BAGPROBE_WORD "open-in-child"

void bagprobe_enable(void);              /* from now on bagprobe_check starts children */
Status bagprobe_check(const char *path); /* what opening `path` and finding all its parts came to in a child */
_Noreturn void bagprobe_serve(const char *path); /* the child */

#endif
