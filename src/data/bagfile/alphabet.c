/* SPDX-License-Identifier: MIT */
#include "data/bagfile/alphabet.h"

#include <string.h>

Status alphabet_init(Alphabet *out, const char *letters)
{
    const size_t n = strlen(letters);
    *out = (Alphabet){0};
    memset(out->code, -1, sizeof out->code);
    if (n == 0 || n >= sizeof out->letter)
        return fail(ERR_FORMAT, "an alphabet has 1 to %zu letters, not %zu", sizeof out->letter - 1, n);
    for (size_t i = 0; i < n; i++) {
        const unsigned char letter = (unsigned char)letters[i];
        if (letter <= ' ' || letter > '~' || out->code[letter] >= 0)
            return fail(ERR_FORMAT, "alphabet '%.40s' repeats a letter or holds one that is none", letters);
        out->code[letter] = (int8_t)i;
        out->letter[i] = (char)letter;
    }
    out->n = (int)n;
    return OK;
}
