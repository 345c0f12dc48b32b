# shellcheck shell=bash
# Shared by the scripts of this folder: where things are kept, and how to say what happens.
# Sourced, never run.

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

# Names of the commands that are not there.
missing () {
  local name
  for name in "$@"; do
    command -v "$name" > /dev/null || printf '%s ' "$name"
  done
}

# Installs Debian packages; says what to install by hand where it can't.
install_packages () {
  if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
    fail "please install: $* (only a Debian machine's root can have it done by this script)"
  fi
  say "installing $*"
  {
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  } > "$RUN_DIR/apt.log" 2>&1 || { tail -5 "$RUN_DIR/apt.log" >&2; fail "apt-get could not install $*"; }
}
