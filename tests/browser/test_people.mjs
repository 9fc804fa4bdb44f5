/*
 * test_people.mjs - history, languages, themes, a phone, the keyboard alone,
 * and axe.
 */
import { axeSource, equal, leave, ok, test, visit } from "./browser.mjs";
import { until } from "./house.mjs";
import { guarded, many, shop } from "./houses.mjs";
import { reportPage, studied } from "./test_read.mjs";

test("history is searched and filtered", async () => {
	const house = await shop();
	const page = await visit(house);
	const rows = () => page.$$eval(".run .run-what", (all) => all.map((e) => e.textContent));

	await house.finished({ input: "a needle in it" });
	await page.reload();
	await page.locator(".run", { hasText: "a needle in it" }).waitFor();
	/* Among all there are, not those that are shown: the server looks. */
	const asked = page.waitForRequest((r) => r.url().includes("&q=NEEDLE"));
	await page.getByLabel("Search").fill("NEEDLE");
	await asked;
	await until("the filter", async () => (await rows()).length === 1);
	equal(await rows(), ["a needle in it"]);
	await page.getByLabel("Search").fill("no such thing");
	await page.getByText("None match.").waitFor();
	await page.getByLabel("Search").fill("");
	await page.getByLabel("Status").selectOption("failed");
	await until("the filter", async () => (await rows()).length === 0);
	await page.getByLabel("Status").selectOption("completed");
	await page.getByLabel("Time").selectOption("hour");
	await until("them again", async () => (await rows()).includes("a needle in it"));
	await leave(page);
});

test("zh and en, kept over a reload", async () => {
	const page = await visit(await shop(), { locale: "zh-CN" });

	await page.getByText("出了什么问题？").waitFor();
	equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
	/* Nothing is left in the other language. */
	const latin = await page.evaluate(() => [...document.querySelectorAll("main label, main h2, main summary, main option, .start button, .tools button")]
		.map((e) => e.textContent.trim()).filter((s) => /[A-Za-z]{4}/.test(s)));
	equal(latin, ["English"]);
	await page.getByRole("button", { name: "English" }).click();
	await page.getByText("What is wrong?").waitFor();
	await page.reload();
	await page.getByText("What is wrong?").waitFor();
	equal(await page.evaluate(() => document.documentElement.lang), "en");
	await page.goto(`${(await shop()).url}/#${await studied()}`);
	await page.getByRole("button", { name: "中文" }).click();
	await page.getByRole("tab", { name: "时间线" }).waitFor();
	await leave(page);
});

const backOf = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

test("light and dark, by the system or by choice", async () => {
	const page = await visit(await shop(), { colorScheme: "dark" });

	await page.getByText("Theme: auto").waitFor();
	equal(await backOf(page), "rgb(17, 21, 27)");
	await page.getByText("Theme: auto").click();
	equal(await backOf(page), "rgb(246, 247, 249)");
	await page.reload();
	await page.getByText("Theme: light").click();
	equal(await backOf(page), "rgb(17, 21, 27)");
	await page.emulateMedia({ colorScheme: "light" });
	equal(await backOf(page), "rgb(17, 21, 27)");
	await leave(page);
});

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

test("on a phone", async () => {
	const page = await visit(await shop(), PHONE);

	await page.locator(".alert-row").first().waitFor();
	ok(await fits(page), "the list is as wide as the phone");
	await page.goto(`${(await shop()).url}/#${await studied()}`);
	await page.waitForSelector(".figures canvas");
	ok(await fits(page), "the report is");
	await page.locator(".report a.cite").first().tap();
	await page.getByText("fits the hash on record").waitFor();
	ok(await fits(page), "the evidence is");
	const side = await page.locator(".side").boundingBox();
	equal([side.x, side.y, side.width], [0, 0, 360], "the evidence takes the screen");
	await page.locator(".evidence .back").tap();
	await until("the report again", () => page.evaluate(() => !document.body.classList.contains("has-evidence")));
	await leave(page);
});

/* Tabs until what is focused matches. */
async function tabTo(page, selector) {
	for (let n = 0; n < 200; n++) {
		await page.keyboard.press("Tab");
		if (await page.evaluate((s) => document.activeElement?.matches(s), selector))
			return;
	}
	throw new Error(`${selector} is not reached by the keyboard`);
}

test("from the keyboard alone", async () => {
	const page = await visit(await shop());

	await page.locator("textarea:focus").waitFor();
	await page.keyboard.type("by hand");
	await page.keyboard.press("Control+Enter");
	await page.waitForSelector(".figures canvas");
	await tabTo(page, ".report a.cite");
	const cited = await page.evaluate(() => document.activeElement.textContent);
	await page.keyboard.press("Enter");
	await page.locator(".evidence h2", { hasText: cited }).waitFor();
	await until("the focus to follow", () => page.evaluate(() => document.activeElement.matches(".evidence h2")));
	await page.keyboard.press("Escape");
	await until("the focus to come back", () => page.evaluate(() => document.activeElement.matches(".report a.cite")));
	await tabTo(page, "[role=tab]");
	await page.keyboard.press("ArrowLeft");
	ok(await page.locator("[role=tab][aria-selected=true]:focus").count() === 1, "arrows move between tabs");
	await tabTo(page, ".anew");
	await page.keyboard.press("Enter");
	await page.locator("dialog[open]").waitFor();
	await page.keyboard.press("Escape");
	equal(await page.locator("dialog[open]").count(), 0);
	await leave(page);
});

/* ---- axe ---- */

async function axe(page, what) {
	/* It is ours to run: the page's policy would not load it. */
	const { violations } = await page.evaluate(async (source) => {
		if (!window.axe)
			new Function(source)();
		return window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
	}, await source());
	equal(violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} (${n.any.map((a) => a.message).join("; ")})`).join(", ")}`), [], what);
}

let axeText = null;

const source = async () => (axeText ||= await import("node:fs").then((fs) => fs.readFileSync(axeSource, "utf8")));

for (const [colorScheme, more] of [["light", {}], ["dark", PHONE]])
	test(`axe finds nothing, ${colorScheme}${more.isMobile ? ", on a phone" : ""}`, async () => {
		const page = await reportPage({ colorScheme, bypassCSP: true, ...more });

		await axe(page, "the report");
		await page.evaluate(() => { location.hash = document.querySelector(".report a.cite").getAttribute("href"); });
		await page.getByText("fits the hash on record").waitFor();
		await axe(page, "evidence");
		await page.evaluate(() => { location.hash = ""; });
		await page.locator(".alert-row").first().waitFor();
		await page.locator(".run").first().waitFor();
		await axe(page, "the list");
		await leave(page);
		const door = await visit(await guarded(), { colorScheme, bypassCSP: true, ...more });
		await door.getByLabel("Token").waitFor();
		await axe(door, "signing in");
		await leave(door);
	});

test("a report of 2,000 instances can be read", async () => {
	const house = await many();
	const page = await visit(house, { path: `/#${await house.finished({ input: "many" })}` });

	await page.waitForSelector(".report");
	equal(await page.locator(".report tbody tr").count(), 2000);
	await page.locator(".report a.cite").first().click();
	await page.getByText("fits the hash on record").waitFor();
	await leave(page);
});
