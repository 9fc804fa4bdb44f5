/* test_price.c - what tokens cost, and tables of prices that are none. */
#include "supervisor/run/price.h"
#include "tests/harness/texts.h"

#include <check.h>

static const struct {
	const char *table, *model;
	int64_t prompt, cached, answer;
	double cost; /* -1: it is not in the table */
} costs[] = {
    {"qwen-plus=0.8/2", "qwen-plus", 1000000, 0, 0, 0.8},
    {"qwen-plus=0.8/2", "qwen-plus", 1000000, 1000000, 1000000, 2.8},
    {"qwen-plus=0.8/2/0.2", "qwen-plus", 1000000, 1000000, 0, 0.2},
    {" a = 1/2 , org/b:8=3/4 ", "org/b:8", 500000, 0, 250000, 2.5},
    {"a=0.0375/0", "a", 1, 0, 9, 3.75e-8},
    {"a=1/2, *=5/6", "other", 1000000, 0, 0, 5},
    {"*=5/6, a=1/2", "a", 1000000, 0, 0, 1},
    {"a=1/2", "b", 1, 1, 1, -1},
    {"", "b", 1, 1, 1, -1},
    {"a=0/0", "a", 1000, 0, 1000, 0},
};

START_TEST(tokens_cost_what_the_table_says)
{
	struct prices p;
	struct err err = {""};
	const struct price *of;

	ck_assert_msg(
	    prices_read(costs[_i].table, &p, &err) == RC_OK, "%s", err.text);
	of = prices_of(&p, span_of(costs[_i].model));
	ck_assert_int_eq(of == NULL, costs[_i].cost < 0);
	if (of != NULL)
		ck_assert_double_eq_tol(
		    (double)price_cost(of, costs[_i].prompt, costs[_i].cached,
			costs[_i].answer) /
			(double)PRICE_UNIT,
		    costs[_i].cost, 1e-12);
}
END_TEST

static const struct {
	const char *table, *says;
} bad[] = {
    {"qwen-plus=-1/2", "\"-1\" is no number from 0"},
    {"qwen-plus=1/-2", "\"-2\" is no number from 0"},
    {"qwen-plus=1/2/-0.5", "\"-0.5\" is no number from 0"},
    {"qwen-plus=nan/2", "\"nan\" is no number"},
    {"qwen-plus=1e9/2", "\"1e9\" is no number"},
    {"qwen-plus=1", "write MODEL=PROMPT/ANSWER"},
    {"qwen-plus=1/2/3/4", "\"3/4\" is no number"},
    {"qwen-plus=cheap/2", "\"cheap\" is no number"},
    {"qwen-plus", "write MODEL=PROMPT/ANSWER"},
    {"=1/2", "write MODEL=PROMPT/ANSWER"},
};

START_TEST(a_table_that_is_none_says_where_and_what_to_write)
{
	struct prices p;
	struct err err = {""};

	ck_assert_int_eq(prices_read(bad[_i].table, &p, &err), RC_INVALID);
	assert_contains(err.text, "--llm-prices (CULPRIT_LLM_PRICES)");
	assert_contains(err.text, bad[_i].says);
}
END_TEST

START_TEST(an_amount_is_a_number_that_is_not_negative)
{
	struct err err = {""};
	int64_t n = 1;

	ck_assert_int_eq(price_amount("--x", NULL, &n, &err), RC_OK);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(price_amount("--x", "0.25", &n, &err), RC_OK);
	ck_assert_int_eq(n, PRICE_UNIT / 4);
	ck_assert_int_eq(price_amount("--x", "-0.25", &n, &err), RC_INVALID);
	assert_contains(err.text, "--x: \"-0.25\" is no number from 0");
	ck_assert_int_eq(price_amount("--x", "5 EUR", &n, &err), RC_INVALID);
}
END_TEST

int
main(void)
{
	const struct test_entry tests[] = {
	    {tokens_cost_what_the_table_says, (int)ARRAY_LEN(costs)},
	    {a_table_that_is_none_says_where_and_what_to_write,
		(int)ARRAY_LEN(bad)},
	    {an_amount_is_a_number_that_is_not_negative, 0},
	};

	return RUN_TESTS("price", tests);
}
