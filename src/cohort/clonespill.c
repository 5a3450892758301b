/* SPDX-License-Identifier: MIT */
#include "cohort/clonespill.h"
#include "data/bagfile/spoolfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *folder(void)
{
    const char *named = getenv("TMPDIR");
    return named && *named ? named : "/tmp";
}

static Status open_file(CloneSpill *spill)
{
    char path[4096];
    if (spill->file) return OK;
    snprintf(path, sizeof path, "%.4000s/hopsack", folder());
    spill->file = spoolfile_open(path);
    if (spill->file) return OK;
    return fail(ERR_IO, "%s: cannot make a temporary file for sequences: %s; set TMPDIR to a folder with room",
                folder(), strerror(errno));
}

Status clonespill_write(CloneSpill *spill, int64_t *at, const void *bytes, size_t n)
{
    const char *from = bytes;
    TRY(open_file(spill));
    *at = spill->n;
    while (n > 0) {
        const ssize_t done = pwrite(fileno(spill->file), from, n, spill->n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0)
            return fail(ERR_IO,
                        "%s: cannot write sequences to a temporary file: %s; set TMPDIR to a folder with room",
                        folder(), strerror(errno));
        from += done;
        spill->n += done;
        n -= (size_t)done;
    }
    return OK;
}

Status clonespill_read(void *bytes, const CloneSpill *spill, int64_t at, size_t n)
{
    char *to = bytes;
    while (n > 0) {
        const ssize_t done = pread(fileno(spill->file), to, n, at);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0)
            return fail(ERR_IO, "%s: cannot read sequences back from a temporary file: %s", folder(),
                        done < 0 ? strerror(errno) : "it is shorter than it was");
        to += done;
        at += done;
        n -= (size_t)done;
    }
    return OK;
}

void clonespill_close(CloneSpill *spill)
{
    if (spill->file) fclose(spill->file);
    *spill = (CloneSpill){0};
}
