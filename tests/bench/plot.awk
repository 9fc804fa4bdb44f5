# plot.awk - samples.csv as a picture: runs per second on a scale of powers of
# ten, with the least and the most of the rounds; memory over runs.

BEGIN {
	FS = ","
	ours = "#0f766e"; theirs = "#c2703d"; ink = "#1f2937"; faint = "#d7dce2"
	height = 380; top = 64; bottom = 300
}

NR == 1 || $4 == "" { next }

{
	key = $2 SUBSEP $3
	value[key, ++count[key]] = $4
}

function order(list, n,    i, j, v) {
	for (i = 2; i <= n; i++) {
		v = list[i]
		for (j = i - 1; j > 0 && list[j] > v; j--) list[j + 1] = list[j]
		list[j + 1] = v
	}
}

# Sets least, middle and most.
function spread(cell, metric,    i, n) {
	n = count[cell, metric]
	for (i = 1; i <= n; i++) list[i] = value[cell, metric, i] + 0
	order(list, n)
	least = list[1]; most = list[n]
	middle = n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function text(x, y, size, anchor, colour, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%d\" text-anchor=\"%s\" " \
	    "fill=\"%s\">%s</text>\n", x, y, size, anchor, colour, s
}

function line(x1, y1, x2, y2, colour, width) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" " \
	    "stroke=\"%s\" stroke-width=\"%s\"/>\n", x1, y1, x2, y2, colour, width
}

function log_y(v) {
	return bottom - (log(v) / log(10)) / decades * (bottom - top)
}

function bar(x, cell, label, sub_label, colour) {
	spread(cell, "runs_s")
	if (middle <= 0) return
	if (least < 1) least = 1
	printf "<rect x=\"%d\" y=\"%.1f\" width=\"52\" height=\"%.1f\" rx=\"3\" " \
	    "fill=\"%s\"/>\n", x, log_y(middle), bottom - log_y(middle), colour
	line(x + 26, log_y(least), x + 26, log_y(most), ink, 1.5)
	line(x + 19, log_y(least), x + 33, log_y(least), ink, 1.5)
	line(x + 19, log_y(most), x + 33, log_y(most), ink, 1.5)
	text(x + 26, log_y(most) - 7, 12, "middle", ink, \
	    sprintf(middle < 10 ? "%.1f" : "%.0f", middle))
	text(x + 26, bottom + 17, 11, "middle", ink, label)
	text(x + 26, bottom + 31, 10, "middle", "#6b7280", sub_label)
}

function bars(    i, x, n, cell, label, sub_label) {
	n = split("culprit-c1;langgraph-full-c1;culprit-c32;langgraph-full-w1-c32;" \
	    "langgraph-full-w2-c32;langgraph-default-c32", cell, ";")
	split("Culprit;LangGraph;Culprit;LangGraph;LangGraph;LangGraph", label, ";")
	split("1 client;1 client;32 clients;32, 1 process;32, 2 processes;" \
	    "32, not synced", sub_label, ";")
	decades = 1
	for (i = 1; i <= n; i++) {
		if (!count[cell[i], "runs_s"]) continue
		spread(cell[i], "runs_s")
		while (most > 10 ^ decades) decades++
	}
	text(24, 28, 15, "start", ink, "Durable runs per second over HTTP and SSE")
	text(24, 45, 11, "start", "#6b7280", "31 nodes a run, SQLite with " \
	    "synchronous=FULL; median, whiskers from least to most")
	for (i = 0; i <= decades; i++) {
		line(60, log_y(10 ^ i), 560, log_y(10 ^ i), faint, 1)
		text(54, log_y(10 ^ i) + 4, 11, "end", "#6b7280", 10 ^ i)
	}
	x = 76
	for (i = 1; i <= n; i++) {
		if (!count[cell[i], "runs_s"]) continue
		bar(x, cell[i], label[i], sub_label[i], i % 2 && i < 4 ? ours : theirs)
		x += i == 2 ? 92 : 80
	}
}

function mb(cell, metric) { return value[cell, metric, 1] * 1024 / 1e6 }

function memory_y(v) { return bottom - v / ceiling * (bottom - top) }

function curve(metric, colour, label,    at, path, last) {
	for (at = 0; at <= 100000; at += 100) {
		if (!count["memory-at-" at, metric]) continue
		last = mb("memory-at-" at, metric)
		path = path sprintf("%s%.1f %.1f ", path == "" ? "M" : "L", \
		    650 + at / runs * 250, memory_y(last))
	}
	printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", \
	    path, colour
	text(906, memory_y(last) + 4, 11, "start", colour, \
	    sprintf("%s %.0f", label, last))
}

function memory(    at, i) {
	ceiling = 60; runs = 1
	for (at = 0; at <= 100000; at += 100) {
		if (!count["memory-at-" at, "rss_kb_all"]) continue
		runs = at
		while (mb("memory-at-" at, "rss_kb_all") > ceiling) ceiling += 20
	}
	text(620, 28, 15, "start", ink, "Resident memory of all processes, MB")
	text(620, 45, 11, "start", "#6b7280", "after so many runs, 32 clients")
	for (i = 0; i <= ceiling; i += 20) {
		line(650, memory_y(i), 900, memory_y(i), faint, 1)
		text(644, memory_y(i) + 4, 11, "end", "#6b7280", i)
	}
	for (i = 0; i <= 2; i++)
		text(650 + i * 125, bottom + 17, 11, "middle", ink, runs * i / 2)
	curve("rss_kb_all", ours, "all")
	curve("rss_kb_supervisor", "#2563eb", "supervisor")
	curve("rss_kb_gateway", "#9333ea", "gateway")
}

END {
	has_memory = count["memory-at-0", "rss_kb_all"] > 0
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" " \
	    "height=\"%d\" font-family=\"system-ui, sans-serif\">\n", \
	    has_memory ? 1020 : 600, height
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	bars()
	if (has_memory) memory()
	print "</svg>"
}
