/*
 * once.c - the planner alone: one state from a file, its update as JSON.
 *
 * For whoever debugs a planner: no supervisor, no socket, the same code.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/clk.h"
#include "common/json.h"
#include "common/tree.h"
#include "common/wire.h"
#include "planner/backend.h"
#include "planner/planner.h"

enum { STATE_IN_MAX = 16 << 20, ONCE_DEADLINE_MS = 120000 };

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
	FILE *out;
	int status;
};

static void
once_answer(struct turn *t, struct span update)
{
	struct once *o = (struct once *)t;
	auto_buf json = {.max = 8 * (size_t)BACKEND_UPDATE_MAX};

	wire_to_json(&json, update);
	fprintf(o->out, "%s\n", buf_str(&json));
	o->status = wire_find(update, "error").n > 0 ? 1 : 0;
}

static enum rc
once(const struct conf *conf, FILE *in, struct once *o, struct err *err)
{
	const struct backend_ops *ops;
	struct backend *backend;
	auto_buf state = {.max = STATE_IN_MAX};
	enum rc rc;

	rc = backend_find(conf->planner, &ops, err);
	if (rc == RC_OK)
		rc = read_state(in, &state, err);
	if (rc == RC_OK)
		rc = ops->start(conf, NULL, &backend, err);
	if (rc != RC_OK)
		return rc;
	o->turn.state = buf_span(&state);
	o->turn.deadline_ms = clk_mono_ms() + ONCE_DEADLINE_MS;
	ops->plan(backend, &o->turn);
	ops->stop(backend);
	return RC_OK;
}

int
planner_once(const struct conf *conf, FILE *in, FILE *out)
{
	struct once o = {
	    .turn = {.answer = once_answer}, .out = out, .status = 1};
	struct err err;

	if (once(conf, in, &o, &err) != RC_OK) {
		fprintf(stderr, "culprit-planner: %s\n", err.text);
		return 1;
	}
	return o.status;
}
