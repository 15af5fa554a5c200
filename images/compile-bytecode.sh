#!/usr/bin/env bash
# Compile the bytecode of a folder of a tree, valid by content, with the Python of a base for this machine's architecture.
#
# Bytecode depends on which objects the process already shares (CPython issue 78274). So each entry of the folder has its
# own process, which compiles files in sorted order. The number of parallel processes does not matter.
#
# Usage: compile-bytecode.sh BASE.tar TREE FOLDER
set -euo pipefail
tree=$(realpath "$2") folder=$3
root=$(mktemp --directory)
trap 'rm -rf "$root"' EXIT
tar --extract --file "$1" --directory "$root" --exclude './dev/*' --wildcards './lib*' './usr/bin/python3*' './usr/lib/*-linux-gnu*' './usr/lib/python3*' './usr/lib64/*'

loader=$(echo "$root"/usr/lib/*-linux-gnu/ld-linux-*.so.*)
export PYTHONHOME=$root/usr PYTHONHASHSEED=0
# py312_*: written for a later Python; compileall would fail on these files.
find "$tree/$folder" -mindepth 1 -maxdepth 1 \( -type d -o -name '*.py' \) -print0 | LC_ALL=C sort --zero-terminated |
    xargs --null --max-args 1 --max-procs "$(nproc)" "$loader" --library-path "${loader%/*}" "$root/usr/bin/python3.11" -S -m compileall -qf \
        -x /py312_ --invalidation-mode unchecked-hash -s "$tree"
