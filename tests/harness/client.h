/*
 * client.h - one connection to the gateway of a front, whose bytes the test
 * writes itself; while it waits for the answer, the front's supervisor lives.
 */
#ifndef TESTS_HARNESS_CLIENT_H
#define TESTS_HARNESS_CLIENT_H

#include "tests/harness/front.h"

struct client {
	struct front *f;
	int fd;
	bool eof;
	int error; /* errno of how it ended; 0: orderly */
	const char *needle;
	struct buf in; /* all that has come */
};

/* A line among the fields of a request. */
#define CLIENT_JSON "Content-Type: application/json\r\n"

/* Connects and sends what there is, which need not be HTTP. */
struct client *client_new(struct front *f, const char *bytes, size_t n);
struct client *client_raw(struct front *f, const char *text);

/* The same for a whole request: line without its version, fields with their
 * line ends. */
struct client *client_request(
    struct front *f, const char *line, const char *fields, const char *body);
void client_free(struct client *c);

/* Reads until needle has come, or to the end for NULL; the test fails when
 * that does not happen. All that has come, valid until the next call. */
const char *client_await(struct client *c, const char *needle);

/* Does it come in that time? */
bool client_has(struct client *c, const char *needle, int limit_ms);

/* Both to the end: the whole answer, the caller's. */
char *client_ask_raw(struct front *f, const char *text);
char *client_ask(
    struct front *f, const char *line, const char *fields, const char *body);

/* Submits `{"input":"why","labels":{"job":"api"}}`, or follows r1; what the
 * supervisor hears of it. */
struct front_heard *client_submit(
    struct front *f, const char *fields, struct client **ret_c);
struct front_heard *client_follow(struct front *f, const char *arg,
    const char *fields, struct client **ret_c);

/* Fails the test unless an answer begins with that status. */
void assert_status(const char *answer, int status);

#endif
