import assert from 'node:assert/strict';
import { systemClock } from '@keelson/base';
import { createCA, createCSR, issue } from '@keelson/pki';
import type { CertificateSigningRequest } from '@keelson/types';
import { operations } from '../operations.ts';
import { across, discovered } from '../resource.ts';
import type { Specs } from '../specs.ts';

const plural = 'certificatesigningrequests';

export const certificates: Specs = {
  async '[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations'(c) {
    await discovered(c, 'certificates.k8s.io', 'v1', [plural, `${plural}/approval`, `${plural}/status`]);
    const resource = across<CertificateSigningRequest>(c, 'certificates.k8s.io/v1', plural);
    const { csrPem } = await createCSR({ commonName: 'e2e.example.com', dnsNames: ['e2e.example.com'] });
    const request = Buffer.from(csrPem).toString('base64');
    const clock = systemClock;
    const ca = await createCA({ commonName: 'e2e', days: 1, clock });
    const { certPem } = await issue({ ca, commonName: 'e2e.example.com', usages: ['server'], days: 1, clock });
    const certificate = Buffer.from(certPem).toString('base64');
    const signerName = `example.com/${c.unique('e2e')}`;
    const usages = ['digital signature', 'key encipherment', 'server auth'];
    const spec = { request, signerName, expirationSeconds: 3600, usages };
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-csr-', labels }, spec });
    await operations(c, { resource }, make, async ({ metadata, spec: kept }) => {
      const name = metadata.name ?? '';
      assert.equal(kept.expirationSeconds, 3600);
      const chosen = `?fieldSelector=${encodeURIComponent(`spec.signerName=${signerName}`)}`;
      assert.equal((await resource.ask('GET', chosen)).json<{ items: object[] } & CertificateSigningRequest>().items.length, 3);
      for (const part of ['approval', 'status']) {
        const gotten = await resource.get(`${name}/${part}`);
        assert.deepEqual([gotten.kind, gotten.apiVersion], ['CertificateSigningRequest', 'certificates.k8s.io/v1']);
        assert.equal(gotten.metadata.uid, metadata.uid);
      }
      const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'Set from an e2e test' });
      const types = (request: CertificateSigningRequest) => request.status?.conditions?.map(({ type }) => type);
      const annotated = (key: string) => ({ metadata: { annotations: { [key]: 'true' } } });
      const approval = { ...annotated('patchedapproval'), status: { conditions: [{ ...condition('ApprovalPatch'), message: undefined }] } };
      const patched = await resource.patch(`${name}/approval`, approval, 'merge');
      assert.deepEqual(types(patched), ['ApprovalPatch']);
      assert.equal(patched.metadata.annotations?.patchedapproval, 'true');
      const conditions = [...(patched.status?.conditions ?? []), condition('Approved')];
      const approved = await resource.replace({ ...patched, status: { ...patched.status, conditions } }, '/approval');
      assert.deepEqual(types(approved), ['ApprovalPatch', 'Approved']);
      const signed = await resource.patch(`${name}/status`, { ...annotated('patchedstatus'), status: { certificate } }, 'merge');
      assert.equal(signed.status?.certificate, certificate);
      assert.equal(signed.metadata.annotations?.patchedstatus, 'true');
      const more = [...(signed.status?.conditions ?? []), condition('StatusUpdate')];
      const updated = await resource.replace({ ...signed, status: { ...signed.status, conditions: more } }, '/status');
      assert.deepEqual(
        types(updated),
        more.map(({ type }) => type),
      );
    });
    const own = `?fieldSelector=${encodeURIComponent(`spec.signerName=${signerName}`)}`;
    for (const _ of [1, 2]) await resource.create(make({}));
    assert.equal((await resource.ask('DELETE', own)).status, 200);
    assert.deepEqual((await resource.ask('GET', own)).json<{ items: object[] } & CertificateSigningRequest>().items, []);
  },
};
