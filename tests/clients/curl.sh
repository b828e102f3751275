#!/usr/bin/env bash
# The three flows with curl. `--http2` speaks HTTP/2 wherever TLS offers it.
set -euo pipefail

# say FLOW STEP STATUS BODY: one line of the transcript.
say() { printf '%s\t%s\t%s %s\n' "$@"; }

# call STEP METHOD URL [BODY]: sets `body` and prints it. METHOD may be the flag by which curl follows redirects.
call() {
  local step=$1 method=$2 url=$3 answer
  local data=()
  [ "$method" = --location ] || method="-X$method"
  [ $# -gt 3 ] && data=(-H 'Content-Type: application/json' --data "$4")
  answer=$(curl -sS --http2 -m 30 "$method" -H 'Authorization: SSWS token-of-curl' -H 'Accept: application/json' \
    "${data[@]}" -w '\n%{http_code}' "$url")
  body=${answer%$'\n'*}
  say "$flow" "$step" "${answer##*$'\n'}" "$body"
}
# first NAME: the first string field of that name in the last body.
first() { grep -oP "\"$1\":\"\K[^\"]*" <<<"$body" | head -n 1; }
# link NAME: the href of a link in the last body.
link() { grep -oP "\"$1\":\{\"href\":\"\K[^\"]*" <<<"$body" | head -n 1; }

# The phone: asked at the sandbox itself, past the proxy. At replay there is none.
sandbox() { curl -sS --noproxy '*' "$SANDBOX/__sandbox/$1" "${@:2}"; }
code() { if [ -n "${SANDBOX:-}" ]; then sandbox "codes/$1" | grep -oP '"code":"\K[^"]*'; else echo 123456; fi; }
tap() { if [ -n "${SANDBOX:-}" ]; then sandbox "push/$1" --data "{\"answer\":\"$2\"}" >/dev/null; fi; }

enroll() { call enroll POST "$user/factors" "$1"; pending=$(first id); }

flow=sms
call create POST "$ORG_URL/api/v1/users?activate=true" \
  "{\"profile\":{\"firstName\":\"$FIRST\",\"lastName\":\"$LAST\",\"email\":\"$LOGIN\",\"login\":\"$LOGIN\"}}"
user=$ORG_URL/api/v1/users/$(first id)

if [ -n "${TROUBLE:-}" ]; then
  flow=limited
  call list GET "$user/factors"
  flow=moved
  call enroll --location "$user/factors" '{"factorType":"token:software:totp","provider":"OKTA"}'
  flow=lapsed
  enroll '{"factorType":"push","provider":"OKTA"}'
  poll=$(link poll)
  call poll POST "$poll"
  while [[ $body == *WAITING* ]]; do call poll POST "$poll"; done
  call get GET "$user/factors/$pending"
  flow=gone
  call delete DELETE "$user/factors/$pending"
  call get GET "$user/factors/$pending"
  exit
fi

enroll "{\"factorType\":\"sms\",\"provider\":\"OKTA\",\"profile\":{\"phoneNumber\":\"$PHONE\"}}"
activate=$(link activate)
call list GET "$user/factors"
call 'wrong code' POST "$activate" '{"passCode":"000000"}'
call activate POST "$activate" "{\"passCode\":\"$(code "$pending")\"}"
factor=$(first id)
call 'the pending one' GET "$user/factors/$pending"
call challenge POST "$user/factors/$factor/verify" '{}'
call verify POST "$user/factors/$factor/verify" "{\"passCode\":\"$(code "$factor")\"}"
login=$(sed 's/@/%40/; s/+/%2B/' <<<"$LOGIN")
call 'by login' GET "$ORG_URL/api/v1/users/$login"
call search GET "$ORG_URL/api/v1/users?filter=profile.login+eq+%22$login%22"
call unenroll DELETE "$user/factors/$factor"
call gone GET "$user/factors/$factor"

# curl cannot compute one-time codes: the sandbox tells them.
flow=totp
enroll '{"factorType":"token:software:totp","provider":"OKTA"}'
call activate POST "$(link activate)" "{\"passCode\":\"$(code "$pending")\"}"
call verify POST "$(link verify)" "{\"passCode\":\"$(code "$pending")\"}"
call get GET "$user/factors/$pending"

flow=push
enroll '{"factorType":"push","provider":"OKTA"}'
poll=$(link poll)
call poll POST "$poll"
call 'poll again' POST "$poll"
tap "$pending" approve
call 'poll, approved' POST "$poll"
verify=$(link verify)
for answer in approve reject; do
  call challenge POST "$verify"
  transaction=$(link poll)
  call waiting GET "$transaction"
  tap "$pending" "$answer"
  call "$answer" GET "$transaction"
done
