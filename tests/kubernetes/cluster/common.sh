# shellcheck shell=bash
# Sourced by the scripts of this folder: where files are kept, and how messages are printed.

CACHE_DIR="${KUBERNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-service-kubernetes}"
export CACHE_DIR

say () {
  printf 'kubernetes (%s s): %s\n' "$SECONDS" "$*" >&2
}

fail () {
  say "$*"
  exit 1
}
