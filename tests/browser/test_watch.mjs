/*
 * test_watch.mjs - starting an investigation, watching it, and what happens
 * when the gateway dies meanwhile.
 */
import { equal, leave, ok, test, visit } from "./browser.mjs";
import { until } from "./house.mjs";
import { APPROVER, asking, shop, strict } from "./houses.mjs";

export const startFrom = async (page, text) => {
	await page.getByLabel("What is wrong?").fill(text);
	await page.getByRole("button", { name: "Investigate", exact: true }).first().click();
	await page.waitForURL(/#[\w-]+$/);
	return page.url().split("#")[1];
};

const seqsOf = (page) => page.$$eval(".timeline [data-seq]", (all) => all.map((e) => Number(e.dataset.seq)));

test("a question is asked, its answer watched and read", async () => {
	const page = await visit(await shop());

	await startFrom(page, "why is checkout slow?");
	await page.waitForSelector(".report");
	equal(await page.locator("h1").first().innerText(), "why is checkout slow?");
	equal(await page.locator(".run-head .pill").innerText(), "completed");
	ok((await page.locator(".report .first").innerText()).includes("payments"), "the cause is not read first");
	const steps = await page.locator(".timeline .is-step").count();
	ok(steps >= 3, `${steps} steps in the timeline`);
	equal(await page.locator(".timeline .running").count(), 0, "steps that run for ever");
	await leave(page);
});

test("a firing alert is picked from the list", async () => {
	const page = await visit(await shop());
	const row = page.locator(".alert-row", { hasText: "CheckoutLatencyHigh" });

	equal(await row.locator(".pill").innerText(), "critical");
	await row.getByRole("button").click();
	await page.waitForSelector(".report");
	ok((await page.locator(".about").innerText()).includes('alertname="CheckoutLatencyHigh"'), "it is bounded by the alert");
	ok((await page.locator(".report .first").innerText()).includes("payments"), "the cause");
	await leave(page);
});

test("a wrong option is said to be, and nothing is lost", async () => {
	const page = await visit(await shop());

	await page.getByLabel("What is wrong?").fill("why?");
	await page.getByText("More options").click();
	await page.getByLabel("Moment").fill("yesterday");
	await page.getByRole("button", { name: "Investigate", exact: true }).first().click();
	await page.getByText("is not a moment").waitFor();
	equal(await page.getByLabel("What is wrong?").inputValue(), "why?");
	await page.getByLabel("Moment").fill("");
	await page.getByLabel("Labels").fill("=x");
	await page.getByRole("button", { name: "Investigate", exact: true }).first().click();
	await page.getByText("write labels as name=value").waitFor();
	await leave(page);
});

test("the gateway dies in mid-run: no event is missing, none comes twice", async () => {
	const house = await asking();
	const page = await visit(house);
	const run = await startFrom(page, "two steps");

	await page.getByRole("button", { name: "Approve" }).waitFor();
	for (const n of [1, 2]) {
		const pid = house.pid("gateway");

		process.kill(pid, "SIGKILL");
		await until("another gateway", () => house.pid("gateway") !== pid);
		await page.getByRole("button", { name: "Approve" }).last().click();
		/* Said to a gateway that is not there yet, it is said again. */
		await until("the step to be approved", async () => {
			await page.evaluate(() => {
				const item = [...document.querySelectorAll(".is-approval")].at(-1);
				const button = item.querySelector("button.primary");

				if (button && !button.disabled && item.querySelector(".wrong").textContent)
					button.click();
			});
			return await page.locator(".is-approval", { hasText: "approved by someone at this machine" }).count() >= n;
		});
	}
	await page.waitForSelector(".report");
	const shown = await seqsOf(page);
	const quiet = new Set(["decided", "evidence", "feedback"]); /* they change what is there */
	equal(shown, (await house.events(run)).filter((e) => !quiet.has(e.type)).map((e) => e.seq), "the timeline");
	equal(await page.locator(".is-approval", { hasText: "approved by someone at this machine" }).count(), 2);
	await leave(page);
});

test("one that waits is cancelled, and reports", async () => {
	const page = await visit(await asking());

	await startFrom(page, "cancel me");
	await page.getByRole("button", { name: "Approve" }).waitFor();
	await page.getByRole("button", { name: "Cancel" }).click();
	await page.locator(".run-head .pill", { hasText: "cancelled" }).waitFor();
	await page.waitForSelector(".report");
	equal(await page.getByRole("button", { name: "Approve" }).count(), 0, "nothing waits any more");
	await leave(page);
});

test("a step is denied by an approver's name, and shown in the list before", async () => {
	const house = await strict();
	const page = await visit(house);
	const run = await startFrom(page, "deny me");

	await page.getByRole("button", { name: "Deny" }).waitFor();
	await page.getByRole("link", { name: "All investigations" }).click();
	await page.locator(`a.run[href="#${run}"] .is-waits`).waitFor();
	await page.locator(`a.run[href="#${run}"]`).click();
	await page.getByRole("button", { name: "Deny" }).click();
	const dialog = page.locator("dialog");
	await dialog.getByLabel("Token").fill("token-of-nobody");
	await dialog.getByRole("button", { name: "Sign in" }).click();
	await dialog.getByText("not the right one").waitFor();
	await dialog.getByLabel("Token").fill(APPROVER);
	await dialog.getByRole("button", { name: "Sign in" }).click();
	await page.locator(".is-approval", { hasText: "denied by bob" }).waitFor();
	/* Signed in, it is asked no more. */
	await page.getByRole("button", { name: "Approve" }).click();
	await page.locator(".is-approval", { hasText: "approved by bob" }).waitFor();
	await page.locator(".run-head .pill", { hasText: "completed" }).waitFor();
	await leave(page);
});

test("it is done anew from a point", async () => {
	const house = await shop();
	const from = await house.finished({ input: "again and again" });
	const page = await visit(house, { path: `/#${from}` });

	await page.waitForSelector(".report");
	await page.locator(".is-plan").nth(1).getByRole("button", { name: "Do anew from here" }).click();
	await page.getByLabel("Another question").fill("and now?");
	await page.locator("dialog").getByRole("button", { name: "Do anew" }).click();
	await page.locator("h1", { hasText: "and now?" }).waitFor();
	await page.waitForSelector(".report");
	equal(await page.locator(`.about a[href="#${from}"]`).count(), 1, "whence it comes");
	await leave(page);
});

test("a person says whether it was right, and what it was", async () => {
	const house = await shop();
	const run = await house.finished({ input: "to be judged" });
	const page = await visit(house, { path: `/#${run}` });

	await page.waitForSelector(".report");
	await page.getByLabel("The true cause, or a note").fill("<b>the deploy</b>");
	await page.getByRole("button", { name: "wrong", exact: true }).click();
	await page.getByRole("textbox", { name: "Your name" }).fill("ann");
	await page.locator("dialog").getByRole("button", { name: "Go on" }).click();
	await page.locator(".remarks li", { hasText: "<b>the deploy</b> ann" }).waitFor();
	equal(await page.locator(".remarks .pill").innerText(), "wrong");
	await page.getByRole("link", { name: "All investigations" }).click();
	await page.locator(`a.run[href="#${run}"] .said-wrong`).waitFor();
	await leave(page);
});
