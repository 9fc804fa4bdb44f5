/* yml.c - a YAML file as a test looks into it. */
#include "tests/harness/yml.h"

#include "common/base/rc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct yml {
	yaml_document_t doc;
};

/* The library's functions change nothing, but do not say so. */
static yaml_document_t *
doc_of(const struct yml *y)
{
	return (yaml_document_t *)(uintptr_t)&y->doc;
}

static const yaml_node_t *
node_of(const struct yml *y, int id)
{
	return yaml_document_get_node(doc_of(y), id);
}

struct yml *
yml_read(const char *path)
{
	struct yml *y = xcalloc(1, sizeof(*y));
	FILE *f = fopen(path, "re");
	yaml_parser_t parser;

	ck_assert_msg(f != NULL, "there is no file %s", path);
	ck_assert_int_eq(yaml_parser_initialize(&parser), 1);
	yaml_parser_set_input_file(&parser, f);
	ck_assert_msg(yaml_parser_load(&parser, &y->doc) == 1,
	    "%s line %zu: %s", path, parser.problem_mark.line + 1,
	    parser.problem);
	yaml_parser_delete(&parser);
	fclose(f);
	return y;
}

void
yml_free(struct yml *y)
{
	yaml_document_delete(&y->doc);
	free(y);
}

static bool
is_merge(const char *name)
{
	return strcmp(name, "<<") == 0;
}

const char *
yml_text(const yaml_node_t *node)
{
	const char *text;

	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return text[0] == '\0' &&
		       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
		   ? NULL
		   : text;
}

const yaml_node_t *
yml_member(const struct yml *y, const yaml_node_t *of, const char *name)
{
	const yaml_node_t *merged = NULL;
	const yaml_node_pair_t *p;

	if (of == NULL || of->type != YAML_MAPPING_NODE)
		return NULL;
	for (p = of->data.mapping.pairs.start; p < of->data.mapping.pairs.top;
	     p++) {
		const char *key = yml_text(node_of(y, p->key));

		if (strcmp(key, name) == 0)
			return node_of(y, p->value);
		if (is_merge(key))
			merged = yml_member(y, node_of(y, p->value), name);
	}
	return merged;
}

const yaml_node_t *
yml_at(const struct yml *y, const char *path)
{
	const yaml_node_t *node = yaml_document_get_root_node(doc_of(y));

	while (node != NULL && *path != '\0') {
		auto_str name = xstrndup(path, strcspn(path, "."));

		node = yml_member(y, node, name);
		path += strlen(name) + (path[strlen(name)] == '.');
	}
	return node;
}

/* What a merge brings is left out where its owner has it. */
struct merge {
	const struct yml *y;
	const yaml_node_t *owner;
	void (*each)(void *ctx, const char *name, const yaml_node_t *value);
	void *ctx;
};

static bool
has_own(const struct yml *y, const yaml_node_t *of, const char *name)
{
	const yaml_node_pair_t *p;

	for (p = of->data.mapping.pairs.start; p < of->data.mapping.pairs.top;
	     p++)
		if (strcmp(yml_text(node_of(y, p->key)), name) == 0)
			return true;
	return false;
}

static void
each_merged(void *arg, const char *name, const yaml_node_t *value)
{
	const struct merge *m = arg;

	if (!has_own(m->y, m->owner, name))
		m->each(m->ctx, name, value);
}

static void
each_member(const struct yml *y, const yaml_node_t *node,
    void (*each)(void *, const char *, const yaml_node_t *), void *ctx)
{
	struct merge m = {y, node, each, ctx};
	const yaml_node_pair_t *p;

	for (p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		const char *key = yml_text(node_of(y, p->key));

		if (is_merge(key))
			yml_each(y, node_of(y, p->value), each_merged, &m);
		else
			each(ctx, key, node_of(y, p->value));
	}
}

void
yml_each(const struct yml *y, const yaml_node_t *node,
    void (*each)(void *ctx, const char *name, const yaml_node_t *value),
    void *ctx)
{
	const yaml_node_item_t *i;

	if (node != NULL && node->type == YAML_MAPPING_NODE)
		each_member(y, node, each, ctx);
	if (node == NULL || node->type != YAML_SEQUENCE_NODE)
		return;
	for (i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++)
		each(ctx, NULL, node_of(y, *i));
}

bool
yml_has(const struct yml *y, const yaml_node_t *node, const char *text)
{
	const yaml_node_item_t *i;

	if (node == NULL || node->type != YAML_SEQUENCE_NODE)
		return false;
	for (i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++) {
		const char *item = yml_text(node_of(y, *i));

		if (item != NULL && strcmp(item, text) == 0)
			return true;
	}
	return false;
}
