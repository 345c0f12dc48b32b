#!/usr/bin/env bash
# standin-redis.sh IMAGE LABEL: builds a stand-in for Redis's Alpine image: Debian's redis-server, with the public image's
# user (999:1000), data directory and port.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/common.sh"
. "$here/standin-root.sh"

image=$1 label=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
make_root "$root" redis-server

install -d -o 999 -g 1000 "$root/data"
tar -C "$root" -c . | docker import --change 'WORKDIR /data' --change 'VOLUME /data' --change 'EXPOSE 6379' \
  --change 'CMD ["redis-server"]' --change "LABEL $label" \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$image" > /dev/null
