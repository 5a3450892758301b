/* SPDX-License-Identifier: MIT */
#include "core/shortlist.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ITEM_ROOM 160
#define DOTS      ", …"

void shortlist_add(Shortlist *list, const char *format, ...)
{
    char item[ITEM_ROOM];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item, sizeof item, format, arguments);
    va_end(arguments);
    const char *comma = list->n++ ? ", " : "";
    if (list->cut) return;
    list->cut = (list->most && list->n > list->most) ||
                list->used + strlen(comma) + strlen(item) + sizeof DOTS > sizeof list->text;
    list->used += (size_t)snprintf(list->text + list->used, sizeof list->text - list->used, "%s%s",
                                   list->cut ? DOTS : comma, list->cut ? "" : item);
}
