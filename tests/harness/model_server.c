#include "tests/harness/model_server.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "tests/harness/texts.h"

/* The first of all tests installs what they need. */
enum { INSTALL_MS = 900000, TRIES = 3, CANNOT = 77 };

static const char listening[] = "LISTENING ";

/* Whether it listens before it ends; else its exit status in *ret_status. */
static bool
comes_up(struct proc *p, char **ret_url, int *ret_status)
{
	auto_str said = NULL;
	const char *url;

	while (!proc_await_out(p, listening, 500) && proc_is_alive(p))
		;
	said = proc_out(p);
	url = strstr(said, listening);
	if (url == NULL) {
		*ret_status = proc_wait(p, INSTALL_MS);
		return false;
	}
	*ret_url = xstrdup(url + strlen(listening));
	(*ret_url)[strcspn(*ret_url, "\n")] = '\0';
	return true;
}

struct proc *
model_server_start(const char *script, const char *setting, const char *dir,
    char **ret_url, char **ret_why)
{
	auto_str path =
	    xasprintf("%s/tests/harness/%s", getenv("CULPRIT_SOURCE"), script);
	const char *argv[] = {path, setting, NULL};

	for (int i = 0; i < TRIES; i++) {
		struct proc *p = proc_start(&(struct proc_spec){
		    .argv = argv, .dir = dir, .name = script});
		auto_str why = NULL;
		int status = 0;

		if (comes_up(p, ret_url, &status))
			return p;
		why = proc_err(p);
		proc_free(p);
		if (status == CANNOT) {
			*ret_why = xstrdup(text_tail(why));
			return NULL;
		}
		ck_assert_msg(status == 128 + SIGALRM, "%s ended with %d: %s",
		    script, status, text_tail(why));
	}
	*ret_why = xasprintf("%s did not come up, %d times", script, TRIES);
	return NULL;
}
