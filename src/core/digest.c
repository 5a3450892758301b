/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

static void finish(char hex[65], struct sha256_ctx *sha)
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(sha, sizeof digest, digest);
    for (int i = 0; i < SHA256_DIGEST_SIZE; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

Status digest_sha256(char hex[65], const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));

    struct sha256_ctx sha;
    uint8_t chunk[1 << 16];
    size_t got;
    sha256_init(&sha);
    while ((got = fread(chunk, 1, sizeof chunk, in)) > 0) sha256_update(&sha, got, chunk);
    const int error = ferror(in) ? errno : 0;
    fclose(in);
    if (error) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(error));

    finish(hex, &sha);
    return OK;
}

void digest_bytes(char hex[65], const void *bytes, size_t n)
{
    struct sha256_ctx sha;
    sha256_init(&sha);
    sha256_update(&sha, n, bytes);
    finish(hex, &sha);
}
