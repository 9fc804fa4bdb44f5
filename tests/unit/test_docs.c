/*
 * test_docs.c - an index that follows a folder: what is found, what is left
 * out, and what it survives.
 */
#include "executor/docs/docs.h"
#include "executor/docs/folder.h"

#include "common/base/buf.h"
#include "tests/harness/loop.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A folder, an index beside it, and who keeps it. */
struct desk {
	char *root, *dir, *db;
	struct docs *docs;
};

static struct docs *
open_docs(const struct desk *k, bool starter)
{
	struct docs_conf conf = {
	    .path = k->db, .dir = k->dir, .starter = starter};
	struct docs *d = NULL;
	struct err err = {0};

	ck_assert_msg(docs_open(&conf, &d, &err) == RC_OK, "%s", err.text);
	return d;
}

static void
desk_init(struct desk *k)
{
	*k = (struct desk){.root = scratch_new()};
	k->dir = xasprintf("%s/runbooks", k->root);
	k->db = xasprintf("%s/docs.db", k->root);
	mkdir(k->dir, 0700);
}

static void
desk_done(struct desk *k)
{
	docs_close(k->docs);
	free(k->dir);
	free(k->db);
	scratch_free(k->root);
}

#define auto_desk CLEANUP(desk_done) struct desk

static void
put(const struct desk *k, const char *name, const char *text)
{
	auto_str path = xasprintf("%s/%s", k->dir, name);

	file_write(path, text);
}

/* "ID fits|" of what is found, "ID near|" of what does not fit. */
static enum rc
try_found(struct buf *b, struct docs *d, const struct docs_query *q,
    struct err *err)
{
	struct docs_found f = {.n = 0};
	enum rc rc = docs_find(d, q, NULL, &f, err);
	size_t i;

	if (rc != RC_OK)
		return rc;
	buf_reset(b);
	for (i = 0; i < f.n; i++)
		buf_addf(
		    b, "%s %s|", f.list[i].id, i < f.fitting ? "fits" : "near");
	docs_found_done(&f);
	return RC_OK;
}

static void
put_found(struct buf *b, struct docs *d, const struct docs_query *q)
{
	struct err err = {0};
	enum rc rc = try_found(b, d, q, &err);

	ck_assert_msg(rc == RC_OK, "%s", err.text);
}

static bool
try_ask(struct buf *b, struct docs *d, const char *text)
{
	struct err err;

	return try_found(b, d,
		   &(struct docs_query){.text = span_of(text), .limit = 5},
		   &err) == RC_OK;
}

static const char *
ask(struct buf *b, struct docs *d, const char *text)
{
	put_found(
	    b, d, &(struct docs_query){.text = span_of(text), .limit = 5});
	return buf_str(b);
}

/* Is what is asked answered so at last? */
struct hope {
	struct docs *docs;
	const char *text, *begins;
	struct buf got;
};

static bool
hope_holds(void *arg)
{
	struct hope *h = arg;

	/* The index may just be made anew: it is asked again. */
	if (!try_ask(&h->got, h->docs, h->text))
		return false;
	return strncmp(buf_str(&h->got), h->begins, strlen(h->begins)) == 0;
}

static void
await_found(struct docs *d, const char *text, const char *begins)
{
	struct hope h = {d, text, begins, {.max = 4096}};

	ck_assert_msg(await(hope_holds, &h, AWAIT_MS),
	    "\"%s\" gives \"%s\", not \"%s\"", text, buf_str(&h.got), begins);
	buf_done(&h.got);
}

#define DISK                                                                   \
	"# Disk is full\n\nThe file system of a node has no space left.\n\n"   \
	"## What to do\n\nDelete old logs with `journalctl --vacuum-size`.\n"
#define CERT                                                                   \
	"# 证书到期\n\n站点的证书快要过期。\n\n## 处理\n\n用 certbot 续签。\n"

/* ---- what is found ---- */

START_TEST(a_question_finds_its_passage_in_either_language)
{
	auto_desk k;
	auto_buf b = {.max = 4096};

	desk_init(&k);
	put(&k, "disk.md", DISK);
	put(&k, "证书.md", CERT);
	k.docs = open_docs(&k, false);
	ask(&b, k.docs, "there is no space left on the file system");
	ck_assert(strncmp(buf_str(&b), "disk.md#1 fits|", 15) == 0);
	ask(&b, k.docs, "磁盘满了怎么办");
	assert_contains(buf_str(&b), "disk.md#1 fits|");
	ask(&b, k.docs, "how do I renew a certificate that expires?");
	assert_contains(buf_str(&b), "证书.md#2 fits|");
}
END_TEST

START_TEST(a_passage_says_where_it_stands)
{
	auto_desk k;
	struct docs_found f = {.n = 0};
	struct err err;

	desk_init(&k);
	put(&k, "disk.md", DISK);
	k.docs = open_docs(&k, false);
	ck_assert(docs_find(k.docs,
		      &(struct docs_query){.text = span_of("vacuum journal "
							   "logs"),
			  .limit = 1},
		      NULL, &f, &err) == RC_OK);
	ck_assert_uint_eq(f.n, 1);
	ck_assert_str_eq(f.list[0].id, "disk.md#2");
	ck_assert_str_eq(f.list[0].source, "disk.md");
	ck_assert_str_eq(f.list[0].title, "Disk is full");
	ck_assert_str_eq(f.list[0].path, "Disk is full > What to do");
	ck_assert_str_eq(f.list[0].text,
	    "## What to do\n\nDelete old logs with `journalctl "
	    "--vacuum-size`.");
	ck_assert_int_eq(f.list[0].line_from, 5);
	ck_assert_int_eq(f.list[0].line_to, 7);
	ck_assert(f.list[0].score > 0 && f.list[0].score <= 1);
	ck_assert_int_eq(f.documents, 1);
	ck_assert_int_eq(f.passages, 2);
	docs_found_done(&f);
}
END_TEST

START_TEST(what_fits_nothing_is_not_quoted)
{
	auto_desk k;
	auto_buf b = {.max = 4096};

	desk_init(&k);
	put(&k, "disk.md", DISK);
	put(&k, "证书.md", CERT);
	k.docs = open_docs(&k, false);
	assert_lacks(
	    ask(&b, k.docs, "which visa does a trip to Iceland take"), "fits");
	assert_lacks(ask(&b, k.docs, "食堂几点开饭"), "fits");
	ck_assert_str_eq(ask(&b, k.docs, ""), "");
	ck_assert_str_eq(ask(&b, k.docs, "\"; DROP TABLE docs --"), "");
}
END_TEST

START_TEST(the_document_that_is_asked_for_comes_first)
{
	auto_desk k;
	auto_buf b = {.max = 4096};
	struct docs_query q = {.text = span_of("certificate"),
	    .document = span_of("https://wiki.example/runbooks/Disk/#do"),
	    .limit = 5};

	desk_init(&k);
	put(&k, "disk.md", DISK);
	put(&k, "证书.md", CERT);
	k.docs = open_docs(&k, false);
	put_found(&b, k.docs, &q);
	assert_contains(buf_str(&b), "disk.md#1 fits|disk.md#2 fits|证书.md");
}
END_TEST

START_TEST(the_section_that_is_wanted_comes_first)
{
	auto_desk k;
	auto_buf b = {.max = 4096};
	struct docs_query q = {
	    .text = span_of("no space left on the file system"),
	    .section = span_of("how to fix it"),
	    .limit = 1};

	desk_init(&k);
	put(&k, "disk.md",
	    "# Disk is full\n\n`NodeDiskFull`\n\n## What it means\n\nThe file "
	    "system has "
	    "no space left.\n\n## 处置\n\nDelete something.\n");
	put(&k, "other.md", "# Other\n\n## How to fix it\n\nWait.\n");
	k.docs = open_docs(&k, false);
	put_found(&b, k.docs, &q);
	ck_assert_str_eq(buf_str(&b), "disk.md#3 fits|");
	/* By the alert that only the document's start names. */
	q.text = span_of("NodeDiskFull");
	put_found(&b, k.docs, &q);
	ck_assert_str_eq(buf_str(&b), "disk.md#3 fits|");
	/* No document fits: none of its sections does. */
	q.text = span_of("which visa does a trip to Iceland take");
	put_found(&b, k.docs, &q);
	assert_lacks(buf_str(&b), "fits");
	/* No such section: what fits best. */
	q.text = span_of("no space left on the file system");
	q.section = span_of("history");
	put_found(&b, k.docs, &q);
	ck_assert_str_eq(buf_str(&b), "disk.md#2 fits|");
}
END_TEST

START_TEST(of_two_languages_the_one_of_the_question_is_quoted)
{
	auto_desk k;
	auto_buf b = {.max = 4096};
	struct docs_query q = {
	    .text = span_of("磁盘"), .language = span_of("en"), .limit = 5};

	desk_init(&k);
	put(&k, "disk.en.md", "# Disk\n\nThe disk is full.\n");
	put(&k, "disk.zh.md", "# 磁盘\n\n磁盘满了。\n");
	put(&k, "other.zh.md", "# 别的\n\n磁盘与其他。\n");
	k.docs = open_docs(&k, false);
	ask(&b, k.docs, "磁盘");
	assert_contains(buf_str(&b), "disk.zh.md#1");
	assert_lacks(buf_str(&b), "disk.en.md");
	ask(&b, k.docs, "disk");
	assert_lacks(buf_str(&b), "disk.zh.md");
	put_found(&b, k.docs, &q);
	assert_contains(buf_str(&b), "disk.en.md#1");
	assert_contains(buf_str(&b), "other.zh.md#1");
	assert_lacks(buf_str(&b), "disk.zh.md");
	/* Of that one the section, too. */
	put(&k, "disk.zh.md",
	    "# 磁盘 DiskFull\n\nDiskFull\n\n## 处理\n\n清理。\n");
	put(&k, "disk.en.md", "# Disk\n\n`DiskFull`\n\n## Fix\n\nClean.\n");
	await_found(k.docs, "清理", "disk.zh.md#2");
	q.text = span_of("DiskFull");
	q.section = span_of("fix");
	put_found(&b, k.docs, &q);
	ck_assert_msg(strncmp(buf_str(&b), "disk.en.md#2 fits|", 18) == 0,
	    "%s", buf_str(&b));
}
END_TEST

/* ---- following the folder ---- */

START_TEST(the_index_follows_the_folder)
{
	auto_desk k;
	auto_str from = NULL;
	auto_str to = NULL;
	auto_str sub = NULL;

	desk_init(&k);
	k.docs = open_docs(&k, false);
	await_found(k.docs, "frobnicator", "");
	put(&k, "a.md", "# Frobnicator\n\nTurn it off.\n");
	await_found(k.docs, "frobnicator", "a.md#1 fits|");
	/* Changed. */
	put(&k, "a.md", "# Gizmotron\n\nTurn it on.\n");
	await_found(k.docs, "gizmotron", "a.md#1 fits|");
	/* In a folder that was not there before. */
	sub = xasprintf("%s/sub", k.dir);
	mkdir(sub, 0700);
	put(&k, "sub/b.rst", "Widget\n======\n\nTurn it round.\n");
	await_found(k.docs, "widget", "sub/b.rst#1 fits|");
	/* Replaced by renaming. */
	put(&k, "new", "# Sprocket\n\nTurn it.\n");
	from = xasprintf("%s/new", k.dir);
	to = xasprintf("%s/a.md", k.dir);
	ck_assert_int_eq(rename(from, to), 0);
	await_found(k.docs, "sprocket", "a.md#1 fits|");
	/* Deleted. */
	ck_assert_int_eq(unlink(to), 0);
	put(&k, "c.txt", "sprocket wheel\n");
	await_found(k.docs, "sprocket", "c.txt#1 fits|");
}
END_TEST

START_TEST(nothing_is_lost_while_the_folder_is_away)
{
	auto_desk k;
	auto_str away = NULL;
	auto_buf b = {.max = 4096};

	desk_init(&k);
	put(&k, "disk.md", DISK);
	k.docs = open_docs(&k, false);
	await_found(k.docs, "disk is full", "disk.md#1");
	away = xasprintf("%s/away", k.root);
	ck_assert_int_eq(rename(k.dir, away), 0);
	await_found(k.docs, "disk is full", "disk.md#1");
	ck_assert_int_eq(rename(away, k.dir), 0);
	put(&k, "证书.md", CERT);
	await_found(k.docs, "证书到期", "证书.md#");
	assert_contains(ask(&b, k.docs, "disk is full"), "disk.md#1");
}
END_TEST

START_TEST(operators_add_synonyms)
{
	auto_desk k;
	auto_buf b = {.max = 4096};

	desk_init(&k);
	put(&k, "disk.md", DISK);
	k.docs = open_docs(&k, false);
	assert_lacks(ask(&b, k.docs, "scheibe"), "fits");
	put(&k, "synonyms.txt", "disk, Scheibe\n");
	await_found(k.docs, "scheibe", "disk.md#");
	/* A wrong file takes none of ours away. */
	put(&k, "synonyms.txt", "\xFF");
	await_found(k.docs, "scheibe", "");
	await_found(k.docs, "磁盘满了", "disk.md#1 fits|");
}
END_TEST

START_TEST(a_runbook_of_ours_is_replaced_by_one_of_that_name)
{
	auto_desk k;
	auto_buf b = {.max = 4096};

	desk_init(&k);
	k.docs = open_docs(&k, true);
	await_found(k.docs, "disk space is running out", "disk-space.en.md#");
	put(&k, "disk-space.en.md", "# Wombats\n\nFeed them.\n");
	await_found(k.docs, "wombats", "disk-space.en.md#1 fits|");
	docs_close(k.docs);
	k.docs = open_docs(&k, false);
	await_found(k.docs, "certificate expires", "");
	assert_contains(ask(&b, k.docs, "wombats"), "disk-space.en.md#1 fits|");
}
END_TEST

/* ---- bad input ---- */

static void
large(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert(fd >= 0 && ftruncate(fd, 50 << 20) == 0);
	close(fd);
}

static void
binary(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert(write(fd,
		      "\x7f"
		      "ELF\0\1",
		      6) == 6);
	close(fd);
}

static void
invalid(const char *path)
{
	file_write(path, "# Disk \xC3\x28\n");
}

static void
empty(const char *path)
{
	file_write(path, "");
}

static void
blank(const char *path)
{
	file_write(path, " \n\n");
}

static void
leads_out(const char *path)
{
	ck_assert_int_eq(symlink("/etc/os-release", path), 0);
}

static void
climbs_out(const char *path)
{
	auto_str dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	auto_str outside = xasprintf("%s/../secret.md", dir);

	file_write(outside, "# secret\n");
	ck_assert_int_eq(symlink("../secret.md", path), 0);
}

static void
unreadable_pipe(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static const struct {
	void (*make)(const char *path);
	const char *problem; /* NULL: it is not even listed */
} bad[] = {
    {large, "has 51200 KiB, more than 2048"},
    {binary, "is no UTF-8 text (byte 4)"},
    {invalid, "is no UTF-8 text (byte 8)"},
    {empty, "is empty"},
    {blank, "is empty"},
    {leads_out, "is a link that leads out of the folder"},
    {climbs_out, "is a link that leads out of the folder"},
    {unreadable_pipe, NULL},
};

struct listed {
	struct buf text;
};

static void
on_entry(void *arg, const struct docs_entry *e)
{
	buf_addf(arg, "%s: %s %zu|", e->name, e->problem, e->passages);
}

START_TEST(what_is_no_document_is_left_out_with_the_reason)
{
	auto_desk k;
	auto_str path = NULL;
	auto_buf b = {.max = 4096};
	struct err err;

	desk_init(&k);
	path = xasprintf("%s/bad.md", k.dir);
	bad[_i].make(path);
	put(&k, "disk.md", DISK);
	k.docs = open_docs(&k, false);
	await_found(k.docs, "disk is full", "disk.md#1 fits|");
	ck_assert(docs_list(k.docs, on_entry, &b, &err) == RC_OK);
	if (bad[_i].problem != NULL) {
		assert_contains(buf_str(&b), "bad.md: ");
		assert_contains(buf_str(&b), bad[_i].problem);
	} else {
		assert_lacks(buf_str(&b), "bad.md");
	}
	assert_contains(buf_str(&b), "disk.md:  2|");
	/* And is in once it is good. */
	unlink(path);
	file_write(path, "# Zebra\n\nstripes\n");
	await_found(k.docs, "zebra stripes", "bad.md#1 fits|");
}
END_TEST

static const struct {
	const char *name;
	bool good;
} names[] = {{"a.md", true}, {"sub/b.md", true}, {"磁盘.md", true}, {"", false},
    {"../a.md", false}, {"a/../../b.md", false}, {"/etc/x.md", false},
    {"a//b.md", false}, {".hidden.md", false}, {"a/.b.md", false},
    {"a\\b.md", false}, {"a\nb.md", false}, {"a\xFF.md", false}, {"a/", false},
    {"a/./b.md", false}};

START_TEST(no_name_leads_out_of_the_folder)
{
	struct err err;

	ck_assert_int_eq(
	    folder_check_name(span_of(names[_i].name), &err) == RC_OK,
	    names[_i].good);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_refused_at_the_start)
{
	auto_desk k;
	struct docs *d = NULL;
	struct err err;
	struct docs_conf conf;

	desk_init(&k);
	conf = (struct docs_conf){.path = k.db, .dir = "/nowhere/runbooks"};
	ck_assert(docs_open(&conf, &d, &err) == RC_INVALID);
	assert_contains(err.text, "docs-dir: /nowhere/runbooks");
}
END_TEST

START_TEST(an_index_that_cannot_be_made_is_told_to_whoever_asks)
{
	auto_desk k;
	struct docs_found f;
	struct err err = {0};
	struct docs_conf conf = {.path = "/nowhere/docs.db", .starter = true};
	struct docs_query q = {.text = span_of("disk"), .limit = 1};

	desk_init(&k);
	ck_assert(docs_open(&conf, &k.docs, &err) == RC_OK);
	ck_assert(docs_find(k.docs, &q, NULL, &f, &err) == RC_IO);
	assert_contains(err.text, "--data-dir");
}
END_TEST

/* ---- harm ---- */

static void
overwrite(const char *path, long at, size_t n)
{
	int fd = open(path, O_WRONLY);
	auto_buf junk = {.max = 1 << 20};
	struct stat st;

	ck_assert(fd >= 0 && fstat(fd, &st) == 0);
	while (junk.len < n)
		buf_addc(&junk, (char)(37 * junk.len + 11));
	ck_assert(at < st.st_size);
	ck_assert(
	    pwrite(fd, junk.data, MIN(n, (size_t)(st.st_size - at)), at) > 0);
	close(fd);
}

static void
harm_head(const char *db)
{
	overwrite(db, 0, 100);
}

static void
harm_pages(const char *db)
{
	overwrite(db, 4096, 256 << 10);
}

static void
harm_length(const char *db)
{
	ck_assert_int_eq(truncate(db, 5000), 0);
}

static void
harm_all(const char *db)
{
	file_write(db, "this is no database\n");
}

static void
harm_version(const char *db)
{
	sqlite3 *s;

	ck_assert_int_eq(sqlite3_open(db, &s), SQLITE_OK);
	sqlite3_busy_timeout(s, 10000);
	ck_assert_int_eq(
	    sqlite3_exec(s, "PRAGMA user_version = 99", 0, 0, 0), SQLITE_OK);
	sqlite3_close(s);
}

static void
harm_gone(const char *db)
{
	ck_assert_int_eq(unlink(db), 0);
}

static void (*const harms[])(const char *db) = {
    harm_head, harm_pages, harm_length, harm_all, harm_version, harm_gone};

START_TEST(a_damaged_index_is_made_anew_at_the_start)
{
	auto_desk k;

	desk_init(&k);
	put(&k, "disk.md", DISK);
	put(&k, "证书.md", CERT);
	k.docs = open_docs(&k, true);
	await_found(k.docs, "disk is full", "disk");
	docs_close(k.docs);
	harms[_i](k.db);
	k.docs = open_docs(&k, true);
	await_found(k.docs, "journalctl vacuum", "disk.md#2 fits|");
	await_found(k.docs, "certbot 续签", "证书.md#2 fits|");
}
END_TEST

START_TEST(an_index_that_is_taken_away_is_made_anew_while_it_runs)
{
	auto_desk k;

	desk_init(&k);
	put(&k, "disk.md", DISK);
	k.docs = open_docs(&k, false);
	await_found(k.docs, "disk is full", "disk.md#1 fits|");
	ck_assert_int_eq(unlink(k.db), 0);
	await_found(k.docs, "disk is full", "disk.md#1 fits|");
	ck_assert_int_eq(access(k.db, F_OK), 0);
}
END_TEST

/* ---- several of them ---- */

enum { MANY = 300 };

static void
put_many(const struct desk *k)
{
	int i;

	for (i = 0; i < MANY; i++) {
		auto_str name = xasprintf("doc%d.md", i);
		auto_str text = xasprintf(
		    "# Gadget%d\n\nAbout gadget%d.\n\n## Part\n\nMore.\n", i,
		    i);

		put(k, name, text);
	}
}

static int64_t
count(const char *db, const char *sql)
{
	sqlite3 *s;
	sqlite3_stmt *st;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(db, &s), SQLITE_OK);
	sqlite3_busy_timeout(s, 10000);
	ck_assert_int_eq(sqlite3_prepare_v2(s, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(s);
	return n;
}

static void
check_many(const struct desk *k, struct docs *d)
{
	int i;

	for (i = 0; i < MANY; i += 37) {
		auto_str text = xasprintf("gadget%d", i);
		auto_str begins = xasprintf("doc%d.md#1 fits|", i);

		await_found(d, text, begins);
	}
	ck_assert_int_eq(count(k->db, "SELECT count(*) FROM docs"), MANY);
	ck_assert_int_eq(
	    count(k->db, "SELECT count(*) FROM passages"), 2 * MANY);
	ck_assert_int_eq(count(k->db, "SELECT count(*) FROM found"), 2 * MANY);
}

START_TEST(two_that_keep_one_index_put_each_document_once)
{
	auto_desk k;
	struct docs *other;

	desk_init(&k);
	put_many(&k);
	k.docs = open_docs(&k, false);
	other = open_docs(&k, false);
	check_many(&k, other);
	check_many(&k, k.docs);
	/* The other goes on where the first has ended, whichever wrote. */
	docs_close(k.docs);
	k.docs = other;
	put(&k, "late.md", "# Latecomer\n");
	await_found(k.docs, "latecomer", "late.md#1 fits|");
}
END_TEST

static bool
has_some(void *arg)
{
	const char *db = arg;

	return access(db, F_OK) == 0 &&
	       count(db, "SELECT count(*) FROM docs") > 0;
}

/* Killed as soon as some are in, so mostly in the midst of it. */
START_TEST(kill_9_in_the_midst_of_reading_loses_nothing)
{
	auto_desk k;
	int i, status;

	desk_init(&k);
	put_many(&k);
	for (i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			open_docs(&k, i % 2 == 0);
			for (;;)
				pause();
		}
		ck_assert(await(has_some, k.db, AWAIT_MS));
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	}
	k.docs = open_docs(&k, false);
	await_found(k.docs, "gadget299", "doc299.md#1 fits|");
	docs_close(k.docs);
	k.docs = open_docs(&k, false);
	check_many(&k, k.docs);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {a_question_finds_its_passage_in_either_language, 0},
	    {a_passage_says_where_it_stands, 0},
	    {what_fits_nothing_is_not_quoted, 0},
	    {the_document_that_is_asked_for_comes_first, 0},
	    {the_section_that_is_wanted_comes_first, 0},
	    {of_two_languages_the_one_of_the_question_is_quoted, 0},
	    {the_index_follows_the_folder, 0},
	    {nothing_is_lost_while_the_folder_is_away, 0},
	    {operators_add_synonyms, 0},
	    {a_runbook_of_ours_is_replaced_by_one_of_that_name, 0},
	    {what_is_no_document_is_left_out_with_the_reason, ARRAY_LEN(bad)},
	    {no_name_leads_out_of_the_folder, ARRAY_LEN(names)},
	    {a_folder_that_is_not_there_is_refused_at_the_start, 0},
	    {an_index_that_cannot_be_made_is_told_to_whoever_asks, 0},
	    {a_damaged_index_is_made_anew_at_the_start, ARRAY_LEN(harms)},
	    {an_index_that_is_taken_away_is_made_anew_while_it_runs, 0},
	    {two_that_keep_one_index_put_each_document_once, 0},
	    {kill_9_in_the_midst_of_reading_loses_nothing, 0},
	};

	return RUN_TESTS("docs", tests);
}
