/*
 * 24-path.js - the way from the alert to the cause, drawn: the services on
 * it, who calls whom, and what beside it was a suspect too.
 */

const SVG = "http://www.w3.org/2000/svg";
const PATH_CAUSES = 4, NODE_W = 168, NODE_H = 44, GAP_X = 46, GAP_Y = 18;

function s(tag, attributes, ...children) {
	const e = document.createElementNS(SVG, tag);

	for (const [name, value] of Object.entries(attributes))
		e.setAttribute(name, value);
	e.append(...children);
	return e;
}

/* {nodes: [{name, depth, row, score, first}], edges: [[a, b]]} of what
 * find_causes answered; null where there is no way to be shown. */
function pathOf(tree) {
	const causes = (tree?.causes || []).slice(0, PATH_CAUSES).filter((c) => c.on_path?.length > 0);
	const nodes = new Map(), edges = new Set(), rows = [];

	for (const [i, cause] of causes.entries()) {
		cause.on_path.forEach((name, depth) => {
			if (!nodes.has(name)) {
				rows[depth] = (rows[depth] ?? -1) + 1;
				nodes.set(name, { name, depth, row: rows[depth] });
			}
			if (depth > 0)
				edges.add(JSON.stringify([cause.on_path[depth - 1], name]));
		});
		const at = nodes.get(cause.on_path.at(-1));

		at.score ??= cause.score;
		at.reason ??= cause.reason;
		at.first ||= i === 0;
	}
	return edges.size === 0 ? null : {
		nodes: [...nodes.values()],
		edges: [...edges].map((e) => JSON.parse(e)),
		main: new Set((causes[0]?.on_path || []).slice(1).map((name, i) => JSON.stringify([causes[0].on_path[i], name]))),
		certain: tree.confidence === "likely",
	};
}

const nodeX = (n) => 2 + n.depth * (NODE_W + GAP_X);
const nodeY = (n) => 2 + n.row * (NODE_H + GAP_Y);

function nodeDraw(n) {
	const kind = n.first ? "cause" : n.depth === 0 ? "alert" : "other";
	const under = n.depth === 0 ? t("path_alert") : n.score !== undefined ? t("path_score", numberOf(n.score)) : "";

	return s("g", { class: `node node-${kind}` },
		s("title", {}, n.reason ? `${n.name}: ${n.reason}` : n.name),
		s("rect", { x: nodeX(n), y: nodeY(n), width: NODE_W, height: NODE_H, rx: 8 }),
		s("text", { x: nodeX(n) + 12, y: nodeY(n) + (under ? 19 : 27), class: "node-name" }, shorten(n.name, 22)),
		s("text", { x: nodeX(n) + 12, y: nodeY(n) + 35, class: "node-under" }, under));
}

function edgeDraw(a, b, main) {
	const x1 = nodeX(a) + NODE_W, y1 = nodeY(a) + NODE_H / 2, x2 = nodeX(b) - 2, y2 = nodeY(b) + NODE_H / 2;
	const mid = (x1 + x2) / 2;

	return s("path", {
		d: `M${x1} ${y1} C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}`,
		class: main ? "edge edge-main" : "edge",
		"marker-end": main ? "url(#arrow-main)" : "url(#arrow)",
	});
}

const arrow = (id) => s("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" },
	s("path", { d: "M0 0L8 4L0 8z", class: id }));

function pathDraw(path) {
	const at = new Map(path.nodes.map((n) => [n.name, n]));
	const width = Math.max(...path.nodes.map(nodeX)) + NODE_W + 4;
	const height = Math.max(...path.nodes.map(nodeY)) + NODE_H + 4;
	const way = path.nodes.filter((n) => n.first || n.depth === 0).map((n) => n.name).join(" → ");

	return h("div.scroll", { tabindex: 0, role: "region", "aria-label": t("path") },
		s("svg", { class: "path", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${t("path")}: ${way}` },
			s("defs", {}, arrow("arrow"), arrow("arrow-main")),
			...path.edges.map(([a, b]) => edgeDraw(at.get(a), at.get(b), path.main.has(JSON.stringify([a, b])))),
			...path.nodes.map(nodeDraw)));
}

/* ---- the figures of a report ---- */

const FIGURES_READ = 6, FIGURES_FIRST = 2;

/* Path and plots of what the report cites, between what is read first and the
 * rest of it. */
async function figuresInto(report, run, known) {
	const place = h("section.figures", { "aria-label": t("plots") });
	const cited = citedIn(report).map(known)
		.filter((e) => e.tool === "find_causes" || (e.tool === "query_prometheus_metrics" && / from .* to /.test(e.query)))
		.sort((a, b) => (b.tool === "find_causes") - (a.tool === "find_causes"))
		.slice(0, FIGURES_READ);
	const plots = [];
	let drawnPath = false;

	for (const e of cited) {
		const { tree } = await evidenceLoad(run, e).catch(() => ({ tree: null }));
		const path = drawnPath ? null : pathOf(tree);

		if (path) {
			drawnPath = true;
			place.append(h("h2", {}, t("path"), " ", cite(run, e.id)), pathDraw(path));
		}
		plots.push(...plotsOf(tree, e));
	}
	if (!report.isConnected || (plots.length === 0 && !drawnPath))
		return;
	report.querySelector(".first").after(place);
	const figures = h("div.plots", {});
	place.append(figures);
	plotsDraw(figures, plots, FIGURES_FIRST);
}
