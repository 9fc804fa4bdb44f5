/*
 * up.c - culprit-up: its arguments, --help and --check.
 */
#include "gateway/up/up.h"

#include "common/base/failpoint.h"
#include "common/agent/limits.h"
#include "common/base/log.h"
#include "gateway/up/child.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "Usage: culprit up [OPTION…]\n\n"
    "  run gateway, supervisor, planners and executors here\n\n"
    "Prints `ready http://HOST:PORT` once investigations are taken. Ends all "
    "its\nprocesses on SIGINT or SIGTERM; a second one does not wait for "
    "them. Takes every\noption of the processes it starts.\n\n";

static const char exits[] =
    "\nExit status: 0 ended as it was asked to; 1 failed; 2 wrong usage; 4 out "
    "of memory.\n";

/* Asks one of each kind. */
static int
up_check(const struct conf *conf)
{
	static const struct {
		const char *name;
		unsigned who;
	} kinds[] = {
	    {"supervisor", CONF_SUPERVISOR},
	    {"gateway", CONF_GATEWAY},
	    {"planner", CONF_PLANNER},
	    {"executor", CONF_EXECUTOR},
	};
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct child *c =
		    child_new(kinds[i].name, kinds[i].who, 0, conf);

		good = child_check(c) && good;
		child_free(c);
	}
	return good ? UP_DONE : UP_FAILED;
}

/* What conf_load leaves to the process. */
static enum rc
up_accept(const struct conf *conf, struct err *err)
{
	if (conf->n_args > 0 && strncmp(conf->args[0], "--", 2) == 0)
		return err_set(
		    err, RC_INVALID, "there is no option %s", conf->args[0]);
	if (conf->n_args > 0)
		return err_set(err, RC_INVALID,
		    "takes no arguments; \"%s\" is one", conf->args[0]);
	if (conf->once || conf->alive)
		return err_set(err, RC_INVALID, "has no --%s; the agents do",
		    conf->once ? "once" : "alive");
	if (!log_open("up", conf->log_level))
		return err_set(err, RC_INVALID,
		    "log-level must be debug, info, warn or error, not \"%s\"",
		    conf->log_level);
	return RC_OK;
}

static int
up_go(const struct conf *conf)
{
	struct err err;
	int status = UP_FAILED;
	enum rc rc = limits_set(conf, &err);

	if (rc == RC_OK)
		rc = failpoint_open(conf->data_dir, &err);
	if (rc == RC_OK)
		rc = up_run(conf, &status, &err);
	if (rc != RC_OK)
		fprintf(stderr, "culprit up: %s\n", err.text);
	return status;
}

static int
up_do(const struct conf *conf)
{
	if (conf->help) {
		fputs(help, stdout);
		conf_help(stdout, CONF_ALL);
		fputs(exits, stdout);
		return UP_DONE;
	}
	if (conf->version) {
		puts("culprit " CULPRIT_VERSION);
		return UP_DONE;
	}
	return conf->check ? up_check(conf) : up_go(conf);
}

int
up_main(int argc, char **argv)
{
	struct conf conf = {0};
	struct err err;
	int status = UP_USAGE;
	enum rc rc = conf_load(&conf, argc, argv, CONF_CLI, &err);

	signal(SIGPIPE, SIG_IGN);
	if (rc == RC_OK && !conf.help && !conf.version)
		rc = up_accept(&conf, &err);
	if (rc == RC_OK)
		status = up_do(&conf);
	else
		fprintf(stderr, "culprit up: %s\nSee: culprit up --help\n",
		    err.text);
	conf_done(&conf);
	return status;
}
