/*
 * zap.c - the ZAP handler of the process, and its proof.
 *
 * Invariant: a key is let in only if it stands in the folder of the domain
 * it knocks at, or is the one the running proof must get in with. The
 * handler runs on the loop: while that hangs nobody is let in.
 */
#include "common/zap.h"

#include <stdlib.h>

#include "common/clk.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/zap_probe.h"

#define ZAP_ADDRESS "inproc://zeromq.zap.01"

enum {
	DOMAINS_MAX = 4,
	WATCHES_MAX = 4,
	KEY_BYTES = 32,
	TICK_MS = 250,
	TURN_MAX = 64, /* questions, before others have their turn */
	START_POLL_MS = 20,
	REFUSED_LOG_MS = 10000,
};

struct domain {
	char *name, *dir;
	struct curve_keys *keys;
	int64_t read_ms;
	char said[sizeof(((struct err *)0)->text)]; /* what was last wrong */
};

struct watch {
	char *domain, *endpoint;
	struct zap_probe *known, *stranger;
	int64_t since_ms; /* of the proof that runs, or of the last one */
};

struct zap {
	struct zap_spec spec;
	char server_key[CURVE_TEXT];
	zsock_t *sock;
	int timer;
	bool dead;
	/* Fresh in each process, and never written down. */
	struct curve_pair known, stranger;
	struct domain domains[DOMAINS_MAX];
	int n_domains;
	struct watch watches[WATCHES_MAX];
	int n_watches;
	int64_t refused_ms;
	int n_refused;
};

/* ---- who is let in ---- */

/* Says what is wrong with a folder, once. */
static void
domain_complain(struct domain *d, const char *text)
{
	if (text[0] != '\0' && strcmp(text, d->said) != 0)
		log_warn("a key that may not connect", "reason", text, NULL);
	snprintf(d->said, sizeof(d->said), "%s", text);
}

static enum rc
domain_read(struct domain *d, struct err *err)
{
	struct err bad = {0};
	enum rc rc = curve_read_folder(d->dir, d->keys, &bad, err);

	d->read_ms = clk_mono_ms();
	if (rc == RC_OK)
		domain_complain(d, bad.text);
	return rc;
}

static struct domain *
domain_find(struct zap *z, const char *name)
{
	int i;

	for (i = 0; i < z->n_domains; i++)
		if (strcmp(z->domains[i].name, name) == 0)
			return &z->domains[i];
	return NULL;
}

/* A folder that cannot be read lets nobody in. */
static bool
domain_has(struct domain *d, const char *key)
{
	struct err err;

	if (clk_mono_ms() - d->read_ms >= ZAP_REREAD_MS &&
	    domain_read(d, &err) != RC_OK) {
		d->keys->n = 0;
		domain_complain(d, err.text);
	}
	return curve_keys_have(d->keys, key);
}

/* Only while a proof of the domain runs is its key good for anything. */
static bool
is_known_probe(const struct zap *z, const char *domain, const char *key)
{
	int i;

	if (strcmp(key, z->known.public_key) != 0)
		return false;
	for (i = 0; i < z->n_watches; i++)
		if (z->watches[i].known != NULL &&
		    strcmp(z->watches[i].domain, domain) == 0)
			return true;
	return false;
}

/* Strangers knock as often as they like; the log is not theirs. */
static void
tell_refused(
    struct zap *z, const char *domain, const char *address, const char *key)
{
	int64_t now = clk_mono_ms();
	char times[24];

	z->n_refused++;
	if (z->refused_ms != 0 && now - z->refused_ms < REFUSED_LOG_MS)
		return;
	snprintf(times, sizeof(times), "%d", z->n_refused);
	log_warn("refused a connection: its key is not in the folder", "at",
	    domain, "from", address, "key", key, "refused", times, NULL);
	z->refused_ms = now;
	z->n_refused = 0;
}

/*
 * "300", a failure for now, where "400" would be final: ZeroMQ's client then
 * never tries again, and a worker whose key is added later would have to be
 * started anew. The probe asks for a clear answer.
 */
static const char *
verdict(struct zap *z, const char *domain, const char *address, const char *key)
{
	struct domain *d = domain_find(z, domain);

	if ((d != NULL && domain_has(d, key)) || is_known_probe(z, domain, key))
		return "200";
	if (strcmp(key, z->stranger.public_key) == 0)
		return "400";
	tell_refused(z, domain, address, key);
	return "300";
}

/* ---- the question and the answer ---- */

enum {
	Q_VERSION,
	Q_REQUEST,
	Q_DOMAIN,
	Q_ADDRESS,
	Q_IDENTITY,
	Q_MECHANISM,
	Q_KEY,
	Q_N
};

struct question {
	char text[Q_N][256];
	size_t bytes[Q_N];
	int n;
};

/* Takes one question off the socket; false: there is none. */
static bool
question_take(struct zap *z, struct question *q)
{
	void *handle = zsock_resolve(z->sock);
	int more = 1;

	memset(q, 0, sizeof(*q));
	for (; more; q->n++) {
		int at = MIN(q->n, (int)Q_N - 1);
		int n = zmq_recv(
		    handle, q->text[at], sizeof(q->text[at]) - 1, ZMQ_DONTWAIT);

		if (n < 0)
			return false;
		q->bytes[at] = (size_t)n;
		q->text[at][MIN(n, (int)sizeof(q->text[at]) - 1)] = '\0';
		more = zsock_rcvmore(z->sock);
	}
	return true;
}

static const char *
judge(struct zap *z, const struct question *q)
{
	char key[CURVE_TEXT];

	if (q->n != Q_N || q->bytes[Q_KEY] != KEY_BYTES ||
	    strcmp(q->text[Q_VERSION], "1.0") != 0 ||
	    strcmp(q->text[Q_MECHANISM], "CURVE") != 0 ||
	    zmq_z85_encode(key, (const uint8_t *)q->text[Q_KEY], KEY_BYTES) ==
		NULL)
		return "400";
	return verdict(z, q->text[Q_DOMAIN], q->text[Q_ADDRESS], key);
}

static void
answer(struct zap *z, const struct question *q)
{
	const char *frames[] = {
	    "1.0", q->text[Q_REQUEST], judge(z, q), "", "", ""};
	size_t i;

	for (i = 0; i < ARRAY_LEN(frames); i++)
		zmq_send(zsock_resolve(z->sock), frames[i], strlen(frames[i]),
		    i + 1 < ARRAY_LEN(frames) ? ZMQ_SNDMORE : 0);
}

static int
on_question(zloop_t *loop UNUSED, zsock_t *sock UNUSED, void *arg)
{
	struct question q;
	int left = TURN_MAX;

	while (left-- > 0 && question_take(arg, &q))
		answer(arg, &q);
	return 0;
}

/* ---- the proof ---- */

static void
watch_end(struct watch *w)
{
	zap_probe_free(w->known);
	zap_probe_free(w->stranger);
	w->known = w->stranger = NULL;
}

/* RC_BUSY: begun. */
static enum rc
watch_begin(struct zap *z, struct watch *w, struct err *err)
{
	w->since_ms = clk_mono_ms();
	w->known = zap_probe_new(w->endpoint, &z->known, z->server_key);
	w->stranger = zap_probe_new(w->endpoint, &z->stranger, z->server_key);
	if (w->known != NULL && w->stranger != NULL)
		return RC_BUSY;
	watch_end(w);
	return err_set(err, RC_IO, "%s cannot be proven: %s", w->endpoint,
	    zmq_strerror(zmq_errno()));
}

/* RC_OK: proven; RC_BUSY: not known yet; RC_DENIED, RC_TIMEOUT: the door is
 * not guarded as it should be. */
static enum rc
watch_look(struct watch *w, struct err *err)
{
	enum zap_probe_state known = zap_probe_look(w->known);
	enum zap_probe_state stranger = zap_probe_look(w->stranger);

	if (stranger == ZAP_PROBE_IN)
		return err_set(err, RC_DENIED,
		    "%s let a key in that nobody knows", w->endpoint);
	if (known == ZAP_PROBE_OUT)
		return err_set(err, RC_DENIED,
		    "%s refuses a key that it should let in", w->endpoint);
	if (known == ZAP_PROBE_IN && stranger == ZAP_PROBE_OUT)
		return RC_OK;
	if (clk_mono_ms() - w->since_ms >= ZAP_PROBE_LIMIT_MS)
		return err_set(err, RC_TIMEOUT,
		    "%s does not say whom it lets in", w->endpoint);
	return RC_BUSY;
}

static void
watch_tick(struct zap *z, struct watch *w)
{
	enum rc rc = RC_BUSY;
	struct err err;

	if (w->known != NULL)
		rc = watch_look(w, &err);
	else if (clk_mono_ms() - w->since_ms >= ZAP_PROBE_EVERY_MS)
		rc = watch_begin(z, w, &err);
	if (rc == RC_BUSY)
		return;
	watch_end(w);
	if (rc != RC_OK) {
		z->dead = true;
		z->spec.on_dead(z->spec.ctx, &err);
	}
}

static int
on_tick(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct zap *z = arg;
	int i;

	for (i = 0; i < z->n_watches && !z->dead; i++)
		watch_tick(z, &z->watches[i]);
	return 0;
}

/* The loop does not run yet: the handler is served here. */
static enum rc
watch_prove(struct zap *z, struct watch *w, struct err *err)
{
	zmq_pollitem_t item = {
	    .socket = zsock_resolve(z->sock), .events = ZMQ_POLLIN};
	enum rc rc = watch_begin(z, w, err);

	while (rc == RC_BUSY) {
		zmq_poll(&item, 1, START_POLL_MS);
		on_question(z->spec.loop, z->sock, z);
		rc = watch_look(w, err);
	}
	watch_end(w);
	return rc;
}

enum rc
zap_watch(
    struct zap *z, const char *domain, const char *endpoint, struct err *err)
{
	struct watch *w = &z->watches[z->n_watches];

	if (z->n_watches == WATCHES_MAX)
		return err_set(
		    err, RC_TOOBIG, "more than %d endpoints", WATCHES_MAX);
	w->domain = xstrdup(domain);
	w->endpoint = endpoint_from_here(endpoint);
	z->n_watches++;
	return watch_prove(z, w, err);
}

/* ---- the whole ---- */

enum rc
zap_let_in(struct zap *z, const char *domain, const char *dir, struct err *err)
{
	struct domain *d = &z->domains[z->n_domains];

	if (z->n_domains == DOMAINS_MAX)
		return err_set(
		    err, RC_TOOBIG, "more than %d domains", DOMAINS_MAX);
	d->name = xstrdup(domain);
	d->dir = xstrdup(dir);
	d->keys = xcalloc(1, sizeof(*d->keys));
	z->n_domains++;
	return domain_read(d, err);
}

enum rc
zap_new(const struct zap_spec *spec, struct zap **ret_zap, struct err *err)
{
	struct zap *z = xcalloc(1, sizeof(*z));
	enum rc rc;

	z->spec = *spec;
	memcpy(z->server_key, spec->own->public_key, CURVE_TEXT);
	z->timer = -1;
	z->sock = zsock_new(ZMQ_REP);
	rc = curve_pair_make(&z->known, err);
	if (rc == RC_OK)
		rc = curve_pair_make(&z->stranger, err);
	if (rc == RC_OK && (z->sock == NULL || zmq_bind(zsock_resolve(z->sock),
						   ZAP_ADDRESS) != 0))
		rc = err_set(err, RC_CONFLICT,
		    "cannot answer for the keys of this process: %s",
		    zmq_strerror(zmq_errno()));
	if (rc != RC_OK) {
		zap_free(z);
		return rc;
	}
	zloop_reader(spec->loop, z->sock, on_question, z);
	zloop_reader_set_tolerant(spec->loop, z->sock);
	z->timer = zloop_timer(spec->loop, TICK_MS, 0, on_tick, z);
	*ret_zap = z;
	return RC_OK;
}

void
zap_free(struct zap *z)
{
	int i;

	if (z == NULL)
		return;
	for (i = 0; i < z->n_watches; i++) {
		watch_end(&z->watches[i]);
		free(z->watches[i].domain);
		free(z->watches[i].endpoint);
	}
	for (i = 0; i < z->n_domains; i++) {
		free(z->domains[i].name);
		free(z->domains[i].dir);
		free(z->domains[i].keys);
	}
	if (z->timer >= 0) {
		zloop_timer_end(z->spec.loop, z->timer);
		zloop_reader_end(z->spec.loop, z->sock);
	}
	zsock_destroy(&z->sock);
	curve_pair_done(&z->known);
	curve_pair_done(&z->stranger);
	free(z);
}
