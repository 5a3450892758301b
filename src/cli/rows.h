/* SPDX-License-Identifier: MIT
 *
 * rows.h: option rows and texts that several commands share.
 */
#ifndef HOPSACK_ROWS_H
#define HOPSACK_ROWS_H

#include "core/option.h"

/* Of a command that trains into a folder; `type` is its struct of flags, with the fields folder and resume. */
#define ROWS_RUN(type)                                                                                               \
    {"o",  OPTION_TEXT, offsetof(type, folder),                                                                      \
     NULL, 0,           0,                                                                                           \
     NULL, "RUN",       "folder of the run, which must be new or empty; also --output"},                             \
    {                                                                                                                \
        "resume", OPTION_BOOL, offsetof(type, resume), "false", 0, 0, NULL, "",                                      \
            "continue the run in RUN with the settings saved in it; start a run where there is none"                 \
    }

/* What its words mean, for help. */
#define ROWS_WORDS                                                                                                   \
    "CONFIG is a YAML or JSON file of settings, also as --config=CONFIG; - is standard input. DATA is a dataset, "   \
    "as --data.path; a word that ends with .h5 or .hdf5, or is an HDF5 file, is DATA, also where it comes first or " \
    "no CONFIG is given.\n\n"

#endif
