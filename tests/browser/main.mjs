/*
 * main.mjs - runs the browser tests, one after the other.
 */
import { browserOpen, options, tests } from "./browser.mjs";
import { closeAll } from "./houses.mjs";

async function main() {
	for (const file of ["watch", "read", "people", "guard", "look"])
		await import(`./test_${file}.mjs`);
	const chosen = tests.filter((t) => options.match.test(t.name));
	const browser = await browserOpen();
	let failed = 0;

	for (const { name, run } of chosen) {
		const start = Date.now();
		let fault = null;

		try {
			await run();
		} catch (e) {
			fault = e;
			failed++;
		}
		for (const c of browser.contexts())
			await c.close();
		console.log(`${fault ? "FAILED" : "ok    "} ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
		if (fault)
			console.log(String(fault.stack).replace(/^/gm, "    "));
	}
	await browser.close();
	await closeAll();
	console.log(`${chosen.length - failed} of ${chosen.length} passed`);
	process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
}

await main();
