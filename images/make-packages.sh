#!/usr/bin/env bash
# Install the packages of a hash lock into a tree for the image, for any architecture on any: nothing of them is run.
#
# uv chooses the wheels of the architecture and checks their hashes; what it keeps in FETCHED/uv is not fetched again,
# and with OFFLINE=1 nothing is. The bytecode is made by the Python of the base for this machine's own architecture, run
# where it lies by its own loader: it is the same for all architectures, but not for all versions of Python.
#
# Usage: [OFFLINE=1] make-packages.sh PYTHON ARCH LOCK FETCHED BASE.tar TREE
#   BASE.tar: of this machine's architecture.
set -euo pipefail
python=$1 arch=$2 lock=$3 fetched=$(realpath "$4") base=$5 tree=$6
case $arch in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
venv=$tree/opt/bench/venv
umask 022

[ -x "$fetched/uv.venv/bin/uv" ] || {
    "$python" -m venv "$fetched/uv.venv"
    "$fetched/uv.venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary :all: --requirement images/requirements-uv.lock
}
rm -rf "$tree"
"$python" -m venv --without-pip "$venv"
UV_CACHE_DIR=$fetched/uv ${OFFLINE:+env UV_OFFLINE=1} "$fetched/uv.venv/bin/uv" pip install --quiet --no-config --python "$venv/bin/python" \
    --python-platform "$machine-manylinux_2_28" --no-deps --only-binary :all: --require-hashes --requirement "$lock"

# What tells of this machine: its Python, in the environment and in the first lines of scripts, which nobody needs.
rm -rf "$venv"/bin "$venv"/include "$venv"/pyvenv.cfg "$venv"/.lock "$venv"/.gitignore "$venv"/CACHEDIR.TAG
mkdir "$venv/bin"
ln -s /usr/bin/python3.11 "$venv/bin/python"
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$venv/pyvenv.cfg"
sed --in-place '\|^\.\./\.\./\.\./bin/|d' "$venv"/lib/python3.11/site-packages/*.dist-info/RECORD
echo /opt/bench >"$venv/lib/python3.11/site-packages/bench.pth"

images/compile-bytecode.sh "$base" "$tree" opt/bench/venv/lib/python3.11/site-packages
mkdir --mode 1777 "$tree/results"
images/settle-modes.sh "$tree"
