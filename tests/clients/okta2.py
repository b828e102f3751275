"""The three flows with okta 2.x, the Python SDK that most projects still use."""

import asyncio
import logging

from okta.client import Client

from common import LOGIN, ORG_URL, PROFILE, PUSH, SMS, TOTP, TROUBLE, code, say, tap, totp

logging.disable(logging.CRITICAL)  # It logs each error that the transcript shows anyway.
client = Client({"orgUrl": ORG_URL, "token": "token-of-okta-2"})


def plain(value):
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.as_dict() if hasattr(value, "as_dict") else value


async def call(flow, step, pending):
    """Awaits one call of the SDK: (result, response, error), or (response, error) where there is no result."""
    *result, _, error = await pending
    say(flow, step, str(error) if error else [plain(value) for value in result])
    return result[0] if result else None


async def post(flow, step, path):
    """A POST that the SDK has no method for."""
    executor = client.get_request_executor()
    request, _ = await executor.create_request("POST", ORG_URL + path, {}, {"Accept": "application/json"})
    response, error = await executor.execute(request)
    result = response.get_body() if not error else None
    say(flow, step, str(error) if error else result)
    return result


async def sms(user):
    pending = await call("sms", "enroll", client.enroll_factor(user, SMS))
    await call("sms", "list", client.list_factors(user))
    await call("sms", "wrong code", client.activate_factor(user, pending.id, {"passCode": "000000"}))
    active = await call("sms", "activate", client.activate_factor(user, pending.id, {"passCode": code(pending.id)}))
    await call("sms", "the pending one", client.get_factor(user, pending.id))
    await call("sms", "challenge", client.verify_factor(user, active.id, {}))
    await call("sms", "verify", client.verify_factor(user, active.id, {"passCode": code(active.id)}))
    await call("sms", "by login", client.get_user(LOGIN))
    await call("sms", "search", client.list_users({"filter": f'profile.login eq "{LOGIN}"'}))
    await call("sms", "unenroll", client.delete_factor(user, active.id))
    await call("sms", "gone", client.get_factor(user, active.id))


async def totp_flow(user):
    pending = await call("totp", "enroll", client.enroll_factor(user, TOTP))
    secret = pending.embedded["activation"]["sharedSecret"]
    factor = await call("totp", "activate", client.activate_factor(user, pending.id, {"passCode": totp(secret)}))
    await call("totp", "verify", client.verify_factor(user, factor.id, {"passCode": code(factor.id)}))
    await call("totp", "get", client.get_factor(user, factor.id))


async def push(user):
    pending = await call("push", "enroll", client.enroll_factor(user, PUSH))
    poll = f"/api/v1/users/{user}/factors/{pending.id}/lifecycle/activate/poll"
    await post("push", "poll", poll)
    await post("push", "poll again", poll)
    tap(pending.id, "approve")
    await post("push", "poll, approved", poll)
    for answer in ("approve", "reject"):
        challenge = await call("push", "challenge", client.verify_factor(user, pending.id, {}))
        transaction = challenge.links["poll"]["href"].rsplit("/", 1)[1]
        await call("push", "waiting", client.get_factor_transaction_status(user, pending.id, transaction))
        tap(pending.id, answer)
        await call("push", answer, client.get_factor_transaction_status(user, pending.id, transaction))


async def trouble(user):
    await call("limited", "list", client.list_factors(user))
    await call("moved", "enroll", client.enroll_factor(user, TOTP))
    pending = await call("lapsed", "enroll", client.enroll_factor(user, PUSH))
    poll = f"/api/v1/users/{user}/factors/{pending.id}/lifecycle/activate/poll"
    while (await post("lapsed", "poll", poll))["factorResult"] == "WAITING":
        pass
    await call("lapsed", "get", client.get_factor(user, pending.id))
    await call("gone", "delete", client.delete_factor(user, pending.id))
    await call("gone", "get", client.get_factor(user, pending.id))


async def main():
    user = (await call("sms", "create", client.create_user({"profile": PROFILE}))).id
    if TROUBLE:
        await trouble(user)
        return
    await sms(user)
    await totp_flow(user)
    await push(user)


asyncio.run(main())
