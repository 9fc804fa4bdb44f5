/*
 * 21-report.js - the report, whose HTML the server has made.
 *
 * It comes without raw HTML in it and with links that lead nowhere bad; all
 * the same it is not put into the page, but copied into it, element by
 * element of a list, so that nothing else can be there.
 */

const REPORT_TAGS = new Set(["H1", "H2", "H3", "H4", "H5", "H6", "P", "UL", "OL", "LI", "TABLE", "THEAD", "TBODY",
	"TR", "TH", "TD", "CODE", "PRE", "EM", "STRONG", "DEL", "A", "BLOCKQUOTE", "HR", "BR"]);
const CITED = /^#E\d+$/;
const ROWS_FOLDED = 30;

function linkOf(run, href) {
	if (CITED.test(href))
		return { href: `#${run}/${href.slice(1)}`, class: "cite" };
	if (/^https?:\/\//i.test(href))
		return { href, rel: "noreferrer noopener", target: "_blank" };
	return {};
}

function copyInto(to, from, run) {
	for (const node of from.childNodes) {
		if (node.nodeType === Node.TEXT_NODE) {
			to.append(node.data);
		} else if (node.nodeType === Node.ELEMENT_NODE && REPORT_TAGS.has(node.tagName)) {
			const e = document.createElement(node.tagName);

			if (node.tagName === "A")
				for (const [k, v] of Object.entries(linkOf(run, node.getAttribute("href") || "")))
					e.setAttribute(k, v);
			if (node.tagName === "PRE")
				e.tabIndex = 0; /* what scrolls is reached from the keyboard */
			if (node.tagName === "OL" && node.hasAttribute("start"))
				e.setAttribute("start", node.getAttribute("start"));
			copyInto(e, node, run);
			to.append(e);
		} else if (node.nodeType === Node.ELEMENT_NODE) {
			to.append(node.textContent);
		}
	}
}

/* A table is laid out whole whenever its width changes; thousands of rows are
 * not. So the rows of a long one are boxes of their own, of which only those
 * on the screen are laid out, with columns as wide as the first rows ask for. */
function tableUnbind(table) {
	const first = [...table.rows].slice(0, ROWS_FOLDED);
	const widths = [...first[0].cells].map((_, i) => {
		const mean = first.reduce((n, r) => n + (r.cells[i]?.textContent.length || 0), 0) / first.length;

		return `minmax(${Math.min(Math.ceil(mean / 2) + 2, 9)}rem, ${Math.min(Math.max(mean / 8, 0.5), 6).toFixed(1)}fr)`;
	});

	table.classList.add("rows");
	table.style.setProperty("--columns", widths.join(" "));
	table.setAttribute("role", "table");
	for (const row of table.rows) {
		row.setAttribute("role", "row");
		for (const cell of row.cells)
			cell.setAttribute("role", cell.tagName === "TH" ? "columnheader" : "cell");
	}
	for (const group of [table.tHead, ...table.tBodies])
		group?.setAttribute("role", "rowgroup");
}

/* A table may be wider than a phone and longer than anybody reads. */
function tablesFold(report) {
	for (const table of report.querySelectorAll("table")) {
		const rows = table.tBodies[0]?.rows.length || 0;
		const title = table.querySelector("th")?.textContent || t("report");
		const box = h(`div.scroll${rows > ROWS_FOLDED ? ".long" : ""}`,
			{ tabindex: 0, role: "region", "aria-label": `${title} (${rows})` });

		if (rows > ROWS_FOLDED)
			tableUnbind(table);
		table.replaceWith(box);
		box.append(table);
	}
}

/* What stands before the first section is what is read first: what is wrong
 * and what to do, and then, smaller, what was asked and when. */
function firstScreen(report) {
	const head = h("div.first", {});

	while (report.firstChild && report.firstChild.tagName !== "H2")
		head.append(report.firstChild);
	report.prepend(head);
	const list = head.querySelector("ul");
	const items = list ? [...list.children] : [];
	const last = items.findLastIndex((li) => (li.querySelector(":scope > p") || li).firstChild?.nodeName === "STRONG");
	const rest = items.slice(Math.max(last, 0) + 1);

	list?.classList.add("verdict");
	if (rest.length > 0)
		list.after(h("ul.asked", {}, rest));
}

async function reportLoad(run) {
	const answer = await ask(runPath(run, "/report?evidence=no"), { accept: "text/html" });
	const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
	const report = h("article.report", {});

	copyInto(report, parsed.body, run);
	firstScreen(report);
	tablesFold(report);
	return report;
}

/* The ids it cites, in the order in which it first does. */
function citedIn(report) {
	return [...new Set([...report.querySelectorAll("a.cite")].map((a) => a.getAttribute("href").split("/").pop()))];
}
