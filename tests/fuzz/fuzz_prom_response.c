/*
 * fuzz_prom_response.c - Prometheus's answers: any bytes end in a result,
 * and where they are cut makes no difference to it.
 *
 * The first byte chooses the question, the second the size of the pieces.
 */
#include "common/json.h"
#include "executor/prom_response.h"

#include <stdint.h>
#include <stdlib.h>

static enum rc
on_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < labels->n; i++) {
		buf_add_span(arg, labels->list[i].name);
		buf_add_span(arg, labels->list[i].value);
	}
	buf_addc(arg, '{');
	return RC_OK;
}

static enum rc
on_sample(void *arg, double t_s, double v, struct err *err)
{
	(void)err;
	buf_add(arg, &t_s, sizeof(t_s));
	buf_add(arg, &v, sizeof(v));
	return RC_OK;
}

static enum rc
on_histogram(void *arg, double t_s, double count, double sum, struct err *err)
{
	buf_addc(arg, 'h');
	if (on_sample(arg, t_s, count, err) != RC_OK)
		abort();
	return on_sample(arg, t_s, sum, err);
}

static enum rc
on_series_end(void *arg, struct err *err)
{
	(void)err;
	buf_addc(arg, '}');
	return RC_OK;
}

static enum rc
on_string(void *arg, double t_s, struct span text, struct err *err)
{
	(void)t_s;
	(void)err;
	buf_add_span(arg, text);
	return RC_OK;
}

static enum rc
on_item(void *arg, cJSON *item, struct err *err)
{
	(void)err;
	json_print(arg, item);
	cJSON_Delete(item);
	return RC_OK;
}

static const struct prom_sink sink = {
    on_series, on_sample, on_histogram, on_series_end, on_string, on_item};

static enum rc
feed(enum prom_answer answer, struct span text, size_t piece, struct buf *b)
{
	AUTO(prom_response) r = prom_response_new(answer, 1 << 20, &sink, b);
	struct err err = {0};
	enum rc rc = RC_OK;
	size_t at;

	for (at = 0; at < text.n && rc == RC_OK; at += piece)
		rc = prom_response_feed(
		    r, span_make(text.p + at, MIN(piece, text.n - at)), &err);
	if (rc == RC_OK)
		rc = prom_response_end(r, &err);
	if (rc != RC_OK && err.text[0] == '\0')
		abort();
	buf_adds(b, prom_response_warnings(r));
	buf_adds(b, prom_response_error_type(r));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf b1 = {.max = 16 << 20}, b2 = {.max = 16 << 20};
	enum prom_answer answer;
	struct span text;

	if (size < 2)
		return 0;
	answer = (enum prom_answer)(data[0] % (PROM_ANSWER_METADATA + 1));
	text = span_make(data + 2, size - 2);
	if (feed(answer, text, text.n + 1, &b1) !=
		feed(answer, text, 1 + data[1] % 31, &b2) ||
	    b1.len != b2.len || memcmp(buf_str(&b1), buf_str(&b2), b1.len) != 0)
		abort();
	return 0;
}
