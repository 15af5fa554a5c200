#!/usr/bin/env bash
# Set the modes of all files in a tree, so that they do not depend on the umask of the build user. Times are unchanged:
# buildah sets them.
#
# Usage: settle-modes.sh TREE
set -euo pipefail
chmod -R u=rwX,go=rX "$1"
[ ! -d "$1/results" ] || chmod 1777 "$1/results"
