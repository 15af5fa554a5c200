#!/usr/bin/env bash
# Find all that is missing on this host. Print nothing if nothing is; else print what it is, and as the last line the
# command that installs it, on the systems that have apt-get or dnf.
#
# Usage: check-prerequisites.sh PYTHON run|test|slurm|lock|image|engine|images
#   engine: what an image needs, and a Docker engine that answers.
set -euo pipefail
python=$1 purpose=$2
missing=() apt=() dnf=()

need() { # WHAT DEBIAN-PACKAGES FEDORA-PACKAGES
    missing+=("$1")
    read -r -a words <<<"$2" && apt+=("${words[@]}")
    read -r -a words <<<"$3" && dnf+=("${words[@]}")
}

need_command() { # COMMAND DEBIAN-PACKAGE FEDORA-PACKAGE
    command -v "$1" >/dev/null || need "$@"
}

need_library() { # FILE DEBIAN-PACKAGE FEDORA-PACKAGE
    [ -n "$(find /usr/lib /usr/lib64 /usr/local/lib -maxdepth 2 -name "$1" -print -quit 2>/dev/null)" ] || need "$@"
}

need_daemon() { # COMMAND DEBIAN-PACKAGE FEDORA-PACKAGES: not on the PATH of every user
    [ -x "/usr/sbin/$1" ] || need "$@"
}

is_ubuntu() {
    [ -r "${OS_RELEASE:=/etc/os-release}" ] && [[ $'\n'$(<"$OS_RELEASE") == *$'\nID=ubuntu'* ]]
}

need_python() { # HEADERS: yes if Inductor is to compile C++ against Python.h
    local version venv headers package=python3 fedora
    read -r version venv headers < <("$python" -c '
import importlib.util, os, sys, sysconfig
found = [name for name in ("ensurepip", "venv") if importlib.util.find_spec(name)]
header = os.path.join(sysconfig.get_path("include"), "Python.h")
print("%d.%d" % sys.version_info[:2], len(found) == 2 and "venv", os.path.exists(header) and "headers")
' 2>/dev/null) || true
    case ${version:-${python##*/}} in
    3.11 | 3.12 | 3.13 | 3.14) package=python$version ;;
    python3.11 | python3.12 | python3.13 | python3.14) package=${python##*/} ;;
    3.*) [ "$python" != python3 ] || package=python3.11 ;; # the system's is too old
    esac
    fedora=$package
    [ /usr/bin/python3 -ef "$(command -v "$python")" ] && fedora=python3 # the system's, whose packages have no number
    if [ "$package" != "python${version-}" ]; then
        need "Python 3.11 to 3.14 as $python${version:+, which is $version}" \
            "$package $package-dev $package-venv" "$package $package-devel"
        return
    fi
    [ "$venv" = venv ] || need "the modules venv and ensurepip of $python" "$package-venv" "$fedora"
    [ "$1" != yes ] || [ "$headers" = headers ] || need "Python.h of $python" "$package-dev" "$fedora-devel"
}

case $purpose in
run | test)
    need_python yes
    command -v g++ >/dev/null || need "the C++ compiler g++" g++ gcc-c++
    [ "$purpose" = run ] || need_library libjemalloc.so.2 libjemalloc2 jemalloc
    [ "$purpose" = run ] || need_library libtcmalloc_minimal.so.4 libtcmalloc-minimal4 gperftools-libs
    # The browser looks at reports. Ubuntu has it as a snap only, which cannot read the tests' files.
    [ "$purpose" = run ] || is_ubuntu || need_command chromium chromium chromium
    [ "$purpose" = run ] || is_ubuntu || need_command chromedriver chromium-driver chromedriver
    [ "$purpose" = run ] || need_command ssh openssh-client openssh-clients # of `bench fleet run`
    [ "$purpose" = run ] || need_daemon sshd openssh-server openssh-server
    ;;
slurm)
    need_daemon munged munge munge
    need_daemon slurmctld slurm-wlm "slurm-slurmctld slurm-slurmd"
    ;;
lock)
    need_python no
    ;;
images)
    need_python no
    need_command buildah buildah buildah
    need_command skopeo skopeo skopeo
    need_command mmdebstrap mmdebstrap mmdebstrap
    ;;
image | engine)
    need_python no
    need_command buildah buildah buildah
    need_command docker docker.io moby-engine
    [ -n "${BASE-}" ] || command -v mmdebstrap >/dev/null || need "mmdebstrap, or BASE=NAME@sha256:DIGEST" mmdebstrap mmdebstrap
    ;;
esac

if [ ${#missing[@]} = 0 ]; then
    [ "$purpose" != engine ] || docker version >/dev/null 2>&1 || {
        echo "no Docker engine answers; start one (systemctl start docker), or set DOCKER_HOST" >&2
        exit 1
    }
    exit 0
fi
root=$([ "$(id -u)" = 0 ] || echo "sudo ")
printf -v listed '%s; ' "${missing[@]}"
echo "missing: ${listed%; }" >&2
if command -v apt-get >/dev/null; then
    # A new system or container has no lists of packages yet.
    echo "${root}apt-get update && ${root}apt-get install --yes ${apt[*]}" >&2
elif command -v dnf >/dev/null; then
    echo "${root}dnf install --assumeyes ${dnf[*]}" >&2
else
    echo "install them (Debian, Ubuntu: ${apt[*]}; Fedora, RHEL: ${dnf[*]})" >&2
fi
exit 1
