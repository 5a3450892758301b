/* SPDX-License-Identifier: MIT */
#include "core/digest.h"
#include "core/spool.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

static void write_hex(char hex[65], struct sha256_ctx *sha)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(sha, sizeof digest, digest);
    for (int i = 0; i < SHA256_DIGEST_SIZE; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

Status digest_stream(char hex[65], Status (*next)(size_t *got, void *context, char *to, size_t n), void *context)
{
    struct sha256_ctx sha;
    char chunk[1 << 16];
    size_t got;
    sha256_init(&sha);
    for (;;) {
        TRY(next(&got, context, chunk, sizeof chunk));
        if (got == 0) break;
        sha256_update(&sha, got, (const uint8_t *)chunk);
    }
    write_hex(hex, &sha);
    return OK;
}

typedef struct {
    FILE *in;
    const char *path;
} PlainFile;

static Status next_bytes(size_t *got, void *context, char *to, size_t n)
{
    const PlainFile *p = context;
    *got = fread(to, 1, n, p->in);
    return *got == 0 && ferror(p->in) ? fail(ERR_IO, "%s: cannot read: %s", p->path, strerror(errno)) : OK;
}

Status digest_sha256(char hex[65], const char *path)
{
    PlainFile p = {spool_fopen(path), path};
    if (!p.in) return ERR_IO;
    const Status status = digest_stream(hex, next_bytes, &p);
    fclose(p.in);
    return status;
}
