/*
 * test_offload.c - work on threads: told on the loop, called off, awaited.
 */
#include "common/agent/offload.h"
#include "tests/harness/loop.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

struct piece {
	atomic_bool go, saw_cancel;
	atomic_int *freed;
	pthread_t loop_thread, work_thread;
	char told[OFFLOAD_TEXT_MAX];
	bool *done;
};

/* Spins until told to go or called off. */
static void
work(void *arg, struct offload *o, const atomic_bool *cancelled)
{
	struct piece *p = arg;

	p->work_thread = pthread_self();
	offload_tell(o, "half way");
	while (!atomic_load(&p->go) && !atomic_load(cancelled))
		sched_yield();
	if (atomic_load(cancelled))
		atomic_store(&p->saw_cancel, true);
}

static void
progress(void *arg, const char *text)
{
	struct piece *p = arg;

	ck_assert(pthread_equal(pthread_self(), p->loop_thread));
	snprintf(p->told, sizeof(p->told), "%s", text);
	atomic_store(&p->go, true);
}

static void
done(void *arg)
{
	struct piece *p = arg;

	ck_assert(pthread_equal(pthread_self(), p->loop_thread));
	ck_assert(!pthread_equal(p->work_thread, p->loop_thread));
	ck_assert_str_eq(p->told, "half way");
	*p->done = true;
}

static void
piece_free(void *arg)
{
	struct piece *p = arg;

	atomic_fetch_add(p->freed, 1);
	free(p);
}

static struct offload_spec
piece_new(atomic_int *freed, bool *flag)
{
	struct piece *p = xcalloc(1, sizeof(*p));

	p->freed = freed;
	p->done = flag;
	p->loop_thread = pthread_self();
	return (struct offload_spec){.work = work,
	    .progress = progress,
	    .done = done,
	    .free = piece_free,
	    .arg = p};
}

START_TEST(progress_and_end_are_told_on_the_loop)
{
	zloop_t *loop = zloop_new();
	struct offload_pool *pool = offload_pool_new(loop);
	atomic_int freed = 0;
	bool flag = false;
	struct offload_spec spec = piece_new(&freed, &flag);
	struct offload *o;
	struct err err;

	ck_assert(offload_start(pool, &spec, &o, &err) == RC_OK);
	ck_assert(loop_until(loop, &flag, AWAIT_MS));
	ck_assert_int_eq(atomic_load(&freed), 1);
	offload_pool_free(pool);
	zloop_destroy(&loop);
}
END_TEST

static bool
is_one(void *arg)
{
	return atomic_load((atomic_int *)arg) == 1;
}

START_TEST(what_is_called_off_ends_silently_and_is_freed)
{
	zloop_t *loop = zloop_new();
	struct offload_pool *pool = offload_pool_new(loop);
	atomic_int freed = 0;
	bool flag = false;
	struct offload_spec spec = piece_new(&freed, &flag);
	struct offload *o;
	struct err err;

	spec.progress = NULL;
	ck_assert(offload_start(pool, &spec, &o, &err) == RC_OK);
	offload_cancel(o);
	ck_assert(loop_until_cond(loop, is_one, &freed, AWAIT_MS));
	ck_assert(!flag);
	offload_pool_free(pool);
	zloop_destroy(&loop);
}
END_TEST

START_TEST(freeing_the_pool_waits_for_its_threads)
{
	zloop_t *loop = zloop_new();
	struct offload_pool *pool = offload_pool_new(loop);
	atomic_int freed = 0;
	bool flag = false;
	struct offload *o;
	struct err err;
	int i;

	for (i = 0; i < 3; i++) {
		struct offload_spec spec = piece_new(&freed, &flag);

		spec.progress = NULL;
		ck_assert(offload_start(pool, &spec, &o, &err) == RC_OK);
	}
	offload_pool_free(pool);
	ck_assert_int_eq(atomic_load(&freed), 3);
	ck_assert(!flag);
	zloop_destroy(&loop);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {progress_and_end_are_told_on_the_loop, 0},
	    {what_is_called_off_ends_silently_and_is_freed, 0},
	    {freeing_the_pool_waits_for_its_threads, 0},
	};

	return RUN_TESTS("offload", tests);
}
