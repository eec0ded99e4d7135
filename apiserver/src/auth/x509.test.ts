import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { systemClock as clock } from '@keelson/base';
import type { HttpRequestLike } from '@keelson/client';
import { createCA, issue } from '@keelson/pki';
import type { Trust } from './trust.ts';
import { x509Authenticator } from './x509.ts';

test('what was verified against an authority that is gone proves nothing, also where there is but one', async () => {
  const [before, now] = await Promise.all(['before', 'now'].map((commonName) => createCA({ commonName, days: 1, clock })));
  assert.ok(before && now);
  const { certPem } = await issue({ ca: before, commonName: 'alice', usages: ['client'], days: 1, clock });
  let trust: Trust = { clientCA: before.certPem };
  const { authenticate } = x509Authenticator(() => trust);
  const connection = () => ({ authorized: true, getPeerX509Certificate: () => new X509Certificate(certPem) });
  const [asked, silent] = [connection(), connection()];
  const found = async (socket: HttpRequestLike['socket']): Promise<string> =>
    (await authenticate({ headers: {}, socket } as HttpRequestLike)).type;
  assert.equal(await found(asked), 'authenticated');
  trust = { clientCA: now.certPem };
  assert.deepEqual([await found(asked), await found(silent)], ['invalid', 'invalid']);
  trust = { clientCA: `${now.certPem}\n${before.certPem}` };
  assert.deepEqual([await found(asked), await found({ ...silent, authorized: false })], ['authenticated', 'invalid']);
});

test('the subject says who it is, once', async () => {
  const ca = await createCA({ commonName: 'ca', days: 1, clock });
  const { authenticate } = x509Authenticator(() => ({ clientCA: ca.certPem }));
  const who = async (commonName: string, ...uids: string[]): Promise<unknown> => {
    const { certPem } = await issue({ ca, commonName, organizations: ['devs'], uids, usages: ['client'], days: 1, clock });
    const socket = { authorized: true, getPeerX509Certificate: () => new X509Certificate(certPem) };
    const found = await authenticate({ headers: {}, socket } as unknown as HttpRequestLike);
    if (found.type !== 'authenticated') return found.type === 'invalid' ? found.message : found.type;
    return [found.user.name, found.user.uid, found.user.groups];
  };
  assert.deepEqual(await who('alice'), ['alice', undefined, ['devs']]);
  assert.deepEqual(await who('alice', '4711'), ['alice', '4711', ['devs']]);
  assert.equal(await who('alice', '1', '2'), 'expected 1 UID, but found multiple: [1 2]');
  assert.equal(await who('alice', ''), 'UID cannot be an empty string');
  assert.equal(await who(''), 'absent', 'who names nobody shows nothing');
});
