# table.awk - samples.csv as tables: median [minimum … maximum] of the rounds,
# ratios round by round, and whether the targets are reached.

BEGIN { FS = "," }

NR == 1 || $4 == "" { next }

{
	key = $2 SUBSEP $3
	value[key, ++count[key]] = $4
	at_round[key, $1] = $4
	if ($1 > rounds) rounds = $1
}

# The n values of list in order.
function order(list, n,    i, j, v) {
	for (i = 2; i <= n; i++) {
		v = list[i]
		for (j = i - 1; j > 0 && list[j] > v; j--) list[j + 1] = list[j]
		list[j + 1] = v
	}
}

function round_to(v, digits) { return sprintf("%." digits "f", v) }

function spread(n, digits) {
	order(list, n)
	middle = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	least = list[1]; most = list[n]
	if (n == 1) return round_to(middle, digits)
	return round_to(middle, digits) " [" round_to(least, digits) " … " \
	    round_to(most, digits) "]"
}

# "-" where there is none; sets middle, least and most.
function show(cell, metric, digits,    i, n) {
	n = count[cell, metric]
	if (!n) return "–"
	for (i = 1; i <= n; i++) list[i] = value[cell, metric, i] + 0
	return spread(n, digits)
}

# ours / the largest of theirs, of the same round
function ratio(ours, theirs, metric, digits,    r, n, i, best, names, k) {
	k = split(theirs, names, " ")
	for (r = 1; r <= rounds; r++) {
		best = 0
		for (i = 1; i <= k; i++)
			if (at_round[names[i], metric, r] + 0 > best)
				best = at_round[names[i], metric, r] + 0
		if (best > 0 && ((ours, metric, r) in at_round))
			list[++n] = at_round[ours, metric, r] / best
	}
	return n ? spread(n, digits) : ""
}

function verdict(good) { return good ? "yes" : "**no**" }

function target(what, text, want, good) {
	if (text == "" || text == "–") return
	print "| " what " | " text " | " want " | " verdict(good) " |"
}

function cells(    n, i, names) {
	n = split("culprit-c1 langgraph-full-c1 culprit-c32 langgraph-full-w1-c32 " \
	    "langgraph-full-w2-c32 langgraph-default-c32", names, " ")
	print "| cell | runs/s | p50 ms | p99 ms | first event p50 ms | CPU ms a run | store KB a run | failed |"
	print "|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++) {
		if (!count[names[i], "runs_s"]) continue
		print "| " names[i] " | " show(names[i], "runs_s", 1) " | " \
		    show(names[i], "p50_ms", 1) " | " show(names[i], "p99_ms", 1) " | " \
		    show(names[i], "first_p50_ms", 1) " | " \
		    show(names[i], "cpu_ms_all", 2) " | " kb(names[i], "store_bytes") " | " faults(names[i]) " |"
	}
}

function kb(cell, metric,    i, n) {
	n = count[cell, metric]
	if (!n) return "–"
	for (i = 1; i <= n; i++) list[i] = value[cell, metric, i] / 1000
	return spread(n, 1)
}

function cpu(cell,    n, i, roles) {
	n = split("supervisor planner executor gateway up all", roles, " ")
	print "\n| CPU ms a run, " cell " | under load | packing afterwards |"
	print "|---|---|---|"
	for (i = 1; i <= n; i++)
		print "| " roles[i] " | " show(cell, "cpu_ms_" roles[i], 3) " | " \
		    show(cell, "packing_ms_" roles[i], 3) " |"
}

# A stream that broke, or that brought fewer or more events than it should.
function faults(cell,    i, bad) {
	for (i = 1; i <= count[cell, "errors"]; i++)
		bad += value[cell, "errors", i] + value[cell, "bad_event_counts", i]
	return bad + 0
}

END {
	if (count["culprit-c1", "runs_s"] || count["culprit-c32", "runs_s"]) {
		cells()
		if (count["culprit-c1", "runs_s"]) cpu("culprit-c1")
		if (count["culprit-c32", "runs_s"]) cpu("culprit-c32")
	}
	print "\n| target | measured | wanted | reached |"
	print "|---|---|---|---|"
	text = ratio("culprit-c32", "langgraph-full-w1-c32 langgraph-full-w2-c32", "runs_s", 1)
	target("32 clients, runs/s over LangGraph.js FULL+sync (its better one)", text, "≥ 20 ×", middle >= 20)
	text = show("culprit-c32", "p99_ms", 1)
	target("32 clients, p99 ms", text, "≤ 180", middle <= 180)
	text = ratio("culprit-c1", "langgraph-full-c1", "runs_s", 1)
	target("one client, runs/s over LangGraph.js FULL+sync", text, "≥ 4 ×", middle >= 4)
	text = kb("culprit-c32", "store_bytes")
	target("store KB a run, the file, 32 clients", text, "≤ 45", middle <= 45)
	text = kb("culprit-c32", "store_used_bytes")
	target("store KB a run, pages in use, 32 clients", text, "≤ 45", middle <= 45)
}
