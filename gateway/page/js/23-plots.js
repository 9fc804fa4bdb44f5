/*
 * 23-plots.js - series drawn by dygraphs: the usual range as a band, onset
 * and alert as marks, one crosshair and one zoom over all that are shown.
 */

const SERIES_DRAWN = 8;

let dygraphs = null;

/* Loaded once, when the first plot is wanted. */
function dygraphsLoad() {
	dygraphs ||= new Promise((resolve, reject) => {
		const script = h("script", { src: document.documentElement.dataset.dygraphs });

		script.onload = () => {
			/* The others write style attributes, which the policy forbids. */
			Dygraph.PLUGINS = [Dygraph.Plugins.Axes, Dygraph.Plugins.Grid];
			resolve();
		};
		script.onerror = () => {
			dygraphs = null;
			reject(new Error(script.src));
		};
		document.head.append(script);
	});
	return dygraphs;
}

/*
 * The plots in a piece of evidence: {title, unit, series: [{name, points:
 * [[s, v]]}], band, onset, alert}.
 */
function plotsOf(tree, e) {
	const alertAt = e.args?.alert?.startsAt;
	const alert = typeof alertAt === "string" ? Date.parse(alertAt) / 1000 : alertAt;
	const data = promResult(tree);

	if (Array.isArray(tree?.plot))
		return tree.plot.filter((p) => p.points?.length > 1).map((p) => ({
			title: `${p.service}: ${p.metric}${p.form ? ` (${p.form})` : ""}`,
			unit: p.unit || "",
			series: [{ name: labelsOf(p.labels) || p.metric, points: p.points }],
			band: p.band,
			onset: p.onset,
			change: p.change,
			alert,
		}));
	if (data?.resultType !== "matrix" || data.result.length === 0)
		return [];
	const series = data.result.filter((r) => r.values?.length > 1).map((r) => ({
		name: nameOfSeries(r.metric),
		points: r.values.map(([at, v]) => [at, Number(v)]),
	}));
	/* Those that move most are what there is to see. */
	const moves = (s) => Math.max(...s.points.map((p) => p[1])) - Math.min(...s.points.map((p) => p[1]));

	series.sort((a, b) => moves(b) - moves(a));
	return series.length === 0 ? [] : [{
		title: e.args?.query || e.query || e.tool,
		unit: "",
		series: series.slice(0, SERIES_DRAWN),
		left: Math.max(0, series.length - SERIES_DRAWN),
		alert,
	}];
}

/* One row per moment, null where a series has no point there. */
function rowsOf(series) {
	const rows = new Map();

	series.forEach((s, i) => {
		for (const [at, v] of s.points) {
			if (!rows.has(at))
				rows.set(at, [new Date(at * 1000), ...series.map(() => null)]);
			rows.get(at)[i + 1] = Number.isFinite(v) ? v : null;
		}
	});
	return [...rows.values()].sort((a, b) => a[0] - b[0]);
}

/* ---- drawing ---- */

const drawn = new Set(); /* the plots on the page */

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function underlay(plot) {
	return (canvas, area, g) => {
		const x = (s) => g.toDomXCoord(s * 1000);
		const mark = (s, style, dash) => {
			if (!s || x(s) < area.x || x(s) > area.x + area.w)
				return;
			canvas.strokeStyle = style;
			canvas.setLineDash(dash);
			canvas.lineWidth = 1.5;
			canvas.beginPath();
			canvas.moveTo(x(s), area.y);
			canvas.lineTo(x(s), area.y + area.h);
			canvas.stroke();
			canvas.setLineDash([]);
		};

		if (plot.band && Number.isFinite(plot.band.low) && Number.isFinite(plot.band.high)) {
			const top = Math.max(g.toDomYCoord(plot.band.high), area.y);
			const bottom = Math.min(g.toDomYCoord(plot.band.low), area.y + area.h);

			canvas.fillStyle = colour("--band");
			canvas.fillRect(area.x, top, area.w, Math.max(bottom - top, 1));
		}
		mark(plot.onset, colour("--onset"), [6, 4]);
		mark(plot.alert, colour("--alert"), [2, 3]);
	};
}

/* The crosshair of every plot stands at that moment, and says its values. */
function crosshair(ms) {
	for (const p of drawn)
		p.point(ms);
}

function zoomAll(from, to) {
	for (const p of drawn)
		p.graph.updateOptions({ dateWindow: from === null ? null : [from, to] });
}

class Plot {
	constructor(plot) {
		const ends = plot.series.flatMap((s) => s.points.map((p) => p[1])).filter(Number.isFinite);
		const values = plot.series[0].points;

		this.plot = plot;
		this.rows = rowsOf(plot.series);
		this.hair = h("div.hair", { hidden: true });
		this.said = h("span.plot-said", {}, "");
		this.canvas = h("div.plot-canvas", {
			role: "img",
			"aria-label": t("plot_alt", plot.title, numberOf(values[0][1]), numberOf(values.at(-1)[1]),
				numberOf(Math.min(...ends)), numberOf(Math.max(...ends))),
		});
		this.element = h("figure.plot", {}, h("figcaption", {}, h("span.plot-title", {}, plot.title), this.legend(), this.said),
			h("div.plot-box", {}, this.canvas, this.hair));
	}

	legend() {
		const p = this.plot;
		const key = (kind, text) => h("span.key", {}, h(`i.key-${kind}`, { "aria-hidden": "true" }), text);

		return h("span.keys", {},
			p.change ? h("span", {}, `${numberOf(p.change.from)} → ${numberOf(p.change.to)} ${p.unit}`) : null,
			p.series.length > 1 ? p.series.map((s, i) => h("span.key", {}, h(`i.key-line.hue-${i}`, { "aria-hidden": "true" }), shorten(s.name, 60))) : null,
			p.left ? `+${p.left}` : null,
			p.band ? key("band", t("plot_band")) : null,
			p.onset ? key("onset", `${t("plot_onset")} ${clockOf(p.onset * 1000)}`) : null,
			p.alert ? key("alert", `${t("plot_alert")} ${clockOf(p.alert * 1000)}`) : null);
	}

	draw() {
		const p = this.plot;

		this.graph = new Dygraph(this.canvas, this.rows, {
			labels: ["t", ...p.series.map((s, i) => `${i}`)],
			colors: this.colours(),
			strokeWidth: 1.6,
			connectSeparatedPoints: false,
			axisLabelFontSize: 11,
			gridLineColor: colour("--line"),
			axisLineColor: colour("--line"),
			highlightCircleSize: 3,
			includeZero: false,
			animatedZooms: false,
			xRangePad: 2,
			yRangePad: 8,
			underlayCallback: underlay(p),
			highlightCallback: (_, ms) => crosshair(ms),
			unhighlightCallback: () => crosshair(null),
			zoomCallback: (from, to) => zoomAll(from, to),
			interactionModel: this.interaction(),
			axes: { y: { axisLabelFormatter: (v) => numberOf(v), axisLabelWidth: 56 } },
		});
		drawn.add(this);
		/* The evidence beside it takes and gives back width. */
		new ResizeObserver(calmly(() => this.element.isConnected && this.graph.resize(), 60)).observe(this.canvas.parentNode);
	}

	colours() {
		return this.plot.series.map((_, i) => colour(`--hue-${i}`));
	}

	/* A finger scrolls the page; only a mouse drags and zooms. */
	interaction() {
		const { touchstart, touchmove, touchend, ...mouse } = Dygraph.defaultInteractionModel;

		return { ...mouse, dblclick: () => zoomAll(null) };
	}

	point(ms) {
		this.hair.hidden = ms === null;
		if (ms === null) {
			this.said.textContent = "";
			return;
		}
		const row = this.nearest(ms);
		const x = this.graph.toDomXCoord(ms);

		this.hair.style.left = `${x}px`;
		this.hair.hidden = !(x >= 0 && x <= this.canvas.clientWidth);
		this.said.textContent = `${clockOf(row[0].getTime())}  `
			+ row.slice(1).map((v) => (v === null ? "–" : numberOf(v))).join("  ");
	}

	nearest(ms) {
		let low = 0, high = this.rows.length - 1;

		while (high - low > 1) {
			const mid = (low + high) >> 1;

			if (this.rows[mid][0] <= ms)
				low = mid;
			else
				high = mid;
		}
		return Math.abs(this.rows[low][0] - ms) < Math.abs(this.rows[high][0] - ms) ? this.rows[low] : this.rows[high];
	}

	/* Those that left the page are let go of. */
	static sweep() {
		for (const p of drawn)
			if (!p.element.isConnected) {
				p.graph.destroy();
				drawn.delete(p);
			}
	}
}

/* Draws them into place, the first few at once. */
async function plotsDraw(place, plots, most) {
	if (plots.length === 0)
		return;
	await dygraphsLoad();
	Plot.sweep();
	/* What they are for may have left the page meanwhile. */
	if (!place.isConnected)
		return;
	const add = (some) => {
		for (const plot of some) {
			const p = new Plot(plot);

			place.append(p.element);
			p.draw();
		}
	};

	add(plots.slice(0, most));
	if (plots.length > most) {
		const more = h("button", {
			type: "button",
			onclick: () => {
				more.remove();
				add(plots.slice(most));
			},
		}, t("plot_more", plots.length - most));
		place.append(more);
	}
}

window.addEventListener("themed", () => {
	for (const p of drawn)
		p.graph.updateOptions({ colors: p.colours(), gridLineColor: colour("--line"), axisLineColor: colour("--line") });
});
