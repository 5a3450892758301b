/* SPDX-License-Identifier: MIT */
#include "core/stop.h"

#include <stdarg.h>
#include <stdio.h>

bool stop_is_set(const StopFlag *flag)
{
    return flag && *flag != 0;
}

/* The flag is read once: a second signal may change it. */
Status stop_check(const StopFlag *flag, const char *format, ...)
{
    const int number = flag ? *flag : 0;
    char where[512];
    va_list args;
    if (number == 0) return OK;
    va_start(args, format);
    vsnprintf(where, sizeof where, format, args);
    va_end(args);
    const bool term = number == SIGTERM;
    return fail(term ? ERR_SIGTERM : ERR_SIGINT, "%s%s", term ? "terminated" : "interrupted", where);
}

bool stop_is_cause(Status status)
{
    return status == ERR_SIGINT || status == ERR_SIGTERM;
}
