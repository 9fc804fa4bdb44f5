/* drawing.c - the lists of a conclusion while they are being filled. */
#include "common/json/tree.h"
#include "common/report/statements.h"
#include "planner/rules/conclude.h"

const char *
drawing_word(const struct drawing *d, const char *zh, const char *en)
{
	return d->zh ? zh : en;
}

void
drawing_says(struct drawing *d, const char *kind, const char *service)
{
	cJSON_Delete(d->says);
	d->says = cJSON_CreateObject();
	cJSON_AddStringToObject(d->says, "kind", kind);
	if (service != NULL)
		cJSON_AddStringToObject(d->says, "service", service);
}

void
drawing_says_that(struct drawing *d, const char *member, const char *text)
{
	cJSON_AddStringToObject(d->says, member, text);
}

void
drawing_says_of(struct drawing *d, const char *kind, const cJSON *labels)
{
	drawing_says(d, kind, NULL);
	cJSON_AddItemToObject(d->says, "labels", cJSON_Duplicate(labels, true));
	cJSON_AddNumberToObject(d->says, "from",
	    d->k->facts.at_s - d->k->facts.window_s);
	cJSON_AddNumberToObject(d->says, "to", d->k->facts.at_s);
}

void
drawing_finding(
    struct drawing *d, const char *role, int incident, const char *next)
{
	cJSON *finding = say_finding(&d->s, role, incident, next);

	if (d->says != NULL)
		cJSON_AddItemToObject(finding, "says", TAKE(d->says));
	if (statement_holds(finding, d->k->facts.state))
		cJSON_AddItemToArray(d->findings, finding);
	else
		cJSON_Delete(finding);
}

void
drawing_action(struct drawing *d)
{
	cJSON_AddItemToArray(d->actions, say_claim(&d->s));
}

const char *
drawing_alerts_id(const struct drawing *d)
{
	return answer_evidence(d->k->facts.alerts_answer);
}

const char *
drawing_rules_id(const struct drawing *d)
{
	return answer_evidence(d->k->facts.rules_answer);
}
