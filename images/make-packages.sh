#!/usr/bin/env bash
# Install the packages of a hash lock into a tree for the image, for any architecture on any architecture: no code in
# them runs.
#
# pip downloads the wheels of the architecture into FETCHED/wheels-ARCH and checks their hashes. Existing wheels are
# reused, and with OFFLINE=1 nothing is downloaded. The Python of the base for this machine's architecture compiles the
# bytecode; it is started in place by its own loader. Bytecode is the same for all architectures, but not for all versions
# of Python.
#
# Usage: [OFFLINE=1] make-packages.sh PYTHON ARCH LOCK FETCHED BASE.tar TREE
#   BASE.tar: for this machine's architecture.
set -euo pipefail
python=$1 arch=$2 lock=$3 fetched=$(realpath "$4") base=$5 tree=$6
tools=$fetched/tools wheels=$fetched/wheels-$arch venv=$tree/opt/bench/venv
umask 022

[ -x "$tools/bin/pip" ] || {
    "$python" -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        --requirement images/requirements-installer.lock
}
if [ -z "${OFFLINE-}" ]; then
    case $arch in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
    # PEP 600: a system with glibc 2.28 accepts wheels built for any older glibc.
    platforms=("--platform=manylinux2014_$machine" "--platform=manylinux2010_$machine" "--platform=manylinux1_$machine")
    for minor in $(seq 28 -1 5); do
        platforms+=("--platform=manylinux_2_${minor}_$machine")
    done
    "$tools/bin/python" images/wheels.py list "$lock" "$arch" >"$wheels.lock"
    "$tools/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --python-version 3.11 --implementation cp "${platforms[@]}" --requirement "$wheels.lock" --dest "$wheels"
fi

rm -rf "$tree"
mkdir -p "$venv/bin"
images/check-space.sh "$tree" 6 "the image's tree of packages"
"$tools/bin/python" images/wheels.py install "$lock" "$arch" "$wheels" "$tree"
"$tools/bin/python" images/left_out.py remove "$venv/lib/python3.11/site-packages"
ln -s /usr/bin/python3.11 "$venv/bin/python"
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$venv/pyvenv.cfg"
echo /opt/bench >"$venv/lib/python3.11/site-packages/bench.pth"

images/compile-bytecode.sh "$base" "$tree" opt/bench/venv/lib/python3.11/site-packages
mkdir --mode 1777 "$tree/results"
images/settle-modes.sh "$tree"
