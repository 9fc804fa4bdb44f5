/*
 * budget.c - what models may cost.
 *
 * Invariant: the sums here are those of the store's rows, batch under way
 * included; a row counts for what was reserved until it is settled, once.
 */
#include "supervisor/run/budget.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clk.h"
#include "common/report/report.h"
#include "common/wire/wire.h"
#include "supervisor/run/ledger.h"
#include "supervisor/run/price.h"

enum { WHAT_MAX = 80, DAY_MS = 86400000 };

/* A request that is not settled. */
struct reservation {
	TAILQ_ENTRY(reservation) list;
	struct store_call call; /* its texts are those below */
	char run[STORE_ID_MAX + 1];
	char what[WHAT_MAX];
	char model[PRICE_MODEL_MAX + 1];
};

struct budget {
	struct prices prices;
	int64_t run_tokens, day_tokens, run_cost, day_cost; /* 0: no limit */
	int64_t day; /* whose sum that is */
	struct store_sum today;
	int64_t next_id;
	TAILQ_HEAD(, reservation) open;
	int n_open;
};

/* ---- options ---- */

static enum rc
read_options(const struct conf *c, struct budget *b, struct err *err)
{
	enum rc rc = prices_read(c->llm_prices, &b->prices, err);

	b->run_tokens = c->llm_run_tokens;
	b->day_tokens = c->llm_day_tokens;
	if (rc == RC_OK)
		rc = price_amount("--llm-run-cost (CULPRIT_LLM_RUN_COST)",
		    c->llm_run_cost, &b->run_cost, err);
	if (rc == RC_OK)
		rc = price_amount("--llm-day-cost (CULPRIT_LLM_DAY_COST)",
		    c->llm_day_cost, &b->day_cost, err);
	if (rc == RC_OK && b->run_cost + b->day_cost > 0 && b->prices.n == 0)
		rc = err_set(err, RC_INVALID,
		    "--llm-run-cost and --llm-day-cost need prices: set "
		    "--llm-prices (CULPRIT_LLM_PRICES), e.g. "
		    "\"qwen-plus=0.8/2\", per million tokens of prompt and of "
		    "answer");
	return rc;
}

enum rc
budget_check(const struct conf *conf, struct err *err)
{
	struct budget *b = xcalloc(1, sizeof(*b));
	enum rc rc = read_options(conf, b, err);

	free(b);
	return rc;
}

static int64_t
day_now(void)
{
	return clk_wall_ms() / DAY_MS;
}

enum rc
budget_open(const struct conf *conf, const struct store_ops *ops,
    struct store *store, struct budget **ret, struct err *err)
{
	struct budget *b = xcalloc(1, sizeof(*b));
	enum rc rc = read_options(conf, b, err);

	TAILQ_INIT(&b->open);
	b->day = day_now();
	if (rc == RC_OK)
		rc = ops->call_last(store, &b->next_id, err);
	if (rc == RC_OK)
		rc = ops->call_sum(
		    store, b->day, (struct span){NULL, 0}, &b->today, err);
	if (rc != RC_OK) {
		free(b);
		return rc;
	}
	b->next_id++;
	*ret = b;
	return RC_OK;
}

static void
drop(struct budget *b, struct reservation *v)
{
	TAILQ_REMOVE(&b->open, v, list);
	b->n_open--;
	free(v);
}

void
budget_free(struct budget *b)
{
	if (b == NULL)
		return;
	while (!TAILQ_EMPTY(&b->open))
		drop(b, TAILQ_FIRST(&b->open));
	free(b);
}

enum rc
budget_recall(struct supervisor *s, struct run *r, struct err *err)
{
	return s->ops->call_sum(s->store, -1, span_of(r->id), &r->spent, err);
}

/* ---- sums ---- */

static void
add(struct store_sum *sum, const struct store_call *c, int sign)
{
	sum->calls += sign;
	sum->tokens += sign * c->tokens;
	sum->cost += sign * c->cost;
	sum->prompt += sign * c->prompt;
	sum->cached += sign * c->cached;
	sum->answer += sign * c->answer;
}

static void
count(struct budget *b, struct run *r, const struct store_call *c, int sign)
{
	if (c->day == b->day)
		add(&b->today, c, sign);
	if (r != NULL)
		add(&r->spent, c, sign);
}

/* The clock may have gone back, to a day that has cost something. */
static void
turn_day(struct supervisor *s)
{
	struct budget *b = s->budget;
	struct err err;

	if (day_now() == b->day)
		return;
	b->day = day_now();
	ledger_good(s,
	    s->ops->call_sum(
		s->store, b->day, (struct span){NULL, 0}, &b->today, &err),
	    &err);
}

static void
write_call(struct supervisor *s, const struct store_call *c)
{
	struct err err;

	ledger_good(s, s->ops->call_put(s->store, c, &err), &err);
}

/* ---- before a request ---- */

static struct reservation *
find(struct budget *b, struct span run, const char *what)
{
	struct reservation *v;

	TAILQ_FOREACH(v, &b->open, list)
	if (span_is(run, v->run) && strcmp(what, v->what) == 0)
		return v;
	return NULL;
}

static void
name(char what[WHAT_MAX], uint64_t task, uint64_t attempt, uint64_t request)
{
	snprintf(what, WHAT_MAX, "%llu.%llu.%llu", (unsigned long long)task,
	    (unsigned long long)attempt, (unsigned long long)request);
}

/* One limit: what it is of, what is spent, what more would be. */
struct limit {
	const char *zh, *en, *flag;
	int64_t most, spent, more, unit;
};

static bool
is_over(const struct limit *l, bool zh, struct err *why)
{
	double unit = (double)l->unit;

	if (l->most == 0 || l->spent + l->more <= l->most)
		return false;
	err_set(why, RC_DENIED,
	    zh ? "%s预算 %.6g 已用 %.6g，下一次请求最多还要 %.6g（%s）"
	       : "the budget of %s, %.6g, has %.6g spent, and the next request "
		 "may take %.6g (%s)",
	    zh ? l->zh : l->en, (double)l->most / unit, (double)l->spent / unit,
	    (double)l->more / unit, l->flag);
	return true;
}

static bool
allows(const struct budget *b, const struct run *r, const struct store_call *c,
    struct err *why)
{
	const struct limit limits[] = {
	    {"本次调查的令牌", "tokens for this investigation",
		"--llm-run-tokens", b->run_tokens, r->spent.tokens, c->tokens,
		1},
	    {"本次调查的费用", "costs for this investigation", "--llm-run-cost",
		b->run_cost, r->spent.cost, c->cost, PRICE_UNIT},
	    {"今天的令牌", "tokens for today", "--llm-day-tokens",
		b->day_tokens, b->today.tokens, c->tokens, 1},
	    {"今天的费用", "costs for today", "--llm-day-cost", b->day_cost,
		b->today.cost, c->cost, PRICE_UNIT},
	};
	bool zh = report_lang(state_str(r->state, "language")) == REPORT_ZH;
	size_t i;

	for (i = 0; i < ARRAY_LEN(limits); i++)
		if (is_over(&limits[i], zh, why))
			return false;
	return true;
}

/* Whether what it costs can be told, where that is limited. */
static bool
has_price(const struct budget *b, struct span model, struct err *why)
{
	if (b->run_cost + b->day_cost == 0 ||
	    prices_of(&b->prices, model) != NULL)
		return true;
	err_set(why, RC_DENIED,
	    "the model %.*s has no price in --llm-prices, so that its cost "
	    "cannot be limited: add \"%.*s=PROMPT/ANSWER\" or \"*=...\"",
	    (int)MIN(model.n, 80u), model.p, (int)MIN(model.n, 80u), model.p);
	return false;
}

static struct reservation *
reservation_new(struct budget *b, const struct run *r,
    const struct proto_reserve *m, const char *what)
{
	struct reservation *v = xcalloc(1, sizeof(*v));

	snprintf(v->run, sizeof(v->run), "%s", r->id);
	snprintf(v->what, sizeof(v->what), "%s", what);
	snprintf(v->model, sizeof(v->model), "%.*s", SPAN_ARG(m->model));
	v->call = (struct store_call){.id = b->next_id,
	    .run = span_of(v->run),
	    .what = span_of(v->what),
	    .model = span_of(v->model),
	    .day = b->day,
	    .tokens = (int64_t)(m->prompt_tokens + m->answer_tokens),
	    .cost = price_cost(prices_of(&b->prices, m->model),
		(int64_t)m->prompt_tokens, 0, (int64_t)m->answer_tokens)};
	return v;
}

bool
budget_reserve(struct supervisor *s, struct run *r,
    const struct proto_reserve *m, struct err *why)
{
	struct budget *b = s->budget;
	struct reservation *v;
	char what[WHAT_MAX];

	name(what, m->task, m->attempt, m->request);
	if (find(b, m->run, what) != NULL)
		return true;
	turn_day(s);
	if (!has_price(b, m->model, why))
		return false;
	v = reservation_new(b, r, m, what);
	if (!allows(b, r, &v->call, why)) {
		free(v);
		return false;
	}
	b->next_id++;
	/* The oldest stays as it is written. */
	if (b->n_open == BUDGET_OPEN_MAX)
		drop(b, TAILQ_FIRST(&b->open));
	TAILQ_INSERT_TAIL(&b->open, v, list);
	b->n_open++;
	count(b, r, &v->call, 1);
	write_call(s, &v->call);
	return true;
}

/* ---- after it ---- */

void
budget_settle(struct supervisor *s, struct run *r, const struct proto_settle *m)
{
	struct budget *b = s->budget;
	struct reservation *v;
	char what[WHAT_MAX];

	name(what, m->task, m->attempt, m->request);
	v = find(b, m->run, what);
	if (v == NULL)
		return;
	turn_day(s);
	if (m->known != 0) {
		struct store_call *c = &v->call;

		count(b, r, c, -1);
		c->settled = true;
		c->prompt = (int64_t)m->prompt_tokens;
		c->cached = (int64_t)m->cached_tokens;
		c->answer = (int64_t)m->answer_tokens;
		c->tokens = c->prompt + c->answer;
		c->cost = price_cost(prices_of(&b->prices, c->model), c->prompt,
		    c->cached, c->answer);
		count(b, r, c, 1);
		write_call(s, c);
	}
	drop(b, v);
}

void
budget_put_spent(struct buf *b, const struct run *r)
{
	const struct store_sum *sum = &r->spent;
	const struct {
		const char *key;
		int64_t n;
	} counts[] = {{"requests", sum->calls}, {"tokens", sum->tokens},
	    {"prompt_tokens", sum->prompt}, {"cached_tokens", sum->cached},
	    {"answer_tokens", sum->answer}};
	size_t i;

	wire_put_map(b, ARRAY_LEN(counts) + 1);
	for (i = 0; i < ARRAY_LEN(counts); i++) {
		wire_put_str(b, counts[i].key);
		wire_put_int(b, counts[i].n);
	}
	wire_put_str(b, "cost");
	wire_put_double(b, (double)sum->cost / (double)PRICE_UNIT);
}
