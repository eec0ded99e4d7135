import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { type BootstrapToken, caHash, createCA } from '@keelson/pki';
import type { ConfigMap } from '@keelson/types';
import { CompactSign } from 'jose';
import { clusterInfo } from '../objects/config-maps.ts';
import { verifyClusterInfo } from './verify.ts';

const token: BootstrapToken = { id: 'abcdef', secret: '0123456789abcdef' };

async function signed(info: ConfigMap, { id, secret }: BootstrapToken): Promise<ConfigMap> {
  const payload = Buffer.from(info.data?.kubeconfig ?? '');
  const whole = await new CompactSign(payload).setProtectedHeader({ alg: 'HS256', kid: id }).sign(Buffer.from(secret));
  const [header, , signature] = whole.split('.');
  return { ...info, data: { ...info.data, [`jws-kubeconfig-${id}`]: `${header}..${signature}` } };
}

describe('what a stranger says of the cluster', () => {
  let info: ConfigMap;
  let caPem: string;
  let pin: string;

  before(async () => {
    caPem = (await createCA({ commonName: 'kubernetes', days: 1, clock: systemClock })).certPem;
    pin = caHash(caPem);
    info = await signed(clusterInfo({ server: 'https://192.0.2.1:6443', caPem }), token);
  });

  test('is believed when the authority is the pinned one and the token signed it', async () => {
    const verdict = await verifyClusterInfo(info, token, [pin]);
    assert.deepEqual(verdict, { kind: 'trusted', caPem, server: 'https://192.0.2.1:6443', kubeconfig: info.data?.kubeconfig });
    assert.equal((await verifyClusterInfo(info, token, [])).kind, 'trusted');
  });

  test('is not when the authority is another one, whoever signed it', async () => {
    const verdict = await verifyClusterInfo(info, token, [`sha256:${'0'.repeat(64)}`]);
    assert.match(JSON.stringify(verdict), /refused.*certificate authority has the hash sha256:/);
  });

  test('is not when a second authority was added', async () => {
    const other = (await createCA({ commonName: 'evil', days: 1, clock: systemClock })).certPem;
    const both = await signed(clusterInfo({ server: 'https://192.0.2.1:6443', caPem: caPem + other }), token);
    assert.equal((await verifyClusterInfo(both, token, [pin])).kind, 'refused');
  });

  test('is not when another secret signed it, or another text was signed', async () => {
    const forged = await signed(info, { ...token, secret: 'fedcba9876543210' });
    assert.match(JSON.stringify(await verifyClusterInfo(forged, token, [pin])), /refused.*not signed with the token/);
    const moved = { ...info, data: { ...info.data, kubeconfig: (info.data?.kubeconfig ?? '').replace('192.0.2.1', '192.0.2.66') } };
    assert.match(JSON.stringify(await verifyClusterInfo(moved, token, [pin])), /refused.*not signed with the token/);
  });

  test('may be signed later', async () => {
    assert.deepEqual(await verifyClusterInfo(info, { ...token, id: 'zzzzzz' }, [pin]), { kind: 'unsigned' });
  });

  test('is not when it makes no sense', async () => {
    for (const kubeconfig of [undefined, ':', 'clusters: [{}]', 'clusters: [{cluster: {server: "https://x"}}]']) {
      const verdict = await verifyClusterInfo({ metadata: {}, data: kubeconfig === undefined ? {} : { kubeconfig } }, token, []);
      assert.equal(verdict.kind, 'refused', kubeconfig);
    }
  });
});
