/*
 * 20-timeline.js - a run's events as a list that grows: what is planned, what
 * each step found, what waits for a person.
 */

const TOKENS_SHOWN = 4000;

/* Of those who have no token of their own it is known where they are. */
const deciderOf = (by) => (by === "someone at this machine" ? t("someone_here") : by);
const pretty = (value) => JSON.stringify(value, null, 2);
const isEmpty = (o) => !o || Object.keys(o).length === 0;

function cite(run, id) {
	return h("a.cite", { href: `#${run}/${id}` }, id);
}

function argsOf(args) {
	return isEmpty(args) ? null
		: h("details.args", {}, h("summary", {}, t("arguments")), h("pre", { tabindex: 0 }, pretty(args)));
}

class Timeline {
	/* actions: anew(seq), decide(task, approve), may be refused by rejecting. */
	constructor(run, actions) {
		this.run = run;
		this.actions = actions;
		this.steps = new Map();
		this.waiting = new Map();
		this.list = h("ol.timeline", {});
		this.element = this.list;
	}

	item(kind, title, ...more) {
		const e = h(`li.item.is-${kind}`, { "data-seq": this.seq || null }, h("div.item-title", {}, title), more);

		this.list.append(e);
		return e;
	}

	anewButton(seq) {
		return h("button.link.anew", { type: "button", onclick: () => this.actions.anew(seq) }, t("anew_from"));
	}

	/* Whoever knows the type of an event has a method of its name. */
	take(type, data, seq) {
		this.seq = seq;
		if (data.omitted)
			this.item("error", t("ev_omitted"), h("p", {}, data.detail || ""));
		else
			this[`on_${type}`]?.(data, seq);
	}

	on_started(d) {
		this.item("started", t("ev_started"), h("p", {}, d.input || t("whatever")));
	}

	on_plan(d, seq) {
		const steps = d.steps?.length || (d.tool ? 1 : 0);

		this.tokens = null;
		this.item("plan", [h("b", {}, `${t("ev_plan")} `), h("span.tag", {}, d.decision),
			steps > 0 ? ` ${t("ev_steps", steps)}` : "",
			h("span.quiet-text", {}, ` ${d.worker}, ${spanOf(d.ms || 0)}`)],
		d.step ? h("p", {}, d.step) : null,
		d.context ? h("details", {}, h("summary", {}, t("summary")), h("p.pre", {}, d.context)) : null,
		this.anewButton(seq));
	}

	on_tool_started(d) {
		const key = `${d.iteration}.${d.index}`;
		const had = this.steps.get(key);

		if (had) {
			fill(had, this.stepHead(d, "running"));
			return;
		}
		const e = this.item("step", "");
		e.classList.add("running");
		fill(e, this.stepHead(d, "running"));
		this.steps.set(key, e);
	}

	stepHead(d, state, ms) {
		return [h("div.item-title", {}, h(`span.dot.is-${state}`, { role: "img", "aria-label": named(state) }),
			h("b", {}, d.tool), ms === undefined ? null : h("span.quiet-text", {}, ` ${spanOf(ms)}`),
			d.worker ? h("span.quiet-text", {}, ` ${d.worker}`) : null),
		d.step ? h("p", {}, d.step) : null, argsOf(d.args)];
	}

	on_feedback(d) {
		const key = `${d.iteration}.${d.index}`;
		const e = this.steps.get(key) || this.item("step", "");
		const kind = d.status === "SUCCESS" ? "ok" : d.status === "FAILED" ? "bad" : "unknown";
		const head = e.querySelector(".item-title");

		e.classList.remove("running");
		e.classList.add(`step-${kind}`);
		fill(head, h(`span.dot.is-${kind}`, { role: "img", "aria-label": d.status }), h("b", {}, d.tool),
			h("span.quiet-text", {}, ` ${spanOf(d.ms || 0)} `),
			(d.evidence || []).map((id) => cite(this.run, id)));
		e.append(...this.found(d.summary || ""),
			d.suggestion ? h("p.quiet-text", {}, `${t("suggestion")}: ${d.suggestion}`) : "");
	}

	/* Its first line, and what is behind that when it is wanted. */
	found(summary) {
		const [first, ...rest] = summary.trim().split("\n");

		return [h("p.quiet-text", {}, shorten(first, 300)), rest.length === 0 ? ""
			: h("details", {}, h("summary", {}, t("more_lines", rest.length)),
				h("p.pre.found", { tabindex: 0 }, shorten(rest.join("\n"), 4000)))];
	}

	on_approval(d) {
		const wrong = h("p.wrong", { role: "alert" });
		const word = (approve) => async (e) => {
			const buttons = e.target.parentNode.querySelectorAll("button");

			for (const b of buttons)
				b.disabled = true;
			try {
				await this.actions.decide(d.task, approve);
			} catch (error) {
				wrong.textContent = error.message;
				for (const b of buttons)
					b.disabled = false;
			}
		};

		const e = this.item("approval", [h("b", {}, `${t("approval")}: `), d.tool],
			d.step ? h("p", {}, d.step) : null, h("pre", { tabindex: 0 }, pretty(d.args || {})),
			h("p.quiet-text", {}, t("approval_until", momentOf(d.until))),
			h("div.row", {}, h("button.primary", { type: "button", onclick: word(true) }, t("approve")),
				h("button.danger", { type: "button", onclick: word(false) }, t("deny"))), wrong);
		this.waiting.set(d.task, e);
		say(`${t("approval")}: ${d.tool}`);
	}

	on_decided(d) {
		const e = this.waiting.get(d.task);

		this.waiting.delete(d.task);
		e?.querySelector(".row")?.remove();
		(e || this.item("approval", t("approval")))
			.append(h("p", {}, t(d.approved ? "approved_by" : d.by_time ? "denied_by_time" : "denied_by", deciderOf(d.by))));
	}

	on_supervisor(d) {
		this.item("quiet", t("ev_supervisor", d.iteration, d.next), d.reason ? h("p", {}, d.reason) : null);
	}

	on_alerts(d) {
		this.item("alerts", [h("b", {}, t("ev_alerts", d.firing, d.resolved)), d.joined ? ` +${d.joined}` : "", d.gone ? ` −${d.gone}` : ""],
			d.names?.length ? h("p.quiet-text", {}, d.names.join(", ")) : null);
	}

	on_retry(d) {
		this.item("warn", t("ev_retry", d.reason));
	}

	on_progress(d) {
		this.progress ||= this.item("quiet", "");
		this.progress.firstChild.textContent = `${t("ev_progress")}: ${d.text} (${d.worker})`;
	}

	on_token(d) {
		this.tokens ||= this.item("token", h("b", {}, t("ev_token")), h("pre", { tabindex: 0 }, ""));
		const pre = this.tokens.querySelector("pre");
		pre.textContent = (pre.textContent + d.text).slice(-TOKENS_SHOWN);
	}

	on_report(d, seq) {
		this.item("report", h("b", {}, t("ev_report")), this.anewButton(seq));
	}

	on_finished(d) {
		this.stop();
		this.item("finished", [h("b", {}, t("ev_finished", named(d.status))),
			h("span.quiet-text", {}, ` ${spanOf(d.ms)}`)], d.reason ? h("p", {}, d.reason) : null);
	}

	on_error(d) {
		this.stop();
		this.item("error", h("b", {}, t("ev_error")), h("p", {}, d.text || ""));
	}

	/* Nothing goes on any more, whatever has not come. */
	stop() {
		for (const e of this.list.querySelectorAll(".running"))
			e.classList.remove("running");
		for (const e of this.waiting.values())
			e.querySelector(".row")?.remove();
	}
}
