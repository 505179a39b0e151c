/* counts: status codes and kinds of errors as small JSON objects, the way they are stored: few
 * occur, and a person with the sqlite3 shell can read them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_priv.h"

static void put_json(json_t **json)
{
    json_decref(*json);
}

static char *text_of(json_t *object)
{
    char *text = json_object_size(object) ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

char *counts_status_text(const struct result_counts *c)
{
    json_t *out = json_object();
    for (size_t i = 0; i < c->status_count; i++) {
        char code[16];
        snprintf(code, sizeof code, "%u", c->status[i].status);
        json_object_set_new(out, code, json_integer((json_int_t)c->status[i].count));
    }
    return text_of(out);
}

char *counts_kinds_text(const struct result_counts *c)
{
    json_t *out = json_object();
    for (int k = 0; k < WIRE_ERR_COUNT; k++)
        if (c->error_kinds[k] > 0)
            json_object_set_new(out, wire_error_text((enum wire_error)k),
                                json_integer((json_int_t)c->error_kinds[k]));
    return text_of(out);
}

void counts_add(struct result_counts *into, const struct result_counts *from)
{
    into->requests += from->requests;
    into->errors += from->errors;
    into->bytes_in += from->bytes_in;
    into->bytes_out += from->bytes_out;
    for (int k = 0; k < WIRE_ERR_COUNT; k++)
        into->error_kinds[k] += from->error_kinds[k];
    for (size_t i = 0; i < from->status_count; i++)
        result_counts_add_status(into, from->status[i].status, from->status[i].count);
}

static int load(struct str text, json_t **out, struct err *e)
{
    *out = json_loadb(text.ptr, text.len, 0, NULL);
    if (!json_is_object(*out))
        return err_set(e, -EBADMSG, "the database is damaged: counters that are no JSON object");
    return 0;
}

int counts_add_status(struct result_counts *c, struct str text, struct err *e)
{
    if (text.len == 0)
        return 0;
    AUTO(put_json) json_t *object = NULL;
    int rc = load(text, &object, e);
    if (rc < 0)
        return rc;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        uint64_t status;
        if (!str_to_u64(str_of(key), &status) || status > UINT16_MAX)
            return err_set(e, -EBADMSG, "the database is damaged: status code \"%s\"", key);
        result_counts_add_status(c, (uint32_t)status, (uint64_t)json_integer_value(value));
    }
    return 0;
}

int counts_add_kinds(struct result_counts *c, struct str text, struct err *e)
{
    if (text.len == 0)
        return 0;
    AUTO(put_json) json_t *object = NULL;
    int rc = load(text, &object, e);
    if (rc < 0)
        return rc;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        enum wire_error kind;
        if (!wire_error_of(str_of(key), &kind))
            return err_set(e, -EBADMSG, "the database is damaged: kind of error \"%s\"", key);
        c->error_kinds[kind] += (uint64_t)json_integer_value(value);
    }
    return 0;
}
