/* SPDX-License-Identifier: MIT
 *
 * h5base.h: what the files of h5.h share, and nobody else includes: starting the library, its errors as sentences, types.
 */
#ifndef HOPSACK_H5BASE_H
#define HOPSACK_H5BASE_H

#include "data/h5/h5.h"

#include <hdf5.h>

void h5base_start(void); /* first in every function that may be a thread's first with HDF5 */

bool h5base_says(const char *words); /* do they stand in the reason of HDF5's last failure? */
void h5base_forget(void);            /* that failure was none */

/* "path: cannot <doing> <name>: <HDF5's reason>". What is ERR_FORMAT otherwise is ERR_IO or ERR_MEMORY where the reason is an
 * error of the system; advice in brackets at the end of `doing` is left out then. */
Status h5base_fail(Status status, const char *path, const char *name, const char *doing);
Status h5base_read_fail(const H5Set *set);
Status h5base_no_memory(const H5Set *set);
Status h5base_damaged(const H5Set *set);

hid_t h5base_access(void); /* file access list: new format, no locks; the caller closes it */
hid_t h5base_memory_type(H5Type type);
hid_t h5base_file_type(H5Type type); /* little-endian */

#endif
