/*
 * 02-api.js - asking the gateway, and following a run.
 */

class ApiError extends Error {
	constructor(status, text) {
		super(text);
		this.status = status;
	}
}

const signinWanted = new EventTarget();

/* The answer, whose status is below 400; else an ApiError with the problem's
 * own words. */
async function ask(path, { method = "GET", body, accept = "application/json", headers = {}, signal, signsIn } = {}) {
	let answer;

	try {
		answer = await fetch(path, {
			method,
			signal,
			headers: {
				Accept: accept,
				...(body === undefined ? {} : { "Content-Type": "application/json" }),
				...headers,
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch (e) {
		throw new ApiError(0, signal?.aborted ? "" : t("unreachable"));
	}
	if (answer.ok)
		return answer;
	if (answer.status === 401 && !signsIn)
		signinWanted.dispatchEvent(new Event("wanted"));
	let text = `${answer.status}`;
	try {
		text = (await answer.json()).detail || text;
	} catch {
		/* no problem+json: the status has to do */
	}
	throw new ApiError(answer.status, text);
}

const askJson = async (path, options) => (await ask(path, options)).json();
const runPath = (id, rest = "") => `api/investigations/${encodeURIComponent(id)}${rest}`;

/* Starts a run, here or from another: its id. */
async function startRun(path, body) {
	const answer = await ask(path, {
		method: "POST",
		body,
		headers: {
			Prefer: "respond-async",
			"Accept-Language": language,
			"Idempotency-Key": crypto.randomUUID ? crypto.randomUUID() : String(Math.random()),
		},
	});

	return (await answer.json()).id;
}

const EVENT_TYPES = ["started", "plan", "approval", "decided", "tool_started", "evidence", "feedback",
	"supervisor", "alerts", "retry", "progress", "report", "finished", "token"];
const AGAIN_MS = [500, 1000, 2000, 5000];

/*
 * Follows a run from its first event to its last, each once and in order,
 * however often the connection breaks. onEvent(type, data, seq); seq is 0 for
 * what has no number. onState(connected). Returns what ends it.
 */
function follow(id, onEvent, onState) {
	let last = 0, tries = 0, source = null, timer = 0, over = false;

	const end = () => {
		over = true;
		clearTimeout(timer);
		source?.close();
	};
	const take = (type) => (e) => {
		const seq = type === "token" ? 0 : Number(e.lastEventId.split(".").pop());

		if (over || (seq !== 0 && seq <= last))
			return;
		last = seq || last;
		onEvent(type, JSON.parse(e.data), seq);
		if (type === "finished")
			end();
	};
	const connect = () => {
		source = new EventSource(runPath(id, "/events" + (last ? `?last_event_id=${id}.${last}` : "")));
		source.onopen = () => {
			tries = 0;
			onState(true);
		};
		for (const type of EVENT_TYPES)
			source.addEventListener(type, take(type));
		/* Both the server's event of that name and a broken connection. A
		 * browser gives up at an answer that is no stream: then it is ours to
		 * come back. */
		source.addEventListener("error", (e) => {
			if (over)
				return;
			if (e.data !== undefined) {
				onEvent("error", JSON.parse(e.data), 0);
				end();
				return;
			}
			onState(false);
			if (source.readyState !== EventSource.CLOSED)
				return;
			timer = setTimeout(again, AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]);
		});
	};
	/* Whether there is such a run can be asked; an EventSource keeps to itself
	 * why it was refused. */
	const again = async () => {
		try {
			await ask(runPath(id, "/checkpoints"));
		} catch (e) {
			if (!over && e.status >= 400 && e.status < 500 && e.status !== 429) {
				onEvent("error", { text: e.message }, 0);
				end();
				return;
			}
		}
		if (!over)
			connect();
	};

	connect();
	return end;
}
