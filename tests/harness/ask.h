/* ask.h - one HTTP request to a process under test. */
#ifndef TESTS_HARNESS_ASK_H
#define TESTS_HARNESS_ASK_H

struct answer {
	long status; /* 0: no answer */
	char *body;
	char *type;
	char *location;
	char *head; /* all header fields, "name: value" on a line each */
};

/*
 * method NULL: GET, or POST with a body. headers: "Name: value", ended by
 * NULL; NULL: none but a JSON content type with a body. answer_free it.
 */
struct answer *ask(const char *method, const char *url,
    const char *const *headers, const char *body);
/* What a field of its head says; the caller's, NULL:
 * it has none. */
char *answer_field(const struct answer *w, const char *name);
void answer_free(struct answer *w);

#endif
