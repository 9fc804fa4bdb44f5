/*
 * model_check.c - --check of a planner with a model: one word from it, then
 * the forms of answer its server takes.
 */
#include "planner/model.h"

#include <string.h>

#include "common/base/clk.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "planner/llm/llm_prompt.h"

enum { CHECK_MS = 60000, WORD_TOKENS = 64, SAID_MAX = 40 };

struct probe {
	zloop_t *loop;
	bool done;
	struct llm_reply reply;
	char said[SAID_MAX + 1], shown[400], model[64];
	bool thinks;
};

static int
end_loop(zloop_t *loop UNUSED, int timer UNUSED, void *arg UNUSED)
{
	return -1;
}

static void
on_done(void *arg, const struct llm_reply *r)
{
	struct probe *p = arg;

	p->reply = *r;
	snprintf(p->said, sizeof(p->said), "%.*s",
	    (int)MIN(r->text.n, SAID_MAX), r->text.n > 0 ? r->text.p : "");
	snprintf(p->shown, sizeof(p->shown), "%s", r->shown);
	snprintf(p->model, sizeof(p->model), "%s", r->model);
	p->thinks = r->thinking.n > 0;
	p->done = true;
	zloop_timer(p->loop, 0, 1, end_loop, NULL);
}

static enum rc
ask(struct backend *b, zloop_t *loop, const char *words, const cJSON *schema,
    struct probe *p, struct err *err)
{
	AUTO(tree) messages = cJSON_CreateArray();
	struct llm_question q = {.messages = messages,
	    .schema = schema,
	    .answer_tokens = WORD_TOKENS,
	    .deadline_ms = clk_mono_ms() + CHECK_MS,
	    .on_done = on_done,
	    .arg = p};

	*p = (struct probe){.loop = loop};
	llm_prompt_add(messages, "system", "You answer in json.");
	llm_prompt_add(messages, "user", words);
	llm_start(b->llm, &q);
	while (!p->done && zloop_start(loop) != 0)
		;
	if (p->reply.rc != RC_OK)
		*err = p->reply.err;
	return p->reply.rc;
}

static void
tell(struct backend *b, FILE *out, const struct probe *word,
    const struct probe *form)
{
	unsigned without = llm_without(b->llm, 0);

	fprintf(out, "model: %s at %s answered \"%s\" after %lld ms\n",
	    word->model, word->shown, word->said, (long long)word->reply.ms);
	fprintf(out,
	    "model: %s, %s, answers by %s, window taken as %d "
	    "tokens\n",
	    word->reply.streamed ? "streams" : "does not stream",
	    word->thinks ? "thinks (see --llm-body to turn that off)"
			 : "does not think aloud",
	    llm_shape_name(llm_shape_of(b->llm, 0)), b->settings.window);
	if (form->reply.prompt_tokens < 0)
		fputs("model: it does not say how many tokens it took\n", out);
	if ((without & LLM_FEATURE_SYSTEM) != 0)
		fputs("model: it has no system role; what it is told stands "
		      "before the first question\n",
		    out);
}

enum rc
model_check(struct backend *b, FILE *out, struct err *err)
{
	zloop_t *loop = zloop_new();
	AUTO(tree) schema = NULL;
	struct probe word, form;
	enum rc rc;

	zloop_set_nonstop(loop, true);
	b->llm = llm_new(loop, &b->settings);
	rc = ask(b, loop, "Answer with the one word: ready", NULL, &word, err);
	if (rc == RC_OK)
		rc = json_parse(span_of("{\"type\":\"object\",\"properties\":"
					"{\"word\":{\"enum\":[\"ready\"]}},"
					"\"required\":[\"word\"]}"),
		    NULL, &schema, err);
	if (rc == RC_OK)
		rc = ask(b, loop,
		    "Answer with the json object {\"word\":\"ready\"}", schema,
		    &form, err);
	if (rc == RC_OK)
		tell(b, out, &word, &form);
	llm_free(b->llm);
	b->llm = NULL;
	zloop_destroy(&loop);
	return rc;
}
