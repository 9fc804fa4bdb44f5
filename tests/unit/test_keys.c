/*
 * test_keys.c - the files that hold CURVE keys, and who can reach an
 * endpoint.
 */
#include "common/net/curve.h"
#include "common/net/endpoint.h"
#include "tests/harness/spawn.h"
#include "tests/harness/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static struct err err;

START_TEST(keygen_makes_a_pair_that_reads_back)
{
	auto_str dir = scratch_new();
	auto_str keys = xasprintf("%s/keys", dir);
	auto_str key = xasprintf("%s/alice.key", keys);
	auto_str pub = xasprintf("%s/alice.pub", keys);
	char public_key[CURVE_TEXT];
	struct curve_pair p;
	struct stat st;

	ck_assert_int_eq(curve_keygen(keys, "alice", &err), RC_OK);
	ck_assert_int_eq(curve_read_key(key, &p, &err), RC_OK);
	ck_assert_int_eq(curve_read_pub(pub, public_key, &err), RC_OK);
	ck_assert_str_eq(public_key, p.public_key);
	ck_assert_str_ne(p.public_key, p.secret_key);
	ck_assert_int_eq(stat(key, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(keys, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	scratch_free(TAKE(dir));
}
END_TEST

START_TEST(keygen_overwrites_neither_of_the_two_files)
{
	static const char *const ends[] = {"key", "pub"};
	auto_str dir = scratch_new();
	auto_str there = xasprintf("%s/a.%s", dir, ends[_i]);
	auto_str other = xasprintf("%s/a.%s", dir, ends[1 - _i]);
	auto_str text = NULL;

	file_write(there, "old");
	ck_assert_int_eq(curve_keygen(dir, "a", &err), RC_CONFLICT);
	assert_contains(err.text, there);
	text = file_read(there);
	ck_assert_str_eq(text, "old");
	ck_assert_int_ne(access(other, F_OK), 0);
	scratch_free(TAKE(dir));
}
END_TEST

START_TEST(keygen_refuses_what_is_no_name)
{
	static const char *const names[] = {"", ".hidden", "../up", "a/b", "-x",
	    "a b", "ä",
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "4"};
	auto_str dir = scratch_new();

	ck_assert_int_eq(curve_keygen(dir, names[_i], &err), RC_INVALID);
	assert_contains(err.text, "is no name");
	scratch_free(TAKE(dir));
}
END_TEST

/* key: whether it is read as a .key, else as a .pub. */
static const struct {
	const char *text;
	mode_t mode;
	bool key;
	enum rc rc;
	const char *says;
} files[] = {
    {"# x\n\npublic " PUBLIC "\n", 0644, false, RC_OK, ""},
    {"public\t" PUBLIC " \r\n", 0644, false, RC_OK, ""},
    {"public " PUBLIC, 0644, false, RC_OK, ""},
    {"public " PUBLIC "\nsecret " SECRET "\n", 0600, true, RC_OK, ""},
    {"public " PUBLIC "\nsecret " SECRET "\n", 0640, true, RC_OK, ""},
    {"", 0644, false, RC_INVALID, "no line \"public KEY\""},
    {"secret " SECRET "\n", 0600, true, RC_INVALID, "no line"},
    {"hello\n", 0644, false, RC_INVALID, "line 1"},
    {"\npublic\n", 0644, false, RC_INVALID, "line 2"},
    {"public " PUBLIC "x\n", 0644, false, RC_INVALID, "40 characters"},
    {"public Yne@$w\n", 0644, false, RC_INVALID, "40 characters"},
    {"public \"ne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n", 0644, false,
	RC_INVALID, "line 1"},
    {"public " PUBLIC "\npublic " PUBLIC "\n", 0644, false, RC_INVALID,
	"line 2"},
    {"publicly " PUBLIC "\n", 0644, false, RC_INVALID, "line 1"},
    {"public " PUBLIC " " SECRET "\n", 0644, false, RC_INVALID, "line 1"},
    {"public " PUBLIC "\nsecret " SECRET "\n", 0644, false, RC_INVALID,
	"holds a secret key"},
    {"public " PUBLIC "\n", 0600, true, RC_INVALID, "only a public key"},
    {"public " SECRET "\nsecret " SECRET "\n", 0600, true, RC_INVALID,
	"do not belong together"},
    {"public " PUBLIC "\nsecret " SECRET "\n", 0644, true, RC_DENIED,
	"chmod 600"},
    {"public " PUBLIC "\n", 0666, false, RC_DENIED, "chmod go-w"},
};

START_TEST(a_file_of_keys_is_taken_or_refused_with_its_reason)
{
	auto_str dir = scratch_new();
	auto_str path = xasprintf("%s/f", dir);
	char public_key[CURVE_TEXT] = "";
	struct curve_pair p = {0};
	enum rc rc;

	file_write(path, files[_i].text);
	ck_assert_int_eq(chmod(path, files[_i].mode), 0);
	rc = files[_i].key ? curve_read_key(path, &p, &err)
			   : curve_read_pub(path, public_key, &err);
	ck_assert_msg(rc == files[_i].rc, "%d: %s, %s", _i, rc_name(rc),
	    rc == RC_OK ? "" : err.text);
	if (rc != RC_OK) {
		assert_contains(err.text, path);
		assert_contains(err.text, files[_i].says);
	} else {
		ck_assert_str_eq(
		    files[_i].key ? p.public_key : public_key, PUBLIC);
	}
	scratch_free(TAKE(dir));
}
END_TEST

START_TEST(what_is_no_small_file_is_refused_at_once)
{
	auto_str dir = scratch_new();
	auto_str fifo = xasprintf("%s/fifo", dir);
	auto_str big = xasprintf("%s/big", dir);
	char public_key[CURVE_TEXT];
	char text[8192];

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	file_write(big, text);
	ck_assert_int_eq(curve_read_pub(fifo, public_key, &err), RC_INVALID);
	ck_assert_int_eq(curve_read_pub(dir, public_key, &err), RC_INVALID);
	ck_assert_int_eq(
	    curve_read_pub("/dev/zero", public_key, &err), RC_INVALID);
	ck_assert_int_eq(curve_read_pub(big, public_key, &err), RC_TOOBIG);
	ck_assert_int_eq(curve_read_pub("/no/file", public_key, &err), RC_IO);
	scratch_free(TAKE(dir));
}
END_TEST

START_TEST(a_folder_gives_its_public_keys_and_tells_of_a_bad_one)
{
	auto_str dir = scratch_new();
	auto_str good = xasprintf("%s/good.pub", dir);
	auto_str bad = xasprintf("%s/bad.pub", dir);
	auto_str other = xasprintf("%s/notes.txt", dir);
	struct curve_keys *k = xcalloc(1, sizeof(*k));
	struct err why;

	file_write(good, "public " PUBLIC "\n");
	file_write(other, "public " SECRET "\n");
	ck_assert_int_eq(curve_read_folder(dir, k, &why, &err), RC_OK);
	ck_assert_str_eq(why.text, "");
	ck_assert(curve_keys_have(k, PUBLIC));
	ck_assert(!curve_keys_have(k, SECRET));
	file_write(bad, "what?\n");
	ck_assert_int_eq(curve_read_folder(dir, k, &why, &err), RC_OK);
	assert_contains(why.text, bad);
	ck_assert_uint_eq(k->n, 1);
	ck_assert_int_eq(chmod(dir, 0770), 0);
	ck_assert_int_eq(curve_read_folder(dir, k, &why, &err), RC_DENIED);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert_int_eq(curve_read_folder("/none", k, &why, &err), RC_IO);
	free(k);
	scratch_free(TAKE(dir));
}
END_TEST

/* ---- endpoints ---- */

static const struct {
	const char *at;
	int reach; /* -1: none */
} reaches[] = {
    {"ipc:///run/culprit/back.sock", ENDPOINT_IPC},
    {"ipc://@abstract", ENDPOINT_IPC},
    {"tcp://127.0.0.1:9902", ENDPOINT_LOOPBACK},
    {"tcp://127.9.8.7:*", ENDPOINT_LOOPBACK},
    {"tcp://[::1]:9902", ENDPOINT_LOOPBACK},
    {"tcp://localhost:9902", ENDPOINT_LOOPBACK},
    {"tcp://*:9902", ENDPOINT_OPEN},
    {"tcp://0.0.0.0:9902", ENDPOINT_OPEN},
    {"tcp://[::]:9902", ENDPOINT_OPEN},
    {"tcp://::1:9902", ENDPOINT_OPEN},
    {"tcp://10.0.0.5:9902", ENDPOINT_OPEN},
    {"tcp://128.0.0.1:9902", ENDPOINT_OPEN},
    {"tcp://127.0.0.1.example.com:9902", ENDPOINT_OPEN},
    {"tcp://localhost.example.com:9902", ENDPOINT_OPEN},
    {"tcp://LOCALHOST:9902", ENDPOINT_OPEN},
    {"tcp://127.1:9902", ENDPOINT_OPEN},
    {"tcp://2130706433:9902", ENDPOINT_OPEN},
    {"tcp://0x7f.1:9902", ENDPOINT_OPEN},
    {"tcp://[::ffff:127.0.0.1]:9902", ENDPOINT_OPEN},
    {"tcp://127.0.0.1;10.0.0.5:9902", ENDPOINT_OPEN},
    {"tcp://127.0.0.1:1;10.0.0.5:9902", ENDPOINT_OPEN},
    {"tcp://eth0:9902", ENDPOINT_OPEN},
    {"tcp://lo:9902", ENDPOINT_OPEN},
    {"tcp://127.0.0.1", -1},
    {"tcp://:9902", -1},
    {"tcp://127.0.0.1:", -1},
    {"tcp://", -1},
    {"ipc://", -1},
    {"TCP://127.0.0.1:9902", -1},
    {"udp://127.0.0.1:9902", -1},
    {"ws://127.0.0.1:9902", -1},
    {"inproc://x", -1},
    {"pgm://eth0;239.192.1.1:5555", -1},
    {"", -1},
};

START_TEST(only_what_is_surely_on_this_machine_counts_as_such)
{
	enum endpoint_reach reach;
	enum rc rc = endpoint_reach(reaches[_i].at, &reach, &err);

	ck_assert_msg((rc == RC_OK ? (int)reach : -1) == reaches[_i].reach,
	    "%s", reaches[_i].at);
}
END_TEST

START_TEST(an_ipc_socket_must_lie_in_a_private_folder)
{
	auto_str dir = scratch_new();
	auto_str at = xasprintf("ipc://%s/s", dir);

	ck_assert_int_eq(endpoint_is_private(at, &err), RC_OK);
	ck_assert_int_eq(chmod(dir, 0711), 0);
	ck_assert_int_eq(endpoint_is_private(at, &err), RC_DENIED);
	assert_contains(err.text, "chmod 700");
	ck_assert_int_eq(endpoint_is_private("ipc:///tmp/s", &err), RC_DENIED);
	ck_assert_int_eq(endpoint_is_private("ipc:///s", &err), RC_DENIED);
	ck_assert_int_eq(endpoint_is_private("ipc://@s", &err), RC_DENIED);
	ck_assert_int_eq(endpoint_is_private("ipc://*", &err), RC_DENIED);
	ck_assert_int_eq(endpoint_is_private("ipc:///none/s", &err), RC_OK);
	ck_assert_int_eq(endpoint_is_private("tcp://x:1", &err), RC_OK);
	scratch_free(TAKE(dir));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {keygen_makes_a_pair_that_reads_back, 0},
	    {keygen_overwrites_neither_of_the_two_files, 2},
	    {keygen_refuses_what_is_no_name, 8},
	    {a_file_of_keys_is_taken_or_refused_with_its_reason,
		(int)ARRAY_LEN(files)},
	    {what_is_no_small_file_is_refused_at_once, 0},
	    {a_folder_gives_its_public_keys_and_tells_of_a_bad_one, 0},
	    {only_what_is_surely_on_this_machine_counts_as_such,
		(int)ARRAY_LEN(reaches)},
	    {an_ipc_socket_must_lie_in_a_private_folder, 0},
	};

	return RUN_TESTS("keys", tests);
}
