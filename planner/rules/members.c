/*
 * members.c - which alerts an incident has, in words.
 *
 * Instances of one rule are one name with their number; what tells them
 * apart stands in the list of alerts, which has every one.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/rc.h"
#include "common/json/tree.h"
#include "planner/rules/conclude.h"
#include "planner/rules/incident_join.h"

enum {
	OTHERS_NAMED = 8,
	LABELS_TOLD = 4,
	EXAMPLES = 3, /* of incidents that are told together */
	UNSTUDIED_ALONE = 12,
	TIES_TRIED = 64,
	OTHER_RULES = 10, /* named of incidents that were not studied */
};

/* ---- what it is about ---- */

/* Whether all instances of a's rule in x have that label, or at least what is
 * left of it without hashes. */
static bool
is_common(const struct incident *x, const struct about *a, int i, bool *ret_cut)
{
	const struct identity_label *l = &a->identity.label[i];
	int k, m;

	*ret_cut = false;
	for (k = 0; k < x->n; k++) {
		const struct identity *d = &x->at[k]->identity;

		if (!tree_is(
			x->at[k]->alert, "name", tree_str(a->alert, "name")))
			continue;
		for (m = 0; m < d->n_labels; m++)
			if (strcmp(d->label[m].key, l->key) == 0)
				break;
		if (m == d->n_labels || !span_equal(d->label[m].name, l->name))
			return false;
		*ret_cut |= strcmp(d->label[m].value, l->value) != 0;
	}
	return true;
}

static void
put_pair(struct drawing *d, const struct identity_label *l, bool cut)
{
	auto_str pair = xasprintf("%s=%.*s%s", l->key,
	    cut ? (int)l->name.n : (int)strlen(l->value), l->value,
	    cut ? "…" : "");

	if (!d->zh)
		buf_addc(&d->s.text, ' ');
	say_code(&d->s, pair);
}

static int
instances_of(const struct incident *x, const char *name)
{
	int n = 0, i;

	for (i = 0; i < x->n; i++)
		n += tree_is(x->at[i]->alert, "name", name) ? 1 : 0;
	return n;
}

static void
put_instances(struct drawing *d, int n)
{
	say(&d->s, "（", " (");
	buf_addf(&d->s.text, "%d", n);
	say(&d->s, " 个实例）", " instances)");
}

/* Where one installation has several clusters or tenants, which. */
static void
put_place(struct drawing *d, const struct about *a)
{
	int i;

	for (i = 0; i < IDENTITY_PLACES && d->k->incidents.places_differ; i++)
		if (a->identity.place[i][0] != '\0') {
			if (!d->zh)
				buf_addc(&d->s.text, ' ');
			say_code(&d->s, a->identity.place[i]);
		}
}

/* The rule and what it is about, by what its instances have in common. */
static void
put_title(struct drawing *d, const struct incident *x, const struct about *a)
{
	int told = 0, i;

	say_code(&d->s, tree_str(a->alert, "name"));
	put_place(d, a);
	for (i = 0; i < a->identity.n_labels && told < LABELS_TOLD; i++) {
		bool cut;

		if (!is_common(x, a, i, &cut))
			continue;
		put_pair(d, &a->identity.label[i], cut);
		told++;
	}
}

void
tell_put_subject(struct drawing *d, const struct study *s)
{
	int n = instances_of(s->incident, tree_str(s->alert, "name"));

	put_title(d, s->incident, s->about);
	if (n > 1)
		put_instances(d, n);
}

void
tell_put_series(struct drawing *d, const struct looked *x)
{
	static const char *const how[] = {"reason", "phase", "code", "status"};
	const cJSON *labels = x->series.labels;
	struct identity about;
	size_t k;
	int i;

	identity_of(&about, labels, identity_own_of_expr(x->measure.expr));
	for (i = 0; i < about.n_labels && i < LABELS_TOLD; i++)
		put_pair(d, &about.label[i], false);
	for (k = 0; k < ARRAY_LEN(how); k++)
		if (tree_has(labels, how[k]))
			put_pair(d,
			    &(struct identity_label){
				how[k], tree_str(labels, how[k]), {0}},
			    false);
}

/* ---- the other rules of it ---- */

struct member {
	const struct about *about; /* the first of them */
	int n;
};

static int
by_rule(const void *pa, const void *pb)
{
	const struct about *a = *(struct about *const *)pa;
	const struct about *b = *(struct about *const *)pb;
	int d = strcmp(tree_str(a->alert, "name"), tree_str(b->alert, "name"));

	return d != 0 ? d : (a > b) - (a < b);
}

static int
by_place(const void *pa, const void *pb)
{
	const struct about *a = ((const struct member *)pa)->about;
	const struct about *b = ((const struct member *)pb)->about;

	return (a > b) - (a < b);
}

/* One for each rule of the incident, as listed: the most severe first. */
static struct member *
rules_in(const struct incident *x, int *ret_n)
{
	struct member *list = xcalloc((size_t)x->n + 1, sizeof(*list));
	struct about **sorted =
	    xcalloc((size_t)x->n + 1, sizeof(struct about *));
	int n = 0, i;

	memcpy(sorted, x->at, (size_t)x->n * sizeof(struct about *));
	qsort(sorted, (size_t)x->n, sizeof(struct about *), by_rule);
	for (i = 0; i < x->n; i++) {
		if (i == 0 || !tree_is(sorted[i]->alert, "name",
				  tree_str(sorted[i - 1]->alert, "name")))
			list[n++].about = sorted[i];
		list[n - 1].n++;
	}
	free(sorted);
	qsort(list, (size_t)n, sizeof(*list), by_place);
	*ret_n = n;
	return list;
}

/* Why a is of the incident: by the alert that stands for it, or else by the
 * first that has to do with both. */
static bool
put_relation(struct drawing *d, const struct study *s, const struct about *a)
{
	const struct incident *x = s->incident;
	struct tie t = incident_tie(&d->k->incidents, s->about, a);
	auto_str text = NULL;
	int i;

	for (i = 0; t.relation == NOT_RELATED && i < MIN(x->n, TIES_TRIED); i++)
		if (x->at[i] != a)
			t = incident_tie(&d->k->incidents, x->at[i], a);
	text = xstrndup(t.name.p != NULL ? t.name.p : "", t.name.n);
	switch (t.relation) {
	case NOT_RELATED:
		return false;
	case SAME_THING:
		say(&d->s, "对象相同", "about the same thing");
		break;
	case SAME_WORKLOAD:
		say(&d->s, "同一工作负载", "same workload ");
		say_code(&d->s, text);
		break;
	case SAME_NODE:
		say(&d->s, "同一节点", "same node ");
		say_code(&d->s, text);
		break;
	case DEPENDS:
		say_code(&d->s, t.client);
		say(&d->s, "依赖", " depends on ");
		say_code(&d->s, t.server);
		break;
	}
	return true;
}

/* `Name` (12 instances, same workload `web`), as far as there is to say. */
static void
put_member(struct drawing *d, const struct study *s, const struct member *m)
{
	size_t before, inner;

	say_code(&d->s, tree_str(m->about->alert, "name"));
	before = d->s.text.len;
	say(&d->s, "（", " (");
	inner = d->s.text.len;
	if (put_relation(d, s, m->about) && m->n > 1)
		say(&d->s, "，", ", ");
	if (m->n > 1) {
		buf_addf(&d->s.text, "%d", m->n);
		say(&d->s, " 个实例", " instances");
	}
	if (d->s.text.len == inner)
		d->s.text.len = before;
	else
		say(&d->s, "）", ")");
}

void
tell_members(struct drawing *d, int n, const struct study *s)
{
	int n_rules, told = 0, i;
	struct member *list = rules_in(s->incident, &n_rules);

	for (i = 0; i < n_rules && told < OTHERS_NAMED; i++) {
		if (tree_is(list[i].about->alert, "name",
			tree_str(s->alert, "name")))
			continue;
		if (told++ == 0)
			say(&d->s, "同一事件中还触发了",
			    "Of the same incident there also fire ");
		else
			say(&d->s, "；", "; ");
		put_member(d, s, &list[i]);
	}
	free(list);
	if (told == 0)
		return;
	if (n_rules - 1 > told)
		say(&d->s, "；以及列表中的其他告警",
		    "; and others that the list above has");
	say_cite(&d->s, drawing_alerts_id(d));
	drawing_finding(d, "symptom", n, NULL);
}

cJSON *
members_of(struct drawing *d, const struct study *s)
{
	int n, i;
	struct member *list = rules_in(s->incident, &n);
	cJSON *out = cJSON_CreateArray();

	for (i = 0; i < n; i++) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(
		    o, "name", tree_str(list[i].about->alert, "name"));
		cJSON_AddNumberToObject(o, "instances", list[i].n);
		if (list[i].about != s->about &&
		    put_relation(d, s, list[i].about))
			cJSON_AddStringToObject(
			    o, "because", buf_str(&d->s.text));
		buf_reset(&d->s.text);
		cJSON_AddItemToArray(out, o);
	}
	free(list);
	return out;
}

cJSON *
members_indices(const struct incident *x)
{
	cJSON *list = cJSON_CreateArray();
	int i;

	for (i = 0; i < x->n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(x->at[i]->index));
	return list;
}

/* ---- those that were not studied ---- */

/* Incidents of one rule, told together. */
struct bundle {
	const struct incident **list;
	int n;
};

static bool
is_told(const struct kase *k, const struct incident *x)
{
	int i;

	for (i = 0; i < k->n_told; i++)
		if (k->studies[i].incident == x)
			return true;
	return false;
}

static const char *
rule_name(const struct incident *x)
{
	return tree_str(x->at[0]->alert, "name");
}

static int
by_first_rule(const void *pa, const void *pb)
{
	const struct incident *a = *(const struct incident *const *)pa;
	const struct incident *b = *(const struct incident *const *)pb;
	int d = a->is_alike - b->is_alike;

	if (d == 0)
		d = strcmp(rule_name(a), rule_name(b));
	return d != 0 ? d : (a > b) - (a < b);
}

static int
by_worst(const void *pa, const void *pb)
{
	const struct incident *a = ((const struct bundle *)pa)->list[0];
	const struct incident *b = ((const struct bundle *)pb)->list[0];

	return (a > b) - (a < b);
}

/* Why it was not studied; the last one is of those that are alike. */
static const char *const why[WANTS + 1][REPORT_LANGS] = {
    [WANT_TURN] = {"还没有轮到", "its turn had not come yet"},
    [WANT_ROUNDS] = {"轮数用完了，先分析了更严重、更新的",
	"the rounds were used up on what is worse and newer"},
    [WANT_TIME] = {"剩下的时间不够，先分析了更严重、更新的",
	"the time left was used on what is worse and newer"},
    [WANTS] = {"与上面分析过的同一规则的事件相同，那些也没有找到原因",
	"like those of the same rule above, which show no cause"},
};

static bool
is_among(const char *const *names, int n, const char *name)
{
	while (n-- > 0)
		if (strcmp(names[n], name) == 0)
			return true;
	return false;
}

/* What else fires in them: an incident has one rule in its title. */
static void
put_other_rules(struct drawing *d, const struct bundle *b)
{
	const char *names[OTHER_RULES + 1] = {rule_name(b->list[0])};
	int n = 1, i, k;

	for (i = 0; i < b->n; i++)
		for (k = 0; k < b->list[i]->n && n <= OTHER_RULES; k++) {
			const char *name =
			    tree_str(b->list[i]->at[k]->alert, "name");

			if (!is_among(names, n, name))
				names[n++] = name;
		}
	for (i = 1; i < n; i++) {
		if (i == 1)
			say(&d->s, "，其中还有", ", and of the same ");
		else
			say(&d->s, "、", ", ");
		say_code(&d->s, names[i]);
	}
}

static cJSON *
bundle_of(struct drawing *d, const struct bundle *b)
{
	cJSON *o = cJSON_CreateObject(), *alerts = cJSON_CreateArray();
	int i, k;

	for (i = 0; i < b->n; i++) {
		const struct incident *x = b->list[i];

		for (k = 0; k < x->n; k++)
			cJSON_AddItemToArray(
			    alerts, cJSON_CreateNumber(x->at[k]->index));
		if (i >= EXAMPLES)
			continue;
		if (i > 0)
			say(&d->s, "、", ", ");
		put_title(d, x, x->at[0]);
	}
	if (b->n > EXAMPLES)
		say(&d->s, " 等", " and others");
	put_other_rules(d, b);
	cJSON_AddStringToObject(o, "title", buf_str(&d->s.text));
	buf_reset(&d->s.text);
	cJSON_AddNumberToObject(o, "incidents", b->n);
	cJSON_AddStringToObject(o, "why",
	    why[b->list[0]->is_alike ? WANTS : d->k->want][d->s.lang]);
	cJSON_AddItemToObject(o, "alerts", alerts);
	return o;
}

/* Those that are alike together, by their rule; of the others few each. */
static int
bundles_of(const struct incident **list, int n, struct bundle *ret)
{
	int n_bundles = 0, i, k;

	qsort(list, (size_t)n, sizeof(*list), by_first_rule);
	for (i = 0; i < n; i = k) {
		bool each = n <= UNSTUDIED_ALONE && !list[i]->is_alike;

		for (k = i + 1;
		     !each && k < n && list[k]->is_alike == list[i]->is_alike &&
		     strcmp(rule_name(list[k]), rule_name(list[i])) == 0;
		     k++)
			;
		ret[n_bundles++] = (struct bundle){list + i, k - i};
	}
	qsort(ret, (size_t)n_bundles, sizeof(*ret), by_worst);
	return n_bundles;
}

cJSON *
members_unstudied(struct drawing *d)
{
	const struct incidents *x = &d->k->incidents;
	const struct incident **list =
	    xcalloc((size_t)x->n + 1, sizeof(const struct incident *));
	struct bundle *bundles = xcalloc((size_t)x->n + 1, sizeof(*bundles));
	cJSON *out = cJSON_CreateArray();
	int n = 0, n_bundles, i;

	for (i = 0; i < x->n; i++)
		if (!x->at[i].watchdog && !is_told(d->k, &x->at[i]))
			list[n++] = &x->at[i];
	n_bundles = bundles_of(list, n, bundles);
	for (i = 0; i < n_bundles; i++)
		cJSON_AddItemToArray(out, bundle_of(d, &bundles[i]));
	free(bundles);
	free(list);
	return out;
}
