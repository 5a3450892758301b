/* SPDX-License-Identifier: MIT */
#include "data/bagfile/spoolfile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

FILE *spoolfile_open(const char *temporary)
{
    char folder[4400];
    snprintf(folder, sizeof folder, "%s", temporary);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    else
        strcpy(folder, ".");
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { /* file systems without nameless files */
        snprintf(folder, sizeof folder, "%s-XXXXXX", temporary);
        fd = mkostemp(folder, O_CLOEXEC);
        if (fd >= 0) unlink(folder);
    }
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (fd >= 0 && !file) close(fd);
    if (file) setvbuf(file, NULL, _IOFBF, 1 << 20);
    return file;
}
