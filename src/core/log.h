/* SPDX-License-Identifier: MIT
 *
 * log.h: messages, warnings and progress on stderr. A message is one line: control
 * characters and bytes that are not UTF-8 are escaped.
 */
#ifndef HOPSACK_LOG_H
#define HOPSACK_LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE } LogLevel;
void log_level(LogLevel level);
void log_hush(bool on); /* this thread's messages and progress are left out, warnings stay: one of many jobs */

void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* always, "hopsack: warning: …" */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));   /* not with --quiet */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2))); /* only with --verbose */

/* Progress of long work: done/total, speed, `note` (for example "loss 0.42"), time left. On a terminal one line that
 * rewrites itself, at most ten times a second; elsewhere a plain line every 30 seconds. Cheap enough to call often. */
typedef struct {
    const char *what, *unit; /* "training", "updates" */
    int64_t total, done;     /* total 0: unknown */
    int64_t first;           /* of `done`, what was there before progress_start: counts for no speed */
    double started, said;    /* seconds, log_seconds */
} Progress;
void progress_start(Progress *p, const char *what, const char *unit, int64_t total);
void progress_update(Progress *p, int64_t done, const char *note);
void progress_end(Progress *p, const char *note); /* one final line with the seconds taken */

double log_seconds(void);      /* monotonic clock */
double log_cpu_seconds(void);  /* of this process */
double log_own_seconds(void);  /* processor time of this thread, which other load does not lengthen */
int64_t log_peak_memory(void); /* bytes, resident, of this process */

#endif
