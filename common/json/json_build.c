/*
 * json_build.c - a cJSON tree out of jsonsax events.
 */
#include "common/json/json_build.h"

#include <stdlib.h>

static char *
span_dup(struct span s)
{
	return xstrndup(s.p != NULL ? s.p : "", s.n);
}

static cJSON *
string_item(struct span s)
{
	cJSON *item = cJSON_CreateNull();

	item->type = cJSON_String;
	item->valuestring = span_dup(s);
	return item;
}

static cJSON *
item_of(const struct jsonsax_event *ev)
{
	switch (ev->type) {
	case JSONSAX_OBJECT:
		return cJSON_CreateObject();
	case JSONSAX_ARRAY:
		return cJSON_CreateArray();
	case JSONSAX_STRING:
		return string_item(ev->text);
	case JSONSAX_NUMBER:
		return cJSON_CreateNumber(ev->number);
	case JSONSAX_BOOL:
		return cJSON_CreateBool(ev->boolean);
	case JSONSAX_NULL:
	case JSONSAX_KEY:
	case JSONSAX_OBJECT_END:
	case JSONSAX_ARRAY_END:
	case JSONSAX_PAIR:
		break;
	}
	return cJSON_CreateNull();
}

static void
place(struct json_build *b, cJSON *item)
{
	cJSON *parent;

	if (b->depth == 0) {
		b->root = item;
		return;
	}
	parent = b->open[b->depth - 1];
	if (cJSON_IsObject(parent))
		item->string = TAKE(b->key);
	cJSON_AddItemToArray(parent, item);
}

static enum rc
add_value(struct json_build *b, const struct jsonsax_event *ev, struct err *err)
{
	cJSON *item;

	if (b->values++ >= b->values_max)
		return err_set(
		    err, RC_TOOBIG, "more than %zu values", b->values_max);
	item = item_of(ev);
	place(b, item);
	if (ev->type == JSONSAX_OBJECT || ev->type == JSONSAX_ARRAY)
		b->open[b->depth++] = item;
	return RC_OK;
}

enum rc
json_build_event(struct json_build *b, const struct jsonsax_event *ev,
    bool *ret_complete, struct err *err)
{
	enum rc rc = RC_OK;

	if (ev->type == JSONSAX_KEY) {
		b->key = span_dup(ev->text);
		return RC_OK;
	}
	if (ev->type == JSONSAX_OBJECT_END || ev->type == JSONSAX_ARRAY_END)
		b->depth--;
	else
		rc = add_value(b, ev, err);
	if (rc == RC_OK)
		*ret_complete = b->depth == 0;
	return rc;
}

cJSON *
json_build_take(struct json_build *b)
{
	b->values = 0;
	return TAKE(b->root);
}

void
json_build_reset(struct json_build *b)
{
	cJSON_Delete(b->root);
	free(b->key);
	*b = (struct json_build){.values_max = b->values_max};
}
