# shellcheck shell=bash
# What the base is, for lock-base.sh and build-base.sh: Debian 12 with Python 3.11; g++, the headers and openssl, as
# Inductor compiles C++ against Python.h while it runs, and asks openssl for checksums; and the allocators that profiles
# may choose. No apt, no perl beyond Debian's own minimum, no pages, and of the compiler nothing for link-time
# optimisation and sanitizers.

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

# Run mmdebstrap for an architecture. A merged /usr is made first, else a package would bring perl to merge it.
bootstrap() { # ARCH [OPTION]... SUITE OUTPUT [MIRROR]...
    if [ "$1" != "$(dpkg --print-architecture)" ] && ! arch-test "$1" >/dev/null 2>&1; then
        echo "this host runs no programs for $1, as Debian's packages for it do when they are installed;" \
            "install qemu-user-static and arch-test, and have the kernel's binfmt_misc know them" >&2
        return 1
    fi
    mmdebstrap --quiet --architectures="$1" --variant=essential --include="$packages" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr "${dpkg_options[@]}" "${@:2}" >/dev/null
}
