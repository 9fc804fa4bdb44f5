/*
 * reseal.h - makes a store that a test has changed fit its chains again, so
 * that only the content is wrong.
 */
#ifndef TESTS_HARNESS_RESEAL_H
#define TESTS_HARNESS_RESEAL_H

#include "supervisor/store/store_row.h"

/* Every row's seal over its columns and its chain, and the chain over all. */
void reseal(struct store_db *d);
/* Runs SQL on the store at path, then does that; nobody writes meanwhile. */
void reseal_sql(const char *path, const char *sql);

#endif
