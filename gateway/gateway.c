/*
 * gateway.c - the process: its parts put together, started and ended.
 */
#include "gateway/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/agent/dial.h"
#include "common/agent/targets.h"
#include "common/net/http.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "gateway/api/api.h"
#include "gateway/api/courier.h"
#include "gateway/api/routes.h"
#include "gateway/http/gate.h"

enum { DRAIN_STEP_MS = 20, DRAIN_STEPS = 250, RATE_USUAL = 100 };

struct gateway {
	struct agent *a;
	struct gate *gate;
	struct rate *rate;
	struct link *link;
	struct api *api;
	struct server *server;
	struct courier *courier;
	int drain_left;
};

static bool
host_is_wildcard(const char *host)
{
	return *host == '\0' || strcmp(host, "0.0.0.0") == 0 ||
	       strcmp(host, "[::]") == 0;
}

static enum rc
gate_open(const struct conf *conf, struct gate **ret_gate, bool *ret_token,
    struct err *err)
{
	const char *colon = strrchr(conf->listen, ':');
	auto_str host = xstrndup(
	    conf->listen, colon != NULL ? (size_t)(colon - conf->listen) : 0);
	auto_str token = NULL;
	struct gate_spec spec = {.listen_host = host,
	    .wildcard = host_is_wildcard(host),
	    .hosts = conf->hosts,
	    .cors = conf->cors_origin,
	    .approver_file = conf->approver_token_file};
	enum rc rc = conf_secret(conf->token, conf->token_file, &token, err);

	if (rc != RC_OK)
		return rc;
	spec.token = token;
	*ret_token = token != NULL;
	return gate_new(&spec, ret_gate, err);
}

/* Written beside and renamed, so that no reader sees half of it. */
static enum rc
address_write(const char *dir, const char *address, struct err *err)
{
	auto_str path = xasprintf("%s/gateway.addr", dir);
	auto_str temp = xasprintf("%s.%ld", path, (long)getpid());
	auto_str line = xasprintf("%s\n", address);
	ssize_t n = -1;
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd >= 0) {
		n = write(fd, line, strlen(line));
		close(fd);
	}
	if (n == (ssize_t)strlen(line) && rename(temp, path) == 0)
		return RC_OK;
	return err_set(
	    err, RC_IO, "cannot write %s: %s", path, strerror(errno));
}

static void
on_turn(void *ctx)
{
	struct gateway *g = ctx;

	if (g->server != NULL)
		server_turn(g->server);
}

static enum rc
is_guarded(const struct conf *c, const struct door *door, bool has_token,
    struct err *err)
{
	if (door_is_loopback(door) || has_token || c->allow_remote)
		return RC_OK;
	return err_set(err, RC_DENIED,
	    "%s can be reached from other machines, and no token is set: set "
	    "one with --token-file or CULPRIT_TOKEN, listen on 127.0.0.1, or "
	    "say --allow-remote yes if something else guards it",
	    c->listen);
}

static struct rate *
rate_open(const struct conf *c)
{
	const struct rate_spec usual = {
	    .per_s = RATE_USUAL, .burst = c->rate_burst, .spares_loopback = true};
	const struct rate_spec said = {.per_s = c->rate, .burst = c->rate_burst};

	return rate_new(c->rate < 0 ? &usual : &said);
}

static enum rc
server_open(struct gateway *g, bool has_token, struct err *err)
{
	const struct conf *c = agent_conf(g->a);
	const struct server_spec spec = {
	    .door = {.listen = c->listen,
		.connections_max = (unsigned)c->connections_max,
		.head_ms = c->request_s * 1000},
	    .gate = g->gate,
	    .rate = g->rate,
	    .request_ms = c->request_s * 1000,
	    .keepalive_ms = c->keepalive_s * 1000,
	    .stall_ms = c->stall_s * 1000,
	    .routes = routes,
	    .api = g->api,
	    .on_gone = api_on_gone,
	    .on_drained = api_on_drained,
	};
	enum rc rc = server_new(agent_loop(g->a), &spec, &g->server, err);

	if (rc != RC_OK)
		return rc;
	rc = is_guarded(c, server_door(g->server), has_token, err);
	if (rc != RC_OK)
		return rc;
	if (!door_is_loopback(server_door(g->server)))
		gate_remote(g->gate);
	FAILPOINT(gateway_listens);
	return address_write(
	    c->data_dir, door_reachable(server_door(g->server)), err);
}

/* Where people are sent who are told of a report. */
static enum rc
courier_open(struct gateway *g, struct err *err)
{
	const char *page = agent_conf(g->a)->public_url;
	auto_str here =
	    xasprintf("http://%s", door_reachable(server_door(g->server)));

	return courier_new(
	    g->a, g->link, page != NULL ? page : here, &g->courier, err);
}

static void
gateway_free(struct gateway *g)
{
	server_free(g->server);
	courier_free(g->courier);
	link_free(g->link);
	api_free(g->api);
	gate_free(g->gate);
	rate_free(g->rate);
	free(g);
}

static enum rc
gateway_start(struct agent *a, void **ret_state, struct err *err)
{
	struct gateway *g = xcalloc(1, sizeof(*g));
	bool has_token = false;
	enum rc rc;

	g->a = a;
	g->rate = rate_open(agent_conf(a));
	rc = gate_open(agent_conf(a), &g->gate, &has_token, err);
	if (rc == RC_OK)
		rc = link_new(a, on_turn, g, &g->link, err);
	if (rc == RC_OK) {
		const struct conf *c = agent_conf(a);

		g->api = api_new(g->link, c->language, g->gate,
		    c->prometheus_link != NULL ? c->prometheus_link
					       : c->prometheus_url,
		    c->heartbeats);
		rc = server_open(g, has_token, err);
	}
	if (rc == RC_OK)
		rc = courier_open(g, err);
	if (rc != RC_OK) {
		gateway_free(g);
		return rc;
	}
	log_info(
	    "listening", "address", door_address(server_door(g->server)), NULL);
	*ret_state = g;
	return RC_OK;
}

static int
on_drain_step(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct gateway *g = arg;

	if (server_busy(g->server) == 0 || --g->drain_left == 0)
		agent_stop(g->a);
	return 0;
}

static void
gateway_drain(void *state)
{
	struct gateway *g = state;

	FAILPOINT(gateway_drains);
	server_drain(g->server);
	g->drain_left = DRAIN_STEPS;
	zloop_timer(agent_loop(g->a), DRAIN_STEP_MS, 0, on_drain_step, g);
}

static void
gateway_stop(void *state)
{
	gateway_free(state);
}

/* Whether it is the gateway of this data directory that has the address. */
static bool
is_running(const struct conf *conf)
{
	auto_str path = xasprintf("%s/gateway.addr", conf->data_dir);
	char line[256] = "";
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return strcmp(strrchr(line, ':') != NULL ? strrchr(line, ':') : "",
		   strrchr(conf->listen, ':') != NULL
		       ? strrchr(conf->listen, ':')
		       : "-") == 0;
}

/* Listens there for a moment; at a free port where one of ours does. */
static enum rc
address_check(const struct conf *conf, bool has_token, struct err *err)
{
	const char *colon = strrchr(conf->listen, ':');
	auto_str any = xasprintf("%.*s:0",
	    colon != NULL ? (int)(colon - conf->listen) : 0, conf->listen);
	struct door_spec spec = {
	    .listen = is_running(conf) ? any : conf->listen,
	    .connections_max = 16,
	    .head_ms = 1000};
	zloop_t *loop = zloop_new();
	struct door *door = NULL;
	enum rc rc = door_new(loop, &spec, &door, err);

	if (rc == RC_OK)
		rc = is_guarded(conf, door, has_token, err);
	door_free(door);
	zloop_destroy(&loop);
	return rc;
}

/* --check: whether the token, the names and the keys can be read, and the
 * address is one it would listen on. */
static enum rc
gateway_check(const struct conf *conf, struct err *err)
{
	struct targets *targets = xcalloc(1, sizeof(*targets));
	struct gate *gate = NULL;
	bool has_token = false;
	enum rc rc = gate_open(conf, &gate, &has_token, err);

	gate_free(gate);
	if (rc == RC_OK)
		rc = address_check(conf, has_token, err);
	if (rc == RC_OK)
		rc = targets_read(
		    conf->notify_file, http_check_url, targets, err);
	free(targets);
	if (rc == RC_OK)
		rc = dial_check(conf, conf->front, err);
	return rc;
}

const struct agent_spec gateway_spec = {
    .name = "gateway",
    .what = "answers HTTP for Culprit and streams what it finds",
    .who = CONF_GATEWAY,
    .start = gateway_start,
    .drain = gateway_drain,
    .stop = gateway_stop,
    .check = gateway_check,
};
