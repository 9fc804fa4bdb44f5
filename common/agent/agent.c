/*
 * agent.c - the skeleton of a process: arguments, signals, loop, drain.
 *
 * Signals arrive through a descriptor on the loop, so that a handler is
 * ordinary code; they are blocked before any thread exists.
 */
#include "common/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/agent/alive.h"
#include "common/base/failpoint.h"
#include "common/agent/limits.h"
#include "common/base/log.h"

enum { EXIT_USAGE = 2 };

struct agent {
	const struct agent_spec *spec;
	int argc;
	char **argv;
	struct conf conf;
	zloop_t *loop;
	void *state;
	char *name;
	int signal_fd;
	bool draining;
	bool stopping;
	bool failed;
};

zloop_t *
agent_loop(struct agent *a)
{
	return a->loop;
}

const struct conf *
agent_conf(const struct agent *a)
{
	return &a->conf;
}

const char *
agent_name(const struct agent *a)
{
	return a->name;
}

static int
tick_stop(zloop_t *loop UNUSED, int timer UNUSED, void *arg UNUSED)
{
	return -1;	/* ends the loop */
}

void
agent_stop(struct agent *a)
{
	if (a->stopping)
		return;
	a->stopping = true;
	zloop_timer(a->loop, 0, 1, tick_stop, NULL);
}

void
agent_fail(struct agent *a)
{
	a->failed = true;
	agent_stop(a);
}

static int
drain_late(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	struct agent *a = arg;

	log_warn("did not finish in time; ending", NULL);
	agent_stop(a);
	return 0;
}

static int
on_kept(zloop_t *loop UNUSED, int timer UNUSED, void *arg UNUSED)
{
	log_tell_kept(false);
	limits_tell();
	return 0;
}

static int
on_alive(zloop_t *loop UNUSED, int timer UNUSED, void *arg)
{
	const struct agent *a = arg;
	struct err err;

	if (a->spec->is_well != NULL && !a->spec->is_well(a->state))
		return 0;
	if (alive_tell(a->conf.alive_file, &err) != RC_OK)
		log_often(LOG_LEVEL_WARN, "no sign of life is given", "reason",
		    err.text, NULL);
	return 0;
}

/* Flags and environment are what they were; the file may be another. */
static void
reload(struct agent *a)
{
	struct conf now;
	struct err err;

	if (conf_load(&now, a->argc, a->argv, a->spec->who, &err) != RC_OK) {
		log_error("the configuration stays as it was", "reason",
		    err.text, NULL);
		return;
	}
	a->spec->reload(a->state, &now);
	conf_done(&now);
}

static int
on_signal(zloop_t *loop, zmq_pollitem_t *item, void *arg)
{
	struct agent *a = arg;
	struct signalfd_siginfo info;

	if (read(item->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (info.ssi_signo == SIGHUP) {
		reload(a);
		return 0;
	}
	if (a->draining || a->spec->drain == NULL) {
		agent_stop(a);
		return 0;
	}
	a->draining = true;
	log_debug("draining", "signal", strsignal((int)info.ssi_signo), NULL);
	zloop_timer(loop, AGENT_DRAIN_MS, 1, drain_late, a);
	a->spec->drain(a->state);
	return 0;
}

static int
signals_open(const struct agent_spec *spec)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (spec->reload != NULL)
		sigaddset(&set, SIGHUP);
	else
		signal(SIGHUP, SIG_IGN);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* mkdir -p; the last folder is private, since the ipc sockets in it are the
 * only guard of the processes on this machine. */
static enum rc
data_dir_make(const char *path, struct err *err)
{
	auto_str p = xstrdup(path);
	struct stat st;
	char *at;

	for (at = strchr(p + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(p, 0755) != 0 && errno != EEXIST)
			break;
		*at = '/';
	}
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return err_set(err, RC_IO, "cannot make the data folder %s: "
		    "%s; choose another with --data-dir", path,
		    strerror(errno));
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(err, RC_IO, "%s is not a folder", path);
	if (st.st_uid != geteuid())
		return err_set(err, RC_DENIED, "the data folder %s belongs to "
		    "another user", path);
	if ((st.st_mode & 077) != 0 && chmod(path, 0700) != 0)
		return err_set(err, RC_IO, "cannot make %s private: %s", path,
		    strerror(errno));
	return RC_OK;
}

static int
run_loop(struct agent *a)
{
	zmq_pollitem_t item = {.fd = a->signal_fd, .events = ZMQ_POLLIN};
	struct err err;
	enum rc rc = failpoint_open(a->conf.data_dir, &err);

	if (rc == RC_OK)
		rc = data_dir_make(a->conf.data_dir, &err);
	if (rc == RC_OK)
		rc = a->spec->start(a, &a->state, &err);
	if (rc != RC_OK) {
		log_error("cannot start", "reason", err.text, NULL);
		return rc == RC_INVALID || rc == RC_DENIED ? AGENT_EXIT_REFUSED
							   : EXIT_FAILURE;
	}
	zloop_poller(a->loop, &item, on_signal, a);
	zloop_poller_set_tolerant(a->loop, &item);
	zloop_timer(a->loop, LOG_OFTEN_MS, 0, on_kept, NULL);
	if (a->conf.alive_file != NULL)
		zloop_timer(a->loop, ALIVE_MS, 0, on_alive, a);
	zloop_start(a->loop);
	if (a->spec->stop != NULL)
		a->spec->stop(a->state);
	log_tell_kept(true);
	limits_tell();
	return a->failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run(struct agent *a)
{
	int status;

	zsys_handler_set(NULL);
	a->signal_fd = signals_open(a->spec);
	a->loop = zloop_new();
	/* Its own signal handling must stay off as well. */
	zloop_set_nonstop(a->loop, true);
	status = run_loop(a);
	zloop_destroy(&a->loop);
	close(a->signal_fd);
	return status;
}

static void
help(const struct agent_spec *spec)
{
	printf("culprit-%s - %s\n\nUsage: culprit-%s [options]%s\n\n",
	    spec->name, spec->what, spec->name,
	    spec->once != NULL ? "\n       (with --once: one job from standard input)" : "");
	puts("--alive asks after the process that writes --alive-file here: "
	     "exit status 0 or 1.\n");
	conf_help(stdout, spec->who);
}

static int
check(struct agent *a)
{
	struct err err;

	if (a->spec->check != NULL &&
	    a->spec->check(&a->conf, &err) != RC_OK) {
		fprintf(stderr, "culprit-%s: %s\n", a->spec->name, err.text);
		return EXIT_FAILURE;
	}
	printf("culprit-%s: configuration is good\n", a->spec->name);
	return EXIT_SUCCESS;
}

static int
alive(const struct agent *a)
{
	struct err err;

	if (a->conf.alive_file == NULL) {
		fprintf(stderr, "culprit-%s: --alive asks after the process "
		    "that writes --alive-file, and none is named\n",
		    a->spec->name);
		return EXIT_USAGE;
	}
	if (alive_ask(a->conf.alive_file, &err) != RC_OK) {
		fprintf(stderr, "culprit-%s: %s\n", a->spec->name, err.text);
		return EXIT_FAILURE;
	}
	printf("culprit-%s: alive\n", a->spec->name);
	return EXIT_SUCCESS;
}

/* Does what the arguments ask for. */
static int
dispatch(struct agent *a)
{
	const struct conf *c = &a->conf;
	struct err err;
	int status;

	if (a->spec->extra != NULL && c->n_args > 0 &&
	    a->spec->extra(c, &status))
		return status;
	if (c->n_args > 0) {
		fprintf(stderr, "culprit-%s: \"%s\" is not an option here; "
		    "see --help\n", a->spec->name, c->args[0]);
		return EXIT_USAGE;
	}
	if (c->alive)
		return alive(a);
	if (limits_set(c, &err) != RC_OK) {
		log_error("cannot start", "reason", err.text, NULL);
		return EXIT_FAILURE;
	}
	if (c->check)
		return check(a);
	if (c->once && a->spec->once == NULL) {
		fprintf(stderr, "culprit-%s: has no --once; it is the planner "
		    "and the executor that do\n", a->spec->name);
		return EXIT_USAGE;
	}
	if (c->unsafe && !c->once) {
		fprintf(stderr, "culprit-%s: --unsafe goes with the executor's "
		    "--once\n", a->spec->name);
		return EXIT_USAGE;
	}
	if (c->explain && !c->once) {
		fprintf(stderr, "culprit-%s: --explain goes with the planner's "
		    "--once\n", a->spec->name);
		return EXIT_USAGE;
	}
	if (c->once)
		return a->spec->once(c, stdin, stdout);
	return run(a);
}

/* In a container every process is number 1, but each has a host name. */
static char *
make_name(const struct agent *a)
{
	char host[65] = "";

	if (a->conf.name != NULL)
		return xstrdup(a->conf.name);
	if (getpid() != 1 || gethostname(host, sizeof(host) - 1) != 0)
		return xasprintf("%s-%ld", a->spec->name, (long)getpid());
	return xasprintf("%s-%s", a->spec->name, host);
}

int
agent_main(int argc, char **argv, const struct agent_spec *spec)
{
	struct agent a = {.spec = spec, .argc = argc, .argv = argv};
	struct err err;
	int status = EXIT_SUCCESS;

	if (conf_load(&a.conf, argc, argv, spec->who, &err) != RC_OK) {
		fprintf(stderr, "culprit-%s: %s\n", spec->name, err.text);
		return EXIT_USAGE;
	}
	if (!log_open(spec->name, a.conf.log_level)) {
		fprintf(stderr, "culprit-%s: log-level must be debug, info, "
		    "warn or error, not \"%s\"\n", spec->name,
		    a.conf.log_level);
		conf_done(&a.conf);
		return EXIT_USAGE;
	}
	a.name = make_name(&a);
	if (a.conf.help)
		help(spec);
	else if (a.conf.version)
		printf("culprit-%s %s\n", spec->name, CULPRIT_VERSION);
	else
		status = dispatch(&a);
	free(a.name);
	conf_done(&a.conf);
	return status;
}
