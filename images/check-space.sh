#!/usr/bin/env bash
# End with one line if the disk of a folder has less free space than what is made in it takes.
#
# Usage: check-space.sh FOLDER GB WHAT
set -euo pipefail
folder=$1 gb=$2 what=$3
available_mb=$(df --output=avail --block-size=MB "$folder" | sed --quiet 's/ *\(.*\)MB$/\1/p')
if [ "$available_mb" -lt "${gb}000" ]; then
    echo "$what takes $gb GB while it is made, and $((available_mb / 1000)) GB are free in $(realpath "$folder")" >&2
    exit 1
fi
