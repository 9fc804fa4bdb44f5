/*
 * crowd.c - clients that want their investigations done whatever happens.
 *
 *   START -> (CANCEL ->) FOLLOW -> READ -> AGAIN -> gone
 *
 * Invariant: a client has one transfer at a time or waits to try again. What
 * its kind does not want is passed over.
 */
#include "tests/harness/crowd.h"

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "tests/harness/dice.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BODY_BYTES_MAX = 16 << 20,
	TROUBLE_BYTES_MAX = 64 << 10,
	RETRY_MS_MIN = 10,
	RETRY_MS_MAX = 60,
	CUT_BYTES_MAX = 40000,
	CUTS_MAX = 10, /* then it stays: an event may be larger than that */
	ANSWER_MS_MAX = 30000, /* of what is no stream */
};

enum goal { START, CANCEL, FOLLOW, READ, AGAIN, GONE };

/* What each kind does, besides START. */
static const struct kind {
	const char *name;
	int share; /* of a hundred */
	bool async, fickle, wants[GONE];
} kinds[] = {
    {"watcher", 25, false, false, {[FOLLOW] = true}},
    {"fickle", 20, false, true, {[FOLLOW] = true}},
    {"async", 20, true, false, {[FOLLOW] = true, [READ] = true}},
    {"leaver", 10, true, false, {0}},
    {"canceller", 15, false, false, {[CANCEL] = true, [FOLLOW] = true}},
    {"twice", 10, true, true, {[FOLLOW] = true, [AGAIN] = true}},
};

struct client {
	struct client *next; /* all there ever were */
	struct crowd *c;
	const struct kind *kind;
	enum goal goal;
	char *key;
	char *id; /* the run, once accepted */
	struct seen *seen, *again;
	CURL *easy; /* kept: making one is most of a retry's cost */
	CURL *h;    /* under way, or NULL */
	struct curl_slist *headers;
	struct buf body;
	int64_t cut_after; /* bytes of the stream; 0: it is not cut */
	int cuts;
	int64_t retry_at_ms;
};

struct crowd {
	char *url, *name;
	const struct kind *only;
	struct dice dice;
	CURLM *multi;
	struct client *all;
	int active, wanted, n;
	bool closed;
	struct crowd_count count;
	struct buf trouble;
	/* For crowd_tell. */
	struct invariant_run *accepted;
	const struct seen **seen;
	size_t n_accepted, n_seen;
};

static void
trouble(struct client *k, const char *what, long status)
{
	buf_addf(&k->c->trouble,
	    "%s %s (run %s): %s, status %ld, at event \"%s\"; body: %.200s\n",
	    k->kind->name, k->key, k->id != NULL ? k->id : "unknown", what,
	    status, seen_last_id(k->seen), buf_str(&k->body));
}

/* ---- what comes in ---- */

/* The stream that the goal reads; NULL: it reads none. */
static struct seen *
stream_of(struct client *k)
{
	if (k->goal == AGAIN)
		return k->again;
	return k->goal == FOLLOW || (k->goal == START && !k->kind->async)
		   ? k->seen
		   : NULL;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct client *k = ctx;
	struct seen *s = stream_of(k);
	long status = 0;

	n *= size;
	curl_easy_getinfo(k->h, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200 || s == NULL) {
		buf_add(&k->body, p, n);
		return n;
	}
	seen_bytes(s, p, n);
	if (k->goal == START && k->kind->wants[CANCEL] && seen_count(s) > 0)
		return 0;
	if (k->cut_after > 0 && (k->cut_after -= (int64_t)n) <= 0)
		return 0;
	return n;
}

/* A run's id, wherever it was told; all tellings must agree. */
static void
accept_run(struct client *k, const char *id)
{
	if (id == NULL || *id == '\0')
		return;
	if (k->id == NULL) {
		k->id = xstrdup(id);
		k->c->count.accepted++;
	} else if (strcmp(k->id, id) != 0) {
		trouble(k, "two runs under one key", 0);
	}
}

static void
accept_location(struct client *k)
{
	struct curl_header *h = NULL;
	const char *slash;

	if (curl_easy_header(k->h, "Location", 0, CURLH_HEADER, -1, &h) !=
	    CURLHE_OK)
		return;
	slash = strrchr(h->value, '/');
	accept_run(k, slash != NULL ? slash + 1 : NULL);
}

/* ---- what is asked ---- */

static void
header(struct client *k, const char *name, const char *value)
{
	auto_str line = xasprintf("%s: %s", name, value);

	k->headers = curl_slist_append(k->headers, line);
}

static void
ask_start(struct client *k)
{
	auto_str body = xasprintf("{\"input\":\"%s\"}", k->key);

	header(k, "Content-Type", "application/json");
	header(k, "Idempotency-Key", k->key);
	header(k, "Accept", "text/event-stream");
	if (k->kind->async)
		header(k, "Prefer", "respond-async");
	curl_easy_setopt(k->h, CURLOPT_COPYPOSTFIELDS, body);
}

static void
ask_events(struct client *k, struct seen *s)
{
	if (seen_count(s) == 0)
		return;
	header(k, "Last-Event-ID", seen_last_id(s));
	k->c->count.resumes++;
}

static void
ask_follow(struct client *k)
{
	ask_events(k, k->seen);
}

static void
ask_again(struct client *k)
{
	if (k->again == NULL)
		k->again = seen_new();
	ask_events(k, k->again);
}

static void
ask_cancel(struct client *k)
{
	header(k, "Content-Type", "application/json");
	curl_easy_setopt(k->h, CURLOPT_COPYPOSTFIELDS, "{}");
}

static void
ask_read(struct client *k)
{
	header(k, "Accept", "application/json");
}

/* ---- what is made of an answer: true when the goal is reached ---- */

static bool
heard_start(struct client *k, long status)
{
	if (status == 202) {
		cJSON *tree = cJSON_Parse(buf_str(&k->body));

		accept_run(
		    k, cJSON_GetStringValue(
			   cJSON_GetObjectItemCaseSensitive(tree, "id")));
		cJSON_Delete(tree);
	} else if (status == 200) {
		accept_location(k);
		accept_run(k, seen_run(k->seen));
	} else {
		trouble(k, "not accepted", status);
		return true;
	}
	return k->id != NULL;
}

static bool
heard_events(struct client *k, struct seen *s, long status)
{
	accept_run(k, seen_run(s));
	if (status == 200 || (status == 204 && seen_is_finished(s)))
		return seen_is_finished(s);
	trouble(k, status == 204 ? "told that it has seen all" : "not followed",
	    status);
	return true;
}

static bool
heard_follow(struct client *k, long status)
{
	return heard_events(k, k->seen, status);
}

static bool
heard_again(struct client *k, long status)
{
	return heard_events(k, k->again, status);
}

/* 409: it has ended already. */
static bool
heard_cancel(struct client *k, long status)
{
	if (status != 202 && status != 409)
		trouble(k, "not cancelled", status);
	k->c->count.cancelled += status == 202;
	return true;
}

static bool
heard_read(struct client *k, long status)
{
	if (status != 200)
		trouble(k, "no report of a finished run", status);
	return true;
}

static const struct {
	const char *name;
	const char *of_run; /* behind the run's path; START has its own */
	void (*ask)(struct client *k);
	bool (*heard)(struct client *k, long status);
} goals[] = {
    [START] = {"start", "", ask_start, heard_start},
    [CANCEL] = {"cancel", "cancel", ask_cancel, heard_cancel},
    [FOLLOW] = {"follow", "events", ask_follow, heard_follow},
    [READ] = {"read", "report", ask_read, heard_read},
    [AGAIN] = {"again", "events", ask_again, heard_again},
};

/* ---- transfers ---- */

static void
transfer_begin(struct client *k)
{
	auto_str url = k->goal == START
			   ? xasprintf("%s/api/ai_ops", k->c->url)
			   : xasprintf("%s/api/investigations/%s/%s", k->c->url,
				 k->id, goals[k->goal].of_run);
	struct dice *d = &k->c->dice;

	if (k->easy == NULL)
		k->easy = curl_easy_init();
	k->h = k->easy;
	curl_easy_reset(k->h);
	k->headers = curl_slist_append(NULL, "Expect:");
	buf_reset(&k->body);
	curl_easy_setopt(k->h, CURLOPT_URL, url);
	curl_easy_setopt(k->h, CURLOPT_PROXY, "");
	curl_easy_setopt(k->h, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(k->h, CURLOPT_PRIVATE, k);
	curl_easy_setopt(k->h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(k->h, CURLOPT_WRITEDATA, k);
	goals[k->goal].ask(k);
	if (stream_of(k) == NULL)
		curl_easy_setopt(k->h, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS_MAX);
	k->cut_after = k->kind->fickle && k->cuts++ < CUTS_MAX
			   ? dice_int(d, 1, CUT_BYTES_MAX)
			   : 0;
	curl_easy_setopt(k->h, CURLOPT_HTTPHEADER, k->headers);
	curl_multi_add_handle(k->c->multi, k->h);
}

static void
transfer_end(struct client *k)
{
	if (k->h == NULL)
		return;
	curl_multi_remove_handle(k->c->multi, k->h);
	curl_slist_free_all(k->headers);
	k->h = NULL;
	k->headers = NULL;
}

/* Whoever has seen it all in its first stream need not follow. */
static bool
is_wanted(const struct client *k)
{
	return k->kind->wants[k->goal] &&
	       !(k->goal == FOLLOW && seen_is_finished(k->seen));
}

static void
goal_next(struct client *k)
{
	do
		k->goal++;
	while (k->goal < GONE && !is_wanted(k));
	if (k->goal != GONE)
		return;
	k->c->active--;
	k->c->count.finished++;
	/* Whoever has gone is only remembered. */
	curl_easy_cleanup(k->easy);
	k->easy = NULL;
}

static void
transfer_heard(struct client *k)
{
	struct seen *s = stream_of(k);
	struct dice *d = &k->c->dice;
	long status = 0;
	bool reached;

	curl_easy_getinfo(k->h, CURLINFO_RESPONSE_CODE, &status);
	reached = status != 0 && status != 503 &&
		  /* A head without its body is no answer yet. */
		  (s != NULL || k->body.len > 0 || status == 204) &&
		  goals[k->goal].heard(k, status);
	if (s != NULL)
		seen_cut(s);
	transfer_end(k);
	k->retry_at_ms = clk_mono_ms();
	if (reached) {
		goal_next(k);
	} else {
		k->c->count.retries++;
		k->retry_at_ms += dice_int(d, RETRY_MS_MIN, RETRY_MS_MAX);
	}
}

/* ---- the crowd ---- */

static const struct kind *
kind_any(struct dice *d)
{
	int64_t at = dice_int(d, 0, 99);
	size_t i = 0;

	while ((at -= kinds[i].share) >= 0)
		i++;
	return &kinds[i];
}

static void
client_new(struct crowd *c)
{
	struct client *k = xcalloc(1, sizeof(*k));

	k->c = c;
	k->kind = c->only != NULL ? c->only : kind_any(&c->dice);
	k->key = xasprintf("%s-%d", c->name, c->n++);
	k->seen = seen_new();
	buf_init(&k->body, BODY_BYTES_MAX);
	k->next = c->all;
	c->all = k;
	c->active++;
}

struct crowd *
crowd_new(const struct crowd_spec *spec)
{
	struct crowd *c = xcalloc(1, sizeof(*c));

	c->url = xstrdup(spec->url);
	c->name = xstrdup(spec->name);
	c->wanted = spec->clients;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (spec->only != NULL &&
		    strcmp(kinds[i].name, spec->only) == 0)
			c->only = &kinds[i];
	c->dice = dice_of(spec->seed, 0, 0);
	c->multi = curl_multi_init();
	buf_init(&c->trouble, TROUBLE_BYTES_MAX);
	return c;
}

void
crowd_free(struct crowd *c)
{
	struct client *k;

	if (c == NULL)
		return;
	while ((k = c->all) != NULL) {
		c->all = k->next;
		transfer_end(k);
		curl_easy_cleanup(k->easy);
		seen_free(k->seen);
		seen_free(k->again);
		buf_done(&k->body);
		free(k->key);
		free(k->id);
		free(k);
	}
	curl_multi_cleanup(c->multi);
	buf_done(&c->trouble);
	free(c->accepted);
	free(c->seen);
	free(c->url);
	free(c->name);
	free(c);
}

static void
begin_due(struct crowd *c)
{
	int64_t now = clk_mono_ms();

	while (!c->closed && c->active < c->wanted)
		client_new(c);
	for (struct client *k = c->all; k != NULL; k = k->next)
		if (k->goal != GONE && k->h == NULL && k->retry_at_ms <= now)
			transfer_begin(k);
}

void
crowd_step(struct crowd *c, int ms)
{
	int running, left;
	CURLMsg *m;

	begin_due(c);
	curl_multi_poll(c->multi, NULL, 0, ms, NULL);
	curl_multi_perform(c->multi, &running);
	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct client *k = NULL;

		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &k);
		transfer_heard(k);
	}
}

void
crowd_close(struct crowd *c)
{
	c->closed = true;
}

int
crowd_left(const struct crowd *c)
{
	return c->active;
}

char *
crowd_wants(const struct crowd *c)
{
	struct buf b;

	buf_init(&b, TROUBLE_BYTES_MAX);
	for (const struct client *k = c->all; k != NULL; k = k->next)
		if (k->goal != GONE)
			buf_addf(&b, "%s %s wants to %s run %s, has \"%s\"\n",
			    k->kind->name, k->key, goals[k->goal].name,
			    k->id != NULL ? k->id : "unknown",
			    seen_last_id(k->seen));
	return buf_take(&b);
}

const char *
crowd_trouble(const struct crowd *c)
{
	return buf_str(&c->trouble);
}

void
crowd_tell(struct crowd *c, struct invariant *in)
{
	size_t n = (size_t)c->n;

	c->accepted = xrealloc(c->accepted, (n + 1) * sizeof(*c->accepted));
	c->seen = xrealloc(c->seen, (2 * n + 1) * sizeof(*c->seen));
	c->n_accepted = c->n_seen = 0;
	for (const struct client *k = c->all; k != NULL; k = k->next) {
		if (k->id != NULL)
			c->accepted[c->n_accepted++] =
			    (struct invariant_run){k->id, k->key};
		c->seen[c->n_seen++] = k->seen;
		if (k->again != NULL)
			c->seen[c->n_seen++] = k->again;
	}
	in->accepted = c->accepted;
	in->n_accepted = c->n_accepted;
	in->seen = c->seen;
	in->n_seen = c->n_seen;
}

struct crowd_count
crowd_count(const struct crowd *c)
{
	return c->count;
}
