/* SPDX-License-Identifier: MIT
 *
 * bagfolder.h: folders with a file a bag: what lies in them.
 */
#ifndef HOPSACK_BAGFOLDER_H
#define HOPSACK_BAGFOLDER_H

#include "data/vectors/vectorformat.h"

bool bagfolder_has(const char *folder, const char *name);

/* The first file of the folder, by name, whose name ends in `ending` (".gz" may follow) and does not begin with a dot. */
bool bagfolder_first(char path[PATH_ROOM], const char *folder, const char *ending);

/* A label table that lies beside the files of a folder: dataset.csv, labels.csv, metadata.csv, or .tsv. */
bool bagfolder_labels(char path[PATH_ROOM], const VectorPeek *peek);

#endif
