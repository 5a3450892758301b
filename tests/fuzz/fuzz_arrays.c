/* SPDX-License-Identifier: MIT
 *
 * fuzz_arrays.c: attention of other programs.
 */
#include "fuzz.h"
#include "study/heads.h"

static Status read_heads(uint64_t *digest, const char *path, const char *sound)
{
    (void)sound;
    Heads heads;
    const Status status = heads_measure(&heads, &(HeadOptions){.path = path});
    for (int k = 0; k < heads.n && status == OK; k++) {
        fuzz_mix_text(digest, heads.layer[k].name);
        for (int64_t h = 0; h < heads.layer[k].n_head; h++)
            fuzz_mix(digest, heads.layer[k].head[h].k, sizeof heads.layer[k].head[h].k);
    }
    heads_free(&heads);
    return status;
}

const FuzzSubject fuzz_heads = {"heads", false, false, read_heads};
