/* SPDX-License-Identifier: MIT
 *
 * imported.h: usual options of an import into the scratch folder, and the file it wrote as text.
 */
#ifndef HOPSACK_TEST_IMPORTED_H
#define HOPSACK_TEST_IMPORTED_H

#include "data/bagfile/bagfile.h"
#include "data/sequences/import_sequences.h"
#include "support/scratch.h"

#include <criterion/criterion.h>

/* format NULL: auto */
static inline ImportSequencesOptions some_options(const char *const *path, int n_path, const char *format)
{
    return (ImportSequencesOptions){.import = {.path = path,
                                               .n_path = n_path,
                                               .output = in_scratch("out.h5"),
                                               .id_column = "auto",
                                               .compress = true,
                                               .force = true},
                                    .extension = ".tsv",
                                    .rules = {.format = format ? format_find(format) : NULL, .merge = true}};
}

/* "key: SEQ count, SEQ count; key: …" of the file written; with genes "SEQ count V J", - where there is none. */
static inline const char *imported(bool genes)
{
    static char text[8192];
    size_t at = 0;
    BagFile *file;
    cr_assert_eq(bagfile_open(&file, in_scratch("out.h5")), OK, "%s", status_sentence());
    for (int b = 0; b < bagfile_n_bag(file); b++) {
        BagText bag;
        cr_assert_eq(bagfile_read_text(&bag, file, b), OK, "%s", status_sentence());
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s:", b ? "; " : "", bagfile_key(file, b));
        for (int i = 0; i < bag.n; i++) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%s %s %lld", i ? "," : "",
                                   bag.sequence + (size_t)i * bag.stride, (long long)bag.count[i]);
            if (genes)
                at += (size_t)snprintf(text + at, sizeof text - at, " %s %s",
                                       bag.v_call && *bag.v_call[i] ? bag.v_call[i] : "-",
                                       bag.j_call && *bag.j_call[i] ? bag.j_call[i] : "-");
        }
        bagtext_free(&bag);
    }
    bagfile_close(file);
    return text;
}

#endif
