/* SPDX-License-Identifier: MIT
 *
 * import_flags.h: the options of `hopsack import`: those of both kinds of bag, of repertoires alone, of vectors alone.
 */
#ifndef HOPSACK_IMPORT_FLAGS_H
#define HOPSACK_IMPORT_FLAGS_H

#include "cli/cli.h"
#include "data/import/import.h"
#include "data/text/header.h"

enum { MERGE_AUTO, MERGE_YES, MERGE_NO };

typedef struct {
    const char *out, *format, *metadata, *id_column, *bags;
    const char *bag;              /* column; NULL: as the format has it; "none" */
    OptionTexts include, exclude; /* "COLUMN=VALUE" */
    int separator;                /* see import_flags_separator */
    int compress;                 /* see bagfile_compress */
    const char *extension;        /* of files in folders; NULL: as the kind of bag has it */

    const char *sequence_column, *count_column; /* NULL: as the format has it */
    const char *name;
    int merge;         /* MERGE_… */
    int skip_empty;    /* 0: an empty repertoire is an error */
    int cdr3;          /* 0: junctions */
    int ends;          /* EndsWish */
    int header;        /* HeaderWish */
    int short_rows;    /* 0: an error */
    const char *locus; /* list; NULL: all */

    const char *label; /* column; NULL: as the format has it */
    OptionTexts skip, labels;
    int n_features; /* 0: any */
    int sparse;     /* SparseWish */
    bool allow_leak;

    BagFile **opened; /* not options: see ImportOptions; NULL */
    const char *scratch;
} ImportFlags;

extern const Option import_flags_both[], import_flags_reading[], import_flags_repertoires[], import_flags_vectors[];

/* The options by which tables are read, all but import_flags_both: {"name": text, list of texts, or null}. A dataset and the
 * models trained on it keep them. NULL: not UTF-8. */
json_t *import_flags_json(const void *flags);

/* The same back; `owned` is the caller's to free, even after an error. `json` must outlive `out`. */
#define IMPORT_FLAGS_MOST 64
Status import_flags_fill(ImportFlags *out, const json_t *json, void *owned[IMPORT_FLAGS_MOST]);

/* Options given again on the command line, which filled `flags`: those that change what a row means must be as in `json`
 * (`where`: whose it is), others replace it. ERR_USAGE. */
Status import_flags_agree(json_t *json, const Cli *cli, const ImportFlags *flags, const char *where);

extern const ImportKind *const import_flags_kinds[]; /* of bags, NULL-ended */

ImportOptions import_flags_options(const Cli *cli);           /* all that is not the kind's own */
Status import_flags_format(const ImportFlags *flags);         /* ERR_USAGE unless --format is auto or a kind's */
void import_flags_formats(FILE *out, const ImportKind *kind); /* for help, a line each */

/* --include and --exclude; what is set is freed even after an error. */
typedef struct {
    RowRules rows;
    RowRule *rule[2];
    char *store[2];
} ImportFlagsRules;
Status import_flags_rules(ImportFlagsRules *out, const ImportFlags *flags);
void import_flags_free(ImportFlagsRules *rules);

char import_flags_separator(const ImportFlags *flags); /* 0: auto */

#endif
