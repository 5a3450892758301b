/* SPDX-License-Identifier: MIT */
#include "data/sequences/intake_parts.h"

#include <stdio.h>
#include <stdlib.h>

Status intake_bags_new(const IntakeFile *r, Intake *out)
{
    if (out->n == out->room) {
        const int room = out->room ? 2 * out->room : 1;
        IntakeBag *grown = realloc(out->bag, (size_t)room * sizeof *grown);
        if (!grown) return rowreader_no_memory(&r->row);
        out->bag = grown;
        out->room = room;
    }
    out->bag[out->n++] = (IntakeBag){.rows.has_other = r->row.place[COLUMN_COUNT_TOO] >= 0};
    return OK;
}

/* Which rule of --include no row has fulfilled. */
static Status none_included(const IntakeFile *r, int rule)
{
    const RowRule *of = header_rule(&r->row.rules, rule);
    return fail(ERR_FORMAT,
                "%s: no row is left: none has '%s' in column '%s'; check --include, or leave the file out, as "
                "--empty=skip does",
                r->row.path, of->value, of->column);
}

/* `which` is empty, or names the repertoire. */
static Status all_filtered(const IntakeFile *r, const char *which, int64_t n)
{
    const RowRules *rules = &r->row.rules;
    const RowRule *last = header_rule(rules, rules->n_include + rules->n_exclude - 1);
    return fail(
        ERR_FORMAT,
        "%s: %sno row is left of %lld (filtered %lld); --include and --exclude, the last for column '%s', drop "
        "all; check them, or leave it out, as --empty=skip does",
        r->row.path, which, (long long)n, (long long)n, last->column);
}

static Status no_rows(const IntakeFile *r, const IntakeBag *bag)
{
    const RowTally *tally = &bag->tally;
    const char *path = r->row.path;
    char reasons[300] = "", which[120] = "";
    if (tally->read == 0) return fail(ERR_FORMAT, "%s: has a header line but no rows; leave the file out", path);
    if (bag->id) snprintf(which, sizeof which, "repertoire '%.80s': ", bag->id);
    const int rule = rowreader_useless(&r->row);
    if (rule >= 0 && tally->dropped[DROP_FILTER] > 0) return none_included(r, rule);
    if (tally->dropped[DROP_FILTER] == tally->read) return all_filtered(r, which, tally->read);
    rowtally_dropped(reasons, sizeof reasons, tally);
    return fail(ERR_FORMAT, "%s: %sno row is left of %lld (%s); %s", path, which, (long long)tally->read, reasons,
                tally->cdr3_only > 0 ? "it has CDR3s (cdr3_aa) but no junctions, and the ends cannot be put back; "
                                       "import all files of the dataset with --region=cdr3"
                                     : "check the columns, or leave it out, as --empty=skip does");
}

static void close_tally(IntakeBag *bag, bool too)
{
    RowTally *t = &bag->tally;
    const CountOdds *odds = too ? &bag->odds_too : &bag->odds;
    t->count_one = odds->one;
    t->count_below = odds->below;
    t->count_fraction = odds->fraction;
    t->kept = bag->rows.n;
    for (int i = 0; i < bag->rows.n; i++) {
        const int64_t count = bag->rows.by.count[i];
        t->count_sum = gather_sum(t->count_sum, count);
        if (i == 0 || count < t->count_min) t->count_min = count;
    }
}

/* Sequences that cannot be what they are taken for. */
static Status check_letters(const IntakeFile *r, const IntakeBag *bag)
{
    const RowTally *t = &bag->tally;
    const int64_t junctions = t->kept - t->cdr3, seen = t->kept + t->merged + t->dropped[DROP_LONG];
    const ColumnRole role = r->row.columns.at[COLUMN_SEQUENCE] >= 0 ? COLUMN_SEQUENCE : COLUMN_CDR3;
    if (r->converter) return OK;
    if (2 * t->bases > seen)
        return fail(ERR_FORMAT,
                    "%s: column '%s' holds nucleotides, not amino acids; name the column of amino acids with "
                    "--sequence-column",
                    r->row.path, rowreader_column(&r->row, role));
    if (!r->wish.cdr3 || r->wish.ends != ENDS_AUTO || junctions < 20 || 2 * t->ends >= junctions) return OK;
    return fail(
        ERR_FORMAT,
        "%s: --region=cdr3 would cut the ends off column '%s', but of %lld sequences only %lld begin with C and "
        "end with F or W; if they are CDR3s already give --ends=keep, else --ends=cut",
        r->row.path, rowreader_column(&r->row, role), (long long)junctions, (long long)t->ends);
}

/* A repertoire may be filtered out as a whole by its name. */
static bool is_unwanted(const IntakeFile *r, const IntakeBag *bag)
{
    const RowReader *row = &r->row;
    const int column = row->columns.at[COLUMN_REPERTOIRE];
    bool filtered = false;
    for (int i = 0; i < row->rules.n_include + row->rules.n_exclude; i++) filtered |= row->rule_column[i] == column;
    return filtered && bag->tally.dropped[DROP_FILTER] == bag->tally.read;
}

static Status close_bag(const IntakeFile *r, IntakeBag *bag, bool too)
{
    bag->unwanted = bag->id && is_unwanted(r, bag);
    if (bag->rows.n == 0 && !bag->unwanted) {
        TRY(check_letters(r, bag));
        if (!r->rules->skip_empty) return no_rows(r, bag);
    }
    gather_done(&bag->rows, too);
    close_tally(bag, too);
    return check_letters(r, bag);
}

/* Is the file one repertoire after all? */
static bool is_one(const IntakeFile *r, const Intake *out)
{
    return out->id.n == 0 || (out->n == 1 && (r->blank_line > 0 || !r->row.columns.bags_named));
}

/* Names the repertoires. A column that is empty throughout tells nothing apart; one that is so here and there is a fault. */
Status intake_bags_close(const IntakeFile *r, Intake *out, bool too)
{
    if (out->n == 0) TRY(intake_bags_new(r, out));
    out->bag[0].tally.read += r->n_cut;
    out->bag[0].tally.dropped[DROP_CUT] += r->n_cut;
    if (r->blank_line > 0 && out->n > 1)
        return fail(ERR_FORMAT,
                    "%s:%d: column '%s' is empty here but not everywhere; whose row is it? --bag=none makes the file "
                    "one repertoire",
                    r->row.path, r->blank_line, rowreader_column(&r->row, COLUMN_REPERTOIRE));
    for (int b = 0; b < out->n; b++) {
        if (!is_one(r, out)) out->bag[b].id = out->id.text[b];
        TRY(close_bag(r, &out->bag[b], too));
    }
    return OK;
}
