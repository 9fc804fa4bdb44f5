/* pager.c - an Alertmanager that repeats itself. */
#include "tests/harness/pager.h"

#include "common/base/clk.h"
#include "common/json/tree.h"
#include "tests/harness/ask.h"
#include "tests/harness/dice.h"
#include "tests/harness/house.h"
#include "tests/harness/texts.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>

enum { ALERTS_MAX = 30, KEPT_MAX = 64, AGAIN_PERCENT = 30, RUN_MAX = 64 };

struct bunch {
	int fired;		  /* of its alerts, from 0 */
	bool gone[ALERTS_MAX];	  /* resolved, as was said */
	bool acked[ALERTS_MAX], gone_acked[ALERTS_MAX];
	char run[RUN_MAX];	  /* "": nothing was acknowledged */
};

/* What was sent, and may be sent again. */
struct message {
	int group;
	bool alerts[ALERTS_MAX], gone[ALERTS_MAX];
	bool acked;
	char *body;
};

struct pager {
	const struct pager_spec *spec;
	struct pager_result *ret;
	struct dice dice;
	struct house *house;
	struct bunch *groups;
	struct message kept[KEPT_MAX];
	int n_kept;
};

static void
violation(struct pager *p, const char *what, int group, const char *run)
{
	p->ret->violations++;
	buf_addf(&p->ret->text, "group %d, %s: %s\n", group, run, what);
}

/* ---- a message ---- */

static void
body_write(const struct message *m, struct buf *b)
{
	const char *between = "";
	int i;

	buf_addf(b,
	    "{\"version\":\"4\",\"groupKey\":\"g%d\",\"receiver\":\"r\","
	    "\"status\":\"firing\",\"alerts\":[",
	    m->group);
	for (i = 0; i < ALERTS_MAX; i++) {
		if (!m->alerts[i])
			continue;
		buf_addf(b,
		    "%s{\"status\":\"%s\",\"fingerprint\":\"g%d-a%d\","
		    "\"startsAt\":\"2026-11-23T09:57:00Z\",\"labels\":{"
		    "\"alertname\":\"A\",\"group\":\"g%d\",\"i\":\"%d\"}}",
		    between, m->gone[i] ? "resolved" : "firing", m->group, i,
		    m->group, i);
		between = ",";
	}
	buf_adds(b, "]}");
}

/* The group as it is now: with one more, or one that is over, or as it was. */
static void
message_make(struct pager *p, struct message *m)
{
	int g = dice_int(&p->dice, 0, p->spec->groups - 1), i;
	struct bunch *group = &p->groups[g];
	auto_buf b = {.max = 1 << 20};

	if (group->fired == 0 ||
	    (group->fired < ALERTS_MAX && dice_percent(&p->dice, 50)))
		group->fired++;
	else if (dice_percent(&p->dice, 50))
		group->gone[dice_int(&p->dice, 0, group->fired - 1)] = true;
	*m = (struct message){.group = g};
	for (i = 0; i < group->fired; i++) {
		m->alerts[i] = true;
		m->gone[i] = group->gone[i];
	}
	body_write(m, &b);
	m->body = xstrdup(buf_str(&b));
}

/* One of those that were acknowledged, or a new one in the place of the oldest
 * kept. A new one that would say less than was said meanwhile is none. */
static struct message *
message_next(struct pager *p)
{
	struct message *m = &p->kept[p->n_kept % KEPT_MAX];

	if (p->n_kept > 0 && dice_percent(&p->dice, AGAIN_PERCENT))
		return &p->kept[dice_int(
		    &p->dice, 0, MIN(p->n_kept, KEPT_MAX) - 1)];
	free(m->body);
	message_make(p, m);
	p->n_kept++;
	return m;
}

/* ---- posting ---- */

static void
acknowledged(struct pager *p, struct message *m, const char *body)
{
	struct bunch *g = &p->groups[m->group];
	AUTO(tree) answer = cJSON_Parse(body);
	const char *run = tree_str(answer, "id");
	int i;

	p->ret->acked++;
	p->ret->again += m->acked;
	m->acked = true;
	if (g->run[0] == '\0')
		snprintf(g->run, sizeof(g->run), "%s", run);
	else if (strcmp(g->run, run) != 0)
		violation(p, "another investigation than before", m->group, run);
	for (i = 0; i < ALERTS_MAX; i++) {
		g->acked[i] = g->acked[i] || m->alerts[i];
		g->gone_acked[i] = g->gone_acked[i] || m->gone[i];
	}
}

struct posting {
	struct pager *p;
	struct message *m;
};

/* Alertmanager tries again what was answered 5xx, or not at all. */
static bool
is_posted(void *posting)
{
	struct posting *t = posting;
	auto_str url = house_url(t->p->house, "/api/alerts");
	struct answer *w = ask(NULL, url, NULL, t->m->body);
	bool done = w->status / 100 == 2 || w->status / 100 == 4;

	t->p->ret->unanswered += w->status == 0;
	t->p->ret->refused += w->status >= 500;
	if (w->status / 100 == 2)
		acknowledged(t->p, t->m, w->body);
	else if (done)
		violation(t->p, w->body, t->m->group, "");
	answer_free(w);
	return done;
}

static void
kill_one(struct pager *p)
{
	pid_t pid = house_child(
	    p->house, p->ret->kills % 2 ? "gateway" : "supervisor");

	/* One that is just being started is not there. */
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		p->ret->kills++;
}

static void
post_all(struct pager *p)
{
	int every = p->spec->kills > 0 ? p->spec->posts / p->spec->kills : 0;

	while (p->ret->acked < p->spec->posts && p->ret->violations == 0) {
		struct posting t = {p, message_next(p)};

		if (every > 0 && p->ret->kills < p->spec->kills &&
		    p->ret->acked >= p->ret->kills * every)
			kill_one(p);
		ck_assert(await(is_posted, &t, HOUSE_MS));
	}
}

/* ---- what is there ---- */

static cJSON *
get(struct pager *p, const char *path)
{
	auto_str url = house_url(p->house, path);
	struct answer *w = ask(NULL, url, NULL, NULL);
	cJSON *tree = cJSON_Parse(w->body);

	ck_assert_msg(w->status == 200, "%s: %ld %s", path, w->status, w->body);
	answer_free(w);
	return tree;
}

static void
check_group(struct pager *p, int n)
{
	const struct bunch *g = &p->groups[n];
	auto_str path = xasprintf("/api/investigations/%s", g->run);
	AUTO(tree) show = get(p, path);
	bool there[ALERTS_MAX] = {false}, gone[ALERTS_MAX] = {false};
	const cJSON *a, *alerts = tree_at(tree_at(show, "run"), "alerts");
	int i;

	cJSON_ArrayForEach (a, tree_at(alerts, "list")) {
		i = atoi(tree_str(tree_at(a, "labels"), "i"));
		ck_assert(i >= 0 && i < ALERTS_MAX);
		if (there[i])
			violation(p, "an alert twice", n, g->run);
		there[i] = true;
		gone[i] = tree_num(a, "resolved_ms", 0) > 0;
	}
	for (i = 0; i < ALERTS_MAX; i++) {
		if (g->acked[i] && !there[i])
			violation(p, "an alert was lost", n, g->run);
		/* A message that is older may say that it fires. */
		if (g->acked[i] && gone[i] && !g->gone_acked[i])
			violation(p, "nobody said that it is resolved", n,
			    g->run);
	}
}

static void
check(struct pager *p)
{
	double before = 0;
	int n = 0, began = 0, i;

	for (i = 0; i < p->spec->groups; i++) {
		if (p->groups[i].run[0] == '\0')
			continue;
		began++;
		check_group(p, i);
	}
	do {
		auto_str path = xasprintf(before > 0
			? "/api/investigations?limit=200&before=%.0f"
			: "/api/investigations?limit=200", before);
		AUTO(tree) page = get(p, path);

		n += cJSON_GetArraySize(tree_at(page, "investigations"));
		before = tree_num(page, "next", 0);
	} while (before > 0);
	if (n != began) {
		p->ret->violations++;
		buf_addf(&p->ret->text, "%d investigations of %d incidents\n",
		    n, began);
	}
}

void
pager_batch(const struct pager_spec *spec, struct pager_result *ret)
{
	static const char *const more[] = {"--alert-window", "0",
	    "--alert-cooldown", "86400", NULL};
	int64_t since = clk_mono_ms();
	struct pager p = {.spec = spec,
	    .ret = ret,
	    .dice = dice_of(spec->seed, 1, 1),
	    .house = house_start(&(struct house_spec){
		.script = "[{\"decision\":\"FINISH\",\"report\":\"# r\"}]",
		.more = more}),
	    .groups = xcalloc((size_t)spec->groups, sizeof(struct bunch))};
	int i;

	curl_global_init(CURL_GLOBAL_ALL);
	*ret = (struct pager_result){.acked = 0};
	buf_init(&ret->text, 1 << 20);
	post_all(&p);
	house_await_well(p.house);
	check(&p);
	house_free(p.house);
	for (i = 0; i < KEPT_MAX; i++)
		free(p.kept[i].body);
	free(p.groups);
	ret->ms = clk_mono_ms() - since;
}
