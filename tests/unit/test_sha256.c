/*
 * test_sha256.c - the published vectors, and input in pieces.
 */
#include "common/sha256.h"
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

START_TEST(a_million_letters_in_odd_pieces)
{
	static const uint8_t want[4] = {0xcd, 0xc7, 0x6e, 0x5c};
	char piece[997];
	uint8_t got[SHA256_BYTES];
	struct sha256 s;
	size_t left = 1000000, n;

	memset(piece, 'a', sizeof(piece));
	sha256_init(&s);
	for (; left > 0; left -= n) {
		n = left < sizeof(piece) ? left : sizeof(piece);
		sha256_add(&s, span_make(piece, n));
	}
	sha256_end(&s, got);
	ck_assert_mem_eq(got, want, sizeof(want));
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {published_vectors_hold, ARRAY_LEN(vectors)},
	    {a_million_letters_in_odd_pieces, 0},
	};

	return RUN_TESTS("sha256", tests);
}
