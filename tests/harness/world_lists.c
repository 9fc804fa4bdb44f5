/* world_lists.c - the lists that a Prometheus has of now, as JSON. */
#include "tests/harness/world_lists.h"

#include "common/base/clk.h"
#include "common/base/rc.h"
#include "common/base/when.h"

#include <string.h>

/* ---- JSON ---- */

static void
put_string(struct buf *b, const char *text)
{
	buf_addc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *text);
	}
	buf_addc(b, '"');
}

void
world_put_labels(struct buf *b, const struct world_labels *l)
{
	buf_addc(b, '{');
	for (int i = 0; i < l->n; i++) {
		buf_adds(b, i > 0 ? "," : "");
		put_string(b, l->at[i].name);
		buf_addc(b, ':');
		put_string(b, l->at[i].value);
	}
	buf_addc(b, '}');
}

static void
put_moment(struct buf *b, const char *key, double t)
{
	char text[WHEN_TEXT];

	buf_addf(
	    b, "\"%s\":\"%s\"", key, when_print((int64_t)(t * 1000), text));
}

static const char *
comma(bool *any)
{
	bool was = *any;

	*any = true;
	return was ? "," : "";
}

/* ---- the lists of now ---- */

static void
put_alert(struct buf *b, const struct world *w, const struct world_alert *a)
{
	buf_adds(b, "{\"labels\":");
	world_put_labels(b, &a->labels);
	buf_addf(b,
	    ",\"annotations\":{\"summary\":\"%s\"},\"state\":\"%s\","
	    "\"value\":\"%s\",",
	    a->summary != NULL ? a->summary : w->rules[a->rule].name,
	    world_state_name(world_state(a, w->now)),
	    a->value != NULL ? a->value : "1e+00");
	put_moment(b, "activeAt", a->pending_from);
	buf_addc(b, '}');
}

void
world_put_alerts(struct buf *b, const struct world *w)
{
	bool any = false;

	buf_adds(b, "{\"alerts\":[");
	for (int i = 0; i < w->n_alerts && !w->rules_elsewhere; i++) {
		const struct world_alert *a = &w->alerts[i];

		if (world_state(a, w->now) == STATE_NONE ||
		    world_is_hidden(w, a))
			continue;
		buf_adds(b, comma(&any));
		put_alert(b, w, a);
	}
	buf_adds(b, "]}");
}

static void
put_rule(struct buf *b, const struct world_rule *r)
{
	static const struct {
		const char *health, *error;
	} healths[] = {{"ok", ""},
	    {"err", "found duplicate series for the match group"},
	    {"unknown", ""}};

	buf_addf(b, "{\"name\":\"%s\",\"query\":", r->name);
	put_string(b, r->expr);
	buf_addf(b,
	    ",\"duration\":%d,\"labels\":{%s%s%s},\"annotations\":{},"
	    "\"alerts\":[],\"state\":\"inactive\",\"health\":\"%s\","
	    "\"lastError\":\"%s\",\"evaluationTime\":0.001,\"type\":\"%s\",",
	    r->for_s, r->severity[0] != '\0' ? "\"severity\":\"" : "",
	    r->severity, r->severity[0] != '\0' ? "\"" : "",
	    healths[r->health].health, healths[r->health].error,
	    r->recording ? "recording" : "alerting");
	if (r->health == RULE_NEVER)
		buf_adds(b, "\"lastEvaluation\":\"0001-01-01T00:00:00Z\"}");
	else {
		put_moment(
		    b, "lastEvaluation", (double)clk_wall_ms() / 1000 - 5);
		buf_addc(b, '}');
	}
}

void
world_put_rules(struct buf *b, const struct world *w)
{
	bool any = false;

	buf_adds(b, "{\"groups\":[");
	if (w->n_rules > 0 && !w->rules_elsewhere) {
		buf_adds(b, "{\"name\":\"all\",\"file\":\"/etc/rules.yml\","
			    "\"interval\":15,\"rules\":[");
		for (int i = 0; i < w->n_rules; i++) {
			buf_adds(b, comma(&any));
			put_rule(b, &w->rules[i]);
		}
		buf_adds(b, "]}");
	}
	buf_adds(b, "]}");
}

void
world_put_targets(struct buf *b, const struct world *w)
{
	bool any = false;

	buf_adds(b, "{\"activeTargets\":[");
	for (int i = 0; i < w->n_targets; i++) {
		const struct world_target *t = &w->targets[i];
		bool down = world_is_down(t, w->now);

		buf_addf(b,
		    "%s{\"discoveredLabels\":{},\"labels\":{\"job\":\"%s\","
		    "\"instance\":\"%s\"},\"scrapePool\":\"%s\","
		    "\"scrapeUrl\":\"http://%s/metrics\",\"lastError\":\"%s\","
		    "\"health\":\"%s\",",
		    comma(&any), t->job, t->instance, t->job, t->instance,
		    !down              ? ""
		    : t->error != NULL ? t->error
				       : "connect: connection refused",
		    down ? "down" : "up");
		put_moment(b, "lastScrape", (double)clk_wall_ms() / 1000 - 5);
		buf_addc(b, '}');
	}
	buf_adds(b, "],\"droppedTargets\":[]}");
}

void
world_put_names(struct buf *b, const struct world *w)
{
	bool any = false;

	buf_addc(b, '[');
	for (int i = 0; i < w->n_series; i++) {
		const char *name =
		    world_label(&w->series[i].labels, "__name__");
		int k = 0;

		while (strcmp(world_label(&w->series[k].labels, "__name__"),
			   name) != 0)
			k++;
		if (k == i)
			buf_addf(b, "%s\"%s\"", comma(&any), name);
	}
	buf_addc(b, ']');
}
