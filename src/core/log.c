/* SPDX-License-Identifier: MIT */
#include "core/log.h"
#include "core/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SAY_TERMINAL 0.1 /* seconds between two states of the progress line */
#define SAY_PLAIN    30.0

static LogLevel level_now = LOG_NORMAL;
static _Thread_local bool hushed;
static int line_open; /* a progress line stands on the terminal; guarded by the lock of stderr */

void log_level(LogLevel level)
{
    level_now = level;
}

void log_hush(bool on)
{
    hushed = on;
}

static bool is_said(LogLevel level)
{
    return level_now >= level && (!hushed || level_now >= LOG_VERBOSE);
}

__attribute__((format(printf, 2, 0))) static void say(const char *prefix, const char *format, va_list args)
{
    char text[2 * ESCAPE_MOST];
    escape_print(text, sizeof text, format, args);
    flockfile(stderr);
    if (line_open) fputs("\r\033[K", stderr);
    line_open = 0;
    fprintf(stderr, "%s%s\n", prefix, text);
    funlockfile(stderr);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("hopsack: warning: ", format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    if (!is_said(LOG_NORMAL)) return;
    va_list args;
    va_start(args, format);
    say("", format, args);
    va_end(args);
}

void log_detail(const char *format, ...)
{
    if (!is_said(LOG_VERBOSE)) return;
    va_list args;
    va_start(args, format);
    say("", format, args);
    va_end(args);
}

/* "0:07", "12:30", "3:04:05" */
static const char *clock_text(char text[32], double seconds)
{
    const long s = seconds < 1e9 ? (long)(seconds + 0.5) : 999999999;
    if (s >= 3600)
        snprintf(text, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, 32, "%ld:%02ld", s / 60, s % 60);
    return text;
}

/* Units are plurals with an s, which one thing lacks. */
static int unit_length(const Progress *p, int64_t n)
{
    return (int)strlen(p->unit) - (n == 1);
}

static void report(const Progress *p, const char *note, double now, int on_terminal)
{
    char total[32] = "", left[48] = "", clock[32], shown[256];
    const double elapsed = now - p->started, speed = elapsed > 0 ? (double)(p->done - p->first) / elapsed : 0;
    if (p->total > 0) snprintf(total, sizeof total, "/%lld", (long long)p->total);
    if (p->total > p->done && speed > 0)
        snprintf(left, sizeof left, ", %s left", clock_text(clock, (double)(p->total - p->done) / speed));
    flockfile(stderr);
    fprintf(stderr, "%s%s: %lld%s %.*s, %.*f/s%s%s%s%s", on_terminal ? "\r\033[K" : "", p->what, (long long)p->done,
            total, unit_length(p, p->total > 0 ? p->total : p->done), p->unit, speed < 10 ? 2 : 0, speed,
            note && *note ? ", " : "", escape_text(shown, sizeof shown, note ? note : ""), left,
            on_terminal ? "" : "\n");
    line_open = on_terminal;
    fflush(stderr);
    funlockfile(stderr);
}

void progress_start(Progress *p, const char *what, const char *unit, int64_t total)
{
    const double now = log_seconds();
    *p = (Progress){.what = what, .unit = unit, .total = total, .started = now, .said = now};
}

void progress_update(Progress *p, int64_t done, const char *note)
{
    p->done = done;
    if (!is_said(LOG_NORMAL)) return;
    const double now = log_seconds();
    if (now - p->said < SAY_TERMINAL) return; /* before asking what stderr is, which costs a system call */
    const int on_terminal = isatty(STDERR_FILENO);
    if (!on_terminal && now - p->said < SAY_PLAIN) return;
    p->said = now;
    report(p, note, now, on_terminal);
}

void progress_end(Progress *p, const char *note)
{
    char clock[32];
    log_info("%s: %lld %.*s in %s%s%s", p->what, (long long)p->done, unit_length(p, p->done), p->unit,
             clock_text(clock, log_seconds() - p->started), note && *note ? ", " : "", note ? note : "");
}

double log_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double log_own_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double log_cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* VmHWM counts from exec on; ru_maxrss also remembers the process that forked us. */
int64_t log_peak_memory(void)
{
    char line[128];
    long kilobytes = 0;
    FILE *in = fopen("/proc/self/status", "re");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1) break;
    if (in) fclose(in);
    struct rusage usage;
    if (kilobytes == 0 && getrusage(RUSAGE_SELF, &usage) == 0) kilobytes = usage.ru_maxrss;
    return (int64_t)kilobytes * 1024;
}
