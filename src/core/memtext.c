/* SPDX-License-Identifier: MIT */
#include "core/memtext.h"

#include <stdlib.h>

bool memtext_close(FILE *out, char **text)
{
    bool whole = out && !ferror(out);
    if (out && fclose(out) != 0) whole = false;
    if (whole && *text) return true;
    free(*text);
    *text = NULL;
    return false;
}
