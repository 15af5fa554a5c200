#!/usr/bin/env bash
# Give everything in a tree the modes that it has whoever makes it. Times stay as they are: buildah sets them, and
# BuildKit tells by them what changed, so a fixed time would leave an older file of the same size in the image.
#
# Usage: settle-modes.sh TREE
set -euo pipefail
chmod -R u=rwX,go=rX "$1"
[ ! -d "$1/results" ] || chmod 1777 "$1/results"
