"""The three flows with okta 3.x, the current Python SDK."""

import asyncio
import json
import logging

import okta.models as models
from okta.client import Client

from common import LOGIN, ORG_URL, PROFILE, PUSH, SMS, TOTP, TROUBLE, code, say, tap, totp

logging.disable(logging.CRITICAL)  # It logs each error that the transcript shows anyway.
client = Client({"orgUrl": ORG_URL, "token": "token-of-okta-3"})


class PassCode(models.UserFactorActivateRequest):
    """Its own model of this request has no passCode."""

    pass_code: str

    def to_dict(self):
        return {"passCode": self.pass_code}


class Answer(models.UserFactorVerifyRequest):
    """Its own model of this request has no passCode either."""

    pass_code: str

    def to_dict(self):
        return {"passCode": self.pass_code}


def plain(value):
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(value, "model_dump") else value


async def call(flow, step, pending):
    """Awaits one call of the SDK: (result, response, error), or (response, error) where there is no result."""
    *result, response, error = await pending
    status = getattr(response, "status_code", None)
    say(flow, step, str(error) if error else [status, *map(plain, result)])
    return result[0] if result else None


async def post(flow, step, url):
    """A POST that the SDK has no method for."""
    executor = client.get_request_executor()
    request, _ = await executor.create_request("POST", url, {}, {"Accept": "application/json"})
    _, text, error = await executor.execute(request)
    result = json.loads(text) if not error else None
    say(flow, step, str(error) if error else result)
    return result


async def sms(user):
    pending = await call("sms", "enroll", client.enroll_factor(user, models.UserFactorSMS(**SMS)))
    await call("sms", "list", client.list_factors(user))
    await call("sms", "wrong code", client.activate_factor(user, pending.id, PassCode(pass_code="000000")))
    await call("sms", "activate", client.activate_factor(user, pending.id, PassCode(pass_code=code(pending.id))))
    # What activate returns has lost the new id.
    active = (await call("sms", "list again", client.list_factors(user)))[0]
    await call("sms", "the pending one", client.get_factor(user, pending.id))
    await call("sms", "challenge", client.verify_factor(user, active.id))
    await call("sms", "verify", client.verify_factor(user, active.id, body=Answer(pass_code=code(active.id))))
    await call("sms", "by login", client.get_user(LOGIN))
    await call("sms", "search", client.list_users(filter=f'profile.login eq "{LOGIN}"'))
    await call("sms", "unenroll", client.unenroll_factor(user, active.id))
    await call("sms", "gone", client.get_factor(user, active.id))


async def totp_flow(user):
    pending = await call("totp", "enroll", client.enroll_factor(user, models.UserFactorTokenSoftwareTOTP(**TOTP)))
    secret = pending.embedded["activation"]["sharedSecret"]
    await call("totp", "activate", client.activate_factor(user, pending.id, PassCode(pass_code=totp(secret))))
    await call("totp", "verify", client.verify_factor(user, pending.id, body=Answer(pass_code=code(pending.id))))
    await call("totp", "get", client.get_factor(user, pending.id))


async def push(user):
    pending = await call("push", "enroll", client.enroll_factor(user, models.UserFactorPush(**PUSH)))
    poll = pending.links.poll.href
    await post("push", "poll", poll)
    await post("push", "poll again", poll)
    tap(pending.id, "approve")
    await post("push", "poll, approved", poll)
    for answer in ("approve", "reject"):
        challenge = await call("push", "challenge", client.verify_factor(user, pending.id))
        transaction = challenge.links.poll.href.rsplit("/", 1)[1]
        await call("push", "waiting", client.get_factor_transaction_status(user, pending.id, transaction))
        tap(pending.id, answer)
        await call("push", answer, client.get_factor_transaction_status(user, pending.id, transaction))


async def trouble(user):
    await call("limited", "list", client.list_factors(user))
    await call("moved", "enroll", client.enroll_factor(user, models.UserFactorTokenSoftwareTOTP(**TOTP)))
    pending = await call("lapsed", "enroll", client.enroll_factor(user, models.UserFactorPush(**PUSH)))
    while (await post("lapsed", "poll", pending.links.poll.href))["factorResult"] == "WAITING":
        pass
    await call("lapsed", "get", client.get_factor(user, pending.id))
    await call("gone", "delete", client.unenroll_factor(user, pending.id))
    await call("gone", "get", client.get_factor(user, pending.id))


async def main():
    user = (await call("sms", "create", client.create_user(models.CreateUserRequest(profile=PROFILE)))).id
    if TROUBLE:
        await trouble(user)
        return
    await sms(user)
    await totp_flow(user)
    await push(user)


asyncio.run(main())
