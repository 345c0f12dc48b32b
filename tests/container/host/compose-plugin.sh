#!/usr/bin/env bash
# Prints the path of a `docker compose` v2 plugin, for engines that are packaged without one. Debian packages it in the suite
# after bookworm. The binary has no dependencies, so only this file is extracted and no package is installed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

suite=trixie
plugin="$CACHE_DIR/config/cli-plugins/docker-compose"

if [ -x "$plugin" ]; then
  echo "$plugin"
  exit 0
fi
command -v apt-get > /dev/null || fail 'please install the docker compose v2 plugin'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$(dirname "$plugin")"

# The mirror that this machine installs packages from.
# shellcheck disable=SC2016  # apt expands it
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
[ -n "$mirror" ] || fail "no Debian mirror is configured: please install the docker compose v2 plugin"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$work/sources.list"

apt=(apt-get -q
  -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
say "extracting the docker compose plugin from Debian $suite"
(cd "$work" && "${apt[@]}" update && "${apt[@]}" download docker-compose) > "$RUN_DIR/compose-plugin.log" 2>&1 ||
  fail "the docker compose plugin could not be downloaded: see $RUN_DIR/compose-plugin.log"

dpkg-deb -x "$work"/docker-compose_*.deb "$work/files"
found=$(find "$work/files/usr" -type f -name docker-compose -perm -u+x | head -1)
[ -n "$found" ] || fail "Debian's docker-compose package has no docker-compose binary"
install -m 755 "$found" "$plugin"
echo "$plugin"
