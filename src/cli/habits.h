/* SPDX-License-Identifier: MIT
 *
 * habits.h: command lines as other programs take them, and as word processors and web pages change them. What is plain
 * works; what could be meant otherwise ends with the right form.
 */
#ifndef HOPSACK_HABITS_H
#define HOPSACK_HABITS_H

#include "cli/cli.h"

/* ERR_USAGE for a word that was meant as a flag: its dashes are typographic, or blanks surround its '='; and for one with a
 * line end of Windows. */
Status habits_word(const char *word);

/* ERR_USAGE for "-target=…": a long name of the command behind one dash. `word` is as typed. */
Status habits_one_dash(const Command *command, const char *word);

/* ERR_USAGE for what cannot be the value of a flag, shown as typed ("--target"): '=', the next flag (`next`: the value is
 * the next word), typographic quotes. */
Status habits_value(const char *flag, const char *value, bool next);

/* The name under which the command knows an option that other programs call `name`; `name` if it is none of these. */
const char *habits_name(const Command *command, const char *name);

/* The option that somebody used to other programs means by `name`, with dashes; NULL: nothing is known. */
const char *habits_meant(const Command *command, const char *name);

#endif
