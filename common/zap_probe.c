/*
 * zap_probe.c - one connection to an own endpoint, to see if it is let in.
 *
 * What happened is told by the socket's monitor. The library's thread blocks
 * on a monitor nobody reads, so few events are asked for, it reconnects
 * seldom, and the monitor ends before its reader.
 */
#include "common/zap_probe.h"

#include <czmq.h>

enum {
	RECONNECT_MS = 1000,
	EVENTS =
	    ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
};

struct zap_probe {
	zsock_t *sock, *monitor;
	enum zap_probe_state state;
};

struct zap_probe *
zap_probe_new(const char *endpoint, const struct curve_pair *client,
    const char *server_key)
{
	struct zap_probe *p = xcalloc(1, sizeof(*p));
	auto_str at = xasprintf("inproc://zap-probe-%p", (void *)p);

	p->sock = zsock_new(ZMQ_DEALER);
	p->monitor = zsock_new(ZMQ_PAIR);
	if (p->sock == NULL || p->monitor == NULL) {
		zap_probe_free(p);
		return NULL;
	}
	zsock_set_linger(p->sock, 0);
	zsock_set_reconnect_ivl(p->sock, RECONNECT_MS);
	zsock_set_ipv6(p->sock, strchr(endpoint, '[') != NULL);
	zsock_set_curve_serverkey(p->sock, server_key);
	zsock_set_curve_publickey(p->sock, client->public_key);
	zsock_set_curve_secretkey(p->sock, client->secret_key);
	if (zmq_socket_monitor(zsock_resolve(p->sock), at, EVENTS) != 0 ||
	    zmq_connect(zsock_resolve(p->monitor), at) != 0 ||
	    zmq_connect(zsock_resolve(p->sock), endpoint) != 0) {
		zap_probe_free(p);
		return NULL;
	}
	return p;
}

void
zap_probe_free(struct zap_probe *p)
{
	if (p == NULL)
		return;
	if (p->sock != NULL)
		zmq_socket_monitor(zsock_resolve(p->sock), NULL, 0);
	zsock_destroy(&p->sock);
	zsock_destroy(&p->monitor);
	free(p);
}

/* An event is two frames; its number is the first two bytes of the first. */
static bool
event_take(struct zap_probe *p, uint16_t *ret)
{
	void *handle = zsock_resolve(p->monitor);
	unsigned char head[6], rest[256];

	if (zmq_recv(handle, head, sizeof(head), ZMQ_DONTWAIT) !=
	    (int)sizeof(head))
		return false;
	zmq_recv(handle, rest, sizeof(rest), ZMQ_DONTWAIT);
	memcpy(ret, head, sizeof(*ret));
	return true;
}

enum zap_probe_state
zap_probe_look(struct zap_probe *p)
{
	uint16_t event;

	while (p->state == ZAP_PROBE_WAITS && event_take(p, &event))
		p->state = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED
			       ? ZAP_PROBE_IN
			       : ZAP_PROBE_OUT;
	return p->state;
}
