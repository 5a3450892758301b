/* SPDX-License-Identifier: MIT
 *
 * settinglist.h: the settings of a config as a flat list, and which of them differ from the defaults.
 */
#ifndef HOPSACK_SETTINGLIST_H
#define HOPSACK_SETTINGLIST_H

#include "run/config.h"

typedef struct {
    char *path, *value; /* "train.lr", "0.01"; values as config.yaml has them */
    char *standard;     /* the default; "": not set; NULL: the value is the default, or there is none */
} ListedSetting;

typedef struct {
    ListedSetting *setting; /* [n] in the order of config.yaml */
    int n;
    bool compared; /* false: no default config with the same kinds could be made */
} SettingList;

Status settinglist_make(SettingList *out, const Config *config);
void settinglist_free(SettingList *l); /* accepts {0} and half-built ones */

const char *settinglist_value(const SettingList *l, const char *path); /* "" where it is not there */

#endif
