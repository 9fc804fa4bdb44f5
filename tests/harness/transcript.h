/*
 * transcript.h - the events of one run, as `culprit … --json` printed them.
 */
#ifndef TESTS_HARNESS_TRANSCRIPT_H
#define TESTS_HARNESS_TRANSCRIPT_H

struct cJSON;
struct transcript;

/* Reads lines of JSON; the test fails where one is none. */
struct transcript *transcript_new(const char *lines);
void transcript_free(struct transcript *t);

/* Fails unless the numbers are 1, 2, 3 … of one run, the first event is
 * `started` and exactly one, the last, is `finished`. */
void transcript_check(const struct transcript *t);

/* How many events there are of a type. */
int transcript_count(const struct transcript *t, const char *type);

/* The data of the n-th (from 0) event of a type; the test fails where there
 * is none. Borrowed. */
const struct cJSON *transcript_data(
    const struct transcript *t, const char *type, int n);

/* A text of that data; "" when absent. Borrowed. */
const char *transcript_text(
    const struct transcript *t, const char *type, int n, const char *key);
int transcript_int(
    const struct transcript *t, const char *type, int n, const char *key);

/* The run's name. Borrowed. */
const char *transcript_run(const struct transcript *t);

#endif
