/*
 * test_read.mjs - a report's evidence beside it, plots and the way to the
 * cause, and the case file.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { equal, leave, ok, test, visit } from "./browser.mjs";
import { until } from "./house.mjs";
import { HOSTILE, hostile, shop } from "./houses.mjs";

let kept = null;

/* A finished investigation of the shop, the same for all tests. */
export const studied = () => (kept ||= shop().then((h) => h.finished({ input: "why is checkout slow?" })));

export async function reportPage(more = {}) {
	const page = await visit(await shop(), { path: `/#${await studied()}`, ...more });

	await page.waitForSelector(".report");
	await page.waitForSelector(".figures .plot canvas");
	return page;
}

/* How many pixels of the first canvas of a plot are not blank. */
const inked = (plot) => plot.locator("canvas").first().evaluate((c) => {
	const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
	let n = 0;

	for (let i = 3; i < data.length; i += 4)
		n += data[i] > 0;
	return n;
});

test("a citation opens its evidence beside the report", async () => {
	const page = await reportPage();
	const house = await shop();
	const run = await studied();
	const id = await page.evaluate(async (r) => {
		const state = await (await fetch(`api/investigations/${r}`)).json();

		return state.evidence.find((e) => e.tool === "query_prometheus_metrics" && / from .* to /.test(e.query) && e.bytes > 1000).id;
	}, run);

	await page.locator(`.report a.cite[href$="/${id}"]`).first().click();
	await page.waitForURL(`**/#${run}/${id}`);
	const panel = page.locator(".evidence");
	await panel.getByText("fits the hash on record").waitFor();
	ok((await panel.locator("dl code").first().innerText()).length > 10, "its query");
	ok(await panel.getByText(/\d+(\.\d)? m?s$/).first().isVisible(), "how long it took");
	await panel.locator(".plot canvas").first().waitFor();
	ok(await inked(panel.locator(".plot").first()) > 500, "a plot is drawn");
	await panel.getByText("Raw data").click();
	const bytes = await (await house.api(`/api/investigations/${run}/evidence/${id}`)).json();
	ok((await panel.locator(".raw pre").innerText()).includes('"resultType": "matrix"'), "its raw data");
	/* The link asks Prometheus the same. */
	const link = new URL(await panel.getByRole("link", { name: "Open in Prometheus" }).getAttribute("href"));
	equal(link.origin, house.prometheus.url);
	const again = await (await fetch(`${house.prometheus.url}/api/v1/query?${new URLSearchParams({ query: link.searchParams.get("g0.expr"), time: link.searchParams.get("g0.end_input").replace(" ", "T") + "Z" })}`)).json();
	equal(again.status, "success");
	equal(again.data.result.length, bytes.data.result.length, "series of the same query");
	await leave(page);
});

test("an address leads to a piece of evidence, and back from it", async () => {
	const page = await reportPage();
	const cite = page.locator(".report a.cite").first();
	const [, id] = (await cite.getAttribute("href")).split("/");

	await page.goto(`${page.url()}/${id}`);
	await page.getByRole("tab", { name: "Evidence", selected: true }).waitFor();
	await page.reload();
	await page.locator(".evidence h2", { hasText: id }).waitFor();
	await page.goBack();
	await page.waitForURL(/#[\w-]+$/);
	equal(await page.evaluate(() => document.body.classList.contains("has-evidence")), false);
	await page.goto(page.url().split("/#")[0] + `/#${await studied()}/E9999`);
	await page.getByText("there is no evidence E9999").waitFor();
	await leave(page);
});

test("the way from the alert to the cause is drawn", async () => {
	const page = await reportPage();

	equal(await page.locator(".path .node-alert .node-name").innerHTML(), "checkout");
	equal(await page.locator(".path .node-cause .node-name").innerHTML(), "payments");
	ok(await page.locator(".path .edge-main").count() >= 1, "an arrow between them");
	await leave(page);
});

test("plots have band, marks, one crosshair and one zoom", async () => {
	const page = await reportPage();
	const plots = page.locator(".figures .plot");
	const first = plots.nth(0).locator(".plot-canvas"), second = plots.nth(1);

	for (const key of ["usual range", "onset", "alert"])
		ok(await plots.nth(0).locator(".key", { hasText: key }).isVisible(), key);
	ok(await inked(plots.nth(0)) > 500 && await inked(second) > 500, "both are drawn");
	await first.scrollIntoViewIfNeeded();
	const box = await first.boundingBox();
	await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
	await second.locator(".hair:not([hidden])").waitFor();
	const hairs = await page.$$eval(".figures .hair", (all) => all.map((e) => e.style.left));
	equal(hairs[0], hairs[1], "one moment in both");
	ok(/\d\d:\d\d:\d\d\s+[\d.]/.test(await second.locator(".plot-said").innerText()), "and its value");
	const labels = () => second.locator(".dygraph-axis-label-x").allInnerTexts();
	const before = await labels();
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * 0.8, box.y + 62, { steps: 5 });
	await page.mouse.up();
	ok(JSON.stringify(await labels()) !== JSON.stringify(before), "the other is zoomed with it");
	await first.dblclick();
	equal(await labels(), before, "and back");
	await leave(page);
});

test("a case file needs nothing and does nothing", async () => {
	const house = await shop();
	const file = join(house.dir, "case.html");
	const html = await (await house.api(`/api/investigations/${await studied()}/report?as=html`)).text();

	writeFileSync(file, html);
	const page = await visit({ url: "about:" }, { path: "blank", offline: true, free: true });
	await page.goto(pathToFileURL(file).href);
	const cited = await page.$$eval("main a.cite", (all) => [...new Set(all.map((a) => a.hash.slice(1)))]);
	ok(cited.length > 3, "it cites");
	equal(await page.$$eval("article", (all) => all.map((a) => a.id)), cited, "each piece, once, in order");
	ok(await page.locator("svg.plot .line").count() >= 3, "plots");
	ok(await page.locator("svg.way .node").count() >= 2, "the way to the cause");
	equal(await page.$$eval("article dl", (all) => all.filter((d) => !/[0-9a-f]{64}/.test(d.innerText)).length), 0, "a hash each");
	ok((await page.pdf()).length > 20000, "it prints");
	await leave(page);
});

test("what others wrote does nothing, on the page and in the case file", async () => {
	for (const make of [hostile, shop]) {
		const house = await make();
		const run = await house.finished({ input: HOSTILE, labels: make === shop ? { alertname: "Odd" } : { x: HOSTILE } });
		const page = await visit(house, { path: "/" });

		await page.locator(`a.run[href="#${run}"]`).click();
		await page.waitForSelector(".report");
		for (const cite of await page.$$eval(".report a.cite, .evidence-list a", (all) => [...new Set(all.map((a) => a.getAttribute("href")))])) {
			await page.evaluate((h) => { location.hash = h; }, cite);
			await page.getByText("fits the hash on record").waitFor();
			if (await page.getByText("Raw data").count() > 0)
				await page.getByText("Raw data").click();
		}
		equal(await page.$$eval("[onerror], [onload], main img, main script, main iframe, a[href^='javascript']", (all) => all.length), 0);
		ok((await page.locator("main").innerText()).includes("<script>window.hit=1"), "it is there, as text");
		await page.goto(`${house.url}/api/investigations/${run}/report?as=html`);
		equal(await page.evaluate(() => document.scripts.length + document.querySelectorAll("[onerror], [onload], main script, img[src^='javascript'], a[href^='javascript']").length), 0);
		equal(await page.evaluate(() => window.hit ?? null), null);
		await page.goto(`${house.url}/`);
		await leave(page);
	}
});

test("who leaves before plots are drawn leaves nothing behind", async () => {
	const house = await shop();
	const run = await studied();
	const page = await visit(house);
	let left;
	const gone = new Promise((resolve) => { left = resolve; });

	await page.route("**/page/dygraphs-*", async (route) => {
		await gone;
		await route.continue();
	});
	const asked = page.waitForRequest("**/page/dygraphs-*");
	await page.goto(`${house.url}/#${run}`);
	await asked;
	await page.getByRole("link", { name: "All investigations" }).click();
	await page.locator(".run").first().waitFor();
	left();
	await until("dygraphs", () => page.evaluate(() => Boolean(window.Dygraph)));
	await leave(page);
});
