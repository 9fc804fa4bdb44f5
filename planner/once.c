/*
 * once.c - the planner alone: one state from a file, its update as JSON.
 *
 * For whoever debugs a planner: no supervisor, no socket, the same code, on
 * a loop of its own.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/wire/wire.h"
#include "planner/planner.h"

enum { STATE_IN_MAX = 16 << 20 };

static enum rc
read_all(FILE *in, struct buf *b, struct err *err)
{
	char piece[8192];
	size_t n;

	while ((n = fread(piece, 1, sizeof(piece), in)) > 0 && !b->full)
		buf_add(b, piece, n);
	if (ferror(in) != 0)
		return err_set(err, RC_IO, "standard input cannot be read");
	return buf_check(b, "the state", err);
}

/* Whether text begins as JSON in a file does; no msgpack map does. */
static bool
is_json(struct span text)
{
	size_t i = 0;

	while (i < text.n && isspace((unsigned char)text.p[i]))
		i++;
	return i < text.n && (text.p[i] == '{' || text.p[i] == '[');
}

static enum rc
json_to_wire(struct span text, struct buf *ret, struct err *err)
{
	static const struct json_limits limits = {.bytes_max = STATE_IN_MAX,
	    .depth_max = WIRE_DEPTH_MAX - 1,
	    .values_max = 2000000};
	AUTO(tree) tree = NULL;
	enum rc rc = json_parse(text, &limits, &tree, err);

	if (rc != RC_OK)
		return err_prefix(err, rc, "the state");
	wire_put_tree(ret, tree);
	return buf_check(ret, "the state", err);
}

/* The state as msgpack, whichever form it came in. */
static enum rc
read_state(FILE *in, struct buf *ret, struct err *err)
{
	struct wire_r r;
	auto_buf text = {.max = STATE_IN_MAX};
	enum rc rc;

	rc = read_all(in, &text, err);
	if (rc != RC_OK)
		return rc;
	if (is_json(buf_span(&text))) {
		rc = json_to_wire(buf_span(&text), ret, err);
	} else {
		rc = wire_check(buf_span(&text), err);
		if (rc != RC_OK)
			return err_prefix(err, rc,
			    "the state is neither a JSON object nor msgpack");
		buf_add_span(ret, buf_span(&text));
	}
	if (rc != RC_OK)
		return rc;
	r = wire_reader(buf_span(ret));
	return wire_peek(&r) == WIRE_MAP
		   ? RC_OK
		   : err_set(err, RC_INVALID, "the state must be an object");
}

struct once {
	struct turn turn; /* first: a turn is its once */
	zloop_t *loop;
	FILE *out;
	bool answered;
	int status;
};

static int
end_loop(zloop_t *loop UNUSED, int timer UNUSED, void *arg UNUSED)
{
	return -1;
}

static void
on_answer(struct turn *t, struct span update)
{
	struct once *o = (struct once *)t;
	auto_buf json = {.max = 8 * (size_t)BACKEND_UPDATE_MAX};

	wire_to_json(&json, update);
	fprintf(o->out, "%s\n", buf_str(&json));
	o->answered = true;
	o->status = wire_find(update, "error").n > 0 ? 1 : 0;
	zloop_timer(o->loop, 0, 1, end_loop, NULL);
}

/* Until it has answered, then or later, or the time is up. */
static enum rc
plan(struct once *o, const struct backend_ops *ops, struct backend *backend,
    int64_t ms, struct err *err)
{
	o->turn.deadline_ms = clk_mono_ms() + ms;
	zloop_timer(o->loop, (size_t)ms, 1, end_loop, NULL);
	ops->plan(backend, &o->turn);
	if (!o->answered)
		zloop_start(o->loop);
	if (o->answered)
		return RC_OK;
	if (ops->cancel != NULL)
		ops->cancel(backend, &o->turn);
	return err_set(err, RC_TIMEOUT,
	    "the planner %s did not answer within %g s", ops->name,
	    (double)ms / 1000);
}

static enum rc
once(const struct conf *conf, const struct backend_ops *ops, int64_t ms,
    FILE *in, struct once *o, struct err *err)
{
	struct backend *backend;
	auto_buf state = {.max = STATE_IN_MAX};
	enum rc rc = read_state(in, &state, err);

	if (rc != RC_OK)
		return rc;
	/* czmq would take the signals; alone, Ctrl-C just ends us. */
	zsys_handler_set(NULL);
	o->loop = zloop_new();
	zloop_set_nonstop(o->loop, true);
	o->turn.state = buf_span(&state);
	rc = ops->start(conf, o->loop, &backend, err);
	if (rc == RC_OK) {
		rc = plan(o, ops, backend, ms, err);
		ops->stop(backend);
	}
	zloop_destroy(&o->loop);
	return rc;
}

static int
failed(const struct err *err)
{
	fprintf(stderr, "culprit-planner: %s\n", err->text);
	return 1;
}

int
planner_once_by(const struct backend_ops *ops, const struct conf *conf,
    int64_t ms, FILE *in, FILE *out)
{
	struct once o = {.turn = {.answer = on_answer}, .out = out};
	struct err err;

	return once(conf, ops, ms, in, &o, &err) == RC_OK ? o.status
							  : failed(&err);
}

int
planner_once(const struct conf *conf, FILE *in, FILE *out)
{
	const struct backend_ops *ops;
	struct err err;

	if (backend_find(conf, &ops, &err) != RC_OK)
		return failed(&err);
	return planner_once_by(ops, conf, PLANNER_ONCE_MS, in, out);
}
