/* backend_model.c - the model's backends: how they start and end. */
#include <stdlib.h>

#include "planner/model.h"

#include "planner/llm/llm_record.h"
#include "planner/llm/llm_redact.h"

static void
stop(struct backend *b)
{
	if (b == NULL)
		return;
	llm_free(b->llm);
	llm_words_done(&b->words);
	llm_settings_done(&b->settings);
	free(b);
}

DEFINE_AUTO(backend, struct backend, stop);

static struct backend *
make(const struct conf *conf, const char *name)
{
	struct backend *b = xcalloc(1, sizeof(*b));

	b->conf = conf;
	b->name = name;
	b->language = report_lang(span_of(conf->language));
	b->each_round = strcmp(name, "openai") == 0;
	b->record = conf->record;
	return b;
}

static enum rc
start_asking(const struct conf *conf, const char *name, zloop_t *loop,
    struct backend **ret, struct err *err)
{
	AUTO(backend) b = make(conf, name);
	enum rc rc = llm_settings_read(conf, &b->settings, err);

	if (rc == RC_OK)
		rc = llm_words_load(conf->prompts, &b->words, err);
	if (rc == RC_OK)
		rc = llm_redact_open(conf, err);
	if (rc == RC_OK && conf->record != NULL)
		rc = llm_record_open(conf->record, err);
	if (rc != RC_OK)
		return rc;
	model_measure(b);
	if (loop != NULL)
		b->llm = llm_new(loop, &b->settings);
	*ret = TAKE(b);
	return RC_OK;
}

static enum rc
start_openai(const struct conf *conf, zloop_t *loop, struct backend **ret,
    struct err *err)
{
	return start_asking(conf, "openai", loop, ret, err);
}

static enum rc
start_rules_openai(const struct conf *conf, zloop_t *loop, struct backend **ret,
    struct err *err)
{
	return start_asking(conf, "rules+openai", loop, ret, err);
}

/* The window of whoever was asked then is not known: what was asked was
 * short enough. */
static enum rc
start_replay(const struct conf *conf, zloop_t *loop UNUSED,
    struct backend **ret, struct err *err)
{
	AUTO(backend) b = make(conf, "replay");
	char planner[32] = "";
	enum rc rc = RC_OK;

	if (conf->record == NULL)
		rc = err_set(err, RC_INVALID,
		    "the planner replay needs --record FOLDER "
		    "(CULPRIT_RECORD), where a planner with a model has kept "
		    "its answers");
	if (rc == RC_OK)
		rc = llm_record_planner(conf->record, planner, err);
	if (rc == RC_OK)
		rc = llm_words_load(conf->prompts, &b->words, err);
	if (rc == RC_OK)
		rc = llm_redact_open(conf, err);
	if (rc != RC_OK)
		return rc;
	b->replays = true;
	b->each_round = strcmp(planner, "openai") == 0;
	b->settings.window =
	    conf->llm_window != 0 ? (int)conf->llm_window : 16384;
	b->settings.answer_tokens = (int)conf->llm_answer_tokens;
	b->settings.total_ms = conf->llm_timeout_s * 1000;
	model_measure(b);
	*ret = TAKE(b);
	return RC_OK;
}

static enum rc
check(const struct conf *conf, FILE *out, struct err *err)
{
	AUTO(backend) b = NULL;
	enum rc rc = start_asking(conf, "check", NULL, &b, err);

	return rc == RC_OK ? model_check(b, out, err) : rc;
}

const struct backend_ops backend_openai = {
    .name = "openai",
    .start = start_openai,
    .plan = model_plan,
    .cancel = model_cancel,
    .granted = model_granted,
    .settled = model_settled,
    .stop = stop,
    .check = check,
};

const struct backend_ops backend_rules_openai = {
    .name = "rules+openai",
    .start = start_rules_openai,
    .plan = model_plan,
    .cancel = model_cancel,
    .granted = model_granted,
    .settled = model_settled,
    .stop = stop,
    .check = check,
};

const struct backend_ops backend_replay = {
    .name = "replay",
    .start = start_replay,
    .plan = model_plan,
    .cancel = model_cancel,
    .granted = model_granted,
    .settled = model_settled,
    .stop = stop,
};
