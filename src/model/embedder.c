/* SPDX-License-Identifier: MIT
 *
 * embedder.c: the table of embedders. A new one is a file and a row here.
 */
#include "model/embedder.h"

#include <string.h>

const EmbedderType *const embedder_types[] = {&embedder_cnn, &embedder_lstm, &embedder_mlp, &embedder_none, NULL};

const EmbedderType *embedder_type(const char *name)
{
    for (const EmbedderType *const *t = embedder_types; *t; t++)
        if (strcmp((*t)->name, name) == 0) return *t;
    return NULL;
}
