import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createKeyPair } from '@keelson/pki';
import { eventually, SimulatedClock } from '@keelson/testing';
import { ConfigMap, Node, Pod, Secret, ServiceAccount, type TokenRequest, type TokenReview } from '@keelson/types';
import { SignJWT } from 'jose/jwt/sign';
import { type Fixture, podOf, startServer, testIssuer, testKeys } from '../../testing/fixture.ts';
import { createTokens } from './tokens.ts';

/** Service-account tokens: what they are bound to, how long they live, keys that change, and those kept in Secrets. */

const clock = new SimulatedClock();
const namespace = 'default';
const path = `/api/v1/namespaces/${namespace}/serviceaccounts/robot/token`;
let server: Fixture;
let uid = '';
before(async () => {
  server = await startServer({ clock, terms: { extend: true, longest: 7_200 } });
  for (const name of ['default', 'robot']) await server.api.create(ServiceAccount, { metadata: { name, namespace } });
  uid = (await server.api.get(ServiceAccount, { name: 'robot', namespace })).metadata.uid ?? '';
});
after(() => server.close());

async function request(spec: object): Promise<{ answer: TokenRequest; warning: string; token: string; claims: Record<string, unknown> }> {
  const { status, text, headers } = await server.send('POST', path, { spec });
  assert.equal(status, 201, text);
  const answer = JSON.parse(text) as TokenRequest;
  const token = answer.status?.token ?? '';
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
  return { answer, token, claims, warning: String(headers.warning ?? '') };
}

/** What a TokenReview says of a token: the user, or why not. */
async function verdict(token: string): Promise<string> {
  const { status } = (await server.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } })).json<TokenReview>();
  return status?.authenticated ? (status.user?.username ?? '') : (status?.error ?? '');
}

const robot = 'system:serviceaccount:default:robot';
const gone = 'service account token has been invalidated';
const seconds = (): number => Math.floor(clock.now() / 1000);

test('a token is no longer good than what it is bound to', async () => {
  const { api } = server;
  await api.create(Secret, { metadata: { name: 'key', namespace } });
  await api.create(Node, { metadata: { name: 'n1' }, spec: {} });
  await api.create(Pod, podOf('work', { metadata: { namespace }, spec: { nodeName: 'n1', serviceAccountName: 'robot' } }) as Pod);
  const bound = async (kind: string, name: string) => (await request({ boundObjectRef: { apiVersion: 'v1', kind, name } })).token;
  const tokens = { secret: await bound('Secret', 'key'), node: await bound('Node', 'n1'), pod: await bound('Pod', 'work') };
  for (const token of Object.values(tokens)) assert.equal(await verdict(token), robot);
  const review = await server.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: tokens.pod } });
  const { extra } = review.json<{ status: { user: { extra: Record<string, string[]> } } }>().status.user;
  assert.deepEqual(
    Object.keys(extra).sort(),
    ['credential-id', 'node-name', 'node-uid', 'pod-name', 'pod-uid'].map((name) => `authentication.kubernetes.io/${name}`),
  );
  await api.delete(Secret, { name: 'key', namespace });
  await api.create(Secret, { metadata: { name: 'key', namespace } });
  assert.match(await verdict(tokens.secret), /^secret UID \(.*\) does not match claim \(.*\)$/);
  await api.delete(Node, { name: 'n1' });
  assert.equal(await verdict(tokens.node), gone);
  assert.equal(await verdict(tokens.pod), robot, 'a pod’s token is the pod’s');
});

test('a token is asked for the account at its address, and bound to what was meant', async () => {
  await server.api.create(Pod, podOf('meant', { metadata: { namespace }, spec: { serviceAccountName: 'robot' } }) as Pod);
  await server.api.create(Node, { metadata: { name: 'n2' }, spec: {} });
  const refused = async (body: object): Promise<string> => {
    const { status, text } = await server.send('POST', path, body);
    return `${status} ${(JSON.parse(text) as { message: string }).message}`;
  };
  const bound = (reference: object) => refused({ spec: { boundObjectRef: { apiVersion: 'v1', name: 'meant', ...reference } } });
  const other =
    'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated';
  assert.deepEqual(
    [
      await refused({ metadata: { name: 'default' } }),
      await refused({ metadata: { namespace: 'other' } }),
      await bound({ kind: 'Pod', uid: 'x' }),
      await bound({ kind: 'Node', name: 'n2', uid: 'x' }),
      await bound({ kind: 'Service' }),
      await bound({ kind: 'Pod', apiVersion: 'apps/v1' }),
    ],
    [
      '422 TokenRequest.authentication.k8s.io "robot" is invalid: metadata.name: Invalid value: "default": must match the service account name if specified',
      '400 the namespace of the provided object does not match the namespace sent on the request',
      `409 Operation cannot be fulfilled on Pod "meant": ${other}`,
      `409 Operation cannot be fulfilled on Node "n2": ${other}`,
      '400 cannot bind token to object of type /v1, Kind=Service',
      '400 cannot bind token to object of type apps/v1, Kind=Pod',
    ],
  );
});

test('a pod that is being deleted has a minute more than its grace', async () => {
  const { api } = server;
  const { token } = await request({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'work' } });
  await api.delete(Pod, { name: 'work', namespace }, { gracePeriodSeconds: 30 });
  await clock.advance(89_000);
  assert.equal(await verdict(token), robot);
  await clock.advance(3_000);
  assert.equal(await verdict(token), gone);
});

test('pods’ own tokens live a year, and are counted past the hour; others as long as asked, up to the limit', async () => {
  const { answer, claims, token } = await request({ expirationSeconds: 3607 });
  assert.deepEqual([Number(claims.exp) - seconds(), answer.spec?.expirationSeconds], [31_536_000, 3607]);
  assert.equal((claims['kubernetes.io'] as { warnafter: number }).warnafter - seconds(), 3607);
  assert.equal(Date.parse(answer.status?.expirationTimestamp ?? '') - seconds() * 1000, 3_607_000);
  const stale = async () => /serviceaccount_stale_tokens_total (\d+)/.exec(await server.metrics.metrics())?.[1];
  assert.deepEqual([await verdict(token), await stale()], [robot, '0']);
  await clock.advance(3_700_000);
  assert.deepEqual([await verdict(token), await stale()], [robot, '1']);
  const elsewhere = await request({ expirationSeconds: 3607, audiences: ['vault'] });
  assert.equal(Number(elsewhere.claims.exp) - seconds(), 3607);
  const long = await request({ expirationSeconds: 100_000 });
  assert.equal(Number(long.claims.exp) - seconds(), 7_200);
  assert.match(long.warning, /requested expiration of 100000 seconds shortened to 7200 seconds/);
});

test('keys and issuers change without breaking tokens of before', async () => {
  const [old, fresh, other] = await Promise.all([createKeyPair('RSA'), createKeyPair('EC'), createKeyPair('EC')]);
  const { publicKeyPem } = old;
  const common = { audiences: ['a'], clock };
  const of = { namespace, serviceAccount: { name: 'robot', uid }, audiences: ['a'], expirationSeconds: 600, jti: 'x' };
  const before = createTokens({ ...common, issuer: 'https://old', signingKey: old.privateKeyPem, publicKeys: [publicKeyPem] });
  const now = createTokens({
    ...common,
    issuer: 'https://new',
    formerIssuers: ['https://old'],
    signingKey: fresh.privateKeyPem,
    publicKeys: [fresh.publicKeyPem, publicKeyPem],
  });
  for (const tokens of [before, now]) assert.equal((await now.verify(await tokens.signer.sign(of))).kind, 'valid');
  assert.equal((await before.verify(await now.signer.sign(of))).kind, 'foreign');
  const stranger = createTokens({ ...common, issuer: 'https://old', signingKey: other.privateKeyPem, publicKeys: [other.publicKeyPem] });
  assert.equal((await now.verify(await stranger.signer.sign(of))).kind, 'invalid');
  assert.equal(now.keySet.keys.length, 2);
});

const prefix = 'kubernetes.io/serviceaccount/';

/** A token as the token controller signs it. */
function legacy(secret: string, claims: object = {}, key = testKeys.signingKey): Promise<string> {
  const named = { [`${prefix}namespace`]: namespace, [`${prefix}secret.name`]: secret, [`${prefix}service-account.name`]: 'robot' };
  const all = { iss: 'kubernetes/serviceaccount', ...named, [`${prefix}service-account.uid`]: uid, sub: robot, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256' }).sign(createPrivateKey(key));
}

async function keep(name: string, token: string, labels: Record<string, string> = {}): Promise<void> {
  const annotations = { 'kubernetes.io/service-account.name': 'robot', 'kubernetes.io/service-account.uid': uid };
  const data = { token: Buffer.from(token).toString('base64') };
  await server.api.create(Secret, {
    metadata: { name, namespace, annotations, labels },
    type: 'kubernetes.io/service-account-token',
    data,
  });
}

test('a token kept in a Secret holds while the Secret has it', async () => {
  const token = await legacy('legacy');
  assert.equal(await verdict(token), gone, 'no Secret');
  await keep('legacy', token);
  assert.equal(await verdict(token), robot);
  const label = async () =>
    (await server.api.get(Secret, { name: 'legacy', namespace })).metadata.labels?.['kubernetes.io/legacy-token-last-used'];
  await eventually(async () => (await label()) === new Date(clock.now()).toISOString().slice(0, 10));
  const { privateKeyPem } = await createKeyPair();
  assert.equal(await verdict(await legacy('legacy', {}, privateKeyPem)), 'invalid signature');
  assert.equal(await verdict(await legacy('legacy', { more: 1 })), 'service account token does not match server copy');
  assert.equal(
    await verdict(await legacy('legacy', { sub: 'system:serviceaccount:kube-system:robot' })),
    'the token does not name its service account',
  );
  const review = { spec: { token, audiences: ['vault'] } };
  const other = (await server.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review)).json<TokenReview>();
  assert.notEqual(other.status?.authenticated, true, 'it is for the API server alone');
  const unused = await legacy('unused');
  await keep('unused', unused, { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' });
  assert.match(await verdict(unused), /^the token in secret default\/unused for service account default\/robot has been marked invalid\. /);
  await server.api.delete(Secret, { name: 'legacy', namespace });
  assert.equal(await verdict(token), gone);
});

test('whose token was made by itself is told so, and since when use is noted stands in a ConfigMap', async () => {
  const token = await legacy('made');
  await keep('made', token);
  const ask = async () => {
    const review = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    return server.sendAnonymous('POST', review, {}, { authorization: `Bearer ${token}` });
  };
  assert.equal((await ask()).headers.warning, undefined);
  const robotAccount = await server.api.get(ServiceAccount, { name: 'robot', namespace });
  await server.api.update(ServiceAccount, { ...robotAccount, secrets: [{ name: 'made' }] });
  assert.match(String((await ask()).headers.warning), /instead of auto-generated secret-based tokens/);
  assert.match(await server.metrics.metrics(), /serviceaccount_legacy_auto_token_uses_total 1/);
  const tracking = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
  assert.equal((await server.api.get(ConfigMap, tracking)).data?.since, '2026-01-01');
});

test('a token of an account that was made anew is nobody’s', async () => {
  const { token } = await request({ audiences: [testIssuer] });
  assert.equal(await verdict(token), robot);
  await server.api.delete(ServiceAccount, { name: 'robot', namespace });
  assert.equal(await verdict(token), gone);
  await server.api.create(ServiceAccount, { metadata: { name: 'robot', namespace } });
  assert.match(await verdict(token), /^service account UID \(.*\) does not match claim \(.*\)$/);
});
