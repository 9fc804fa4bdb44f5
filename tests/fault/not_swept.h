/*
 * not_swept.h - the failpoints that do not come by themselves while clients
 * are served: test_moments.c provokes them, test_sweep.c leaves them out.
 */
#ifndef TESTS_FAULT_NOT_SWEPT_H
#define TESTS_FAULT_NOT_SWEPT_H

static const char *const not_swept[] = {"store_created",
    "store_renamed", "delete_done",
    "deadline", "bye_taken", "supervisor_drains", "worker_drains",
    "gateway_drains", "worker_revoked", "blob_inserted",
    "lapsed", "orphaned", "submit_known", "supervisor_anew", "up_locked",
    "up_started_one", "up_reaped", "up_ready", "up_ending",
    "reserve_taken", "settle_taken", "answer_paid", "answer_kept"};

#endif
