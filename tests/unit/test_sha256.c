/*
 * test_sha256.c - the published vectors.
 */
#include "common/base/sha256.h"
#include "tests/harness/texts.h"

#include <stdlib.h>

static const struct {
	const char *text;
	const char *digest;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(published_vectors_hold)
{
	char text[SHA256_TEXT];

	ck_assert_str_eq(sha256_text(span_of(vectors[_i].text), text),
	    vectors[_i].digest);
}
END_TEST

START_TEST(a_million_letters)
{
	char *letters = malloc(1000000);
	char text[SHA256_TEXT];

	ck_assert_ptr_nonnull(letters);
	memset(letters, 'a', 1000000);
	ck_assert_str_eq(sha256_text(span_make(letters, 1000000), text),
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(letters);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {published_vectors_hold, ARRAY_LEN(vectors)},
	    {a_million_letters, 0},
	};

	return RUN_TESTS("sha256", tests);
}
