/*
 * window.c - how much of events is on its way to each gateway.
 *
 * There are few gateways, so they are a list.
 */
#include "supervisor/run/window.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/clk.h"

struct window {
	LIST_ENTRY(window) all;
	struct bus_peer peer;
	uint64_t sent, seen; /* seen 0: it does not tell */
	int64_t heard_ms;
};

struct windows {
	LIST_HEAD(, window) all;
};

struct windows *
windows_new(void)
{
	struct windows *all = xcalloc(1, sizeof(*all));

	LIST_INIT(&all->all);
	return all;
}

static void
window_free(struct window *w)
{
	LIST_REMOVE(w, all);
	free(w);
}

void
windows_free(struct windows *all)
{
	while (all != NULL && !LIST_EMPTY(&all->all))
		window_free(LIST_FIRST(&all->all));
	free(all);
}

static struct window *
window_find(const struct windows *all, const struct bus_peer *peer)
{
	struct window *w;

	LIST_FOREACH(w, &all->all, all)
	if (bus_peer_equal(&w->peer, peer))
		return w;
	return NULL;
}

uint64_t
window_attach(struct windows *all, const struct bus_peer *peer, uint64_t seen)
{
	struct window *w = window_find(all, peer);

	if (w == NULL) {
		w = xcalloc(1, sizeof(*w));
		w->peer = *peer;
		w->sent = 1;
		LIST_INSERT_HEAD(&all->all, w, all);
	}
	w->heard_ms = clk_mono_ms();
	/* More than was sent was sent by another supervisor. */
	if (seen <= w->sent)
		w->seen = MAX(w->seen, seen);
	return w->sent;
}

bool
window_fits(
    const struct windows *all, const struct bus_peer *peer, size_t bytes)
{
	const struct window *w = window_find(all, peer);

	return w == NULL || w->seen == 0 || w->seen == w->sent ||
	       w->sent - w->seen + bytes <= WINDOW_BYTES;
}

uint64_t
window_after(
    const struct windows *all, const struct bus_peer *peer, size_t bytes)
{
	const struct window *w = window_find(all, peer);

	return w != NULL ? w->sent + bytes : 0;
}

void
window_sent(struct windows *all, const struct bus_peer *peer, size_t bytes)
{
	struct window *w = window_find(all, peer);

	if (w != NULL)
		w->sent += bytes;
}

void
window_forget(struct windows *all, int64_t now_ms,
    void (*gone)(void *ctx, const struct bus_peer *peer), void *ctx)
{
	struct window *w, *next;

	for (w = LIST_FIRST(&all->all); w != NULL; w = next) {
		next = LIST_NEXT(w, all);
		if (now_ms - w->heard_ms < WINDOW_SILENT_MS)
			continue;
		gone(ctx, &w->peer);
		window_free(w);
	}
}
