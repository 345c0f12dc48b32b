#!/usr/bin/env bash
# Runs the container tests: provides an engine and base images, runs vitest, then stops and removes everything that was
# started. Arguments are passed to vitest: test.sh image privileges
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

# Tests call make as a user would: inherited flags would make it print the directories that it enters.
unset MAKEFLAGS MAKELEVEL MFLAGS

cd "$here/../../.."
mkdir -p "$RUN_DIR"
# Two concurrent runs would stop each other's engine.
exec 9> "$RUN_DIR/lock"
if command -v flock > /dev/null; then flock 9; fi

label=com.docker.compose.project
prefix=sentiment-test-

# Also removes what an interrupted run left behind.
clean_up () {
  local status=$? id
  trap - EXIT
  docker ps --all --filter "label=$label" --format "{{ .ID }} {{ .Label \"$label\" }}" 2> /dev/null |
    while read -r id project; do [[ $project != "$prefix"* ]] || docker rm --force --volumes "$id" > /dev/null; done
  for id in $(docker network ls --quiet --filter "name=$prefix" 2> /dev/null); do docker network rm "$id" > /dev/null || true; done
  for id in $(docker volume ls --quiet --filter "name=$prefix" 2> /dev/null); do docker volume rm "$id" > /dev/null || true; done
  if [ "${CONTAINER_ENGINE_OWN:-0}" = 1 ]; then
    # Bound the cache, which speeds up later runs.
    docker image prune --force > /dev/null 2>&1 || true
    docker builder prune --force --keep-storage 4GB > /dev/null 2>&1 || true
  fi
  [ "${CONTAINER_ENGINE_OWN:-0}" != 1 ] || [ "${KEEP_ENGINE:-0}" = 1 ] || "$here/engine.sh" stop
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

environment=$("$here/engine.sh" start)
eval "$environment"
environment=$("$here/base-images.sh")
eval "$environment"

node scripts/setup.js > /dev/null
node_modules/.bin/vitest run --config tests/container/vitest.config.ts "$@"
