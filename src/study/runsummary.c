/* SPDX-License-Identifier: MIT */
#include "study/runsummary.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/path.h"

Status runsummary_load(json_t **out, const char *folder, const char *takes)
{
    char path[PATH_ROOM];
    if (file_exists(folder) && !file_is_folder(folder)) return fail(ERR_FORMAT, "%s: is a file; %s", folder, takes);
    if (!path_join(path, folder, "summary.json")) return fail(ERR_USAGE, "%.60s…: the path is too long", folder);
    TRY(jsontext_load(out, path, NULL));
    if (json_is_object(*out)) return OK;
    json_decref(*out);
    *out = NULL;
    return fail(ERR_FORMAT, "%s: no summary.json that can be read; %s", folder, takes);
}
