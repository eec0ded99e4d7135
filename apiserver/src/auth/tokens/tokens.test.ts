import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { Node, Pod, ServiceAccount, type Status, type TokenRequest, type TokenReview } from '@keelson/types';
import { type Answer, type Fixture, podOf, startServer, testIssuer } from '../../testing/fixture.ts';

const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
  for (const name of ['default', 'robot']) await server.api.create(ServiceAccount, { metadata: { name, namespace } });
});
after(() => server.close());

const namespace = 'default';
const accounts = '/api/v1/namespaces/default/serviceaccounts';

async function tokenFor(name: string, spec: object = {}): Promise<string> {
  const answer = await server.send('POST', `${accounts}/${name}/token`, { spec });
  assert.equal(answer.status, 201, answer.text);
  return answer.json<TokenRequest>().status?.token ?? '';
}

const whoami = (token: string): Promise<Answer> =>
  server.sendAnonymous('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { authorization: `Bearer ${token}` });
const userOf = async (token: string) =>
  (await whoami(token)).json<{ status: { userInfo: { username: string; groups: string[]; extra: Record<string, string[]> } } }>().status
    .userInfo;

test('a token of a service account is that service account', async () => {
  const token = await tokenFor('robot');
  const { username, groups, extra } = await userOf(token);
  assert.deepEqual(
    [username, groups],
    ['system:serviceaccount:default:robot', ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated']],
  );
  assert.match(extra['authentication.kubernetes.io/credential-id']?.[0] ?? '', /^JTI=/);
  const answer = await server.sendAnonymous('GET', '/api/v1/pods', undefined, { authorization: `Bearer ${token}` });
  assert.match(answer.json<Status>().message ?? '', /User "system:serviceaccount:default:robot" cannot list resource "pods"/);
});

test('what is no good token is 401, what is none is anonymous', async () => {
  const token = await tokenFor('robot');
  const [header, payload, signature] = token.split('.');
  const forged = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), sub: 'system:serviceaccount:kube-system:admin' }),
  ).toString('base64url');
  for (const bad of [
    'x',
    'a.b.c',
    `${header}.${payload}.`,
    `${header}.${forged}.${signature}`,
    `${token}x`,
    await tokenFor('robot', { audiences: ['elsewhere'] }),
  ]) {
    const answer = await whoami(bad);
    assert.deepEqual(
      [answer.status, answer.json<Status>().reason, answer.json<Status>().message],
      [401, 'Unauthorized', 'Unauthorized'],
      bad,
    );
  }
  for (const authorization of ['Basic eDp5', 'Bearer ', ''])
    assert.equal((await server.sendAnonymous('GET', '/api', undefined, { authorization })).status, 403);
});

test('a token dies with its time, its account and what it is bound to', async () => {
  const timed = await tokenFor('robot', { expirationSeconds: 600 });
  await clock.advance(599_000);
  assert.equal((await whoami(timed)).status, 201);
  await clock.advance(2_000);
  assert.equal((await whoami(timed)).status, 401);
  const pod = await server.api.create(Pod, podOf('bound', { metadata: { namespace }, spec: { serviceAccountName: 'robot' } }) as Pod);
  const bound = await tokenFor('robot', { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'bound', uid: pod.metadata.uid } });
  assert.deepEqual((await userOf(bound)).extra['authentication.kubernetes.io/pod-name'], ['bound']);
  await server.api.delete(Pod, { name: 'bound', namespace });
  assert.equal((await whoami(bound)).status, 401);
  const orphaned = await tokenFor('robot');
  await server.api.delete(ServiceAccount, { name: 'robot', namespace });
  await server.api.create(ServiceAccount, { metadata: { name: 'robot', namespace } });
  assert.equal((await whoami(orphaned)).status, 401);
});

test('requests for tokens are checked', async () => {
  const refused = async (path: string, spec: object, code: number, message: RegExp): Promise<void> => {
    const answer = await server.send('POST', `${accounts}/${path}/token`, { spec });
    assert.deepEqual([answer.status, message.test(answer.json<Status>().message ?? '')], [code, true], answer.text);
  };
  await refused('absent', {}, 404, /^serviceaccounts "absent" not found$/);
  await refused(
    'robot',
    { expirationSeconds: 1 },
    422,
    /^TokenRequest\.authentication\.k8s\.io "" is invalid: spec\.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes$/,
  );
  await refused('robot', { expirationSeconds: 2 ** 33 }, 422, /larger than 2\^32 seconds/);
  await refused('robot', { boundObjectRef: { kind: 'Pod', name: 'absent' } }, 404, /^pods "absent" not found$/);
  await refused('robot', { boundObjectRef: { kind: 'Service', name: 'x' } }, 400, /^cannot bind token to object of type \/, Kind=Service$/);
  const pod = await server.api.create(Pod, podOf('mine', { metadata: { namespace }, spec: { serviceAccountName: 'robot' } }) as Pod);
  await refused('robot', { boundObjectRef: { kind: 'Pod', name: 'mine', uid: 'other' } }, 409, /does not match the UID in record/);
  assert.ok(pod.metadata.uid);
});

test('a token review tells whose a token is, for whom', async () => {
  const review = async (spec: object) =>
    (await server.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec })).json<TokenReview>().status;
  const token = await tokenFor('robot', { audiences: ['vault', testIssuer] });
  const own = await review({ token });
  assert.deepEqual([own?.authenticated, own?.user?.username, own?.audiences], [true, 'system:serviceaccount:default:robot', [testIssuer]]);
  assert.deepEqual((await review({ token, audiences: ['vault', 'other'] }))?.audiences, ['vault']);
  assert.equal((await review({ token, audiences: ['other'] }))?.authenticated ?? false, false);
  assert.equal((await review({ token: 'x' }))?.authenticated ?? false, false);
  assert.equal((await server.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {})).status, 400);
});

test('a kubelet gets tokens for the pods it runs, and no others', async () => {
  const { api } = server;
  await api.create(Node, { metadata: { name: 'n1' }, spec: {} });
  const here = await api.create(Pod, podOf('here', { metadata: { namespace }, spec: { nodeName: 'n1' } }) as Pod);
  const there = await api.create(Pod, podOf('there', { metadata: { namespace }, spec: { nodeName: 'n2' } }) as Pod);
  const kubelet = server.as('system:node:n1', ['system:nodes', 'system:authenticated']);
  const ask = (spec: object) => kubelet.raw({ method: 'POST', path: `${accounts}/default/token`, body: JSON.stringify({ spec }) });
  const ref = ({ metadata: { name, uid } }: Pod) => ({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid } });
  assert.equal((await ask(ref(here))).status, 201);
  await assert.rejects(ask(ref(there)), { code: 403, message: /node requested token bound to a pod scheduled on a different node/ });
  await assert.rejects(ask({}), { code: 403, message: 'serviceaccounts "default" is forbidden: node requested token not bound to a pod' });
});
