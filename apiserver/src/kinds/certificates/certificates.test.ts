import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCSR } from '@keelson/pki';
import { CertificateSigningRequest, ClusterRole, ClusterRoleBinding } from '@keelson/types';
import { cells, created, problems, statusProblems, testTime } from '../../testing/exercise.ts';
import { type Fixture, startServer } from '../../testing/fixture.ts';
import { certificateSigningRequestKind } from './certificate-signing-request.ts';

const { csrPem } = await createCSR({ commonName: 'system:node:n1', organizations: ['system:nodes'] });
const request = Buffer.from(csrPem).toString('base64');
const signerName = 'kubernetes.io/kube-apiserver-client-kubelet';
const signing = (spec: object = {}) => ({ spec: { request, signerName, usages: ['digital signature', 'client auth'], ...spec } });
const approved = { type: 'Approved', status: 'True', reason: 'Fine', message: 'it is' };
const certificate = Buffer.from('-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n').toString('base64');

test('a request says who asks', () => {
  const { spec, status } = created(certificateSigningRequestKind, { ...signing({ username: 'root' }), status: { certificate } });
  assert.deepEqual([spec.username, spec.uid, spec.groups, spec.extra], ['jane', '7', ['devs', 'system:authenticated'], { scopes: ['a'] }]);
  assert.deepEqual(status, {});
});

test('requests that cannot be', () => {
  const cases: [object, string[]][] = [
    [signing(), []],
    [signing({ request: 'AA==' }), ['spec.request: Invalid value: "AA==": PEM block type must be CERTIFICATE REQUEST']],
    [signing({ usages: [] }), ['spec.usages: Required value: usages must be provided']],
    [signing({ usages: ['any', 'any'] }), ['spec.usages[1]: Duplicate value: "any"']],
    [signing({ signerName: '' }), ['spec.signerName: Required value']],
    [
      signing({ signerName: 'mine' }),
      [`spec.signerName: Invalid value: "mine": must be a fully qualified domain and path of the form 'example.com/signer-name'`],
    ],
    [
      signing({ signerName: 'local/a' }),
      ['spec.signerName: Invalid value: "local": should be a domain with at least two segments separated by dots'],
    ],
    [
      signing({ expirationSeconds: 599 }),
      ['spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)'],
    ],
  ];
  for (const [object, expected] of cases) assert.deepEqual(problems(certificateSigningRequestKind, object), expected);
  assert.match(
    problems(certificateSigningRequestKind, signing({ usages: ['fly'] }))[0] ?? '',
    /^spec\.usages\[0\]: Unsupported value: "fly"/,
  );
});

test('signers set the certificate once, and no verdict', () => {
  const status = (next: object, old: object = {}) => statusProblems(certificateSigningRequestKind, signing(), next, old);
  const failed = { type: 'Failed', status: 'True' };
  const stamped = { ...approved, lastUpdateTime: testTime, lastTransitionTime: testTime };
  assert.deepEqual(status({ certificate, conditions: [stamped] }, { conditions: [stamped] }), []);
  assert.deepEqual(status({ conditions: [failed] }), []);
  assert.deepEqual(status({ conditions: [approved] }), [
    'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
  ]);
  assert.deepEqual(status({}, { conditions: [failed] }), [
    'status.conditions: Forbidden: updates may not remove a condition of type "Failed"',
  ]);
  assert.deepEqual(status({ certificate: 'AA==' }, { certificate }), [
    'status.certificate: Forbidden: updates may not modify existing certificate content',
  ]);
  assert.deepEqual(status({ certificate: 'AA==' }), [
    'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
  ]);
});

test('columns of requests', () => {
  const condition = (status: object) => cells(certificateSigningRequestKind, { metadata: {}, ...signing(), status }).Condition;
  assert.equal(condition({}), 'Pending');
  assert.equal(condition({ conditions: [approved], certificate }), 'Approved,Issued');
});

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

test('approval is a subresource of its own, with a right of its own', async () => {
  const { api } = server;
  const { spec } = await server.as('ann', ['system:masters']).create(CertificateSigningRequest, {
    metadata: { name: 'one' },
    ...signing(),
  } as unknown as CertificateSigningRequest);
  assert.equal(spec.username, 'ann');
  const rules = [
    { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['get', 'update', 'patch'] },
  ];
  await api.create(ClusterRole, { metadata: { name: 'approver' }, rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'approver' };
  await api.create(ClusterRoleBinding, { metadata: { name: 'approver' }, roleRef, subjects: [{ kind: 'User', name: 'bob' }] });
  const patch = JSON.stringify({ status: { conditions: [approved], certificate } });
  const asBob = await server.transport('bob', []).send({
    method: 'PATCH',
    path: `${path}/one/approval`,
    body: JSON.stringify({ status: { conditions: [approved] } }),
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  assert.equal(asBob.status, 403);
  const headers = { 'content-type': 'application/merge-patch+json' };
  const refused = await server.send('PATCH', `${path}/one/approval`, patch, headers);
  assert.match(refused.text, /status\.certificate: Forbidden: updates may not set certificate content/);
  const done = await server.send('PATCH', `${path}/one/approval`, { status: { conditions: [approved] } }, headers);
  assert.equal(done.status, 200, done.text);
  const [condition] = done.json<CertificateSigningRequest>().status?.conditions ?? [];
  assert.match(condition?.lastUpdateTime ?? '', /^\d{4}-/);
  const { metadata, status } = (await server.send('GET', `${path}/one/approval`)).json<CertificateSigningRequest>();
  assert.equal(status?.conditions?.[0]?.reason, 'Fine');
  const signed = await server.send('PUT', `${path}/one/status`, {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata,
    status: { ...status, certificate },
  });
  assert.equal(signed.status, 200, signed.text);
  assert.equal(signed.json<CertificateSigningRequest>().status?.certificate, certificate);
});
