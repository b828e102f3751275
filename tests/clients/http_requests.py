"""The three flows with requests: links are followed as they come."""

import sys
from urllib.parse import quote

import requests

from common import LOGIN, ORG_URL, PROFILE, PUSH, SMS, TOTP, TROUBLE, code, say, tap, totp

session = requests.Session()
session.headers["Authorization"] = "SSWS token-of-the-requests-client"


class Flow:
    def __init__(self, name, user=None):
        self.name, self.user = name, user

    def create(self):
        user = self.call("create", "POST", f"{ORG_URL}/api/v1/users?activate=true", {"profile": PROFILE})
        self.user = user["_links"]["self"]["href"]

    def call(self, step, method, url, body=None):
        answer = session.request(method, url, json=body)
        data = answer.json() if answer.content else None
        say(self.name, step, [answer.status_code, answer.headers.get("x-rate-limit-remaining"), data])
        return data

    def enroll(self, factor):
        return self.call("enroll", "POST", f"{self.user}/factors", factor)

    def follow(self, step, factor, link, body=None):
        return self.call(step, "POST", factor["_links"][link]["href"], body)


flow = Flow("sms")
flow.create()

if TROUBLE:
    Flow("limited", flow.user).call("list", "GET", f"{flow.user}/factors")
    Flow("moved", flow.user).enroll(TOTP)
    lapsed, gone = Flow("lapsed", flow.user), Flow("gone", flow.user)
    pending = lapsed.enroll(PUSH)
    while lapsed.follow("poll", pending, "poll")["factorResult"] == "WAITING":
        pass
    itself = pending["_links"]["self"]["href"]
    lapsed.call("get", "GET", itself)
    gone.call("delete", "DELETE", itself)
    gone.call("get", "GET", itself)
    sys.exit()

pending = flow.enroll(SMS)
flow.call("list", "GET", f"{flow.user}/factors")
flow.follow("wrong code", pending, "activate", {"passCode": "000000"})
sms = flow.follow("activate", pending, "activate", {"passCode": code(pending["id"])})
flow.call("the pending one", "GET", pending["_links"]["self"]["href"])
flow.follow("challenge", sms, "verify")
flow.follow("verify", sms, "verify", {"passCode": code(sms["id"])})
flow.call("by login", "GET", f"{ORG_URL}/api/v1/users/{quote(LOGIN)}")
flow.call("search", "GET", f'{ORG_URL}/api/v1/users?filter={quote(f"""profile.login eq "{LOGIN}" """.strip())}')
flow.call("unenroll", "DELETE", sms["_links"]["self"]["href"])
flow.call("gone", "GET", sms["_links"]["self"]["href"])

flow = Flow("totp", flow.user)
pending = flow.enroll(TOTP)
secret = pending["_embedded"]["activation"]["sharedSecret"]
factor = flow.follow("activate", pending, "activate", {"passCode": totp(secret)})
flow.follow("verify", factor, "verify", {"passCode": code(factor["id"])})
flow.call("get", "GET", factor["_links"]["self"]["href"])

flow = Flow("push", flow.user)
pending = flow.enroll(PUSH)
flow.follow("poll", pending, "poll")
flow.follow("poll again", pending, "poll")
tap(pending["id"], "approve")
push = flow.follow("poll, approved", pending, "poll")
for answer in ("approve", "reject"):
    challenge = flow.follow("challenge", push, "verify")
    transaction = challenge["_links"]["poll"]["href"]
    flow.call("waiting", "GET", transaction)
    tap(push["id"], answer)
    flow.call(answer, "GET", transaction)
