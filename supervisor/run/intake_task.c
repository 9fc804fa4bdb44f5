/*
 * intake_task.c - what a run begins with that alerts begin: the task in words,
 * and the alerts as they came.
 */
#include "supervisor/run/intake_in.h"

#include "common/base/utf8.h"
#include "supervisor/run/state.h"

enum { NAMES_MAX = 8 };

struct name {
	struct span text;
	int n;
};

static void
count_name(struct name names[NAMES_MAX], int *n, int *others, struct span text)
{
	int i;

	for (i = 0; i < *n; i++) {
		if (!span_equal(names[i].text, text))
			continue;
		names[i].n++;
		return;
	}
	if (*n < NAMES_MAX)
		names[(*n)++] = (struct name){text, 1};
	else
		++*others;
}

/* The task, in words: which alerts, how many of each, and what they share. */
static void
put_task(const struct post *p, struct buf *b)
{
	struct name names[NAMES_MAX];
	struct wire_r r = wire_reader(buf_span(&p->labels));
	int n = 0, others = 0, k;
	uint32_t pairs;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->at[i].fresh)
			count_name(names, &n, &others,
			    utf8_cut(wire_find_str(
					 p->at[i].a.labels, "alertname"),
				INTAKE_NAME_BYTES));
	for (k = 0; k < n; k++) {
		buf_addf(b, "%s%.*s", k > 0 ? ", " : "",
		    SPAN_ARG(names[k].text));
		if (names[k].n > 1)
			buf_addf(b, " (%d)", names[k].n);
	}
	if (others > 0)
		buf_addf(b, ", +%d", others);
	for (pairs = wire_map(&r); pairs > 0 && !r.bad; pairs--) {
		struct span name = wire_str(&r), value = wire_str(&r);

		buf_addf(b, "; %.*s=%.*s", SPAN_ARG(name), SPAN_ARG(value));
	}
}

/* The fresh ones, as they came. */
static void
put_alerts(const struct post *p, struct buf *b)
{
	size_t left = MIN(p->n_fresh, (size_t)INTAKE_STATE_ALERTS_MAX), i;

	wire_put_array(b, (uint32_t)left);
	for (i = 0; i < p->n && left > 0; i++) {
		if (!p->at[i].fresh)
			continue;
		wire_put_raw(b, p->at[i].raw);
		left--;
	}
}

static void
put_cut(const struct post *p, struct submission *sub)
{
	uint64_t cut = p->group.truncated;
	auto_str text = NULL;

	if (p->n_fresh > INTAKE_STATE_ALERTS_MAX)
		cut += p->n_fresh - INTAKE_STATE_ALERTS_MAX;
	if (cut == 0)
		return;
	text = xasprintf("%llu more alerts came with it than are named here "
			 "as those it began with",
	    (unsigned long long)cut);
	wire_put_str(&sub->pairs, "notes");
	wire_put_array(&sub->pairs, 1);
	wire_put_str(&sub->pairs, text);
	sub->n_pairs++;
}

enum rc
intake_submission(const struct post *p, const struct proto_request *rq,
    struct submission *sub, struct err *err)
{
	auto_buf task = {.max = 16 << 10}, alerts = {.max = STATE_BYTES_MAX};
	auto_buf input = {.max = STATE_BYTES_MAX};
	struct proto_request own = *rq;
	enum rc rc;

	put_task(p, &task);
	put_alerts(p, &alerts);
	own.input = buf_span(&task);
	own.alerts = buf_span(&alerts);
	proto_put_request(&input, &own);
	buf_mark(&input, &alerts);
	rc = buf_check(&input, "what alerts begin", err);
	if (rc == RC_OK)
		rc = submission_ask(sub, buf_span(&input),
		    agent_conf(p->s->agent), err);
	put_cut(p, sub);
	sub->waits = true;
	return rc;
}
