/* SPDX-License-Identifier: MIT */
#include "core/yamlout.h"
#include "core/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct YamlOut {
    yaml_emitter_t emitter;
    char *text;
    size_t n;
    bool failed;
};

static int keep(void *context, unsigned char *bytes, size_t n)
{
    YamlOut *out = context;
    char *grown = realloc(out->text, out->n + n + 1);
    if (!grown) return 0;
    memcpy(grown + out->n, bytes, n);
    out->text = grown;
    out->n += n;
    grown[out->n] = 0;
    return 1;
}

/* `made`: was the event made? The emitter owns it from here. */
static void emit(YamlOut *out, int made, yaml_event_t *event)
{
    if (!made || !yaml_emitter_emit(&out->emitter, event)) out->failed = true;
}

Status yamlout_open(YamlOut **out)
{
    yaml_event_t event;
    YamlOut *o = *out = calloc(1, sizeof *o);
    if (!o || !yaml_emitter_initialize(&o->emitter)) {
        free(o);
        *out = NULL;
        return fail(ERR_MEMORY, "no memory to write the config");
    }
    yaml_emitter_set_output(&o->emitter, keep, o);
    yaml_emitter_set_unicode(&o->emitter, 1);
    yaml_emitter_set_width(&o->emitter, -1);
    emit(o, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
    emit(o, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
    yamlout_block(o);
    return OK;
}

static void emit_text(YamlOut *out, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    emit(out,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1, style),
         &event);
}

void yamlout_key(YamlOut *out, const char *key)
{
    emit_text(out, key, YAML_PLAIN_SCALAR_STYLE);
}

void yamlout_value(YamlOut *out, const char *text)
{
    if (!text)
        emit_text(out, "null", YAML_PLAIN_SCALAR_STYLE);
    else
        emit_text(out, text, yaml_is_null(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE);
}

void yamlout_block(YamlOut *out)
{
    yaml_event_t event;
    emit(out, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE), &event);
}

void yamlout_block_end(YamlOut *out)
{
    yaml_event_t event;
    emit(out, yaml_mapping_end_event_initialize(&event), &event);
}

void yamlout_list(YamlOut *out, bool of_blocks)
{
    yaml_event_t event;
    emit(out,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                              of_blocks ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE),
         &event);
}

void yamlout_list_end(YamlOut *out)
{
    yaml_event_t event;
    emit(out, yaml_sequence_end_event_initialize(&event), &event);
}

Status yamlout_close(char **text, YamlOut *out)
{
    yaml_event_t event;
    yamlout_block_end(out);
    emit(out, yaml_document_end_event_initialize(&event, 1), &event);
    emit(out, yaml_stream_end_event_initialize(&event), &event);
    yaml_emitter_delete(&out->emitter);
    const bool failed = out->failed;
    *text = failed ? NULL : out->text;
    if (failed) free(out->text);
    free(out);
    return failed ? fail(ERR_MEMORY, "no memory to write the config") : OK;
}
