/* SPDX-License-Identifier: MIT
 *
 * help.h: the texts of --help and help, made from the rows of commands and settings. Lines have at most 80 columns.
 */
#ifndef HOPSACK_HELP_H
#define HOPSACK_HELP_H

#include "cli/cli.h"

void help_overview(FILE *out);                                  /* the commands, on one screen */
void help_short(FILE *out, const Command *command);             /* usage, an example, the options people use */
void help_full(FILE *out, const Command *command);              /* every option with default, range and unit */
void help_key(void *out, const SectionKey *key);                /* a setting: two lines or more; a SectionVisit */
void help_entry(FILE *out, const char *left, const char *text); /* a line of a table, wrapped */

#endif
