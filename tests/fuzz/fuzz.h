/* SPDX-License-Identifier: MIT
 *
 * fuzz.h: what is read from damaged copies of a file. A subject reads the sound file once and keeps a digest of all that
 * the program would learn from it; then each damaged copy must be refused with a sentence, or, where the format carries
 * checksums, give the same digest.
 */
#ifndef HOPSACK_TEST_FUZZ_H
#define HOPSACK_TEST_FUZZ_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;
    bool checked; /* a copy that is accepted must give the sound file's digest */
    bool child;   /* is first opened in a child process, whose crash is the file's fault */
    /* Reads all of `path`; `sound` is the file it is a copy of. */
    Status (*read)(uint64_t *digest, const char *path, const char *sound);
} FuzzSubject;

extern const FuzzSubject fuzz_dataset, fuzz_foreign, fuzz_model, fuzz_checkpoint, fuzz_repertoire, fuzz_table,
    fuzz_vectors, fuzz_splits, fuzz_config, fuzz_rows, fuzz_triples, fuzz_list, fuzz_heads;

/* FNV-1a over bytes, going on from *digest. */
void fuzz_mix(uint64_t *digest, const void *bytes, size_t n);
void fuzz_mix_text(uint64_t *digest, const char *text); /* NULL: as a text of its own */

#endif
