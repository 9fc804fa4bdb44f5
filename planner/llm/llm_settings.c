/*
 * llm_settings.c - from options to endpoints.
 *
 * Invariant: a key goes to the server it was given for and to no other: the
 * n-th key file is the n-th URL's, and a variable's key is the first's.
 */
#include "planner/llm/llm_settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/num.h"
#include "common/json/json.h"
#include "common/json/tree.h"
#include "common/net/http.h"

#define CHAT "/chat/completions"

/* Fields that are ours to set: one of the same name would break the answer. */
static const char *const own_fields[] = {"model", "messages", "stream", "n",
    "response_format", "tools", "tool_choice", NULL};

bool
llm_is_configured(const struct conf *conf)
{
	return conf->llm != NULL || conf->llm_url != NULL;
}

void
llm_settings_done(struct llm_settings *s)
{
	int i;

	for (i = 0; i < s->n; i++) {
		struct llm_endpoint *e = &s->at[i];

		if (e->key != NULL)
			explicit_bzero(e->key, strlen(e->key));
		free(e->key);
		free(e->url);
		free(e->model);
		free(e->shown);
	}
	for (i = 0; i < LLM_HEADERS_MAX && s->headers[i] != NULL; i++)
		free(s->headers[i]);
	cJSON_Delete(s->body);
	memset(s, 0, sizeof(*s));
}

/* The n-th part of a list, trimmed; empty where it has fewer. */
static struct span
part_of(const char *list, char by, int n)
{
	struct span s = span_of(list != NULL ? list : "");
	const char *end;

	for (;; n--) {
		end = s.n > 0 ? memchr(s.p, by, s.n) : NULL;
		if (n == 0)
			break;
		if (end == NULL)
			return (struct span){"", 0};
		s = span_from(s, (size_t)(end - s.p) + 1);
	}
	if (end != NULL)
		s.n = (size_t)(end - s.p);
	return span_trim(s);
}

/* The same; the last one stands for what is behind it. */
static struct span
part_or_last(const char *list, int n)
{
	for (; n > 0; n--)
		if (part_of(list, ',', n).n > 0)
			break;
	return part_of(list, ',', n);
}

/*
 * A base URL as people have it: with or without /v1, with a path of a
 * gateway, with the whole path of chat completions, with a slash behind it,
 * with a query that some clouds want (api-version).
 */
static enum rc
make_url(struct span base, struct llm_endpoint *e, struct err *err)
{
	auto_str text = xstrndup(base.p, base.n);
	char shown[400];
	const char *path;
	enum rc rc = http_check_url(text, err);
	auto_str query = NULL;
	size_t n;

	if (rc == RC_OK && strchr(text, '#') != NULL)
		rc = err_set(err, RC_INVALID,
		    "it may have no fragment: leave out the \"#\" and what is "
		    "behind it");
	if (rc != RC_OK)
		return err_prefix(err, rc, "--llm-url (CULPRIT_LLM_URL) \"%s\"",
		    http_show_url(text, shown, sizeof(shown)));
	n = strcspn(text, "?");
	query = xstrdup(text + n);
	for (text[n] = '\0'; n > 0 && text[n - 1] == '/';)
		text[--n] = '\0';
	if (n > strlen(CHAT) && strcmp(text + n - strlen(CHAT), CHAT) == 0)
		text[n - strlen(CHAT)] = '\0';
	path = strchr(strstr(text, "://") + 3, '/');
	e->url = xasprintf(
	    "%s%s" CHAT "%s", text, path == NULL ? "/v1" : "", query);
	e->shown = xstrdup(http_show_url(e->url, shown, sizeof(shown)));
	return RC_OK;
}

static enum rc
make_model(
    const struct conf *conf, struct llm_settings *s, int i, struct err *err)
{
	struct span model = part_or_last(conf->llm_model, i);

	if (model.n == 0 && s->preset->model == NULL)
		return err_set(err, RC_INVALID,
		    "which model is to be asked? Set --llm-model "
		    "(CULPRIT_LLM_MODEL); %s has none that is usual",
		    s->preset->name);
	s->at[i].model = model.n > 0 ? xstrndup(model.p, model.n)
				     : xstrdup(s->preset->model);
	return RC_OK;
}

/* A line of comment or a second key would go into a header, or break it. */
static enum rc
check_key(const char *key, struct err *err)
{
	for (; key != NULL && *key != '\0'; key++)
		if ((unsigned char)*key <= ' ' || *key == 0x7f)
			return err_set(err, RC_INVALID,
			    "the key holds a blank, a line end or another "
			    "control character; nothing but the key may stand "
			    "there");
	return RC_OK;
}

static enum rc
make_key(
    const struct conf *conf, struct llm_settings *s, int i, struct err *err)
{
	const struct llm_preset *p = s->preset;
	struct span file = part_of(conf->llm_key_file, ',', i);
	auto_str path = xstrndup(file.p, file.n);
	const char *value = i == 0 ? conf->llm_key : NULL;
	enum rc rc;

	/* The preset's key is for the preset's server. */
	if (value == NULL && i == 0 && conf->llm_url == NULL && p->key != NULL)
		value = getenv(p->key);
	if (value != NULL && value[0] == '\0')
		value = NULL;
	rc = conf_secret(value, file.n > 0 ? path : NULL, &s->at[i].key, err);
	if (rc == RC_OK)
		rc = check_key(s->at[i].key, err);
	if (rc != RC_OK)
		return err_prefix(
		    err, rc, "--llm-key-file (CULPRIT_LLM_KEY_FILE)");
	if (s->at[i].key == NULL && p->wants_key && conf->llm_url == NULL)
		return err_set(err, RC_INVALID,
		    "%s wants a key: set %s or CULPRIT_LLM_KEY, or name a "
		    "file that holds it by --llm-key-file",
		    p->name, p->key);
	return RC_OK;
}

static enum rc
make_endpoints(const struct conf *conf, struct llm_settings *s, struct err *err)
{
	const char *list =
	    conf->llm_url != NULL ? conf->llm_url : s->preset->base;
	enum rc rc = RC_OK;
	int i;

	if (list == NULL)
		return err_set(err, RC_INVALID,
		    "where is the model? Set --llm (CULPRIT_LLM) to a server "
		    "that is known, or --llm-url (CULPRIT_LLM_URL) to the "
		    "base URL of any that speaks OpenAI's API");
	for (i = 0; rc == RC_OK && part_of(list, ',', i).n > 0; i++) {
		if (i == LLM_ENDPOINTS_MAX)
			return err_set(err, RC_INVALID,
			    "--llm-url (CULPRIT_LLM_URL) names more than %d "
			    "servers",
			    LLM_ENDPOINTS_MAX);
		s->n = i + 1;
		rc = make_url(part_of(list, ',', i), &s->at[i], err);
		if (rc == RC_OK)
			rc = make_model(conf, s, i, err);
		if (rc == RC_OK)
			rc = make_key(conf, s, i, err);
	}
	return rc;
}

static enum rc
add_fields(struct llm_settings *s, const char *text, struct err *err)
{
	AUTO(tree) more = NULL;
	const char *const *own;
	cJSON *field, *next;
	enum rc rc = json_parse(span_of(text), NULL, &more, err);

	if (rc == RC_OK && !cJSON_IsObject(more))
		rc = err_set(err, RC_INVALID, "must be a JSON object");
	for (own = own_fields; rc == RC_OK && *own != NULL; own++)
		if (tree_at(more, *own) != NULL)
			rc = err_set(err, RC_INVALID,
			    "the field \"%s\" is set by the planner itself",
			    *own);
	if (rc != RC_OK)
		return err_prefix(err, rc, "--llm-body (CULPRIT_LLM_BODY)");
	for (field = more->child; field != NULL; field = next) {
		next = field->next;
		cJSON_DeleteItemFromObjectCaseSensitive(s->body, field->string);
		cJSON_AddItemToObject(
		    s->body, field->string, cJSON_Duplicate(field, true));
	}
	return RC_OK;
}

static enum rc
make_headers(const struct conf *conf, struct llm_settings *s, struct err *err)
{
	struct span h;
	int i, n = 0;

	for (i = 0; (h = part_of(conf->llm_headers, ';', i)).n > 0; i++) {
		if (memchr(h.p, ':', h.n) == NULL || h.p[0] == ':' ||
		    n == LLM_HEADERS_MAX)
			return err_set(err, RC_INVALID,
			    "--llm-headers (CULPRIT_LLM_HEADERS) is \"Name: "
			    "value; Name: value\", at most %d of them",
			    LLM_HEADERS_MAX);
		s->headers[n++] = xstrndup(h.p, h.n);
	}
	return RC_OK;
}

static enum rc
make_numbers(const struct conf *conf, struct llm_settings *s, struct err *err)
{
	size_t at;

	s->first_token_ms = conf->llm_first_token_s * 1000;
	s->idle_ms = conf->llm_idle_s * 1000;
	s->total_ms = conf->llm_timeout_s * 1000;
	s->answer_tokens = (int)conf->llm_answer_tokens;
	s->window =
	    conf->llm_window != 0 ? (int)conf->llm_window : s->preset->window;
	if (num_parse(span_of(conf->llm_temperature), &s->temperature, &at) !=
		NUM_OK ||
	    s->temperature < 0 || s->temperature > 2)
		return err_set(err, RC_INVALID,
		    "--llm-temperature (CULPRIT_LLM_TEMPERATURE) is a number "
		    "from 0 to 2, not \"%.40s\"",
		    conf->llm_temperature);
	if (s->answer_tokens >= s->window)
		return err_set(err, RC_INVALID,
		    "--llm-answer-tokens (%d) leaves no room for a prompt in "
		    "--llm-window (%d)",
		    s->answer_tokens, s->window);
	return RC_OK;
}

enum rc
llm_settings_read(
    const struct conf *conf, struct llm_settings *ret, struct err *err)
{
	struct llm_settings s = {.ca_file = conf->llm_ca_file,
	    .proxy = conf->llm_proxy,
	    .body = cJSON_CreateObject()};
	enum rc rc = llm_preset_find(conf->llm, &s.preset, err);

	if (rc == RC_OK)
		rc = make_endpoints(conf, &s, err);
	if (rc == RC_OK && s.preset->body != NULL)
		rc = add_fields(&s, s.preset->body, err);
	if (rc == RC_OK && conf->llm_body != NULL)
		rc = add_fields(&s, conf->llm_body, err);
	if (rc == RC_OK)
		rc = make_headers(conf, &s, err);
	if (rc == RC_OK)
		rc = make_numbers(conf, &s, err);
	if (rc == RC_OK && s.proxy != NULL)
		rc = http_check_proxy(s.proxy, err);
	if (rc != RC_OK) {
		llm_settings_done(&s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}
