/* stand_in.c - a worker process of the test's own. */
#include "tests/harness/stand_in.h"

#include "common/agent/agent.h"
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "common/agent/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 512, ARGS_MAX = 16 };

static char self[PATH_MAX_BYTES];

struct side {
	struct agent *agent;
	struct worker *w;
};

const struct span stand_in_update = {"\x81\xa1"
				     "a\x01",
    4};

const struct span stand_in_other_tools = {"\x91\x81\xa4name\xa5other", 13};

static const char size_tool[] =
    "\x91\x82\xa4name\xa4size\xa5"
    "class\xa4READ";

static const struct span hi = {"\x81\xa4text\xa2hi", 9};

static char *
many(int64_t n, int c)
{
	char *p = xcalloc(1, (size_t)n + 1);

	memset(p, c, (size_t)n);
	return p;
}

static void
side_size(struct side *s, struct worker_task *t, struct span args)
{
	int64_t n = wire_find_int(args, "bytes", 0);
	int64_t e = wire_find_int(args, "evidence", 0);
	bool unknown = wire_find(args, "unknown").n > 0;
	auto_str text = many(n, (int)wire_find_int(args, "char", 'x'));
	auto_str evidence = many(e, 'e');
	auto_buf fb = {.max = (size_t)n + 1024};
	auto_buf update = {.max = (size_t)n + 2048};

	if (wire_find(args, "say").n > 0) {
		worker_progress(s->w, t, "token", hi);
		worker_progress(s->w, t, "progress", hi);
	}
	proto_put_feedback(&fb,
	    &(struct proto_feedback){
		.status = span_of(unknown ? "FAILED" : "SUCCESS"),
		.tool = span_of("size"),
		.args = args,
		.query = span_of("how large"),
		.summary = span_make(text, (size_t)n),
		.suggestion = span_of("ask for less"),
		.ms = 1,
		.data = hi,
		.unknown = unknown});
	proto_put_outcome(
	    &update, &(struct proto_outcome){.feedback = buf_span(&fb)});
	worker_done(s->w, t, buf_span(&update),
	    span_make(evidence, (size_t)e), "text/plain");
}

/* "hold": keeps the task; "now": done at once; "show": progress first. */
static void
side_task(void *ctx, struct worker_task *t)
{
	struct side *s = ctx;
	struct span how = wire_find_str(t->input, "how");

	if (wire_find(wire_find(t->input, "labels"), "hold").n > 0) {
		fprintf(stderr, "holds %s\n", t->run);
		return;
	}
	if (span_is(wire_find_str(t->input, "tool"), "size")) {
		side_size(s, t, wire_find(t->input, "args"));
		return;
	}
	if (span_is(how, "hold"))
		return;
	if (span_is(how, "show"))
		worker_progress(s->w, t, "progress", hi);
	worker_done(s->w, t, stand_in_update, span_of("bytes"), "text/plain");
}

static void
side_revoke(void *ctx UNUSED, struct worker_task *t)
{
	fprintf(stderr, "revoked %s %llu %llu\n", t->run,
	    (unsigned long long)t->task, (unsigned long long)t->attempt);
}

static enum rc
side_start(struct agent *a, void **ret_state, struct err *err)
{
	struct side *s = xcalloc(1, sizeof(*s));
	enum rc rc;

	s->agent = a;
	rc = worker_new(a,
	    &(struct worker_spec){.role = "executor",
		.tools = agent_conf(a)->tools != NULL
			     ? span_of(size_tool)
			     : span_of("\x90"),
		.on_task = side_task,
		.on_revoke = side_revoke,
		.ctx = s},
	    &s->w, err);
	if (rc == RC_OK)
		*ret_state = s;
	else
		free(s);
	return rc;
}

static void
side_reload(void *state, const struct conf *conf UNUSED)
{
	worker_tools(((struct side *)state)->w, stand_in_other_tools);
}

static void
side_drain(void *state)
{
	worker_drain(((struct side *)state)->w);
}

static void
side_stop(void *state)
{
	worker_free(((struct side *)state)->w);
	free(state);
}

static bool
side_is_well(const void *state)
{
	return worker_is_well(((const struct side *)state)->w);
}

static enum rc
side_check(const struct conf *c, struct err *err)
{
	if (c->prometheus_ca_file == NULL)
		return RC_OK;
	return err_set(err, RC_IO, "no file %s", c->prometheus_ca_file);
}

static int
be_worker(int argc, char **argv)
{
	static const struct agent_spec spec = {.name = "executor",
	    .what = "stands in for one",
	    .who = CONF_EXECUTOR,
	    .start = side_start,
	    .drain = side_drain,
	    .reload = side_reload,
	    .is_well = side_is_well,
	    .stop = side_stop,
	    .check = side_check};

	return agent_main(argc, argv, &spec);
}

int
stand_in_main(int argc, char **argv, int (*tests)(void))
{
	if (argc > 1 && strcmp(argv[1], "--be-worker") == 0) {
		argv[1] = argv[0];
		return be_worker(argc - 1, argv + 1);
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return EXIT_FAILURE;
	return tests();
}

struct proc *
stand_in_start(const char *data_dir, const char *const *more)
{
	const char *argv[ARGS_MAX] = {
	    self, "--be-worker", "--data-dir", data_dir};
	int n = 4;

	for (; more != NULL && *more != NULL && n < ARGS_MAX - 1; more++)
		argv[n++] = *more;
	return proc_start(&(struct proc_spec){
	    .argv = argv, .dir = data_dir, .name = "worker"});
}
