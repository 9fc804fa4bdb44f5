/*
 * documents.c - executor --docs: what is in the index of documents.
 */
#include "executor/documents.h"

#include "common/base/buf.h"
#include "executor/docs/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_NOTHING = 1, EXIT_USAGE = 2, SHOWN = 5 };

static const char usage[] =
    "culprit docs list            every document, and what is wrong with it\n"
    "culprit docs show NAME       its passages, with their lines\n"
    "culprit docs search TEXT     what answers a question, with its score\n"
    "culprit docs add FILE [NAME] puts one, in the place of one of that name\n"
    "culprit docs rm NAME         removes one that was put\n";

static int
fail(const char *text)
{
	fprintf(stderr, "culprit docs: %s\n", text);
	return EXIT_NOTHING;
}

/* ---- list ---- */

static void
print_entry(void *arg UNUSED, const struct docs_entry *e)
{
	if (e->problem[0] != '\0')
		printf("%-36s %-8s left out: it %s\n", e->name, e->origin,
		    e->problem);
	else
		printf("%-36s %-8s %4zu passages  %s\n", e->name, e->origin,
		    e->passages, e->title);
}

static int
list(struct docs *d, const char *const *args UNUSED, int n UNUSED)
{
	struct err err;

	return docs_list(d, print_entry, NULL, &err) == RC_OK ? EXIT_SUCCESS
							      : fail(err.text);
}

/* ---- show ---- */

static void
print_passage(void *arg, const struct docs_passage *p)
{
	int *n = arg;

	printf("%s%s, lines %d to %d: %s\n\n%s\n", (*n)++ > 0 ? "\n" : "",
	    p->id, p->line_from, p->line_to, p->path, p->text);
}

static int
show(struct docs *d, const char *const *args, int n UNUSED)
{
	struct err err;
	int shown = 0;

	if (docs_show(d, span_of(args[0]), print_passage, &shown, &err) !=
	    RC_OK)
		return fail(err.text);
	return shown > 0 ? EXIT_SUCCESS
			 : fail("there is no such document; `culprit docs "
				"list` names them");
}

/* ---- search ---- */

static int
print_found(const struct docs_found *f)
{
	size_t i;

	if (f->fitting == 0)
		printf("No passage fits, of %ld in %ld documents.\n",
		    f->passages, f->documents);
	for (i = 0; i < f->fitting; i++)
		printf("%s%s, lines %d to %d, score %.2f: %s\n\n%s\n",
		    i > 0 ? "\n" : "", f->list[i].id, f->list[i].line_from,
		    f->list[i].line_to, f->list[i].score, f->list[i].path,
		    f->list[i].text);
	if (f->fitting == 0 && f->n > 0)
		printf("The nearest: %s, score %.2f; %.2f is needed.\n",
		    f->list[0].id, f->list[0].score, f->threshold);
	if (f->note != NULL)
		printf("Note: %s.\n", f->note);
	return f->fitting > 0 ? EXIT_SUCCESS : EXIT_NOTHING;
}

static int
search(struct docs *d, const char *const *args, int n)
{
	auto_buf text = {.max = DOCS_QUERY_MAX};
	struct docs_query q = {.limit = SHOWN};
	struct docs_found f = {.n = 0};
	struct err err;
	int i, status;

	for (i = 0; i < n; i++)
		buf_addf(&text, "%s%s", i > 0 ? " " : "", args[i]);
	q.text = buf_span(&text);
	if (buf_check(&text, "the question", &err) != RC_OK ||
	    docs_find(d, &q, NULL, &f, &err) != RC_OK)
		return fail(err.text);
	status = print_found(&f);
	docs_found_done(&f);
	return status;
}

static const struct {
	const char *name;
	int least, most;
	int (*run)(struct docs *d, const char *const *args, int n);
} commands[] = {{"list", 0, 0, list}, {"show", 1, 1, show},
    {"search", 1, CONF_ARGS_MAX, search}};

int
documents_main(const struct conf *conf, const char *const *args, int n)
{
	struct docs_settings settings;
	struct docs *d = NULL;
	struct err err;
	size_t i;
	int status;

	for (i = 0; i < ARRAY_LEN(commands); i++)
		if (n > 0 && strcmp(args[0], commands[i].name) == 0 &&
		    n - 1 >= commands[i].least && n - 1 <= commands[i].most)
			break;
	if (i == ARRAY_LEN(commands)) {
		fprintf(stderr, "%s", usage);
		return EXIT_USAGE;
	}
	docs_settings_init(&settings, conf);
	settings.docs.only_read = access(settings.path, F_OK) == 0;
	status = docs_open(&settings.docs, &d, &err) == RC_OK
		     ? commands[i].run(d, args + 1, n - 1)
		     : fail(err.text);
	docs_close(d);
	docs_settings_done(&settings);
	return status;
}
