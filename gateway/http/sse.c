/*
 * sse.c - events as text/event-stream.
 */
#include "gateway/http/sse.h"

#include "common/base/num.h"
#include "common/wire/wire.h"

enum { RETRY_MS = 1000 };

/* A line end in here would let data pose as fields. */
static struct span
type_safe(struct span type)
{
	size_t i;

	for (i = 0; i < type.n; i++)
		if ((type.p[i] < 'a' || type.p[i] > 'z') && type.p[i] != '_')
			return span_of("message");
	return type.n > 0 ? type : span_of("message");
}

/* JSON text holds no line end, so the data is one line. */
static void
event_data(struct buf *b, struct span data)
{
	size_t mark = b->len;

	wire_to_json(b, data);
	if (!b->full && b->len - mark <= SSE_DATA_MAX)
		return;
	buf_cut(b, mark);
	buf_addf(b,
	    "{\"omitted\":true,\"bytes\":%zu,\"detail\":\"this event takes "
	    "over "
	    "%d MiB as JSON; what it tells is in the investigation's state\"}",
	    data.n, SSE_DATA_MAX >> 20);
}

static void
event_body(struct buf *b, struct span type, struct span data)
{
	buf_adds(b, "event: ");
	buf_add_span(b, type_safe(type));
	buf_adds(b, "\ndata: ");
	if (data.n > 0)
		event_data(b, data);
	else
		buf_adds(b, "{}");
	buf_adds(b, "\n\n");
}

void
sse_event(struct buf *b, const char *run, uint64_t seq, struct span type,
    struct span data)
{
	buf_addf(b, "id: %s.%llu\n", run, (unsigned long long)seq);
	event_body(b, type, data);
}

void
sse_fleeting(struct buf *b, struct span type, struct span data)
{
	event_body(b, type, data);
}

void
sse_retry(struct buf *b)
{
	buf_addf(b, "retry: %d\n\n", RETRY_MS);
}

enum rc
sse_id_parse(
    struct span id, const char *run, uint64_t *ret_seq, struct err *err)
{
	struct span digits = id;
	size_t n = strlen(run);

	if (id.n == 0) {
		*ret_seq = 0;
		return RC_OK;
	}
	if (id.n > n && memcmp(id.p, run, n) == 0 && id.p[n] == '.')
		digits = span_make(id.p + n + 1, id.n - n - 1);
	if (num_parse_whole(digits, INT64_MAX, ret_seq))
		return RC_OK;
	return err_set(err, RC_INVALID,
	    "the last event's id must be one of this stream's, like \"%s.7\"",
	    run);
}
