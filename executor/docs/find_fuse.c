/*
 * find_fuse.c - what the words found and what the vectors found as one list.
 *
 * A passage's place goes by how much of the question's words it has, and by
 * how far its vector stands out. Both are comparable between questions, which
 * places alone are not: by reciprocal ranks a small model's vectors took away
 * more than they gave (tests/eval/docs). What fits is still for the words to
 * say; it comes before what does not.
 */
#include "executor/docs/find_in.h"

#include <stdlib.h>

/* Chosen as the weights of find.c are. */
static const double vector_weight = 0.07;

static double
fused(const struct candidate *c)
{
	return c->score + vector_weight * MAX(c->nearness, 0.0);
}

static int
by_fused(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	double p = fused(x), q = fused(y);

	if (x->named != y->named)
		return x->named ? -1 : 1;
	if (x->fits != y->fits)
		return x->fits ? -1 : 1;
	if (p != q)
		return p > q ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static enum rc
join(struct finding *f, const struct vectors_hit *hit, struct candidate *list,
    size_t *n, struct err *err)
{
	size_t i = 0;
	enum rc rc = RC_OK;

	while (i < *n && list[i].id != hit->id)
		i++;
	if (i == *n)
		rc = find_passage(f, hit->id, &list[i], err);
	if (rc != RC_OK)
		return rc;
	*n += i == *n;
	list[i].nearness = (double)hit->nearness;
	return RC_OK;
}

static enum rc
join_all(struct finding *f, const struct find_by *by, struct candidate *list,
    size_t *n, struct err *err)
{
	struct vectors_hit hits[CANDIDATES];
	size_t i, k = 0;
	enum rc rc = RC_OK;

	if (by->hits != NULL)
		rc = vectors_weigh(by->vectors, f->base, by->question->list,
		    f->terms.chinese, by->hits, by->n_hits, hits, CANDIDATES,
		    &k, err);
	else
		k = vectors_find(by->vectors, by->question->list,
		    f->terms.chinese, hits, CANDIDATES);

	for (i = 0; i < k && rc == RC_OK; i++)
		rc = join(f, &hits[i], list, n, err);
	qsort(list, *n, sizeof(*list), by_fused);
	return rc;
}

enum rc
find_fuse(struct finding *f, struct find_by *by, struct candidate *list,
    size_t *n, char **ret_note, struct err *err)
{
	const struct vectors *v = by->vectors;
	enum rc rc = vectors_read(by->vectors, f->base, by->hits != NULL, err);

	if (rc == RC_TOOBIG) {
		*ret_note = xstrdup(err->text);
		return RC_OK;
	}
	if (rc != RC_OK)
		return rc;
	if (strcmp(v->version, by->version) != 0) {
		*ret_note = xstrdup("the passages have no vectors of this "
				    "model yet");
		return RC_OK;
	}
	if (v->with < v->passages)
		*ret_note = xasprintf("%ld of %ld passages have no vector yet",
		    v->passages - v->with, v->passages);
	if (v->n == 0)
		return RC_OK;
	by->outdated = v->dimensions != by->question->dimensions;
	return by->outdated ? RC_OK : join_all(f, by, list, n, err);
}
