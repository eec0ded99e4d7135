import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCSR } from '@keelson/pki';
import * as types from '@keelson/types';
import { type Fixture, startServer } from '../testing/fixture.ts';

const labels = { app: 'a' };
const selector = { matchLabels: labels };
const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:1' }] } };
const jobTemplate = { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } };
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
const webhook = {
  name: 'a.b.example.com',
  clientConfig: { url: 'https://a.example.com' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};
const matchConstraints = { resourceRules: [rule] };
const { csrPem } = await createCSR({ commonName: 'a' });

/** The smallest object of each kind that a server takes. */
const smallest: readonly (readonly [types.Kind, object, { readonly name?: string }?])[] = [
  [types.LimitRange, { spec: { limits: [{ type: 'Pod', max: { cpu: '1' } }] } }],
  [types.PersistentVolumeClaim, { spec: claimSpec }],
  [types.PersistentVolume, { spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' } } }],
  [types.PodTemplate, { template }],
  [types.ReplicationController, { spec: { template } }],
  [types.ResourceQuota, { spec: { hard: { pods: '1' } } }],
  [types.ControllerRevision, { data: { a: 1 }, revision: 1 }],
  [types.DaemonSet, { spec: { selector, template } }],
  [types.StatefulSet, { spec: { selector, template, serviceName: 'x' } }],
  [types.HorizontalPodAutoscaler, { spec: { maxReplicas: 1, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } }],
  [types.CronJob, { spec: { schedule: '@daily', jobTemplate } }],
  [types.Job, jobTemplate],
  [
    types.CertificateSigningRequest,
    { spec: { request: Buffer.from(csrPem).toString('base64'), signerName: 'example.com/a', usages: ['client auth'] } },
  ],
  [types.FlowSchema, { spec: { priorityLevelConfiguration: { name: 'a' } } }],
  [types.PriorityLevelConfiguration, { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } }],
  [types.IngressClass, { spec: { controller: 'example.com/a' } }],
  [types.Ingress, { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } }],
  [types.IPAddress, { spec: { parentRef: { resource: 'services', name: 'a' } } }, { name: '10.96.1.1' }],
  [types.NetworkPolicy, { spec: { podSelector: {} } }],
  [types.ServiceCIDR, { spec: { cidrs: ['10.97.0.0/16'] } }],
  [types.RuntimeClass, { handler: 'runc' }],
  [types.PodDisruptionBudget, { spec: { minAvailable: 1 } }],
  [types.PriorityClass, { value: 5 }],
  [types.CSIDriver, { spec: {} }],
  [types.CSINode, { spec: { drivers: [] } }],
  [types.CSIStorageCapacity, { storageClassName: 'a' }],
  [types.StorageClass, { provisioner: 'example.com/a' }],
  [types.VolumeAttachment, { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'a' } } }],
  [types.VolumeAttributesClass, { driverName: 'a', parameters: { a: 'b' } }],
  [types.DeviceClass, { spec: {} }],
  [types.ResourceClaim, { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'b' } }] } } }],
  [types.ResourceClaimTemplate, { spec: { spec: {} } }],
  [types.ResourceSlice, { spec: { driver: 'a', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } } }],
  [types.MutatingAdmissionPolicyBinding, { spec: { policyName: 'a' } }],
  [
    types.MutatingAdmissionPolicy,
    { spec: { matchConstraints, reinvocationPolicy: 'Never', mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }] } },
  ],
  [types.MutatingWebhookConfiguration, { webhooks: [webhook] }],
  [types.ValidatingAdmissionPolicyBinding, { spec: { policyName: 'a', validationActions: ['Warn'] } }],
  [types.ValidatingAdmissionPolicy, { spec: { matchConstraints, validations: [{ expression: 'true' }] } }],
  [types.ValidatingWebhookConfiguration, { webhooks: [webhook] }],
  [
    types.APIService,
    { spec: { group: 'a.example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 } },
    { name: 'v1.a.example.com' },
  ],
];

let server: Fixture;
before(async () => {
  // What it adds, a controller takes off: here things go when they are deleted. Custom resources have tests of their own.
  // Without fairness nobody but the test writes: no status of a FlowSchema.
  const fairness = { enabled: false, maxRequestsInFlight: 0, maxMutatingRequestsInFlight: 0 };
  server = await startServer({ disabledAdmission: ['StorageObjectInUseProtection'], fairness });
});
after(() => server.close());

interface Stored {
  metadata: { name: string; uid: string; resourceVersion: string; generation?: number; labels?: object };
  status?: object;
}

for (const [kind, object, { name = 'x' } = {}] of smallest) {
  test(`${kind.kind} is created, read, listed, updated and deleted`, async () => {
    const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
    const all = `${root}${kind.namespaced ? '/namespaces/default' : ''}/${kind.resource}`;
    const one = `${all}/${name}`;
    const body = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name }, ...object };
    const created = await server.send('POST', all, body);
    assert.equal(created.status, 201, created.text);
    const stored = (await server.send('GET', one)).json<Stored>();
    assert.deepEqual(stored, created.json());
    assert.ok(stored.metadata.uid);
    const table = await server.send('GET', all, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    const { columnDefinitions, rows } = table.json<{ columnDefinitions: object[]; rows: { cells: unknown[] }[] }>();
    assert.equal(rows.find(({ cells }) => cells[0] === name)?.cells.length, columnDefinitions.length, table.text);
    const same = await server.send('PUT', one, stored);
    assert.equal(same.json<Stored>().metadata.resourceVersion, stored.metadata.resourceVersion, 'the defaults settle at once');
    const labelled = await server.send('PUT', one, { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } });
    assert.equal(labelled.status, 200, labelled.text);
    assert.equal(labelled.json<Stored>().metadata.generation, stored.metadata.generation);
    const removed = await server.send('DELETE', one, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' });
    assert.equal(removed.status, 200, removed.text);
    assert.equal((await server.send('GET', one)).status, 404);
  });
}

type Node = Record<string, unknown>;

/** The object with each of its members in turn taken away, or emptied. */
function* maimed(object: Node): Generator<Node> {
  for (const [key, value] of Object.entries(object)) {
    const { [key]: _gone, ...rest } = object;
    yield rest;
    if (Array.isArray(value)) {
      yield { ...object, [key]: [] };
      for (const [index, item] of value.entries())
        if (typeof item === 'object') for (const one of maimed(item as Node)) yield { ...object, [key]: value.with(index, one) };
    } else if (typeof value === 'object') for (const one of maimed(value as Node)) yield { ...object, [key]: one };
    else yield { ...object, [key]: typeof value === 'string' ? '' : typeof value === 'number' ? -1 : false };
  }
}

test('an object that lacks a part is filled in or refused, and never more than the server can take', async () => {
  for (const [kind, object, { name = 'x' } = {}] of smallest) {
    const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
    const all = `${root}${kind.namespaced ? '/namespaces/default' : ''}/${kind.resource}`;
    const body = { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { name }, ...object };
    const { metadata } = (await server.send('POST', all, body)).json<Stored>();
    for (const lacking of maimed(object as Node)) {
      const created = await server.send('POST', `${all}?dryRun=All`, {
        ...body,
        metadata: { name: '', generateName: 'x-' },
        ...missing(object, lacking),
      });
      const updated = await server.send('PUT', `${all}/${name}?dryRun=All`, { ...body, metadata, ...missing(object, lacking) });
      for (const { status, text } of [created, updated])
        assert.ok([200, 201, 400, 422].includes(status), `${status} for ${kind.kind} of ${JSON.stringify(lacking)}: ${text}`);
    }
  }
});

/** Lays `lacking` over the whole: members it has not are not there. */
function missing(object: object, lacking: Node): Node {
  return { ...Object.fromEntries(Object.keys(object).map((key) => [key, undefined])), ...lacking };
}
