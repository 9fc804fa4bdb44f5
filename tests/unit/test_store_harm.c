/*
 * test_store_harm.c - files that are not what the store left: refused untouched
 * at open, no flipped byte silent; a kill and a full disk lose nothing.
 */
#include "common/base/buf.h"
#include "tests/harness/fix.h"
#include "tests/harness/texts.h"

#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

/* Opening is refused, saying what, and the bytes are as they were. */
static void
assert_refused(struct fix *f, const void *bytes, size_t n, const char *what)
{
	struct store *s = NULL;
	uint64_t epoch;
	FILE *file;
	char *now = xcalloc(1, n + 1);

	ck_assert_msg(
	    ops->open(f->path, &s, &epoch, &fix_err) == RC_CONFLICT, "%s",
	    fix_err.text);
	assert_contains(fix_err.text, what);
	file = fopen(f->path, "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(now, 1, n + 1, file), n);
	fclose(file);
	ck_assert_mem_eq(now, bytes, n);
	free(now);
}

static void
write_bytes(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

static char *
read_bytes(const char *path, size_t *ret_n)
{
	struct stat st;
	FILE *file = fopen(path, "rb");
	char *bytes;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	*ret_n = (size_t)st.st_size;
	bytes = xcalloc(1, *ret_n + 1);
	ck_assert_uint_eq(fread(bytes, 1, *ret_n, file), *ret_n);
	fclose(file);
	return bytes;
}

static void
change_by_sqlite(const char *path, const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(a_newer_schema_is_refused_untouched)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	change_by_sqlite(f.path, "PRAGMA user_version = 999");
	bytes = read_bytes(f.path, &n);
	assert_refused(&f, bytes, n, "schema 999, this build knows 6");
	assert_contains(fix_err.text, "use the newer build");
}
END_TEST

static const char *const foreign[] = {
    "hello, I am a text file of somebody's, not a database at all, and I am "
    "longer than a hundred bytes, as it happens",
    "x",
};

START_TEST(what_is_no_database_is_refused_untouched)
{
	auto_fix f;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	write_bytes(f.path, foreign[_i], strlen(foreign[_i]));
	assert_refused(&f, foreign[_i], strlen(foreign[_i]), "no database");
}
END_TEST

START_TEST(a_database_of_another_program_is_refused_untouched)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	ck_assert_int_eq(unlink(f.path), 0);
	change_by_sqlite(f.path, "CREATE TABLE t (x)");
	bytes = read_bytes(f.path, &n);
	assert_refused(&f, bytes, n, "another program");
}
END_TEST

START_TEST(a_file_that_was_cut_off_is_refused_untouched)
{
	auto_fix f;
	auto_str bytes = NULL;
	size_t n = 0;

	fix_init(&f);
	fix_add_full_run(&f, "r1", 20);
	ops->close(f.s);
	f.s = NULL;
	bytes = read_bytes(f.path, &n);
	n = n / 2 / 4096 * 4096;
	write_bytes(f.path, bytes, n);
	assert_refused(&f, bytes, n, "damaged");
}
END_TEST

START_TEST(a_missing_file_beside_its_log_is_not_made_anew)
{
	auto_fix f;
	auto_str log = NULL;
	struct store *s = NULL;
	uint64_t epoch;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	log = xasprintf("%s-wal", f.path);
	ck_assert_int_eq(unlink(f.path), 0);
	write_bytes(log, "log", 3);
	ck_assert_int_eq(ops->open(f.path, &s, &epoch, &fix_err), RC_CONFLICT);
	ck_assert_int_eq(access(f.path, F_OK), -1);
}
END_TEST

/* What a run has, or that it cannot be read. */
static bool
reads(struct fix *f, int64_t row)
{
	buf_reset(&f->seen);
	return ops->update_each(f->s, row, fix_see_update, f, &fix_err) ==
		   RC_OK &&
	       ops->event_each(
		   f->s, row, 0, 1000, fix_see_event, f, &fix_err) == RC_OK &&
	       ops->evidence_get(
		   f->s, row, 1, fix_see_evidence, f, &fix_err) == RC_OK &&
	       ops->evidence_get(
		   f->s, row, 2, fix_see_evidence, f, &fix_err) == RC_OK;
}

/* One bit of the file is another: it is refused and left alone, or what is
 * read is what was written, or reading says that it is not. */
static void
flip(struct fix *f, char *bytes, size_t n, size_t at, int64_t row,
    const char *want, size_t counts[3])
{
	enum { REFUSED, UNREAD, SAME };

	bytes[at] = (char)(bytes[at] ^ (1 << (at % 8)));
	write_bytes(f->path, bytes, n);
	if (ops->open(f->path, &f->s, &f->epoch, &fix_err) != RC_OK) {
		assert_refused(f, bytes, n, "left as it");
		counts[REFUSED]++;
	} else if (!reads(f, row)) {
		counts[UNREAD]++;
	} else {
		ck_assert_msg(strcmp(fix_seen(f), want) == 0,
		    "byte %zu silently became\n%s", at, fix_seen(f));
		counts[SAME]++;
	}
	ops->close(f->s);
	f->s = NULL;
	bytes[at] = (char)(bytes[at] ^ (1 << (at % 8)));
}

START_TEST(no_flipped_byte_is_silent_or_harmful)
{
	auto_fix f;
	auto_str bytes = NULL;
	auto_str want = NULL;
	size_t n = 0, counts[3] = {0};
	int64_t row;

	fix_init(&f);
	row = fix_add_full_run(&f, "r1", 12);
	fix_add_full_run(&f, "r2", 8);
	ck_assert(reads(&f, row));
	want = xstrdup(fix_seen(&f));
	ops->close(f.s);
	f.s = NULL;
	bytes = read_bytes(f.path, &n);
	for (size_t at = 0; at < n; at += at < 128 ? 1 : 89)
		flip(&f, bytes, n, at, row, want, counts);
	ck_assert_uint_gt(counts[0], 20);
	ck_assert_uint_gt(counts[1], 3);
}
END_TEST

/* Commits runs until it is killed, telling each that is committed, with one
 * more always half written. */
static void
write_until_killed(const char *path, int fd)
{
	struct fix f = {.path = (char *)path};
	struct store_run r = {0};
	char id[16];
	int64_t row;

	fix_open(&f);
	for (int i = 0;; i++) {
		snprintf(id, sizeof(id), "r%d", i);
		r.id = span_of(id);
		MUST(ops->run_insert(f.s, &r, &row, &fix_err));
		for (int e = 1; e <= 20; e++)
			MUST(ops->event_insert(f.s, row, e, span_of("t"),
			    span_of("data"), &fix_err));
		fix_settle(&f);
		if (write(fd, &i, sizeof(i)) != (ssize_t)sizeof(i))
			_exit(1);
	}
}

static void
count_event(void *n, int64_t seq, struct span type, struct span data)
{
	(void)type;
	(void)data;
	ck_assert_int_eq(seq, ++*(int64_t *)n);
}

static void
check_whole(void *fix, const struct store_run *r)
{
	struct fix *f = fix;
	int64_t n = 0;

	MUST(ops->event_each(f->s, r->row, 0, 99, count_event, &n, &fix_err));
	ck_assert_int_eq(n, 20);
	buf_addc(&f->seen, '.');
}

START_TEST(what_was_committed_survives_a_kill_and_nothing_half)
{
	auto_fix f;
	int pipes[2], last = -1, status;
	pid_t pid;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(pipes[0]);
		write_until_killed(f.path, pipes[1]);
	}
	close(pipes[1]);
	while (last < 30 + _i * 37 &&
	       read(pipes[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
		continue;
	kill(pid, SIGKILL);
	while (read(pipes[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
		continue;
	close(pipes[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	fix_open(&f);
	ck_assert_uint_eq(f.epoch, 3);
	MUST(ops->run_unfinished(f.s, check_whole, &f, &fix_err));
	/* One more may have been committed before it could be told. */
	ck_assert_uint_ge(f.seen.len, (size_t)last + 1);
	ck_assert_uint_le(f.seen.len, (size_t)last + 2);
}
END_TEST

START_TEST(a_kill_before_a_batch_is_handed_over_leaves_nothing_of_it)
{
	auto_fix f;
	struct store_run r = {.id = span_of("half")};
	int64_t row = 0;
	int status;
	pid_t pid;

	fix_init(&f);
	ops->close(f.s);
	f.s = NULL;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fix_open(&f);
		MUST(ops->run_insert(f.s, &r, &row, &fix_err));
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	fix_open(&f);
	ck_assert_int_eq(
	    ops->run_find(f.s, span_of("half"), fix_see_id, &f, &fix_err),
	    RC_NOTFOUND);
}
END_TEST

START_TEST(a_full_disk_is_told_and_the_next_opening_goes_on_when_there_is_room)
{
	auto_fix f;
	auto_str log = NULL;
	auto_str data = fix_noise(100000);
	struct rlimit limit, all;
	struct stat st;
	int64_t row;

	fix_init(&f);
	row = fix_add_run(&f, "r1", "", 0);
	log = xasprintf("%s-wal", f.path);
	ck_assert_int_eq(stat(log, &st), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = all;
	limit.rlim_cur = (rlim_t)st.st_size + 4096 * (rlim_t)(_i * 3);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	MUST(ops->event_insert(
	    f.s, row, 1, span_of("t"), span_make(data, 100000), &fix_err));
	ops->commit(f.s);
	ck_assert_int_eq(ops->wait(f.s, &fix_err), RC_IO);
	assert_contains(fix_err.text, "the disk ");
	MUST(ops->event_each(f.s, row, 0, 9, fix_see_event, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "");
	/* Nothing more is written, whatever room there is. */
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	MUST(ops->event_insert(
	    f.s, row, 2, span_of("t"), span_of("d"), &fix_err));
	ops->commit(f.s);
	ck_assert_int_eq(ops->wait(f.s, &fix_err), RC_IO);
	fix_reopen(&f);
	MUST(ops->event_insert(
	    f.s, row, 1, span_of("t"), span_of("d"), &fix_err));
	fix_settle(&f);
	MUST(ops->event_each(f.s, row, 0, 9, fix_see_event, &f, &fix_err));
	ck_assert_str_eq(fix_seen(&f), "1:t=d ");
}
END_TEST

START_TEST(the_log_stays_bounded_under_commits_without_a_pause)
{
	auto_fix f;
	auto_str log = NULL;
	auto_str data = fix_noise(3000);
	struct stat st;
	int64_t row;

	fix_init(&f);
	log = xasprintf("%s-wal", f.path);
	row = fix_add_run(&f, "r1", "", 0);
	for (int i = 0; i < 600; i++) {
		for (int e = 1; e <= 40; e++)
			MUST(ops->event_insert(f.s, row, i * 40 + e,
			    span_of("t"), span_make(data, 3000), &fix_err));
		ops->commit(f.s);
	}
	MUST(ops->wait(f.s, &fix_err));
	ck_assert_int_eq(stat(log, &st), 0);
	ck_assert_int_lt(st.st_size, 40 << 20);
	ops->close(f.s);
	f.s = NULL;
	ck_assert_int_eq(access(log, F_OK), -1);
	fix_open(&f);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_newer_schema_is_refused_untouched, 0},
	    {what_is_no_database_is_refused_untouched, ARRAY_LEN(foreign)},
	    {a_database_of_another_program_is_refused_untouched, 0},
	    {a_file_that_was_cut_off_is_refused_untouched, 0},
	    {a_missing_file_beside_its_log_is_not_made_anew, 0},
	    {no_flipped_byte_is_silent_or_harmful, 0},
	    {what_was_committed_survives_a_kill_and_nothing_half, 4},
	    {a_kill_before_a_batch_is_handed_over_leaves_nothing_of_it, 0},
	    {a_full_disk_is_told_and_the_next_opening_goes_on_when_there_is_room, 6},
	    {the_log_stays_bounded_under_commits_without_a_pause, 0},
	};

	return RUN_TESTS("store_harm", tests);
}
