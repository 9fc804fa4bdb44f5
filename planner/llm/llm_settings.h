/*
 * llm_settings.h - which model is asked, where, with which key and within
 * which limits: from the configuration, checked whole at start.
 */
#ifndef PLANNER_LLM_LLM_SETTINGS_H
#define PLANNER_LLM_LLM_SETTINGS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/agent/conf.h"
#include "planner/llm/llm_preset.h"

enum { LLM_ENDPOINTS_MAX = 4, LLM_HEADERS_MAX = 16, LLM_CONNECT_MS = 5000 };

/* All owned. */
struct llm_endpoint {
	char *url; /* of chat completions */
	char *model;
	char *key;   /* NULL: none */
	char *shown; /* without credentials, for people */
};

struct llm_settings {
	const struct llm_preset *preset;
	struct llm_endpoint at[LLM_ENDPOINTS_MAX]; /* in order of preference */
	int n;
	cJSON *body; /* object: fields every request has besides ours */
	char *headers[LLM_HEADERS_MAX + 2]; /* NULL ends them */
	const char *ca_file, *proxy;        /* the configuration's, or NULL */
	int64_t first_token_ms, idle_ms, total_ms;
	int answer_tokens, window;
	double temperature;
};

/* Whether the configuration names a model at all. */
bool llm_is_configured(const struct conf *conf);

/* RC_INVALID or RC_IO: what is wrong and what to do. conf outlives them. */
NODISCARD enum rc llm_settings_read(
    const struct conf *conf, struct llm_settings *ret, struct err *err);

/* Keys are wiped. */
void llm_settings_done(struct llm_settings *s);

#endif
