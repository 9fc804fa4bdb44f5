/*
 * house.mjs - `culprit up` in a scratch folder, a Prometheus with a fault in
 * it, and waiting for what comes.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/* Only there to end what hangs. */
export const WAIT_MS = Number(process.env.CULPRIT_BROWSER_WAIT_MS || 120000);

/* Waits until f gives something. */
export async function until(what, f) {
	const end = Date.now() + WAIT_MS;

	for (;;) {
		const got = await f();

		if (got)
			return got;
		if (Date.now() > end)
			throw new Error(`waited in vain for ${what}`);
		await new Promise((r) => setTimeout(r, 50));
	}
}

export const freePort = () => new Promise((resolve) => {
	const s = createServer().listen(0, "127.0.0.1", () => {
		const { port } = s.address();

		s.close(() => resolve(port));
	});
});

/* What was started ends with this, however that ends. */
const children = new Set();

function started(child) {
	children.add(child);
	child.once("exit", () => children.delete(child));
	return child;
}

process.on("exit", () => {
	for (const child of children)
		child.kill("SIGTERM");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
	process.on(signal, () => process.exit(130));

/* The environment without what would be Culprit's own. */
const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CULPRIT_")));

const scratch = () => mkdtempSync(join(tmpdir(), "culprit-browser-"));

/* Ends it, and waits for its end. */
async function ended(child, signal) {
	if (child.exitCode !== null || child.signalCode !== null)
		return;
	const over = new Promise((r) => child.once("exit", r));

	child.kill(signal);
	await over;
}

export class House {
	/* options: further ones of `up`; plans: of the planner script; approvers:
	 * the file of who may approve. */
	static async open({ plans, options = [], prometheus = "http://127.0.0.1:1", token, approvers } = {}) {
		const h = new House();

		h.dir = scratch();
		h.port = await freePort();
		h.url = `http://127.0.0.1:${h.port}`;
		h.log = join(h.dir, "log");
		const args = ["up", "--data-dir", join(h.dir, "data"), "--listen", `127.0.0.1:${h.port}`,
			"--prometheus-url", prometheus, "--language", "en", "--timezone", "UTC", ...options];

		if (plans) {
			writeFileSync(join(h.dir, "plans.json"), JSON.stringify(plans));
			args.push("--planner", "script", "--planner-script", join(h.dir, "plans.json"));
		}
		if (token) {
			writeFileSync(join(h.dir, "token"), `${token}\n`);
			args.push("--token-file", join(h.dir, "token"));
		}
		if (approvers) {
			writeFileSync(join(h.dir, "approvers"), approvers);
			args.push("--approver-token-file", join(h.dir, "approvers"));
		}
		h.said = "";
		h.up = started(spawn(join(process.env.CULPRIT_BIN, "culprit"), args,
			{ stdio: ["ignore", "pipe", "pipe"], env: { ...others, HOME: h.dir } }));
		let ready = false;
		h.up.stdout.on("data", (d) => { ready ||= String(d).includes("ready "); });
		h.up.stderr.on("data", (d) => { h.said += d; });
		await until("culprit up", () => ready || (h.up.exitCode !== null && Promise.reject(new Error(h.said))));
		return h;
	}

	/* The process id of a child, as `up` logged it last. */
	pid(child) {
		const all = [...this.said.matchAll(new RegExp(`msg=started child=${child} pid=(\\d+)`, "g"))];

		return all.length > 0 ? Number(all.at(-1)[1]) : 0;
	}

	async api(path, body, headers = {}) {
		const answer = await fetch(this.url + path, body === undefined ? { headers } : {
			method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers },
		});

		if (!answer.ok)
			throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer;
	}

	async start(body = {}) {
		return (await (await this.api("/api/ai_ops", { language: "en", ...body }, { Prefer: "respond-async" })).json()).id;
	}

	/* Starts one and waits for its end: its id. */
	async finished(body) {
		const id = await this.start(body);

		await until("its end", async () => {
			const run = await (await this.api(`/api/investigations/${id}`)).json();

			return run.run.finished_ms > 0;
		});
		return id;
	}

	/* [{seq, type}] of a run that has ended. */
	async events(id) {
		const text = await (await this.api(`/api/investigations/${id}/events`)).text();

		return [...text.matchAll(/^id: .*\.(\d+)\nevent: (\w+)$/gm)].map((m) => ({ seq: Number(m[1]), type: m[2] }));
	}

	async close() {
		await ended(this.up, "SIGTERM");
		rmSync(this.dir, { recursive: true, force: true });
	}
}

/* ---- a Prometheus ---- */

const STEP_S = 15, BACK_S = 3600, FAULT_S = 480;

/* A shop whose payments are busy since FAULT_S, and checkout slow by it. */
function samples(now) {
	const lines = { cpu: [], count: [], sum: [] };
	const total = new Map();
	const add = (key, v) => total.set(key, (total.get(key) || 0) + v).get(key).toFixed(3);

	for (let at = now - BACK_S; at <= now - 1; at += STEP_S) {
		const bad = at >= now - FAULT_S;
		const wobble = 1 + 0.05 * Math.sin(at / 37);

		for (const [service, slow, fast] of [["frontend", 0.7, 0.1], ["checkout", 2.1, 0.08], ["payments", 1.8, 0.04], ["cart", 0.02, 0.02]]) {
			const latency = (bad ? slow : fast) * wobble;
			const cpu = service === "payments" && bad ? 1.9 : 0.2 * wobble;

			lines.cpu.push([service, `container_cpu_usage_seconds_total{namespace="shop",pod="${service}-1",container="${service}"} ${add(`cpu${service}`, cpu * STEP_S)} ${at}`]);
			lines.count.push([service, `http_request_duration_seconds_count{namespace="shop",service="${service}"} ${add(`n${service}`, 10 * STEP_S)} ${at}`]);
			lines.sum.push([service, `http_request_duration_seconds_sum{namespace="shop",service="${service}"} ${add(`s${service}`, 10 * STEP_S * latency)} ${at}`]);
		}
	}
	const block = (name, rows) => `# TYPE ${name} unknown\n${rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)).map((r) => r[1]).join("\n")}\n`;

	return block("container_cpu_usage_seconds_total", lines.cpu) + block("http_request_duration_seconds_count", lines.count)
		+ block("http_request_duration_seconds_sum", lines.sum) + "# EOF\n";
}

export class Prometheus {
	/* rules: those of one group. */
	static async open(rules) {
		const p = new Prometheus();
		const now = Math.floor(Date.now() / 1000);

		p.dir = scratch();
		writeFileSync(join(p.dir, "om"), samples(now));
		execFileSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", join(p.dir, "om"), join(p.dir, "tsdb")], { stdio: "ignore" });
		writeFileSync(join(p.dir, "rules.json"), JSON.stringify({ groups: [{ name: "shop", rules }] }));
		writeFileSync(join(p.dir, "p.json"), JSON.stringify({
			global: { evaluation_interval: "1s" }, rule_files: [join(p.dir, "rules.json")],
		}));
		p.url = `http://127.0.0.1:${await freePort()}`;
		p.child = started(spawn("prometheus", [`--config.file=${join(p.dir, "p.json")}`, `--storage.tsdb.path=${join(p.dir, "tsdb")}`,
			`--web.listen-address=${p.url.slice(7)}`, "--log.level=warn"], { stdio: "ignore" }));
		await until("firing alerts", async () => {
			try {
				const told = await (await fetch(`${p.url}/api/v1/alerts`)).json();

				return told.data.alerts.filter((a) => a.state === "firing").length >= rules.length;
			} catch {
				return false;
			}
		});
		return p;
	}

	async close() {
		await ended(this.child, "SIGKILL");
		rmSync(this.dir, { recursive: true, force: true });
	}
}
