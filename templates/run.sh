#!/usr/bin/env bash
# Starts a job of the Flex Template.
#
#   templates/run.sh --template gs://BUCKET/FILE.json --name JOB --region REGION [option ...] -- --input=... --output=... [...]
#
#   --project ID             where to run; else gcloud's own setting
#   --service-account EMAIL  whom the workers act as
#   --subnetwork URL         with --private, where they are; https://www.googleapis.com/compute/v1/projects/P/regions/R/subnetworks/S
#   --private                workers without addresses of their own on the internet
#   --staging gs://FOLDER    for Dataflow's temporary files; else a bucket that it makes
#   --machine-type TYPE      of the workers
#   --max-workers N          at most so many
#   --labels KEY=VALUE,...   on the job and its machines
#   --update                 replace the running streaming job of that name
#   --dry-run                print the command, start nothing
#
# What follows the bare -- are the pipeline's own options as on its command line: --flag=value, or --flag alone for true.
set -euo pipefail

fail() { echo "run.sh: $*" >&2; exit 2; }

((BASH_VERSINFO[0] >= 4)) || fail "bash 4 or newer is needed"
project='' template='' name='' region='' dry=no
options=()
while (($#)); do
  case $1 in
    --) shift; break ;;
    --dry-run) dry=yes ;;
    --private) options+=(--disable-public-ips) ;;
    --update) options+=(--update) ;;
    -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --template | --name | --region | --project | --service-account | --subnetwork | --staging | --machine-type | --max-workers | --labels)
      [[ $# -gt 1 && $2 != -* && -n $2 ]] || fail "$1 needs a value"
      case $1 in
        --template) template=$2 ;;
        --name) name=$2 ;;
        --region) region=$2 ;;
        --project) project=$2 ;;
        --service-account) options+=("--service-account-email=$2") ;;
        --subnetwork) options+=("--subnetwork=$2") ;;
        --staging) options+=("--staging-location=${2%/}/staging" "--temp-location=${2%/}/temp") ;;
        --machine-type) options+=("--worker-machine-type=$2") ;;
        --max-workers) options+=("--max-workers=$2") ;;
        --labels) options+=("--additional-user-labels=$2") ;;
      esac
      shift
      ;;
    *) fail "unknown option $1; the pipeline's own options follow a bare --" ;;
  esac
  shift
done
[[ $template == gs://*/*.json ]] || fail "--template must be gs://BUCKET/FILE.json, as templates/build.sh wrote it"
[[ $name =~ ^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$ ]] || fail "--name must be small letters, digits and hyphens, 40 at most"
[[ -n $region ]] || fail "--region is missing"
(($#)) || fail "the pipeline's options are missing: -- --input=gs://... --output=gs://..."

# gcloud cuts a value at each comma, unless it is told of another separator.
separator='|,|'
declare -A lists=()
order=()
for argument in "$@"; do
  [[ $argument =~ ^--([A-Za-z_][A-Za-z0-9_]*)(=(.*))?$ ]] || fail "$argument: write --flag=value"
  flag=${BASH_REMATCH[1]} value=${BASH_REMATCH[3]}
  [[ -n ${BASH_REMATCH[2]} ]] || value=true
  [[ $value != *"$separator"* ]] || fail "--$flag must not hold $separator"
  # A flag that is repeated is a list; a parameter has one value.
  if [[ -v lists[$flag] ]]; then
    lists[$flag]+=,$value
  else
    lists[$flag]=$value
    order+=("$flag")
  fi
done
for flag in "${order[@]}"; do options+=("--parameters=^$separator^$flag=${lists[$flag]}"); done

command=(gcloud dataflow flex-template run "$name" "--template-file-gcs-location=$template" "--region=$region")
[[ -z $project ]] || command+=("--project=$project")
[[ ${lists[streaming]:-false} == false ]] || command+=(--enable-streaming-engine)
command+=("${options[@]}")
printf '+ %s\n' "$(printf '%q ' "${command[@]}")" >&2
[[ $dry == yes ]] || exec "${command[@]}"
