/*
 * chaos_trace.c - what the proxy did to the last messages, and how often.
 */
#include "tests/harness/chaos_trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire/proto.h"
#include "common/wire/wire.h"

static const char *const fates[CHAOS_FATES] = {
    "pass", "drop", "twice", "delay", "swap", "cut"};

void
trace_init(struct trace *t)
{
	*t = (struct trace){0};
	t->ring = xcalloc(TRACE_NOTES, sizeof(*t->ring));
}

void
trace_done(struct trace *t)
{
	free(t->ring);
}

static void
note_lease(struct note *n, struct span run, uint64_t task, uint64_t attempt)
{
	snprintf(n->run, sizeof(n->run), "%.*s", SPAN_ARG(run));
	snprintf(n->text, sizeof(n->text), "task %" PRIu64 " attempt %" PRIu64,
	    task, attempt);
}

static void
note_request(struct note *n, uint64_t req, struct span run, const char *what,
    struct span v)
{
	n->req = req;
	snprintf(n->run, sizeof(n->run), "%.*s", SPAN_ARG(run));
	snprintf(n->text, sizeof(n->text), "req %" PRIu64 " %s %.*s", req, what,
	    (int)MIN(v.n, 40), v.p != NULL ? v.p : "");
}

/* Which numbers are in the list. */
static void
note_events(struct note *n, const struct proto_events *m)
{
	struct wire_r r = wire_reader(m->list);
	uint32_t left = m->list.n > 0 ? wire_array(&r) : 0;
	uint64_t first = 0, last = 0;

	n->req = m->req;
	snprintf(n->run, sizeof(n->run), "%.*s", SPAN_ARG(m->run));
	for (; left > 0 && !r.bad; left--) {
		wire_array(&r);
		last = wire_u64(&r);
		first = first == 0 ? last : first;
		wire_raw(&r);
		wire_raw(&r);
	}
	snprintf(n->text, sizeof(n->text),
	    "req %" PRIu64 " %" PRIu64 "..%" PRIu64 "%s", m->req, first, last,
	    m->last ? " last" : "");
}

static void
note_epoch(struct note *n, uint64_t epoch)
{
	snprintf(n->text, sizeof(n->text), "epoch %" PRIu64, epoch);
}

static void
note_fill(struct note *n, const struct proto *m)
{
	static const struct span none = {NULL, 0};

	/* As an int: a message without a case only shows less of itself. */
	switch ((int)m->type) {
	case PROTO_HELLO:
		snprintf(
		    n->text, sizeof(n->text), "%.*s", SPAN_ARG(m->hello.name));
		break;
	case PROTO_WELCOME:
		note_epoch(n, m->welcome.epoch);
		break;
	case PROTO_RENEWED:
		note_epoch(n, m->renewed.epoch);
		break;
	case PROTO_STATUS:
		note_epoch(n, m->status.epoch);
		break;
	case PROTO_TASK:
		note_lease(n, m->task.run, m->task.task, m->task.attempt);
		break;
	case PROTO_RESULT:
		note_lease(n, m->result.run, m->result.task, m->result.attempt);
		break;
	case PROTO_ACK:
		note_lease(n, m->ack.run, m->ack.task, m->ack.attempt);
		break;
	case PROTO_REVOKE:
		note_lease(n, m->revoke.run, m->revoke.task, m->revoke.attempt);
		break;
	case PROTO_SUBMIT:
		note_request(n, m->submit.req, none, "key", m->submit.key);
		break;
	case PROTO_FOLLOW:
		note_request(n, m->follow.req, m->follow.run, "after", none);
		snprintf(n->text + strlen(n->text),
		    sizeof(n->text) - strlen(n->text), "%" PRIu64,
		    m->follow.after);
		break;
	case PROTO_UNFOLLOW:
		note_request(n, m->unfollow.req, none, "", none);
		break;
	case PROTO_QUERY:
		note_request(n, m->query.req, m->query.run, "", m->query.what);
		break;
	case PROTO_CANCEL:
		note_request(n, m->cancel.req, m->cancel.run, "", none);
		break;
	case PROTO_REPLY:
		note_request(n, m->reply.req, m->reply.run, "", m->reply.rc);
		break;
	case PROTO_EVENTS:
		note_events(n, &m->events);
		break;
	case PROTO_WHO:
		note_epoch(n, m->who.epoch);
		break;
	}
}

void
trace_add(struct trace *t, struct note *note, struct span bytes)
{
	struct proto m;
	struct err err;

	if (proto_decode(bytes, &m, &err) == RC_OK) {
		note->type = (int)m.type;
		note_fill(note, &m);
	}
	t->ring[t->n++ % TRACE_NOTES] = *note;
	t->counts.messages++;
	if (note->type < CHAOS_TYPES)
		t->counts.by[note->type][note->fate]++;
}

/* ---- printing ---- */

static bool
concerns_all(const struct note *n)
{
	static const int types[] = {
	    PROTO_HELLO, PROTO_WELCOME, PROTO_WHO, PROTO_BYE, PROTO_REFUSE};
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++)
		if (types[i] == n->type)
			return true;
	return false;
}

static void
note_print(const struct note *n, FILE *out)
{
	fprintf(out, "%" PRId64 ".%03d  peer %2u %s %-8s %-5s", n->ms / 1000,
	    (int)(n->ms % 1000), n->peer, n->down ? "<-" : "->",
	    proto_name((enum proto_type)n->type), fates[n->fate]);
	if (n->held_ms > 0)
		fprintf(out, " %4d ms", n->held_ms);
	else
		fprintf(out, "        ");
	fprintf(out, "  %s %s\n", n->run, n->text);
}

/* A request's answer, and what goes with a request, name no run. */
static bool
request_is_of(const struct trace *t, const char *run, const struct note *n)
{
	uint64_t i, from = t->n > TRACE_NOTES ? t->n - TRACE_NOTES : 0;

	if (n->req == 0 || n->run[0] != '\0')
		return false;
	for (i = from; i < t->n; i++) {
		const struct note *o = &t->ring[i % TRACE_NOTES];

		if (o->req == n->req && o->peer == n->peer &&
		    strcmp(o->run, run) == 0)
			return true;
	}
	return false;
}

void
trace_print(const struct trace *t, const char *run, FILE *out)
{
	uint64_t i, from = t->n > TRACE_NOTES ? t->n - TRACE_NOTES : 0;

	for (i = from; i < t->n; i++) {
		const struct note *n = &t->ring[i % TRACE_NOTES];

		if (strcmp(n->run, run) == 0 || concerns_all(n) ||
		    request_is_of(t, run, n))
			note_print(n, out);
	}
}

void
chaos_print_counts(const struct chaos_counts *n, FILE *out)
{
	const enum proto_type *type;
	int f;

	fprintf(out, "%-10s", "");
	for (f = 0; f < CHAOS_FATES; f++)
		fprintf(out, "%10s", fates[f]);
	fprintf(out, "\n");
	for (type = proto_types(); *type != 0; type++) {
		uint64_t sum = 0;

		for (f = 0; f < CHAOS_FATES; f++)
			sum += n->by[*type][f];
		if (sum == 0)
			continue;
		fprintf(out, "%-10s", proto_name(*type));
		for (f = 0; f < CHAOS_FATES; f++)
			fprintf(out, "%10" PRIu64, n->by[*type][f]);
		fprintf(out, "\n");
	}
	fprintf(out, "partitions begun: %" PRIu64 "\n", n->cuts);
}
