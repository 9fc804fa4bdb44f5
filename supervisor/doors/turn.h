/*
 * turn.h - the loop: what a turn ends with, and the clock.
 */
#ifndef SUPERVISOR_DOORS_TURN_H
#define SUPERVISOR_DOORS_TURN_H

#include "supervisor/run/supervisor.h"

enum { TURN_TICK_MS = 50 };

/* Something was heard: the turn that ends with turn_end has begun. */
void turn_begin(struct supervisor *s);
void turn_end(void *supervisor);
/* What was said in turns that are durable by now, leaves. */
int turn_settled(zloop_t *loop, zmq_pollitem_t *item, void *supervisor);
/* turn_end once a socket was read. */
void turn_heard(void *supervisor);
int turn_tick(zloop_t *loop, int timer, void *supervisor);

#endif
