/*
 * tool_find_causes.c - find_causes as a tool: a thread does the waiting and
 * the arithmetic, the loop only hears that it is done.
 *
 * Invariant: a job is freed by whichever of thread and loop lets go of it
 * last; only the loop touches the call.
 */
#include "common/json.h"
#include "executor/causes_names.h"
#include "executor/tool.h"
#include "executor/tool_causes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ANSWER_MAX = TOOL_EVIDENCE_MAX };

struct job {
	atomic_int holders;
	atomic_bool cancelled;
	int wake; /* readable when the thread is done */
	cJSON *args;
	struct prom_conf prom;
	struct causes_limits limits;
	struct buf answer;
	enum rc rc;
	struct err err;
	struct tool_call *call;
	zmq_pollitem_t item;
};

static void
job_drop(struct job *j)
{
	if (atomic_fetch_sub(&j->holders, 1) > 1)
		return;
	close(j->wake);
	cJSON_Delete(j->args);
	buf_done(&j->answer);
	free(j);
}

static void *
work(void *arg)
{
	struct job *j = arg;
	struct causes_source src = causes_source_prom(&j->prom);
	uint64_t one = 1;

	j->rc = causes_run(j->args, &src, &j->limits, &j->cancelled, NULL, NULL,
	    &j->answer, &j->err);
	/* Cannot fail: eight bytes into a fresh counter. */
	if (write(j->wake, &one, sizeof(one)) != sizeof(one))
		abort();
	job_drop(j);
	return NULL;
}

/* ---- the answer ---- */

static void
put_summary(struct buf *b, const cJSON *data)
{
	const cJSON *causes = cJSON_GetObjectItem(data, "causes"), *c;
	int shown = 0;

	buf_adds(b, json_str(data, "verdict"));
	cJSON_ArrayForEach (c, causes) {
		const cJSON *score = cJSON_GetObjectItem(c, "score");

		if (shown++ == 5)
			break;
		buf_addf(b, "\n%d. %s (%.2f): %s", shown,
		    json_str(c, "service"), cJSON_GetNumberValue(score),
		    json_str(c, "reason"));
	}
}

static void
succeed(struct tool_call *call, struct job *j)
{
	struct tool_result *r = &call->result;
	struct err err;

	if (json_parse(buf_span(&j->answer), NULL, &r->data, &err) != RC_OK) {
		tool_fail(call, "", err.text);
		return;
	}
	put_summary(&r->summary, r->data);
	cJSON_DeleteItemFromObject(r->data, "plot");
	buf_add_span(&r->evidence, buf_span(&j->answer));
	r->media = "application/json";
	r->success = true;
}

static int
on_wake(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	struct job *j = arg;
	struct tool_call *call = j->call;

	zloop_poller_end(loop, item);
	if (j->rc == RC_OK)
		succeed(call, j);
	else
		tool_fail(call,
		    j->rc == RC_INVALID
			? "Correct the arguments and ask again."
			: "Check that Prometheus can be reached, or ask for "
			  "a smaller scope.",
		    j->err.text);
	call->state = NULL;
	job_drop(j);
	tool_done(call);
	return 0;
}

/* ---- start and end ---- */

/* What the investigation is bounded by, as far as it names no service: the
 * cause may be another one. */
static void
add_scope(cJSON *args, const cJSON *labels)
{
	cJSON *scope = cJSON_CreateObject();
	const cJSON *l;

	cJSON_ArrayForEach (l, labels) {
		if (cJSON_IsString(l) && !causes_is_identity(l->string) &&
		    (strcmp(l->string, "namespace") == 0 ||
			strcmp(l->string, "cluster") == 0))
			json_add_span(
			    scope, l->string, span_of(l->valuestring));
	}
	cJSON_AddItemToObject(args, "scope", scope);
}

static cJSON *
args_of(const struct tool_call *call)
{
	cJSON *args = call->args != NULL ? cJSON_Duplicate(call->args, true)
					 : cJSON_CreateObject();

	if (!cJSON_HasObjectItem(args, "at"))
		cJSON_AddNumberToObject(args, "at", (double)call->at_ms / 1000);
	if (!cJSON_HasObjectItem(args, "scope") && call->labels != NULL)
		add_scope(args, call->labels);
	return args;
}

static enum rc
start_thread(struct job *j, struct err *err)
{
	pthread_attr_t attr;
	pthread_t thread;
	int e;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	e = pthread_create(&thread, &attr, work, j);
	pthread_attr_destroy(&attr);
	return e == 0 ? RC_OK
		      : err_set(err, RC_IO, "cannot start a thread: %s",
			    strerror(e));
}

static enum rc
start(struct tool_call *call, struct err *err)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_store(&j->holders, 1);
	j->args = args_of(call);
	j->prom = call->env->prom;
	j->limits.parallel = call->env->prom_parallel;
	j->answer = (struct buf){.max = ANSWER_MAX};
	j->call = call;
	j->item = (zmq_pollitem_t){.fd = j->wake, .events = ZMQ_POLLIN};
	buf_adds(&call->result.query, "find_causes");
	if (j->wake < 0 ||
	    zloop_poller(call->env->loop, &j->item, on_wake, j) != 0) {
		job_drop(j);
		return err_set(err, RC_IO, "no descriptor is left");
	}
	atomic_store(&j->holders, 2);
	if (start_thread(j, err) != RC_OK) {
		zloop_poller_end(call->env->loop, &j->item);
		atomic_store(&j->holders, 1);
		job_drop(j);
		return RC_IO;
	}
	call->state = j;
	return RC_OK;
}

static void
cancel(struct tool_call *call)
{
	struct job *j = call->state;

	if (j == NULL)
		return;
	call->state = NULL;
	zloop_poller_end(call->env->loop, &j->item);
	atomic_store(&j->cancelled, true);
	job_drop(j);
}

const struct tool tool_find_causes = {
    .name = "find_causes",
    .what = "From an alert, find which service and which metric changed "
	    "first and most, follow the dependencies, and rank the causes "
	    "with their evidence. Says so when there is no clear cause.",
    .args =
	"{\"type\":\"object\",\"additionalProperties\":false,"
	"\"properties\":{"
	"\"alert\":{\"type\":\"object\",\"description\":\"name, labels and "
	"startsAt (Unix seconds or RFC 3339) of the alert\"},"
	"\"at\":{\"type\":[\"number\",\"string\"],\"description\":\"the "
	"moment of the question\"},"
	"\"onset\":{\"type\":[\"number\",\"string\"],\"description\":\"when "
	"it began, if that is known\"},"
	"\"window\":{\"type\":[\"number\",\"string\"],\"description\":\"how "
	"much before the alert counts as usual, e.g. 1h\"},"
	"\"scope\":{\"type\":\"object\",\"description\":\"labels that bound "
	"the series looked at\"},"
	"\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50}}}",
    .class = TOOL_READ,
    .timeout_ms = 30000,
    .start = start,
    .cancel = cancel,
};
