# shellcheck shell=bash
# Sourced by the stand-ins' recipes. make_root DIRECTORY [PACKAGES] creates a minimal Debian bookworm.

make_root () {
  local root=$1 packages=${2:-ca-certificates}
  [ -z "$(missing debootstrap)" ] || install_packages debootstrap
  local mirror
  # shellcheck disable=SC2016  # apt expands it
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
  [ -n "$mirror" ] || fail 'no Debian mirror is configured: stand-in images need one'
  debootstrap --variant=minbase "--include=$packages" bookworm "$root" "$mirror" > "$RUN_DIR/debootstrap.log" 2>&1 ||
    fail "debootstrap failed: see $RUN_DIR/debootstrap.log"
  # The public slim images omit these files, too.
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/* \
    "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/usr/share/info/*
}
