# cluster.awk - cluster.csv as a table (to=table) or a picture (to=plot) of the
# time and of Prometheus's processor time over the number of series.

BEGIN {
	FS = ","
	ink = "#1f2937"; faint = "#d7dce2"
	colours = "#0f766e #c2703d #2563eb #9333ea #b91c1c #4d7c0f #be185d"
	split(colours, colour, " ")
	left = 70; width = 300; top = 60; bottom = 300
	if (to == "table") {
		print "| series | fault | s | Prometheus's CPU s | our peak MiB | place | first | confidence | read | questions | not looked at |"
		print "|---|---|---|---|---|---|---|---|---|---|---|"
	}
}

{
	if (!($2 in number)) { number[$2] = ++faults; name[faults] = $2 }
	if (!($1 in seen)) { seen[$1] = 1; size[++sizes] = $1 }
	took[$2, $1] = $3 / 1000; spent[$2, $1] = $4 / 1000
	if (to == "table")
		printf "| %d | %s | %.2f | %.2f | %.1f | %s | %s | %s | %s | %s | %s |\n", \
		    $1, $2, $3 / 1000, $4 / 1000, $5, ($6 > 0 ? $6 : "–"), $7, $8, $9, $10, $11
}

function text(x, y, anchor, fill, s) {
	printf "<text x=\"%.1f\" y=\"%.1f\" font-size=\"12\" text-anchor=\"%s\" " \
	    "fill=\"%s\">%s</text>\n", x, y, anchor, fill, s
}

function line(x1, y1, x2, y2, stroke, wide) {
	printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" " \
	    "stroke=\"%s\" stroke-width=\"%s\"/>\n", x1, y1, x2, y2, stroke, wide
}

# Powers of ten apart, both ways.
function at_x(n) { return left + (log(n) / log(10) - 3.5) / 2 * width }
function at_y(s) {
	return bottom - (log(s > .01 ? s : .01) / log(10) + 1.5) / 3 * (bottom - top)
}

function panel(title, value,    i, f, s) {
	text(left, top - 24, "start", ink, title)
	for (i = -1; i <= 1; i++) {
		line(left, at_y(10 ^ i), left + width, at_y(10 ^ i), faint, 1)
		text(left - 6, at_y(10 ^ i) + 4, "end", ink, 10 ^ i)
	}
	line(left, at_y(2), left + width, at_y(2), "#b91c1c", ".7")
	for (s = 1; s <= sizes; s++)
		text(at_x(size[s]), bottom + 18, "middle", ink, size[s])
	for (f = 1; f <= faults; f++)
		for (s = 1; s <= sizes; s++) {
			printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", \
			    at_x(size[s]), at_y(value[name[f], size[s]]), colour[f]
			if (s > 1)
				line(at_x(size[s - 1]), at_y(value[name[f], size[s - 1]]), \
				    at_x(size[s]), at_y(value[name[f], size[s]]), colour[f], 1.5)
		}
	left += width + 80
}

END {
	if (to != "plot") exit
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"920\" height=\"340\" font-family=\"system-ui, sans-serif\">"
	print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
	panel("find_causes, seconds, by series (line: 2 s)", took)
	panel("processor seconds of Prometheus for it", spent)
	for (i = 1; i <= faults; i++)
		text(left - 60, top + i * 18, "start", colour[i], name[i])
	print "</svg>"
}
