/*
 * hand.h - an executor that a test plays by hand: it takes a task and does
 * with it what the test says, or nothing at all.
 */
#ifndef TESTS_HARNESS_HAND_H
#define TESTS_HARNESS_HAND_H

#include "common/wire/proto.h"

struct hand;

/* Joins the supervisor of a data directory, waiting until it is welcome.
 * tools: its catalogue as JSON, which is borrowed. */
struct hand *hand_new(
    const char *data_dir, const char *name, const char *tools);
void hand_free(struct hand *h);

/* Says HELLO again and waits until it is welcome: it has started afresh, or
 * the supervisor has. */
void hand_hello(struct hand *h);

/* Leaves: takes no more. Returns when the supervisor has heard it. */
void hand_bye(struct hand *h);

/* The supervisor hears of it once more, and of no task it holds. */
void hand_renew(struct hand *h);

/* The next task, waiting for it; lives as long as h. */
const struct proto_task *hand_task(struct hand *h);

/* Is there a task now that was not taken? */
bool hand_has_task(struct hand *h);

/* Answers with an update in JSON, and waits until it is acknowledged. */
void hand_answer(
    struct hand *h, const struct proto_task *t, const char *update);

#endif
