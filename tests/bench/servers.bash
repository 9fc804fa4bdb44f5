# servers.bash - the servers that tests/bench/run measures: started, watched
# through /proc, ended. Sourced; one server runs at a time.
#
# Invariant: whatever is started here is told by the kernel to end when the
# shell that started it does (setpriv --pdeathsig), so that nothing is left.

srv_pid=
srv_addr=
load=
tick=$(getconf CLK_TCK)

# Every process of the server: the one we started, and its children.
srv_pids() {
	echo "$srv_pid" $(cat "/proc/$srv_pid/task/"*/children 2>/dev/null)
}

end_server() {
	local p pids
	[ -n "$srv_pid" ] || return 0
	pids=$(srv_pids)
	# One that was stopped could not hear that it should end.
	for p in $pids; do kill -CONT "$p" 2>/dev/null || true; done
	kill "$srv_pid" 2>/dev/null || true
	wait "$srv_pid" 2>/dev/null || true
	srv_pid=
}

end_all() {
	end_server
}

await() { # SECONDS COMMAND...: whether it came to succeed
	local until=$(($(now_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(now_ms)" -lt $until ] || return 1
		sleep 0.05
	done
}

alive() {
	[ -d "/proc/$srv_pid" ] && ! grep -q '^State:.Z' "/proc/$srv_pid/status"
}

# ---- Culprit ----

is_ready() {
	alive || die "the server ended: $(tail -n 3 "$srv_log")"
	grep -q ^ready "$srv_out"
}

culprit_args() { # FOLDER ARGUMENTS...: sets args
	args=("$bin/culprit" up --data-dir "$1/data" --listen 127.0.0.1:0
		--log-level warn --tools echo --planner script
		--planner-script "$scratch/plans.json" --capacity 32 "${@:2}")
}

# in_env is what it is started under, as in_env=(env NAME=VALUE).
in_env=()
start_culprit() { # FOLDER ARGUMENTS...
	local args dir=$1
	mkdir -p "$dir"
	srv_out=$dir/ready
	srv_log=$dir/log
	culprit_args "$@"
	setpriv --pdeathsig TERM "${in_env[@]}" "${args[@]}" \
		>"$srv_out" 2>"$srv_log" </dev/null &
	srv_pid=$!
	srv_db=$dir/data/culprit.db
	await 30 is_ready || die "no answer within 30 s: $(tail -n 3 "$srv_log")"
	srv_addr=$(sed -n 's,^ready http://,,p' "$srv_out")
}

ask_store() { # SQL
	sqlite3 -readonly -cmd '.timeout 2000' "$srv_db" "$1"
}

# The longest turn of the supervisor's loop; it tells of those over 20 ms.
turn_sample() { # CELL
	local longest
	longest=$(sed -n 's/.*msg="a turn took long".* ms=\([0-9]*\).*/\1/p' \
		"$srv_log" | sort -n | tail -n 1)
	sample "$1" turn_ms "${longest:-20}"
}

# The file with its log, and what of the file is in use. The same evidence is
# kept once; what it would take if no two runs had any in common comes apart.
store_sample() { # CELL RUNS
	local page free total
	page=$(ask_store 'PRAGMA page_size')
	total=$(ask_store 'PRAGMA page_count')
	free=$(ask_store 'PRAGMA freelist_count')
	sample "$1" store_bytes $(($(cat "$srv_db" "$srv_db"-wal | wc -c) / $2))
	sample "$1" store_used_bytes $(((total - free) * page / $2))
	sample "$1" store_evidence_bytes \
		"$(ask_store 'SELECT sum(length(data)) FROM blobs')"
}

# ---- LangGraph.js ----

prepare_peer() {
	local at
	at=$(now_ms)
	say "== installing LangGraph.js from a copy of $peer"
	command -v npm >/dev/null || die "no npm: install nodejs and npm"
	mkdir -p "$scratch/peer"
	cp -r "$peer/lib" "$peer/bench" "$peer"/package*.json "$scratch/peer/"
	if [ -d "$peer/node_modules" ]; then
		ln -s "$peer/node_modules" "$scratch/peer/node_modules"
	else
		logged "$log" npm --prefix "$scratch/peer" --no-audit --no-fund \
			install
	fi
	load=$scratch/sse_load
	logged "$log" gcc -O2 -o "$load" "$scratch/peer/bench/sse_load.c"
	say "   installed in $(took "$at")"
}

# A port that nobody has now. Node cannot say which it was given.
free_port() {
	local port
	for ((port = 18000 + RANDOM % 2000; port < 30000; port++)); do
		grep -qi ":$(printf %04x $port) " /proc/net/tcp || break
	done
	echo $port
}

listens() {
	alive || die "the server ended: $(tail -n 3 "$srv_log")"
	grep -q listening "$srv_log"
}

peer_args() { # FOLDER WORKERS SAVER DURABILITY: sets args and srv_addr
	srv_addr=127.0.0.1:$(free_port)
	args=(env LANGSMITH_TRACING=false "PORT=${srv_addr#*:}"
		"DB=$1/runs.db" "WORKERS=$2" "SAVER=$3" "DURABILITY=$4"
		node "$scratch/peer/bench/http_server.mjs")
}

start_peer() { # FOLDER WORKERS SAVER DURABILITY
	local args
	peer_args "$@"
	srv_log=$1/log
	setpriv --pdeathsig KILL "${args[@]}" >"$srv_log" 2>&1 </dev/null &
	srv_pid=$!
	await 60 listens || die "no answer within 60 s: $(tail -n 3 "$srv_log")"
	# Further workers say nothing of their own.
	sleep 1
}

# ---- processes ----

# "supervisor", "gateway", "up" … or "node".
role_of() { # PID
	local name
	name=$(tr '\0' '\n' <"/proc/$1/cmdline" | head -n 1)
	name=${name##*/}
	name=${name#culprit-}
	echo "$name"
}

pid_of() { # ROLE
	local p
	for p in $(srv_pids); do
		[ "$(role_of "$p")" != "$1" ] || echo "$p"
	done
}

ticks_of() { # PID
	local line
	read -r line <"/proc/$1/stat"
	set -- ${line##*) }
	echo $((${12} + ${13}))
}

cpu_mark() {
	local p
	declare -gA cpu_before=()
	for p in $(srv_pids); do
		cpu_before[$p]=$(ticks_of "$p")
	done
}

# Processor milliseconds a run since cpu_mark, of each process and of all.
cpu_sample() { # CELL PREFIX RUNS
	local p ticks all=0
	local -A by_role=()
	for p in "${!cpu_before[@]}"; do
		ticks=$(($(ticks_of "$p") - cpu_before[$p]))
		all=$((all + ticks))
		by_role[$(role_of "$p")]=$((${by_role[$(role_of "$p")]:-0} + ticks))
	done
	by_role[all]=$all
	for p in "${!by_role[@]}"; do
		sample "$1" "$2_ms_$p" "$(awk -v t="${by_role[$p]}" -v hz="$tick" \
			-v n="$3" 'BEGIN { printf "%.4f", t * 1000 / hz / n }')"
	done
}

# Resident kilobytes now, of each process and of all: RSS counts what is shared
# in each of them, PSS once.
memory_sample() { # CELL
	local p role rss pss all_rss=0 all_pss=0
	local -A by_role=()
	for p in $(srv_pids); do
		rss=$(awk '/^Rss:/ { print $2 }' "/proc/$p/smaps_rollup")
		pss=$(awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup")
		role=$(role_of "$p")
		by_role[$role]=$((${by_role[$role]:-0} + rss))
		all_rss=$((all_rss + rss))
		all_pss=$((all_pss + pss))
	done
	for role in "${!by_role[@]}"; do
		sample "$1" "rss_kb_$role" "${by_role[$role]}"
	done
	sample "$1" rss_kb_all $all_rss
	sample "$1" pss_kb_all $all_pss
}

# What sockets take in the kernel, of the whole machine: their buffers, and
# the objects behind them with everything else the kernel allocates.
kernel_sample() { # CELL
	sample "$1" buffers_kb "$(awk '/^TCP:/ {
		for (i = 2; i < NF; i += 2) if ($i == "mem") print $(i + 1) * 4
	}' /proc/net/sockstat)"
	sample "$1" slab_kb "$(awk '/^Slab:/ { print $2 }' /proc/meminfo)"
}
