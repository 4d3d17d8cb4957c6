# The parts of a run: functions started in the background, each judged by its exit status alone.

logs=$(mktemp -d)
declare -A pids=()
failed=()

# start PART: run the function of that name, its output kept.
start() {
  : >"$logs/$1" # there from the beginning for whoever follows it
  set -m # a process group of its own, so that nothing of it outlives an interrupted run
  # In a subshell that no condition looks at: elsewhere `set -e` would not hold inside the function.
  (
    set -euo pipefail
    "$1"
  ) >>"$logs/$1" 2>&1 </dev/null &
  pids[$1]=$!
  set +m
}

# finish PART…: wait for them; of a part that failed, all that it said is printed.
finish() {
  local part
  for part in "$@"; do
    conclude "$part" || cat "$logs/$part"
  done
}

# follow PART: start it, print what it says as it comes, and wait.
follow() {
  start "$1"
  tail --pid="${pids[$1]}" --sleep-interval=0.5 --lines=+1 --follow "$logs/$1"
  conclude "$1" || true # noted there
}

conclude() {
  local status=0
  wait "${pids[$1]}" || status=$?
  unset "pids[$1]"
  if ((status == 0)); then
    echo "--- $1: ok"
    sed --quiet '/^NOTICE: /p' "$logs/$1" # what held, and should be known all the same
  else
    failed+=("$1")
    echo "--- $1: FAILED ($status)"
  fi
  return "$status"
}

# verdict PART…: what pytest said last in each of these; then the exit status of the whole run.
verdict() {
  local part
  for part in "$@"; do
    echo "$part: $(grep --extended-regexp ' in [0-9.]+s' "$logs/$part" | tail --lines=1)"
  done
  for part in "${!pids[@]}"; do failed+=("$part (nobody waited for it)"); done
  if ((${#failed[@]} > 0)); then
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
  fi
  echo "All parts held."
}

end_parts() {
  local pid
  for pid in "${pids[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  rm -rf "$logs"
}
trap end_parts EXIT
