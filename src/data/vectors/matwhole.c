/* SPDX-License-Identifier: MIT
 *
 * After 128 bytes of header come the variables, each behind a tag of two 32-bit numbers: kind and bytes that follow.
 */
#include "data/vectors/matwhole.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

enum { HEADER = 128, TAG = 8 };

static uint32_t number(const unsigned char *byte, bool big)
{
    uint32_t n = 0;
    for (int k = 0; k < 4; k++) n |= (uint32_t)byte[k] << 8 * (big ? 3 - k : k);
    return n;
}

static Status check(FILE *file, const char *path)
{
    unsigned char head[HEADER], tag[TAG];
    if (fseeko(file, 0, SEEK_END) != 0) return fail(ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    const int64_t size = ftello(file);
    rewind(file);
    if (fread(head, 1, HEADER, file) != HEADER) return fail(ERR_FORMAT, "%s: is cut short; fetch it again", path);
    const bool big = head[126] == 'M';
    if (head[big ? 124 : 125] != 1) return OK; /* 2: level 7.3, which is HDF5 */
    if (size == HEADER) return fail(ERR_FORMAT, "%s: holds no variable; fetch it again", path);
    for (int64_t at = HEADER; at < size;) {
        if (fseeko(file, (off_t)at, SEEK_SET) != 0 || fread(tag, 1, TAG, file) != TAG ||
            (at += TAG + (int64_t)number(tag + 4, big)) > size)
            return fail(ERR_FORMAT, "%s: ends within a variable, so it is cut short or damaged; fetch it again",
                        path);
    }
    return OK;
}

Status matwhole_check(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    const Status status = check(file, path);
    fclose(file);
    return status;
}
