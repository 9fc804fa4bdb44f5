/* alert.c - waiting for a Prometheus, or for one that never answers. */
#include "tests/harness/alert.h"

#include "common/base/rc.h"
#include "tests/harness/loop.h"
#include "tests/harness/ask.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { FIRE_MS = AWAIT_MS };

struct asked {
	char *url;
	int n;
};

static bool
alert_fires(void *ctx)
{
	const struct asked *a = ctx;
	struct answer *w = ask(NULL, a->url, NULL, NULL);
	const char *at = w->body;
	int n = 0;

	while ((at = strstr(at, "\"metric\"")) != NULL) {
		at++;
		n++;
	}
	answer_free(w);
	return n >= a->n;
}

void
alert_await(const char *url, const char *alert, int n)
{
	struct asked a = {.n = n,
	    .url = xasprintf("%s/api/v1/query?query=ALERTS%%7Balertname%%3D%%22"
			     "%s%%22,alertstate%%3D%%22firing%%22%%7D",
		url, alert)};
	bool fires = await(alert_fires, &a, FIRE_MS);

	free(a.url);
	ck_assert_msg(fires, "the alert %s does not fire", alert);
}

char *
hanging_url(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return xasprintf("http://127.0.0.1:%d", ntohs(a.sin_port));
}
