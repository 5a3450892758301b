/* SPDX-License-Identifier: MIT
 *
 * Stage k decodes what stage k - 1 gives, stage 0 what the file gives. Behind the last lies a block that was read to see
 * that no further encoding begins; it is given out first.
 */
#include "data/text/bytes.h"
#include "core/digest.h"
#include "core/spool.h"
#include "data/text/bytecodec.h"
#include "data/text/ziparchive.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK  (64u << 10)
#define STAGES 3 /* encodings in one another: gzip in zip, UTF-16 in gzip */

typedef struct {
    const ByteCodec *codec;
    void *state;       /* NULL: between members */
    unsigned char *in; /* [BLOCK] */
    size_t at, end;    /* bytes at … end-1 are not decoded yet */
    bool dry;          /* what lies below has no more */
    bool ended;        /* and neither has this stage */
} Stage;

struct Bytes {
    char *path;
    int fd;                  /* -1: a member */
    ZipMember *member;       /* NULL: a file */
    Stage stage[STAGES + 1]; /* [n_stage + 1] */
    int n_stage;
};

/* ---- what the file gives ---- */

static Status read_file(size_t *got, Bytes *b, void *to, size_t n)
{
    ssize_t done;
    do done = read(b->fd, to, n < INT_MAX ? n : INT_MAX);
    while (done < 0 && errno == EINTR);
    if (done < 0) return fail(ERR_IO, "%s: cannot read: %s", b->path, strerror(errno));
    *got = (size_t)done;
    return OK;
}

static Status open_file(Bytes *b)
{
    unsigned char first[4];
    TRY(spool_open(&b->fd, b->path));
    if (!ziparchive_is(first, pread(b->fd, first, sizeof first, 0) == sizeof first ? sizeof first : 0)) return OK;
    close(b->fd);
    b->fd = -1;
    return ziparchive_open_only(&b->member, b->path);
}

static Status open_below(Bytes *b)
{
    const size_t n = ziparchive_split(b->path);
    if (n == 0) return open_file(b);
    return ziparchive_open(&b->member, b->path, n);
}

/* ---- encodings ---- */

static Status decode(size_t *got, Bytes *b, int k, void *to, size_t n);

/* Bytes that stage k is to decode. */
static Status read_below(size_t *got, Bytes *b, int k, void *to, size_t n)
{
    if (k > 0) return decode(got, b, k - 1, to, n);
    return b->member ? ziparchive_read(got, b->member, to, n) : read_file(got, b, to, n);
}

/* More input for stage k behind what waits. */
static Status fill(Bytes *b, int k)
{
    Stage *s = &b->stage[k];
    size_t got;
    memmove(s->in, s->in + s->at, s->end - s->at);
    s->end -= s->at;
    s->at = 0;
    TRY(read_below(&got, b, k, s->in + s->end, BLOCK - s->end));
    s->end += got;
    s->dry = got == 0;
    return OK;
}

/* At least n bytes of input, unless there are no more. */
static Status need(Bytes *b, int k, size_t n)
{
    const Stage *s = &b->stage[k];
    while (!s->dry && s->end - s->at < n) TRY(fill(b, k));
    return OK;
}

static Status no_memory(const Bytes *b)
{
    return fail(ERR_MEMORY, "%s: no memory to read it", b->path);
}

static Status start(Bytes *b, Stage *s)
{
    s->state = s->codec->start();
    return s->state ? OK : no_memory(b);
}

static void stop(Stage *s)
{
    if (s->state) s->codec->end(s->state);
    s->state = NULL;
}

/* Behind a member: another one, zero bytes that fill a tape's block, or the end. */
static Status next_member(Bytes *b, int k)
{
    Stage *s = &b->stage[k];
    stop(s);
    TRY(need(b, k, BYTECODEC_PEEK));
    if (s->codec->is_mine(s->in + s->at, s->end - s->at)) return start(b, s);
    while (s->at < s->end) {
        if (s->in[s->at++])
            return fail(ERR_FORMAT, "%s: other bytes follow the %s data; fetch the file again, or unpack it: %s FILE",
                        b->path, s->codec->name, s->codec->unpack);
        TRY(need(b, k, 1));
    }
    s->ended = true;
    return OK;
}

static Status damaged(const Bytes *b, const Stage *s)
{
    return fail(ERR_FORMAT, "%s: damaged %s data; fetch the file again", b->path, s->codec->name);
}

static Status finish(Bytes *b, Stage *s)
{
    if (!s->codec->finish)
        return fail(ERR_FORMAT, "%s: the %s data end too early; the file is cut short, fetch it again", b->path,
                    s->codec->name);
    s->ended = true;
    return s->codec->finish(s->state) == BYTECODEC_END ? OK : damaged(b, s);
}

static Status take_step(Bytes *b, int k, ByteCodecStep *step)
{
    Stage *s = &b->stage[k];
    const size_t n_out = step->n_out;
    if (s->at == s->end && !s->dry) TRY(fill(b, k));
    const size_t n_in = s->end - s->at;
    step->in = s->in + s->at;
    step->n_in = n_in;
    const ByteCodecResult result = s->codec->step(s->state, step);
    s->at = s->end - step->n_in;
    if (result == BYTECODEC_BAD) return damaged(b, s);
    if (result == BYTECODEC_MEMORY) return no_memory(b);
    if (result == BYTECODEC_END) return next_member(b, k);
    return s->dry && step->n_in == n_in && step->n_out == n_out ? finish(b, s) : OK;
}

/* Up to n bytes that stage k decodes. */
static Status decode(size_t *got, Bytes *b, int k, void *to, size_t n)
{
    ByteCodecStep step = {.out = to, .n_out = n};
    while (step.n_out == n && !b->stage[k].ended) TRY(take_step(b, k, &step));
    *got = n - step.n_out;
    return OK;
}

static Status cannot_decode(const Bytes *b, const ByteCodec *codec)
{
    return fail(ERR_FORMAT,
                "%s: is compressed by %s, which this hopsack is built without; rebuild with %s installed, or unpack "
                "it: %s FILE",
                b->path, codec->name, codec->needs, codec->unpack);
}

/* Adds a stage for each encoding that begins. */
static Status detect(Bytes *b)
{
    for (b->n_stage = 0;; b->n_stage++) {
        Stage *s = &b->stage[b->n_stage];
        if (!s->in) s->in = malloc(BLOCK);
        if (!s->in) return no_memory(b);
        TRY(need(b, b->n_stage, BYTECODEC_PEEK));
        s->codec = bytecodec_find(s->in, s->end);
        if (!s->codec) return OK;
        if (b->n_stage == STAGES)
            return fail(ERR_FORMAT, "%s: is compressed more than %d times; unpack it", b->path, STAGES);
        if (!s->codec->start) return cannot_decode(b, s->codec);
        TRY(start(b, s));
    }
}

/* ---- for readers ---- */

Status bytes_open(Bytes **out, const char *path)
{
    Bytes *b = calloc(1, sizeof *b);
    *out = NULL;
    if (b) {
        b->fd = -1;
        b->path = strdup(path);
    }
    Status status = b && b->path ? open_below(b) : fail(ERR_MEMORY, "%s: no memory to read it", path);
    if (status == OK) status = detect(b);
    if (status == OK)
        *out = b;
    else
        bytes_close(b);
    return status;
}

void bytes_close(Bytes *b)
{
    if (!b) return;
    for (int k = 0; k <= STAGES; k++) {
        stop(&b->stage[k]);
        free(b->stage[k].in);
    }
    if (b->fd >= 0) close(b->fd);
    ziparchive_close(b->member);
    free(b->path);
    free(b);
}

Status bytes_read(size_t *got, Bytes *b, char *to, size_t n)
{
    Stage *s = &b->stage[b->n_stage];
    const size_t waiting = s->end - s->at;
    if (waiting == 0) return read_below(got, b, b->n_stage, to, n);
    *got = n < waiting ? n : waiting;
    memcpy(to, s->in + s->at, *got);
    s->at += *got;
    return OK;
}

Status bytes_rewind(Bytes *b)
{
    for (int k = 0; k <= STAGES; k++) {
        Stage *s = &b->stage[k];
        stop(s);
        *s = (Stage){.in = s->in};
    }
    if (b->member)
        TRY(ziparchive_rewind(b->member));
    else if (lseek(b->fd, 0, SEEK_SET) != 0)
        return fail(ERR_IO, "%s: cannot be read twice: %s", b->path, strerror(errno));
    return detect(b);
}

const unsigned char *bytes_head(const Bytes *b, size_t *n)
{
    const Stage *s = &b->stage[b->n_stage];
    *n = s->end - s->at;
    return s->in + s->at;
}

static Status next_of_member(size_t *got, void *context, char *to, size_t n)
{
    return ziparchive_read(got, context, to, n);
}

Status bytes_sha256(char hex[65], const char *path)
{
    const size_t n = ziparchive_split(path);
    ZipMember *member;
    if (n == 0) return digest_sha256(hex, path);
    TRY(ziparchive_open(&member, path, n));
    const Status status = digest_stream(hex, next_of_member, member);
    ziparchive_close(member);
    return status;
}
