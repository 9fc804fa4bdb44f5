/*
 * house.c - a running `culprit up` in a scratch folder, and its client.
 */
#include "tests/harness/house.h"

#include "common/base/rc.h"
#include "tests/harness/ask.h"
#include "tests/harness/texts.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MAX = 48, IN_MAX = 7 };

struct house {
	struct proc *up;
	char *dir;
	char *data;
	char *url;
	char *prometheus_url;
	char *in[IN_MAX + 1];
	int n_run;
};

struct args {
	const char *v[ARGS_MAX];
	size_t n;
};

static void
args_add(struct args *a, const char *arg)
{
	ck_assert_uint_lt(a->n, ARGS_MAX - 1);
	a->v[a->n++] = arg;
}

static void
args_add_all(struct args *a, const char *const *args)
{
	for (; args != NULL && *args != NULL; args++)
		args_add(a, *args);
}

static void
args_add_in(struct args *a, const struct house *h)
{
	for (size_t i = 0; h->in[i] != NULL; i++)
		args_add(a, h->in[i]);
}

static struct proc *
house_spawn_up(struct house *h, const struct house_spec *spec)
{
	auto_str up = program("culprit");
	auto_str data = xasprintf("--data-dir=%s", h->data);
	auto_str prometheus =
	    xasprintf("--prometheus-url=%s", h->prometheus_url);
	auto_str script = xasprintf("%s/plans.json", h->dir);
	auto_str option = xasprintf("--planner-script=%s", script);
	struct args a = {0};

	args_add_in(&a, h);
	args_add(&a, up);
	args_add(&a, "up");
	args_add(&a, "--listen=127.0.0.1:0");
	args_add(&a, data);
	args_add(&a, prometheus);
	if (spec->script != NULL) {
		file_write(script, spec->script);
		args_add(&a, "--planner=script");
		args_add(&a, option);
	}
	args_add_all(&a, spec->more);
	return proc_start(&(struct proc_spec){
	    .argv = a.v, .env = spec->env, .dir = h->dir, .name = "up"});
}

struct house *
house_start(const struct house_spec *spec)
{
	struct house *h = xcalloc(1, sizeof(*h));

	for (size_t i = 0; spec->in != NULL && spec->in[i] != NULL; i++) {
		ck_assert_uint_lt(i, IN_MAX);
		h->in[i] = xstrdup(spec->in[i]);
	}
	h->dir = scratch_new();
	h->data = spec->data != NULL ? xstrdup(spec->data)
				     : xasprintf("%s/data", h->dir);
	h->prometheus_url = spec->prometheus_url != NULL
				? xstrdup(spec->prometheus_url)
				: xasprintf("http://127.0.0.1:%d", port_free());
	h->up = house_spawn_up(h, spec);
	if (!spec->not_ready)
		house_await_ready(h);
	return h;
}

void
house_again(struct house *h, const struct house_spec *spec)
{
	auto_str out = xasprintf("%s/up.out", h->dir);

	proc_free(h->up);
	/* Its predecessor's line must not be taken for its own. */
	file_write(out, "");
	h->up = house_spawn_up(h, spec);
}

void
house_await_ready(struct house *h)
{
	bool ready = proc_await_out(h->up, "\n", HOUSE_MS);
	auto_str out = proc_out(h->up);
	auto_str log = proc_err(h->up);

	ck_assert_msg(ready && strncmp(out, "ready http://", 13) == 0,
	    "`culprit up` is not ready; it says:\n%s", text_tail(log));
	out[strcspn(out, "\n")] = '\0';
	free(h->url);
	h->url = xstrdup(out + 6);
}

static long
house_readiness(struct house *h)
{
	auto_str url = house_url(h, "/readyz");
	struct answer *a = ask(NULL, url, NULL, NULL);
	long status = a->status;

	answer_free(a);
	return status;
}

static bool
house_is_well(void *arg)
{
	return house_readiness(arg) == 200;
}

static bool
house_is_not_ready(void *arg)
{
	return house_readiness(arg) == 503;
}

void
house_await_well(struct house *h)
{
	ck_assert_msg(await(house_is_well, h, HOUSE_MS),
	    "/readyz does not say that all is there");
}

void
house_await_not_ready(struct house *h)
{
	ck_assert_msg(await(house_is_not_ready, h, HOUSE_MS),
	    "/readyz does not notice what is missing");
}

void
house_drop(struct house *h)
{
	proc_free(h->up);
	scratch_free(h->dir);
	free(h->data);
	free(h->url);
	free(h->prometheus_url);
	for (size_t i = 0; i < IN_MAX; i++)
		free(h->in[i]);
	free(h);
}

void
house_stop(struct house *h)
{
	auto_str log = NULL;
	const char *complaint;
	int status;

	proc_signal(h->up, SIGTERM);
	status = proc_wait(h->up, HOUSE_MS);
	log = proc_err(h->up);
	complaint = strstr(log, "Sanitizer");
	if (complaint == NULL)
		complaint = strstr(log, "runtime error");
	ck_assert_msg(complaint == NULL, "a sanitizer complained: %.6000s",
	    complaint);
	ck_assert_msg(status == 0 || status == 128 + SIGKILL,
	    "`culprit up` ended with status %d; it says:\n%s", status,
	    text_tail(log));
}

void
house_free(struct house *h)
{
	if (h == NULL)
		return;
	house_stop(h);
	house_drop(h);
}

struct proc *
house_up(const struct house *h)
{
	return h->up;
}

const char *
house_dir(const struct house *h)
{
	return h->dir;
}

const char *
house_data(const struct house *h)
{
	return h->data;
}

char *
house_url(struct house *h, const char *path)
{
	if (h->url == NULL)
		house_await_ready(h);
	return xasprintf("%s%s", h->url, path);
}

cJSON *
house_json(struct house *h, const char *path)
{
	auto_str url = house_url(h, path);
	struct answer *w = ask(NULL, url, NULL, NULL);
	cJSON *tree = cJSON_Parse(w->body);

	ck_assert_msg(w->status == 200, "%s: %ld %s", path, w->status, w->body);
	ck_assert_msg(tree != NULL, "%s: %s", path, w->body);
	answer_free(w);
	return tree;
}

pid_t
house_child(const struct house *h, const char *child)
{
	auto_str log = proc_err(h->up);
	auto_str key = xasprintf("msg=started child=%s pid=", child);
	const char *at = log;
	pid_t pid = 0;

	while ((at = strstr(at, key)) != NULL) {
		at += strlen(key);
		pid = (pid_t)strtol(at, NULL, 10);
	}
	return pid;
}

struct proc *
house_client(struct house *h, const char *name, const char *const *args)
{
	auto_str culprit = program("culprit");
	auto_str data = xasprintf("--data-dir=%s", h->data);
	struct args a = {0};

	args_add_in(&a, h);
	args_add(&a, culprit);
	args_add(&a, args[0]);
	args_add(&a, data);
	args_add_all(&a, args + 1);
	return proc_start(
	    &(struct proc_spec){.argv = a.v, .dir = h->dir, .name = name});
}

int
house_run(
    struct house *h, const char *const *args, char **ret_out, char **ret_err)
{
	auto_str name = xasprintf("client-%d", h->n_run++);
	struct proc *p = house_client(h, name, args);
	int status = proc_wait(p, HOUSE_MS);

	if (ret_out != NULL)
		*ret_out = proc_out(p);
	if (ret_err != NULL)
		*ret_err = proc_err(p);
	proc_free(p);
	return status;
}

static struct proc *
worker_start(struct house *h, bool in, const char *kind, const char *name,
    const char *const *more)
{
	auto_str file = xasprintf("culprit-%s", kind);
	auto_str path = program(file);
	auto_str data = xasprintf("--data-dir=%s", h->data);
	auto_str as = xasprintf("--name=%s", name);
	auto_str prometheus =
	    xasprintf("--prometheus-url=%s", h->prometheus_url);
	struct args a = {0};

	if (in)
		args_add_in(&a, h);
	args_add(&a, path);
	args_add(&a, data);
	args_add(&a, as);
	if (strcmp(kind, "executor") == 0)
		args_add(&a, prometheus);
	args_add_all(&a, more);
	return proc_start(
	    &(struct proc_spec){.argv = a.v, .dir = h->dir, .name = name});
}

struct proc *
house_worker(struct house *h, const char *kind, const char *name,
    const char *const *more)
{
	return worker_start(h, true, kind, name, more);
}

struct proc *
house_worker_here(struct house *h, const char *kind, const char *name,
    const char *const *more)
{
	return worker_start(h, false, kind, name, more);
}
