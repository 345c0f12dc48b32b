# shellcheck shell=bash
# Directories and messages of the scripts in this directory. Sourced, not run.

CACHE_DIR="${CONTAINER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-service-containers}"
RUN_DIR="$CACHE_DIR/run"
export CACHE_DIR RUN_DIR

say () {
  printf '%s\n' "container: $*" >&2
}

fail () {
  say "$*"
  exit 1
}

# Prints those of the given commands that are missing.
missing () {
  local name
  for name in "$@"; do
    command -v "$name" > /dev/null || printf '%s ' "$name"
  done
}

# Installs Debian packages, or fails with what to install by hand.
install_packages () {
  if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
    fail "please install: $* (this script can do it only as root on Debian)"
  fi
  say "installing $*"
  {
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  } > "$RUN_DIR/apt.log" 2>&1 || { tail -5 "$RUN_DIR/apt.log" >&2; fail "apt-get could not install $*"; }
}
