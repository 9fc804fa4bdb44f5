/*
 * audit.c - culprit-supervisor --verify: says what does not fit.
 */
#include "supervisor/store/audit.h"

#include "supervisor/store/store_in.h"
#include "supervisor/store/store_verify.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static void
say_fault(void *ctx UNUSED, const char *run, const char *what)
{
	printf("%s%s%s\n", run, run[0] != '\0' ? ": " : "", what);
}

static void
say_all(const struct store_verified *v, const char *id)
{
	if (v->faults > 0)
		printf("%lld of what was looked at do%s not fit\n",
		    (long long)v->faults, v->faults == 1 ? "es" : "");
	else if (id[0] != '\0')
		printf("%s is what was written\n", id);
	else
		printf("all fits: %lld ended, %lld under way\n",
		    (long long)v->finished, (long long)v->open);
	if (id[0] == '\0')
		printf("newest link: %lld %s\n", (long long)v->place, v->link);
}

enum rc
audit_look(const struct conf *conf, struct err *err)
{
	auto_str path = xasprintf("%s/culprit.db", conf->data_dir);
	int64_t bytes;

	return store_look(path, &bytes, err);
}

int
audit_main(const struct conf *conf, const char *id)
{
	auto_str path = xasprintf("%s/culprit.db", conf->data_dir);
	struct store_verified v = {0};
	struct err err;
	enum rc rc = RC_OK;

	if (sodium_init() < 0)
		rc = err_set(&err, RC_IO, "libsodium does not start");
	if (rc == RC_OK)
		rc = store_verify(
		    path, span_of(id), say_fault, NULL, &v, &err);
	if (rc != RC_OK) {
		fprintf(stderr, "culprit: %s\n", err.text);
		return EXIT_FAILURE;
	}
	say_all(&v, id);
	return v.faults > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
