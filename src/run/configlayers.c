/* SPDX-License-Identifier: MIT */
#include "run/configlayers.h"
#include "model/layer.h"

static bool layer_member(Member *out, int place)
{
    const LayerType *type = layer_types[place];
    if (type) *out = (Member){.name = type->name, .rows = type->options};
    return type;
}

const Family configlayers_family = {
    .standard = "association",
    .help =
        "type of a layer between embedder and pooling; model.layers is a list of them, in order, and [] by default. "
        "association: the instances of a bag retrieve from each other; lookup: each instance retrieves from learned "
        "patterns; dense: a dense layer over each instance",
    .member = layer_member};
