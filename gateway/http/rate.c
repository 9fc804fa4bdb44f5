/*
 * rate.c - how often one client may ask.
 *
 * Of each client there is one number: when all it has asked for is paid, at
 * an interval each (the generic cell rate algorithm). A client whose debt is
 * over is as good as unknown, so that nothing has to be cleaned up.
 *
 * Invariant: a client is in the one set its keyed hash names, so nobody can
 * choose addresses that push out a certain other one.
 */
#include "gateway/http/rate.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/base/rc.h"

enum { SET = 8, SETS = RATE_CLIENTS_MAX / SET, SECOND_US = 1000000 };

struct client {
	uint64_t name; /* of its address */
	int64_t paid_us;
};

struct rate {
	int64_t interval_us, credit_us;
	bool spares_loopback;
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct client sets[SETS][SET];
};

struct rate *
rate_new(const struct rate_spec *spec)
{
	struct rate *r;

	if (spec->per_s == 0)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->interval_us = SECOND_US / spec->per_s;
	r->credit_us = r->interval_us * (spec->burst - 1);
	r->spares_loopback = spec->spares_loopback;
	randombytes_buf(r->key, sizeof(r->key));
	return r;
}

void
rate_free(struct rate *r)
{
	free(r);
}

/* An IPv4 address that came in over IPv6 is one all the same. */
struct address {
	unsigned char bytes[8];
	size_t n;
	bool loopback;
};

static struct address
address_of(const struct sockaddr *who)
{
	const struct sockaddr_in6 *six = (const void *)who;
	const struct sockaddr_in *four = (const void *)who;
	struct address a = {.n = 0};
	const unsigned char *p = NULL;

	if (who->sa_family == AF_INET)
		p = (const unsigned char *)&four->sin_addr;
	else if (who->sa_family == AF_INET6 &&
		 IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		p = &six->sin6_addr.s6_addr[12];
	if (p != NULL) {
		a.n = 4;
		memcpy(a.bytes, p, a.n);
		a.loopback = p[0] == 127;
	} else if (who->sa_family == AF_INET6) {
		a.n = 8;
		memcpy(a.bytes, &six->sin6_addr, a.n);
		a.loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	}
	return a;
}

/* Its place, or that of whoever owes least in its set. */
static struct client *
client_find(struct rate *r, const struct address *a)
{
	unsigned char hash[crypto_shorthash_BYTES];
	struct client *set, *least;
	uint64_t name;
	int i;

	crypto_shorthash(hash, a->bytes, a->n, r->key);
	memcpy(&name, hash, sizeof(name));
	set = least = r->sets[name % SETS];
	for (i = 0; i < SET; i++) {
		if (set[i].name == name)
			return &set[i];
		if (set[i].paid_us < least->paid_us)
			least = &set[i];
	}
	*least = (struct client){.name = name};
	return least;
}

int
rate_take(struct rate *r, const struct sockaddr *who, int64_t now_us)
{
	struct address a;
	struct client *c;
	int64_t wait_us;

	if (r == NULL)
		return 0;
	a = address_of(who);
	if (a.loopback && r->spares_loopback)
		return 0;
	c = client_find(r, &a);
	wait_us = c->paid_us - r->credit_us - now_us;
	if (wait_us > 0)
		return (int)((wait_us + SECOND_US - 1) / SECOND_US);
	c->paid_us = MAX(c->paid_us, now_us) + r->interval_us;
	return 0;
}
