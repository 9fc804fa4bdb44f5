/*
 * replay.c - `culprit replay`: one agent alone on what a stored run gave it,
 * or, with --fork, the run gone on with from there.
 *
 * Invariant: a replay writes nowhere; only --fork asks for anything to happen.
 */
#include "common/json/json.h"
#include "common/agent/sibling.h"
#include "common/json/tree.h"
#include "common/report/tool_role.h"
#include "common/wire/wire.h"
#include "gateway/cli/call.h"
#include "gateway/cli/cmd.h"
#include "gateway/cli/diff.h"
#include "gateway/cli/once.h"
#include "gateway/cli/term.h"
#include "gateway/cli/turns.h"
#include "gateway/cli/watch.h"

#include <stdlib.h>

enum {
	ONCE_MS = 150000, /* a little more than an agent gives itself */
	ONCE_BYTES_MAX = 64 << 20,
	INPUT_BYTES_MAX = 32 << 20,
	SHOWN_BYTES_MAX = 64 << 20,
};

struct replay {
	const struct cmd_args *a;
	const char *agent;
	unsigned who;
	int64_t from;
	bool json;
	struct call_at at;
	char *path; /* of its checkpoints */
	struct sibling program;
	int turn;    /* the run's: of the planner, or a plan carried out */
	int answers; /* those told of */
	int differ, skipped;
};

/* One checkpoint as it came. */
struct point {
	int64_t n, seq;
	struct call_reply reply;
};

/* ---- what the gateway has ---- */

static enum rc
get(const struct replay *r, const char *rest, const char *accept,
    struct call_reply *ret, struct err *err)
{
	auto_str path = xasprintf("%s%s", r->path, rest);
	struct call_request rq = {.at = &r->at, .path = path, .accept = accept};

	return call_make(&rq, ret, err);
}

static void
point_done(struct point *p)
{
	call_reply_done(&p->reply);
}

static enum rc
point_get(const struct replay *r, int64_t n, struct point *ret, struct err *err)
{
	auto_str rest = xasprintf("/%lld", (long long)n);
	enum rc rc;

	point_done(ret);
	*ret = (struct point){.n = n};
	rc = get(r, rest, "application/msgpack", &ret->reply, err);
	if (rc == RC_OK)
		rc = wire_check(buf_span(&ret->reply.body), err);
	return rc;
}

static struct span
value_of(const struct point *p)
{
	return buf_span(&p->reply.body);
}

/* ---- one turn ---- */

/* Runs the agent on input; *ret is what it printed, the caller's. */
static enum rc
run_once(struct replay *r, struct span input, cJSON **ret, struct err *err)
{
	static const struct json_limits limits = {
	    .bytes_max = ONCE_BYTES_MAX,
	    .depth_max = WIRE_DEPTH_MAX + 4,
	    .values_max = 2000000,
	};
	auto_buf out = {.max = ONCE_BYTES_MAX};
	int status = 0;
	enum rc rc = once_run(&r->program, input, ONCE_MS, &out, &status, err);

	if (rc == RC_OK && out.len == 0)
		rc = err_set(err, RC_UPSTREAM,
		    "culprit-%s --once answered nothing and ended with status "
		    "%d",
		    r->agent, status);
	if (rc != RC_OK)
		return rc;
	rc = json_parse(buf_span(&out), &limits, ret, err);
	return rc == RC_OK ? rc
			   : err_prefix(err, rc, "culprit-%s --once", r->agent);
}

static void
print(struct buf *text, enum term_style style)
{
	auto_buf safe = {.max = SHOWN_BYTES_MAX};

	term_put(&safe, buf_span(text), style);
	fwrite(buf_str(&safe), 1, safe.len, stdout);
	fflush(stdout);
}

/* What came of one answer. */
struct verdict {
	int64_t seq;
	const char *what;
	const char *skipped; /* why it was not asked for; NULL: it was */
	const cJSON *then, *now;
	struct buf diff; /* empty: the same */
};

static void
print_json(const struct replay *r, const struct verdict *v)
{
	AUTO(json) o = cJSON_CreateObject();
	auto_buf b = {.max = SHOWN_BYTES_MAX};

	cJSON_AddNumberToObject(o, "turn", r->turn);
	cJSON_AddNumberToObject(o, "event", (double)v->seq);
	cJSON_AddStringToObject(o, "agent", r->agent);
	cJSON_AddStringToObject(o, "what", v->what);
	if (v->skipped != NULL)
		cJSON_AddStringToObject(o, "skipped", v->skipped);
	else
		cJSON_AddBoolToObject(o, "same", v->diff.len == 0);
	if (v->diff.len > 0) {
		cJSON_AddItemToObject(
		    o, "then", cJSON_Duplicate(v->then, true));
		cJSON_AddItemToObject(o, "now", cJSON_Duplicate(v->now, true));
	}
	json_print(&b, o);
	print(&b, TERM_JSON);
	putchar('\n');
}

static void
print_text(const struct replay *r, const struct verdict *v)
{
	auto_buf b = {.max = SHOWN_BYTES_MAX};

	buf_addf(&b, "%-8s turn %d, event %lld: %s",
	    v->skipped != NULL ? "skipped"
	    : v->diff.len == 0 ? "same"
			       : "differs",
	    r->turn, (long long)v->seq, v->what);
	if (v->skipped != NULL)
		buf_addf(&b, " (%s)", v->skipped);
	buf_addc(&b, '\n');
	buf_add_buf(&b, &v->diff);
	print(&b, TERM_TEXT);
}

static void
tell(struct replay *r, const struct verdict *v)
{
	r->answers++;
	r->skipped += v->skipped != NULL;
	r->differ += v->diff.len > 0;
	(r->json ? print_json : print_text)(r, v);
}

/* Compares, and tells; takes both trees. */
static enum rc
compare(struct replay *r, int64_t seq, const char *what, cJSON *then,
    cJSON *now, struct err *err)
{
	struct verdict v = {.seq = seq,
	    .what = what,
	    .then = then,
	    .now = now,
	    .diff = {.max = SHOWN_BYTES_MAX / 2}};
	enum rc rc = diff_trees(then, now, "    ", &v.diff, err);

	if (rc == RC_OK)
		tell(r, &v);
	buf_done(&v.diff);
	cJSON_Delete(then);
	cJSON_Delete(now);
	return rc;
}

/* "EXECUTE echo, echo" */
static void
planner_what(struct buf *b, const cJSON *then)
{
	const char *sep = " ";
	const cJSON *step;

	buf_adds(b,
	    tree_has(then, "failed") ? "failed" : tree_str(then, "decision"));
	cJSON_ArrayForEach (step, tree_at(then, "steps")) {
		buf_addf(b, "%s%s", sep, tree_str(step, "tool"));
		sep = ", ";
	}
}

static enum rc
planner_turn(struct replay *r, const struct point *before,
    const struct point *after, struct err *err)
{
	auto_buf input = {.max = INPUT_BYTES_MAX};
	auto_buf update = {.max = INPUT_BYTES_MAX};
	auto_buf what = {.max = 4096};
	AUTO(json) now = NULL;
	cJSON *then;
	enum rc rc;

	turns_planner_input(&input, value_of(before), value_of(after));
	rc = run_once(r, buf_span(&input), &now, err);
	if (rc == RC_OK)
		wire_put_tree(&update, now);
	if (rc == RC_OK)
		rc = buf_check(&update, "the planner's answer", err);
	if (rc != RC_OK)
		return rc;
	then = turns_planner_then(value_of(after));
	planner_what(&what, then);
	return compare(r, after->seq, buf_str(&what), then,
	    turns_planner_now(value_of(before), buf_span(&update)), err);
}

/* Why a step is not replayed; NULL: it is. */
static const char *
step_skip(struct span tool, struct span class)
{
	if (span_is(tool, TOOL_READ_EVIDENCE))
		return "the supervisor answers this one, from what it keeps";
	if (class.n == 0)
		return "no executor that is there now has this tool";
	if (!span_is(class, "READ"))
		return "this tool does not only read";
	return NULL;
}

static enum rc
executor_step(struct replay *r, const struct point *before,
    const struct point *after, unsigned i, struct err *err)
{
	auto_buf input = {.max = INPUT_BYTES_MAX};
	struct span tool, class;
	AUTO(json) now = NULL;
	auto_str what = NULL;
	enum rc rc =
	    turns_step_input(&input, value_of(before), i, &tool, &class, err);

	if (rc != RC_OK)
		return rc;
	what = xasprintf("step %u, %.*s", i, SPAN_ARG(tool));
	if (step_skip(tool, class) != NULL) {
		tell(r, &(struct verdict){.seq = after->seq,
			    .what = what,
			    .skipped = step_skip(tool, class)});
		return RC_OK;
	}
	rc = run_once(r, buf_span(&input), &now, err);
	if (rc != RC_OK)
		return rc;
	return compare(r, after->seq, what,
	    turns_step_then(value_of(before), value_of(after), i),
	    turns_step_now(now), err);
}

static enum rc
executor_turn(struct replay *r, const struct point *before,
    const struct point *after, struct err *err)
{
	unsigned n = turns_steps(value_of(before), value_of(after));
	enum rc rc = RC_OK;

	for (unsigned i = 0; rc == RC_OK && i < n; i++)
		rc = executor_step(r, before, after, i, err);
	return rc;
}

/* ---- all of them ---- */

/* Whether a checkpoint is what a turn of the agent led to. A planner that
 * failed left none but the run's end. */
static bool
is_turn(const struct replay *r, const cJSON *c, const char *status)
{
	if (tree_num(c, "n", 0) < 1)
		return false;
	if (tree_is(c, "node", r->agent))
		return true;
	return r->who == CONF_PLANNER && tree_is(c, "node", "end") &&
	       strcmp(status, "failed") == 0;
}

static enum rc
turn(struct replay *r, const cJSON *c, struct point *before,
    struct point *after, struct err *err)
{
	int64_t n = (int64_t)tree_num(c, "n", 0);
	enum rc rc = RC_OK;

	/* The last turn's `after` is often this one's `before`. */
	if (after->n == n - 1 && after->reply.body.len > 0) {
		struct point spare = *before;

		*before = *after;
		*after = spare;
	} else {
		rc = point_get(r, n - 1, before, err);
	}
	if (rc == RC_OK)
		rc = point_get(r, n, after, err);
	if (rc != RC_OK)
		return rc;
	after->seq = (int64_t)tree_num(c, "seq", 0);
	return (r->who == CONF_PLANNER ? planner_turn : executor_turn)(
	    r, before, after, err);
}

static enum rc
check_from(const struct replay *r, const cJSON *list, struct err *err)
{
	double last = tree_num(list, "last_seq", 0);
	const cJSON *first =
	    cJSON_GetArrayItem(tree_at(list, "checkpoints"), 0);

	if (r->from > last)
		return err_set(err, RC_INVALID,
		    "investigation %s has no event %lld; its last is %.0f",
		    r->a->conf.args[0], (long long)r->from, last);
	if (r->from > 1 && tree_num(first, "seq", 0) == 0)
		return err_set(err, RC_INVALID,
		    "investigation %s was kept by an earlier build, without "
		    "the events' numbers; replay all of it",
		    r->a->conf.args[0]);
	return RC_OK;
}

static enum rc
all_turns(struct replay *r, const cJSON *list, struct err *err)
{
	struct point before = {0}, after = {0};
	const cJSON *c;
	enum rc rc = check_from(r, list, err);

	cJSON_ArrayForEach (c, tree_at(list, "checkpoints")) {
		if (rc != RC_OK)
			break;
		if (!is_turn(r, c, tree_str(list, "status")))
			continue;
		r->turn++;
		if (r->from <= 1 || tree_num(c, "seq", 0) >= (double)r->from)
			rc = turn(r, c, &before, &after, err);
	}
	point_done(&before);
	point_done(&after);
	return rc;
}

static enum rc
replay(struct replay *r, struct err *err)
{
	auto_call_reply reply = {0};
	AUTO(json) list = NULL;
	enum rc rc = get(r, "", NULL, &reply, err);

	if (rc == RC_OK)
		rc = json_parse(buf_span(&reply.body), NULL, &list, err);
	if (rc == RC_OK)
		rc = all_turns(r, list, err);
	if (rc == RC_OK && r->answers == 0)
		rc = err_set(err, RC_NOTFOUND,
		    "investigation %s has no turn of the %s from event %lld on",
		    r->a->conf.args[0], r->agent, (long long)r->from);
	if (rc == RC_OK && !r->json)
		printf("%d answer%s of the %s: %d same, %d differ, %d "
		       "skipped\n",
		    r->answers, r->answers == 1 ? "" : "s", r->agent,
		    r->answers - r->differ - r->skipped, r->differ, r->skipped);
	return rc;
}

static int
replay_run(struct replay *r)
{
	auto_str id = call_escape(r->a->conf.args[0]);
	struct err err;
	enum rc rc = call_open(&r->a->conf, &r->at, &err);

	r->path = xasprintf("/api/investigations/%s/checkpoints", id);
	sibling_init(&r->program, r->agent, r->who, &r->a->conf);
	if (rc == RC_OK)
		rc = replay(r, &err);
	sibling_done(&r->program);
	free(r->path);
	call_done(&r->at);
	if (rc != RC_OK)
		return cmd_fail(r->a, rc, &err);
	return r->differ > 0 ? CMD_FAILED : CMD_DONE;
}

/* ---- --fork ---- */

static int
fork_run(const struct cmd_args *a, int64_t from)
{
	AUTO(json) o = cJSON_CreateObject();
	auto_str id = call_escape(a->conf.args[0]);
	auto_str path = xasprintf("/api/investigations/%s/fork", id);
	auto_buf body = {.max = INPUT_BYTES_MAX};
	struct stream_spec spec = {.path = path, .interrupt_cancels = true};

	cJSON_AddNumberToObject(o, "from", (double)from);
	if (a->value[OPT_INPUT] != NULL)
		cJSON_AddStringToObject(o, "input", a->value[OPT_INPUT]);
	json_print(&body, o);
	spec.body = buf_str(&body);
	return watch_run(a, spec);
}

/* ---- arguments ---- */

static enum rc
read_from(const struct cmd_args *a, int64_t *ret, struct err *err)
{
	const char *text = a->value[OPT_FROM];
	char *end = NULL;

	*ret = 1;
	if (text == NULL)
		return RC_OK;
	*ret = strtoll(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *ret >= 1 &&
	    *ret <= INT32_MAX)
		return RC_OK;
	return err_set(err, RC_INVALID,
	    "--from must be the number of an event, from 1 on, not \"%s\"",
	    text);
}

static enum rc
read_agent(const struct cmd_args *a, struct replay *r, struct err *err)
{
	const char *text = a->value[OPT_AGENT];

	if (text != NULL && a->value[OPT_FORK] != NULL)
		return err_set(err, RC_INVALID,
		    "--fork goes on with all agents; it takes no --agent");
	if (a->value[OPT_INPUT] != NULL && a->value[OPT_FORK] == NULL)
		return err_set(err, RC_INVALID,
		    "--input is for --fork; a replay gives what was given");
	r->agent = text != NULL ? text : "planner";
	if (strcmp(r->agent, "planner") == 0)
		r->who = CONF_PLANNER;
	else if (strcmp(r->agent, "executor") == 0)
		r->who = CONF_EXECUTOR;
	else
		return err_set(err, RC_INVALID,
		    "--agent is planner or executor, not \"%s\"", text);
	return RC_OK;
}

int
cmd_replay(const struct cmd_args *a)
{
	struct replay r = {.a = a, .json = a->value[OPT_JSON] != NULL};
	struct err err;

	if (read_from(a, &r.from, &err) != RC_OK ||
	    read_agent(a, &r, &err) != RC_OK) {
		fprintf(stderr, "culprit replay: %s\n", err.text);
		return CMD_USAGE;
	}
	if (a->value[OPT_FORK] != NULL)
		return fork_run(a, r.from);
	return replay_run(&r);
}
