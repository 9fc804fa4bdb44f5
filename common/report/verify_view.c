/*
 * verify_view.c - what the checks of a report share.
 */
#include "common/report/verify_view.h"

#include <ctype.h>
#include <stdio.h>

#include "common/report/alerts.h"
#include "common/report/tool_role.h"
#include "common/json/tree.h"
#include "common/base/utf8.h"
#include "common/wire/wire.h"

static void
take(cJSON *to, struct span state, const char *key)
{
	struct span v = wire_find(state, key);

	if (v.n > 0)
		cJSON_AddItemToObject(to, key, wire_to_tree(v));
}

void
verify_each_feedback(const struct view *w,
    void (*each)(void *ctx, struct span feedback), void *ctx)
{
	struct wire_r r = wire_reader(w->feedback);
	uint32_t n;

	if (wire_peek(&r) != WIRE_ARRAY)
		return;
	for (n = wire_array(&r); n > 0 && !r.bad; n--) {
		struct span one = wire_raw(&r);

		if (!r.bad)
			each(ctx, one);
	}
}

static void
take_alerts(void *list, struct span feedback)
{
	if (tool_role_read(wire_find_str(feedback, "role"),
		wire_find_str(feedback, "tool")) == TOOL_ROLE_ALERTS)
		cJSON_AddItemToArray(list, wire_to_tree(feedback));
}

void
view_init(struct view *w, const struct verify_in *in, struct verdict *v)
{
	static const char *const keys[] = {
	    "input", "at", "window", "labels", "alerts", "conclusion"};
	size_t i;

	*w = (struct view){.in = in,
	    .v = v,
	    .state = v->state = cJSON_CreateObject(),
	    .feedback = wire_find(in->state, "executor_feedback")};
	for (i = 0; i < ARRAY_LEN(keys); i++)
		take(v->state, in->state, keys[i]);
	/* Only the answers that list alerts: feedback may be long. */
	verify_each_feedback(w, take_alerts,
	    cJSON_AddArrayToObject(v->state, "executor_feedback"));
	w->conclusion = tree_at(v->state, "conclusion");
	w->alerts = alerts_of(v->state, w->conclusion);
}

void
view_done(struct view *w)
{
	cJSON_Delete(w->alerts);
}

const char *
verify_place(const struct claim *claim, char text[PLACE_MAX])
{
	if (claim->place != NULL)
		return claim->place;
	snprintf(text, PLACE_MAX, "line %zu", claim->line + 1);
	return text;
}

void
verify_fail(struct view *w, int check, const char *fmt, ...)
{
	struct buf *b = &w->v->detail[check];
	va_list ap;
	char text[1024];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->v->ok[check] = false;
	if (b->len > 0)
		buf_adds(b, "; ");
	/* Reports are cut to size for it, and the verdict must be sendable. */
	buf_add(b, text, utf8_tidy(text, strlen(text)));
}

bool
verify_exists(const struct evidence *e, uint32_t id)
{
	return id < EVIDENCE_MAX && e->at[id].n > 0;
}

/* Whether the character at p belongs to a name that goes on there: a dot or
 * dash does only when more of the name follows on its other side. */
static bool
clings(const char *p, int step, const char *start, const char *end)
{
	if (p < start || p >= end)
		return false;
	if (isalnum((unsigned char)*p) || *p == '_')
		return true;
	p += step;
	return (p[-step] == '.' || p[-step] == '-') && p >= start && p < end &&
	       isalnum((unsigned char)*p);
}

bool
verify_holds_word(struct span s, const char *word)
{
	size_t n = strlen(word);
	const char *p = s.p, *end = s.p + s.n;

	if (n == 0)
		return true;
	while ((size_t)(end - p) >= n &&
	       (p = memmem(p, (size_t)(end - p), word, n)) != NULL) {
		if (!clings(p - 1, -1, s.p, end) && !clings(p + n, 1, s.p, end))
			return true;
		p++;
	}
	return false;
}
