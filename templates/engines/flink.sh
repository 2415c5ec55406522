#!/usr/bin/env bash
# A Flink cluster on this machine, with Beam's job server in front of it.
#
#   flink.sh start [N]     a job manager, N task managers (2) and the job server; returns when they are ready
#   flink.sh add NAME      one more task manager
#   flink.sh stop          ends all of them
#
# Settings, from the environment:
#   ENGINES    folder that install.sh has filled (.engines)
#   CLUSTER    folder for logs (*.log) and process ids (*.pid) of this cluster ($ENGINES/cluster)
#   JOB_PORT REST_PORT RPC_PORT ARTIFACT_PORT     8099 8081 6123 8098
#   LISTEN     address that the job manager listens on, and that task managers look for it at (localhost)
# Python workers inherit the environment of their task manager: the endpoint's key must be in it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
ENGINES=$(realpath "${ENGINES:-.engines}")
CLUSTER=$(realpath -m "${CLUSTER:-$ENGINES/cluster}")
JOB_PORT=${JOB_PORT:-8099} REST_PORT=${REST_PORT:-8081} RPC_PORT=${RPC_PORT:-6123} ARTIFACT_PORT=${ARTIFACT_PORT:-8098}
LISTEN=${LISTEN:-localhost}
READY_S=90
LOG=-Dorg.apache.logging.log4j.level=INFO # Flink brings no other settings for its log

# What Flink and Kryo reach into, and Java 17 keeps closed otherwise.
opens=(--add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-exports=java.base/sun.net.util=ALL-UNNAMED)
for package in lang lang.reflect net io nio text time util util.concurrent util.concurrent.atomic util.concurrent.locks; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
address=(-D "jobmanager.rpc.address=$LISTEN" -D "jobmanager.rpc.port=$RPC_PORT" -D "rest.address=$LISTEN" -D "rest.port=$REST_PORT")

# launch NAME COMMAND...: in the background, with its output and its process id in files
launch() {
  local name=$1
  shift
  nohup "$@" >"$CLUSTER/$name.log" 2>&1 </dev/null &
  echo $! >"$CLUSTER/$name.pid"
}

job_manager() {
  launch jobmanager java $LOG -Xmx600m "${opens[@]}" -cp "$ENGINES/flink/*" \
    org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint --configDir "$CLUSTER" "${address[@]}" \
    -D jobmanager.memory.heap.size=500m -D jobmanager.memory.off-heap.size=128m
}

task_manager() {
  launch "$1" java $LOG -Xmx512m -XX:MaxDirectMemorySize=512m "${opens[@]}" -cp "$ENGINES/flink/*" \
    org.apache.flink.runtime.taskexecutor.TaskManagerRunner --configDir "$CLUSTER" "${address[@]}" \
    -D taskmanager.resource-id="$1" -D taskmanager.cpu.cores=1 \
    -D taskmanager.memory.task.heap.size=384m -D taskmanager.memory.task.off-heap.size=0b \
    -D taskmanager.memory.framework.heap.size=128m -D taskmanager.memory.framework.off-heap.size=128m \
    -D taskmanager.memory.network.min=256m -D taskmanager.memory.network.max=256m \
    -D taskmanager.memory.managed.size=256m -D taskmanager.memory.jvm-metaspace.size=256m \
    -D taskmanager.memory.jvm-overhead.min=192m -D taskmanager.memory.jvm-overhead.max=192m
}

job_server() {
  launch jobserver java "${opens[@]}" -cp "$ENGINES/jobserver/*" org.apache.beam.runners.flink.FlinkJobServerDriver \
    --flink-master "$LISTEN:$REST_PORT" --job-host "$LISTEN" \
    --job-port "$JOB_PORT" --artifact-port "$ARTIFACT_PORT" --expansion-port 0
}

# wait_for WHAT COMMAND...: until the command succeeds
wait_for() {
  local what=$1 name
  shift
  for ((second = 0; second < READY_S; second++)); do
    "$@" && return
    for name in "$CLUSTER"/*.pid; do
      kill -0 "$(cat "$name")" 2>/dev/null || { echo "$what: $(basename "$name" .pid) has ended; see ${name%.pid}.log" >&2; exit 1; }
    done
    sleep 1
  done
  echo "$what: not within $READY_S s; see the logs in $CLUSTER" >&2
  exit 1
}

listens() { (exec 3<>"/dev/tcp/$LISTEN/$1") 2>/dev/null; }
get() { (exec 3<>"/dev/tcp/$LISTEN/$REST_PORT" && printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3 && cat <&3) 2>/dev/null; }
registered() { [ "$(get /taskmanagers | grep -o '"id":' | wc -l)" -ge "$1" ]; }

case ${1:-} in
  start)
    count=${2:-2}
    if compgen -G "$CLUSTER/*.pid" >/dev/null; then
      echo "a cluster is running, or was left, in $CLUSTER: $0 stop" >&2
      exit 1
    fi
    mkdir -p "$CLUSTER"
    cp "$here/config.yaml" "$CLUSTER/config.yaml"
    job_manager
    job_server
    for ((number = 1; number <= count; number++)); do task_manager "taskmanager-$number"; done
    wait_for "task managers" registered "$count"
    wait_for "job server" listens "$JOB_PORT"
    echo "Flink: http://$LISTEN:$REST_PORT   jobs: --job_endpoint=$LISTEN:$JOB_PORT   logs: $CLUSTER"
    ;;
  add) task_manager "${2:?usage: flink.sh add NAME}" ;;
  stop)
    for file in "$CLUSTER"/*.pid; do
      [ -e "$file" ] || continue
      kill "$(cat "$file")" 2>/dev/null || true
    done
    for file in "$CLUSTER"/*.pid; do
      [ -e "$file" ] || continue
      for ((wait = 0; wait < 100; wait++)); do
        kill -0 "$(cat "$file")" 2>/dev/null || break
        sleep 0.1
      done
      kill -9 "$(cat "$file")" 2>/dev/null || true
      rm -f "$file"
    done
    ;;
  *)
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
    exit 2
    ;;
esac
