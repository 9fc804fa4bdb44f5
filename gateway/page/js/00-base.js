/*
 * 00-base.js - elements, what is remembered in this browser, how things are
 * written. Text of others enters the document as text, here and nowhere else.
 */

/* h("a.cite", {href: "#"}, "E1", child, [more]): an element. */
function h(what, attributes, ...children) {
	const [tag, ...classes] = what.split(".");
	const e = document.createElement(tag || "div");

	if (classes.length > 0)
		e.className = classes.join(" ");
	for (const [name, value] of Object.entries(attributes || {})) {
		if (name.startsWith("on"))
			e.addEventListener(name.slice(2), value);
		else if (value === true)
			e.setAttribute(name, "");
		else if (value !== false && value !== null && value !== undefined)
			e.setAttribute(name, value);
	}
	e.append(...shown(children));
	return e;
}

/* Lists in lists are as good as one; what is not there is left out. */
const shown = (children) => children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false && c !== "");

const fill = (e, ...children) => e.replaceChildren(...shown(children));

const $ = (id) => document.getElementById(id);

/* Storage may be forbidden; then nothing is remembered. */
const kept = {
	get(name) {
		try {
			return localStorage.getItem("culprit." + name);
		} catch {
			return null;
		}
	},
	set(name, value) {
		try {
			localStorage.setItem("culprit." + name, value);
		} catch {
			/* as said */
		}
	},
};

/* Tells who cannot see the page what just happened on it. */
function say(text) {
	$("said").textContent = text;
}

/* ---- how things are written ---- */

const two = (n) => String(n).padStart(2, "0");

/* This browser's offset at that moment, as reports write it: +08:00. */
function zoneOf(ms) {
	const minutes = -new Date(ms).getTimezoneOffset();
	const a = Math.abs(minutes);

	return `${minutes < 0 ? "-" : "+"}${two(Math.floor(a / 60))}:${two(a % 60)}`;
}

/* In the zone of who reads, as reports that start here. */
function clockOf(ms) {
	const d = new Date(ms);

	return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

function momentOf(ms) {
	const d = new Date(ms), zone = zoneOf(ms);

	return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clockOf(ms)} ${zone === "+00:00" ? "UTC" : zone}`;
}

/* 12 ms, 3.4 s, 5 min 20 s, 3 h 5 min. */
function spanOf(ms) {
	const s = ms / 1000;

	if (s < 1)
		return `${Math.round(ms)} ms`;
	if (s < 100)
		return `${s.toFixed(1)} s`;
	if (s < 6000)
		return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
	if (s < 172800)
		return `${Math.floor(s / 3600)} h ${Math.round(s % 3600 / 60)} min`;
	return `${Math.floor(s / 86400)} d`;
}

function bytesOf(n) {
	if (n < 1024)
		return `${n} B`;
	return n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;
}

function numberOf(v) {
	const a = Math.abs(v);

	if (!Number.isFinite(v))
		return String(v);
	if (a !== 0 && (a < 0.001 || a >= 1e9))
		return v.toExponential(2);
	return String(Number(v.toPrecision(a >= 1000 ? 6 : 4)));
}

/* a="1", b="2": labels as Prometheus writes them. */
function labelsOf(labels) {
	return Object.entries(labels || {}).map(([k, v]) => `${k}=${JSON.stringify(String(v))}`).join(", ");
}

function shorten(text, most) {
	return text.length > most ? text.slice(0, most - 1) + "…" : text;
}

/* Calls f at most once in so many milliseconds, the last call counts. */
function calmly(f, ms) {
	let timer = 0;

	return () => {
		clearTimeout(timer);
		timer = setTimeout(f, ms);
	};
}
