/* world_promql.c - expressions read: precedence climbing over characters. */
#include "tests/harness/world_promql_in.h"

#include "common/base/rc.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	const struct world *world;
	const char *p;
	bool bad;
};

static struct promql *read_binary(struct reading *r, int least);

void
world_promql_free(struct promql *q)
{
	if (q == NULL)
		return;
	for (int i = 0; i < q->n_args; i++)
		world_promql_free(q->args[i]);
	for (int i = 0; i < q->n_matchers; i++) {
		if (q->matchers[i].regex)
			regfree(&q->matchers[i].compiled);
		free(q->matchers[i].value);
	}
	free(q->matchers);
	free(q->matched);
	free(q->names);
	free(q);
}

static struct promql *
node(struct reading *r, enum promql_kind kind)
{
	struct promql *q = xcalloc(1, sizeof(*q));

	q->world = r->world;
	q->kind = kind;
	return q;
}

/* ---- words ---- */

static void
skip(struct reading *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static bool
takes(struct reading *r, const char *text)
{
	skip(r);
	if (strncmp(r->p, text, strlen(text)) != 0)
		return false;
	r->p += strlen(text);
	return true;
}

static void
expects(struct reading *r, const char *text)
{
	r->bad |= !takes(r, text);
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == ':';
}

/* The next word, "" where none is; not taken. */
static void
peek(struct reading *r, char out[PROMQL_WORD_MAX])
{
	size_t n = 0;

	skip(r);
	if (!isdigit((unsigned char)*r->p))
		while (is_word(r->p[n]) && n < PROMQL_WORD_MAX - 1)
			n++;
	memcpy(out, r->p, n);
	out[n] = '\0';
}

static bool
takes_word(struct reading *r, const char *word)
{
	char next[PROMQL_WORD_MAX];

	peek(r, next);
	if (strcmp(next, word) != 0)
		return false;
	r->p += strlen(word);
	return true;
}

static double
read_duration(struct reading *r)
{
	static const struct {
		char unit;
		double s;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	double sum = 0;

	skip(r);
	while (isdigit((unsigned char)*r->p)) {
		char *end;
		double n = strtod(r->p, &end);
		size_t i = 0;

		r->p = end;
		while (i < ARRAY_LEN(units) && units[i].unit != *r->p)
			i++;
		if (i == ARRAY_LEN(units)) {
			r->bad = true;
			return 0;
		}
		sum += n * units[i].s;
		r->p++;
	}
	r->bad |= sum == 0;
	return sum;
}

/* "…", with its escapes undone; the caller's. */
static char *
read_string(struct reading *r)
{
	char *out, *o;
	char quote;

	skip(r);
	quote = *r->p;
	if (quote != '"' && quote != '\'') {
		r->bad = true;
		return xstrdup("");
	}
	o = out = xcalloc(1, strlen(r->p) + 1);
	for (r->p++; *r->p != quote && *r->p != '\0'; r->p++) {
		if (*r->p == '\\' && r->p[1] != '\0')
			r->p++;
		*o++ = *r->p;
	}
	r->bad |= *r->p == '\0';
	r->p += *r->p != '\0';
	return out;
}

/* ---- selectors ---- */

static void
add_matcher(struct reading *r, struct promql *q, const char *name,
    const char *op, char *value)
{
	struct promql_matcher *m;
	auto_str pattern = xasprintf("^(%s)$", value);

	if (q->n_matchers == PROMQL_MATCHERS_MAX) {
		free(value);
		r->bad = true;
		return;
	}
	if (q->matchers == NULL)
		q->matchers =
		    xcalloc(PROMQL_MATCHERS_MAX, sizeof(*q->matchers));
	m = &q->matchers[q->n_matchers++];
	*m = (struct promql_matcher){
	    .value = value, .equal = op[0] == '=', .regex = op[1] == '~'};
	snprintf(m->name, sizeof(m->name), "%s", name);
	if (m->regex &&
	    regcomp(&m->compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
		m->regex = false;
		r->bad = true;
	}
}

static void
read_matchers(struct reading *r, struct promql *q)
{
	static const char *const ops[] = {"=~", "!~", "!=", "="};

	while (!r->bad && !takes(r, "}")) {
		char name[PROMQL_WORD_MAX];
		size_t i;

		peek(r, name);
		r->p += strlen(name);
		for (i = 0; i < ARRAY_LEN(ops) && !takes(r, ops[i]); i++)
			;
		if (name[0] == '\0' || i == ARRAY_LEN(ops)) {
			r->bad = true;
			return;
		}
		add_matcher(r, q, name, ops[i], read_string(r));
		takes(r, ",");
	}
}

static struct promql *
read_selector(struct reading *r, const char *metric)
{
	struct promql *q = node(r, Q_SELECT);

	if (metric[0] != '\0')
		add_matcher(r, q, "__name__", "=", xstrdup(metric));
	if (takes(r, "{"))
		read_matchers(r, q);
	r->bad |= q->n_matchers == 0;
	return q;
}

/* [range:step] and offset, behind anything. */
static struct promql *
read_modifiers(struct reading *r, struct promql *q)
{
	while (!r->bad) {
		if (takes(r, "[")) {
			struct promql *over = node(r, Q_RANGED);

			over->args[over->n_args++] = q;
			over->range = read_duration(r);
			if (takes(r, ":"))
				over->step = takes(r, "]") ? WORLD_SCRAPE_S
							   : read_duration(r);
			if (r->p[-1] != ']')
				expects(r, "]");
			q = over;
		} else if (takes_word(r, "offset")) {
			q->offset = read_duration(r);
		} else {
			break;
		}
	}
	return q;
}

/* ---- calls ---- */

/* (a, b, …) */
static void
read_names(struct reading *r, struct promql *q)
{
	q->with_names = true;
	q->names = xcalloc(PROMQL_NAMES_MAX, sizeof(*q->names));
	expects(r, "(");
	while (!r->bad && !takes(r, ")")) {
		if (q->n_names == PROMQL_NAMES_MAX) {
			r->bad = true;
			return;
		}
		peek(r, q->names[q->n_names]);
		r->bad |= q->names[q->n_names][0] == '\0';
		r->p += strlen(q->names[q->n_names++]);
		takes(r, ",");
	}
}

static void
read_grouping(struct reading *r, struct promql *q)
{
	if (q->with_names)
		return;
	if (takes_word(r, "by")) {
		read_names(r, q);
	} else if (takes_word(r, "without")) {
		q->excludes = true;
		read_names(r, q);
	}
}

static void
read_args(struct reading *r, struct promql *q)
{
	expects(r, "(");
	while (!r->bad && !takes(r, ")")) {
		if (q->n_args == PROMQL_ARGS_MAX) {
			r->bad = true;
			return;
		}
		q->args[q->n_args++] = read_binary(r, 0);
		takes(r, ",");
	}
}

static bool
is_summing_up(const char *word)
{
	static const char *const words[] = {
	    "sum", "avg", "min", "max", "count", "topk", "bottomk", "group"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static struct promql *
read_call(struct reading *r, const char *word, enum promql_kind kind)
{
	struct promql *q = node(r, kind);

	snprintf(q->word, sizeof(q->word), "%s", word);
	if (kind == Q_SUM_UP)
		read_grouping(r, q);
	read_args(r, q);
	if (kind == Q_SUM_UP)
		read_grouping(r, q);
	return q;
}

/* ---- the whole ---- */

static struct promql *
read_number(struct reading *r)
{
	struct promql *q = node(r, Q_NUMBER);
	char *end;

	q->number = strtod(r->p, &end);
	r->bad |= end == r->p;
	r->p = end;
	return q;
}

static struct promql *
read_primary(struct reading *r)
{
	char word[PROMQL_WORD_MAX];
	struct promql *q;

	peek(r, word);
	if (takes(r, "(")) {
		q = read_binary(r, 0);
		expects(r, ")");
		return read_modifiers(r, q);
	}
	if (word[0] == '\0' && *r->p != '{')
		return read_number(r);
	r->p += strlen(word);
	skip(r);
	if (is_summing_up(word))
		q = read_call(r, word, Q_SUM_UP);
	else if (*r->p == '(')
		q = read_call(r, word, Q_CALL);
	else
		q = read_selector(r, word);
	return read_modifiers(r, q);
}

/* The longer before those they begin with. */
static const struct {
	const char *op;
	int binds;
} operators[] = {{"or", 1}, {"unless", 2}, {"and", 2}, {"==", 3}, {"!=", 3},
    {">=", 3}, {"<=", 3}, {">", 3}, {"<", 3}, {"+", 4}, {"-", 4}, {"*", 5},
    {"/", 5}, {"%", 5}, {"^", 6}};

static int
takes_operator(struct reading *r, int least)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		const char *op = operators[i].op;
		bool word = isalpha((unsigned char)op[0]);

		if (operators[i].binds < least)
			continue;
		if (word ? takes_word(r, op) : takes(r, op))
			return (int)i;
	}
	return -1;
}

static struct promql *
read_binary(struct reading *r, int least)
{
	struct promql *left = read_primary(r);
	int op;

	while (!r->bad && (op = takes_operator(r, least)) >= 0) {
		struct promql *q = node(r, Q_BINARY);

		snprintf(q->word, sizeof(q->word), "%s", operators[op].op);
		q->returns_bool = takes_word(r, "bool");
		if (takes_word(r, "on")) {
			read_names(r, q);
		} else if (takes_word(r, "ignoring")) {
			q->excludes = true;
			read_names(r, q);
		}
		q->args[q->n_args++] = left;
		q->args[q->n_args++] = read_binary(r, operators[op].binds + 1);
		left = q;
	}
	return left;
}

struct promql *
world_promql_new(const struct world *w, const char *text)
{
	struct reading r = {.world = w, .p = text};
	struct promql *q = read_binary(&r, 0);

	skip(&r);
	if (!r.bad && *r.p == '\0')
		return q;
	world_promql_free(q);
	return NULL;
}
