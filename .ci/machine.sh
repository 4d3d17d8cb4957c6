# What the parts need of the machine: packages, servers, and accounts there that are this run's own.

export LANG=C.UTF-8 LC_ALL=C.UTF-8 # a new PostgreSQL takes its encoding from here
packages=(
  make gcc pkg-config python3-dev python3-venv libmariadb-dev # make, .venv and MariaDB's driver
  chromium postgresql redis-server mariadb-server
)
# Two runs on one machine share neither an account nor a database.
run="erply_ci_$$_$RANDOM"
POSTGRES_URL="postgres://$run:$run@127.0.0.1:5432/$run"
MARIADB_URL="mysql://$run:$run@127.0.0.1:3306/$run"
REDIS_URL="redis://127.0.0.1:6379/$((RANDOM % 16))"

prepare_machine() {
  install_missing_packages
  answers postgresql pg_isready --quiet --host=127.0.0.1
  answers redis-server redis-cli -h 127.0.0.1 ping
  answers mariadb mariadb-admin --protocol=tcp --host=127.0.0.1 ping
  trap 'end_parts; drop_accounts' EXIT
  postgres --command="CREATE ROLE $run LOGIN CREATEDB PASSWORD '$run'"
  mariadb_as_root --execute="
    CREATE USER '$run'@'%' IDENTIFIED BY '$run'; GRANT ALL ON \`test\\_$run%\`.* TO '$run'@'%'"
}

install_missing_packages() {
  local package missing=()
  for package in "${packages[@]}"; do
    if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>&1) != installed ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} > 0)); then
    apt-get update --quiet --quiet
    DEBIAN_FRONTEND=noninteractive \
      apt-get install --quiet --quiet --yes --no-install-recommends "${missing[@]}" </dev/null
  fi
}

# answers SERVICE PROBE…: start the service unless it runs, and wait until it answers.
answers() {
  local service=$1
  shift
  if "$@" >/dev/null 2>&1; then return; fi
  service "$service" start || true # what counts is whether it answers
  for _ in {1..60}; do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.5
  done
  echo "$service is installed but does not answer." >&2
  return 1
}

# The servers' administrators: over TCP where that needs no password, as Debian sets it up otherwise.
postgres() {
  if psql --host=127.0.0.1 --username=postgres --no-password --command='' >/dev/null 2>&1; then
    psql --host=127.0.0.1 --username=postgres --no-password --quiet "$@"
  else
    runuser --user postgres -- psql --quiet "$@"
  fi
}

mariadb_as_root() {
  if mariadb --protocol=tcp --host=127.0.0.1 --user=root --execute='' >/dev/null 2>&1; then
    mariadb --protocol=tcp --host=127.0.0.1 --user=root "$@"
  else
    mariadb "$@"
  fi
}

drop_accounts() {
  postgres --command="DROP ROLE IF EXISTS $run" || true
  mariadb_as_root --execute="DROP USER IF EXISTS '$run'@'%'" || true
}
