/*
 * test_openapi.c - the API's description and the table of routes name the
 * same: paths, methods, arguments, who may come in, and which have a body.
 */
#include "common/base/rc.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "gateway/api/routes.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <ctype.h>
#include <stdlib.h>

static cJSON *
document(void)
{
	auto_str path = xasprintf(
	    "%s/gateway/api/openapi.json", getenv("CULPRIT_SOURCE"));
	auto_str text = file_read(path);
	struct err err;
	cJSON *tree;

	ck_assert_msg(json_parse(span_of(text), NULL, &tree, &err) == RC_OK,
	    "%s", err.text);
	return tree;
}

static const cJSON *
operation(const cJSON *doc, const struct route *r)
{
	char method[16] = "";
	const cJSON *op;
	size_t i;

	for (i = 0; r->method[i] != '\0' && i < sizeof(method) - 1; i++)
		method[i] = (char)tolower((unsigned char)r->method[i]);
	op = tree_at(tree_at(tree_at(doc, "paths"), r->path), method);
	ck_assert_msg(op != NULL,
	    "gateway/api/openapi.json does not describe %s %s", r->method,
	    r->path);
	return op;
}

/* Is that parameter there, in the query? */
static bool
has_argument(const cJSON *op, const char *name)
{
	const cJSON *p;

	cJSON_ArrayForEach (p, tree_at(op, "parameters"))
		if (tree_is(p, "in", "query") && tree_is(p, "name", name))
			return true;
	return false;
}

static void
assert_arguments(const cJSON *op, const struct route *r)
{
	size_t i, known = 0;
	const cJSON *p;

	for (i = 0; i < ARRAY_LEN(r->args) && r->args[i] != NULL; i++)
		ck_assert_msg(has_argument(op, r->args[i]),
		    "openapi.json: %s has no argument %s", r->path, r->args[i]);
	cJSON_ArrayForEach (p, tree_at(op, "parameters"))
		known += tree_is(p, "in", "query");
	ck_assert_msg(known == i, "openapi.json: %s has arguments of its own",
	    r->path);
}

START_TEST(every_route_is_described_as_it_is)
{
	AUTO(tree) doc = document();
	const struct route *r;

	for (r = routes; r->path != NULL; r++) {
		const cJSON *op = operation(doc, r);

		assert_arguments(op, r);
		ck_assert_msg((tree_at(op, "security") != NULL) == (r->whom == ROUTE_PUBLIC),
		    "openapi.json: who may %s %s", r->method, r->path);
		ck_assert_msg(
		    (tree_at(op, "requestBody") != NULL) == (r->body_max > 0),
		    "openapi.json: the body of %s %s", r->method, r->path);
		ck_assert(tree_has(op, "operationId"));
	}
}
END_TEST

static bool
is_route(const char *path, const char *method)
{
	const struct route *r;

	for (r = routes; r->path != NULL; r++)
		if (strcmp(r->path, path) == 0 &&
		    strcasecmp(r->method, method) == 0)
			return true;
	return false;
}

START_TEST(nothing_is_described_that_is_no_route)
{
	AUTO(tree) doc = document();
	const cJSON *path, *op;

	cJSON_ArrayForEach (path, tree_at(doc, "paths"))
		cJSON_ArrayForEach (op, path)
			ck_assert_msg(is_route(path->string, op->string),
			    "openapi.json: there is no route %s %s",
			    op->string, path->string);
}
END_TEST

int
main(void)
{
	const struct test_entry list[] = {
	    {every_route_is_described_as_it_is, 0},
	    {nothing_is_described_that_is_no_route, 0},
	};

	return RUN_TESTS("openapi", list);
}
