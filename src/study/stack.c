/* SPDX-License-Identifier: MIT */
#include "study/stack.h"
#include "core/log.h"
#include "run/remarks.h"
#include "study/stack_parts.h"
#include "study/stepcost.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS_MOST 1000

/* ---- what there is ---- */

/* Does any column have it? If none has, nothing is missing. */
static bool any_has(const StackColumns *c, const char *inside)
{
    for (int k = 0; k < c->n; k++) {
        const StackColumns one = {.column = &c->column[k], .n = 1};
        int lacking;
        stackcolumn_have(&lacking, &one, inside);
        if (lacking < 0) return true;
    }
    return false;
}

static void remark_shorter(Stack *s, int kind)
{
    char name[64];
    int lacking;
    const int n = s->n_round[kind];
    stackkind_folder(name, kind, n);
    stackcolumn_have(&lacking, &s->columns, name);
    if (n > 0 && any_has(&s->columns, name))
        remarks_append(s->remarks, "%s has no %s, and other columns have: the first %d of each column are used",
                       s->columns.column[lacking].folder, name, n);
}

/* All numbers up to the last that all columns have: one between may have had too few labels of a class. */
static void count_rounds(Stack *s)
{
    char name[64];
    for (int kind = 0; kind < STACK_KINDS; kind++) {
        int lacking, first = -1;
        for (int k = 0; k < (stackkinds[kind].is_numbered ? ROUNDS_MOST : 1); k++) {
            stackkind_folder(name, kind, k);
            stackcolumn_have(&lacking, &s->columns, name);
            if (lacking < 0) s->n_round[kind] = k + 1;
            if (k == 0) first = lacking;
        }
        if (stackkinds[kind].is_numbered) remark_shorter(s, kind);
        stackkind_folder(name, kind, 0);
        if (s->n_round[kind] == 0 && any_has(&s->columns, name))
            remarks_append(s->remarks, "%s: %s has no %s, and other columns have (%s)", stackkinds[kind].missing,
                           s->columns.column[first].folder, name, stackkinds[kind].how);
    }
}

static void warn_left_out(const Stack *s)
{
    size_t k;
    json_t *sentence;
    json_array_foreach(s->columns.left_out, k, sentence) log_warn("%s", json_string_value(sentence));
}

static Status open_all(Stack *s, const StackSetup *in)
{
    *s = (Stack){.in = in, .lock = {.fd = -1}, .remarks = json_array()};
    TRY(stackcolumn_find(&s->columns, in->word, in->n_word));
    TRY(stack_files_check(s));
    warn_left_out(s);
    s->seed = (uint64_t)json_integer_value(json_object_get(s->columns.column[0].summary, "seed"));
    count_rounds(s);
    return OK;
}

static void close_all(Stack *s)
{
    for (int kind = 0; kind < STACK_KINDS; kind++) json_decref(s->round[kind]);
    json_decref(s->remarks);
    runlock_release(&s->lock);
    stackround_free(&s->main);
    stackcolumn_free(&s->columns);
}

/* ---- rounds ---- */

/* Columns that were not run on the same batches or permutations have no figure together; the others stand. */
static Status do_round(Stack *s, int kind, int number, bool *is_done)
{
    StackRound round;
    json_t *summary;
    char name[64];
    int lacking;
    stackkind_folder(name, kind, number);
    stackcolumn_have(&lacking, &s->columns, name);
    *is_done = true;
    if (lacking >= 0) {
        json_array_append_new(s->round[kind], json_null());
        return OK;
    }
    TRY(stop_check(s->in->stop, "; %s is not whole", s->in->folder));
    Status status = stackround_open(&round, &s->columns, name, s->in->weigh);
    *is_done = status == OK;
    if (status == ERR_FORMAT) {
        remarks_append(s->remarks, "%s: %s", stackkinds[kind].missing, status_sentence());
        return OK;
    }
    TRY(status);
    status = stackround_score(&summary, &round, s->seed);
    if (status == OK) status = stack_files_round(s, &round, name, summary);
    if (status == OK)
        json_array_append_new(s->round[kind], summary);
    else
        json_decref(summary);
    stackround_free(&round);
    return status;
}

static Status do_rounds(Stack *s)
{
    for (int kind = 0; kind < STACK_KINDS; kind++) {
        bool is_done = true;
        s->round[kind] = json_array();
        for (int k = 0; k < s->n_round[kind] && is_done; k++) TRY(do_round(s, kind, k, &is_done));
        if (!is_done) json_array_clear(s->round[kind]);
    }
    return OK;
}

static Status do_all(json_t **out, Stack *s, const StackSetup *setup)
{
    TRY(open_all(s, setup));
    TRY(stackround_open(&s->main, &s->columns, "", setup->weigh));
    if (setup->begin) setup->begin();
    TRY(stack_files_begin(s));
    TRY(do_rounds(s));
    TRY(stack_summary_make(out, s));
    return stack_files_finish(s, *out);
}

Status stack_run(json_t **out, const StackSetup *setup)
{
    Stack s;
    *out = NULL;
    const Status status = do_all(out, &s, setup);
    if (status != OK && *out) {
        json_decref(*out);
        *out = NULL;
    }
    close_all(&s);
    return status;
}

/* ---- the plan ---- */

static json_t *plan(const Stack *s)
{
    char name[64];
    json_t *tasks = json_array(), *columns = json_array(), *rounds = json_array();
    for (int k = 0; k < s->main.frame.n_task; k++)
        json_array_append_new(tasks, json_string(s->main.frame.target[k].name));
    for (int k = 0; k < s->columns.n; k++) json_array_append_new(columns, json_string(s->columns.column[k].name));
    for (int kind = 0; kind < STACK_KINDS; kind++)
        for (int k = 0; k < s->n_round[kind]; k++) {
            stackkind_folder(name, kind, k);
            json_array_append_new(rounds, json_string(name));
        }
    return json_pack("{s:i, s:i, s:o, s:o, s:O, s:o}", "n_repeats", s->main.frame.n_repeat, "n_folds",
                     s->main.frame.n_fold, "tasks", tasks, "columns", columns, "left_out", s->columns.left_out,
                     "rounds", rounds);
}

static Status add_cost(json_t *out, const Stack *s)
{
    int n_round = 1;
    const StackFrame *frame = &s->main.frame;
    for (int kind = 0; kind < STACK_KINDS; kind++) n_round += s->n_round[kind];
    const Cost cost = stepcost_stack(s->columns.n, frame->n_bag, frame->n_repeat * frame->n_fold, n_round);
    return cost_tell(out, &cost);
}

Status stack_plan(json_t **out, const StackSetup *setup)
{
    Stack s;
    *out = NULL;
    Status status = open_all(&s, setup);
    if (status == OK) status = stackround_open(&s.main, &s.columns, "", setup->weigh);
    if (status == OK) {
        *out = plan(&s);
        status = *out ? add_cost(*out, &s) : fail(ERR_MEMORY, "no memory for the plan");
    }
    close_all(&s);
    return status;
}
