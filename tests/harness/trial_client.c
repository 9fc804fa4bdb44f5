/*
 * trial_client.c - clients that submit, follow, leave, come back, cancel,
 * and compare what they were told with the model.
 */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/dice.h"
#include "tests/harness/trial_in.h"

enum { BODY_MAX = 64 << 20, AGAIN_MS = 50 };

/* ---- one HTTP request ---- */

struct call {
	struct trial *t;
	const char *path;
	const char *post;       /* the body; NULL: GET */
	const char *headers[4]; /* ends with NULL */
	/* Of a stream: called with each line; false: leave. */
	bool (*on_line)(void *ctx, const char *line);
	void *ctx;
	struct buf body;
	long status;
	int64_t moved_ms;
};

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct call *c = arg;
	size_t i, from = 0;

	if (c->on_line == NULL) {
		buf_add(&c->body, data, size * n);
		return c->body.full ? 0 : size * n;
	}
	for (i = 0; i < size * n; i++) {
		if (data[i] != '\n')
			continue;
		buf_add(&c->body, data + from, i - from);
		from = i + 1;
		if (!c->on_line(c->ctx, buf_str(&c->body)))
			return 0;
		buf_reset(&c->body);
	}
	buf_add(&c->body, data + from, size * n - from);
	return size * n;
}

/* Stuck: nothing has moved for long. A stream's comments do not count. */
static int
on_progress(void *arg, curl_off_t a UNUSED, curl_off_t b UNUSED,
    curl_off_t x UNUSED, curl_off_t y UNUSED)
{
	struct call *c = arg;

	return clk_mono_ms() - c->moved_ms > TRIAL_STUCK_MS ||
	       c->t->wrong != NULL;
}

/* Sends it once; status 0: no answer. The body is freed by call_done. */
static void
call_once(struct call *c)
{
	CURL *h = curl_easy_init();
	struct curl_slist *list = NULL;
	auto_str url = xasprintf("%s%s", c->t->url, c->path);
	int i;

	for (i = 0; c->headers[i] != NULL; i++)
		list = curl_slist_append(list, c->headers[i]);
	if (c->post != NULL)
		list =
		    curl_slist_append(list, "Content-Type: application/json");
	buf_init(&c->body, BODY_MAX);
	c->status = 0;
	c->moved_ms = clk_mono_ms();
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(h, CURLOPT_PROXY, "");
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(h, CURLOPT_XFERINFODATA, c);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
	if (c->post != NULL)
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, c->post);
	if (curl_easy_perform(h) == CURLE_OK || c->on_line != NULL)
		curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &c->status);
	curl_easy_cleanup(h);
	curl_slist_free_all(list);
}

static void
call_done(struct call *c)
{
	buf_done(&c->body);
}

static void
rest(int ms)
{
	struct timespec ts = {0, ms * 1000000L};

	nanosleep(&ts, NULL);
}

/* Until there is an answer that is not 503; false: it diverged. */
static bool
call_answered(struct call *c, const char *run)
{
	int64_t until = clk_mono_ms() + TRIAL_STUCK_MS;

	for (;;) {
		call_once(c);
		if (c->status != 0 && c->status != 503)
			return true;
		if (clk_mono_ms() > until)
			trial_diverge(c->t, run,
			    "no answer to %s for %d s; the last: %ld %.300s",
			    c->path, TRIAL_STUCK_MS / 1000, c->status,
			    buf_str(&c->body));
		if (c->t->wrong != NULL)
			return false;
		call_done(c);
		c->t->again++;
		rest(AGAIN_MS);
	}
}

/* ---- one viewer ---- */

struct viewer {
	struct trial *t;
	struct call *call;
	char run[TRIAL_ID_MAX];
	struct buf lines; /* "SEQ TYPE DATA\n" of every event */
	int last;
	bool finished;
	int leave_at; /* once this many events were seen; 0: never */
	int cancel_at;
	bool cancel_said; /* 202 */
	/* The event that is being read. */
	char id[TRIAL_ID_MAX + 12];
	char type[32];
};

static void viewer_cancel(struct viewer *v);

static void
viewer_event(struct viewer *v, const char *data)
{
	char *dot = strrchr(v->id, '.');
	int seq = dot != NULL ? atoi(dot + 1) : 0;

	v->call->moved_ms = clk_mono_ms();
	if (dot == NULL)
		return; /* fleeting */
	*dot = '\0';
	if (v->run[0] == '\0')
		snprintf(
		    v->run, sizeof(v->run), "%.*s", TRIAL_ID_MAX - 1, v->id);
	if (strcmp(v->run, v->id) != 0)
		trial_diverge(v->t, v->run, "an event of the run %s", v->id);
	if (seq != v->last + 1)
		trial_diverge(v->t, v->run,
		    "a viewer that had event %d was sent event %d (%s)",
		    v->last, seq, v->type);
	if (v->finished)
		trial_diverge(v->t, v->run, "an event after finished");
	v->last = seq;
	v->finished = strcmp(v->type, "finished") == 0;
	buf_addf(&v->lines, "%d %s %s\n", seq, v->type, data);
	v->id[0] = '\0';
	if (seq == v->cancel_at && !v->finished)
		viewer_cancel(v);
}

static bool
viewer_line(void *ctx, const char *line)
{
	struct viewer *v = ctx;

	if (strncmp(line, "id: ", 4) == 0)
		snprintf(v->id, sizeof(v->id), "%s", line + 4);
	else if (strncmp(line, "event: ", 7) == 0)
		snprintf(v->type, sizeof(v->type), "%s", line + 7);
	else if (strncmp(line, "data: ", 6) == 0)
		viewer_event(v, line + 6);
	if (v->leave_at > 0 && v->last >= v->leave_at) {
		v->leave_at = 0;
		return false;
	}
	return v->t->wrong == NULL;
}

/* One connection of a viewer, by POST or by coming back. */
static void
viewer_connect(struct viewer *v, struct call *c)
{
	c->t = v->t;
	c->on_line = viewer_line;
	c->ctx = v;
	v->call = c;
	v->id[0] = '\0';
	call_once(c);
	if (c->status == 200 && clk_mono_ms() - c->moved_ms > TRIAL_STUCK_MS)
		trial_diverge(v->t, v->run,
		    "a viewer that had event %d heard nothing for %d s",
		    v->last, TRIAL_STUCK_MS / 1000);
	call_done(c);
	v->call = NULL;
}

/* Comes back until it has seen the end. */
static void
viewer_follow(struct viewer *v, struct dice *d)
{
	int64_t until = clk_mono_ms() + 2 * TRIAL_STUCK_MS;
	int seen = v->last;

	while (!v->finished && v->t->wrong == NULL) {
		auto_str path =
		    xasprintf("/api/investigations/%s/events", v->run);
		auto_str id =
		    xasprintf("Last-Event-ID: %s.%d", v->run, v->last);
		struct call c = {.path = path};

		if (v->last > 0)
			c.headers[0] = id;
		v->leave_at =
		    dice_percent(d, 25) ? v->last + dice_int(d, 1, 30) : 0;
		viewer_connect(v, &c);
		if (v->last > seen)
			until = clk_mono_ms() + 2 * TRIAL_STUCK_MS;
		else if (clk_mono_ms() > until)
			trial_diverge(v->t, v->run,
			    "no event after %d, the last answer being %ld",
			    v->last, c.status);
		if (v->last == seen) {
			v->t->again++;
			rest(AGAIN_MS);
		}
		seen = v->last;
	}
}

static void
viewer_done(struct viewer *v)
{
	buf_done(&v->lines);
}

static void
viewer_init(struct viewer *v, struct trial *t, const char *run)
{
	*v = (struct viewer){.t = t};
	snprintf(v->run, sizeof(v->run), "%s", run);
	buf_init(&v->lines, BODY_MAX);
}

/* "SEQ TYPE DATA" lines as the model reads them. */
static cJSON *
events_tree(const char *lines)
{
	cJSON *list = cJSON_CreateArray();
	auto_str copy = xstrdup(lines);
	char *rest_of = copy, *line;

	while ((line = strsep(&rest_of, "\n")) != NULL && line[0] != '\0') {
		cJSON *o = cJSON_CreateObject();
		char *seq = strsep(&line, " "), *type = strsep(&line, " ");

		cJSON_AddNumberToObject(o, "seq", atoi(seq));
		cJSON_AddStringToObject(o, "type", type);
		cJSON_AddItemToObject(o, "data", cJSON_Parse(line));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

/* ---- requests about a run ---- */

static void
viewer_cancel(struct viewer *v)
{
	auto_str path = xasprintf("/api/investigations/%s/cancel", v->run);
	struct call c = {.t = v->t, .path = path, .post = "{}"};

	if (!call_answered(&c, v->run))
		return;
	v->cancel_said = c.status == 202;
	if (c.status != 202 && c.status != 409)
		trial_diverge(v->t, v->run, "cancel was answered %ld %.300s",
		    c.status, buf_str(&c.body));
	call_done(&c);
}

/* Reads path about a run; status 200 is expected. The caller's. */
static char *
get(struct trial *t, const char *run, const char *tail)
{
	auto_str path = xasprintf("/api/investigations/%s%s", run, tail);
	struct call c = {.t = t, .path = path};

	if (!call_answered(&c, run))
		return NULL;
	if (c.status != 200)
		trial_diverge(t, run, "%s was answered %ld %.300s", path,
		    c.status, buf_str(&c.body));
	return buf_take(&c.body);
}

struct asked {
	char key[64];
	char input[96];
	char body[160];
};

/* POSTs it, with a header more; the caller calls call_done. */
static bool
post(struct trial *t, const struct asked *a, const char *header, struct call *c)
{
	auto_str key = xasprintf("Idempotency-Key: %s", a->key);

	*c = (struct call){.t = t,
	    .path = "/api/ai_ops",
	    .post = a->body,
	    .headers = {key, header}};
	return call_answered(c, "");
}

/* The id in a JSON answer. */
static void
read_id(struct trial *t, struct call *c, char id[TRIAL_ID_MAX])
{
	cJSON *o = cJSON_Parse(buf_str(&c->body));
	const char *text =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "id"));

	if (text != NULL)
		snprintf(id, TRIAL_ID_MAX, "%s", text);
	else
		trial_diverge(t, "", "a submission was answered %ld %.300s",
		    c->status, buf_str(&c->body));
	cJSON_Delete(o);
}

static void
submit_async(struct trial *t, const struct asked *a, char id[TRIAL_ID_MAX])
{
	struct call c;

	if (!post(t, a, "Prefer: respond-async", &c))
		return;
	read_id(t, &c, id);
	call_done(&c);
}

static void
submit_wait(struct trial *t, const struct asked *a, char id[TRIAL_ID_MAX])
{
	struct call c;

	if (!post(t, a, "Accept: application/json", &c))
		return;
	read_id(t, &c, id);
	call_done(&c);
}

/* Streams from the start; comes back with the same key until it has an id. */
static void
submit_stream(struct viewer *v, const struct asked *a, struct dice *d)
{
	int64_t until = clk_mono_ms() + 2 * TRIAL_STUCK_MS;
	auto_str key = xasprintf("Idempotency-Key: %s", a->key);

	while (v->run[0] == '\0' && v->t->wrong == NULL) {
		struct call c = {
		    .path = "/api/ai_ops", .post = a->body, .headers = {key}};

		v->leave_at = dice_percent(d, 25) ? dice_int(d, 1, 30) : 0;
		viewer_connect(v, &c);
		if (clk_mono_ms() > until)
			trial_diverge(v->t, "", "no event of %s came", a->key);
		if (v->run[0] == '\0') {
			v->t->again++;
			rest(AGAIN_MS);
		}
	}
}

/* ---- afterwards ---- */

static void
hold_against_model(struct viewer *v, const char *input)
{
	cJSON *events = events_tree(buf_str(&v->lines));
	bool cancelled = false;
	char *wrong = model_check(&v->t->model, events, input, &cancelled);

	if (wrong != NULL)
		trial_diverge(v->t, v->run, "%s\nwhat the viewer saw:\n%s",
		    wrong, buf_str(&v->lines));
	else if (v->cancel_said && !cancelled)
		trial_diverge(v->t, v->run,
		    "cancelling was accepted, but it went on to its end");
	v->t->cancelled += cancelled && v->cancel_said;
	free(wrong);
	cJSON_Delete(events);
}

/* The store's events, and its state, against what was seen. */
static void
compare_store(struct viewer *v, const char *input)
{
	struct dice d = dice_of(1, 1, 1);
	struct viewer again;
	char *shown, *wrong;
	cJSON *state;

	viewer_init(&again, v->t, v->run);
	viewer_follow(&again, &d);
	if (strcmp(buf_str(&again.lines), buf_str(&v->lines)) != 0)
		trial_diverge(v->t, v->run,
		    "a second viewer saw something else.\nfirst:\n%s\n"
		    "second:\n%s",
		    buf_str(&v->lines), buf_str(&again.lines));
	viewer_done(&again);
	shown = get(v->t, v->run, "");
	state = cJSON_Parse(shown);
	wrong = state != NULL ? model_check_state(&v->t->model, state, input)
			      : xstrdup("the state is no JSON");
	if (wrong != NULL)
		trial_diverge(
		    v->t, v->run, "in the state: %s\n%s", wrong, shown);
	free(wrong);
	free(shown);
	cJSON_Delete(state);
}

static void
compare_evidence(struct viewer *v, struct dice *d)
{
	int number = dice_int(d, 1, 12);
	const char *want = model_evidence(&v->t->model, number);
	auto_str tail = xasprintf("/evidence/E%d", number);
	char *bytes, *needle = xasprintf("\"id\":\"E%d\"", number);

	/* A cancelled run may have ended before it. */
	if (want != NULL && strstr(buf_str(&v->lines), needle) != NULL) {
		bytes = get(v->t, v->run, tail);
		if (bytes != NULL && strcmp(bytes, want) != 0)
			trial_diverge(v->t, v->run, "E%d is \"%s\", not \"%s\"",
			    number, bytes, want);
		free(bytes);
	}
	free(needle);
}

static void
compare_caught_up(struct viewer *v)
{
	auto_str path = xasprintf(
	    "/api/investigations/%s/events?last_event_id=%d", v->run, v->last);
	struct call c = {.t = v->t, .path = path};

	if (!call_answered(&c, v->run))
		return;
	if (c.status != 204)
		trial_diverge(v->t, v->run,
		    "a viewer that has all was answered %ld", c.status);
	call_done(&c);
}

static void
compare_key(struct viewer *v, const struct asked *a, struct dice *d)
{
	struct asked other = *a;
	struct call c;
	char id[TRIAL_ID_MAX] = "";

	if (dice_percent(d, 80)) {
		submit_async(v->t, a, id);
		if (v->t->wrong == NULL && strcmp(id, v->run) != 0)
			trial_diverge(v->t, v->run,
			    "the same key started another run, %s", id);
		return;
	}
	snprintf(other.body, sizeof(other.body), "{\"input\":\"other\"}");
	if (!post(v->t, &other, "Prefer: respond-async", &c))
		return;
	if (c.status != 409)
		trial_diverge(v->t, v->run,
		    "another request under its key was answered %ld", c.status);
	call_done(&c);
}

/* ---- what a client does ---- */

static void
show_others(struct client *c, const char *run)
{
	pthread_mutex_lock(&c->trial->lock);
	snprintf(c->trial->at[c->no], TRIAL_ID_MAX, "%s", run);
	pthread_mutex_unlock(&c->trial->lock);
}

/* Watches what another client has begun. */
static void
watch_another(struct client *c, struct dice *d)
{
	char run[TRIAL_ID_MAX];
	struct viewer v;

	pthread_mutex_lock(&c->trial->lock);
	snprintf(run, sizeof(run), "%s",
	    c->trial->at[dice_int(d, 0, c->trial->spec->clients - 1)]);
	pthread_mutex_unlock(&c->trial->lock);
	if (run[0] == '\0')
		return;
	viewer_init(&v, c->trial, run);
	viewer_follow(&v, d);
	if (v.t->wrong == NULL)
		hold_against_model(&v, NULL);
	viewer_done(&v);
	c->trial->viewers++;
}

static void
begin(struct client *c, struct viewer *v, const struct asked *a, struct dice *d)
{
	int how = dice_int(d, 0, 99);
	char id[TRIAL_ID_MAX] = "";

	v->cancel_at = dice_percent(d, 12) ? dice_int(d, 2, 60) : 0;
	if (how < 60) {
		submit_stream(v, a, d);
	} else {
		(how < 85 ? submit_async : submit_wait)(v->t, a, id);
		snprintf(v->run, sizeof(v->run), "%s", id);
	}
	show_others(c, v->run);
}

static void
one_run(struct client *c, int no)
{
	struct trial *t = c->trial;
	struct dice d = dice_of(t->spec->seed, 1000, (uint64_t)no);
	struct viewer v;
	struct asked a;

	snprintf(a.key, sizeof(a.key), "key-%d", no);
	snprintf(a.input, sizeof(a.input), "question %d of %016llx", no,
	    (unsigned long long)dice_next(&d));
	snprintf(a.body, sizeof(a.body), "{\"input\":\"%s\"}", a.input);
	viewer_init(&v, t, "");
	begin(c, &v, &a, &d);
	viewer_follow(&v, &d);
	if (t->wrong == NULL)
		hold_against_model(&v, a.input);
	if (t->wrong == NULL)
		compare_store(&v, a.input);
	if (t->wrong == NULL && dice_percent(&d, 30))
		compare_evidence(&v, &d);
	if (t->wrong == NULL && dice_percent(&d, 30))
		compare_caught_up(&v);
	if (t->wrong == NULL && dice_percent(&d, 30))
		compare_key(&v, &a, &d);
	if (t->wrong == NULL)
		trial_accepted(t, v.run, a.key);
	viewer_done(&v);
	t->runs++;
}

void *
client_main(void *client)
{
	struct client *c = client;

	while (!c->trial->ends) {
		int no = c->trial->next++;
		struct dice d =
		    dice_of(c->trial->spec->seed, 2000, (uint64_t)no);

		if (dice_percent(&d, 10))
			watch_another(c, &d);
		one_run(c, no);
	}
	return NULL;
}
