/* fix.c - a store in a scratch folder, for tests of the store. */
#include "tests/harness/fix.h"

#include "tests/harness/spawn.h"

#include <sodium.h>
#include <stdlib.h>

static const struct store_ops *const ops = &store_sqlite;

struct err fix_err;

void
fix_open(struct fix *f)
{
	MUST(ops->open(f->path, &f->s, &f->epoch, &fix_err));
}

void
fix_reopen(struct fix *f)
{
	ops->close(f->s);
	f->s = NULL;
	fix_open(f);
}

void
fix_settle(struct fix *f)
{
	ops->commit(f->s);
	MUST(ops->wait(f->s, &fix_err));
}

void
fix_init(struct fix *f)
{
	*f = (struct fix){.dir = scratch_new()};
	f->path = xasprintf("%s/runs.db", f->dir);
	buf_init(&f->seen, 8 << 20);
	fix_open(f);
}

void
fix_done(struct fix *f)
{
	ops->close(f->s);
	buf_done(&f->seen);
	free(f->path);
	scratch_free(f->dir);
}

const char *
fix_seen(struct fix *f)
{
	return buf_str(&f->seen);
}

void
fix_see_id(void *fix, const struct store_run *r)
{
	buf_addf(&((struct fix *)fix)->seen, "%.*s ", SPAN_ARG(r->id));
}

void
fix_see_update(void *fix, int64_t n, struct span node, struct span update)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "%lld:%.*s=", (long long)n, SPAN_ARG(node));
	buf_add_span(&f->seen, update);
	buf_addc(&f->seen, ' ');
}

void
fix_see_event(void *fix, int64_t seq, struct span type, struct span data)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "%lld:%.*s=", (long long)seq, SPAN_ARG(type));
	buf_add_span(&f->seen, data);
	buf_addc(&f->seen, ' ');
}

void
fix_see_evidence(void *fix, const struct store_evidence *e)
{
	struct fix *f = fix;

	buf_addf(&f->seen, "E%lld %.*s %.*s ", (long long)e->number,
	    SPAN_ARG(e->media), SPAN_ARG(e->sha256));
	buf_add_span(&f->seen, e->bytes);
}

int64_t
fix_add_run(struct fix *f, const char *id, const char *key, int64_t finished_ms)
{
	struct store_run r = {
	    .id = span_of(id),
	    .key = span_of(key),
	    .digest = span_of("d1"),
	    .input = span_of("why?"),
	    .status = span_of(finished_ms > 0 ? "completed" : "running"),
	    .reason = span_of("r"),
	    .confidence = span_of("likely"),
	    .node = span_of("planner"),
	    .created_ms = 1,
	    .finished_ms = finished_ms,
	    .deadline_ms = 3,
	    .iteration = 4,
	    .turns = 5,
	    .next_task = 6,
	    .recoveries = 9,
	};
	int64_t row = 0;

	MUST(ops->run_insert(f->s, &r, &row, &fix_err));
	fix_settle(f);
	return row;
}

void
fix_put_evidence(struct fix *f, int64_t row, int64_t number, struct span bytes)
{
	unsigned char hash[32];
	char hex[65];
	struct store_evidence e = {
	    number, span_of("text/plain"), {hex, 64}, bytes};

	crypto_hash_sha256(hash, (const unsigned char *)bytes.p, bytes.n);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	MUST(ops->evidence_put(f->s, row, &e, &fix_err));
}

/* Bytes no compressor makes smaller; the same every time, no NUL. */
char *
fix_noise(size_t n)
{
	char *p = xcalloc(1, n + 1);
	uint64_t x = 88172645463325252U;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (char)(x % 255 + 1);
	}
	return p;
}

/* A finished run of n updates and events with something to compress. */
int64_t
fix_add_full_run(struct fix *f, const char *id, int n)
{
	struct store_run r = {.id = span_of(id),
	    .status = span_of("completed"),
	    .node = span_of("END"),
	    .finished_ms = 50};
	auto_str text = xcalloc(1, 20001);
	int64_t row = 0;

	memset(text, 'x', 20000);
	MUST(ops->run_insert(f->s, &r, &row, &fix_err));
	for (int i = 0; i < n; i++) {
		MUST(ops->update_insert(f->s, row, i, span_of("planner"),
		    span_make("a\0b", 3), &fix_err));
		MUST(ops->event_insert(f->s, row, i + 1, span_of("plan"),
		    span_make(text, (size_t)i * 7 % 2000), &fix_err));
	}
	fix_put_evidence(f, row, 1, span_of(text));
	fix_put_evidence(f, row, 2, span_of("short"));
	fix_settle(f);
	return row;
}

void
fix_see_all(struct fix *f, int64_t row)
{
	buf_reset(&f->seen);
	MUST(ops->update_each(f->s, row, fix_see_update, f, &fix_err));
	MUST(ops->event_each(f->s, row, 0, 1000, fix_see_event, f, &fix_err));
	for (int i = 1; i <= 2; i++)
		MUST(ops->evidence_get(
		    f->s, row, i, fix_see_evidence, f, &fix_err));
}
