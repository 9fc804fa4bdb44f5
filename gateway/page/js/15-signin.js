/*
 * 15-signin.js - who may look: the token is asked for once; the cookie that
 * stands for it afterwards is none of a script's business.
 */

const isLoopback = (host) => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);

/* A server's own loopback is nowhere for a browser elsewhere. */
function linkable(address) {
	try {
		const url = new URL(address);

		if (!/^https?:$/.test(url.protocol) || (isLoopback(url.hostname) && !isLoopback(location.hostname)))
			return "";
		url.username = url.password = "";
		return url.href.replace(/\/+$/, "");
	} catch {
		return "";
	}
}

/* True: what comes next will be answered. */
async function sessionLoad() {
	const session = await askJson("api/session");

	prometheusUrl = linkable(session.prometheus || "");
	$("signout").hidden = !(session.signed_in && (session.token || (session.approver_tokens && session.approver)));
	return session.signed_in;
}

async function signIn(token) {
	await ask("api/session", { method: "POST", body: { token }, signsIn: true });
	await sessionLoad();
}

function signinView(main, then) {
	const token = h("input", { type: "password", required: true, autocomplete: "current-password", autofocus: true });
	const wrong = h("p.wrong", { role: "alert" });

	document.title = `${t("signin")} · Culprit`;
	$("signout").hidden = true;
	fill(main, h("form.card.signin", {
		"aria-label": t("signin"),
		onsubmit: async (e) => {
			e.preventDefault();
			try {
				await signIn(token.value);
				then();
			} catch (error) {
				wrong.textContent = error.message;
				token.select();
			}
		},
	}, h("h1", {}, t("signin")), h("p.quiet-text", {}, t("signin_why")),
	/* Password managers want a name beside it. */
	h("input", { type: "text", hidden: true, autocomplete: "username", value: "culprit" }),
	field("token", token), wrong, h("div.row", {}, h("button.primary", { type: "submit" }, t("signin")))));
	token.focus();
}
