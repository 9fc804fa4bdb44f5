/* dial.c - how a worker or a gateway reaches the supervisor. */
#include "common/agent/dial.h"

#include "common/net/endpoint.h"

struct keys {
	bool set;
	struct curve_pair own;
	char server[CURVE_TEXT];
};

/* `culprit up` passes its supervisor's key to all; ipc has no use for it. */
static enum rc
keys_read(const struct conf *conf, const char *endpoint, struct keys *k,
    struct err *err)
{
	enum endpoint_reach reach;
	enum rc rc = endpoint_reach(endpoint, &reach, err);

	memset(k, 0, sizeof(*k));
	if (rc != RC_OK || reach == ENDPOINT_IPC ||
	    (conf->curve_key == NULL && conf->curve_server_key == NULL))
		return rc;
	if (conf->curve_key == NULL || conf->curve_server_key == NULL)
		return err_set(err, RC_INVALID,
		    "to connect to %s takes both --curve-key, our own, and "
		    "--curve-server-key, the supervisor's public one",
		    endpoint);
	rc = curve_read_pub(conf->curve_server_key, k->server, err);
	if (rc == RC_OK)
		rc = curve_read_key(conf->curve_key, &k->own, err);
	k->set = rc == RC_OK;
	return rc;
}

enum rc
dial(const struct conf *conf, zloop_t *loop, const char *endpoint,
    const struct bus_handler *h, struct bus **ret_bus, struct err *err)
{
	struct keys k;
	struct bus_guard guard = {.pair = &k.own, .server_key = k.server};
	enum rc rc = keys_read(conf, endpoint, &k, err);

	if (rc == RC_OK)
		rc = bus_connect(
		    loop, endpoint, k.set ? &guard : NULL, h, ret_bus, err);
	curve_pair_done(&k.own);
	return rc;
}

enum rc
dial_check(const struct conf *conf, const char *endpoint, struct err *err)
{
	struct keys k;
	enum rc rc = keys_read(conf, endpoint, &k, err);

	if (rc == RC_OK)
		rc = bus_may(endpoint, k.set, err);
	curve_pair_done(&k.own);
	return rc;
}
