/* llm_stub.c - a chat completions API that misbehaves as it is told. */
#include "tests/harness/llm_stub.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/json/json.h"

struct llm_stub {
	struct stub_http *http;
	pthread_mutex_t mutex;
	char *said[LLM_STUB_ANSWERS]; /* owned */
	char *bodies[LLM_STUB_SEEN];
	int n;
};

/* LLM_STUB_HANG, too. */
static bool
stands_open(const char *answer)
{
	return answer[0] != '\0' && strstr(answer, "Connection: close") == NULL;
}

static void
serve(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct llm_stub *s = arg;
	auto_str answer = NULL;
	int i;

	pthread_mutex_lock(&s->mutex);
	if (s->n < LLM_STUB_SEEN)
		s->bodies[s->n] = xstrdup(rq->body);
	for (i = MIN(s->n, LLM_STUB_ANSWERS - 1); i > 0 && s->said[i] == NULL;)
		i--;
	s->n++;
	answer = xstrdup(s->said[i] != NULL ? s->said[i] : LLM_STUB_HANG);
	pthread_mutex_unlock(&s->mutex);
	if (strcmp(answer, LLM_STUB_HANG) != 0)
		stub_raws(c, answer);
	if (stands_open(answer))
		stub_hang(c);
	stub_close(c);
}

struct llm_stub *
llm_stub_new(void)
{
	struct llm_stub *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->mutex, NULL);
	s->http = stub_http_new(serve, s);
	return s;
}

void
llm_stub_forget(struct llm_stub *s)
{
	int i;

	pthread_mutex_lock(&s->mutex);
	for (i = 0; i < LLM_STUB_ANSWERS; i++) {
		free(s->said[i]);
		s->said[i] = NULL;
	}
	for (i = 0; i < LLM_STUB_SEEN; i++) {
		free(s->bodies[i]);
		s->bodies[i] = NULL;
	}
	s->n = 0;
	pthread_mutex_unlock(&s->mutex);
}

void
llm_stub_free(struct llm_stub *s)
{
	stub_http_free(s->http);
	llm_stub_forget(s);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

const char *
llm_stub_url(const struct llm_stub *s)
{
	return stub_http_url(s->http);
}

void
llm_stub_say(struct llm_stub *s, int n, const char *bytes)
{
	pthread_mutex_lock(&s->mutex);
	free(s->said[n]);
	s->said[n] = xstrdup(bytes);
	pthread_mutex_unlock(&s->mutex);
}

static void
speak(struct llm_stub *s, int n, const char *text, const char *usage)
{
	auto_buf bytes = {.max = 1 << 20};

	buf_adds(
	    &bytes, LLM_SSE "data: {\"choices\":[{\"delta\":{\"content\":");
	json_put_string(&bytes, span_of(text));
	buf_addf(&bytes, "}}]}\n\n%s" LLM_ENDS("stop"), usage);
	llm_stub_say(s, n, buf_str(&bytes));
}

void
llm_stub_speak(struct llm_stub *s, int n, const char *text)
{
	speak(s, n, text, "");
}

void
llm_stub_speak_for(struct llm_stub *s, int n, const char *text, int prompt,
    int cached, int answer)
{
	auto_str usage = xasprintf(
	    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%d,"
	    "\"completion_tokens\":%d,\"prompt_tokens_details\":{"
	    "\"cached_tokens\":%d}}}\n\n",
	    prompt, answer, cached);

	speak(s, n, text, usage);
}

int
llm_stub_asked(struct llm_stub *s)
{
	int n;

	pthread_mutex_lock(&s->mutex);
	n = s->n;
	pthread_mutex_unlock(&s->mutex);
	return n;
}

int
llm_stub_open(struct llm_stub *s)
{
	return stub_http_open(s->http);
}

const char *
llm_stub_body(struct llm_stub *s, int n)
{
	const char *body;

	pthread_mutex_lock(&s->mutex);
	body = s->bodies[n];
	pthread_mutex_unlock(&s->mutex);
	return body;
}

/* ---- a run ---- */

#define NO_ARGS                                                                \
	"\"class\":\"READ\",\"args\":{\"type\":\"object\",\"properties\":{},"  \
	"\"additionalProperties\":false}}"
#define TOOLS                                                                  \
	"[{\"name\":\"query_prometheus_alerts\",\"role\":\"alerts\",\"what\":" \
	"\"What fires.\",\"class\":\"READ\",\"args\":{\"type\":\"object\"}},"  \
	"{\"name\":\"query_prometheus_rules\",\"role\":\"rules\",\"what\":"    \
	"\"The rules.\"," NO_ARGS                                              \
	",{\"name\":\"query_prometheus_targets\",\"role\":\"targets\","        \
	"\"what\":\"What is down.\"," NO_ARGS                                  \
	",{\"name\":\"look\",\"what\":\"Looks at one thing.\",\"class\":"      \
	"\"READ\",\"args\":{\"type\":\"object\",\"required\":[\"query\"],"     \
	"\"properties\":{\"query\":{\"type\":\"string\"}},"                    \
	"\"additionalProperties\":false}}]"
#define ANSWER(tool, role, id, step, summary, data)                            \
	"{\"status\":\"SUCCESS\",\"tool\":\"" tool "\",\"role\":\"" role       \
	"\",\"step\":\"" step "\",\"args\":{},\"summary\":\"" summary          \
	"\",\"data\":" data ",\"evidence\":[\"" id "\"]}"
#define META(id, tool)                                                         \
	"{\"id\":\"" id "\",\"tool\":\"" tool                                  \
	"\",\"query\":\"\",\"media\":\"application/json\",\"bytes\":100,"      \
	"\"sha256\":\"00\",\"ms\":1}"

static const char
    done_part[] =
	"\"executor_feedback\":[" ANSWER("query_prometheus_alerts", "alerts",
	    "E1", "which alerts fire or are pending", "1 firing, 0 pending.",
	    "{\"alerts\":[{\"name\":\"HighLatency\",\"state\":\"firing\","
	    "\"labels\":{\"alertname\":\"HighLatency\",\"service\":"
	    "\"checkout\","
	    "\"severity\":\"critical\"},\"annotations\":{\"summary\":\"slow\"},"
	    "\"activeAt\":\"2025-11-23T10:58:03Z\",\"value\":0.9731}]}") "," ANSWER("query_prometheus_rules",
	    "rules", "E2", "the rules behind them", "1 rule.",
	    "{\"rules\":[{\"name\":\"HighLatency\",\"type\":\"alerting\","
	    "\"expr\":\"latency > "
	    "0.5\",\"labels\":{\"severity\":\"critical\"}}]}") "," ANSWER("quer"
									  "y_"
									  "prom"
									  "ethe"
									  "us_"
									  "targ"
									  "ets",
	    "targets", "E3", "which targets are down",
	    "0 of 3 targets are down.",
	    "{\"targets\":[],\"up\":3,\"down\":0}") "],\"evidence\":[" META("E"
									    "1",
	    "query_prometheus_alerts") "," META("E2",
	    "query_prometheus_rules") "," META("E3",
	    "query_prometheus_targets") "]";

char *
llm_stub_state(bool done, const char *extra)
{
	return xasprintf(
	    "{\"id\":\"r1\",\"input\":\"why is checkout slow?\",\"language\":"
	    "\"en\",\"renders\":true,\"at\":1763895600000,\"window\":1800,"
	    "\"tools\":" TOOLS ",%s%s}",
	    done ? done_part : "\"executor_feedback\":[],\"evidence\":[]",
	    extra);
}
