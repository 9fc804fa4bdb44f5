/*
 * failpoint.c - moments at which a build for tests dies, hangs or fails.
 *
 * The table is set before any thread exists; after that only counters and
 * flags of it change, and those are atomic.
 */
#include "common/base/failpoint.h"

#ifdef CULPRIT_FAILPOINTS

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 40, EXIT_STATUS = 1 };

enum action { ACT_NONE, ACT_KILL, ACT_HANG, ACT_EXIT, ACT_TERM, ACT_ERROR };

enum { NO, YES };

#define SUPERVISOR "supervisor"
#define WORKER "worker"
#define PLANNER "planner"
#define EXECUTOR "executor"
#define GATEWAY "gateway"
#define UP "up"

static const struct failpoint_info infos[FP_COUNT] = {
#define FP(name, who, fails, moment) {#name, who, moment, fails},
#include "common/base/failpoints.def"
#undef FP
};

static struct {
	enum action action;
	long ms; /* hang for so long; 0: for good */
	long at; /* the hit it happens at */
	bool always;
	atomic_long hits;
} table[FP_COUNT];

static char *folder; /* of the marks; NULL: none are left */
static int log_fd = -1;

const struct failpoint_info *
failpoint_info(enum failpoint f)
{
	return &infos[f];
}

/* ---- reading the list ---- */

/* How many single changes make b of a. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_BYTES + 1];
	size_t n = strnlen(b, NAME_MAX_BYTES);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0' && i < NAME_MAX_BYTES; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t change = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(change, 1 + MIN(row[j], row[j + 1]));
		}
	}
	return row[n];
}

static enum rc
find(const char *name, enum failpoint *ret, struct err *err)
{
	enum failpoint f, near = 0;

	for (f = 0; f < FP_COUNT; f++) {
		if (strcmp(infos[f].name, name) == 0) {
			*ret = f;
			return RC_OK;
		}
		if (distance(name, infos[f].name) <
		    distance(name, infos[near].name))
			near = f;
	}
	return err_set(err, RC_INVALID,
	    "CULPRIT_FAILPOINT: there is no \"%.60s\"; the nearest is %s, and "
	    "common/base/failpoints.def has all of them",
	    name, infos[near].name);
}

static enum rc
bad_action(const char *text, struct err *err)
{
	return err_set(err, RC_INVALID,
	    "CULPRIT_FAILPOINT: \"%.60s\" must be NAME:ACTION[@N[+]], ACTION "
	    "being kill, hang, hang=MS, exit, term or error, N from 1",
	    text);
}

static bool
number(const char *text, long *ret)
{
	char *end = NULL;

	*ret = strtol(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0';
}

/* text: "kill", "hang=20"; changed while it is read. */
static bool
read_action(char *text, enum failpoint f)
{
	static const char *const names[] = {[ACT_KILL] = "kill",
	    [ACT_HANG] = "hang",
	    [ACT_EXIT] = "exit",
	    [ACT_TERM] = "term",
	    [ACT_ERROR] = "error"};
	char *ms = strchr(text, '=');

	table[f].ms = 0;
	if (ms != NULL) {
		*ms++ = '\0';
		if (strcmp(text, "hang") != 0 || !number(ms, &table[f].ms) ||
		    table[f].ms < 1)
			return false;
	}
	for (enum action a = ACT_KILL; a <= ACT_ERROR; a++)
		if (strcmp(text, names[a]) == 0)
			table[f].action = a;
	return table[f].action != ACT_NONE;
}

static bool
read_count(char *text, enum failpoint f)
{
	size_t n;

	table[f].at = 1;
	table[f].always = false;
	if (text == NULL)
		return true;
	n = strlen(text);
	if (n > 0 && text[n - 1] == '+') {
		table[f].always = true;
		text[n - 1] = '\0';
	}
	return number(text, &table[f].at) && table[f].at >= 1;
}

static enum rc
read_one(const char *item, struct err *err)
{
	auto_str copy = xstrdup(item);
	char *action = strchr(copy, ':');
	char *count = action != NULL ? strchr(action, '@') : NULL;
	enum failpoint f = 0;
	enum rc rc;

	if (action == NULL)
		return bad_action(item, err);
	*action++ = '\0';
	if (count != NULL)
		*count++ = '\0';
	rc = find(copy, &f, err);
	if (rc != RC_OK)
		return rc;
	if (!read_action(action, f) || !read_count(count, f))
		return bad_action(item, err);
	if (table[f].action == ACT_ERROR && !infos[f].fails)
		return err_set(err, RC_INVALID,
		    "CULPRIT_FAILPOINT: %s is no moment that can fail; it "
		    "takes kill, hang, hang=MS, exit or term",
		    infos[f].name);
	return RC_OK;
}

enum rc
failpoint_set(const char *list, const char *data_dir, struct err *err)
{
	auto_str copy = xstrdup(list != NULL ? list : "");
	char *rest = copy, *item;
	enum rc rc = RC_OK;

	for (enum failpoint f = 0; f < FP_COUNT; f++) {
		table[f].action = ACT_NONE;
		atomic_store(&table[f].hits, 0);
	}
	free(folder);
	folder = data_dir != NULL ? xstrdup(data_dir) : NULL;
	while (rc == RC_OK && (item = strsep(&rest, ",")) != NULL)
		if (*item != '\0')
			rc = read_one(item, err);
	return rc;
}

enum rc
failpoint_open(const char *data_dir, struct err *err)
{
	const char *path = getenv("CULPRIT_FAILPOINT_LOG");

	if (path != NULL && log_fd < 0) {
		log_fd =
		    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log_fd < 0)
			return err_set(err, RC_IO,
			    "CULPRIT_FAILPOINT_LOG: open %s: %s", path,
			    strerror(errno));
	}
	return failpoint_set(getenv("CULPRIT_FAILPOINT"), data_dir, err);
}

/* ---- coming by ---- */

/* True for the first to come: the mark outlives the process. */
static bool
mark(enum failpoint f)
{
	char path[512];
	int fd;

	if (folder == NULL || table[f].always)
		return true;
	snprintf(path, sizeof(path), "%s/failpoint.%s", folder, infos[f].name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The action that is due now. */
static enum action
due(enum failpoint f)
{
	long hit = atomic_fetch_add(&table[f].hits, 1) + 1;
	char line[NAME_MAX_BYTES + 2];
	int n;

	if (hit == 1 && log_fd >= 0) {
		n = snprintf(line, sizeof(line), "%s\n", infos[f].name);
		/* A name that is missing shows in the test that reads them. */
		if (write(log_fd, line, (size_t)n) != n)
			log_fd = -1;
	}
	if (table[f].action == ACT_NONE || hit < table[f].at ||
	    (hit > table[f].at && !table[f].always) || !mark(f))
		return ACT_NONE;
	return table[f].action;
}

static void
act(enum action a, long ms)
{
	if (a == ACT_KILL)
		kill(getpid(), SIGKILL);
	if (a == ACT_EXIT)
		_exit(EXIT_STATUS);
	if (a == ACT_TERM)
		kill(getpid(), SIGTERM);
	if (a == ACT_HANG && ms > 0)
		poll(NULL, 0, (int)ms);
	/* NOLINTNEXTLINE(bugprone-infinite-loop): it is to stand still. */
	while (a == ACT_KILL || (a == ACT_HANG && ms == 0))
		poll(NULL, 0, -1);
}

void
failpoint_hit(enum failpoint f)
{
	act(due(f), table[f].ms);
}

enum rc
failpoint_rc(enum failpoint f, struct err *err)
{
	enum action a = due(f);

	if (a == ACT_ERROR)
		return err_set(
		    err, RC_IO, "failpoint %s failed", infos[f].name);
	act(a, table[f].ms);
	return RC_OK;
}

#else

/* A translation unit must not be empty. */
typedef int failpoint_none;

#endif
