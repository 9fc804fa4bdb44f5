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
	print "\n| CPU ms a run, " cell " | |"
	print "|---|---|"
	for (i = 1; i <= n; i++)
		print "| " roles[i] " | " show(cell, "cpu_ms_" roles[i], 3) " |"
}

# A stream that broke, or that brought fewer or more events than it should.
function faults(cell,    i, bad) {
	for (i = 1; i <= count[cell, "errors"]; i++)
		bad += value[cell, "errors", i] + value[cell, "bad_event_counts", i]
	return bad + 0
}

# The one value of a cell that is measured once.
function one(cell, metric) { return value[cell, metric, 1] }

function mb(cell, metric) { return one(cell, metric) * 1024 / 1e6 }

function memory_row(cell, label,    n, i, roles, line) {
	if (!count[cell, "rss_kb_all"]) return
	n = split("supervisor planner executor gateway up all", roles, " ")
	line = "| " label
	for (i = 1; i <= n; i++)
		line = line " | " round_to(mb(cell, "rss_kb_" roles[i]), 1)
	print line " | " round_to(mb(cell, "pss_kb_all"), 1) " |"
}

function memory(    at) {
	if (!count["memory-at-0", "rss_kb_all"]) return
	print "\n| runs | supervisor | planner | executor | gateway | up | all, RSS MB | all, PSS MB |"
	print "|---|---|---|---|---|---|---|---|"
	for (at = 0; at <= 100000; at += 100)
		memory_row("memory-at-" at, at)
	memory_row("memory-after", "at rest")
}

# Least squares over the second half: MB in all per 1,000 runs.
function slope(    at, n, x, y, sx, sy, sxx, sxy, most) {
	most = memory_most()
	for (at = most / 2; at <= most; at += 100) {
		if (!count["memory-at-" at, "rss_kb_all"]) continue
		x = at / 1000; y = mb("memory-at-" at, "rss_kb_all")
		n++; sx += x; sy += y; sxx += x * x; sxy += x * y
	}
	return n > 1 ? (n * sxy - sx * sy) / (n * sxx - sx * sx) : 0
}

function memory_most(    at, most) {
	for (at = 0; at <= 100000; at += 100)
		if (count["memory-at-" at, "rss_kb_all"]) most = at
	return most
}

function grown(metric) {
	return (one("viewers-idle", metric) - one("viewers-before", metric)) / \
	    one("viewers", "viewers")
}

function viewers(    n) {
	n = one("viewers", "viewers")
	if (!n) return
	print "\n| " n " viewers | |"
	print "|---|---|"
	print "| all following after | " round_to(one("viewers", "following_s"), 2) " s |"
	print "| gateway KiB each | " round_to(grown("rss_kb_gateway"), 1) " |"
	print "| supervisor KiB each | " round_to(grown("rss_kb_supervisor"), 1) " |"
	print "| kernel: socket buffers KiB each, both ends | " round_to(grown("buffers_kb"), 1) " |"
	print "| kernel: all slabs KiB each, both ends, whole machine | " round_to(grown("slab_kb"), 1) " |"
	print "| one event, from the first viewer to the last | " one("viewers", "spread_ms") " ms |"
	print "| from there to the last viewer\047s end of the run | " one("viewers", "all_ms") " ms |"
	print "| events each | " one("viewers", "events_each") " |"
	print "| viewers that missed something | " faults("viewers") " |"
}

function target_ratio(what, theirs, ours, want,    text) {
	text = ratio(ours, theirs, "runs_s", 1)
	target(what ", runs/s over LangGraph.js FULL+sync", text, "≥ " want " ×", middle >= want)
}

# What processes share is in the RSS of each; in PSS it is there once.
function target_mb(cell, what, want) {
	middle = mb(cell, "pss_kb_all")
	target(what ", shared pages once (PSS)", round_to(middle, 1), "≤ " want, middle <= want)
}

function targets(    text, most, each) {
	print "\n| target (median) | measured | wanted | reached |"
	print "|---|---|---|---|"
	target_ratio("32 clients", "langgraph-full-w1-c32 langgraph-full-w2-c32", "culprit-c32", 30)
	text = show("culprit-c32", "p99_ms", 1)
	target("32 clients, p99 ms", text, "≤ 45", middle <= 45)
	target_ratio("one client", "langgraph-full-c1", "culprit-c1", 4.5)
	text = kb("culprit-c32", "store_bytes")
	target("store KB a run, the file and its log", text, "≤ 20", middle <= 20)
	text = kb("culprit-c32", "store_used_bytes")
	target("store KB a run, what is in use of it", text, "≤ 20", middle <= 20)
	text = show("culprit-c32", "turn_ms", 0)
	target("longest turn of the supervisor\047s loop, ms (20: none was longer)", text, "≤ 20", middle <= 20)
	text = show("disk-c32", "other_p99_ms", 1)
	target("syncs of 20 ms, 32 clients: p99 of who only reads, ms", text, "≤ 5", middle <= 5)
	text = show("disk-c32", "runs_s", 1)
	target("syncs of 20 ms, 32 clients: runs/s", text, "≥ 25", middle >= 25)
	text = show("cold", "event_ms", 0)
	target("cold start to the first event, ms", text, "≤ 70", middle <= 70)
	most = memory_most()
	if (count["memory-at-0", "rss_kb_all"]) {
		target_mb("memory-at-0", "MB of all processes, idle", 18)
		target_mb("memory-at-" most, "… after " most " runs", 30)
		text = slope()
		target("… growth over its second half, MB per 1,000 runs", round_to(text, 3), "≤ 0.1", text <= 0.1)
		text = one("memory-after", "store_bytes") / 1000
		target("store KB a run after " most " runs, the file and its log", round_to(text, 1), "≤ 20", text <= 20)
	}
	if (count["viewers", "viewers"]) {
		each = grown("rss_kb_gateway") + grown("rss_kb_supervisor") + grown("buffers_kb")
		target(one("viewers", "viewers") " idle viewers, KiB each (processes and buffers)", round_to(each, 1), "≤ 64", each <= 64)
	}
}

END {
	if (count["culprit-c1", "runs_s"] || count["culprit-c32", "runs_s"]) {
		cells()
		if (count["culprit-c1", "runs_s"]) cpu("culprit-c1")
		if (count["culprit-c32", "runs_s"]) cpu("culprit-c32")
	}
	if (count["cold", "event_ms"]) {
		print "\n| cold start | ready ms | first event ms |"
		print "|---|---|---|"
		print "| culprit | " show("cold", "ready_ms", 0) " | " show("cold", "event_ms", 0) " |"
		if (count["langgraph-cold", "event_ms"])
			print "| langgraph | " show("langgraph-cold", "ready_ms", 0) " | " \
			    show("langgraph-cold", "event_ms", 0) " |"
	}
	memory()
	viewers()
	targets()
}
