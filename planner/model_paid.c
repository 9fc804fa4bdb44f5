/* model_paid.c - answers of a model that were paid for. */
#include "planner/model_paid.h"

#include "common/json/tree.h"
#include "common/wire/wire.h"

void
model_paid_put(struct buf *b, int n, const struct llm_reply *r)
{
	wire_put_map(b, 10);
	wire_put_str(b, "n");
	wire_put_int(b, n);
	wire_put_str(b, "text");
	wire_put_span(b, r->text);
	wire_put_str(b, "thinking");
	wire_put_span(b, r->thinking);
	wire_put_str(b, "finish");
	wire_put_str(b, r->finish);
	wire_put_str(b, "cut");
	wire_put_bool(b, r->cut);
	wire_put_str(b, "url");
	wire_put_str(b, r->shown);
	wire_put_str(b, "model");
	wire_put_str(b, r->model);
	wire_put_str(b, "prompt_tokens");
	wire_put_int(b, r->prompt_tokens);
	wire_put_str(b, "cached_tokens");
	wire_put_int(b, r->cached_tokens);
	wire_put_str(b, "answer_tokens");
	wire_put_int(b, r->answer_tokens);
}

const cJSON *
model_paid_find(const cJSON *state, int n)
{
	const cJSON *p;

	cJSON_ArrayForEach (p, tree_at(state, "paid"))
		if (tree_num(p, "n", -1) == n)
			return p;
	return NULL;
}

struct llm_reply
model_paid_reply(const cJSON *paid)
{
	return (struct llm_reply){.rc = RC_OK,
	    .text = tree_span(paid, "text"),
	    .thinking = tree_span(paid, "thinking"),
	    .finish = tree_str(paid, "finish"),
	    .cut = cJSON_IsTrue(tree_at(paid, "cut")),
	    .shown = tree_str(paid, "url"),
	    .model = tree_str(paid, "model"),
	    .prompt_tokens = (int64_t)tree_num(paid, "prompt_tokens", -1),
	    .cached_tokens = (int64_t)tree_num(paid, "cached_tokens", -1),
	    .answer_tokens = (int64_t)tree_num(paid, "answer_tokens", -1),
	    .first_ms = -1};
}
