/* drawing.c - the lists of a conclusion while they are being filled. */
#include "common/json/tree.h"
#include "common/report/statements.h"
#include "planner/rules/conclude.h"

#include <string.h>

enum { ADVICE_MAX = 4000 };

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
	cJSON_AddNumberToObject(
	    d->says, "from", d->k->facts.at_s - d->k->facts.window_s);
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
	if (d->first == NULL)
		d->first = say_claim(&d->s);
	else
		cJSON_AddItemToArray(d->actions, say_claim(&d->s));
}

void
drawing_advise(struct drawing *d, const char *about, const char *first,
    const char *then, const char *run)
{
	struct say kept = d->s;
	cJSON *action;

	/* Both rest on the same. */
	buf_adds(&d->s.text, first);
	if (d->first == NULL) {
		d->first = say_claim(&d->s);
		memcpy(d->s.ids, kept.ids, sizeof(kept.ids));
		d->s.n_ids = kept.n_ids;
	} else {
		buf_reset(&d->s.text);
		say_code(&d->s, about);
		say(&d->s, "：", ": ");
		buf_adds(&d->s.text, first);
		say(&d->s, "；", "; ");
	}
	buf_adds(&d->s.text, then);
	action = say_claim(&d->s);
	if (run[0] != '\0')
		cJSON_AddStringToObject(action, "run", run);
	cJSON_AddItemToArray(d->actions, action);
}

void
drawing_advise_of(struct drawing *d, const struct study *s,
    const struct signal_row *signal, const struct signal_case *c)
{
	auto_buf first = {.max = ADVICE_MAX}, then = {.max = ADVICE_MAX};
	auto_buf run = {.max = ADVICE_MAX};

	signal_advise(signal, c, d->s.lang, &first, &then, &run);
	drawing_advise(d, tree_str(s->alert, "name"), buf_str(&first),
	    buf_str(&then), buf_str(&run));
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
