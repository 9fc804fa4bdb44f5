/* price.c - the table of prices. */
#include "supervisor/run/price.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/attr.h"
#include "common/base/num.h"

/* A number from 0 to PRICE_MOST, times scale. */
static enum rc
read_number(struct span text, double scale, int64_t *ret, struct err *err)
{
	double d = 0;
	size_t at;

	text = span_trim(text);
	if (num_parse(text, &d, &at) != NUM_OK || !(d >= 0) || d > PRICE_MOST)
		return err_set(err, RC_INVALID,
		    "\"%.*s\" is no number from 0 to %.0f",
		    (int)MIN(text.n, 40u), text.p, PRICE_MOST);
	*ret = llround(d * scale);
	return RC_OK;
}

/* Takes the next part before c off s; all of it where there is no c. */
static struct span
take(struct span *s, char c)
{
	const char *end = s->n > 0 ? memchr(s->p, c, s->n) : NULL;
	struct span part = *s;

	if (end == NULL) {
		*s = span_from(*s, s->n);
		return part;
	}
	part.n = (size_t)(end - s->p);
	*s = span_from(*s, part.n + 1);
	return part;
}

/* "qwen-plus=0.8/2/0.2" */
static enum rc
read_one(struct span text, struct price *ret, struct err *err)
{
	static const double scale = PRICE_UNIT / 1e6;
	const char *equals = memrchr(text.p, '=', text.n);
	struct span model, rest;
	enum rc rc;

	if (equals == NULL || equals == text.p ||
	    memchr(equals, '/', text.n - (size_t)(equals - text.p)) == NULL)
		return err_set(err, RC_INVALID,
		    "write MODEL=PROMPT/ANSWER or MODEL=PROMPT/ANSWER/CACHED, "
		    "each the price of a million tokens");
	model = span_trim(span_make(text.p, (size_t)(equals - text.p)));
	rest = span_from(text, (size_t)(equals - text.p) + 1);
	if (model.n == 0 || model.n > PRICE_MODEL_MAX)
		return err_set(err, RC_INVALID,
		    "a model's name has 1 to %d bytes", PRICE_MODEL_MAX);
	*ret = (struct price){.model = ""};
	memcpy(ret->model, model.p, model.n);
	rc = read_number(take(&rest, '/'), scale, &ret->prompt, err);
	if (rc == RC_OK)
		rc = read_number(take(&rest, '/'), scale, &ret->answer, err);
	ret->cached = ret->prompt;
	if (rc == RC_OK && rest.n > 0)
		rc = read_number(rest, scale, &ret->cached, err);
	return rc;
}

enum rc
prices_read(const char *text, struct prices *ret, struct err *err)
{
	struct span rest = span_of(text != NULL ? text : "");
	enum rc rc;

	ret->n = 0;
	while (rest.n > 0) {
		struct span one = span_trim(take(&rest, ','));

		if (one.n == 0)
			continue;
		if (ret->n == PRICE_MODELS_MAX)
			return err_set(err, RC_INVALID,
			    "--llm-prices (CULPRIT_LLM_PRICES) has more than "
			    "%d models",
			    PRICE_MODELS_MAX);
		rc = read_one(one, &ret->at[ret->n++], err);
		if (rc != RC_OK)
			return err_prefix(err, rc,
			    "--llm-prices (CULPRIT_LLM_PRICES), \"%.*s\"",
			    (int)MIN(one.n, 80u), one.p);
	}
	return RC_OK;
}

const struct price *
prices_of(const struct prices *p, struct span model)
{
	const struct price *any = NULL;
	int i;

	for (i = 0; i < p->n; i++) {
		if (span_is(model, p->at[i].model))
			return &p->at[i];
		if (strcmp(p->at[i].model, "*") == 0)
			any = &p->at[i];
	}
	return any;
}

int64_t
price_cost(
    const struct price *p, int64_t prompt, int64_t cached, int64_t answer)
{
	if (p == NULL)
		return 0;
	cached = MIN(cached, prompt);
	return (prompt - cached) * p->prompt + cached * p->cached +
	       answer * p->answer;
}

enum rc
price_amount(const char *flag, const char *text, int64_t *ret, struct err *err)
{
	enum rc rc;

	*ret = 0;
	if (text == NULL || text[0] == '\0')
		return RC_OK;
	rc = read_number(span_of(text), (double)PRICE_UNIT, ret, err);
	return rc == RC_OK ? rc : err_prefix(err, rc, "%s", flag);
}
