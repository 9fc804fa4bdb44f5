/*
 * 22-evidence.js - one piece of evidence: what was asked, when, what came
 * back, as a plot where it is one, and where to ask it again.
 */

const EVIDENCE_MAX = 8 << 20; /* larger is not drawn, but downloaded */
const RAW_SHOWN = 100000;
const VALUES_SHOWN = 200;

/* The address of a server that may be linked to; "" while none is known. */
let prometheusUrl = "";

/* Evidence that was fetched, by run and id: it never changes. */
const fetched = new Map();

function evidenceLoad(run, e) {
	const key = `${run}/${e.id}`;

	if (!fetched.has(key)) {
		const loading = (async () => {
			if (e.bytes > EVIDENCE_MAX)
				return { text: null, tree: null };
			const bytes = await (await ask(runPath(run, `/evidence/${e.id}`), { accept: "*/*" })).arrayBuffer();
			const text = new TextDecoder().decode(bytes);
			let tree = null;

			try {
				tree = /json/.test(e.media || "json") ? JSON.parse(text) : null;
			} catch {
				/* shown as it is */
			}
			return { text, tree, hash: await hashOf(bytes) };
		})();

		fetched.set(key, loading);
		loading.catch(() => fetched.delete(key));
		if (fetched.size > 40)
			fetched.delete(fetched.keys().next().value);
	}
	return fetched.get(key);
}

/* Browsers keep it for secure contexts, of which loopback is one. */
async function hashOf(bytes) {
	if (!crypto.subtle)
		return null;
	const hash = await crypto.subtle.digest("SHA-256", bytes);

	return [...new Uint8Array(hash)].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/* ---- what it holds ---- */

/* Prometheus's answers: matrix, vector, or null. */
const promResult = (tree) => (tree?.data?.resultType ? tree.data : null);

function valuesTable(data) {
	const rows = data.result.slice(0, VALUES_SHOWN).map((r) =>
		h("tr", {}, h("td", {}, h("code", {}, nameOfSeries(r.metric))), h("td.number", {}, r.value ? r.value[1] : "")));

	return h("div.scroll", { tabindex: 0, role: "region", "aria-label": t("values", data.result.length) },
		h("table", {}, h("thead", {}, h("tr", {}, h("th", {}, t("series")), h("th", {}, t("value")))), h("tbody", {}, rows)));
}

function nameOfSeries(metric) {
	const { __name__: name = "", ...labels } = metric || {};

	return `${name}{${labelsOf(labels)}}`;
}

/* The same query, over what its answer spans. */
function prometheusLink(e, tree) {
	const pages = { query_prometheus_alerts: "/alerts", query_prometheus_rules: "/rules", query_prometheus_targets: "/targets" };
	const data = promResult(tree);

	if (!prometheusUrl)
		return null;
	if (pages[e.tool])
		return prometheusUrl + pages[e.tool];
	if (!e.args?.query)
		return null;
	const q = new URLSearchParams({ "g0.expr": e.args.query, "g0.tab": data?.resultType === "matrix" ? "0" : "1" });
	const times = (data?.result || []).flatMap((r) => (r.values ? [r.values[0][0], r.values.at(-1)[0]] : r.value ? [r.value[0]] : []));

	if (times.length > 0) {
		const from = Math.min(...times), to = Math.max(...times);
		const end = new Date(to * 1000).toISOString().slice(0, 19).replace("T", " ");

		q.set(data.resultType === "matrix" ? "g0.end_input" : "g0.moment_input", end);
		if (to > from)
			q.set("g0.range_input", `${Math.ceil(to - from)}s`);
	}
	return `${prometheusUrl}/graph?${q}`;
}

function row(term, ...what) {
	return [h("dt", {}, term), h("dd", {}, what)];
}

class EvidencePanel {
	/* known(id): what events told of it. */
	constructor(run, known) {
		this.run = run;
		this.known = known;
		this.all = [];
		this.element = h("div.evidence", {}, h("p.quiet-text", {}, t("pick")));
	}

	listed(all) {
		this.all = all;
		if (!this.id)
			this.showList();
		else if (!this.shown)
			this.open(this.id);
	}

	showList() {
		this.id = null;
		fill(this.element, h("p.quiet-text", {}, t("pick")), h("ul.evidence-list", {}, this.all.map((e) =>
			h("li", {}, h("a", { href: `#${this.run}/${e.id}` }, h("span.cite", {}, e.id), " ",
				h("b", {}, e.tool), h("span.quiet-text", {}, ` ${shorten(e.query || "", 120)}`))))));
	}

	async open(id) {
		const known = this.known(id);

		this.id = id;
		this.shown = Boolean(known.tool);
		if (!known.tool) {
			this.element.replaceChildren(h("p.quiet-text", {}, t("no_evidence", id)));
			return;
		}
		const title = h("h2", { tabindex: -1 }, h("span.cite", {}, id), ` ${known.tool}`);
		const place = h("div.evidence-data", {}, h("p.quiet-text", {}, "…"));
		const facts = h("dl", {}, row(t("query"), h("code.pre", {}, known.query || "")),
			known.step ? row(t("about"), known.step) : [],
			row(t("took_label"), spanOf(known.ms)), row(t("size"), bytesOf(known.bytes)),
			row(t("hash"), h("code.hash", {}, known.sha256), " ", h("span", { id: "hash-fits" })));

		fill(this.element,
			h("a.back", { href: `#${this.run}` }, h("span.wide", {}, `‹ ${t("top")}`), h("span.narrow", {}, `‹ ${t("report")}`)),
			title, facts, known.summary ? h("p.pre.found", { tabindex: 0 }, shorten(known.summary, 1200)) : "", place);
		title.focus({ preventScroll: false });
		try {
			const data = await evidenceLoad(this.run, known);

			if (this.id === id)
				this.fill(place, known, data);
		} catch (e) {
			place.replaceChildren(h("p.wrong", {}, e.message));
		}
	}

	fill(place, e, { text, tree, hash }) {
		const link = prometheusLink(e, tree);
		const data = promResult(tree);
		const plots = plotsOf(tree, e);
		const figures = h("div.plots", {});
		const fits = $("hash-fits");

		if (fits && hash) {
			fits.textContent = hash === e.sha256 ? `✓ ${t("sha_ok")}` : t("sha_bad");
			fits.className = hash === e.sha256 ? "good" : "wrong";
		}
		fill(place,
			h("div.row", {}, link ? h("a.button", { href: link, target: "_blank", rel: "noreferrer noopener" }, t("in_prometheus")) : "",
				h("a.button", { href: runPath(this.run, `/evidence/${e.id}`), download: `${this.run}-${e.id}` }, t("raw_all"))),
			figures, data && data.resultType === "vector" ? valuesTable(data) : "",
			text === null ? "" : this.raw(text, tree));
		plotsDraw(figures, plots, 4);
	}

	raw(text, tree) {
		const shown = tree !== null && text.length < RAW_SHOWN * 10 ? pretty(tree) : text;
		const cut = shown.length > RAW_SHOWN;
		const details = h("details.raw", {}, h("summary", {}, t("raw")));

		details.addEventListener("toggle", () => {
			if (details.open && details.children.length === 1)
				details.append(cut ? h("p.quiet-text", {}, t("raw_cut", bytesOf(RAW_SHOWN))) : "",
					h("pre", { tabindex: 0 }, shown.slice(0, RAW_SHOWN)));
		});
		return details;
	}
}
