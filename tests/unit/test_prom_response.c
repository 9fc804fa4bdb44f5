/*
 * test_prom_response.c - Prometheus's answers, good and bad, however they
 * are cut into pieces.
 */
#include "common/json/json.h"
#include "common/base/num.h"
#include "executor/prom/prom_response.h"
#include "tests/harness/texts.h"

/* Writes what the sink is told as text. */
static enum rc
on_series(void *arg, const struct prom_labels *labels, struct err *err)
{
	struct buf *b = arg;
	size_t i;

	(void)err;
	buf_addc(b, '{');
	for (i = 0; i < labels->n; i++)
		buf_addf(b, "%.*s=%.*s,", SPAN_ARG(labels->list[i].name),
		    SPAN_ARG(labels->list[i].value));
	buf_addc(b, '}');
	return RC_OK;
}

static enum rc
on_sample(void *arg, double t_s, double v, struct err *err)
{
	struct buf *b = arg;

	(void)err;
	buf_addf(b, " %.17g:", t_s);
	num_put_text(b, v, 17);
	return RC_OK;
}

static enum rc
on_histogram(void *arg, double t_s, double count, double sum, struct err *err)
{
	(void)err;
	buf_addf(arg, " %g:h(%g,%g)", t_s, count, sum);
	return RC_OK;
}

static enum rc
on_series_end(void *arg, struct err *err)
{
	(void)err;
	buf_adds(arg, ";");
	return RC_OK;
}

static enum rc
on_string(void *arg, double t_s, struct span text, struct err *err)
{
	(void)err;
	buf_addf(arg, "%g:\"%.*s\"", t_s, SPAN_ARG(text));
	return RC_OK;
}

static enum rc
on_item(void *arg, cJSON *item, struct err *err)
{
	(void)err;
	json_print(arg, item);
	buf_addc(arg, ';');
	cJSON_Delete(item);
	return RC_OK;
}

static const struct prom_sink sink = {
    on_series, on_sample, on_histogram, on_series_end, on_string, on_item};

static enum rc
read_in_pieces(enum prom_answer answer, const char *text, size_t piece,
    struct buf *b, struct buf *warnings, struct err *err)
{
	AUTO(prom_response) r = prom_response_new(answer, 1 << 20, &sink, b);
	size_t n = strlen(text), at;

	for (at = 0; at < n; at += piece) {
		enum rc rc = prom_response_feed(
		    r, span_make(text + at, MIN(piece, n - at)), err);

		if (rc != RC_OK)
			return rc;
	}
	buf_adds(warnings, prom_response_warnings(r));
	return prom_response_end(r, err);
}

#define DATA(x) "{\"status\":\"success\",\"data\":" x "}"
#define RESULT(type, x) DATA("{\"resultType\":\"" type "\",\"result\":[" x "]}")

static const struct {
	enum prom_answer answer;
	const char *text, *events;
} good[] = {
    {PROM_ANSWER_QUERY, RESULT("vector", ""), ""},
    {PROM_ANSWER_QUERY,
	RESULT("vector", "{\"metric\":{\"__name__\":\"up\",\"job\":\"a\\\"b\"},"
			 "\"value\":[1435781451.781,\"1\"]},"
			 "{\"metric\":{},\"value\":[1,\"NaN\"]}"),
	"{__name__=up,job=a\"b,} 1435781451.7809999:1;{} 1:NaN;"},
    {PROM_ANSWER_QUERY,
	RESULT("matrix",
	    "{\"metric\":{\"a\":\"\"},\"values\":[[1,\"0.5\"],[2,\"+Inf\"],"
	    "[3,\"-Inf\"],[4,\"1e+06\"]]},{\"metric\":{\"a\":\"2\"},"
	    "\"values\":[]}"),
	"{a=,} 1:0.5 2:+Inf 3:-Inf 4:1000000;{a=2,};"},
    {PROM_ANSWER_QUERY, RESULT("scalar", "1435781460.781,\"42\""),
	"{} 1435781460.7809999:42;"},
    {PROM_ANSWER_QUERY, RESULT("string", "7,\"hello\""), "7:\"hello\""},
    {PROM_ANSWER_QUERY,
	RESULT("vector",
	    "{\"metric\":{\"a\":\"b\"},\"histogram\":[5,{\"count\":\"10\","
	    "\"sum\":\"2.5\",\"buckets\":[[0,\"0.1\",\"0.2\",\"10\"]]}]}"),
	"{a=b,} 5:h(10,2.5);"},
    {PROM_ANSWER_QUERY,
	RESULT("matrix",
	    "{\"metric\":{\"a\":\"b\"},\"values\":[[4,\"1\"]],"
	    "\"histograms\":[[5,{\"count\":\"10\",\"sum\":\"2\"}],"
	    "[6,{\"count\":\"11\",\"sum\":\"3\",\"buckets\":[]}]]}"),
	"{a=b,} 4:1 5:h(10,2) 6:h(11,3);"},
    {PROM_ANSWER_ALERTS,
	DATA("{\"alerts\":[{\"labels\":{\"alertname\":\"X\"},"
	     "\"state\":\"firing\",\"value\":\"1e+00\"},{\"a\":[1]}]}"),
	"{\"labels\":{\"alertname\":\"X\"},\"state\":\"firing\","
	"\"value\":\"1e+00\"};{\"a\":[1]};"},
    {PROM_ANSWER_RULES,
	DATA("{\"groups\":[{\"name\":\"g\",\"file\":\"f.yml\",\"rules\":["
	     "{\"name\":\"A\"},{\"name\":\"B\"}],\"interval\":15},"
	     "{\"rules\":[{\"name\":\"C\"}]}]}"),
	"{\"name\":\"A\",\"group\":\"g\",\"file\":\"f.yml\"};"
	"{\"name\":\"B\",\"group\":\"g\",\"file\":\"f.yml\"};"
	"{\"name\":\"C\",\"group\":\"\",\"file\":\"\"};"},
    {PROM_ANSWER_TARGETS,
	DATA("{\"activeTargets\":[{\"health\":\"up\"}],"
	     "\"droppedTargets\":[{\"x\":1}]}"),
	"{\"health\":\"up\"};"},
    {PROM_ANSWER_STRINGS, DATA("[\"a\",\"b\"]"), "\"a\";\"b\";"},
    {PROM_ANSWER_STRINGS, DATA("null"), ""},
    {PROM_ANSWER_SERIES, DATA("[{\"a\":\"1\"}]"), "{\"a\":\"1\"};"},
    {PROM_ANSWER_METADATA,
	DATA("{\"up\":[{\"type\":\"gauge\",\"help\":\"\"}],\"x\":[]}"),
	"{\"type\":\"gauge\",\"help\":\"\",\"metric\":\"up\"};"},
    {PROM_ANSWER_SIZE,
	DATA("{\"headStats\":{\"numSeries\":7},\"labels\":[]}"),
	"{\"numSeries\":7};[];"},
    /* VictoriaMetrics adds members of its own. */
    {PROM_ANSWER_QUERY,
	"{\"status\":\"success\",\"isPartial\":false,\"data\":{\"resultType\":"
	"\"vector\",\"result\":[{\"metric\":{\"a\":\"b\"},\"value\":[1,"
	"\"2\"],\"extra\":[[1]]}]},\"stats\":{\"seriesFetched\":\"1\"}}",
	"{a=b,} 1:2;"},
};

START_TEST(good_answers_reach_the_sink_however_they_are_cut)
{
	size_t piece, n = strlen(good[_i].text);

	for (piece = 1; piece <= n; piece++) {
		struct err err = {0};
		auto_buf b = {.max = 4096}, w = {.max = 10};
		enum rc rc = read_in_pieces(
		    good[_i].answer, good[_i].text, piece, &b, &w, &err);

		ck_assert_msg(rc == RC_OK, "%s: %s", good[_i].text, err.text);
		ck_assert_str_eq(buf_str(&b), good[_i].events);
	}
}
END_TEST

static const struct {
	const char *text;
	enum rc rc;
	const char *says;
} bad[] = {
    {"", RC_UPSTREAM, "the answer is empty"},
    {"\n<!DOCTYPE html><html>", RC_UPSTREAM,
	"a web page, not Prometheus's JSON; it begins \"<!DOCTYPE html>"},
    {"upstream connect error", RC_UPSTREAM,
	"something else, not Prometheus's JSON; it begins \"upstream"},
    {"[1]", RC_UPSTREAM, "where none should be"},
    {"7", RC_UPSTREAM, "where there should be none"},
    {"{}", RC_UPSTREAM, "no status"},
    {"{\"message\":\"x\"}", RC_UPSTREAM, "no status"},
    {"{\"status\":\"success\"}", RC_UPSTREAM, "no data"},
    {"{\"status\":\"success\",\"data\":{\"resultType\":\"vec", RC_UPSTREAM,
	"the answer is not good JSON: byte 45: ends in the middle"},
    {"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:5: "
     "parse error: unexpected end of input\"}",
	RC_INVALID, "bad_data: 1:5: parse error: unexpected end of input"},
    {"{\"status\":\"error\"}", RC_INVALID, "error: "},
    {RESULT("vector", "{\"metric\":{},\"value\":[1]}"), RC_UPSTREAM,
	"not [time, \"value\"]"},
    {RESULT("vector", "{\"metric\":{},\"value\":[\"1\",\"1\"]}"), RC_UPSTREAM,
	"not [time, \"value\"]"},
    {RESULT("vector", "{\"metric\":{},\"value\":[1,\"1\",2]}"), RC_UPSTREAM,
	"not [time, \"value\"]"},
    {RESULT("vector", "{\"metric\":{},\"value\":[1,\"x\"]}"), RC_UPSTREAM,
	"a sample's value is not a number"},
    {RESULT("matrix", "{\"metric\":{},\"values\":[1]}"), RC_UPSTREAM,
	"a plain value where there should be none"},
    {RESULT("matrix", "{\"metric\":{},\"values\":[[1,[]]]}"), RC_UPSTREAM,
	"a container where none should be"},
    {RESULT("matrix", "{\"values\":[[1,\"1\"]],\"metric\":{\"a\":\"b\"}}"),
	RC_UPSTREAM, "labels after the values"},
    {RESULT("vector", "{\"metric\":{\"a\":1},\"value\":[1,\"1\"]}"),
	RC_UPSTREAM, "a label whose value is no string"},
    {RESULT("vector", "{\"metric\":{},\"histogram\":[\"x\",{}]}"), RC_UPSTREAM,
	"a histogram without its time"},
    {RESULT("vector", "{\"metric\":{},\"histogram\":[1,{\"count\":[]}]}"),
	RC_OK, ""},
    {RESULT("vector", "{\"value\":[7,\"1\"],\"histogram\":[{}]}"),
	RC_UPSTREAM, "a histogram without its time"},
    {RESULT("vector", "{\"histogram\":[7,{},{}]}"), RC_UPSTREAM,
	"a histogram without its time"},
    {RESULT("vector", "{\"metric\":{},\"histogram\":[1,{\"count\":1}]}"),
	RC_UPSTREAM, "a count that is no number"},
    {RESULT("matrix", "{\"metric\":{},\"values\":[[1,\"1\"]]},2,\"3\""),
	RC_UPSTREAM, "not [time, \"value\"]"},
};

START_TEST(bad_answers_are_refused_and_told_however_they_are_cut)
{
	size_t piece, n = MAX(strlen(bad[_i].text), (size_t)1);

	for (piece = 1; piece <= n; piece++) {
		struct err err = {0};
		auto_buf b = {.max = 4096}, w = {.max = 10};
		enum rc rc = read_in_pieces(
		    PROM_ANSWER_QUERY, bad[_i].text, piece, &b, &w, &err);

		ck_assert_msg(rc == bad[_i].rc, "%s: %s: %s", bad[_i].text,
		    rc_name(rc), err.text);
		/* In small pieces, less of the beginning is there to show. */
		if (piece == n)
			assert_contains(err.text, bad[_i].says);
	}
}
END_TEST

START_TEST(warnings_and_infos_are_passed_on)
{
	static const char text[] =
	    "{\"status\":\"success\",\"warnings\":[\"PromQL: one\",\"two\"],"
	    "\"data\":{\"resultType\":\"vector\",\"result\":[]},"
	    "\"infos\":[\"three\"]}";
	struct err err = {0};
	auto_buf b = {.max = 100}, w = {.max = 100};

	ck_assert(
	    read_in_pieces(PROM_ANSWER_QUERY, text, 7, &b, &w, &err) == RC_OK);
	ck_assert_str_eq(buf_str(&w), "PromQL: one\ntwo\nthree");
}
END_TEST

START_TEST(warnings_without_end_are_cut_not_refused)
{
	auto_buf text = {.max = 100000}, b = {.max = 100}, w = {.max = 10000};
	struct err err = {0};
	int i;

	buf_adds(&text, "{\"status\":\"success\",\"data\":[],\"warnings\":[");
	for (i = 0; i < 500; i++)
		buf_addf(&text, "\"warning number \xE5\x91\x8A %d\",", i);
	buf_adds(&text, "\"x\"]}");
	ck_assert(read_in_pieces(PROM_ANSWER_STRINGS, buf_str(&text), 1000, &b,
		      &w, &err) == RC_OK);
	ck_assert_uint_gt(w.len, PROM_WARNINGS_MAX - 50);
	ck_assert_uint_le(w.len, PROM_WARNINGS_MAX);
}
END_TEST

START_TEST(a_series_with_too_many_labels_is_refused)
{
	auto_buf text = {.max = 100000}, b = {.max = 100}, w = {.max = 10};
	struct err err = {0};
	int i;

	buf_adds(&text, "{\"status\":\"success\",\"data\":{\"result\":["
			"{\"metric\":{");
	for (i = 0; i < 200; i++)
		buf_addf(&text, "\"l%d\":\"v\",", i);
	ck_assert_int_eq(read_in_pieces(PROM_ANSWER_QUERY, buf_str(&text),
			     100000, &b, &w, &err),
	    RC_TOOBIG);
	assert_contains(err.text, "more than 128 labels");
}
END_TEST

START_TEST(an_item_without_end_is_refused)
{
	auto_buf text = {.max = 1000000}, b = {.max = 100}, w = {.max = 10};
	struct err err = {0};
	int i;

	buf_adds(&text, "{\"status\":\"success\",\"data\":{\"alerts\":[{\"a\":"
			"[");
	for (i = 0; i < 30000; i++)
		buf_adds(&text, "1,");
	ck_assert_int_eq(read_in_pieces(PROM_ANSWER_ALERTS, buf_str(&text),
			     100000, &b, &w, &err),
	    RC_TOOBIG);
	assert_contains(err.text, "one entry of the answer: more than 20000");
}
END_TEST

static enum rc
stop(void *arg, double t_s, double v, struct err *err)
{
	(void)arg;
	(void)t_s;
	(void)v;
	return err_set(err, RC_CANCELLED, "enough");
}

START_TEST(the_sink_may_stop_the_reader)
{
	static const struct prom_sink stopper = {.sample = stop};
	AUTO(prom_response)
	r = prom_response_new(PROM_ANSWER_QUERY, 10000, &stopper, NULL);
	struct err err = {0};

	ck_assert_int_eq(
	    prom_response_feed(r, span_of(RESULT("scalar", "1,\"2\"")), &err),
	    RC_CANCELLED);
	ck_assert_int_eq(prom_response_end(r, &err), RC_CANCELLED);
	ck_assert_str_eq(err.text, "enough");
}
END_TEST

START_TEST(a_label_is_found_by_name)
{
	struct prom_labels l = {
	    2, {{span_of("a"), span_of("1")}, {span_of("b"), span_of("2")}}};

	ck_assert(span_is(prom_label_get(&l, "b"), "2"));
	ck_assert(span_is(prom_label_get(&l, "c"), ""));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {good_answers_reach_the_sink_however_they_are_cut, ARRAY_LEN(good)},
	    {bad_answers_are_refused_and_told_however_they_are_cut,
		ARRAY_LEN(bad)},
	    {warnings_and_infos_are_passed_on, 0},
	    {warnings_without_end_are_cut_not_refused, 0},
	    {a_series_with_too_many_labels_is_refused, 0},
	    {an_item_without_end_is_refused, 0},
	    {the_sink_may_stop_the_reader, 0},
	    {a_label_is_found_by_name, 0},
	};

	return RUN_TESTS("prom_response", tests);
}
