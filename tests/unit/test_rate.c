/* test_rate.c - how often one client may ask, whoever else does. */
#include "gateway/http/rate.h"
#include "common/base/attr.h"
#include "tests/harness/texts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { SECOND = 1000000, BEGUN = 5 * SECOND };

static struct sockaddr_storage
address(const char *text)
{
	struct sockaddr_storage a = {.ss_family = AF_INET};

	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&a)->sin_addr) ==
	    1)
		return a;
	a.ss_family = AF_INET6;
	ck_assert_int_eq(
	    inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&a)->sin6_addr),
	    1);
	return a;
}

static int
take(struct rate *r, const char *who, int64_t now_us)
{
	struct sockaddr_storage a = address(who);

	return rate_take(r, (struct sockaddr *)&a, now_us);
}

/* How many it may make in a row. */
static int
takes(struct rate *r, const char *who, int64_t now_us)
{
	int n = 0;

	while (n < 1000 && take(r, who, now_us) == 0)
		n++;
	return n;
}

START_TEST(who_was_quiet_may_ask_at_once_and_then_at_the_rate)
{
	struct rate *r = rate_new(&(struct rate_spec){.per_s = 10, .burst = 5});

	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN), 5);
	ck_assert_int_eq(take(r, "192.0.2.1", BEGUN), 1);
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN + SECOND / 10 - 1), 0);
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN + SECOND / 10), 1);
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN + 3 * SECOND / 10), 2);
	/* No more is saved up than that. */
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN + 60 * SECOND), 5);
	rate_free(r);
}
END_TEST

START_TEST(it_is_told_when_it_may_ask_again)
{
	struct rate *r = rate_new(&(struct rate_spec){.per_s = 1, .burst = 1});

	ck_assert_int_eq(take(r, "192.0.2.1", BEGUN), 0);
	ck_assert_int_eq(take(r, "192.0.2.1", BEGUN + 1), 1);
	ck_assert_int_eq(take(r, "192.0.2.1", BEGUN + SECOND - 1), 1);
	ck_assert_int_eq(take(r, "192.0.2.1", BEGUN + SECOND), 0);
	rate_free(r);
}
END_TEST

/* Whose requests count as those of 192.0.2.1, or of 2001:db8:0:1::1. */
static const struct {
	const char *one, *other;
	bool same;
} pairs[] = {
    {"192.0.2.1", "192.0.2.2", false},
    {"192.0.2.1", "::ffff:192.0.2.1", true},
    {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
    {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
    {"127.0.0.1", "127.0.0.2", false},
};

START_TEST(each_address_is_counted_for_itself)
{
	struct rate *r = rate_new(&(struct rate_spec){.per_s = 1, .burst = 3});

	ck_assert_int_eq(takes(r, pairs[_i].one, BEGUN), 3);
	ck_assert_int_eq(
	    takes(r, pairs[_i].other, BEGUN), pairs[_i].same ? 0 : 3);
	rate_free(r);
}
END_TEST

START_TEST(this_machine_is_spared_where_that_is_said)
{
	static const char *const here[] = {
	    "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"};
	const struct rate_spec spec = {
	    .per_s = 1, .burst = 1, .spares_loopback = true};
	struct rate *r = rate_new(&spec);
	size_t i;

	for (i = 0; i < ARRAY_LEN(here); i++)
		ck_assert_int_eq(takes(r, here[i], BEGUN), 1000);
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN), 1);
	rate_free(r);
}
END_TEST

START_TEST(there_may_be_no_limit)
{
	struct rate *r = rate_new(&(struct rate_spec){.per_s = 0, .burst = 1});

	ck_assert_ptr_null(r);
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN), 1000);
}
END_TEST

/* Many more than there is room for, who ask once each, do not wipe out whoever
 * is over its limit. */
START_TEST(a_crowd_does_not_set_free_who_asks_too_often)
{
	struct rate *r =
	    rate_new(&(struct rate_spec){.per_s = 1, .burst = 100});
	struct sockaddr_in a = {.sin_family = AF_INET};
	uint32_t i, refused = 0;

	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN), 100);
	for (i = 0; i < 4 * RATE_CLIENTS_MAX; i++) {
		a.sin_addr.s_addr = htonl(0x0a000000U + i);
		refused += rate_take(r, (struct sockaddr *)&a, BEGUN) != 0;
	}
	ck_assert_uint_eq(refused, 0);
	ck_assert_int_eq(takes(r, "192.0.2.1", BEGUN), 0);
	rate_free(r);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {who_was_quiet_may_ask_at_once_and_then_at_the_rate, 0},
	    {it_is_told_when_it_may_ask_again, 0},
	    {each_address_is_counted_for_itself, (int)ARRAY_LEN(pairs)},
	    {this_machine_is_spared_where_that_is_said, 0},
	    {there_may_be_no_limit, 0},
	    {a_crowd_does_not_set_free_who_asks_too_often, 0},
	};

	return RUN_TESTS("rate", tests);
}
