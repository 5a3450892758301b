/* SPDX-License-Identifier: MIT
 *
 * import.h: from files of text or of other programs, and a label table, to a dataset file: what bags of sequences and of
 * vectors have in common. A kind of bag is a const ImportKind and a struct that begins with an Import:
 *
 *     open          which files there are; `peek_file` looks at each before the first is read, then `peeked` at all
 *     read_file     one file into a slot; files of a batch are read side by side
 *     write_bags    what was read, in the order of the files
 *     findings      after the last file: warnings, or an error
 *     columns       labels that the files themselves hold, beside those of the label table
 *     options, facts    what provenance and --json say of it
 *
 * Memory holds a batch of files. Nothing is written after an error. Equal input gives equal bytes.
 */
#ifndef HOPSACK_IMPORT_H
#define HOPSACK_IMPORT_H

#include "core/cost.h"
#include "data/bagfile/bagfile.h"
#include "data/import/import_labels.h"
#include "data/text/baglist.h"

#include <jansson.h>

#define IMPORT_BATCH 64 /* most files that are read side by side */

typedef struct {
    const char *const *path; /* [n_path] folders or files */
    int n_path;
    const char *output;
    const char *metadata;  /* label table; NULL: none */
    const char *id_column; /* of it: "auto" or a name */
    const char *bags;      /* list of the bags that are imported; NULL: all */
    int compress;          /* gzip level; 0: none */
    bool force;
    bool dry_run;                          /* reads and checks what it can, writes nothing */
    json_t *(*flags)(const void *context); /* the options as the command line has them, for provenance; or NULL */
    const void *flags_context;
    BagFile **opened; /* see BagWriterOptions: a dataset without a name; NULL */
    const char *scratch;
} ImportOptions;

typedef struct {
    int n_file, n_bag;  /* n_bag 0: a dry run of files that may hold several */
    bool several;       /* files may hold several bags */
    Cost cost;          /* by the size of the files */
    int n_unlabelled;   /* bags without a row in the label table */
    int id_column;      /* of the label table, by which its rows were found */
    const char *format; /* static; "several" */
    char *json;         /* the report, one object; caller frees */
} ImportReport;

/* A file that is read. */
typedef struct {
    const char *path;
    const char *key;  /* of the bag, if the file is one; NULL: it never is */
    const char *name; /* its path below the folder that was given; NULL: as key */
    int64_t bytes;    /* 0: unknown */
    bool one_bag;     /* known before it is read: the file is one bag */
    bool left_out;    /* by the list of bags: it is not read */
} ImportFile;

/* A bag of which something was read. */
typedef struct {
    LabelKey label;
    int file;
} ImportBag;

typedef struct Import Import;

/* Hooks that are NULL have nothing to do. */
typedef struct {
    BagSpec (*spec)(const Import *im);
    Status (*open)(Import *im);
    Status (*peek_file)(Import *im, int file);
    Status (*peeked)(Import *im); /* after the last of them: may leave out files */
    Status (*read_file)(Import *im, int file,
                        int slot); /* in a thread: changes nothing but what belongs to the slot */
    Status (*write_bags)(Import *im, int file, int slot);
    void (*drop)(Import *im, int slot); /* frees what read_file left in the slot */
    Status (*findings)(Import *im);
    Status (*columns)(Import *im);
    json_t *(*options)(const Import *im); /* NULL: a text is not UTF-8 */
    Status (*facts)(json_t *facts, const Import *im);
    void (*close)(Import *im);
    const char *(*format)(const char **line, int i); /* name of format i and what it is; NULL: there are no more */
    int batch;      /* files read side by side at the most; 1 where bags of several files are mixed */
    bool reads_dry; /* a dry run reads the files; else it ends once it knows which they are */
} ImportKind;

/* What an import that is under way knows. */
struct Import {
    const ImportKind *kind;
    const ImportOptions *options;
    ImportReport *report;
    ImportFile *file; /* [n_file] set by `open` */
    int n_file;
    BagWriter *writer;
    ImportBag *bag; /* [n_bag] in the order of the dataset */
    int n_bag, room;
    BagList bags;          /* those asked for */
    Table labels, columns; /* the label table; what the dataset keeps (n_column 0: nothing) */
    json_t *sources;
};

/* `im` is the kind's struct, zero but for its own fields. ERR_FORMAT, ERR_IO, ERR_USAGE. */
Status import_run(ImportReport *out, Import *im, const ImportKind *kind, const ImportOptions *options);

/* ---- for kinds ---- */
Status import_no_memory(const Import *im);
/* Is the bag asked for? One that is not is noted, for the label table, and left out. */
Status import_wants(bool *out, Import *im, const char *key, int file);
Status import_add_bag(Import *im, const char *key, int file, bool left_out);
void import_note_format(Import *im, const char *name);
/* Takes `facts` over, adds the file's name and digest, and lists them. */
Status import_note_source(Import *im, json_t *facts, const char *path, const char *name, const char *sha256);

#endif
