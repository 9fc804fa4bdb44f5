/*
 * zap.c - the ZAP handler of the process.
 *
 * Invariant: a key is let in only if it stands in the folder of the domain
 * it knocks at. The handler runs on the loop: while that hangs nobody is let
 * in.
 */
#include "common/net/zap.h"

#include <stdlib.h>

#include "common/base/clk.h"
#include "common/net/curve.h"
#include "common/base/log.h"

#define ZAP_ADDRESS "inproc://zeromq.zap.01"

enum {
	DOMAINS_MAX = 4,
	KEY_BYTES = 32,
	TURN_MAX = 64, /* questions, before others have their turn */
};

struct domain {
	char *name, *dir;
	struct curve_keys *keys;
	int64_t read_ms;
	char said[sizeof(((struct err *)0)->text)]; /* what was last wrong */
};

struct zap {
	zloop_t *loop;
	zsock_t *sock;
	struct domain domains[DOMAINS_MAX];
	int n_domains;
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

/*
 * "300", a failure for now, where "400" would be final: ZeroMQ's client then
 * never tries again, and a worker whose key is added later would have to be
 * started anew.
 */
static const char *
verdict(struct zap *z, const char *domain, const char *address, const char *key)
{
	struct domain *d = domain_find(z, domain);

	if (d != NULL && domain_has(d, key))
		return "200";
	log_often(LOG_LEVEL_WARN,
	    "refused a connection: its key is not in the folder", "at", domain,
	    "from", address, "key", key, NULL);
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
zap_new(zloop_t *loop, struct zap **ret_zap, struct err *err)
{
	struct zap *z = xcalloc(1, sizeof(*z));

	z->loop = loop;
	z->sock = zsock_new(ZMQ_REP);
	if (zmq_bind(zsock_resolve(z->sock), ZAP_ADDRESS) != 0) {
		zsock_destroy(&z->sock);
		free(z);
		return err_set(err, RC_CONFLICT,
		    "cannot answer for the keys of this process: %s",
		    zmq_strerror(zmq_errno()));
	}
	zloop_reader(loop, z->sock, on_question, z);
	zloop_reader_set_tolerant(loop, z->sock);
	*ret_zap = z;
	return RC_OK;
}

void
zap_free(struct zap *z)
{
	int i;

	if (z == NULL)
		return;
	for (i = 0; i < z->n_domains; i++) {
		free(z->domains[i].name);
		free(z->domains[i].dir);
		free(z->domains[i].keys);
	}
	zloop_reader_end(z->loop, z->sock);
	zsock_destroy(&z->sock);
	free(z);
}
