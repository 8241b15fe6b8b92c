#!/usr/bin/env bash
# A client of Pantheon in curl: signs in, or takes an API key, asks an agent, prints the events as they come, and rejoins the turn after a cut.
#
#   PANTHEON_API_KEY=pantheon_… examples/client.sh "Should we buy or build?"
#   PANTHEON_EMAIL=ada@example.org PANTHEON_PASSWORD=… examples/client.sh "Should we buy or build?"
set -euo pipefail

url=${PANTHEON_URL:-http://localhost:8000}
question=${1:-Should we buy or build?}
json='content-type: application/json'
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
# As a JSON string: backslashes and quotes escaped, lines joined.
quoted() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' | tr '\n\t' '  '; }

# An API key is the bearer token as it is. A sign-in gives a token that is good for ten minutes.
token=${PANTHEON_API_KEY:-}
if [ -z "$token" ]; then
  sign_in=$(curl -sSf "$url/api/auth/sign-in/email" -H "$json" \
    -d "{\"email\": \"$(quoted "$PANTHEON_EMAIL")\", \"password\": \"$(quoted "$PANTHEON_PASSWORD")\"}" | field token)
  token=$(curl -sSf "$url/api/auth/token" -H "authorization: Bearer $sign_in" | field token)
fi
auth="authorization: Bearer $token"

# The first agent that there is, or a new one.
agent=$(curl -sSf "$url/api/v1/agents?limit=1" -H "$auth" | field id || true)
[ -n "$agent" ] || agent=$(curl -sSf "$url/api/v1/agents" -H "$auth" -H "$json" \
  -d '{"agent_key": "sage", "name": "Sage", "model_alias": "deepseek", "role_prompt": "Weigh both sides."}' | field id)
session=$(curl -sSf -X POST "$url/api/v1/agents/$agent/sessions" -H "$auth" | field id)

# The turn runs on whatever happens to this connection; its id is in the headers, each event has a number.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key="example-$(date +%s)-$$-$RANDOM"
start() {
  curl -sSN -D "$work/head" "$url/api/v1/sessions/$session/turns/stream" -H "$auth" -H "$json" -H "idempotency-key: $key" \
    -d "{\"message\": \"$(quoted "$question")\"}"
}
rejoin() {
  curl -sSN "$url/api/v1/sessions/$session/turns/$turn/stream" -H "$auth" -H "last-event-id: $(last)"
}
last() { grep -a '^id: ' "$work/events" | tail -n 1 | cut -d ' ' -f 2; }
is_done() { grep -aq '^data: {"type":"done"' "$work/events"; }

start | tee "$work/events" || true
turn=$(tr -d '\r' < "$work/head" | grep -i '^x-turn-id: ' | cut -d ' ' -f 2 || true)
[ -n "$turn" ] || exit 1
for pause in 0.5 1 2 4 5 5 5 5; do
  is_done && exit 0
  echo "[the connection broke; rejoining the turn]" >&2
  sleep "$pause"
  # What a cut left of an event is told again from its beginning.
  echo >> "$work/events"
  rejoin | tee -a "$work/events" || true
done
is_done
