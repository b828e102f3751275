"""What the Python clients share: who they are, their phone, one-time codes, and the transcript."""

import base64
import hashlib
import hmac
import json
import os
import struct
import time
import urllib.request

ORG_URL = os.environ["ORG_URL"]
LOGIN = os.environ["LOGIN"]
PHONE = os.environ["PHONE"]
PROFILE = {"firstName": os.environ["FIRST"], "lastName": os.environ["LAST"], "email": LOGIN, "login": LOGIN}
SMS = {"factorType": "sms", "provider": "OKTA", "profile": {"phoneNumber": PHONE}}
TOTP = {"factorType": "token:software:totp", "provider": "OKTA"}
PUSH = {"factorType": "push", "provider": "OKTA"}
# Where the phone is asked: the sandbox itself, past the proxy. At replay there is none.
SANDBOX = os.environ.get("SANDBOX")
# Whether overdub plays trouble.rhai, which the flow of that name meets, and not the three flows.
TROUBLE = "TROUBLE" in os.environ


def _sandbox(path, body=None):
    data = json.dumps(body).encode() if body else None
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{SANDBOX}/__sandbox/{path}", data) as answer:
        return json.load(answer)


def code(factor_id):
    """The code that the phone shows; any will do at replay."""
    return _sandbox(f"codes/{factor_id}")["code"] if SANDBOX else "123456"


def tap(factor_id, answer):
    """Answers a push on the phone."""
    if SANDBOX:
        _sandbox(f"push/{factor_id}", {"answer": answer})


def totp(secret):
    """The time-based code of RFC 6238 for a base32 secret."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def say(flow, step, got):
    """One line of the transcript."""
    print(flow, step, json.dumps(got, sort_keys=True, default=str), sep="\t", flush=True)
