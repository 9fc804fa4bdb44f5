/*
 * test_tls.c - a Milvus and an embeddings API behind TLS: whose certificate is
 * trusted is asked, with its token; nobody else hears that.
 */
#include "executor/docs/settings.h"
#include "tests/harness/model_server.h"
#include "tests/harness/stub_http.h"
#include "tests/harness/texts.h"

#include <stdatomic.h>
#include <stdlib.h>

static const struct {
	const char *host; /* NULL: as the certificate has it */
	const char *ca;   /* NULL: the system's */
	const char *says; /* NULL: it is trusted */
} cases[] = {
    {NULL, "ca.pem", NULL},
    {NULL, "other.pem", "its certificate is not trusted; name the CA file"},
    {NULL, NULL, "its certificate is not trusted; name the CA file"},
    {"localhost", "ca.pem", "or use the host name it was made for"},
    {NULL, "none.pem", "the CA file cannot be read"},
};

struct fixture {
	char *dir;
	struct stub_http *http;
	struct proc *tls;
	char *url;
	atomic_int signed_in; /* requests with the right token */
};

/* Both services: a list of collections, and a vector. */
static void
answer(struct stub_conn *c, const struct stub_request *rq, void *arg)
{
	struct fixture *f = arg;
	bool milvus = text_contains(rq->target, "/collections/");

	if (text_contains(rq->head,
		milvus ? "Bearer root:Milvus\r\n" : "Bearer sk-embed\r\n"))
		atomic_fetch_add(&f->signed_in, 1);
	stub_answer(c, 200, NULL,
	    milvus ? "{\"code\":0,\"data\":[]}"
		   : "{\"data\":[{\"index\":0,\"embedding\":[1,0,0]}]}");
}

/* false: there can be no TLS server here, which is told. */
static bool
serve(struct fixture *f, const char *host)
{
	auto_str setting = NULL;
	auto_str why = NULL;
	char *url = NULL;

	*f = (struct fixture){.dir = scratch_new()};
	f->http = stub_http_new(answer, f);
	setting =
	    xasprintf("%s%s", f->dir, strrchr(stub_http_url(f->http), ':'));
	f->tls = model_server_start("tls_serve", setting, f->dir, &url, &why);
	if (f->tls == NULL) {
		SKIP_TEST(why);
		return false;
	}
	f->url = host == NULL
		     ? xstrdup(url)
		     : xasprintf("https://%s%s", host, strrchr(url, ':'));
	free(url);
	return true;
}

static void
end(struct fixture *f)
{
	if (f->tls != NULL)
		proc_free(f->tls);
	stub_http_free(f->http);
	free(f->url);
	scratch_free(f->dir);
}

static enum rc
ask_milvus(const struct docs_settings *s, struct err *err)
{
	struct milvus m;
	bool made;

	milvus_init(&m, &s->milvus, "some model", NULL);
	return milvus_ensure(&m, 3, &made, err);
}

static enum rc
ask_embeddings(const struct docs_settings *s, struct err *err)
{
	struct span text = span_of("disk");
	struct embed_vectors v = {.n = 0};
	enum rc rc =
	    embed(&s->embed, EMBED_QUERY, &text, 1, NEVER_MS, NULL, &v, err);

	embed_vectors_done(&v);
	return rc;
}

START_TEST(only_who_is_trusted_is_asked_and_told_the_token)
{
	static enum rc (*const asks[])(const struct docs_settings *s,
	    struct err *err) = {ask_milvus, ask_embeddings};
	static const char *const names[] = {"Milvus: ", "the embeddings API: "};
	struct fixture f;
	auto_str ca = NULL;
	struct docs_settings s;
	struct conf conf;
	size_t i;

	if (!serve(&f, cases[_i].host)) {
		end(&f);
		return;
	}
	if (cases[_i].ca != NULL)
		ca = xasprintf("%s/%s", f.dir, cases[_i].ca);
	conf = (struct conf){.data_dir = f.dir,
	    .milvus_url = f.url,
	    .milvus_token = "root:Milvus",
	    .milvus_ca_file = ca,
	    .milvus_collection = "culprit",
	    .embeddings_url = f.url,
	    .embeddings_model = "m",
	    .embeddings_key = "sk-embed",
	    .embeddings_ca_file = ca};
	docs_settings_init(&s, &conf);
	for (i = 0; i < ARRAY_LEN(asks); i++) {
		struct err err = {""};
		enum rc rc = asks[i](&s, &err);

		if (cases[_i].says == NULL) {
			ck_assert_msg(rc == RC_OK, "%s", err.text);
			continue;
		}
		ck_assert_int_ne(rc, RC_OK);
		assert_contains(err.text, names[i]);
		assert_contains(err.text, cases[_i].says);
		assert_lacks(err.text, "root:");
		assert_lacks(err.text, "sk-");
	}
	/* The collection is listed and made. */
	ck_assert_int_eq(
	    stub_http_requests(f.http), cases[_i].says == NULL ? 3 : 0);
	ck_assert_int_eq(atomic_load(&f.signed_in), stub_http_requests(f.http));
	docs_settings_done(&s);
	end(&f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {only_who_is_trusted_is_asked_and_told_the_token, ARRAY_LEN(cases)},
	};

	return RUN_TESTS("tls", tests);
}
