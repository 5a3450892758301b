/* SPDX-License-Identifier: MIT */
#include "cli/print.h"
#include "core/jsontext.h"

#include <stdio.h>
#include <stdlib.h>

Status print_json(json_t *value)
{
    char *text = NULL;
    TRY(jsontext(&text, value, JSONTEXT_PAGES));
    puts(text);
    free(text);
    return OK;
}
