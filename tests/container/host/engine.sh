#!/usr/bin/env bash
# engine.sh start   provides a Docker engine and `docker compose` v2, and prints the environment for using them, for `eval`.
#                   Starts an engine if none is running.
# engine.sh stop    stops the engine that `start` started, if any; images stay in the cache for later runs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

socket="unix://$RUN_DIR/docker.sock"
pid_file="$RUN_DIR/dockerd.pid"
log="$RUN_DIR/dockerd.log"

# A `docker` that is installed without an engine may be a bare client without plugins and BuildKit.
client () {
  if [ -x /usr/bin/docker ]; then echo /usr/bin/docker; else command -v docker; fi
}

running () {
  DOCKER_HOST=$1 "$(client)" info > /dev/null 2>&1
}

launch () {
  if [ "$(uname -s)" != Linux ] || [ "$(id -u)" -ne 0 ]; then
    fail 'no Docker engine is running, and only root on Linux can start one: please start Docker'
  fi
  if [ -n "$(missing dockerd containerd runc docker-init iptables)" ]; then
    install_packages docker.io iptables ca-certificates
  fi
  say 'starting a Docker engine'
  # The engine may outlive this run: close inherited files, such as the caller's lock.
  (
    for fd in /proc/"$BASHPID"/fd/*; do
      [ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"
    done
    exec nohup dockerd --host "$socket" --pidfile "$pid_file" --data-root "$CACHE_DIR/engine" \
      --exec-root "$RUN_DIR/exec" > "$log" 2>&1 < /dev/null
  ) &
  local waited=0
  until running "$socket"; do
    kill -0 $! 2> /dev/null || { tail -5 "$log" >&2; fail "the Docker engine exited: see $log"; }
    [ $((waited += 1)) -le 300 ] || fail "the Docker engine does not respond: see $log"
    sleep 0.2
  done
}

start () {
  mkdir -p "$RUN_DIR" "$CACHE_DIR/bin" "$CACHE_DIR/config"
  local host=${DOCKER_HOST:-} own=0
  if [ -z "$(missing docker)" ] && running "$host"; then
    say 'using the running Docker engine'
  else
    own=1
    host=$socket
    if [ -z "$(missing docker)" ] && running "$host"; then say 'using the engine of the previous run'; else launch; fi
  fi
  [ -z "$host" ] || printf 'export DOCKER_HOST=%q\n' "$host"
  printf 'export CONTAINER_ENGINE_OWN=%q\n' "$own"
  # Older clients use BuildKit only with this variable.
  echo 'export DOCKER_BUILDKIT=1'
  ln -sf "$(client)" "$CACHE_DIR/bin/docker"
  # shellcheck disable=SC2016  # the caller expands PATH
  printf 'export PATH=%q:$PATH\n' "$CACHE_DIR/bin"
  if ! "$(client)" compose version > /dev/null 2>&1; then
    "$here/compose-plugin.sh" > /dev/null
    printf 'export DOCKER_CONFIG=%q\n' "$CACHE_DIR/config"
  fi
}

stop () {
  local pid
  pid=$(cat "$pid_file" 2> /dev/null) || return 0
  # After a reboot, the file may name another process.
  [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = dockerd ] || return 0
  say 'stopping the Docker engine'
  kill "$pid"
  while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  *) fail 'usage: engine.sh start | stop' ;;
esac
