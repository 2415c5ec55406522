#!/usr/bin/env bash
# Fetches the engines into a folder, from the package registries alone: Prism (Go), Flink (the Python package
# index) and Beam's job server for Flink (Maven). What is there already is left as it is.
#
#   install.sh FOLDER        PYTHON=... names the Python whose pip fetches Flink
set -euo pipefail

BEAM=2.77.0 FLINK=1.19.3
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: install.sh FOLDER}
python=${PYTHON:-python3}

missing=()
go version 2>/dev/null | grep -qE 'go1\.(2[1-9]|[3-9][0-9])' || missing+=("go 1.21 or newer")
java -version 2>&1 | grep -qE 'version "(11|17|21)\b' || missing+=("java 11, 17 or 21")
mvn -v >/dev/null 2>&1 || missing+=("mvn")
if ((${#missing[@]})); then
  printf -v list '%s, ' "${missing[@]}"
  echo "The engines need ${list%, }. Debian, Ubuntu: apt-get install golang-go openjdk-17-jre-headless maven;" \
    "macOS: brew install go openjdk@17 maven." >&2
  exit 3
fi

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
part=$folder/part # unfinished work, begun anew by the next call
rm -rf "$part"

if [ ! -x "$folder/prism" ]; then
  echo "Building Prism $BEAM (a minute or two)"
  GOBIN=$part go install "github.com/apache/beam/sdks/v2/go/cmd/prism@v$BEAM" 2>"$folder/prism.log" || {
    echo "Prism cannot be built: $(tail -n 1 "$folder/prism.log")" >&2
    exit 1
  }
  rm "$folder/prism.log"
  mv "$part/prism" "$folder/prism"
fi

if [ ! -d "$folder/flink" ]; then
  echo "Fetching Flink $FLINK (230 MB)"
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: -d "$part" \
    "apache-flink-libraries==$FLINK"
  tar -xzf "$part/apache-flink-libraries-$FLINK.tar.gz" -C "$part"
  mv "$part/apache-flink-libraries-$FLINK/deps/lib" "$folder/flink"
fi

if [ ! -d "$folder/jobserver" ]; then
  echo "Fetching Beam's job server for Flink (150 MB)"
  mvn -B -q -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$part/jobserver"
  mv "$part/jobserver" "$folder/jobserver"
fi

rm -rf "$part"
echo "Prism, Flink and the job server are in $folder"
