#!/usr/bin/env bash
# images.sh TAG ARCHIVE: builds sentiment-service:TAG as `make image` does, and writes it with Redis and a pause image into a
# docker-archive for the test cluster. Uses the container tests' engine, and leaves it as it was.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
host=$here/../../container/host
. "$host/common.sh"
tag=$1 archive=$2

mkdir -p "$RUN_DIR"
# One engine at a time: the container tests wait for this lock as well.
exec 9> "$RUN_DIR/lock"
flock 9
trap '[ "${CONTAINER_ENGINE_OWN:-0}" != 1 ] || "$host/engine.sh" stop' EXIT
environment=$("$host/engine.sh" start)
eval "$environment"
environment=$("$host/base-images.sh")
eval "$environment"

cd "$here/../../.."
docker build --quiet --network host --file docker/Dockerfile --target runtime --tag "sentiment-service:$tag" . > /dev/null
# What holds a pod's namespaces: a process that does nothing.
docker build --quiet --tag sentiment-pause:test - > /dev/null << 'DOCKERFILE'
FROM redis:7-alpine
ENTRYPOINT ["sleep", "2147483647"]
DOCKERFILE
docker save --output "$archive" "sentiment-service:$tag" redis:7-alpine sentiment-pause:test
docker image rm "sentiment-service:$tag" sentiment-pause:test > /dev/null
