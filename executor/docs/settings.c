/* settings.c - the index of documents as the options say. */
#include "executor/docs/settings.h"

#include <stdlib.h>

static struct embed_conf
embeddings(const struct conf *conf)
{
	return (struct embed_conf){.service = {.what = "the embeddings API",
				       .flag = "embeddings",
				       .url = conf->embeddings_url,
				       .key = conf->embeddings_key,
				       .key_file = conf->embeddings_key_file,
				       .ca_file = conf->embeddings_ca_file,
				       .proxy = conf->http_proxy},
	    .model = conf->embeddings_model,
	    .query_model = conf->embeddings_query_model,
	    .query_prefix = conf->embeddings_query_prefix,
	    .passage_prefix = conf->embeddings_passage_prefix,
	    .dimensions = (int)conf->embeddings_dimensions,
	    .batch = (int)conf->embeddings_batch,
	    .query_ms = conf->embeddings_timeout_ms};
}

static struct milvus_conf
milvus(const struct conf *conf)
{
	return (struct milvus_conf){.service = {.what = "Milvus",
					.flag = "milvus",
					.secret = "token",
					.url = conf->milvus_url,
					.key = conf->milvus_token,
					.key_file = conf->milvus_token_file,
					.ca_file = conf->milvus_ca_file,
					.proxy = conf->http_proxy},
	    .collection = conf->milvus_collection,
	    .search_ms = conf->milvus_timeout_ms};
}

void
docs_settings_init(struct docs_settings *s, const struct conf *conf)
{
	*s = (struct docs_settings){
	    .path = xasprintf("%s/docs.db", conf->data_dir),
	    .embed = embeddings(conf),
	    .milvus = milvus(conf)};
	s->shelf = xasprintf("%s/docs", conf->data_dir);
	s->docs = (struct docs_conf){.path = s->path,
	    .shelf = s->shelf,
	    .dir = conf->docs_dir,
	    .starter = conf->docs_starter,
	    .embed = conf->embeddings_url != NULL ? &s->embed : NULL,
	    .milvus = conf->milvus_url != NULL ? &s->milvus : NULL};
}

void
docs_settings_done(struct docs_settings *s)
{
	free(s->path);
	free(s->shelf);
	*s = (struct docs_settings){.path = NULL};
}
