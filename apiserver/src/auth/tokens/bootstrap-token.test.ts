import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rfc3339 } from '@keelson/base';
import { SimulatedClock } from '@keelson/testing';
import { Secret, type SelfSubjectReview } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
});
after(() => server.close());

const namespace = 'kube-system';
const secret = '0123456789abcdef';
const hour = 3_600_000;

/** Makes the Secret of a token; members that are undefined are left out. */
async function makeToken(id: string, over: Readonly<Record<string, string | undefined>> = {}, metadata: object = {}): Promise<void> {
  const values = {
    'token-id': id,
    'token-secret': secret,
    expiration: rfc3339(clock.now() + hour),
    'usage-bootstrap-authentication': 'true',
    'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
    ...over,
  };
  const data = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, Buffer.from(value).toString('base64')]],
  );
  await server.api.create(Secret, {
    metadata: { name: `bootstrap-token-${id}`, namespace, ...metadata },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(data),
  });
}

async function whoami(token: string): Promise<string | number> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await server.sendAnonymous('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, headers);
  if (answer.status !== 201) return answer.status;
  const { username, groups = [] } = answer.json<SelfSubjectReview>().status?.userInfo ?? {};
  return [username, ...groups].join(' ');
}

test('a bootstrap token is its user, with its groups', async () => {
  await makeToken('aaaaaa');
  await makeToken('plain0', { 'auth-extra-groups': undefined, expiration: undefined });
  const groups = 'system:bootstrappers system:bootstrappers:kubeadm:default-node-token system:authenticated';
  assert.equal(await whoami(`aaaaaa.${secret}`), `system:bootstrap:aaaaaa ${groups}`);
  assert.equal(await whoami(`plain0.${secret}`), 'system:bootstrap:plain0 system:bootstrappers system:authenticated');
  const headers = { authorization: `Bearer aaaaaa.${secret}` };
  assert.equal((await server.sendAnonymous('GET', '/api/v1/secrets', undefined, headers)).status, 403, 'and nothing else');
});

test('what is no good token is refused', async () => {
  await makeToken('good00');
  await makeToken('nouse0', { 'usage-bootstrap-authentication': 'false' });
  await makeToken('groups', { 'auth-extra-groups': 'system:bootstrappers:fine,system:masters' });
  await makeToken('ends00', { expiration: 'tomorrow' });
  await makeToken('other0', { 'token-id': 'good00' });
  await makeToken('empty0', { 'token-secret': undefined });
  for (const token of [
    ...['0123456789abcdee', '0123456789abcdeff', '0123456789abcde', ''].map((wrong) => `good00.${wrong}`),
    ...['nouse0', 'groups', 'ends00', 'other0', 'empty0', 'absent'].map((id) => `${id}.${secret}`),
    `GOOD00.${secret}`,
    `../x.${secret}`,
  ])
    assert.equal(await whoami(token), 401, token);
});

test('a Secret of another type, name or namespace is no token', async () => {
  const data = { 'token-id': 'typed0', 'token-secret': secret, 'usage-bootstrap-authentication': 'true' };
  const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  await server.api.create(Secret, { metadata: { name: 'bootstrap-token-typed0', namespace }, type: 'Opaque', data: encoded });
  assert.equal(await whoami(`typed0.${secret}`), 401);
  await makeToken('else00', {}, { namespace: 'default' });
  assert.equal(await whoami(`else00.${secret}`), 401);
});

test('a token dies with its time and with its Secret', async () => {
  await makeToken('brief0');
  await makeToken('gone00', {}, { finalizers: ['example.com/hold'] });
  await clock.advance(hour - 1000);
  assert.match(String(await whoami(`brief0.${secret}`)), /^system:bootstrap:brief0/);
  await server.api.delete(Secret, { name: 'bootstrap-token-gone00', namespace });
  assert.equal(await whoami(`gone00.${secret}`), 401, 'being deleted is enough');
  await clock.advance(2000);
  assert.equal(await whoami(`brief0.${secret}`), 401);
});
