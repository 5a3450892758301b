/* SPDX-License-Identifier: MIT
 *
 * foreign.h: what a table may be that is in no format of repertoires.
 */
#ifndef HOPSACK_FOREIGN_H
#define HOPSACK_FOREIGN_H

#include "data/text/header.h"

const char *
foreign_says(const Header *header); /* a sentence on a kind of file that is known, but no repertoire; NULL */
/* " The nearest known format is …": by the columns that are known; "" where there are none. */
const char *foreign_hint(char *text, size_t room, const Header *header);

#endif
