#!/usr/bin/env bash
# Boot a machine with two NUMA nodes, SMT and an offline CPU under emulation, and check inside it, on a real kernel,
# what bench detects, binds and reads back. Passes if and only if the machine's last line says that all checks passed.
#
# The machine is described here and in tests/numa/init, and expected in tests/numa/detection.py.
#
# Usage: boot.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
output=build/numa
limit_s=300

need() { # PROGRAM DEBIAN-PACKAGE
    command -v "$1" >/dev/null || {
        echo "missing: $1; install it (Debian, Ubuntu: apt-get install $2)" >&2
        exit 1
    }
}
[ "$(uname -m)" = x86_64 ] || {
    echo "make test-numa emulates an x86-64 machine with this host's packages of .venv; this host is $(uname -m)" >&2
    exit 1
}
need qemu-system-x86_64 qemu-system-x86
need mmdebstrap mmdebstrap
need timeout coreutils

tests/numa/build.sh

# What changes from run to run is a second archive, which the kernel unpacks over the first.
packages=.venv/lib/python3.11/site-packages
[ -d "$packages" ] || {
    echo "make test-numa needs Python 3.11 in .venv, as the emulated machine has; use make test-numa PYTHON=python3.11" >&2
    exit 1
}
rm -rf "$output/program"
mkdir -p "$output/program/opt/bench/tests" "$output/program/opt/packages"
cp tests/numa/init "$output/program/init"
cp --recursive bench profiles "$output/program/opt/bench"
cp --recursive tests/numa "$output/program/opt/bench/tests"
cp --recursive "$packages/archspec" "$packages/msgspec" "$output/program/opt/packages"
.venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash "$output/program/opt"
(cd "$output/program" && find . | ../busybox cpio --quiet -o -H newc) >"$output/program.cpio"
cat "$output/rootfs.cpio" "$output/program.cpio" >"$output/initramfs.cpio"

# `max` has all that QEMU can emulate, AVX2 among it; as an AMD CPU, which it is else, it cannot show SMT.
# A kernel that panics restarts immediately, which ends the machine. Mitigations of silicon's faults only cost time here.
machine=(
    -accel tcg -cpu "max,vendor=GenuineIntel" -display none -monitor none -nodefaults -no-user-config -no-reboot
    -smp "8,sockets=2,cores=2,threads=2" -m 1024
    -object "memory-backend-ram,id=large,size=640M" -numa "node,nodeid=0,memdev=large,cpus=0-3"
    -object "memory-backend-ram,id=small,size=384M" -numa "node,nodeid=1,memdev=small,cpus=4-7"
    -numa "dist,src=0,dst=1,val=21"
    -kernel "$output/vmlinuz" -initrd "$output/initramfs.cpio" -append "console=ttyS0 panic=-1 mitigations=off"
    -serial "file:$output/kernel.log" -serial stdio
)
echo "Booting; the kernel's log is $output/kernel.log." >&2
exec {lines}< <(exec setpriv --pdeathsig TERM timeout --kill-after=5 "$limit_s" qemu-system-x86_64 "${machine[@]}" </dev/null)
emulator=$!
trap 'kill "$emulator" 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

passed=0 last=
while IFS= read -r -u "$lines" line; do
    printf '%s\n' "$line"
    last=$line
    case $line in "ok "*) passed=$((passed + 1)) ;; esac
done
status=0
wait "$emulator" || status=$?

if [ "$status" -eq 0 ] && [ "$passed" -gt 0 ] && [ "$last" = "passed: all $passed checks" ]; then
    exit 0
fi
if [[ "$last" != "failed: "* ]]; then
    echo "The machine ended without a verdict (QEMU's status is $status; 124 is the limit of $limit_s s). Its kernel's last words:" >&2
    tail --lines=20 "$output/kernel.log" >&2 || true
fi
exit 1
