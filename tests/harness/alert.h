/* alert.h - waiting for a Prometheus, or for one that never answers. */
#ifndef TESTS_HARNESS_ALERT_H
#define TESTS_HARNESS_ALERT_H

/* Waits until n instances of the named alert fire in the Prometheus at url;
 * the test fails otherwise. */
void alert_await(const char *url, const char *alert, int n);

/* A listening socket whose connections nobody ever answers: its URL, the
 * caller's. It lasts as long as the test. */
char *hanging_url(void);

#endif
