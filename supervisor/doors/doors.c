/* doors.c - where the supervisor listens, and whom it lets in. */
#include "supervisor/doors/doors.h"

#include <stdlib.h>

#include "common/net/endpoint.h"
#include "common/base/log.h"
#include "common/net/zap.h"
#include "supervisor/doors/back.h"
#include "supervisor/doors/front.h"

/* One of the two, as configured. */
struct door {
	const char *domain;
	const char *at;       /* always there */
	const char *also;     /* NULL: nowhere else */
	const char *keys_dir; /* NULL: nobody's */
	const char *keys_flag, *also_flag;
};

static struct door
door_front(const struct conf *c)
{
	return (struct door){"front", c->front, c->front_tcp, c->curve_gateways,
	    "--curve-gateways", "--front-tcp"};
}

static struct door
door_back(const struct conf *c)
{
	return (struct door){"back", c->back, c->back_tcp, c->curve_workers,
	    "--curve-workers", "--back-tcp"};
}

/* Does it have an endpoint that keys open? */
static bool
door_is_guarded(const struct door *d, const struct conf *c)
{
	enum endpoint_reach reach;
	struct err err;

	return c->curve_key != NULL &&
	       (d->also != NULL ||
		   (endpoint_reach(d->at, &reach, &err) == RC_OK &&
		       reach != ENDPOINT_IPC));
}

static enum rc
door_check(const struct door *d, const struct conf *c, struct err *err)
{
	bool guarded = door_is_guarded(d, c);
	enum endpoint_reach reach;
	enum rc rc = bus_may(d->at, guarded, err);

	if (rc == RC_OK && d->also != NULL)
		rc = endpoint_reach(d->also, &reach, err);
	if (rc == RC_OK && d->also != NULL && reach == ENDPOINT_IPC)
		rc = err_set(err, RC_INVALID, "%s must be tcp://HOST:PORT",
		    d->also_flag);
	if (rc == RC_OK && d->also != NULL)
		rc = bus_may(d->also, guarded, err);
	if (rc == RC_OK && guarded && d->keys_dir == NULL)
		rc = err_set(err, RC_INVALID,
		    "%s is missing: the folder of the public keys that may "
		    "connect to %s",
		    d->keys_flag, d->also != NULL ? d->also : d->at);
	return rc;
}

/* ---- opening ---- */

static enum rc
endpoint_open(struct bus *b, const char *endpoint, const struct bus_guard *g,
    struct err *err)
{
	enum endpoint_reach reach;
	enum rc rc = bus_listen(b, endpoint, g, err);
	char *bound;

	if (rc == RC_OK)
		rc = endpoint_reach(endpoint, &reach, err);
	if (rc != RC_OK || g == NULL || reach == ENDPOINT_IPC)
		return rc;
	bound = bus_bound(b);
	log_info("listening; keys are asked for", "at", bound, NULL);
	free(bound);
	return RC_OK;
}

static enum rc
door_open(struct supervisor *s, const struct door *d,
    const struct curve_pair *own, struct bus *b, struct err *err)
{
	const struct conf *c = agent_conf(s->agent);
	struct bus_guard guard = {.pair = own, .domain = d->domain};
	const struct bus_guard *g = door_is_guarded(d, c) ? &guard : NULL;
	enum rc rc = door_check(d, c, err);

	if (rc == RC_OK && g != NULL)
		rc = zap_let_in(s->zap, d->domain, d->keys_dir, err);
	if (rc == RC_OK)
		rc = endpoint_open(b, d->at, g, err);
	if (rc == RC_OK && d->also != NULL)
		rc = endpoint_open(b, d->also, g, err);
	return rc;
}

/* The handler is there before the first bind. */
static enum rc
zap_open(struct supervisor *s, struct curve_pair *own, struct err *err)
{
	enum rc rc;

	memset(own, 0, sizeof(*own));
	if (agent_conf(s->agent)->curve_key == NULL)
		return RC_OK;
	rc = curve_read_key(agent_conf(s->agent)->curve_key, own, err);
	if (rc == RC_OK)
		rc = zap_new(agent_loop(s->agent), &s->zap, err);
	return rc;
}

enum rc
doors_open(struct supervisor *s, struct err *err)
{
	struct bus_handler front = front_handler, back = back_handler;
	const struct conf *c = agent_conf(s->agent);
	struct door f = door_front(c), b = door_back(c);
	struct curve_pair own;
	enum rc rc = zap_open(s, &own, err);

	front.ctx = s;
	back.ctx = s;
	s->front = bus_new_listener(agent_loop(s->agent), &front);
	s->back = bus_new_listener(agent_loop(s->agent), &back);
	if (rc == RC_OK)
		rc = door_open(s, &f, &own, s->front, err);
	if (rc == RC_OK)
		rc = door_open(s, &b, &own, s->back, err);
	curve_pair_done(&own);
	return rc;
}

void
doors_close(struct supervisor *s)
{
	bus_free(s->front);
	bus_free(s->back);
	zap_free(s->zap);
}

static enum rc
keys_check(const struct door *d, const struct conf *c, struct err *err)
{
	struct curve_keys *k = xcalloc(1, sizeof(*k));
	struct err bad = {0};
	enum rc rc = RC_OK;

	if (door_is_guarded(d, c))
		rc = curve_read_folder(d->keys_dir, k, &bad, err);
	if (rc == RC_OK && bad.text[0] != '\0')
		rc = err_set(err, RC_INVALID, "%s", bad.text);
	free(k);
	return rc;
}

enum rc
doors_check(const struct conf *c, struct err *err)
{
	struct door doors[] = {door_front(c), door_back(c)};
	struct curve_pair own;
	enum rc rc = RC_OK;
	size_t i;

	if (c->curve_key != NULL) {
		rc = curve_read_key(c->curve_key, &own, err);
		curve_pair_done(&own);
	}
	for (i = 0; i < ARRAY_LEN(doors) && rc == RC_OK; i++) {
		rc = door_check(&doors[i], c, err);
		if (rc == RC_OK)
			rc = keys_check(&doors[i], c, err);
	}
	return rc;
}
