/*
 * 90-main.js - the address, the theme, the language, and who is signed in.
 *
 * Addresses: # is all investigations, #RUN one, #RUN/E3 one with that
 * evidence beside it. They are relative, so that a proxy may put the whole
 * under a path.
 */

let view = { run: null, leave: () => {}, show: null };

function route() {
	const [run, item] = location.hash.slice(1).split("/");
	const main = $("main");

	if (view.run === run && view.show)
		return view.show(item);
	view.leave();
	document.body.classList.remove("has-evidence");
	if (/^[\w-]+$/.test(run)) {
		const v = new RunView(main, run);

		view = { run, leave: () => v.end(), show: (id) => v.show(id) };
		view.show(item);
	} else {
		view = { run: null, leave: homeView(main), show: null };
	}
	window.scrollTo(0, 0);
}

function redraw() {
	view.show = null;
	view.run = null;
	if (signedIn)
		route();
	else
		signin();
}

let signedIn = true;

function signin() {
	signedIn = false;
	view.leave();
	view = { run: null, leave: () => {}, show: null };
	signinView($("main"), () => {
		signedIn = true;
		route();
	});
}

async function begin() {
	try {
		if (await sessionLoad())
			route();
		else
			signin();
	} catch (e) {
		fill($("main"), h("p.wrong.card", { role: "alert" }, e.message));
		setTimeout(begin, 2000);
	}
}

/* ---- theme and language ---- */

const THEMES = ["auto", "light", "dark"];

function themeSet(theme) {
	kept.set("theme", theme);
	document.documentElement.dataset.theme = theme;
	$("theme").textContent = t(`theme_${theme}`);
	window.dispatchEvent(new Event("themed"));
}

function themeOf() {
	const theme = kept.get("theme");

	return THEMES.includes(theme) ? theme : "auto";
}

function languageSet(to) {
	language = to;
	document.documentElement.lang = to === "zh" ? "zh-CN" : "en";
	for (const e of document.querySelectorAll("[data-word]"))
		e.textContent = t(e.dataset.word);
	$("language").textContent = t("language");
	$("language").lang = to === "zh" ? "en" : "zh-CN";
	$("signout").textContent = t("signout");
	document.querySelector(".tools").setAttribute("aria-label", t("settings"));
	themeSet(themeOf());
}

/* ---- is all there ---- */

async function readyTurn() {
	let text = "";

	if (!document.hidden) {
		try {
			await ask("readyz");
		} catch (e) {
			text = e.status === 0 ? e.message : t("not_ready", e.message.replace(/^not ready: /, ""));
		}
		if ($("ready").textContent !== text)
			$("ready").textContent = text;
	}
	setTimeout(readyTurn, text ? 2000 : 15000);
}

/* ---- the start ---- */

$("theme").addEventListener("click", () => themeSet(THEMES[(THEMES.indexOf(themeOf()) + 1) % THEMES.length]));
$("language").addEventListener("click", () => {
	kept.set("language", language === "zh" ? "en" : "zh");
	languageSet(kept.get("language") || (language === "zh" ? "en" : "zh"));
	redraw();
});
$("signout").addEventListener("click", async () => {
	await ask("api/session", { method: "DELETE" }).catch(() => {});
	view.leave();
	view = { run: null, leave: () => {}, show: null };
	begin();
});
signinWanted.addEventListener("wanted", () => {
	if (signedIn)
		signin();
});
window.addEventListener("hashchange", () => signedIn && route());
document.addEventListener("keydown", (e) => {
	if (e.key === "Escape" && document.body.classList.contains("has-evidence") && !document.querySelector("dialog[open]"))
		location.hash = `#${view.run}`;
});
languageSet(language);
readyTurn();
begin();
