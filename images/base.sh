# shellcheck shell=bash
# Definition of the base, for lock-base.sh and build-base.sh: Debian 12 with Python 3.11, g++, headers, openssl and
# allocators. Inductor compiles C++ against Python.h at run time, and uses openssl for checksums; profiles choose the
# allocators. Left out: apt, perl beyond perl-base, manual pages, and the parts of g++ for link-time optimisation and
# sanitizers.

suite=bookworm
packages=g++,libjemalloc2,libpython3.11-dev,libtcmalloc-minimal4,openssl,python3
left_out=(
    /usr/bin/*lto-dump* '/usr/lib/gcc/*/lto1' '/usr/lib/gcc/*/lib[alt]san*' '/usr/lib/gcc/*/libubsan*'
    '/usr/lib/python3.11/config-*/libpython*.a'
    '/usr/share/doc/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/man/*'
)
dpkg_options=()
for pattern in "${left_out[@]}"; do
    dpkg_options+=("--dpkgopt=path-exclude=$pattern")
done
dpkg_options+=('--dpkgopt=path-include=/usr/share/doc/*/copyright')

# Run mmdebstrap for an architecture. /usr is merged first, because otherwise a package installs perl to merge it.
bootstrap() { # ARCH [OPTION]... SUITE OUTPUT [MIRROR]...
    if [ "$1" != "$(dpkg --print-architecture)" ] && ! arch-test "$1" >/dev/null 2>&1; then
        echo "this host cannot run programs for $1, but its Debian packages run scripts when they are installed;" \
            "install qemu-user-static and arch-test, and have the kernel's binfmt_misc know them" >&2
        return 1
    fi
    mmdebstrap --quiet --architectures="$1" --variant=essential --include="$packages" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr "${dpkg_options[@]}" "${@:2}" >/dev/null
}
