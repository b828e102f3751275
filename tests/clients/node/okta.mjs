// The three flows with @okta/okta-sdk-nodejs.

import { createHmac } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';

// The package is installed under target/, not beside this file.
const okta = createRequire(`${process.env.NODE_PACKAGES}/`)('@okta/okta-sdk-nodejs');

const { ORG_URL, LOGIN, PHONE, FIRST, LAST, SANDBOX } = process.env;
const client = new okta.Client({ orgUrl: ORG_URL, token: 'token-of-the-node-client' });
const { userApi: users, userFactorApi: factors } = client;

// Asks the sandbox itself, past the proxy. At replay there is none.
const sandbox = (path, body) => new Promise((resolve, reject) => {
  const request = http.request(`${SANDBOX}/__sandbox/${path}`, { method: body ? 'POST' : 'GET' }, async (answer) => {
    let text = '';
    for await (const piece of answer) text += piece;
    resolve(JSON.parse(text));
  });
  request.on('error', reject).end(body && JSON.stringify(body));
});
const code = async (factorId) => (SANDBOX ? (await sandbox(`codes/${factorId}`)).code : '123456');
const tap = async (factorId, answer) => SANDBOX && sandbox(`push/${factorId}`, { answer });

// The time-based code of RFC 6238 for a base32 secret.
function totp(secret) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const say = (flow, step, got) => console.log([flow, step, JSON.stringify(got ?? null)].join('\t'));

// One call of the SDK; an error is part of the transcript.
async function call(flow, step, pending) {
  try {
    const got = await pending;
    say(flow, step, got);
    return got;
  } catch (error) {
    say(flow, step, [error.status, error.message]);
    return null;
  }
}

async function all(pending) {
  const items = [];
  await (await pending).each((item) => { items.push(item); });
  return items;
}

// A POST that the SDK has no method for.
async function post(url) {
  const answer = await client.http.http(url, { method: 'post', headers: { Accept: 'application/json' } });
  return [answer.status, await answer.json()];
}

async function sms(userId) {
  const flow = 'sms';
  const body = { factorType: 'sms', provider: 'OKTA', profile: { phoneNumber: PHONE } };
  const { id: pending } = await call(flow, 'enroll', factors.enrollFactor({ userId, body }));
  await call(flow, 'list', all(factors.listFactors({ userId })));
  const activate = (passCode) => factors.activateFactor({ userId, factorId: pending, body: { passCode } });
  await call(flow, 'wrong code', activate('000000'));
  await call(flow, 'activate', activate(await code(pending)));
  // What activate returns has lost the new id.
  const [{ id: factorId }] = await call(flow, 'list again', all(factors.listFactors({ userId })));
  await call(flow, 'the pending one', factors.getFactor({ userId, factorId: pending }));
  await call(flow, 'challenge', factors.verifyFactor({ userId, factorId }));
  await call(flow, 'verify', factors.verifyFactor({ userId, factorId, body: { passCode: await code(factorId) } }));
  await call(flow, 'by login', users.getUser({ userId: LOGIN }));
  await call(flow, 'search', all(users.listUsers({ filter: `profile.login eq "${LOGIN}"` })));
  await call(flow, 'unenroll', factors.unenrollFactor({ userId, factorId }));
  await call(flow, 'gone', factors.getFactor({ userId, factorId }));
}

async function timeBased(userId) {
  const flow = 'totp';
  const body = { factorType: 'token:software:totp', provider: 'OKTA' };
  const pending = await call(flow, 'enroll', factors.enrollFactor({ userId, body }));
  const factorId = pending.id;
  const passCode = totp(pending._embedded.activation.sharedSecret);
  await call(flow, 'activate', factors.activateFactor({ userId, factorId, body: { passCode } }));
  await call(flow, 'verify', factors.verifyFactor({ userId, factorId, body: { passCode: await code(factorId) } }));
  await call(flow, 'get', factors.getFactor({ userId, factorId }));
}

async function push(userId) {
  const flow = 'push';
  const body = { factorType: 'push', provider: 'OKTA' };
  const { id: factorId } = await call(flow, 'enroll', factors.enrollFactor({ userId, body }));
  const poll = `${ORG_URL}/api/v1/users/${userId}/factors/${factorId}/lifecycle/activate/poll`;
  await call(flow, 'poll', post(poll));
  await call(flow, 'poll again', post(poll));
  await tap(factorId, 'approve');
  await call(flow, 'poll, approved', post(poll));
  for (const answer of ['approve', 'reject']) {
    // Its model of a challenge drops the links, and only they tell the transaction.
    const verify = `${ORG_URL}/api/v1/users/${userId}/factors/${factorId}/verify`;
    const [, challenge] = await call(flow, 'challenge', post(verify));
    const transactionId = challenge._links.poll.href.split('/').pop();
    const status = () => factors.getFactorTransactionStatus({ userId, factorId, transactionId });
    await call(flow, 'waiting', status());
    await tap(factorId, answer);
    await call(flow, answer, status());
  }
}

async function trouble(userId) {
  await call('limited', 'list', all(factors.listFactors({ userId })));
  const timeBased = { factorType: 'token:software:totp', provider: 'OKTA' };
  await call('moved', 'enroll', factors.enrollFactor({ userId, body: timeBased }));
  const body = { factorType: 'push', provider: 'OKTA' };
  const { id: factorId } = await call('lapsed', 'enroll', factors.enrollFactor({ userId, body }));
  const poll = `${ORG_URL}/api/v1/users/${userId}/factors/${factorId}/lifecycle/activate/poll`;
  let result;
  do {
    [, { factorResult: result }] = await call('lapsed', 'poll', post(poll));
  } while (result === 'WAITING');
  await call('lapsed', 'get', factors.getFactor({ userId, factorId }));
  await call('gone', 'delete', factors.unenrollFactor({ userId, factorId }));
  await call('gone', 'get', factors.getFactor({ userId, factorId }));
}

const profile = { firstName: FIRST, lastName: LAST, email: LOGIN, login: LOGIN };
const { id } = await call('sms', 'create', users.createUser({ body: { profile } }));
if (process.env.TROUBLE) {
  await trouble(id);
} else {
  await sms(id);
  await timeBased(id);
  await push(id);
}
