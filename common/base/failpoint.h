/*
 * failpoint.h - moments at which a build for tests dies, hangs or fails.
 *
 *   CULPRIT_FAILPOINT=turn_committed:kill@3,commit_fails:error
 *
 * Only builds with CULPRIT_FAILPOINTS have any of it; in others both macros
 * leave nothing behind. The moments are named in failpoints.def.
 */
#ifndef COMMON_BASE_FAILPOINT_H
#define COMMON_BASE_FAILPOINT_H

#include "common/base/rc.h"

#ifdef CULPRIT_FAILPOINTS

enum failpoint {
#define FP(name, who, fails, moment) FP_##name,
#include "common/base/failpoints.def"
#undef FP
	FP_COUNT
};

/*
 * Reads CULPRIT_FAILPOINT: a list of NAME:ACTION[@N], ACTION being kill
 * (SIGKILL to itself), hang (for good) or hang=MS, exit, term (SIGTERM to
 * itself, and on it goes), or error where the moment can fail. It happens when the moment comes for the N-th time in a
 * process (default: the first), once per data folder: a file failpoint.NAME
 * there says that it did. So a child that `culprit up` starts again lives.
 * @N+ stands for the N-th time and every one after it, in each process.
 *
 * CULPRIT_FAILPOINT_LOG names a file that each process appends a name to the
 * first time it comes by.
 *
 * RC_INVALID: the list is wrong; err says what would be right.
 */
NODISCARD enum rc failpoint_open(const char *data_dir, struct err *err);

/* The same with a list in place of the variable; NULL or "": none. */
NODISCARD enum rc failpoint_set(
    const char *list, const char *data_dir, struct err *err);

/* One moment's name, who comes by ("supervisor", "worker" …), whether it can
 * fail, and what it is. */
struct failpoint_info {
	const char *name, *who, *moment;
	int fails;
};
const struct failpoint_info *failpoint_info(enum failpoint f);

/* For the macros. */
void failpoint_hit(enum failpoint f);
NODISCARD enum rc failpoint_rc(enum failpoint f, struct err *err);

#define FAILPOINT(name) failpoint_hit(FP_##name)
#define FAILPOINT_RC(name, err) failpoint_rc(FP_##name, err)

#else

static inline enum rc
failpoint_open(const char *data_dir UNUSED, struct err *err UNUSED)
{
	return RC_OK;
}

#define FAILPOINT(name) ((void)0)
/* RC_OK, or RC_IO with err set. */
#define FAILPOINT_RC(name, err) ((void)(err), RC_OK)

#endif
#endif
