/*
 * bus.c - one ZeroMQ socket on a zloop.
 *
 * Invariant: a received frame is decoded in place and lives exactly as long
 * as the handler's call. A turn takes at most BUS_TURN_MAX messages, and no
 * more once they have BUS_TURN_BYTES, so that a flood on one socket cannot
 * starve timers and the other sockets.
 */
#include "common/net/bus.h"

#include "common/net/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	BUS_TURN_MAX = 256,
	BUS_TURN_BYTES = 512 << 10,
	BUS_HWM = 20000,
	BUS_LINGER_MS = 1000,
	BUS_RECONNECT_MS = 20,
	BUS_RECONNECT_MAX_MS = 500,
	/* On tcp a peer may vanish without a word. */
	BUS_BEAT_MS = 1000,
	BUS_BEAT_LOST_MS = 3000,
	/* A refused key tries again and again; each time costs its server. */
	BUS_RECONNECT_CURVE_MS = 200,
	/* Whoever has not shown a key by then is no peer. */
	BUS_HANDSHAKE_MS = 5000,
};

/* Nobody is let in where no ZAP handler is bound. A draft: it has no name in
 * zmq.h, but Debian's library takes the number. */
enum { BUS_ZAP_ENFORCE_DOMAIN = 93 };

struct bus {
	zloop_t *loop;
	zsock_t *sock;
	bool listens;
	struct bus_handler h;
	struct buf out;
	zsock_t *watch; /* hears of connections; NULL: nobody asks */
	int connects;
};

/* Reads one frame; false when there is none. */
static bool
frame_recv(void *handle, zmq_msg_t *frame)
{
	zmq_msg_init(frame);
	if (zmq_msg_recv(frame, handle, ZMQ_DONTWAIT) >= 0)
		return true;
	zmq_msg_close(frame);
	return false;
}

/* A message of more frames than ours have: all of them are thrown away. */
static bool
frames_skip(void *handle, zmq_msg_t *last)
{
	bool any = false;

	while (zmq_msg_more(last)) {
		zmq_msg_close(last);
		if (!frame_recv(handle, last))
			zmq_msg_init(last);
		any = true;
	}
	return any;
}

static void
bus_deliver(struct bus *b, const struct bus_peer *peer, zmq_msg_t *frame)
{
	struct proto msg;
	struct err err;

	if (proto_decode(span_make(zmq_msg_data(frame), zmq_msg_size(frame)),
		&msg, &err) == RC_OK)
		b->h.on_msg(b->h.ctx, peer, &msg);
	else
		b->h.on_bad(b->h.ctx, peer, &err);
}

static bool
peer_set(struct bus_peer *peer, zmq_msg_t *frame)
{
	size_t n = zmq_msg_size(frame);

	if (n == 0 || n > BUS_PEER_MAX)
		return false;
	peer->n = (uint8_t)n;
	memcpy(peer->id, zmq_msg_data(frame), n);
	return true;
}

/* Takes one message off the socket; false when there is none. Adds its bytes
 * to *bytes. */
static bool
bus_take(struct bus *b, size_t *bytes)
{
	void *handle = zsock_resolve(b->sock);
	struct bus_peer peer = {0};
	bool good = true;
	zmq_msg_t frame;

	if (!frame_recv(handle, &frame))
		return false;
	if (b->listens) {
		good = peer_set(&peer, &frame) && zmq_msg_more(&frame);
		if (good) {
			zmq_msg_close(&frame);
			if (!frame_recv(handle, &frame))
				return false;
		}
	}
	*bytes += zmq_msg_size(&frame);
	if (good && !zmq_msg_more(&frame))
		bus_deliver(b, b->listens ? &peer : NULL, &frame);
	else
		frames_skip(handle, &frame);
	zmq_msg_close(&frame);
	return true;
}

void
bus_drain(struct bus *b)
{
	int left = BUS_TURN_MAX;
	size_t bytes = 0;

	while (left > 0 && bytes < BUS_TURN_BYTES && bus_take(b, &bytes))
		left--;
}

static int
bus_readable(zloop_t *loop UNUSED, zsock_t *sock UNUSED, void *arg)
{
	struct bus *b = arg;

	bus_drain(b);
	if (b->h.on_turn != NULL)
		b->h.on_turn(b->h.ctx);
	return 0;
}

static void
bus_configure(struct bus *b)
{
	zsock_set_linger(b->sock, BUS_LINGER_MS);
	zsock_set_sndhwm(b->sock, BUS_HWM);
	zsock_set_rcvhwm(b->sock, BUS_HWM);
	zsock_set_maxmsgsize(b->sock, PROTO_BYTES_MAX);
	zsock_set_reconnect_ivl(b->sock, BUS_RECONNECT_MS);
	zsock_set_reconnect_ivl_max(b->sock, BUS_RECONNECT_MAX_MS);
	zsock_set_handshake_ivl(b->sock, BUS_HANDSHAKE_MS);
	if (b->listens)
		zsock_set_router_mandatory(b->sock, 1);
}

/* A name no earlier process had: a ghost of it cannot block the new one. */
static void
bus_identify(struct bus *b)
{
	unsigned char r[8];
	char id[2 * sizeof(r) + 1];
	size_t i;

	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		abort();
	for (i = 0; i < sizeof(r); i++)
		snprintf(id + 2 * i, 3, "%02x", r[i]);
	zsock_set_identity(b->sock, id);
}

static struct bus *
bus_new(zloop_t *loop, int type, const struct bus_handler *h)
{
	struct bus *b = xcalloc(1, sizeof(*b));

	b->loop = loop;
	b->h = *h;
	b->listens = type == ZMQ_ROUTER;
	b->sock = zsock_new(type);
	buf_init(&b->out, PROTO_BYTES_MAX);
	bus_configure(b);
	zloop_reader(loop, b->sock, bus_readable, b);
	zloop_reader_set_tolerant(loop, b->sock);
	return b;
}

static const char *
bus_advice(const char *endpoint, int code)
{
	if (code == EADDRINUSE)
		return ": another process has it";
	if (code == ENAMETOOLONG || (strncmp(endpoint, "ipc://", 6) == 0 &&
	    strlen(endpoint) > 6 + 107))
		return ": a socket's path may have 107 bytes at most; choose a "
		       "shorter data-dir";
	return "";
}

/* Without this ZeroMQ lets everybody in where nobody answers for keys; so
 * what does not know it, or forgets it, must not listen. */
static enum rc
bus_enforce_keys(struct bus *b, struct err *err)
{
	void *handle = zsock_resolve(b->sock);
	int on = 1, is = 0, v[3];
	size_t n = sizeof(is);

	if (zmq_setsockopt(
		handle, BUS_ZAP_ENFORCE_DOMAIN, &on, sizeof(on)) == 0 &&
	    zmq_getsockopt(handle, BUS_ZAP_ENFORCE_DOMAIN, &is, &n) == 0 &&
	    is == 1 && zsock_mechanism(b->sock) == ZMQ_CURVE)
		return RC_OK;
	zmq_version(&v[0], &v[1], &v[2]);
	return err_set(err, RC_DENIED,
	    "this libzmq (%d.%d.%d) does not take ZMQ_ZAP_ENFORCE_DOMAIN, and "
	    "would let strangers in: install one that does, such as Debian's "
	    "libzmq5, or use no keys and ipc or tcp://127.0.0.1",
	    v[0], v[1], v[2]);
}

/* Sets the guard for the endpoints that come next. */
static enum rc
bus_guard_set(struct bus *b, const struct bus_guard *g, struct err *err)
{
	enum rc rc = RC_OK;

	if (b->listens) {
		zsock_set_curve_server(b->sock, 1);
		zsock_set_zap_domain(b->sock, g->domain);
		rc = bus_enforce_keys(b, err);
	} else {
		zsock_set_curve_serverkey(b->sock, g->server_key);
		zsock_set_curve_publickey(b->sock, g->pair->public_key);
		zsock_set_reconnect_ivl(b->sock, BUS_RECONNECT_CURVE_MS);
	}
	zsock_set_curve_secretkey(b->sock, g->pair->secret_key);
	return rc;
}

/* A link that died is dropped on both sides, so that nothing waits in it and
 * connecting starts anew; TCP would take a quarter of an hour. The name a
 * worker comes back under may still be its dead link's: the new one gets it. */
static void
bus_beat_set(struct bus *b)
{
	zsock_set_heartbeat_ivl(b->sock, BUS_BEAT_MS);
	zsock_set_heartbeat_timeout(b->sock, BUS_BEAT_LOST_MS);
	zsock_set_heartbeat_ttl(b->sock, BUS_BEAT_LOST_MS);
	zsock_set_connect_timeout(b->sock, BUS_BEAT_LOST_MS);
	if (b->listens)
		zsock_set_router_handover(b->sock, 1);
}

enum rc
bus_may(const char *endpoint, bool guarded, struct err *err)
{
	enum endpoint_reach reach;
	enum rc rc = endpoint_reach(endpoint, &reach, err);

	if (rc == RC_OK && reach == ENDPOINT_OPEN && !guarded)
		return err_set(err, RC_DENIED,
		    "%s is not on this machine alone, so it needs CURVE keys: "
		    "make them with `culprit keygen` and name them with "
		    "--curve-key (README, \"Executors on another machine\"), "
		    "or use ipc or tcp://127.0.0.1",
		    endpoint);
	if (rc == RC_OK && reach == ENDPOINT_IPC)
		rc = endpoint_is_private(endpoint, err);
	return rc;
}

/* A bound ipc path that nobody answers on is left over from a killed
 * process, and libzmq replaces it; a live one it would replace too. So the
 * caller must hold the data folder's lock before it listens. */
static enum rc
bus_open(struct bus *b, const char *endpoint, const struct bus_guard *g,
    struct err *err)
{
	void *handle = zsock_resolve(b->sock);
	enum endpoint_reach reach = ENDPOINT_OPEN;
	enum rc rc = bus_may(endpoint, g != NULL, err);
	int code;

	if (rc == RC_OK)
		rc = endpoint_reach(endpoint, &reach, err);
	if (rc != RC_OK)
		return rc;
	if (reach != ENDPOINT_IPC)
		bus_beat_set(b);
	if (g != NULL && reach != ENDPOINT_IPC)
		rc = bus_guard_set(b, g, err);
	if (rc != RC_OK)
		return rc;
	zsock_set_ipv6(b->sock, strchr(endpoint, '[') != NULL);
	if ((b->listens ? zmq_bind(handle, endpoint)
			: zmq_connect(handle, endpoint)) == 0)
		return RC_OK;
	code = zmq_errno();
	return err_set(err, RC_IO, "cannot %s %s: %s%s",
	    b->listens ? "listen on" : "connect to", endpoint,
	    zmq_strerror(code), bus_advice(endpoint, code));
}

static int
bus_connected(zloop_t *loop UNUSED, zsock_t *watch, void *arg)
{
	struct bus *b = arg;
	zmq_msg_t frame;

	/* One event is two frames, its number first; there is only one kind,
	 * and the end of the watch. */
	while (frame_recv(zsock_resolve(watch), &frame)) {
		uint16_t event = 0;

		memcpy(&event, zmq_msg_data(&frame),
		    MIN(sizeof(event), zmq_msg_size(&frame)));
		frames_skip(zsock_resolve(watch), &frame);
		zmq_msg_close(&frame);
		if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED &&
		    b->connects++ > 0)
			b->h.on_again(b->h.ctx);
	}
	return 0;
}

/* Without it the other side's return would be noticed all the same, later. */
static void
bus_watch(struct bus *b)
{
	char at[64];

	snprintf(at, sizeof(at), "inproc://bus-%p", (void *)b);
	if (b->h.on_again == NULL ||
	    zmq_socket_monitor(zsock_resolve(b->sock), at,
		ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0)
		return;
	b->watch = zsock_new(ZMQ_PAIR);
	if (zmq_connect(zsock_resolve(b->watch), at) != 0) {
		zsock_destroy(&b->watch);
		return;
	}
	zloop_reader(b->loop, b->watch, bus_connected, b);
	zloop_reader_set_tolerant(b->loop, b->watch);
}

struct bus *
bus_new_listener(zloop_t *loop, const struct bus_handler *h)
{
	return bus_new(loop, ZMQ_ROUTER, h);
}

enum rc
bus_listen(struct bus *b, const char *endpoint,
    const struct bus_guard *guard, struct err *err)
{
	return bus_open(b, endpoint, guard, err);
}

enum rc
bus_connect(zloop_t *loop, const char *endpoint,
    const struct bus_guard *guard, const struct bus_handler *h,
    struct bus **ret_bus, struct err *err)
{
	struct bus *b = bus_new(loop, ZMQ_DEALER, h);
	enum rc rc;

	bus_identify(b);
	bus_watch(b);
	rc = bus_open(b, endpoint, guard, err);
	if (rc != RC_OK)
		bus_free(b);
	else
		*ret_bus = b;
	return rc;
}

char *
bus_bound(struct bus *b)
{
	return zsock_last_endpoint(b->sock);
}

void
bus_free(struct bus *b)
{
	if (b == NULL)
		return;
	zloop_reader_end(b->loop, b->sock);
	if (b->watch != NULL) {
		zloop_reader_end(b->loop, b->watch);
		zmq_socket_monitor(zsock_resolve(b->sock), NULL, 0);
		zsock_destroy(&b->watch);
	}
	zsock_destroy(&b->sock);
	buf_done(&b->out);
	free(b);
}

static enum rc
send_result(int n)
{
	if (n >= 0)
		return RC_OK;
	return errno == EAGAIN ? RC_BUSY : RC_CLOSED;
}

enum rc
bus_send_bytes(struct bus *b, const struct bus_peer *peer, struct span bytes)
{
	void *handle = zsock_resolve(b->sock);
	enum rc rc;

	if (b->listens) {
		rc = send_result(zmq_send(handle, peer->id, peer->n,
		    ZMQ_DONTWAIT | ZMQ_SNDMORE));
		if (rc != RC_OK)
			return rc;
	}
	return send_result(zmq_send(handle, bytes.p, bytes.n, ZMQ_DONTWAIT));
}

enum rc
bus_send(struct bus *b, const struct bus_peer *peer, const struct proto *msg)
{
	enum rc rc = RC_TOOBIG;

	buf_reset(&b->out);
	proto_encode(&b->out, msg);
	if (!b->out.full)
		rc = bus_send_bytes(b, peer, buf_span(&b->out));
	/* One large message must not pin its memory for good. */
	if (b->out.cap > 1 << 20)
		buf_done(&b->out);
	return rc;
}
