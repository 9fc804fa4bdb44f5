/*
 * test_flips.c - one flipped bit anywhere in a store's files, or a page that
 * became zeros: it is refused and left alone, or reading fails, or what is
 * read is what was written. To SQLite a damaged log ends at the damage, as one
 * that was torn when the power failed: then it is what an earlier commit
 * left.
 *
 * Some bytes of every page, chosen by the page's number; all bytes with
 * CULPRIT_FAULT_LONG=1 (tests/fault/disk runs that).
 */
#include "supervisor/store/store.h"
#include "tests/harness/disk.h"
#include "tests/harness/ledger.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct store_ops *const ops = &store_sqlite;

enum {
	TURNS = 10,
	BULK = 3000,
	BULK_LARGE = 40000,
	TEXT_MAX = 16 << 20,
	PAGE = 4096,
	OF_PAGE = 5
};

struct file {
	char *path;
	char *bytes;
	size_t n;
};

/* A store: some turns in the file, the rest too or, after a kill, in its
 * log. */
struct shelf {
	char *dir;
	struct file db, wal;
	struct ledger *ledger;
	size_t refused, failed, same, shorter;
};

static struct err err;

static void
file_load(struct file *f)
{
	struct stat st;
	FILE *in = fopen(f->path, "rbe");

	if (in == NULL) {
		f->bytes = xstrdup("");
		return;
	}
	ck_assert_int_eq(fstat(fileno(in), &st), 0);
	f->n = (size_t)st.st_size;
	f->bytes = xcalloc(1, f->n + 1);
	ck_assert_uint_eq(fread(f->bytes, 1, f->n, in), f->n);
	fclose(in);
}

static void
file_lay(const struct file *f)
{
	FILE *out;

	unlink(f->path);
	if (f->n == 0)
		return;
	out = fopen(f->path, "wbe");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(f->bytes, 1, f->n, out), f->n);
	ck_assert_int_eq(fclose(out), 0);
}

static bool
file_is(const struct file *f)
{
	struct file now = {.path = f->path};
	bool same;

	file_load(&now);
	same = now.n == f->n && memcmp(now.bytes, f->bytes, f->n) == 0;
	free(now.bytes);
	return same;
}

static void
play(struct shelf *s, int from, int until, bool kill)
{
	struct store *st = NULL;
	uint64_t epoch;

	ck_assert_int_eq(ops->open(s->db.path, &st, &epoch, &err), RC_OK);
	for (int n = from; n < until; n++)
		ck_assert_int_eq(
		    ledger_turn(s->ledger, ops, st, n, &err), RC_OK);
	if (kill)
		disk_plan(&(struct disk_plan){DISK_KILL, 1, 0, false});
	ops->close(st);
}

static void
shelf_init(struct shelf *s, size_t bulk, bool kill)
{
	char in_memory[] = "/dev/shm/culprit-test-XXXXXX";

	*s = (struct shelf){.ledger = ledger_new(TURNS, bulk)};
	s->dir =
	    mkdtemp(in_memory) != NULL ? xstrdup(in_memory) : scratch_new();
	s->db.path = xasprintf("%s/culprit.db", s->dir);
	s->wal.path = xasprintf("%s-wal", s->db.path);
	disk_install();
	disk_begin(s->dir);
	play(s, 0, TURNS / 2, false);
	play(s, TURNS / 2, TURNS, kill);
	disk_wreck_free(disk_end());
	file_load(&s->db);
	file_load(&s->wal);
}

static void
shelf_done(struct shelf *s)
{
	ledger_free(s->ledger);
	free(s->db.path);
	free(s->wal.path);
	free(s->db.bytes);
	free(s->wal.bytes);
	scratch_free(s->dir);
}

#define auto_shelf CLEANUP(shelf_done) struct shelf

static void
shelf_refused(struct shelf *s, size_t at)
{
	ck_assert_msg(strstr(err.text, "left as it is") != NULL, "byte %zu: %s",
	    at, err.text);
	ck_assert_msg(file_is(&s->db) && file_is(&s->wal),
	    "byte %zu: refused, and changed all the same", at);
	s->refused++;
}

/* What opened must be what was written, or what an earlier commit of the log
 * left. */
static void
shelf_read(struct shelf *s, struct store *st, size_t at, bool may_be_torn)
{
	auto_buf text = {.max = TEXT_MAX};
	int n;

	if (ledger_dump(ops, st, &text, &err) != RC_OK) {
		s->failed++;
		return;
	}
	n = ledger_find(
	    s->ledger, buf_str(&text), may_be_torn ? TURNS / 2 : TURNS);
	ck_assert_msg(n >= 0,
	    "byte %zu: silently became:\n%.1500s\ninstead of:\n%.1500s", at,
	    buf_str(&text), ledger_text(s->ledger, TURNS));
	s->same += n == TURNS;
	s->shorter += n < TURNS;
}

/* With what was done to it at that byte. */
static void
shelf_try(struct shelf *s, size_t at, bool may_be_torn)
{
	struct store *st = NULL;
	uint64_t epoch;

	file_lay(&s->db);
	file_lay(&s->wal);
	if (ops->open(s->db.path, &st, &epoch, &err) == RC_OK) {
		shelf_read(s, st, at, may_be_torn);
		ops->close(st);
	} else {
		shelf_refused(s, at);
	}
}

static void
flip(struct shelf *s, struct file *f, size_t at, unsigned bit)
{
	f->bytes[at] = (char)((unsigned char)f->bytes[at] ^ 1U << bit);
	shelf_try(s, at, f == &s->wal);
	f->bytes[at] = (char)((unsigned char)f->bytes[at] ^ 1U << bit);
}

/* Bytes of a page that are tried: its head, its end, and some between. */
static bool
is_tried(size_t at, size_t page_at)
{
	size_t in_page = at - page_at * PAGE;
	size_t v = page_at * 2654435761U + in_page * 40503U;

	if (getenv("CULPRIT_FAULT_LONG") != NULL || at < 100)
		return true;
	return in_page == 0 || in_page == PAGE - 1 || v % (PAGE / OF_PAGE) == 0;
}

static void
flip_all(struct shelf *s, struct file *f, const char *what)
{
	size_t tried = 0;

	for (size_t at = 0; at < f->n; at++) {
		if (!is_tried(at, at / PAGE))
			continue;
		flip(s, f, at, (unsigned)(at * 7 + at / PAGE) % 8);
		tried++;
	}
	printf("%s of %zu bytes, %zu flips: %zu refused, %zu failed to read, "
	       "%zu read the same, %zu as an earlier commit left it, 0 silent\n",
	    what, f->n, tried, s->refused, s->failed, s->same, s->shorter);
}

START_TEST(no_flipped_bit_of_the_file_is_silent)
{
	auto_shelf s;

	shelf_init(&s, BULK, false);
	flip_all(&s, &s.db, "database");
	ck_assert_uint_eq(s.shorter, 0);
	ck_assert_uint_gt(s.refused, 0);
	ck_assert_uint_gt(s.failed, 0);
}
END_TEST

START_TEST(no_page_of_zeros_is_silent)
{
	auto_shelf s;
	char page[PAGE];

	shelf_init(&s, BULK_LARGE, false);
	for (size_t at = 0; at < s.db.n; at += PAGE) {
		memcpy(page, s.db.bytes + at, PAGE);
		memset(s.db.bytes + at, 0, PAGE);
		shelf_try(&s, at, false);
		memcpy(s.db.bytes + at, page, PAGE);
	}
	printf("%zu pages made zeros: %zu refused, %zu failed to read, %zu "
	       "read the same, 0 silent\n",
	    s.db.n / PAGE, s.refused, s.failed, s.same);
	ck_assert_uint_gt(s.failed, 0);
}
END_TEST

START_TEST(nor_beside_a_log)
{
	auto_shelf s;

	shelf_init(&s, BULK, true);
	flip_all(&s, &s.db, "database beside its log");
	ck_assert_uint_eq(s.shorter, 0);
}
END_TEST

START_TEST(no_flipped_bit_of_the_log_shows_what_never_was)
{
	auto_shelf s;

	shelf_init(&s, BULK, true);
	flip_all(&s, &s.wal, "log");
	ck_assert_uint_gt(s.shorter, 0);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {no_flipped_bit_of_the_file_is_silent, 0},
	    {nor_beside_a_log, 0},
	    {no_page_of_zeros_is_silent, 0},
	    {no_flipped_bit_of_the_log_shows_what_never_was, 0},
	};

	return RUN_TESTS("flips", tests);
}
