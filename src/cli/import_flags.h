/* SPDX-License-Identifier: MIT
 *
 * import_flags.h: flags of `hopsack import` that repertoires and bags of vectors read alike.
 */
#ifndef HOPSACK_IMPORT_FLAGS_H
#define HOPSACK_IMPORT_FLAGS_H

#include "cli/cli.h"
#include "data/import/import.h"
#include "data/text/header.h"

extern const ImportKind *const import_flags_kinds[]; /* of bags, NULL-ended */

/* All that is not the kind's own. */
Status import_flags_options(ImportOptions *out, const Cli *cli);
Status import_flags_format(const Cli *cli);                   /* ERR_USAGE unless --format is auto or a kind's */
void import_flags_formats(FILE *out, const ImportKind *kind); /* for --help, a line each */

/* The place of the flag's word among `words` (NULL-ended); ERR_USAGE lists them. */
Status import_flags_word(int *out, const Cli *cli, const char *flag, const char *const *words);

/* --include and --exclude; what is set is freed even after an error. */
typedef struct {
    RowRules rows;
    RowRule *rule[2];
    char *store[2];
} ImportFlagsRules;
Status import_flags_rules(ImportFlagsRules *out, const Cli *cli);
void import_flags_free(ImportFlagsRules *rules);

Status import_flags_none(const Cli *cli, const char *const *flags, const char *why); /* ERR_USAGE if one was given */
Status import_flags_separator(char *out, const Cli *cli);

#endif
