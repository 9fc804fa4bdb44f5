/*
 * letters.c - the outbox: who is still to be told of a run that has ended.
 */
#include "supervisor/run/letters.h"

#include <stdlib.h>

#include "common/agent/targets.h"
#include "common/base/clk.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/lookup.h"

enum {
	KEY_MAX = STORE_ID_MAX + 1 + TARGET_NAME_MAX,
	TEXT_BYTES = 1024,
};

struct letter {
	TAILQ_ENTRY(letter) list;
	char key[KEY_MAX + 1]; /* RUN/TARGET */
	char run[STORE_ID_MAX + 1];
	char target[TARGET_NAME_MAX + 1];
	char input[STORE_INPUT_MAX + 1];
	int64_t row;
	int64_t attempts;     /* that failed */
	int64_t due_ms;       /* monotonic; while it is out, when it is lost */
	int64_t out_ms;       /* until when it may be out; 0: it is not */
	struct bus_peer peer; /* who has it */
};

struct letters {
	struct targets targets;
	bool all; /* people's, too */
	TAILQ_HEAD(, letter) list;
};

struct letters *
letters_new(void)
{
	struct letters *x = xcalloc(1, sizeof(*x));

	TAILQ_INIT(&x->list);
	return x;
}

static void
letter_forget(struct letters *x, struct letter *l)
{
	TAILQ_REMOVE(&x->list, l, list);
	free(l);
}

void
letters_free(struct letters *x)
{
	if (x == NULL)
		return;
	while (!TAILQ_EMPTY(&x->list))
		letter_forget(x, TAILQ_FIRST(&x->list));
	free(x);
}

/* ---- kept ---- */

static struct letter *
letter_add(struct letters *x, struct span run, struct span target, int64_t row,
    struct span input)
{
	struct letter *l = xcalloc(1, sizeof(*l));

	l->row = row;
	snprintf(l->run, sizeof(l->run), "%.*s", SPAN_ARG(run));
	snprintf(l->target, sizeof(l->target), "%.*s", SPAN_ARG(target));
	snprintf(l->key, sizeof(l->key), "%s/%s", l->run, l->target);
	input = utf8_cut(input, STORE_INPUT_MAX);
	snprintf(l->input, sizeof(l->input), "%.*s", SPAN_ARG(input));
	l->due_ms = clk_mono_ms();
	TAILQ_INSERT_TAIL(&x->list, l, list);
	return l;
}

static void
letter_keep(struct supervisor *s, const struct letter *l)
{
	auto_buf b = {.max = TEXT_BYTES};
	struct err err;

	wire_put_map(&b, 2);
	wire_put_str(&b, "input");
	wire_put_str(&b, l->input);
	wire_put_str(&b, "attempts");
	wire_put_int(&b, l->attempts);
	ledger_good(s,
	    s->ops->slip_put(s->store,
		&(struct store_slip){
		    STORE_SLIP_LETTER, span_of(l->key), l->row, buf_span(&b)},
		&err),
	    &err);
}

static void
take(void *letters, const struct store_slip *slip)
{
	const char *slash = memchr(slip->key.p, '/', slip->key.n);
	struct letter *l;
	size_t n;

	if (slash == NULL)
		return;
	n = (size_t)(slash - slip->key.p);
	l = letter_add(letters, span_make(slip->key.p, n),
	    span_from(slip->key, n + 1), slip->row,
	    wire_find_str(slip->data, "input"));
	l->attempts = wire_find_int(slip->data, "attempts", 0);
}

enum rc
letters_check(const struct conf *conf, struct err *err)
{
	struct targets *t = xcalloc(1, sizeof(*t));
	enum rc rc = targets_read(conf->notify_file, NULL, t, err);

	free(t);
	if (rc == RC_OK && strcmp(conf->notify, "alerts") != 0 &&
	    strcmp(conf->notify, "all") != 0)
		rc = err_set(err, RC_INVALID,
		    "--notify is alerts or all, not \"%s\"", conf->notify);
	return rc;
}

enum rc
letters_load(struct supervisor *s, struct err *err)
{
	const struct conf *conf = agent_conf(s->agent);
	struct letters *x = s->letters;
	enum rc rc = letters_check(conf, err);

	if (rc == RC_OK)
		rc = targets_read(conf->notify_file, NULL, &x->targets, err);
	if (rc != RC_OK)
		return rc;
	x->all = strcmp(conf->notify, "all") == 0;
	return s->ops->slip_each(s->store, STORE_SLIP_LETTER, 0, take, x, err);
}

void
letters_write(struct supervisor *s, const struct run *r)
{
	struct letters *x = s->letters;
	int i;

	if (!r->webhook && !x->all)
		return;
	for (i = 0; i < x->targets.n; i++)
		letter_keep(s, letter_add(x, span_of(r->id),
				   span_of(x->targets.at[i].name), r->row,
				   state_str(r->state, "input")));
}

/* ---- on their way ---- */

static void
keep_out(struct letters *x, const struct bus_peer *peer, int64_t now)
{
	struct letter *l;

	TAILQ_FOREACH(l, &x->list, list)
	if (l->out_ms != 0 && bus_peer_equal(&l->peer, peer))
		l->due_ms = MIN(now + LETTERS_SILENT_MS, l->out_ms);
}

void
letters_hand(struct supervisor *s, const struct bus_peer *peer, uint64_t n)
{
	struct proto m = {.type = PROTO_LETTER};
	int64_t now = clk_mono_ms();
	struct letter *l;

	keep_out(s->letters, peer, now);
	TAILQ_FOREACH(l, &s->letters->list, list)
	{
		if (n == 0)
			return;
		if (l->due_ms > now)
			continue;
		l->out_ms = now + LETTERS_OUT_MS;
		l->due_ms = now + LETTERS_SILENT_MS;
		l->peer = *peer;
		m.letter.run = span_of(l->run);
		m.letter.target = span_of(l->target);
		m.letter.attempt = (uint64_t)l->attempts + 1;
		m.letter.input = span_of(l->input);
		/* Its run's end is durable when this leaves. */
		ledger_send(s, s->front, peer, &m);
		n--;
	}
}

static struct letter *
letter_find(const struct letters *x, const struct proto_carried *m)
{
	struct letter *l;

	TAILQ_FOREACH(l, &x->list, list)
	if (span_is(m->run, l->run) && span_is(m->target, l->target))
		return l;
	return NULL;
}

static void
letter_drop(struct supervisor *s, struct letter *l)
{
	struct err err;

	ledger_good(s,
	    s->ops->slip_drop(
		s->store, STORE_SLIP_LETTER, span_of(l->key), &err),
	    &err);
	letter_forget(s->letters, l);
}

static void
failed(struct supervisor *s, struct letter *l, const struct proto_carried *m)
{
	int64_t wait_ms = LETTERS_AGAIN_MS << MIN(l->attempts, 10);
	auto_str why = xstrndup(m->text.p != NULL ? m->text.p : "", m->text.n);

	l->attempts++;
	l->out_ms = 0;
	l->due_ms = clk_mono_ms() +
		    MIN(MAX(wait_ms, (int64_t)MIN(m->retry_ms, INT32_MAX)),
			LETTERS_AGAIN_MAX_MS);
	log_often(LOG_LEVEL_WARN, "could not tell of a report; will try again",
	    "run", l->run, "target", l->target, "reason", why, NULL);
	letter_keep(s, l);
}

void
letters_carried(struct supervisor *s, const struct proto_carried *m)
{
	struct letter *l = letter_find(s->letters, m);
	struct lookup_row k;
	struct err err;

	if (l == NULL)
		return;
	if (m->ok != 0) {
		log_info("told of a report", "run", l->run, "target", l->target,
		    NULL);
		letter_drop(s, l);
	} else if (lookup_find(s, span_of(l->run), &k, &err) == RC_NOTFOUND) {
		/* It expired before anybody could be told. */
		letter_drop(s, l);
	} else if (m->attempt == (uint64_t)l->attempts + 1) {
		failed(s, l, m);
	}
}
