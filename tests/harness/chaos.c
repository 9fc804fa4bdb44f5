/*
 * chaos.c - a proxy between the processes that mistreats whole messages.
 *
 * Invariant: a message is either given on as it came, or kept in exactly one
 * slot of the wheel until its time, or gone. Only the proxy's own thread
 * touches sockets, peers and wheel; the lock guards the trace.
 */
#include "tests/harness/chaos.h"

#include <czmq.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "common/net/bus.h"
#include "common/base/clk.h"
#include "tests/harness/chaos_trace.h"
#include "tests/harness/dice.h"

enum {
	PEERS_MAX = 1024,
	WHEEL_MS = 8192, /* nothing is held longer */
	TICK_MS = 2,
	TURN_MAX = 512,
	HWM = 100000,
	SWAP_MS = 40, /* where nothing comes to swap with */
};

enum side { FRONT, BACK, SIDES };

/* One direction of one peer. */
struct lane {
	uint64_t n;
	int64_t cut_until_ms;
	struct held *swap;
};

struct peer {
	struct chaos *c;
	enum side side;
	struct bus_peer id;
	unsigned no;
	zsock_t *up;
	struct lane lane[2]; /* 1: down */
};

struct held {
	TAILQ_ENTRY(held) list;
	int64_t due_ms;
	struct peer *peer;
	bool down;
	struct lane *swaps; /* it waits for another of this lane */
	zmq_msg_t msg;
};
TAILQ_HEAD(held_list, held);

struct chaos {
	struct chaos_odds odds[2];
	uint64_t seed;
	char *to[SIDES];
	zsock_t *router[SIDES];
	zloop_t *loop;
	pthread_t thread;
	_Atomic bool ends, calm;
	_Atomic uint64_t messages;
	struct peer *peers[PEERS_MAX];
	unsigned n_peers;
	struct held_list wheel[WHEEL_MS];
	int64_t wheel_ms; /* everything due until then has left */
	int64_t start_ms;
	pthread_mutex_t lock;
	struct trace trace;
	_Atomic uint64_t cuts;
	void (*on_message)(void *ctx, struct span bytes);
	void *ctx;
};

static int on_up_readable(zloop_t *loop, zsock_t *sock, void *arg);

/* ---- peers ---- */

static struct peer *
peer_new(struct chaos *c, enum side side, const struct bus_peer *id)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	char text[BUS_PEER_MAX + 1] = "";

	if (c->n_peers == PEERS_MAX)
		abort();
	memcpy(text, id->id, MIN(id->n, BUS_PEER_MAX));
	p->c = c;
	p->side = side;
	p->id = *id;
	p->no = c->n_peers;
	p->up = zsock_new(ZMQ_DEALER);
	zsock_set_linger(p->up, 0);
	zsock_set_sndhwm(p->up, HWM);
	zsock_set_rcvhwm(p->up, HWM);
	zsock_set_reconnect_ivl(p->up, 20);
	zsock_set_identity(p->up, text);
	if (zmq_connect(zsock_resolve(p->up), c->to[side]) != 0)
		abort();
	zloop_reader(c->loop, p->up, on_up_readable, p);
	zloop_reader_set_tolerant(c->loop, p->up);
	c->peers[c->n_peers++] = p;
	return p;
}

static struct peer *
peer_of(struct chaos *c, enum side side, const struct bus_peer *id)
{
	unsigned i;

	for (i = 0; i < c->n_peers; i++)
		if (c->peers[i]->side == side && c->peers[i]->up != NULL &&
		    bus_peer_equal(&c->peers[i]->id, id))
			return c->peers[i];
	return peer_new(c, side, id);
}

/* The supervisor must see that it is gone. */
static void
peer_close(struct peer *p)
{
	if (p->up == NULL)
		return;
	zloop_reader_end(p->c->loop, p->up);
	zsock_destroy(&p->up);
}

/* ---- giving on ---- */

/* Takes msg over. */
static void
give(struct peer *p, bool down, zmq_msg_t *msg)
{
	void *router = zsock_resolve(p->c->router[p->side]);
	bool given = p->up != NULL;

	if (given && down)
		given = zmq_send(router, p->id.id, p->id.n,
			    ZMQ_DONTWAIT | ZMQ_SNDMORE) >= 0 &&
			zmq_msg_send(msg, router, ZMQ_DONTWAIT) >= 0;
	else if (given)
		given =
		    zmq_msg_send(msg, zsock_resolve(p->up), ZMQ_DONTWAIT) >= 0;
	if (!given) {
		if (down && errno == EHOSTUNREACH)
			peer_close(p);
		zmq_msg_close(msg);
	}
}

static void
held_give(struct chaos *c, struct held *h)
{
	TAILQ_REMOVE(&c->wheel[h->due_ms % WHEEL_MS], h, list);
	if (h->swaps != NULL)
		h->swaps->swap = NULL;
	give(h->peer, h->down, &h->msg);
	free(h);
}

/* Takes msg over. */
static struct held *
hold(struct peer *p, bool down, zmq_msg_t *msg, int ms)
{
	struct held *h = xcalloc(1, sizeof(*h));
	struct chaos *c = p->c;

	h->due_ms = MAX(clk_mono_ms(), c->wheel_ms) + ms;
	h->peer = p;
	h->down = down;
	zmq_msg_init(&h->msg);
	zmq_msg_move(&h->msg, msg);
	TAILQ_INSERT_TAIL(&c->wheel[h->due_ms % WHEEL_MS], h, list);
	return h;
}

static int
on_tick(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct chaos *c = arg;
	int64_t now = clk_mono_ms();

	while (c->wheel_ms < now) {
		struct held_list *slot = &c->wheel[++c->wheel_ms % WHEEL_MS];

		while (!TAILQ_EMPTY(slot))
			held_give(c, TAILQ_FIRST(slot));
	}
	return c->ends ? -1 : 0;
}

/* ---- fates ---- */

struct verdict {
	enum chaos_fate fate;
	int ms;
};

/* Mostly short: the cube of an even chance. */
static int
draw_ms(struct dice *d, int most)
{
	double x = (double)dice_int(d, 0, 1000) / 1000;

	return 1 + (int)(x * x * x * (most - 1));
}

static void
begin_cut(struct peer *p, struct dice *d, int most)
{
	int which = dice_int(d, 0, 2);
	int64_t until = clk_mono_ms() + draw_ms(d, most);

	if (which != 0)
		p->lane[0].cut_until_ms = until;
	if (which != 1)
		p->lane[1].cut_until_ms = until;
	p->c->cuts++;
}

static struct verdict
judge(struct peer *p, bool down)
{
	struct lane *l = &p->lane[down];
	const struct chaos_odds *o = &p->c->odds[down];
	struct dice d = dice_of(p->c->seed, p->no * 2 + down, l->n++);
	struct verdict v = {CHAOS_PASS, 0};
	int x = dice_int(&d, 0, 9999);

	if (p->c->calm)
		return v;
	if (dice_int(&d, 0, 9999) < o->cut)
		begin_cut(p, &d, o->cut_ms);
	if (clk_mono_ms() < l->cut_until_ms)
		v.fate = CHAOS_CUT;
	else if ((x -= o->drop) < 0)
		v.fate = CHAOS_DROP;
	else if ((x -= o->twice) < 0)
		v = (struct verdict){CHAOS_TWICE, draw_ms(&d, o->delay_ms)};
	else if ((x -= o->delay) < 0)
		v = (struct verdict){CHAOS_DELAY, draw_ms(&d, o->delay_ms)};
	else if (x - o->swap < 0 && l->swap == NULL)
		v = (struct verdict){CHAOS_SWAP, SWAP_MS};
	return v;
}

static void
execute(struct peer *p, bool down, zmq_msg_t *msg, struct verdict v)
{
	struct lane *l = &p->lane[down];
	struct held *swap = l->swap;
	zmq_msg_t copy;

	switch (v.fate) {
	case CHAOS_DROP:
	case CHAOS_CUT:
		zmq_msg_close(msg);
		return;
	case CHAOS_SWAP:
		l->swap = hold(p, down, msg, v.ms);
		l->swap->swaps = l;
		return;
	case CHAOS_DELAY:
		hold(p, down, msg, v.ms);
		return;
	case CHAOS_TWICE:
		zmq_msg_init(&copy);
		zmq_msg_copy(&copy, msg);
		hold(p, down, &copy, v.ms);
		break;
	case CHAOS_PASS:
		break;
	}
	give(p, down, msg);
	if (swap != NULL)
		held_give(p->c, swap);
}

static void
handle(struct peer *p, bool down, zmq_msg_t *msg)
{
	struct chaos *c = p->c;
	struct verdict v = judge(p, down);
	struct note note = {.ms = clk_mono_ms() - c->start_ms,
	    .peer = p->no,
	    .down = down,
	    .fate = v.fate,
	    .held_ms = v.ms};

	struct span bytes = span_make(zmq_msg_data(msg), zmq_msg_size(msg));

	pthread_mutex_lock(&c->lock);
	trace_add(&c->trace, &note, bytes);
	pthread_mutex_unlock(&c->lock);
	if (c->on_message != NULL)
		c->on_message(c->ctx, bytes);
	c->messages++;
	execute(p, down, msg, v);
}

/* ---- sockets ---- */

static bool
receive(zsock_t *sock, zmq_msg_t *msg)
{
	zmq_msg_init(msg);
	if (zmq_msg_recv(msg, zsock_resolve(sock), ZMQ_DONTWAIT) >= 0)
		return true;
	zmq_msg_close(msg);
	return false;
}

static int
on_up_readable(zloop_t *loop UNUSED, zsock_t *sock UNUSED, void *arg)
{
	struct peer *p = arg;
	zmq_msg_t msg;
	int left = TURN_MAX;

	while (left-- > 0 && p->up != NULL && receive(p->up, &msg))
		handle(p, true, &msg);
	return 0;
}

static int
on_router_readable(zloop_t *loop UNUSED, zsock_t *sock, void *arg)
{
	struct chaos *c = arg;
	enum side side = sock == c->router[FRONT] ? FRONT : BACK;
	struct bus_peer id = {0};
	zmq_msg_t msg;
	int left = TURN_MAX;

	while (left-- > 0 && receive(sock, &msg)) {
		id.n = (uint8_t)MIN(zmq_msg_size(&msg), BUS_PEER_MAX);
		memcpy(id.id, zmq_msg_data(&msg), id.n);
		zmq_msg_close(&msg);
		if (receive(sock, &msg))
			handle(peer_of(c, side, &id), false, &msg);
	}
	return 0;
}

static zsock_t *
router_open(struct chaos *c, const char *endpoint)
{
	zsock_t *sock = zsock_new(ZMQ_ROUTER);

	zsock_set_linger(sock, 0);
	zsock_set_sndhwm(sock, HWM);
	zsock_set_rcvhwm(sock, HWM);
	zsock_set_router_mandatory(sock, 1);
	if (zmq_bind(zsock_resolve(sock), endpoint) != 0) {
		zsock_destroy(&sock);
		return NULL;
	}
	zloop_reader(c->loop, sock, on_router_readable, c);
	zloop_reader_set_tolerant(c->loop, sock);
	return sock;
}

static void
close_all(struct chaos *c)
{
	struct held *h;
	unsigned i;

	for (i = 0; i < WHEEL_MS; i++) {
		while ((h = TAILQ_FIRST(&c->wheel[i])) != NULL) {
			TAILQ_REMOVE(&c->wheel[i], h, list);
			zmq_msg_close(&h->msg);
			free(h);
		}
	}
	for (i = 0; i < c->n_peers; i++) {
		peer_close(c->peers[i]);
		free(c->peers[i]);
	}
	for (i = 0; i < SIDES; i++)
		zsock_destroy(&c->router[i]);
}

static void *
chaos_thread(void *arg)
{
	struct chaos *c = arg;

	zloop_timer(c->loop, TICK_MS, 0, on_tick, c);
	zloop_start(c->loop);
	close_all(c);
	return NULL;
}

struct chaos *
chaos_start(const struct chaos_spec *spec)
{
	struct chaos *c = xcalloc(1, sizeof(*c));
	int i;

	c->odds[0] = spec->up;
	c->odds[1] = spec->down;
	c->seed = spec->seed;
	c->on_message = spec->on_message;
	c->ctx = spec->ctx;
	c->to[FRONT] = xstrdup(spec->to_front);
	c->to[BACK] = xstrdup(spec->to_back);
	c->start_ms = c->wheel_ms = clk_mono_ms();
	for (i = 0; i < WHEEL_MS; i++)
		TAILQ_INIT(&c->wheel[i]);
	pthread_mutex_init(&c->lock, NULL);
	trace_init(&c->trace);
	c->loop = zloop_new();
	c->router[FRONT] = router_open(c, spec->front);
	c->router[BACK] = router_open(c, spec->back);
	if (c->router[FRONT] == NULL || c->router[BACK] == NULL ||
	    pthread_create(&c->thread, NULL, chaos_thread, c) != 0)
		abort();
	return c;
}

void
chaos_free(struct chaos *c)
{
	if (c == NULL)
		return;
	c->ends = true;
	pthread_join(c->thread, NULL);
	zloop_destroy(&c->loop);
	trace_done(&c->trace);
	pthread_mutex_destroy(&c->lock);
	free(c->to[FRONT]);
	free(c->to[BACK]);
	free(c);
}

void
chaos_calm(struct chaos *c)
{
	c->calm = true;
}

uint64_t
chaos_messages(struct chaos *c)
{
	return c->messages;
}

void
chaos_add_counts(struct chaos *c, struct chaos_counts *sum)
{
	int t, f;

	pthread_mutex_lock(&c->lock);
	sum->messages += c->trace.counts.messages;
	sum->cuts += c->cuts;
	for (t = 0; t < CHAOS_TYPES; t++)
		for (f = 0; f < CHAOS_FATES; f++)
			sum->by[t][f] += c->trace.counts.by[t][f];
	pthread_mutex_unlock(&c->lock);
}

void
chaos_print_trace(struct chaos *c, const char *run, FILE *out)
{
	pthread_mutex_lock(&c->lock);
	trace_print(&c->trace, run, out);
	pthread_mutex_unlock(&c->lock);
}
