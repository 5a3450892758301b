/* SPDX-License-Identifier: MIT */
#include "data/vectors/leakreport.h"
#include "core/log.h"

#include <stdio.h>
#include <string.h>

#define AWAY "which gives the answer away"

/* "path: ", or nothing. */
static const char *before(char *text, size_t room, const LeakReport *r)
{
    snprintf(text, room, "%s%s", r->path ? r->path : "", r->path ? ": " : "");
    return text;
}

void leakreport_plain(const LeakReport *r)
{
    char path[600];
    const LeakFindings *v = r->found;
    before(path, sizeof path, r);
    if (v->n_constant == r->n_feat)
        log_warn("%sall %d features are the same in every instance; nothing can be learned from them", path,
                 v->n_constant);
    else if (v->n_constant > 0)
        log_info("%s%d of %d features are the same in every instance", path, v->n_constant, r->n_feat);
    if (v->n_single > 0)
        log_info("%s%d of %d bags %s one instance", path, v->n_single, r->n_bag, v->n_single > 1 ? "have" : "has");
}

void leakreport_leaks(const LeakReport *r, Odd odd)
{
    char path[600], list[400], task[80] = "";
    const LeakFindings *v = r->found;
    int n = 0;
    for (int i = 0; i < v->n_odd; i++) n += v->feature[i].odd == odd;
    if (n == 0) return;
    leaks_list(list, sizeof list, v, odd, r->name);
    if (r->task) snprintf(task, sizeof task, " (task '%.60s')", r->task);
    log_warn("%sfeature%s %s: %s %s%s, " AWAY "; make the dataset without %s (import has --skip), and train on that",
             before(path, sizeof path, r), n > 1 ? "s" : "", list, n > 1 ? "each" : "it", odd_words[odd], task,
             n > 1 ? "them" : "it");
}

void leakreport_separating(const LeakReport *r, const char *advice)
{
    char path[600], list[400], task[80] = "";
    const LeakFindings *v = r->found;
    if (v->n_separating == 0) return;
    leaks_list(list, sizeof list, v, ODD_SEPARATES, r->name);
    if (r->task) snprintf(task, sizeof task, " of task '%.60s'", r->task);
    log_warn("%s%d feature%s alone tell%s the labels%s apart without error: %s; %s", before(path, sizeof path, r),
             v->n_separating, v->n_separating > 1 ? "s" : "", v->n_separating > 1 ? "" : "s", task, list, advice);
}

static void report_order(const LeakReport *r, Odd odd, int n, const char *advice)
{
    char path[600], list[400];
    if (n == 0) return;
    leaks_list(list, sizeof list, r->found, odd, r->name);
    log_warn("%sfeature%s %s: %s %s, %s; leave %s out (import has --skip) unless that is meant",
             before(path, sizeof path, r), n > 1 ? "s" : "", list, n > 1 ? "each" : "it", odd_words[odd], advice,
             n > 1 ? "them" : "it");
}

void leakreport_order(const LeakReport *r)
{
    report_order(r, ODD_OF_BAG, r->found->n_of_bag, "as an ID, an age or a site does");
    report_order(r, ODD_INSTANCE, r->found->n_instance, "so it tells their order and the bag's size");
}

Status leakreport_classify(const LeakReport *r, const char *source, bool allow)
{
    const LeakFindings *v = r->found;
    char name[LEAKS_NAME], more[40] = "", advice[100];
    if (v->n_leak == 0) return OK;
    const char *feature = leaks_name(name, r->name, v->feature[0].feature);
    const char *words = odd_words[v->feature[0].odd];
    if (v->n_leak > 1) snprintf(more, sizeof more, " (and %d more such)", v->n_leak - 1);
    if (allow) {
        log_warn("feature %s %s%s, " AWAY, feature, words, more);
        return OK;
    }
    if (r->name)
        snprintf(advice, sizeof advice, "leave it out with --skip=%.*s, or", (int)strlen(feature) - 2, feature + 1);
    else
        snprintf(advice, sizeof advice, "take it out, or");
    return fail(ERR_FORMAT, "%s: feature %s %s%s, " AWAY "; %s --allow-leak keeps it", source, feature, words, more,
                advice);
}
