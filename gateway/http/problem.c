/*
 * problem.c - what went wrong, as application/problem+json.
 */
#include "gateway/http/problem.h"

#include <stdio.h>

#include "common/json/json.h"

enum { RETRY_AFTER_S = 2 };

static const struct {
	int status;
	const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *
problem_title(int status)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

int
problem_set(struct problem *p, int status, const char *fmt, ...)
{
	va_list ap;

	p->status = status;
	p->retry_after_s = status == 503 ? RETRY_AFTER_S : 0;
	va_start(ap, fmt);
	vsnprintf(p->err.text, sizeof(p->err.text), fmt, ap);
	va_end(ap);
	return status;
}

int
problem_status_of(enum rc rc)
{
	switch (rc) {
	case RC_OK:
		return 200;
	case RC_INVALID:
		return 400;
	case RC_TOOBIG:
		return 413;
	case RC_NOTFOUND:
		return 404;
	case RC_CONFLICT:
	case RC_CANCELLED:
		return 409;
	case RC_DENIED:
		return 403;
	case RC_TIMEOUT:
	case RC_CLOSED:
	case RC_IO:
	case RC_BUSY:
		return 503;
	case RC_UPSTREAM:
		return 502;
	case RC_DAMAGED:
		return 500;
	}
	return 500;
}

void
problem_json(struct buf *b, const struct problem *p)
{
	AUTO(json) tree = cJSON_CreateObject();

	cJSON_AddStringToObject(tree, "type", "about:blank");
	cJSON_AddStringToObject(tree, "title", problem_title(p->status));
	cJSON_AddNumberToObject(tree, "status", p->status);
	json_add_span(tree, "detail", span_of(p->err.text));
	json_print(b, tree);
	buf_addc(b, '\n');
}

void
problem_response(struct buf *b, const struct problem *p)
{
	auto_buf body = {0};

	buf_init(&body, 8192);
	problem_json(&body, p);
	buf_addf(b,
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Connection: close\r\n",
	    p->status, problem_title(p->status), body.len);
	if (p->allow[0] != '\0')
		buf_addf(b, "Allow: %s\r\n", p->allow);
	if (p->status == 401)
		buf_adds(b, "WWW-Authenticate: Bearer\r\n");
	if (p->retry_after_s != 0)
		buf_addf(b, "Retry-After: %d\r\n", p->retry_after_s);
	if (p->origin != NULL) {
		const struct cors_field *f;

		buf_addf(b, "Access-Control-Allow-Origin: %s\r\n", p->origin);
		for (f = cors_answer; f->name != NULL; f++)
			buf_addf(b, "%s: %s\r\n", f->name, f->value);
	}
	buf_adds(b, "\r\n");
	buf_add_span(b, buf_span(&body));
}
