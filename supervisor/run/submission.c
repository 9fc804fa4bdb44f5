/*
 * submission.c - what a run begins with; the request's own, fork.c's else.
 */
#include "supervisor/run/submission.h"

#include "common/agent/conf.h"
#include "common/base/clk.h"
#include "common/base/zone.h"
#include "common/wire/proto.h"
#include "common/wire/wire.h"
#include "supervisor/run/state.h"

/* An `at` that is no older was meant as now, on a clock beside this one. */
enum { PAST_MS = 2000 };

void
submission_init(struct submission *sub, struct span key, struct span digest)
{
	*sub = (struct submission){.key = key,
	    .digest = digest,
	    .created_ms = clk_wall_ms(),
	    .node = NODE_START};
	buf_init(&sub->pairs, STATE_BYTES_MAX);
}

void
submission_done(struct submission *sub)
{
	buf_done(&sub->pairs);
}

enum rc
submission_ask(struct submission *sub, struct span input,
    const struct conf *conf, struct err *err)
{
	struct buf *b = &sub->pairs;
	struct wire_r in = wire_reader(input);
	bool lang = wire_find_str(input, "language").n == 0;
	bool zone = wire_find_str(input, "timezone").n == 0;
	bool at = wire_find(input, "at").n == 0, past;
	char system[ZONE_NAME_MAX];
	struct proto_request checked;
	enum rc rc = proto_get_request(input, &checked, err);

	if (rc != RC_OK)
		return rc;
	past = !at && (int64_t)checked.at < sub->created_ms - PAST_MS;
	sub->n_pairs = wire_map(&in) + 2 + lang + zone + at + past +
		       (conf->public_url != NULL);
	wire_put_raw(b, span_make(in.p, (size_t)(in.end - in.p)));
	wire_put_str(b, "iteration");
	wire_put_int(b, 0);
	wire_put_str(b, "status");
	wire_put_str(b, "running");
	if (lang) {
		wire_put_str(b, "language");
		wire_put_str(b, conf->language);
	}
	if (zone) {
		wire_put_str(b, "timezone");
		wire_put_str(b, conf->timezone != NULL ? conf->timezone
						       : zone_system(system));
	}
	if (conf->public_url != NULL) {
		wire_put_str(b, "address");
		wire_put_str(b, conf->public_url);
	}
	if (at) {
		wire_put_str(b, "at");
		wire_put_int(b, sub->created_ms);
	}
	if (past) {
		wire_put_str(b, "past");
		wire_put_int(b, 1);
	}
	return RC_OK;
}
