/* SPDX-License-Identifier: MIT
 *
 * status.h: what a function that can fail returns, and the one sentence a user reads.
 *
 * What a user, a file or a machine can cause is a Status; what only we can cause is an assert. The sentence is
 * recorded by `fail` where the fact is known and says what, where (file and line, or key) and what to do; only cli
 * prints it. It is kept per thread and valid until the thread's next `fail`.
 */
#ifndef HOPSACK_STATUS_H
#define HOPSACK_STATUS_H

/* name, exit code, words */
#define STATUS_MAP(X)                                                                                                \
    X(OK, 0, "ok")                                                                                                   \
    X(ERR_USAGE, 2, "wrong usage")                                                                                   \
    X(ERR_CONFIG, 2, "bad setting")                                                                                  \
    X(ERR_FORMAT, 3, "bad data")                                                                                     \
    X(ERR_MODEL, 4, "model unfit")                                                                                   \
    X(ERR_DIVERGED, 5, "training diverged")                                                                          \
    X(ERR_IO, 6, "cannot read or write")                                                                             \
    X(ERR_MEMORY, 6, "out of memory")                                                                                \
    X(ERR_SIGINT, 130, "interrupted")                                                                                \
    X(ERR_SIGTERM, 143, "terminated")                                                                                \
    X(ERR_BUG, 1, "failed")

typedef enum {
#define X(name, code, words) name,
    STATUS_MAP(X)
#undef X
} Status;

/* Records the sentence (printf style, no final newline, at most 1023 bytes) and returns `status`. Control characters and
 * bytes that are not UTF-8 are escaped. */
Status fail(Status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "text: " in front of the recorded sentence, for a caller that knows the file or key; returns `status`. */
Status fail_at(Status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *status_sentence(void);       /* of this thread's last fail; "" if none */
const char *status_words(Status status); /* the third column above */
int status_exit_code(Status status);     /* the second */

/* Forwards a Status that is not OK. */
#define TRY(expression)                                                                                              \
    do {                                                                                                             \
        const Status try_status_ = (expression);                                                                     \
        if (try_status_ != OK) return try_status_;                                                                   \
    } while (0)

/* The same for functions that own something: jumps to `done` with `status` set. */
#define TRY_DONE(expression)                                                                                         \
    do {                                                                                                             \
        status = (expression);                                                                                       \
        if (status != OK) goto done;                                                                                 \
    } while (0)

#endif
