/*
 * houses.mjs - the houses that tests share, opened when the first one asks.
 */
import { House, Prometheus } from "./house.mjs";

const open = new Map();

function shared(name, make) {
	if (!open.has(name))
		open.set(name, make());
	return open.get(name);
}

export const HOSTILE = "\"><img src=x onerror=window.hit=1><script>window.hit=1</script>";

/* Alerts of which one says in its labels and its words what it should not. */
const RULES = [
	{ alert: "CheckoutLatencyHigh", expr: 'sum by (service, namespace) (rate(http_request_duration_seconds_sum{service="checkout"}[2m]) / rate(http_request_duration_seconds_count{service="checkout"}[2m])) > 1', labels: { severity: "critical" }, annotations: { summary: "checkout takes {{ $value }} s" } },
	{ alert: "Odd", expr: "vector(1)", labels: { severity: "warning", odd: HOSTILE }, annotations: { summary: HOSTILE, description: "javascript:window.hit=1" } },
];

const prometheus = () => shared("prometheus", () => Prometheus.open(RULES));

/* A shop with a fault, looked at by the rules planner. */
export const shop = () => shared("shop", async () => {
	const p = await prometheus();
	const h = await House.open({ prometheus: p.url, options: ["--dependencies", "frontend>checkout, checkout>payments, checkout>cart"] });

	h.prometheus = p;
	return h;
});

const echo = (text) => ({ decision: "EXECUTE", step: `say ${text}`, tool: "echo", args: { text } });

const waiting = {
	options: ["--tools", "echo", "--tool-classes", "echo=unsafe"],
	plans: [echo("one"), echo("two"), { decision: "FINISH", report: "# Done\n\n## Root cause analysis\n\nthe end [E1]\n" }],
};

/* One that waits for a person before each step; and one where not everybody
 * may approve. */
export const asking = () => shared("asking", () => House.open(waiting));

export const APPROVER = "token-of-bob";

export const strict = () => shared("strict", () => House.open({ ...waiting, approvers: `bob ${APPROVER}\n` }));

const ROWS = 2000;
const long = ["# Long", "", "- first [E1]", "", "## Active alerts", "", "| # | Alert | Labels |", "|---|---|---|",
	...Array.from({ length: ROWS }, (_, i) => `| ${i} | \`HostDown\` | \`instance=host-${i}\` [E1] |`), "", "## Conclusion", "", "many [E1]"].join("\n");

/* Reports at once: of ROWS instances, or hostile ones. */
export const many = () => shared("many", () => House.open({
	options: ["--tools", "echo"], plans: [echo(HOSTILE), { decision: "FINISH", report: long }],
}));

export const hostile = () => shared("hostile", () => House.open({
	options: ["--tools", "echo"],
	plans: [echo(HOSTILE), {
		decision: "FINISH",
		report: `# ${HOSTILE}\n\n- [link](javascript:window.hit=1) [E1]\n- <svg onload=window.hit=1>\n\n## Conclusion\n\n![x](javascript:window.hit=1)\n![y](http://192.0.2.1/y.png)\n\n\`${HOSTILE}\`\n`,
	}],
}));

export const TOKEN = "correct-horse-battery";

export const guarded = () => shared("guarded", () => House.open({
	token: TOKEN, options: ["--tools", "echo"], plans: [{ decision: "FINISH", report: "# Done\n" }],
}));

export async function closeAll() {
	for (const [name, h] of [...open].reverse())
		await (await h.catch(() => null))?.close?.().catch((e) => console.log(`${name}: ${e}`));
}
