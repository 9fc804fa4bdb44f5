/*
 * promql.c - a PromQL scanner: what does an alert's expression measure?
 *
 * Tokens, then a look at those outside all brackets. PromQL's precedence,
 * loosest first: or; and, unless; comparisons; arithmetic. Splitting at the
 * last operator of the loosest level there is respects it, since all of
 * these associate to the left.
 */
#include "planner/rules/promql_scan.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base/attr.h"

bool
promql_is_balanced(struct span expr)
{
	struct scan s = scan_of(expr);
	struct token t;

	do
		t = scan_next(&s);
	while (t.kind != T_END && t.kind != T_BAD);
	return t.kind == T_END;
}

/* ---- trimming ---- */

/* Whether the bracket e begins with closes at its end. */
static bool
is_wrapped(struct span e)
{
	struct scan s = scan_of(e);
	struct token t = scan_next(&s);

	if (t.kind != T_OPEN || *t.p != '(')
		return false;
	while (s.depth > 0 && t.kind != T_BAD)
		t = scan_next(&s);
	return t.kind == T_CLOSE && scan_next(&s).kind == T_END;
}

static struct span
unwrap(struct span e)
{
	e = span_trim(e);
	while (is_wrapped(e)) {
		struct scan s = scan_of(e);
		struct token t = scan_next(&s);
		struct token last = t;

		while (s.depth > 0)
			last = scan_next(&s);
		e = span_trim(span_make(t.p + 1, (size_t)(last.p - t.p - 1)));
	}
	return e;
}

/* ---- splitting at the top ---- */

static const char *const or_op[] = {"or", NULL};
static const char *const and_ops[] = {"and", "unless", NULL};
static const char *const compare_ops[] = {
    "==", "!=", ">", "<", ">=", "<=", NULL};
static const char *const modifiers[] = {
    "bool", "on", "ignoring", "group_left", "group_right", NULL};

struct split {
	struct span left, right;
	struct token op;
};

/* Skips `bool`, `on (…)`, `group_left (…)` in front of a right operand. */
static struct span
skip_modifiers(struct span e)
{
	for (;;) {
		struct scan s = scan_of(e);
		struct token t = scan_next(&s);

		if (t.kind != T_NAME || !token_is_one_of(t, modifiers))
			return span_trim(e);
		e = span_make(s.p, (size_t)(s.end - s.p));
		if (token_is(t, "bool"))
			continue;
		t = scan_next(&s);
		if (t.kind != T_OPEN || *t.p != '(')
			continue; /* group_left may stand alone */
		while (s.depth > 0 && scan_next(&s).kind != T_BAD)
			;
		if (!s.bad)
			e = span_make(s.p, (size_t)(s.end - s.p));
	}
}

/* Splits e at the last of ops that stands outside all brackets. */
static bool
split_at(struct span e, const char *const *ops, struct split *ret)
{
	struct scan s = scan_of(e);
	bool found = false;
	struct token t;

	while ((t = scan_next(&s)).kind != T_END) {
		if (t.kind == T_BAD)
			return false;
		if (s.depth > 0 || (t.kind != T_OP && t.kind != T_NAME) ||
		    !token_is_one_of(t, ops))
			continue;
		/* An operator has something on its left. */
		if (t.p == e.p)
			continue;
		ret->op = t;
		found = true;
	}
	if (!found)
		return false;
	ret->left = span_trim(span_make(e.p, (size_t)(ret->op.p - e.p)));
	ret->right = span_make(
	    ret->op.p + ret->op.n, (size_t)(e.p + e.n - ret->op.p - ret->op.n));
	ret->right = skip_modifiers(ret->right);
	return ret->left.n > 0 && ret->right.n > 0;
}

/* ---- constants ---- */

struct calc {
	struct scan s;
	struct token t;
	bool bad;
};

static double calc_sum(struct calc *c, int depth);

static void
calc_next(struct calc *c)
{
	c->t = scan_next(&c->s);
}

static bool
calc_takes(struct calc *c, const char *op)
{
	if (c->t.kind == T_END || c->t.kind == T_BAD || !token_is(c->t, op))
		return false;
	calc_next(c);
	return true;
}

static double
calc_number(struct calc *c)
{
	char text[64], *end;
	double d;

	if ((c->t.kind != T_NUMBER && !token_is(c->t, "Inf")) ||
	    c->t.n >= sizeof(text)) {
		c->bad = true;
		return 0;
	}
	memcpy(text, c->t.p, c->t.n);
	text[c->t.n] = '\0';
	d = strtod(text, &end);
	if (*end != '\0')
		c->bad = true; /* a duration */
	calc_next(c);
	return d;
}

static double
calc_power(struct calc *c, int depth)
{
	double d;

	if (depth > PROMQL_DEPTH_MAX) {
		c->bad = true;
		return 0;
	}
	if (calc_takes(c, "-"))
		return -calc_power(c, depth + 1);
	if (calc_takes(c, "+"))
		return calc_power(c, depth + 1);
	if (calc_takes(c, "(")) {
		d = calc_sum(c, depth + 1);
		if (!calc_takes(c, ")"))
			c->bad = true;
	} else {
		d = calc_number(c);
	}
	return calc_takes(c, "^") ? pow(d, calc_power(c, depth + 1)) : d;
}

static double
calc_product(struct calc *c, int depth)
{
	double d = calc_power(c, depth);

	while (!c->bad) {
		if (calc_takes(c, "*"))
			d *= calc_power(c, depth);
		else if (calc_takes(c, "/"))
			d /= calc_power(c, depth);
		else if (calc_takes(c, "%"))
			d = fmod(d, calc_power(c, depth));
		else
			break;
	}
	return d;
}

static double
calc_sum(struct calc *c, int depth)
{
	double d = calc_product(c, depth);

	while (!c->bad) {
		if (calc_takes(c, "+"))
			d += calc_product(c, depth);
		else if (calc_takes(c, "-"))
			d -= calc_product(c, depth);
		else
			break;
	}
	return d;
}

bool
promql_constant(struct span expr, double *ret)
{
	struct calc c = {.s = scan_of(expr)};
	double d;

	calc_next(&c);
	d = calc_sum(&c, 0);
	if (c.bad || c.t.kind != T_END || isnan(d))
		return false;
	*ret = d;
	return true;
}

/* ---- measures ---- */

struct measures {
	struct promql_measure *out;
	int n;
};

static struct promql_measure *
add(struct measures *m, struct span e, enum promql_role role)
{
	struct promql_measure *x;

	if (m->n == PROMQL_MEASURES_MAX || e.n == 0)
		return NULL;
	x = &m->out[m->n++];
	*x = (struct promql_measure){.expr = e, .role = role};
	return x;
}

/* The argument when e is one call of absent or absent_over_time. */
static bool
absent_of(struct span e, struct span *ret)
{
	struct scan s = scan_of(e);
	struct token name = scan_next(&s);
	struct token bracket = {T_END, NULL, 0};
	struct token t;
	const char *from;

	if (name.kind != T_NAME ||
	    (!token_is(name, "absent") && !token_is(name, "absent_over_time")))
		return false;
	t = scan_next(&s);
	from = s.p;
	if (t.kind != T_OPEN || *t.p != '(')
		return false;
	while (s.depth > 0) {
		t = scan_next(&s);
		if (t.kind == T_BAD)
			return false;
		if (t.kind == T_OPEN && *t.p == '[' && s.depth == 2)
			bracket = t;
	}
	if (scan_next(&s).kind != T_END)
		return false;
	*ret = span_trim(span_make(from, (size_t)(t.p - from)));
	if (token_is(name, "absent_over_time") && bracket.p != NULL)
		*ret = span_trim(span_make(from, (size_t)(bracket.p - from)));
	return ret->n > 0;
}

static void
set_op(struct promql_measure *x, struct token op, bool flip)
{
	static const char from[] = "<>", to[] = "><";
	size_t i;

	for (i = 0; i < op.n && i < sizeof(x->op) - 1; i++) {
		const char *at = flip ? strchr(from, op.p[i]) : NULL;

		x->op[i] = at != NULL ? to[at - from] : op.p[i];
	}
}

static void measure(
    struct measures *m, struct span e, enum promql_role role, int depth);

static void
measure_compared(struct measures *m, const struct split *s, int depth)
{
	struct promql_measure *x;
	double threshold;

	if (promql_constant(s->right, &threshold)) {
		/* a > 1 < 5: the rest of the comparison is in the left. */
		struct split inner;
		struct span e = unwrap(s->left);

		if (split_at(e, compare_ops, &inner)) {
			measure(m, e, PROMQL_WHOLE, depth + 1);
			return;
		}
		x = add(m, e, PROMQL_COMPARED);
		if (x == NULL)
			return;
		set_op(x, s->op, false);
		x->threshold = threshold;
		x->has_threshold = true;
	} else if (promql_constant(s->left, &threshold)) {
		x = add(m, unwrap(s->right), PROMQL_COMPARED);
		if (x == NULL)
			return;
		set_op(x, s->op, true);
		x->threshold = threshold;
		x->has_threshold = true;
	} else {
		x = add(m, unwrap(s->left), PROMQL_COMPARED);
		if (x != NULL)
			set_op(x, s->op, false);
		add(m, unwrap(s->right), PROMQL_REFERENCE);
	}
}

/* Skips "by (a, b)"; false when it does not end. */
static bool
skip_list(struct scan *s)
{
	struct token t = scan_next(s);

	if (t.kind != T_OPEN || *t.p != '(')
		return false;
	while (s->depth > 0 && t.kind != T_BAD)
		t = scan_next(s);
	return t.kind == T_CLOSE;
}

/* What max or min is taken of, with its labels before or behind. */
static bool
extreme_of(struct span e, bool *ret_max, struct span *ret)
{
	static const char *const extremes[] = {"max", "min", NULL};
	static const char *const lists[] = {"by", "without", NULL};
	struct scan s = scan_of(e), ahead;
	struct token t = scan_next(&s);
	const char *from;

	if (t.kind != T_NAME || !token_is_one_of(t, extremes))
		return false;
	*ret_max = token_is(t, "max");
	ahead = s;
	t = scan_next(&ahead);
	if (t.kind == T_NAME && token_is_one_of(t, lists)) {
		s = ahead;
		if (!skip_list(&s))
			return false;
	}
	t = scan_next(&s);
	from = s.p;
	if (t.kind != T_OPEN || *t.p != '(')
		return false;
	while (s.depth > 0 && t.kind != T_BAD)
		t = scan_next(&s);
	*ret = span_trim(span_make(from, (size_t)(t.p - from)));
	ahead = s;
	t = scan_next(&ahead);
	if (t.kind == T_NAME && token_is_one_of(t, lists)) {
		s = ahead;
		if (!skip_list(&s))
			return false;
	}
	return !s.bad && ret->n > 0 && scan_next(&s).kind == T_END;
}

/* The highest of those above a bound is above it when any is: max(x > 5). */
static bool
measure_extreme(struct measures *m, struct span e, enum promql_role role)
{
	struct promql_measure *x;
	struct split s;
	struct span inside;
	double threshold;
	bool is_max;

	if (!extreme_of(e, &is_max, &inside))
		return false;
	inside = unwrap(inside);
	if (split_at(inside, or_op, &s) || split_at(inside, and_ops, &s) ||
	    !split_at(inside, compare_ops, &s) ||
	    *s.op.p != (is_max ? '>' : '<') ||
	    !promql_constant(s.right, &threshold))
		return false;
	x = add(m, e, role == PROMQL_EXCLUDED ? role : PROMQL_COMPARED);
	if (x == NULL)
		return true;
	x->cut = span_make(s.op.p, (size_t)(inside.p + inside.n - s.op.p));
	set_op(x, s.op, false);
	x->threshold = threshold;
	x->has_threshold = true;
	return true;
}

static void
measure(struct measures *m, struct span e, enum promql_role role, int depth)
{
	struct span inside;
	struct split s;

	e = unwrap(e);
	if (depth <= PROMQL_DEPTH_MAX &&
	    (split_at(e, or_op, &s) || split_at(e, and_ops, &s))) {
		measure(m, s.left, role, depth + 1);
		measure(m, s.right,
		    token_is(s.op, "unless") ? PROMQL_EXCLUDED : role,
		    depth + 1);
	} else if (depth <= PROMQL_DEPTH_MAX && split_at(e, compare_ops, &s)) {
		int first = m->n;

		measure_compared(m, &s, depth);
		if (role == PROMQL_EXCLUDED && m->n > first)
			m->out[first].role = role;
	} else if (absent_of(e, &inside)) {
		add(m, inside, PROMQL_ABSENT);
	} else if (!measure_extreme(m, e, role)) {
		add(m, e, role);
	}
}

int
promql_measures(
    struct span expr, struct promql_measure ret[PROMQL_MEASURES_MAX])
{
	struct measures m = {ret, 0};

	if (promql_is_balanced(expr))
		measure(&m, expr, PROMQL_WHOLE, 0);
	if (m.n == 0)
		add(&m, span_trim(expr), PROMQL_WHOLE);
	if (m.n == 0) {
		ret[0] = (struct promql_measure){
		    .expr = span_of(""), .role = PROMQL_WHOLE};
		m.n = 1;
	}
	return m.n;
}

/* ---- names ---- */

static const char *const not_metrics[] = {"and", "or", "unless", "bool",
    "offset", "start", "end", "inf", "nan", "atan2", NULL};
static const char *const label_lists[] = {
    "by", "without", "on", "ignoring", "group_left", "group_right", NULL};

static int
add_name(struct span name, struct span *ret, int n, int max)
{
	int i;

	for (i = 0; i < n; i++)
		if (span_equal(ret[i], name))
			return n;
	if (n == max)
		return n;
	ret[n] = name;
	return n + 1;
}

/* The inside of a quoted string. */
static struct span
unquoted(struct token t)
{
	return span_make(t.p + 1, t.n >= 2 ? t.n - 2 : 0);
}

struct names {
	struct span *out;
	int n, max;
	struct token last[2]; /* the two tokens before, newest first */
	int list_depth;       /* > 0: inside a list of labels */
};

static void
names_take(struct names *x, const struct scan *s, struct token t)
{
	bool in_braces = s->depth > 0 && s->open[s->depth - 1] == '{';
	struct scan ahead = *s;

	if (t.kind == T_OPEN && *t.p == '(' && x->last[0].kind == T_NAME &&
	    token_is_one_of(x->last[0], label_lists))
		x->list_depth = s->depth;
	else if (t.kind == T_CLOSE && s->depth < x->list_depth)
		x->list_depth = 0;
	else if (t.kind == T_STRING && in_braces &&
		 ((token_is(x->last[0], "=") &&
		      token_is(x->last[1], "__name__")) ||
		     ((*x->last[0].p == '{' || x->last[0].kind == T_COMMA) &&
			 scan_next(&ahead).kind != T_OP)))
		x->n = add_name(unquoted(t), x->out, x->n, x->max);
	else if (t.kind == T_NAME && !in_braces && x->list_depth == 0 &&
		 !token_is_one_of(t, not_metrics) &&
		 !token_is_one_of(t, label_lists)) {
		struct token after = scan_next(&ahead);
		bool call = after.kind == T_OPEN && *after.p == '(';
		/* sum by (x) (…) */
		bool aggregate =
		    after.kind == T_NAME && token_is_one_of(after, label_lists);

		if (!call && !aggregate)
			x->n =
			    add_name(span_make(t.p, t.n), x->out, x->n, x->max);
	}
	x->last[1] = x->last[0];
	x->last[0] = t;
}

int
promql_metrics(struct span expr, struct span *ret, int max)
{
	static const struct token none = {T_END, "", 0};
	struct names x = {ret, 0, max, {none, none}, 0};
	struct scan s = scan_of(expr);
	struct token t;

	while ((t = scan_next(&s)).kind != T_END && t.kind != T_BAD)
		names_take(&x, &s, t);
	return x.n;
}

bool
promql_is_constant(struct span expr)
{
	struct scan s = scan_of(expr);
	struct span name;
	struct token t;
	bool any = false;

	while ((t = scan_next(&s)).kind != T_END && t.kind != T_BAD) {
		any = true;
		if (t.kind == T_OPEN && *t.p == '{')
			return false;
	}
	return any && t.kind == T_END && promql_metrics(expr, &name, 1) == 0;
}
