/* SPDX-License-Identifier: MIT
 *
 * import_flags.h: flags of `hopsack import` that repertoires and bags of vectors read alike.
 */
#ifndef HOPSACK_IMPORT_FLAGS_H
#define HOPSACK_IMPORT_FLAGS_H

#include "cli/cli.h"
#include "data/sequences/intake.h"

/* The place of the flag's word among `words` (NULL-ended); ERR_USAGE lists them. */
Status import_flags_word(int *out, const Cli *cli, const char *flag, const char *const *words);

/* --include and --exclude; what is set is freed even after an error. */
typedef struct {
    RowRule *include, *exclude; /* [n_include], [n_exclude] */
    int n_include, n_exclude;
    char *store[2];
} ImportFlagsRules;
Status import_flags_rules(ImportFlagsRules *out, const Cli *cli);
void import_flags_free(ImportFlagsRules *rules);

Status import_flags_none(const Cli *cli, const char *const *flags, const char *why); /* ERR_USAGE if one was given */
Status import_flags_separator(char *out, const Cli *cli);
Status import_flags_compress(bool *out, const Cli *cli);

#endif
