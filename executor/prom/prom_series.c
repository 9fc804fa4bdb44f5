/*
 * prom_series.c - the series, scalars and strings of Prometheus's answers.
 *
 * Invariant: labels come before the values of their series, as every server
 * of this API writes them; else the answer is refused, since keeping values
 * until then would need memory without bound.
 */
#include "executor/prom/prom_series.h"
#include "common/base/num.h"

#include <string.h>

struct span
prom_label_get(const struct prom_labels *labels, const char *name)
{
	size_t i;

	for (i = 0; i < labels->n; i++)
		if (span_is(labels->list[i].name, name))
			return labels->list[i].value;
	return (struct span){"", 0};
}

enum rc
prom_odd(const char *what, struct err *err)
{
	return err_set(
	    err, RC_UPSTREAM, "not an answer as Prometheus gives it: %s", what);
}

void
prom_series_init(struct prom_series *s, const struct prom_sink *sink, void *arg)
{
	*s = (struct prom_series){.sink = sink, .arg = arg};
	buf_init(&s->label_text, PROM_LABEL_BYTES_MAX);
}

void
prom_series_done(struct prom_series *s)
{
	buf_done(&s->label_text);
}

static enum rc
tell_series(struct prom_series *s, struct err *err)
{
	if (s->told || s->sink->series == NULL)
		return RC_OK;
	s->told = true;
	return s->sink->series(s->arg, &s->labels, err);
}

void
prom_series_reset(struct prom_series *s)
{
	s->labels.n = 0;
	s->told = false;
	buf_reset(&s->label_text);
}

enum rc
prom_series_end(struct prom_series *s, struct err *err)
{
	enum rc rc = tell_series(s, err);

	if (rc == RC_OK && s->sink->series_end != NULL)
		rc = s->sink->series_end(s->arg, err);
	prom_series_reset(s);
	return rc;
}

/* The text goes into one buffer whose memory may move: until all labels are
 * there, the spans hold offsets. */
enum rc
prom_series_label(
    struct prom_series *s, const char *name, struct span value, struct err *err)
{
	struct prom_label *l = &s->labels.list[s->labels.n];
	size_t name_n = strlen(name);

	if (s->told)
		return prom_odd("labels after the values of a series", err);
	if (s->labels.n == PROM_LABELS_MAX)
		return err_set(err, RC_TOOBIG,
		    "a series with more than %d labels", PROM_LABELS_MAX);
	l->name = span_make(NULL, name_n);
	l->value = span_make(NULL, value.n);
	buf_add(&s->label_text, name, name_n);
	buf_add_span(&s->label_text, value);
	s->labels.n++;
	return buf_check(&s->label_text, "the labels of one series", err);
}

void
prom_series_labelled(struct prom_series *s)
{
	const char *p = buf_str(&s->label_text);
	size_t i;

	for (i = 0; i < s->labels.n; i++) {
		struct prom_label *l = &s->labels.list[i];

		l->name.p = p;
		l->value.p = p + l->name.n;
		p = l->value.p + l->value.n;
	}
}

enum rc
prom_series_pair(struct prom_series *s, struct span text, struct err *err)
{
	enum rc rc;
	double v;

	if (s->is_string)
		return s->sink->string != NULL
			   ? s->sink->string(s->arg, s->t_s, text, err)
			   : RC_OK;
	if (!num_parse_sample(text, &v))
		return prom_odd("a sample's value is not a number", err);
	rc = tell_series(s, err);
	if (rc == RC_OK && s->sink->sample != NULL)
		rc = s->sink->sample(s->arg, s->t_s, v, err);
	return rc;
}

/* A member of [time, "value"]. */
enum rc
prom_series_sample(
    struct prom_series *s, const struct jsonsax_event *ev, struct err *err)
{
	unsigned element = s->element++;

	if (element == 0 && ev->type == JSONSAX_NUMBER) {
		s->t_s = ev->number;
		return RC_OK;
	}
	if (element == 1 && ev->type == JSONSAX_STRING)
		return prom_series_pair(s, ev->text, err);
	return prom_odd("a sample that is not [time, \"value\"]", err);
}

enum rc
prom_series_histogram(
    struct prom_series *s, const struct jsonsax_event *ev, struct err *err)
{
	if (ev->type != JSONSAX_NUMBER || s->element++ != 0)
		return prom_odd("a histogram without its time", err);
	s->t_s = ev->number;
	return RC_OK;
}

enum rc
prom_series_body(struct prom_series *s, const char *key,
    const struct jsonsax_event *ev, struct err *err)
{
	double v;

	if (ev->type != JSONSAX_STRING || !num_parse_sample(ev->text, &v))
		return prom_odd(
		    "a histogram with a count that is no number", err);
	if (strcmp(key, "count") == 0)
		s->count = v;
	else if (strcmp(key, "sum") == 0)
		s->sum = v;
	return RC_OK;
}

enum rc
prom_series_body_end(struct prom_series *s, struct err *err)
{
	enum rc rc = tell_series(s, err);

	if (rc == RC_OK && s->sink->histogram != NULL)
		rc = s->sink->histogram(s->arg, s->t_s, s->count, s->sum, err);
	return rc;
}

/* A scalar or string result: the pair stands where the series would. */
enum rc
prom_series_result(
    struct prom_series *s, const struct jsonsax_event *ev, struct err *err)
{
	enum rc rc;

	if (s->element == 0)
		prom_series_reset(s);
	rc = prom_series_sample(s, ev, err);
	if (rc == RC_OK && s->element == 2 && !s->is_string)
		rc = prom_series_end(s, err);
	return rc;
}
