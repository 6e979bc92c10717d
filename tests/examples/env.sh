#!/bin/sh
# SPDX-License-Identifier: MIT
# The output of genesys-env-config for usual and hostile values, and the values that it refuses.
set -u
top=$(cd "${top_srcdir:-.}" && pwd) || exit 99
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
out=$work/out
bad=0
wrong() {
  echo "env.sh: $*"
  bad=1
}

# run NAME=VALUE...: runs the script with these variables alone, and with the words of $command.
command=
run() {
  rm -rf "$out"
  env -i PATH="$PATH" "$@" sh "$top/examples/env/genesys-env-config" "$out" $command >"$work/stdout" 2>"$work/stderr"
}
id=GENESYS_CLIENT_ID=id
secret=GENESYS_CLIENT_SECRET=hush
region=GENESYS_REGION=eu-west-1
influx='INFLUXDB_URL=http://127.0.0.1:8086 INFLUXDB_TOKEN=t0ken== INFLUXDB_ORG=ops INFLUXDB_BUCKET=genesys'

has() {
  grep -qFx -- "$1" "$out/genesys.conf" || wrong "no line: $1, in:
$(cat "$out/genesys.conf")"
}

# refused WORDS NAME=VALUE...: checks for one line with the words, status 1 and no configuration.
refused() {
  words=$1
  shift
  run "$@"
  status=$?
  [ "$status" -eq 1 ] || wrong "status $status instead of 1 without '$words'"
  grep -qF -- "$words" "$work/stderr" || wrong "no '$words' in: $(cat "$work/stderr")"
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || wrong "not one line: $(cat "$work/stderr")"
  [ ! -e "$out/genesys.conf" ] || wrong "a configuration although $words"
  ! grep -q hush "$work/stderr" || wrong "the secret is in: $(cat "$work/stderr")"
}

# Each variable that is needed is named.
refused 'GENESYS_CLIENT_ID is missing' "$secret" "$region"
refused 'GENESYS_CLIENT_SECRET is missing' "$id" "$region"
refused 'GENESYS_REGION is missing' "$id" "$secret"
for name in INFLUXDB_TOKEN INFLUXDB_ORG INFLUXDB_BUCKET; do
  refused "$name is missing" "$id" "$secret" "$region" \
    $(printf '%s\n' $influx | grep -v "^$name=")
done
refused 'GENESYS_REGION is unknown: eu-west-9' "$id" "$secret" GENESYS_REGION=eu-west-9
refused 'GENESYS_REGION is unknown: mypurecloud.example' "$id" "$secret" GENESYS_REGION=mypurecloud.example
refused 'GENESYS_CLIENT_SECRET_FILE names /nowhere' "$id" "$region" GENESYS_CLIENT_SECRET_FILE=/nowhere
refused 'GENESYS_CLIENT_SECRET_FILE is no absolute path' "$id" "$region" GENESYS_CLIENT_SECRET_FILE=here
refused 'PROMETHEUS_PORT is no port' "$id" "$secret" "$region" PROMETHEUS_PORT='9104 '

# No value can add an option.
line='
'
for name in GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET GENESYS_REGION TARGET_QUEUE_IDS INFLUXDB_URL ENVIRONMENT \
  INFLUXDB_TOKEN INFLUXDB_ORG INFLUXDB_BUCKET; do
  refused "$name has a line break" "$id" "$secret" "$region" $influx "$name=a${line}hush \"b\""
done
carriage=$(printf 'a\rb')
refused 'GENESYS_CLIENT_ID has a line break' "$secret" "$region" "GENESYS_CLIENT_ID=$carriage"
refused 'GENESYS_CLIENT_SECRET begins or ends with a space' "$id" "$region" 'GENESYS_CLIENT_SECRET=hush '
refused 'TARGET_QUEUE_IDS has a character' "$id" "$secret" "$region" 'TARGET_QUEUE_IDS=a,!b*'

# Every region of the plugins is known, by name and by domain, and no other is.
sed -n 's/^  XX("\([a-z0-9-]*\)", "\([a-z0-9.-]*\)").*/\1\n\2/p' "$top/plugins/genesys/region.c" >"$work/regions"
[ "$(wc -l <"$work/regions")" -ge 36 ] || wrong 'the regions of region.c are not read'
while read -r name; do
  run "$id" "$secret" "GENESYS_REGION=$name" || wrong "$name is refused: $(cat "$work/stderr")"
done <"$work/regions"
sed -n "/^regions='/,/^apne3/p" "$top/examples/env/genesys-env-config" | tr " '=" '\n\n\n' |
  grep -- '[-.]' | sort >"$work/listed"
sort "$work/regions" | diff - "$work/listed" || wrong 'other regions than plugins/genesys/region.c'
run "$id" "$secret" GENESYS_REGION=EU_West_1 || wrong "$(cat "$work/stderr")"
has '    Region "eu-west-1"'

# Hostile values stay values.
command=env
run 'GENESYS_CLIENT_ID=a"b\c$(touch x)`id`サ é' 'GENESYS_CLIENT_SECRET=h"u\s$(h)' "$region" $influx \
  'INFLUXDB_ORG=o" Bucket "x' 'INFLUXDB_BUCKET=b\' "TARGET_QUEUE_IDS=q-1, q_2" 'ENVIRONMENT=pr"od' \
  LC_ALL=C.UTF-8 || wrong "refused: $(cat "$work/stderr")"
has '    ClientId "a\"b\\c$(touch x)`id`サ é"'
has '    Organization "o\" Bucket \"x"'
has '    Bucket "b\\"'
has '    Tag "environment" "pr\"od"'
has '    Queue "q-1"'
has '    Queue "q_2"'
has "    ClientSecretFile \"$out/genesys.secret\""
has "    TokenFile \"$out/influxdb.token\""
[ "$(cat "$out/genesys.secret")" = 'h"u\s$(h)' ] || wrong "the secret is $(cat "$out/genesys.secret")"
[ "$(cat "$out/influxdb.token")" = t0ken== ] || wrong 'the token is another one'
grep -q 'h"u' "$out/genesys.conf" && wrong 'the configuration has the secret'
grep -q t0ken "$out/genesys.conf" && wrong 'the configuration has the token'

# The command runs without the secrets, in the caller's locale.
grep -q '^GENESYS_CLIENT_ID=' "$work/stdout" || wrong 'the command did not run'
grep -q '^LC_ALL=C.UTF-8$' "$work/stdout" || wrong 'the command has another locale'
grep -E '^(GENESYS_CLIENT_SECRET|INFLUXDB_TOKEN)=|h"u|t0ken' "$work/stdout" && wrong 'the command has a secret'

# Only the owner can read the files, also those that replace older ones.
command='sh -c umask'
umask 022
run "$id" "$secret" "$region"
[ "$(cat "$work/stdout")" = 0022 ] || wrong "the command has the umask $(cat "$work/stdout")"
command=
mkdir -p "$out" && : >"$out/genesys.secret" && chmod 0666 "$out/genesys.secret"
env -i PATH="$PATH" "$id" "$secret" "$region" sh "$top/examples/env/genesys-env-config" "$out" || wrong 'refused'
[ -z "$(find "$out" -type f ! -perm 0600)" ] || wrong "modes: $(ls -l "$out")"
[ "$(find "$out" -type f | wc -l)" -eq 2 ] || wrong "files: $(ls "$out")"

# A file that exists is used where it is.
echo hush >"$work/mine"
run "$id" "GENESYS_CLIENT_SECRET_FILE=$work/mine" "$region" || wrong "$(cat "$work/stderr")"
has "    ClientSecretFile \"$work/mine\""
[ ! -e "$out/genesys.secret" ] || wrong 'the secret was copied'

# The variables of published guides, and a gateway with the paths of the guides.
guides='INFLUX_URL=http://127.0.0.1:8086 INFLUX_TOKEN=t0ken== INFLUX_ORG=ops INFLUX_BUCKET=genesys'
command=env
run "$id" "$secret" $guides GENESYS_ENV_ID=mypurecloud.ie NODE_ENV=prod || wrong "$(cat "$work/stderr")"
has '    Region "mypurecloud.ie"'
has '    Organization "ops"'
has '    Tag "environment" "prod"'
[ "$(cat "$out/influxdb.token")" = t0ken== ] || wrong 'the token of INFLUX_TOKEN is another one'
grep -q t0ken "$work/stdout" && wrong 'the command has the token of INFLUX_TOKEN'
command=
run "$id" "$secret" $guides GENESYS_BASE_URL=http://127.0.0.1:1 GENESYS_DIALECT=guide GENESYS_ENV_ID=blue ||
  wrong "$(cat "$work/stderr")"
has '    Stream "conversations"'
has '    Observations "queue_metrics"'
has '    Source "queue_details"'
has '    Tag "env_id" "blue"'
refused 'GENESYS_BASE_URL is missing' "$id" "$secret" "$region" GENESYS_DIALECT=guide
refused 'GENESYS_DIALECT is neither' "$id" "$secret" "$region" GENESYS_DIALECT=guides
refused 'GENESYS_CLIENTID is unknown' "$id" "$secret" "$region" GENESYS_CLIENTID=x
refused 'INFLUXDB_URI is unknown' "$id" "$secret" "$region" INFLUXDB_URI=x
exit $bad
