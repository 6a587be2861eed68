#!/usr/bin/env bash
# Compares Quintet with River on a PostgreSQL cluster of its own, which is gone
# afterwards. Arguments are handed to the program: ./run.sh --rounds 1
# FOLDER is where all data goes, on the disk to measure (default /tmp).
set -euo pipefail
cd "$(dirname "$0")"

missing() { echo "run.sh: $1 is missing; $2" >&2; exit 1; }
command -v go >/dev/null || missing 'the Go toolchain' 'see go.mod for its version'
bin=/usr/lib/postgresql/15/bin
if [ ! -x "$bin/initdb" ]; then
  initdb=$(command -v initdb) || missing 'PostgreSQL 15 (initdb)' 'on Debian: apt-get install postgresql-15'
  bin=$(dirname "$initdb")
fi
[ -x "$bin/postgres" ] || missing "PostgreSQL ($bin/postgres)" 'on Debian: apt-get install postgresql-15'

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 || missing 'the user postgres' 'it comes with postgresql-15; or run this as an ordinary user'
  as=(runuser -u postgres --)
fi

dir=$(mktemp -d "${FOLDER:-/tmp}/river-XXXXXX") # short: a socket's path has at most 107 bytes
finish() {
  if [ -f "$dir/pg/postmaster.pid" ]; then "${as[@]}" "$bin/pg_ctl" -D "$dir/pg" -m immediate -w stop >/dev/null || true; fi
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir "$dir/pg" "$dir/quintet"
if [ ${#as[@]} -gt 0 ]; then chmod 755 "$dir" && chown postgres "$dir/pg"; fi
export CGO_ENABLED=0
go build -o "$dir/river" .
(cd ../.. && go build -o "$dir/program" .)

(
  cd "$dir"
  "${as[@]}" "$bin/initdb" -D pg --auth=trust --username=postgres --encoding=UTF8 --no-locale >pg.log 2>&1 || { cat pg.log >&2; exit 1; }
  "${as[@]}" "$bin/pg_ctl" -D pg -l pg/log -w start -o "-c listen_addresses='' -c unix_socket_directories='$dir/pg' \
    -c fsync=on -c synchronous_commit=on -c shared_buffers=1GB -c max_connections=100 -c max_wal_size=4GB" >>pg.log 2>&1 ||
    { cat pg.log pg/log >&2; exit 1; }
)
"$dir/river" --dsn "host=$dir/pg user=postgres dbname=postgres" --quintet "$dir/program" --folder "$dir/quintet" "$@"
