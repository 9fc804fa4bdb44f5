/*
 * 26-remarks.js - what people say of an investigation: was it right, what was
 * it really, and notes.
 */

const VERDICTS = ["right", "wrong", "helpful"];

class Remarks {
	constructor(run) {
		this.run = run;
		this.list = h("ul.remarks", {});
		this.text = h("textarea", { rows: 2, maxlength: 8000 });
		this.wrong = h("p.wrong", { role: "alert" });
		const buttons = VERDICTS.map((verdict) => h("button", {
			type: "button", onclick: () => this.say("/verdict", { verdict, cause: this.text.value.trim() || undefined }),
		}, t(verdict)));

		this.element = h("section.follow-up", { "aria-labelledby": "was-right" },
			h("h2", { id: "was-right" }, t("was_right")), this.list, field("true_cause", this.text),
			h("div.row", {}, buttons, h("button", {
				type: "button", onclick: () => this.text.value.trim() && this.say("/notes", { text: this.text.value.trim() }),
			}, t("note"))), this.wrong);
		this.load();
	}

	async load() {
		try {
			const { run } = await askJson(runPath(this.run));

			fill(this.list, (run.remarks || []).map((r) => h("li", {},
				r.verdict ? h(`span.pill.said-${VERDICTS.includes(r.verdict) ? r.verdict : "other"}`, {}, named(r.verdict)) : null,
				r.text ? ` ${r.text}` : "", h("span.quiet-text", {}, ` ${r.by}, ${momentOf(r.at_ms)}`))));
		} catch (e) {
			this.wrong.textContent = e.message;
		}
	}

	async say(path, body) {
		const by = await whoAmI();

		if (!by)
			return;
		try {
			await ask(runPath(this.run, path), { method: "POST", body: { ...body, by } });
			this.text.value = this.wrong.textContent = "";
			await this.load();
		} catch (e) {
			this.wrong.textContent = e.message;
		}
	}
}
