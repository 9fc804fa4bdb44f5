/* specimen.c - a sound store, made to be damaged. */
#include "tests/harness/specimen.h"

#include "common/json/json.h"
#include "common/base/sha256.h"
#include "common/wire/wire.h"
#include "supervisor/store/store.h"
#include "tests/harness/spawn.h"

#include <check.h>
#include <stdlib.h>

static const struct store_ops *const ops = &store_sqlite;

#define MUST(call)                                                             \
	do {                                                                   \
		enum rc rc_ = (call);                                          \
		ck_assert_msg(rc_ == RC_OK, "%s: %s", #call, err.text);        \
	} while (0)

struct line {
	const char *label, *json;
};

/* A run that ended: event 2 and event 9 are there to be doctored. Its second
 * step took two attempts. */
const struct line ended_events[] = {
    {"started", "{\"run\":\"ended\"}"},
    {"progress", "{\"text\":\"x\"}"},
    {"plan", SPECIMEN_PLAN},
    {"tool_started", SPECIMEN_STARTED(0, 1)},
    {"tool_started", SPECIMEN_STARTED(1, 1)},
    {"evidence", SPECIMEN_META},
    {"feedback", SPECIMEN_FEEDBACK(0)},
    {"tool_started", SPECIMEN_STARTED(1, 2)},
    {"progress", "{\"text\":\"x\"}"},
    {"feedback", SPECIMEN_FEEDBACK(1)},
    {"plan", "{\"decision\":\"FINISH\",\"iteration\":1}"},
    {"finished", "{\"status\":\"completed\"}"},
};

static const struct line ended_updates[] = {
    {"START", "{\"id\":\"ended\",\"iteration\":0,\"status\":\"running\"}"},
    {"planner", "{\"iteration\":1}"},
    {"executor", "{\"executor_feedback\":[{\"status\":\"SUCCESS\",\"evidence\":"
		 "[\"E1\"]},{\"status\":\"SUCCESS\",\"evidence\":[]}],"
		 "\"evidence\":[" SPECIMEN_META "]}"},
    {"END", "{\"status\":\"completed\"}"},
};

static const struct line open_events[] = {
    {"started", "{\"run\":\"open\"}"},
    {"plan", SPECIMEN_PLAN},
    {"tool_started", SPECIMEN_STARTED(0, 1)},
};

static const struct line open_updates[] = {
    {"START", "{\"id\":\"open\",\"iteration\":1,\"status\":\"running\"}"},
};

void
specimen_pack(const char *json, struct buf *b)
{
	AUTO(json) tree = NULL;
	struct err err;

	buf_init(b, 1 << 20);
	MUST(json_parse(span_of(json), NULL, &tree, &err));
	wire_put_tree(b, tree);
}

struct made {
	const char *id, *status;
	const struct line *events, *updates;
	size_t n_events, n_updates;
	int64_t turns, finished_ms;
};

static int64_t
make_run(struct store *s, const struct made *m)
{
	struct store_run row = {
	    .id = span_of(m->id),
	    .key = span_of(m->id),
	    .status = span_of(m->status),
	    .node = span_of("executor"),
	    .finished_ms = m->finished_ms,
	    .iteration = 1,
	    .turns = m->turns,
	};
	int64_t at = 0;
	struct err err;

	MUST(ops->run_insert(s, &row, &at, &err));
	for (size_t i = 0; i < m->n_events; i++) {
		auto_buf b = {0};

		specimen_pack(m->events[i].json, &b);
		MUST(ops->event_insert(s, at, (int64_t)i + 1,
		    span_of(m->events[i].label), buf_span(&b), &err));
	}
	for (size_t i = 0; i < m->n_updates; i++) {
		auto_buf b = {0};

		specimen_pack(m->updates[i].json, &b);
		MUST(ops->update_insert(s, at, (int64_t)i,
		    span_of(m->updates[i].label), buf_span(&b), &err));
	}
	return at;
}

static void
make_rest(struct store *s, int64_t ended, int64_t open)
{
	struct store_task t = {.task = 1,
	    .node = span_of("executor"),
	    .attempt = 1,
	    .state = span_of("LEASED")};
	char sha[SHA256_TEXT];
	struct store_evidence e = {.number = 1, .bytes = span_of("one")};
	struct err err;

	e.sha256 = span_of(sha256_text(e.bytes, sha));
	MUST(ops->evidence_put(s, ended, &e, &err));
	MUST(ops->task_put(s, open, &t, &err));
}

static void
make_store(const struct specimen *f)
{
	static const struct made ended = {"ended", "completed", ended_events,
	    ended_updates, ARRAY_LEN(ended_events), ARRAY_LEN(ended_updates), 2,
	    1};
	static const struct made open = {"open", "running", open_events,
	    open_updates, ARRAY_LEN(open_events), ARRAY_LEN(open_updates), 1,
	    0};
	struct store *s = NULL;
	uint64_t epoch;
	int64_t a, b;
	struct err err;

	MUST(ops->open(f->path, &s, &epoch, &err));
	a = make_run(s, &ended);
	b = make_run(s, &open);
	make_rest(s, a, b);
	ops->commit(s);
	MUST(ops->wait(s, &err));
	ops->close(s);
}

void
specimen_init(struct specimen *f)
{
	*f = (struct specimen){.dir = scratch_new(), .seen = seen_new()};
	f->path = xasprintf("%s/culprit.db", f->dir);
	f->accepted = (struct invariant_run){"ended", "ended"};
	buf_init(&f->text, 1 << 20);
	buf_init(&f->out, 1 << 20);
	make_store(f);
	for (size_t i = 0; i < ARRAY_LEN(ended_events); i++)
		buf_addf(&f->text, "id: ended.%zu\nevent: %s\ndata: %s\n\n",
		    i + 1, ended_events[i].label, ended_events[i].json);
}

void
specimen_done(struct specimen *f)
{
	seen_free(f->seen);
	buf_done(&f->text);
	buf_done(&f->out);
	free(f->path);
	scratch_free(f->dir);
}

int
specimen_check(struct specimen *f, const struct invariant *more)
{
	const struct seen *const seen[] = {f->seen};
	struct invariant in = *more;

	in.data_dir = f->dir;
	in.accepted = &f->accepted;
	in.n_accepted = 1;
	in.seen = seen;
	in.n_seen = 1;
	buf_reset(&f->out);
	return invariant_check(&in, &f->out);
}
