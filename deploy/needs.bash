# needs.bash - what deploy/quickstart and tests/run share: saying what is
# done and how long it took, installing Debian packages, building a preset.
# Sourced by bash; expects `root` to be the source tree.

needs_build=(gcc libc6-dev cmake ninja-build pkg-config
	libzmq3-dev libczmq-dev libcurl4-openssl-dev libcjson-dev
	libmicrohttpd-dev libsqlite3-dev libsodium-dev libinih-dev libzstd-dev
	libmd4c-dev libmd4c-html0-dev libjs-dygraphs libutf8proc-dev libstemmer-dev)

# Debian 12 and 13 call it differently.
needs_msgpack() {
	if apt-cache show libmsgpack-c-dev >/dev/null 2>&1; then
		echo libmsgpack-c-dev
	else
		echo libmsgpack-dev
	fi
}

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

now_ms() {
	local t=${EPOCHREALTIME/[.,]/}
	echo $((t / 1000))
}

took() { # MS_SINCE
	local ms=$(($(now_ms) - $1))
	printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "needs root to run: $* (neither root nor sudo here)"
	fi
}

# Runs a command with its output in a log; shows the log's end if it fails.
logged() { # LOG COMMAND...
	local log=$1
	shift
	if ! "$@" >>"$log" 2>&1; then
		tail -n 40 "$log" >&2
		die "failed: $* (all of it in $log)"
	fi
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Debian's packages start services and enable them for the next boot; here
# only their programs are wanted.
apt_install() { # LOG PACKAGE...
	local log=$1 policy=/usr/sbin/policy-rc.d ours=0 status=0 unit
	shift
	if [ ! -e $policy ]; then
		ours=1
		printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
		as_root chmod 755 $policy
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
		-o DPkg::Lock::Timeout=600 --no-install-recommends install "$@" >>"$log" 2>&1 || status=$?
	[ $ours = 0 ] || as_root rm -f $policy
	for unit in "$@"; do
		case $unit in prometheus*)
			as_root systemctl disable "$unit" >>"$log" 2>&1 || true
		esac
	done
	return $status
}

# Installs those of the packages that are missing.
need() { # LOG PACKAGE...
	local log=$1 start missing=() p
	shift
	for p in "$@"; do
		is_installed "$p" || missing+=("$p")
	done
	if [ ${#missing[@]} = 0 ]; then
		return
	fi
	start=$(now_ms)
	say "== installing ${missing[*]}"
	logged "$log" as_root apt-get -q update
	if ! apt_install "$log" "${missing[@]}"; then
		tail -n 20 "$log" >&2
		die "apt-get could not install them (all of it in $log)"
	fi
	say "   installed in $(took "$start")"
}

need_build_tools() { # LOG
	need "$1" "${needs_build[@]}"
	if ! is_installed libmsgpack-dev && ! is_installed libmsgpack-c-dev; then
		need "$1" "$(needs_msgpack)"
	fi
}

build_args=()	# of cmake, besides the preset

build() { # LOG PRESET [TARGET...]
	local start
	start=$(now_ms)
	say "== building preset $2 in build/$2"
	logged "$1" cmake -S "$root" --preset "$2" "${build_args[@]}"
	logged "$1" cmake --build "$root/build/$2" -j "$(nproc)" \
		${3:+--target "${@:3}"}
	say "   built in $(took "$start")"
}
