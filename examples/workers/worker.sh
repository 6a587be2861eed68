#!/usr/bin/env bash
# A worker made of bash and curl. It runs a command for each job of a queue:
#
#   WORKER_KEY=qk_… ./worker.sh mail ./send-mail
#
# The command gets the payload, which is JSON, on its standard input, and
# JOB_ID, JOB_ATTEMPT and JOB_TOKEN in its environment. What it prints, if
# anything, is JSON too and becomes the job's output. An exit status other than
# 0 fails the attempt with what stands on standard error, and the server tries
# again later.
#
# The lease is renewed while the command runs. When it is lost, or when somebody
# cancels the job, the command gets SIGTERM: from then on somebody else may be
# working on the job. SIGTERM to the worker lets the command finish first.
set -u

url=${WORKER_URL:-http://127.0.0.1:8080}
queue=${1:?usage: worker.sh QUEUE COMMAND [ARGUMENT…]}
shift
lease=${WORKER_LEASE:-30} # seconds; renewed after a third of them

dir=$(mktemp -d) # only we may read it
clean='rm -rf "$dir"'
trap "$clean" EXIT
stopping='' poll=''
trap 'stopping=yes; [ -z "$poll" ] || kill "$poll" 2>/dev/null' TERM

# The key stands in a file: arguments are seen by everybody on this machine.
printf 'header = "Authorization: Bearer %s"\n' "${WORKER_KEY:?the API key}" >"$dir/curlrc"
post=(curl -sS -K "$dir/curlrc" -H 'Content-Type: application/json' --write-out '%{http_code}')

# settle sends how the attempt ended, again where that does not get through: the
# token makes sure that it counts once. It fails when the server will not have it.
settle() {
  local pause
  for pause in 1 2 4 8 0; do
    case $("${post[@]}" -m 30 "$url/v1/jobs/$id/$1" --data-binary "@$dir/report" -o "$dir/answer") in
      2?? | 404 | 409) return 0 ;; # 409: the job is somebody else's by now
      429 | 5?? | 000) sleep "$pause" ;;
      *) return 1 ;;
    esac
  done
}

# beat renews the lease until it is told to end. It stops the command when the
# lease is lost, or was not renewed for its whole length, and when the job is to
# be cancelled.
beat() {
  local pause='' code renewed=$SECONDS
  trap 'kill "$pause"; exit' TERM
  while sleep $((lease / 3)) & pause=$!; wait "$pause"; do
    code=$("${post[@]}" -m 10 "$url/v1/leases/heartbeat" -o "$dir/beat" -d \
      '{"leases":[{"id":"'"$id"'","token":"'"$token"'"}],"extend":"'$lease's"}')
    case $code$(<"$dir/beat") in
      200*'"lost":[]'*'"cancel":[]'*) renewed=$SECONDS ;;
      200*) break ;;
      *) [ $((SECONDS - renewed)) -lt $lease ] || break ;;
    esac
  done
  kill "$(<"$dir/command")"
}

# quoted makes a JSON string of what it reads.
quoted() {
  printf '"'
  tail -c 4000 | tr -d '\000-\010\013-\037' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/$/\\n/' | tr -d '\n'
  printf '"'
}

# work runs the command for one job. A signal to the worker waits until it has
# ended, for the command runs in the foreground.
work() {
  : >"$dir/beat"
  trap - EXIT # bash runs it in a child, too, that is killed before it has traps of its own
  beat 2>/dev/null &
  local beating=$! status
  trap "$clean" EXIT
  JOB_ID=$id JOB_ATTEMPT=$attempt JOB_TOKEN=$token \
    sh -c 'echo $$ >"$0" && exec "$@"' "$dir/command" "$@" <<<"$payload" >"$dir/output" 2>"$dir/errors"
  status=$?
  kill "$beating" 2>/dev/null
  cat "$dir/errors" >&2
  if [ "$status" -eq 0 ]; then
    { printf '{"token":"%s"' "$token"; sed '1s/^/,"output":/' "$dir/output"; printf '}'; } >"$dir/report"
    settle complete && return
    cp "$dir/answer" "$dir/errors" # the output is no JSON, or too much of it
  fi
  printf '{"token":"%s","error":%s}' "$token" "$(quoted <"$dir/errors")" >"$dir/report"
  settle fail
}

# The first job of an answer. Nothing in a payload can be taken for what stands
# around it: before it there are only an id and a name, and what follows is
# looked for from the end.
job='^\{"jobs":\[\{"id":"([^"]+)","queue":"[^"]+","payload":(.*),"attempt":([0-9]+),.*"token":"([0-9]+)"'

until [ "$stopping" ]; do
  "${post[@]}" -m 60 "$url/v1/queues/$queue/lease" -o "$dir/lease" >"$dir/code" -d \
    '{"limit":1,"wait":"20s","lease":"'$lease's","worker":"'"${HOSTNAME:-worker.sh}"'"}' &
  poll=$!
  wait "$poll"
  wait "$poll" 2>/dev/null # a signal ends the first one early
  poll=''
  case $(<"$dir/code") in
    200) if [[ $(<"$dir/lease") =~ $job ]]; then
        id=${BASH_REMATCH[1]} payload=${BASH_REMATCH[2]} attempt=${BASH_REMATCH[3]} token=${BASH_REMATCH[4]}
        work "$@"
      fi ;;
    401 | 403 | 404 | 422) cat "$dir/lease" >&2; exit 1 ;;
    *) [ "$stopping" ] || sleep $((RANDOM % 5 + 1)) ;;
  esac
  : >"$dir/lease"
done
