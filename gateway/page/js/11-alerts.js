/*
 * 11-alerts.js - what fires now, to pick from.
 */

const SEVERITIES = ["critical", "error", "page", "warning", "info", "none"];
const ALERTS_SHOWN = 30;

const severityOf = (a) => (a.labels?.severity || "").toLowerCase();
const rankOf = (a) => {
	const rank = SEVERITIES.indexOf(severityOf(a));

	return rank < 0 ? SEVERITIES.indexOf("warning") : rank;
};

/* What tells this instance from others, and may bound an investigation. */
function scopeOf(alert) {
	const scope = { alertname: alert.name };

	for (const [name, value] of Object.entries(alert.labels || {}))
		if (name !== "severity" && /^[A-Za-z_][\w.]*$/.test(name) && String(value).length <= 1000)
			scope[name] = String(value);
	return scope;
}

function alertRow(alert, start) {
	const { severity, alertname, ...rest } = alert.labels || {};
	const since = Date.parse(alert.activeAt);

	return h("li.alert-row", {},
		h(`span.pill.sev-${SEVERITIES.includes(severityOf(alert)) ? severityOf(alert) : "other"}`, {}, severity || "–"),
		h("div", {}, h("b", {}, alert.name), " ", h("span.quiet-text", {}, shorten(labelsOf(rest), 200)),
			alert.annotations?.summary ? h("p.alert-why", {}, shorten(alert.annotations.summary, 240)) : null),
		h("span.quiet-text", {}, since > 0 ? t("for_so_long", spanOf(Math.max(0, Date.now() - since))) : ""),
		h("button", { type: "button", "aria-label": `${t("start")}: ${alert.name}`, onclick: (e) => start(alert, e.target) }, t("start")));
}

class Alerts {
	constructor() {
		this.list = h("ul.alerts", {});
		this.count = h("span.quiet-text", { role: "status" });
		this.wrong = h("p.wrong", { role: "alert" });
		this.more = h("p.quiet-text", {});
		this.element = h("section.card", { "aria-labelledby": "firing" },
			h("div.row.spread", {}, h("h2", { id: "firing" }, t("firing")), this.count), this.wrong, this.list, this.more);
	}

	async load() {
		try {
			const told = await askJson("api/alerts");

			this.show(told);
			this.wrong.textContent = "";
		} catch (e) {
			this.wrong.textContent = e.message;
		}
	}

	show(told) {
		const all = (told.alerts || []).filter((a) => a.state === "firing");
		const shown = all.sort((a, b) => rankOf(a) - rankOf(b) || Date.parse(b.activeAt) - Date.parse(a.activeAt)).slice(0, ALERTS_SHOWN);
		const drawn = JSON.stringify(shown);

		this.count.textContent = told.pending > 0 ? t("firing_pending", told.firing, told.pending) : t("firing_count", told.firing ?? all.length);
		this.more.textContent = told.firing > shown.length ? t("firing_more", told.firing - shown.length) : "";
		if (drawn === this.drawn)
			return;
		this.drawn = drawn;
		const focused = this.list.contains(document.activeElement) ? [...this.list.querySelectorAll("button")].indexOf(document.activeElement) : -1;
		fill(this.list, shown.length > 0 ? shown.map((a) => alertRow(a, (alert, button) => this.start(alert, button)))
			: h("li.quiet-text", {}, t("firing_none")));
		if (focused >= 0)
			this.list.querySelectorAll("button")[Math.min(focused, shown.length - 1)]?.focus();
	}

	async start(alert, button) {
		button.disabled = true;
		try {
			location.hash = "#" + await startRun("api/ai_ops", {
				language, timezone: zoneOf(Date.now()), input: t("firing_why", alert.name), labels: scopeOf(alert),
			});
		} catch (e) {
			this.wrong.textContent = e.message;
		}
		button.disabled = false;
	}
}
