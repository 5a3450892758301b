/* SPDX-License-Identifier: MIT
 *
 * job_alone.c: a training that is a run of its own, not one of many on a dataset that they share.
 */
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "run/configsearch.h"
#include "run/job.h"
#include "run/jobcost.h"
#include "run/resume.h"
#include "run/run.h"
#include "run/runfolder.h"

#include <stdio.h>
#include <stdlib.h>

Status job_finished(json_t **summary, const JobSetup *setup)
{
    char path[sizeof((Run *)0)->path], *saved = NULL, *text = NULL;
    size_t n;
    Status status = OK;
    *summary = NULL;
    snprintf(path, sizeof path, "%s/summary.json", setup->folder);
    if (!setup->resume || !file_exists(path)) return OK;
    json_t *found;
    TRY(jsontext_load(&found, path, NULL));
    snprintf(path, sizeof path, "%s/config.yaml", setup->folder);
    TRY_DONE(file_read_whole(&saved, &n, path, (size_t)1 << 20));
    TRY_DONE(config_text(&text, setup->config));
    if (json_is_object(found) && config_same(saved, text)) *summary = json_incref(found);
done:
    json_decref(found);
    free(saved);
    free(text);
    return status;
}

static Status check_folder(const JobSetup *setup)
{
    char path[sizeof((Run *)0)->path];
    TRY(setup->resume ? run_check_resume(setup->folder) : run_check(setup->folder, setup->force));
    snprintf(path, sizeof path, "%s/rep00", setup->folder);
    if (!file_exists(path)) return OK;
    return fail(ERR_IO, "%s holds a run of crossval, not of train; name another folder", setup->folder);
}

/* Rather than a training without what was asked for. */
static Status check_search(const Config *c)
{
    if (!configsearch_is_on(c)) return OK;
    return settings_fail(
        c->settings, "search.kind",
        "a search chooses inside the folds of hopsack crossval; for a single training set it to none");
}

static Status check_content(const Dataset *dataset, const JobSetup *setup)
{
    const ContentSource source = dataset_source(dataset);
    return setup->resume ? content_check(&source, setup->folder) : OK;
}

static Status run_alone(json_t **summary, const JobSetup *setup, RunLock *lock)
{
    Dataset dataset;
    TRY(job_finished(summary, setup));
    if (*summary) {
        log_info("%s: this run has ended; nothing to do", setup->folder);
        return OK;
    }
    TRY(dataset_open(&dataset, setup->config));
    Status status = check_content(&dataset, setup); /* labels: before minutes of reading */
    if (status == OK) status = dataset_fill(&dataset);
    if (status == OK) status = check_content(&dataset, setup);
    if (status == OK && setup->force) runfolder_warn_foreign(setup->folder);
    if (status == OK) status = job_run_on(summary, setup, &dataset, lock);
    dataset_close(&dataset);
    return status;
}

/* The lock of what was begun before is taken before anything is read; a new folder's comes with its first file. */
Status job_run(json_t **summary, const JobSetup *setup)
{
    char path[sizeof((Run *)0)->path];
    RunLock lock = {.fd = -1};
    *summary = NULL;
    TRY(check_search(setup->config));
    TRY(check_folder(setup));
    snprintf(path, sizeof path, "%s/lock", setup->folder);
    const bool begun = file_exists(path) || resume_possible(setup->folder);
    Status status = begun ? runlock_hold(&lock, setup->folder) : OK;
    if (status == OK) status = run_alone(summary, setup, &lock);
    runlock_release(&lock);
    return status;
}

static Status add_cost(json_t *plan, const JobSetup *setup, Dataset *dataset)
{
    JobCost cost;
    TRY(jobcost_make(&cost, setup, dataset, false));
    const Cost whole = jobcost_whole(&cost, 1, 1, 1);
    return cost_tell(plan, &whole);
}

Status job_plan(json_t **out, const JobSetup *setup)
{
    Dataset dataset;
    *out = NULL;
    TRY(check_folder(setup));
    TRY(dataset_open(&dataset, setup->config));
    Status status = job_plan_on(out, setup, &dataset);
    if (status == OK) status = add_cost(*out, setup, &dataset);
    dataset_close(&dataset);
    return status;
}
