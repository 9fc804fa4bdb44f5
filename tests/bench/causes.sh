#!/bin/sh
# causes.sh [BUILD]: find_causes at 100, 1,000 and 10,000 series.
# "named" is the share for which a cause was said to stand out: in the quiet rows
# that is the false alarms. Times are processor seconds without making the
# answers; memory is the peak of the process.
set -eu
build=${1:-build/release}
echo "series  fault       n   AC@1  AC@3  named   mean s  worst   MiB peak"
"$build/bin/bench_causes" 100 40
"$build/bin/bench_causes" 1000 20
"$build/bin/bench_causes" 10000 5
