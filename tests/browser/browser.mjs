/*
 * browser.mjs - what tests share: pages of one Chromium, and what is expected.
 *
 * Whatever a test does, its pages must make no request to anywhere but their
 * gateway, break no policy, and say nothing on the console that is an error.
 */
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { WAIT_MS } from "./house.mjs";

const require = createRequire(join(process.env.CULPRIT_MODULES, "x"));
const { chromium } = require("playwright-core");

export const axeSource = require.resolve("axe-core/axe.min.js");

export const options = { match: /./, measure: false, shots: "" };
const argv = process.argv.slice(2);

while (argv.length > 0) {
	const flag = argv.shift();

	if (flag === "--measure")
		options.measure = true;
	else if (flag === "--match")
		options.match = new RegExp(argv.shift());
	else if (flag === "--shots")
		mkdirSync(options.shots = argv.shift(), { recursive: true });
}

/* What went wrong in a page without anybody asking. */
class Watch {
	/* origin "": a stranger's page, of which only what runs is a fault. */
	constructor(context, origin) {
		this.faults = [];
		context.on("weberror", (e) => this.faults.push(`error: ${e.error().stack}`));
		context.on("dialog", (d) => {
			this.faults.push(`dialog: ${d.message()}`);
			d.dismiss();
		});
		if (!origin)
			return;
		context.on("console", (m) => {
			/* A gateway that is killed is told of by the browser, too. */
			if (m.type() === "error" && !/net::ERR_(CONNECTION|INCOMPLETE|EMPTY)|status of [45]\d\d/.test(m.text()))
				this.faults.push(`console: ${m.text()}`);
		});
		context.on("request", (r) => {
			if (!r.url().startsWith(origin) && !/^(data|blob|about):/.test(r.url()))
				this.faults.push(`request: ${r.url()}`);
		});
	}
}

let browser;

export async function browserOpen() {
	browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
	return browser;
}

/* A page of a fresh context at a house; more: of newContext, and `path`,
 * `free` for one that may ask others. */
export async function visit(house, { path = "/", free = false, ...more } = {}) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-US", timezoneId: "UTC", ...more });
	const page = await context.newPage();

	page.setDefaultTimeout(WAIT_MS);
	page.watch = new Watch(context, free ? "" : house.url);
	await context.addInitScript(() => {
		window.violations = [];
		document.addEventListener("securitypolicyviolation", (e) => window.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
	});
	await page.goto(house.url + path);
	return page;
}

/* Ends a visit, and fails where something was wrong in it. */
export async function leave(page) {
	const violations = await page.evaluate(() => window.violations).catch(() => []);

	await page.context().close();
	equal([...page.watch.faults, ...violations], [], "what the page should not have done");
}

export function ok(value, what) {
	if (!value)
		throw new Error(what);
}

export function equal(got, want, what = "") {
	const a = JSON.stringify(got), b = JSON.stringify(want);

	if (a !== b)
		throw new Error(`${what}: ${a}, not ${b}`);
}

export const tests = [];

export const test = (name, run) => tests.push({ name, run });
export const measuring = () => options.measure;
export const shot = async (page, name) => options.shots && page.screenshot({ path: join(options.shots, `${name}.png`) });
