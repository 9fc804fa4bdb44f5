/*
 * 25-run.js - one investigation: its report, its timeline, its evidence
 * beside them.
 */

function dialog(title, ...content) {
	const d = h("dialog", { "aria-label": title }, h("h2", {}, title), content);

	d.addEventListener("close", () => d.remove());
	document.body.append(d);
	d.showModal();
	return d;
}

/* Signs in with a token that may approve; rejects where none is given. */
function approverSignin() {
	return new Promise((resolve, reject) => {
		const token = h("input", { type: "password", required: true, autocomplete: "off" });
		const wrong = h("p.wrong", { role: "alert" });
		const d = dialog(t("signin"), h("form", {
			onsubmit: async (e) => {
				e.preventDefault();
				try {
					await signIn(token.value);
					resolve();
					d.close();
				} catch (error) {
					wrong.textContent = error.message;
					token.select();
				}
			},
		}, h("p", {}, t("approver_why")), field("token", token), wrong,
		h("div.row", {}, h("button.primary", { type: "submit" }, t("signin")),
			h("button", { type: "button", onclick: () => d.close() }, t("close")))));
		d.addEventListener("close", () => reject(new ApiError(0, t("approver_why"))));
	});
}

/* Who remarks, asked once. */
function whoAmI() {
	return new Promise((resolve) => {
		const name = kept.get("by");

		if (name)
			return resolve(name);
		const input = h("input", { type: "text", required: true, maxlength: 60, autocomplete: "name" });
		const d = dialog(t("by"), h("form", {
			method: "dialog",
			onsubmit: () => {
				kept.set("by", input.value.trim());
				resolve(input.value.trim());
			},
		}, field("by", input), h("div.row", {}, h("button.primary", { type: "submit" }, t("go_on")),
			h("button", { type: "button", onclick: () => d.close() }, t("close")))));
		d.addEventListener("close", () => resolve(""));
	});
}

class RunView {
	constructor(main, run) {
		this.run = run;
		this.evidence = new Map();
		this.calls = new Map();
		this.status = h("span.pill.is-running", { role: "status" }, t("running"));
		this.sure = h("span", {});
		this.title = h("h1", { tabindex: -1 }, run);
		this.about = h("p.about.quiet-text", {});
		this.wrong = h("p.wrong", { role: "alert" });
		this.cancel = h("button.danger", { type: "button", hidden: true, onclick: () => this.doCancel() }, t("cancel"));
		this.files = h("span.row", { hidden: true },
			h("a.button", { href: runPath(run, "/report?as=html"), download: `culprit-${run}.html` }, t("casefile")),
			h("a.button", { href: runPath(run, "/report?as=markdown"), download: `culprit-${run}.md` }, t("markdown")));
		this.now = h("p.now", {}, h("span.dot.is-running"), ` ${t("working")}`);
		this.body = h("div.body", {}, this.now);
		this.timeline = new Timeline(run, {
			anew: (seq) => this.askAnew(seq),
			decide: (task, approve) => this.decide(task, approve),
		});
		/* Known is what both its events have told of. */
		this.panel = new EvidencePanel(run, (id) => (this.calls.has(id) ? { ...this.evidence.get(id), ...this.calls.get(id) } : {}));
		this.aside = new Tabs([
			["timeline", t("timeline"), this.timeline.element],
			["evidence", t("evidence"), this.panel.element],
		]);
		main.replaceChildren(h("div.run-view", {},
			h("header.run-head", {}, h("a.back", { href: "#" }, `‹ ${t("back")}`),
				h("div.row.spread", {}, this.title, h("div.row", {}, this.cancel,
					h("button", { type: "button", onclick: () => this.askAnew(1) }, t("anew")), this.files)),
				h("div.row", {}, this.status, this.sure, this.about, h("code.id", {}, run)), this.wrong),
			h("div.columns", {}, this.body, this.aside.element)));
		this.end = follow(run, (type, data, seq) => this.take(type, data, seq), (there) => this.connected(there));
		document.title = `${run} · Culprit`;
	}

	connected(there) {
		this.wrong.textContent = there ? "" : t("reconnect");
		this.wrong.classList.toggle("calm", !there);
	}

	take(type, d, seq) {
		this.timeline.take(type, d, seq);
		this[`on_${type}`]?.(d, seq);
	}

	on_started(d) {
		const parts = [momentOf(d.at || Date.now()), d.window ? `${t("window")} ${spanOf(d.window * 1000)}` : ""];

		this.cancel.hidden = false;
		this.title.textContent = d.input || t("whatever");
		document.title = `${shorten(d.input || t("whatever"), 60)} · Culprit`;
		if (!isEmpty(d.labels))
			parts.push(`${t("scope")} ${labelsOf(d.labels)}`);
		this.about.textContent = parts.filter(Boolean).join(" · ");
		if (d.forked_from)
			this.about.append(" · ", h("a", { href: `#${d.forked_from.run}` },
				t("forked", d.forked_from.run, d.forked_from.seq)));
	}

	on_plan(d) {
		this.now.lastChild.textContent = ` ${d.step || t("working")}`;
	}

	/* Which call gave which evidence is told by its feedback. */
	on_tool_started(d) {
		this.calls.set(`${d.iteration}.${d.index}`, { args: d.args, step: d.step });
	}

	on_evidence(d) {
		this.evidence.set(d.id, d);
	}

	on_feedback(d) {
		for (const id of d.evidence || [])
			this.calls.set(id, { ...this.calls.get(`${d.iteration}.${d.index}`), summary: d.summary });
		this.panel.listed([...this.evidence.values()]);
	}

	on_report(d) {
		this.sure.className = `sure sure-${d.confidence}`;
		this.sure.textContent = named(d.confidence || "");
	}

	async on_finished(d) {
		this.cancel.hidden = true;
		this.files.hidden = false;
		this.status.replaceWith(this.status = pill(d.status));
		this.about.append(` · ${t("took", spanOf(d.ms))}`);
		say(t("ev_finished", named(d.status)));
		try {
			const report = await reportLoad(this.run);

			fill(this.body, report, this.followUp(), new Remarks(this.run).element);
			figuresInto(report, this.run, this.panel.known);
		} catch (e) {
			this.now.replaceChildren(`${t("no_report")} ${e.message}`);
		}
	}

	/* A question to what was found: another run, which answers it. */
	followUp() {
		const input = h("textarea", { rows: 2, maxlength: 8000, required: true });
		const wrong = h("p.wrong", { role: "alert" });

		return h("form.follow-up", {
			onsubmit: async (e) => {
				e.preventDefault();
				try {
					location.hash = "#" + await startRun(runPath(this.run, "/ask"), { question: input.value.trim() });
				} catch (error) {
					wrong.textContent = error.message;
				}
			},
		}, field("follow_up", input, "follow_up_hint"), h("div.row", {}, h("button", { type: "submit" }, t("ask_it")), wrong));
	}

	on_error(d) {
		this.wrong.textContent = d.text || t("ev_error");
		this.now.replaceChildren();
		this.status.hidden = true;
		this.cancel.hidden = true;
	}

	async doCancel() {
		this.cancel.disabled = true;
		try {
			await ask(runPath(this.run, "/cancel"), { method: "POST", body: {} });
			this.wrong.textContent = t("cancelled_said");
		} catch (e) {
			this.wrong.textContent = e.message;
			this.cancel.disabled = false;
		}
	}

	async decide(task, approve) {
		const session = await askJson("api/session");

		if (session.approver_tokens && !session.approver)
			await approverSignin();
		await ask(runPath(this.run, `/steps/${task}`), { method: "POST", body: { approve } });
	}

	askAnew(seq) {
		const input = h("textarea", { rows: 2, maxlength: 8000 });
		const wrong = h("p.wrong", { role: "alert" });
		const d = dialog(t("anew"), h("form", {
			onsubmit: async (e) => {
				const body = { from: seq };

				e.preventDefault();
				if (input.value.trim())
					body.input = input.value.trim();
				try {
					location.hash = "#" + await startRun(runPath(this.run, "/fork"), body);
					d.close();
				} catch (error) {
					wrong.textContent = error.message;
				}
			},
		}, h("p", {}, t("anew_why", seq)), field("anew_input", input), wrong,
		h("div.row", {}, h("button.primary", { type: "submit" }, t("anew")),
			h("button", { type: "button", onclick: () => d.close() }, t("close")))));
	}

	/* The address names a piece of evidence, or none. */
	show(id) {
		const from = document.activeElement;

		document.body.classList.toggle("has-evidence", Boolean(id));
		this.aside.choose(id ? "evidence" : this.aside.chosen);
		if (id) {
			this.from = from.matches("a.cite") ? from : this.from;
			this.panel.open(id);
		} else if (this.from?.isConnected) {
			this.from.focus({ preventScroll: true });
			this.from = null;
		}
	}
}

/* Tabs as the ARIA practices have them: arrows move between them. */
class Tabs {
	constructor(tabs) {
		this.panels = new Map();
		this.bar = h("div.tabs", { role: "tablist" });
		this.element = h("aside.side", {}, this.bar);
		for (const [key, title, content] of tabs) {
			const tab = h("button", {
				type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}`,
				onclick: () => this.choose(key),
			}, title);
			const panel = h("div.panel", { role: "tabpanel", id: `panel-${key}`, "aria-labelledby": tab.id, tabindex: 0 }, content);

			this.bar.append(tab);
			this.element.append(panel);
			this.panels.set(key, [tab, panel]);
		}
		this.bar.addEventListener("keydown", (e) => {
			const keys = [...this.panels.keys()];
			const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];

			if (!step)
				return;
			this.choose(keys[(keys.indexOf(this.chosen) + step + keys.length) % keys.length]);
			this.panels.get(this.chosen)[0].focus();
		});
		this.choose(tabs[0][0]);
	}

	choose(key) {
		this.chosen = key;
		for (const [k, [tab, panel]] of this.panels) {
			tab.setAttribute("aria-selected", String(k === key));
			tab.tabIndex = k === key ? 0 : -1;
			panel.hidden = k !== key;
		}
	}
}
