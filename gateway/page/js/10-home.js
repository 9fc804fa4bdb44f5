/*
 * 10-home.js - what can be started, and what was.
 */

const STATUSES = ["running", "completed", "incomplete", "failed", "cancelled"];
const PAGE_RUNS = 100, ALERTS_MS = 20000;
const SINCE_MS = { any: 0, hour: 3600e3, day: 86400e3, week: 604800e3 };

function field(key, input, hint) {
	const id = `f-${key}`;

	input.id = id;
	if (hint)
		input.placeholder = t(hint);
	return h("div.field", {}, h("label", { for: id }, t(key)), input);
}

const option = (value, text) => h("option", { value }, text);

/* {"a": "1"} of "a=1, b=2"; null where it is none. */
function labelsRead(text) {
	const labels = {};

	for (const part of text.split(",").map((p) => p.trim()).filter(Boolean)) {
		const at = part.indexOf("=");

		if (at < 1)
			return null;
		labels[part.slice(0, at).trim()] = part.slice(at + 1).trim().replace(/^"(.*)"$/, "$1");
	}
	return labels;
}

/* ---- starting ---- */

function startForm() {
	const input = h("textarea", { rows: 2, maxlength: 8000, autofocus: true });
	const at = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
	const back = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
	const labels = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
	const wrong = h("p.wrong", { role: "alert" });
	const go = h("button.primary", { type: "submit" }, t("start"));

	const submit = async (e) => {
		const scope = labelsRead(labels.value);
		const body = { language, timezone: zoneOf(Date.now()) };

		e.preventDefault();
		wrong.textContent = scope === null ? t("labels_bad") : "";
		if (scope === null)
			return labels.focus();
		if (input.value.trim())
			body.input = input.value.trim();
		if (at.value.trim())
			body.at = at.value.trim();
		if (back.value.trim())
			body.window = back.value.trim();
		if (Object.keys(scope).length > 0)
			body.labels = scope;
		go.disabled = true;
		try {
			location.hash = "#" + await startRun("api/ai_ops", body);
		} catch (error) {
			wrong.textContent = error.message;
		}
		go.disabled = false;
	};
	input.addEventListener("keydown", (e) => {
		if (e.key === "Enter" && (e.ctrlKey || e.metaKey))
			e.target.form.requestSubmit();
	});
	return h("form.card.start", { onsubmit: submit, "aria-label": t("start") },
		field("ask", input, "ask_hint"),
		h("details", {}, h("summary", {}, t("more")),
			h("div.fields", {},
				field("at", at, "at_hint"),
				field("window", back, "window_hint"),
				field("labels", labels, "labels_hint"))),
		h("div.row", {}, go, wrong));
}

/* ---- history ---- */

function pill(status) {
	return h(`span.pill.is-${STATUSES.includes(status) ? status : "failed"}`, {}, named(status));
}

function runRow(run) {
	const waits = run.waits > 0;
	const took = run.finished_ms > 0 ? spanOf(run.finished_ms - run.created_ms) : "";

	return h("li", {}, h("a.run", { href: `#${run.id}` },
		waits ? h("span.pill.is-waits", {}, t("waits")) : pill(run.status),
		h("span.run-what", {}, shorten(run.input || t("whatever"), 200)),
		h("span.run-more", {},
			run.alerts?.resolved > 0 && !run.alerts.firing ? h("span.pill.is-completed", {}, t("all_resolved")) : null,
			run.verdict ? h(`span.pill.said-${run.verdict}`, {}, named(run.verdict)) : null,
			run.confidence ? h(`span.sure.sure-${run.confidence}`, {}, named(run.confidence)) : null,
			h("time", { datetime: new Date(run.created_ms).toISOString(), title: t("ago", spanOf(Date.now() - run.created_ms)) },
				momentOf(run.created_ms)),
			took ? h("span", {}, took) : null)));
}

class History {
	constructor() {
		this.runs = [];
		this.next = 0;
		this.search = h("input", { type: "search", autocomplete: "off", maxlength: 80 });
		this.status = h("select", {}, option("", t("any")), STATUSES.map((s) => option(s, t(s))));
		this.since = h("select", {}, Object.keys(SINCE_MS).map((s) => option(s, t(s))));
		this.list = h("ul.runs", {});
		this.count = h("span.quiet-text", { role: "status" });
		this.older = h("button", { type: "button", hidden: true, onclick: () => this.more() }, t("older"));
		this.wrong = h("p.wrong", { role: "alert" });
		this.search.addEventListener("input", calmly(() => this.load(), 250));
		this.since.addEventListener("change", () => this.load());
		this.status.addEventListener("change", () => this.load());
		this.element = h("section.card.history", { "aria-labelledby": "history" },
			h("div.row.spread", {}, h("h2", { id: "history" }, t("history")), this.count),
			h("div.fields", {}, field("search", this.search, "search_hint"),
				field("status", this.status), field("since", this.since)),
			this.wrong, this.list, this.older);
	}

	/* What is looked for, which the server does among all there are. */
	filter() {
		const words = this.search.value.trim();
		const back = SINCE_MS[this.since.value];

		return (this.status.value ? `&status=${this.status.value}` : "")
			+ (back ? `&since=-${back / 1000}s` : "")
			+ (words ? `&q=${encodeURIComponent(words)}` : "");
	}

	page(filter, before) {
		return askJson(`api/investigations?limit=${PAGE_RUNS}${filter}` + (before ? `&before=${before}` : ""));
	}

	async load() {
		const filter = this.filter();

		try {
			const page = await this.page(filter, 0);

			/* Meanwhile something else was asked for. */
			if (filter !== this.filter())
				return;
			const known = new Set(page.investigations.map((r) => r.id));
			const least = page.investigations.at(-1)?.created_ms ?? 0;
			const same = this.loaded === filter;

			/* What was loaded behind the first page stays. */
			const rest = same ? this.runs.filter((r) => !known.has(r.id) && r.created_ms <= least) : [];

			this.runs = page.investigations.concat(rest);
			if (rest.length === 0)
				this.next = page.next || 0;
			this.loaded = filter;
			this.wrong.textContent = "";
			this.show();
		} catch (e) {
			this.wrong.textContent = e.message;
		}
	}

	async more() {
		const filter = this.loaded;

		try {
			const page = await this.page(filter, this.next);

			if (filter !== this.loaded)
				return;
			this.runs = this.runs.concat(page.investigations);
			this.next = page.next || 0;
			this.show();
		} catch (e) {
			this.wrong.textContent = e.message;
		}
	}

	show() {
		const state = JSON.stringify([this.loaded, this.runs]);

		this.older.hidden = !this.next;
		this.count.textContent = t("shown", this.runs.length);
		if (state === this.drawn)
			return;
		this.drawn = state;
		const focused = document.activeElement?.getAttribute("href");
		this.list.replaceChildren(...(this.runs.length > 0 ? this.runs.map(runRow)
			: [h("li.quiet-text", {}, t(this.loaded ? "none_match" : "none_yet"))]));
		if (focused)
			this.list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
	}
}

/* The view: what is shown, and what ends it. */
function homeView(main) {
	const history = new History();
	const alerts = new Alerts();
	let timer = 0, alertsTimer = 0;

	const turn = async () => {
		if (!document.hidden)
			await history.load();
		timer = setTimeout(turn, history.runs.some((r) => r.status === "running") ? 2000 : 10000);
	};
	const alertsTurn = async () => {
		if (!document.hidden)
			await alerts.load();
		alertsTimer = setTimeout(alertsTurn, ALERTS_MS);
	};
	document.title = "Culprit";
	fill(main, h("div.home", {}, h("h1.unseen", {}, "Culprit"), startForm(), alerts.element, history.element));
	turn();
	alertsTurn();
	return () => {
		clearTimeout(timer);
		clearTimeout(alertsTimer);
	};
}
