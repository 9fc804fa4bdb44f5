/*
 * test_guard.mjs - signing in, and what a page of somebody else can do with
 * it: nothing.
 */
import { createServer } from "node:http";
import { equal, leave, ok, test, visit } from "./browser.mjs";
import { TOKEN, guarded } from "./houses.mjs";

async function signIn(page) {
	await page.getByLabel("Token").fill(TOKEN);
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByText("What is wrong?").waitFor();
}

test("who has the token signs in once, and out", async () => {
	const house = await guarded();
	const page = await visit(house);

	await page.getByLabel("Token").fill("wrong-horse-battery");
	await page.getByRole("button", { name: "Sign in" }).click();
	await page.getByText("the token is not the right one").waitFor();
	await signIn(page);
	const [cookie] = await page.context().cookies();
	equal([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
	equal(await page.evaluate(() => document.cookie), "", "no script sees it");
	await page.reload();
	await page.getByText("What is wrong?").waitFor();
	await page.getByRole("button", { name: "Investigate", exact: true }).first().click();
	await page.waitForSelector(".report");
	await page.getByRole("button", { name: "Sign out" }).click();
	await page.getByLabel("Token").waitFor();
	equal((await page.context().cookies()).length, 0);
	/* Programs go on as ever. */
	equal((await house.api("/api/investigations", undefined, { Authorization: `Bearer ${TOKEN}` })).status, 200);
	await leave(page);
});

test("a session that is over leads to the door", async () => {
	const page = await visit(await guarded());

	await signIn(page);
	await page.context().clearCookies();
	await page.getByRole("button", { name: "Investigate", exact: true }).first().click();
	await page.getByLabel("Token").waitFor();
	await leave(page);
});

/* A site of its own, on another port: for cookies the same site. */
async function otherSite() {
	const s = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!DOCTYPE html><title>other</title>"));

	await new Promise((r) => s.listen(0, "127.0.0.1", r));
	return { url: `http://127.0.0.1:${s.address().port}`, close: () => s.close() };
}

test("a page of another origin gets nothing by the session's cookie", async () => {
	const house = await guarded();
	const page = await visit(house, { free: true });
	const other = await otherSite();

	await signIn(page);
	const evil = await page.context().newPage();
	await evil.goto(other.url);
	const tried = await evil.evaluate(async (url) => {
		const status = (path, options) => fetch(url + path, { credentials: "include", ...options }).then((a) => a.status, () => "refused");
		const stream = () => new Promise((r) => {
			const s = new EventSource(`${url}/api/investigations/x/events`, { withCredentials: true });

			s.onopen = () => r("open");
			s.onerror = () => r("refused");
		});

		return [
			await status("/api/investigations"),
			await status("/api/ai_ops", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }),
			await status("/api/ai_ops", { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: "{}" }),
			await status("/api/session", { method: "DELETE" }),
			await stream(),
		];
	}, house.url);
	equal([tried[0], tried[1], tried[3], tried[4]], ["refused", "refused", "refused", "refused"]);
	/* The one whose answer it may not see was refused as well. */
	const runs = await (await house.api("/api/investigations", undefined, { Authorization: `Bearer ${TOKEN}` })).json();
	const before = runs.investigations.length;
	await evil.evaluate(async (url) => {
		const form = Object.assign(document.createElement("form"), { method: "POST", action: `${url}/api/ai_ops`, target: "f", enctype: "text/plain" });
		const frame = Object.assign(document.createElement("iframe"), { name: "f" });

		document.body.append(form, frame);
		form.submit();
		await new Promise((r) => { frame.onload = r; });
	}, house.url);
	equal((await (await house.api("/api/investigations", undefined, { Authorization: `Bearer ${TOKEN}` })).json()).investigations.length, before, "nothing was started");
	await evil.close();
	await leave(page);
	other.close();
});

test("the page is in no other page's frame", async () => {
	const house = await guarded();
	const page = await visit(house, { free: true });
	const other = await otherSite();

	await page.goto(other.url);
	await page.evaluate(async (url) => {
		const frame = Object.assign(document.createElement("iframe"), { src: url });

		document.body.append(frame);
		await new Promise((r) => { frame.onload = r; });
	}, `${house.url}/`);
	const framed = page.frames().find((f) => f !== page.mainFrame());
	equal(await framed.locator("header").count().catch(() => 0), 0, "there is nothing in it");
	page.watch.faults = page.watch.faults.filter((f) => !/frame/i.test(f));
	await leave(page);
	other.close();
});

test("the page's files are few, small and its own", async () => {
	const house = await guarded();
	const page = await visit(house, { path: "/healthz" });
	await page.goto(`${house.url}/`);
	await page.getByLabel("Token").waitFor();
	await page.evaluate(() => new Promise((resolve) => {
		const s = document.createElement("script");

		s.src = document.documentElement.dataset.dygraphs;
		s.onload = resolve;
		document.head.append(s);
	}));
	const bytes = await page.evaluate(() => ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
		.filter((e) => !/readyz|api/.test(e.name)).reduce((n, e) => n + e.transferSize, 0));
	ok(bytes > 20000 && bytes <= 250 << 10, `${bytes} bytes over the wire`);
	await leave(page);
});
