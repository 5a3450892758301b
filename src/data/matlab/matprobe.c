/* SPDX-License-Identifier: MIT */
#include "data/matlab/matprobe.h"
#ifdef HOPSACK_MATIO
#include "data/matlab/matfile.h"
#endif

#include <stdio.h>
#include <string.h>

#define PACKED 2100 /* zlib shrinks at most 1032 : 1, and a file is read whole, in two forms */

/* Does the file begin as MATLAB's do? */
static bool is_matlab(const char *path)
{
    char begin[7] = "";
    FILE *in = fopen(path, "rbe");
    const bool read = in && fread(begin, 1, sizeof begin, in) == sizeof begin;
    if (in) fclose(in);
    return read && memcmp(begin, "MATLAB ", sizeof begin) == 0;
}

static Status visit(const char *path)
{
#ifdef HOPSACK_MATIO
    MatFile *file;
    TRY(matfile_open(&file, path));
    const Status status = matfile_visit(file);
    matfile_close(file);
    return status;
#else
    (void)path;
    return OK;
#endif
}

const ChildVisitor matprobe_visitor = {is_matlab, visit, PACKED};
