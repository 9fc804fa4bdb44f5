/*
 * judge.c - the report of a run that ends and the verdict on it.
 *
 * Invariant: a job belongs to its thread until that has ended, but for
 * asking, wanted and read, which are behind its mutex: the thread asks for a
 * piece of evidence, and waits until the loop has put it into read.
 */
#include "supervisor/run/judge.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "common/report/evidence_id.h"
#include "common/wire/wire.h"

enum {
	LOOK_MS = 50, /* whether it was called off */
	NICE = 10,    /* of its thread; Linux's are of threads */
};

struct job {
	struct supervisor *s;
	struct judged out; /* first seen by others when done */
	struct buf state;
	enum report_lang lang;
	char reason[sizeof(((struct run *)NULL)->reason)];
	const char *stop;
	judge_done *done;
	struct offload *self;
	const atomic_bool *cancelled;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	bool asking;
	int64_t wanted;
	struct buf *read;
	enum rc rc;
};

/* ---- evidence ---- */

static void
take(void *into, const struct store_evidence *e)
{
	buf_add_span(into, e->bytes);
}

static enum rc
read_evidence(
    struct supervisor *s, const struct run *r, int64_t number, struct buf *ret)
{
	struct err err;

	return s->ops->evidence_written(
	    s->store, r->row, number, take, ret, &err);
}

static enum rc
fetch_now(void *job, struct span id, struct buf *ret)
{
	const struct job *j = job;
	int64_t number;

	if (!evidence_id_parse(id, &number))
		return RC_NOTFOUND;
	return read_evidence(j->s, j->out.run, number, ret);
}

static void
deadline_in(struct timespec *t, int ms)
{
	clock_gettime(CLOCK_REALTIME, t);
	t->tv_nsec += (long)ms * 1000000;
	t->tv_sec += t->tv_nsec / 1000000000;
	t->tv_nsec %= 1000000000;
}

/* On the thread. */
static enum rc
fetch_asked(void *job, struct span id, struct buf *ret)
{
	struct job *j = job;
	struct timespec look;
	int64_t number;

	if (!evidence_id_parse(id, &number))
		return RC_NOTFOUND;
	pthread_mutex_lock(&j->mutex);
	j->wanted = number;
	j->read = ret;
	j->rc = RC_CLOSED;
	j->asking = true;
	offload_tell(j->self, "evidence");
	while (j->asking && !atomic_load(j->cancelled)) {
		deadline_in(&look, LOOK_MS);
		pthread_cond_timedwait(&j->answered, &j->mutex, &look);
	}
	j->asking = false;
	pthread_mutex_unlock(&j->mutex);
	return j->rc;
}

/* On the loop. */
static void
on_asked(void *job, const char *text UNUSED)
{
	struct job *j = job;

	pthread_mutex_lock(&j->mutex);
	if (j->asking)
		j->rc =
		    read_evidence(j->s, j->out.run, j->wanted, j->read);
	j->asking = false;
	pthread_cond_signal(&j->answered);
	pthread_mutex_unlock(&j->mutex);
}

/* ---- the job ---- */

void
judge_buffers(struct buf *report, struct buf *verdict)
{
	buf_init(report, REPORT_BYTES_MAX * 2);
	buf_init(verdict, STATE_BYTES_MAX);
}

static struct job *
job_new(struct supervisor *s, struct run *r, enum ending e)
{
	struct job *j = xcalloc(1, sizeof(*j));

	*j = (struct job){.s = s,
	    .out = {.run = r, .ending = e},
	    .lang = report_lang(state_str(r->state, "language"))};
	snprintf(j->reason, sizeof(j->reason), "%s", r->reason);
	if (e == ENDING_PLANNER && r->given_up == ENDING_NONE)
		j->stop = j->reason[0] != '\0' ? j->reason : ending_name(e);
	else if (e != ENDING_FINISH && e != ENDING_UNREAD)
		j->stop = ending_name(e);
	judge_buffers(&j->out.report, &j->out.verdict);
	buf_init(&j->state, STATE_BYTES_MAX * 2);
	if (r->given_up == ENDING_NONE)
		state_encode(
		    r->state, &j->state, NULL, 0);
	pthread_mutex_init(&j->mutex, NULL);
	pthread_cond_init(&j->answered, NULL);
	return j;
}

static void
job_free(void *job)
{
	struct job *j = job;

	buf_done(&j->state);
	buf_done(&j->out.report);
	buf_done(&j->out.verdict);
	pthread_mutex_destroy(&j->mutex);
	pthread_cond_destroy(&j->answered);
	free(j);
}

static void
work(void *job, struct offload *o, const atomic_bool *cancelled)
{
	struct job *j = job;

	/* The loop goes first: others wait for that. */
	setpriority(PRIO_PROCESS, 0, NICE);
	j->self = o;
	j->cancelled = cancelled;
	deliver_report(&j->out.report, &j->out.verdict,
	    &(struct deliver_in){.state = buf_span(&j->state),
		.lang = j->lang,
		.stop = j->stop,
		.fetch = fetch_asked,
		.ctx = j});
}

static void
on_done(void *job)
{
	struct job *j = job;

	j->out.run->judging = false;
	j->done(j->s, &j->out);
}

/* What its evidence weighs, by what the state says of it. */
static uint64_t
evidence_bytes(const struct run *r)
{
	uint32_t n;
	struct span list = state_list(r->state, "evidence", &n);
	struct wire_r in = wire_reader(list);
	uint64_t bytes = 0;

	for (; n > 0 && !in.bad; n--)
		bytes += (uint64_t)MAX(
		    wire_find_int(wire_raw(&in), "bytes", 0), 0);
	return bytes;
}

bool
judge_is_long(const struct run *r)
{
	return r->given_up == ENDING_NONE &&
	       state_bytes(r->state) + evidence_bytes(r) >
		   JUDGE_BYTES_INLINE;
}

void
judge_now(struct supervisor *s, struct run *r, enum ending e,
    struct buf *report, struct buf *verdict)
{
	struct job *j = job_new(s, r, e);

	deliver_report(report, verdict,
	    &(struct deliver_in){.state = buf_span(&j->state),
		.lang = j->lang,
		.stop = j->stop,
		.fetch = fetch_now,
		.ctx = j});
	job_free(j);
}

enum rc
judge_begin(struct supervisor *s, struct run *r, enum ending e,
    judge_done *done, struct err *err)
{
	struct job *j = job_new(s, r, e);
	struct offload_spec spec = {.work = work,
	    .progress = on_asked,
	    .done = on_done,
	    .free = job_free,
	    .arg = j};
	struct offload *started;
	enum rc rc;

	j->done = done;
	rc = offload_start(s->threads, &spec, &started, err);
	r->judging = rc == RC_OK;
	if (rc != RC_OK)
		job_free(j);
	return rc;
}
