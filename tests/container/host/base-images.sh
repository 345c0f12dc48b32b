#!/usr/bin/env bash
# Provides the base images that docker/ uses: pulls them, or, if the tests' own engine can reach no registry, builds stand-ins
# under the same names, so that the Dockerfile and the Compose files are tested unchanged.
# Prints the environment that the tests need, for `eval`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"

node_image=node:24-bookworm-slim
redis_image=redis:7-alpine
label=sentiment-service.stand-in
# Stand-ins of another recipe are rebuilt.
recipe=$(cat "$here"/standin-*.sh | sha256sum | cut -c1-16)

stand_in_of () {
  docker image inspect --format "{{ index .Config.Labels \"$label\" }}" "$1" 2> /dev/null || true
}

# True if the image is present and not a stand-in.
have_real () {
  docker image inspect "$1" > /dev/null 2>&1 && [ -z "$(stand_in_of "$1")" ]
}

pull () {
  have_real "$1" || timeout "${PULL_TIMEOUT:-300}" docker pull -q "$1" > /dev/null 2> "$RUN_DIR/pull.log"
}

make_stand_in () {
  local image=$1 recipe_file=$2
  [ "$(stand_in_of "$image")" != "$recipe" ] || return 0
  say "building a stand-in for $image"
  "$here/$recipe_file" "$image" "$label=$recipe"
}

if pull "$node_image" && pull "$redis_image"; then
  echo 'export CONTAINER_STAND_IN=0'
  exit 0
fi
if [ "${CONTAINER_ENGINE_OWN:-0}" != 1 ] && [ "${STAND_IN_IMAGES:-0}" != 1 ]; then
  fail "$node_image or $redis_image can't be pulled ($(tail -1 "$RUN_DIR/pull.log")); STAND_IN_IMAGES=1 builds stand-ins" \
    'from Debian packages under these names'
fi
say "no registry is reachable ($(tail -1 "$RUN_DIR/pull.log" | tail -c 120))"
make_stand_in "$node_image" standin-node.sh
make_stand_in "$redis_image" standin-redis.sh
echo 'export CONTAINER_STAND_IN=1'
