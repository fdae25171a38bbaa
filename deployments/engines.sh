#!/usr/bin/env bash
# Makes PostgreSQL, Redis, Chromium and ShellCheck available for the tests: what answers on the
# default port is taken as it is, what is installed is started, what is missing is
# installed where this user may. What stays missing is said in one line.
set -euo pipefail
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_install() { command -v apt-get >/dev/null && as_root true 2>/dev/null; }
install() {
  may_install || { echo "missing: $1 (install it; its tests fail without)" >&2; return 1; }
  echo "installing $*"
  [ -n "${updated:-}" ] || as_root apt-get -qq update >/dev/null
  updated=yes
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" \
    >/dev/null 2>/tmp/assay-apt.$$ || { cat /tmp/assay-apt.$$ >&2; return 1; }
  rm -f /tmp/assay-apt.$$
}
wait_for() {
  for _ in $(seq 60); do answers "$1" && return; sleep 0.5; done
  echo "$2 does not answer on port $1 after 30 s" >&2
  return 1
}
postgresql() {
  answers 5432 && return
  local fresh=
  command -v pg_lsclusters >/dev/null || { install postgresql || return 0; fresh=yes; }
  local version name
  read -r version name _ < <(pg_lsclusters -h | head -1)
  # A cluster that was made here a moment ago holds nothing: tests enter without password.
  [ -z "$fresh" ] || as_root sed -i -E 's/^(host .*127\.0\.0\.1\/32 +)[a-z0-9-]+$/\1trust/' \
    "/etc/postgresql/$version/$name/pg_hba.conf"
  [ -z "$fresh" ] || as_root pg_ctlcluster "$version" "$name" stop >/dev/null 2>&1 || true
  as_root pg_ctlcluster "$version" "$name" start || true
  wait_for 5432 PostgreSQL
}
redis() {
  answers 6379 && return
  command -v redis-server >/dev/null || install redis-server || return 0
  answers 6379 || redis-server --daemonize yes --save '' --appendonly no --dir /tmp >/dev/null
  wait_for 6379 Redis
}
chromium() {
  # By path: this function bears the same name.
  type -P chromium >/dev/null || install chromium || return 0
}
linter() { type -P shellcheck >/dev/null || install shellcheck || return 0; }
postgresql
redis
chromium
linter
