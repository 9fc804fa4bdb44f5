/*
 * test_registry.c - who may say what, who is picked for a task; and that the
 * outbox says nothing before it is told to.
 */
#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/wire/wire.h"
#include "supervisor/run/outbox.h"
#include "supervisor/run/registry.h"
#include "tests/harness/listener.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

/* ---- state and message ---- */

START_TEST(every_message_in_every_state_is_judged_as_the_protocol_says)
{
	static const struct {
		enum proto_type type;
		enum judgement in[3];
	} table[] = {
		{PROTO_HELLO, {JUDGE_TAKE, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_RESULT, {JUDGE_WHO, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_RENEW, {JUDGE_WHO, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_PROGRESS, {JUDGE_DROP, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_BYE, {JUDGE_DROP, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_TOOLS, {JUDGE_DROP, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_RESERVE, {JUDGE_DROP, JUDGE_TAKE, JUDGE_TAKE}},
		{PROTO_SETTLE, {JUDGE_DROP, JUDGE_TAKE, JUDGE_TAKE}},
	};
	const enum proto_type *t;
	size_t i, s;

	for (t = proto_types(); *t != 0; t++) {
		for (s = 0; s < 3; s++) {
			enum judgement want = JUDGE_DROP;

			for (i = 0; i < ARRAY_LEN(table); i++)
				if (table[i].type == *t)
					want = table[i].in[s];
			ck_assert_msg(registry_judge((enum worker_state)s,
			    *t) == want, "%s in state %zu", proto_name(*t),
			    s);
		}
	}
}
END_TEST

/* ---- joining ---- */

static struct bus_peer
peer(int n)
{
	struct bus_peer p = {.n = 2};

	p.id[0] = (char)('a' + n / 100);
	p.id[1] = (char)('a' + n % 100);
	return p;
}

static enum rc
hello(struct registry *g, int n, const char *role, const char *name,
    uint64_t capacity, const char *tools, struct worker **ret,
    struct err *err)
{
	struct proto_hello h = {.role = span_of(role), .name = span_of(name),
	    .capacity = capacity, .pid = 77};
	struct bus_peer p = peer(n);
	auto_buf b = {0};

	buf_init(&b, 2 << 20);
	if (tools != NULL) {
		AUTO(json) t = NULL;

		ck_assert_int_eq(json_parse(span_of(tools), NULL, &t, err),
		    RC_OK);
		wire_put_tree(&b, t);
		h.tools = buf_span(&b);
	}
	return registry_hello(g, &p, &h, ret, err);
}

static struct worker *
joined(struct registry *g, int n, const char *role, uint64_t capacity,
    const char *tools)
{
	struct worker *w = NULL;
	struct err err = {0};
	char name[16];

	snprintf(name, sizeof(name), "w%d", n);
	ck_assert_msg(hello(g, n, role, name, capacity, tools, &w, &err) ==
		RC_OK, "%s", err.text);
	return w;
}

#define NAME_64                                                                \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *role, *name;
	uint64_t capacity;
	const char *tools, *says;
} refused[] = {
	{"gateway", "w", 1, NULL, "no role \"gateway\""},
	{"", "w", 1, NULL, "no role"},
	{NULL, "w", 1, NULL, "no role"},
	{"supervisor", "w", 1, NULL, "no role"},
	{"executor", "", 1, NULL, "name has 0 bytes"},
	{"executor", NULL, 1, NULL, "name has 0 bytes"},
	{"executor", NAME_64, 1, NULL, "name has 64 bytes"},
	{"executor", "w", 0, NULL, "capacity is 0"},
	{"executor", "w", 257, NULL, "capacity is 257; it may be from 1 to 256"},
	{"executor", "w", UINT64_MAX, NULL, "capacity is 18446744073709551615"},
	{"executor", "w", 1, "{}", "list of maps"},
	{"executor", "w", 1, "\"echo\"", "list of maps"},
	{"executor", "w", 1, "[\"echo\"]", "list of maps"},
	{"executor", "w", 1, "[{\"what\":\"x\"}]", "list of maps"},
	{"executor", "w", 1, "[{\"name\":\"ok\"},{\"name\":1}]",
	    "list of maps"},
	{"executor", "w", 1, "[{\"name\":\"ok\",\"args\":"
	    "[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}]",
	    "nested over 16 levels"},
};

START_TEST(a_hello_that_makes_no_sense_is_refused)
{
	struct registry *g = registry_new();
	struct worker *w = NULL;
	struct err err = {0};
	struct bus_peer p = peer(0);

	ck_assert_int_eq(hello(g, 0, refused[_i].role, refused[_i].name,
	    refused[_i].capacity, refused[_i].tools, &w, &err), RC_DENIED);
	assert_contains(err.text, refused[_i].says);
	ck_assert_ptr_null(w);
	ck_assert_ptr_null(registry_find(g, &p));
	registry_free(g);
}
END_TEST

START_TEST(a_refused_second_hello_leaves_the_worker_as_it_was)
{
	struct registry *g = registry_new();
	struct worker *w = joined(g, 0, "executor", 4, "[{\"name\":\"a\"}]");
	struct worker *again = NULL;
	struct err err = {0};

	ck_assert_int_eq(hello(g, 0, "executor", "w0", 0, "[]", &again, &err),
	    RC_DENIED);
	ck_assert_int_eq(w->capacity, 4);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 1);
	ck_assert_ptr_eq(joined(g, 0, "planner", 2, NULL), w);
	ck_assert_int_eq(w->role, NODE_PLANNER);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 0);
	registry_free(g);
	registry_free(NULL);
}
END_TEST

START_TEST(there_are_at_most_so_many_workers)
{
	struct registry *g = registry_new();
	struct worker *w = NULL;
	struct err err = {0};
	int i;

	for (i = 0; i < REGISTRY_WORKERS_MAX; i++)
		joined(g, i, "planner", 1, NULL);
	ck_assert_int_eq(hello(g, i, "planner", "one", 1, NULL, &w, &err),
	    RC_BUSY);
	assert_contains(err.text, "4096 workers are here already");
	/* Who is here may say so again, and who leaves makes room. */
	registry_remove(g, joined(g, 7, "executor", 1, NULL));
	joined(g, i, "planner", 1, NULL);
	registry_free(g);
}
END_TEST

START_TEST(the_catalogue_is_the_union_of_those_who_are_here)
{
	struct registry *g = registry_new();
	struct worker *a = joined(g, 0, "executor", 1,
	    "[{\"name\":\"a\"},{\"name\":\"b\"}]");
	struct worker *b = joined(g, 1, "executor", 1,
	    "[{\"name\":\"b\"},{\"name\":\"c\"}]");

	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 3);
	registry_remove(g, a);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 2);
	registry_remove(g, b);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 0);
	registry_free(g);
}
END_TEST

static enum tool_class
class_in(const struct registry *g, const char *tool)
{
	enum tool_class class = TOOL_READ;

	ck_assert(registry_class(g, span_of(tool), &class));
	return class;
}

START_TEST(where_executors_disagree_the_strictest_class_counts)
{
	struct registry *g = registry_new();
	enum tool_class class = TOOL_IDEMPOTENT;
	struct worker *a = joined(g, 0, "executor", 1,
	    "[{\"name\":\"a\",\"class\":\"READ\"},"
	    "{\"name\":\"b\",\"class\":\"IDEMPOTENT\"}]");
	struct worker *b;

	ck_assert_int_eq(class_in(g, "a"), TOOL_READ);
	ck_assert_int_eq(class_in(g, "b"), TOOL_IDEMPOTENT);
	ck_assert(!registry_class(g, span_of("c"), &class));
	ck_assert_int_eq(class, TOOL_IDEMPOTENT);
	b = joined(g, 1, "executor", 1,
	    "[{\"name\":\"a\",\"class\":\"UNSAFE\"},"
	    "{\"name\":\"b\",\"class\":\"READ\"}]");
	ck_assert_int_eq(class_in(g, "a"), TOOL_UNSAFE);
	ck_assert_int_eq(class_in(g, "b"), TOOL_IDEMPOTENT);
	registry_remove(g, b);
	ck_assert_int_eq(class_in(g, "a"), TOOL_READ);
	registry_remove(g, a);
	ck_assert(!registry_class(g, span_of("a"), &class));
	registry_free(g);
}
END_TEST

static const char *const classless[] = {
    "[{\"name\":\"a\"}]",
    "[{\"name\":\"a\",\"class\":\"HARMLESS\"}]",
    "[{\"name\":\"a\",\"class\":\"\"}]",
    "[{\"name\":\"a\",\"class\":1}]",
};

START_TEST(a_tool_whose_class_is_not_known_is_unsafe)
{
	struct registry *g = registry_new();

	joined(g, 0, "executor", 1, classless[_i]);
	ck_assert_int_eq(class_in(g, "a"), TOOL_UNSAFE);
	ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(
			     cJSON_GetArrayItem(registry_tools(g), 0),
			     "class")),
	    "UNSAFE");
	registry_free(g);
}
END_TEST

/* ---- picking ---- */

static const struct span no_tool = {NULL, 0};

START_TEST(the_least_loaded_worker_with_room_is_picked)
{
	struct registry *g = registry_new();
	struct worker *a = joined(g, 0, "executor", 4, "[]");
	struct worker *b = joined(g, 1, "executor", 2, "[]");

	a->busy = 1;
	b->busy = 1;
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, no_tool, 0), a);
	a->busy = 3;
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, no_tool, 0), b);
	b->busy = 2;
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, no_tool, 0), a);
	a->busy = 4;
	ck_assert_ptr_null(registry_pick(g, NODE_EXECUTOR, no_tool, 0));
	ck_assert_ptr_null(registry_pick(g, NODE_PLANNER, no_tool, 0));
	registry_free(g);
}
END_TEST

START_TEST(who_is_to_be_alone_gets_an_idle_worker_or_has_one_kept_free)
{
	struct registry *g = registry_new();
	struct worker *a = joined(g, 0, "executor", 4, "[]");
	struct worker *b = joined(g, 1, "executor", 4, "[]");

	a->busy = 1;
	ck_assert_ptr_eq(registry_pick_alone(g, NODE_EXECUTOR, no_tool, 0), b);
	b->busy = 2;
	ck_assert_ptr_null(registry_pick_alone(g, NODE_EXECUTOR, no_tool, 0));
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, no_tool, 0), b);
	/* The next one waits for the other. */
	ck_assert_ptr_null(registry_pick_alone(g, NODE_EXECUTOR, no_tool, 0));
	ck_assert_ptr_null(registry_pick(g, NODE_EXECUTOR, no_tool, 0));
	registry_unkeep(g);
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, no_tool, 0), a);
	a->busy = 0;
	a->alone = true;
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, no_tool, 0), b);
	ck_assert_ptr_null(registry_pick_alone(g, NODE_EXECUTOR, no_tool, 0));
	registry_free(g);
}
END_TEST

/* A catalogue of one tool, with so much to say of it; the caller's. */
static char *
wordy(const char *name, size_t bytes)
{
	char *text = xcalloc(1, bytes + 1), *all;

	memset(text, 'x', bytes);
	all = xasprintf("[{\"name\":\"%s\",\"what\":\"%s\"}]", name, text);
	free(text);
	return all;
}

START_TEST(tools_leave_room_for_a_full_state_in_a_planners_task)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct registry *g = registry_new();
	struct worker *w;
	struct err err;
	int i;

	for (i = 0; i < 4; i++) {
		auto_str tools = wordy(names[i], 1000000);
		enum rc rc = hello(
		    g, i, "executor", "w", 1, tools, &w, &err);

		ck_assert_int_eq(rc, (i < 3 ? RC_OK : RC_BUSY));
	}
	assert_contains(err.text, "over 3 MiB");
	ck_assert_int_eq(registry_count(g, NODE_EXECUTOR, 0), 3);
	ck_assert_ptr_null(registry_pick(g, NODE_EXECUTOR, span_of("d"), 0));
	ck_assert_uint_gt(registry_tools_encoded(g).n, 3000000);
	registry_free(g);
}
END_TEST

static enum rc
retool(struct registry *g, struct worker *w, uint64_t edition,
    const char *tools, struct err *err)
{
	AUTO(json) t = NULL;
	auto_buf b = {.max = 2 << 20};

	ck_assert_int_eq(json_parse(span_of(tools), NULL, &t, err), RC_OK);
	wire_put_tree(&b, t);
	return registry_retool(g, w,
	    &(struct proto_tools){.edition = edition, .tools = buf_span(&b)},
	    err);
}

START_TEST(other_tools_take_the_place_of_those_that_were)
{
	struct registry *g = registry_new();
	struct worker *w = joined(g, 0, "executor", 1, "[{\"name\":\"a\"}]");
	struct worker *v = joined(g, 1, "executor", 1, "[{\"name\":\"b\"}]");
	struct err err;

	w->busy = 1;
	ck_assert_int_eq(retool(g, w, 2, "[{\"name\":\"c\",\"class\":\"READ\"}"
					 ",{\"name\":\"b\"}]",
			     &err),
	    RC_OK);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 2);
	ck_assert_int_eq(class_in(g, "c"), TOOL_READ);
	ck_assert_ptr_null(registry_pick(g, NODE_EXECUTOR, span_of("a"), 0));
	/* It goes on holding what it holds. */
	ck_assert_int_eq(w->busy, 1);
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, span_of("b"), 0), v);
	/* Late, or said twice. */
	ck_assert_int_eq(retool(g, w, 1, "[]", &err), RC_OK);
	ck_assert_int_eq(retool(g, w, 2, "[]", &err), RC_OK);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 2);
	registry_free(g);
}
END_TEST

START_TEST(other_tools_that_are_refused_leave_those_that_were)
{
	static const struct {
		const char *tools, *says;
		enum rc rc;
	} bad[] = {
	    {"{}", "list of maps", RC_DENIED},
	    {"[{\"what\":\"x\"}]", "list of maps", RC_DENIED},
	    {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "over 16 levels",
		RC_DENIED},
	};
	struct registry *g = registry_new();
	struct worker *w = joined(g, 0, "executor", 1, "[{\"name\":\"a\"}]");
	static const char *const names[] = {"b", "c", "d"};
	auto_str large = wordy("e", 1000000);
	struct err err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(
		    retool(g, w, 2, bad[i].tools, &err), bad[i].rc);
		assert_contains(err.text, bad[i].says);
	}
	for (i = 0; i < ARRAY_LEN(names); i++) {
		auto_str tools = wordy(names[i], 1000000);

		joined(g, (int)i + 1, "executor", 1, tools);
	}
	ck_assert_int_eq(retool(g, w, 2, large, &err), RC_BUSY);
	assert_contains(err.text, "over 3 MiB");
	ck_assert_uint_eq(w->edition, 0);
	ck_assert_int_eq(cJSON_GetArraySize(registry_tools(g)), 4);
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, span_of("a"), 0), w);
	registry_free(g);
}
END_TEST

START_TEST(only_a_worker_that_has_the_tool_is_picked)
{
	struct registry *g = registry_new();
	struct worker *a = joined(g, 0, "executor", 1, "[{\"name\":\"a\"}]");
	struct worker *b = joined(g, 1, "executor", 1, "[{\"name\":\"ab\"}]");

	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, span_of("a"), 0), a);
	ck_assert_ptr_eq(registry_pick(g, NODE_EXECUTOR, span_of("ab"), 0), b);
	ck_assert_ptr_null(registry_pick(g, NODE_EXECUTOR, span_of("b"), 0));
	registry_free(g);
}
END_TEST

START_TEST(the_silent_and_the_leaving_are_neither_picked_nor_counted)
{
	struct registry *g = registry_new();
	struct worker *w;

	clk_fix_ms(1000);
	w = joined(g, 0, "planner", 1, NULL);
	ck_assert_int_eq(registry_count(g, NODE_PLANNER, 1000), 1);
	ck_assert_ptr_eq(registry_pick(g, NODE_PLANNER, no_tool, 1000), w);
	ck_assert_int_eq(registry_count(g, NODE_PLANNER, 1001), 0);
	ck_assert_ptr_null(registry_pick(g, NODE_PLANNER, no_tool, 1001));
	ck_assert_int_eq(registry_count(g, NODE_EXECUTOR, 0), 0);
	w->state = WORKER_LEAVING;
	ck_assert_int_eq(registry_count(g, NODE_PLANNER, 0), 0);
	ck_assert_ptr_null(registry_pick(g, NODE_PLANNER, no_tool, 0));
	registry_free(g);
}
END_TEST

static void
remove_each(void *ctx, struct worker *w)
{
	registry_remove(ctx, w);
}

START_TEST(each_worker_may_be_removed_while_all_are_visited)
{
	struct registry *g = registry_new();
	int i;

	for (i = 0; i < 20; i++)
		joined(g, i, "executor", 1, "[]");
	ck_assert_int_eq(registry_count(g, NODE_EXECUTOR, 0), 20);
	registry_each(g, remove_each, g);
	ck_assert_int_eq(registry_count(g, NODE_EXECUTOR, 0), 0);
	registry_free(g);
}
END_TEST

/* ---- outbox ---- */

struct ear {
	int heard;
	uint64_t last;
	struct bus_peer from;
};

static void
ear_msg(void *ctx, const struct bus_peer *from, const struct proto *m)
{
	struct ear *e = ctx;

	e->heard++;
	e->last = m->type == PROTO_RENEWED ? m->renewed.epoch : 0;
	if (from != NULL)
		e->from = *from;
}

static void
ear_bad(void *ctx UNUSED, const struct bus_peer *from UNUSED,
    const struct err *err UNUSED)
{
	ck_abort();
}

static bool
heard_one(void *arg)
{
	return ((struct ear *)arg)->heard >= 1;
}

static bool
heard_three(void *arg)
{
	return ((struct ear *)arg)->heard >= 3;
}

static void
count_gone(void *ctx, struct bus *bus UNUSED,
    const struct bus_peer *peer_ UNUSED)
{
	++*(int *)ctx;
}

START_TEST(the_outbox_keeps_order_says_nothing_early_and_tells_who_is_gone)
{
	char *dir = scratch_new();
	auto_str at = xasprintf("ipc://%s/s", dir);
	zloop_t *loop = zloop_new();
	struct ear here = {0}, there = {0};
	struct bus_handler h = {ear_msg, ear_bad, NULL, NULL, &here};
	struct bus *server, *client;
	struct proto m = {.type = PROTO_BYE};
	struct bus_peer nobody = peer(3);
	struct outbox o;
	struct err err;
	int gone = 0;
	uint64_t i;

	outbox_init(&o);
	ck_assert_int_eq(listener_open(loop, at, &h, &server, &err), RC_OK);
	h.ctx = &there;
	ck_assert_int_eq(bus_connect(loop, at, NULL, &h, &client, &err), RC_OK);
	ck_assert_int_eq(bus_send(client, NULL, &m), RC_OK);
	ck_assert(loop_until_cond(loop, heard_one, &here, AWAIT_MS));
	m.type = PROTO_RENEWED;
	for (i = 0; i < 2; i++) {
		m.renewed.epoch = 100 + i;
		ck_assert_int_eq(outbox_add(&o, server, &here.from, &m),
		    RC_OK);
	}
	outbox_clear(&o);
	for (i = 1; i <= 3; i++) {
		m.renewed.epoch = i;
		ck_assert_int_eq(outbox_add(&o, server, i == 2 ? &nobody :
		    &here.from, &m), RC_OK);
		ck_assert_int_eq(outbox_add(&o, server, &here.from, &m),
		    RC_OK);
	}
	ck_assert_int_eq(there.heard, 0);
	outbox_flush(&o, count_gone, &gone);
	ck_assert_int_eq(gone, 1);
	ck_assert(loop_until_cond(loop, heard_three, &there, AWAIT_MS));
	outbox_flush(&o, count_gone, &gone);
	ck_assert_int_eq(gone, 1);
	outbox_done(&o);
	bus_free(client);
	bus_free(server);
	zloop_destroy(&loop);
	scratch_free(dir);
}
END_TEST

START_TEST(what_can_never_be_sent_is_refused_and_leaves_no_trace)
{
	struct proto m = {.type = PROTO_REPLY};
	struct bus_peer p = peer(0);
	char *big = calloc(1, PROTO_BYTES_MAX);
	struct outbox o;

	outbox_init(&o);
	m.reply.bytes = span_make(big, PROTO_BYTES_MAX);
	ck_assert_int_eq(outbox_add(&o, NULL, &p, &m), RC_TOOBIG);
	ck_assert_uint_eq(o.bytes.len, 0);
	ck_assert(!o.bytes.full);
	outbox_done(&o);
	free(big);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {every_message_in_every_state_is_judged_as_the_protocol_says, 0},
	    {a_hello_that_makes_no_sense_is_refused, ARRAY_LEN(refused)},
	    {a_refused_second_hello_leaves_the_worker_as_it_was, 0},
	    {there_are_at_most_so_many_workers, 0},
	    {the_catalogue_is_the_union_of_those_who_are_here, 0},
	    {where_executors_disagree_the_strictest_class_counts, 0},
	    {a_tool_whose_class_is_not_known_is_unsafe, ARRAY_LEN(classless)},
	    {the_least_loaded_worker_with_room_is_picked, 0},
	    {who_is_to_be_alone_gets_an_idle_worker_or_has_one_kept_free, 0},
	    {tools_leave_room_for_a_full_state_in_a_planners_task, 0},
	    {other_tools_take_the_place_of_those_that_were, 0},
	    {other_tools_that_are_refused_leave_those_that_were, 0},
	    {only_a_worker_that_has_the_tool_is_picked, 0},
	    {the_silent_and_the_leaving_are_neither_picked_nor_counted, 0},
	    {each_worker_may_be_removed_while_all_are_visited, 0},
	    {the_outbox_keeps_order_says_nothing_early_and_tells_who_is_gone,
		0},
	    {what_can_never_be_sent_is_refused_and_leaves_no_trace, 0},
	};

	zsys_handler_set(NULL);
	return RUN_TESTS("registry", tests);
}
