/*
 * diff.c - where two JSON trees differ, told line by line.
 */
#include "gateway/cli/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/json/json.h"

enum { NAMES_LINES = 2 }; /* diff's own head: how it was given the texts */

static int
by_key(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

static void
sort_keys(cJSON *v)
{
	int n = cJSON_GetArraySize(v), i = 0;
	cJSON **at = xcalloc((size_t)n + 1, sizeof(*at));
	cJSON *child;

	cJSON_ArrayForEach (child, v) {
		sort_keys(child);
		at[i++] = child;
	}
	if (cJSON_IsObject(v) && n > 0) {
		qsort(at, (size_t)n, sizeof(*at), by_key);
		/* cJSON's list: the first one's prev is the last. */
		for (i = 0; i < n; i++) {
			at[i]->prev = at[(i + n - 1) % n];
			at[i]->next = at[i + 1];
		}
		v->child = at[0];
	}
	free(at);
}

/* Equal trees, equal texts, and no others. */
static void
put_text(struct buf *b, cJSON *tree)
{
	auto_buf pretty = {.max = b->max};
	const char *p;

	sort_keys(tree);
	json_print_pretty(&pretty, tree);
	buf_mark(b, &pretty);
	for (p = buf_str(&pretty); *p != '\0'; p++) {
		if (p[0] == '\\' && p[1] == 'n') {
			buf_addc(b, '\n');
			p++;
			continue;
		}
		buf_addc(b, *p);
		if (*p == '\\')
			buf_addc(b, *++p);
	}
	buf_addc(b, '\n');
}

/* A file without a name that holds text; -1: see errno. */
static int
file_of(struct span text)
{
	int fd = memfd_create("diff", 0);

	while (fd >= 0 && text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno != EINTR) {
			close(fd);
			return -1;
		}
		text = span_from(text, (size_t)MAX(n, 0));
	}
	return fd;
}

static void
put_lines(struct buf *b, FILE *from, const char *indent)
{
	size_t room = 0;
	char *line = NULL;

	for (int i = 0; getline(&line, &room, from) >= 0; i++)
		if (i >= NAMES_LINES)
			buf_addf(b, "%s%s", indent, line);
	free(line);
}

static enum rc
run_diff(const int fds[2], const char *indent, struct buf *ret, struct err *err)
{
	/* -F: a hunk names the key of the outermost object it is in. */
	auto_str command = xasprintf(
	    "exec diff -U 3 -F '^  \"' /dev/fd/%d /dev/fd/%d", fds[0], fds[1]);
	FILE *told = NULL;
	int how = -1;

	if (fds[0] >= 0 && fds[1] >= 0)
		told = popen(command, "re");
	if (told != NULL) {
		put_lines(ret, told, indent);
		how = pclose(told);
	}
	if (how >= 0 && WIFEXITED(how) && WEXITSTATUS(how) == 1)
		return buf_check(ret, "what differs", err);
	return err_set(err, RC_IO,
	    "diff(1) cannot be run; it is in the package diffutils");
}

enum rc
diff_trees(cJSON *then, cJSON *now, const char *indent, struct buf *ret,
    struct err *err)
{
	auto_buf a = {.max = ret->max}, b = {.max = ret->max};
	int fds[2];
	enum rc rc;

	put_text(&a, then);
	put_text(&b, now);
	buf_mark(&a, &b);
	rc = buf_check(&a, "what is compared", err);
	if (rc != RC_OK || span_equal(buf_span(&a), buf_span(&b)))
		return rc;
	fds[0] = file_of(buf_span(&a));
	fds[1] = file_of(buf_span(&b));
	rc = run_diff(fds, indent, ret, err);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return rc;
}
