#!/bin/sh
# Creates what Compose reads, if it is missing: `.env`, and a random password for Redis. `make up` runs this first.
set -eu
cd "$(dirname "$0")/.."

if [ ! -e .env ]; then
  cp .env.example .env
  echo 'Created .env from .env.example: change settings there'
fi

secrets=docker/secrets
if [ ! -s "$secrets/redis_url" ]; then
  # The directory keeps other users of this host out; the files are readable, because the containers' users are not the owner.
  mkdir -p "$secrets"
  chmod 700 "$secrets"
  umask 022
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  printf 'requirepass %s\n' "$password" > "$secrets/redis.conf"
  printf 'redis://:%s@redis:6379\n' "$password" > "$secrets/redis_url"
fi
