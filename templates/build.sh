#!/usr/bin/env bash
# Builds the image of the Flex Template and writes the template: a JSON file that names the image and its parameters.
#
#   templates/build.sh --image IMAGE --template gs://BUCKET/FILE.json [--how cloud|local|spec] [--target image|gpu] [--dry-run]
#
#   --image     REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG, where to put the image
#   --template  where to put the template
#   --how       cloud: Cloud Build does all of it (the default); local: this machine's Docker builds and pushes;
#               spec: the image is there already, write the template only
#   --target    image, or gpu for workers that serve the model themselves
#   --dry-run   change nothing: print the commands, and the template on standard output
#
# The template is written here and not by `gcloud dataflow flex-template build`, which drops what it does not know of
# the metadata: streaming and its modes.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "build.sh: $*" >&2; exit 2; }
run() { printf '+ %s\n' "$(printf '%q ' "$@")" >&2; [[ $dry == yes ]] || "$@"; }

image='' template='' how=cloud target=image dry=no
while (($#)); do
  case $1 in
    --dry-run) dry=yes ;;
    --image | --template | --how | --target)
      (($# > 1)) || fail "$1 needs a value"
      name=${1#--}
      printf -v "$name" %s "$2"
      shift
      ;;
    -h | --help) sed -n '2,/^set /{s/^# \{0,1\}//p}' templates/build.sh; exit 0 ;;
    *) fail "unknown option $1; --help lists them" ;;
  esac
  shift
done
[[ $image =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$ ]] ||
  fail "--image must be REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG, not '$image'"
[[ $template =~ ^gs://[a-z0-9._-]+/[^[:space:],]+\.json$ ]] || fail "--template must be gs://BUCKET/FILE.json, not '$template'"
[[ $how =~ ^(cloud|local|spec)$ ]] || fail "--how must be cloud, local or spec, not '$how'"
[[ $target =~ ^(image|gpu)$ ]] || fail "--target must be image or gpu, not '$target'"

# The image by its digest: a job's launcher and the workers that join it hours later are then the same, whatever
# is pushed under the tag meanwhile, and an older template is a way back.
digest() {
  [[ $image == *@sha256:* || $dry == yes ]] && { echo "$image"; return; }
  gcloud artifacts docker images describe "$image" --format='value(image_summary.fully_qualified_digest)'
}

# The names of the two are checked above, so they need no escaping.
spec() {
  printf '{\n"image": "%s",\n"sdkInfo": {"language": "PYTHON"},\n' "$1"
  # Workers of the same image; a launcher with a second processor, as importing Beam takes most of its time.
  printf '"defaultEnvironment": {"sdkContainerImage": "%s", "launcherMachineType": "e2-standard-2"},\n' "$1"
  printf '"metadata": %s}\n' "$(cat templates/metadata.json)"
}

case $how in
  cloud)
    run gcloud builds submit --config templates/cloudbuild.yaml \
      --substitutions "_IMAGE=$image,_TEMPLATE=$template,_TARGET=$target" .
    [[ $dry == yes ]] || exit 0  # the last step there writes the template
    ;;
  local)
    export DOCKER_BUILDKIT=1
    run docker build --platform linux/amd64 --file templates/Dockerfile --target test .
    run docker build --platform linux/amd64 --file templates/Dockerfile --target "$target" --tag "$image" .
    run docker push "$image"
    ;;
esac

pinned=$(digest)
if [[ $dry == yes ]]; then
  spec "$pinned"
  exit
fi
file=$(mktemp)
trap 'rm -f "$file"' EXIT
spec "$pinned" >"$file"
run gcloud storage cp --content-type=application/json "$file" "$template"
echo "$template names $pinned; run it with templates/run.sh"
