import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import type { Transport } from '@keelson/client';
import { eventually, SimulatedClock } from '@keelson/testing';
import { Namespace, type Pod, Secret } from '@keelson/types';
import { podOf, startServer } from '../testing/fixture.ts';
import { type AuditedServer, startAudited } from './audited-server.ts';
import { createAuditor } from './auditor.ts';
import type { AuditEvent } from './event.ts';

type Told = AuditEvent & { objectRef?: Record<string, string>; responseStatus?: Record<string, unknown>; user: Record<string, unknown> };

let server: AuditedServer;
before(async () => {
  server = await startAudited(
    {
      omitManagedFields: true,
      rules: [
        { level: 'None', users: ['quiet'] },
        { level: 'Metadata', resources: [{ group: '', resources: ['configmaps'] }] },
        { level: 'Request', verbs: ['patch', 'delete'] },
        { level: 'RequestResponse', omitStages: [] },
      ],
    },
    { disabledAdmission: ['ServiceAccount'] },
  );
});
after(() => server.close());

let count = 0;
const nextID = (): string => `request-${count++}`;
const namespace = 'default';
const pods = `/api/v1/namespaces/${namespace}/pods`;

/** The events of a request, once it is over. */
async function told(id: string, stages: number): Promise<Told[]> {
  await eventually(() => server.of(id).length >= stages, { message: `${stages} events of ${id}` });
  return server.of(id) as Told[];
}

async function ask(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers = {}) {
  const id = nextID();
  const answer = await server.send(method, path, body, { 'audit-id': id, 'user-agent': 'test/1', ...headers });
  return { id, answer };
}

test('a request is told of when it comes and when it is answered', async () => {
  const { id, answer } = await ask('POST', pods, podOf('web'));
  assert.equal(answer.headers['audit-id'], id);
  const [received, complete] = await told(id, 2);
  assert.deepEqual([received?.stage, complete?.stage], ['RequestReceived', 'ResponseComplete']);
  assert.deepEqual(received?.objectRef, { resource: 'pods', namespace, apiVersion: 'v1' });
  assert.equal(received?.responseStatus, undefined);
  const { requestObject, responseObject, requestReceivedTimestamp, stageTimestamp, ...rest } = complete as Told;
  assert.deepEqual(rest, {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: id, stage: 'ResponseComplete' },
    ...{ requestURI: pods, verb: 'create', userAgent: 'test/1' },
    user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    objectRef: { resource: 'pods', namespace, name: 'web', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    annotations: {
      'authorization.k8s.io/decision': 'allow',
      'authorization.k8s.io/reason': '',
      'pod-security.kubernetes.io/enforce-policy': 'privileged:latest',
    },
  });
  assert.match(stageTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  assert.ok(requestReceivedTimestamp <= stageTimestamp);
  assert.equal((requestObject as Pod).metadata.uid, undefined);
  assert.ok((responseObject as Pod).metadata.uid);
  assert.equal((responseObject as Pod).metadata.managedFields, undefined);
});

test('levels say how much is told', async () => {
  const config = await ask('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'c' }, data: { a: 'b' } });
  const [, metadata] = await told(config.id, 2);
  assert.deepEqual([metadata?.requestObject, metadata?.responseObject], [undefined, undefined]);
  assert.equal(metadata?.objectRef?.name, 'c');
  const patch = { metadata: { labels: { a: 'b' } } };
  const patched = await ask('PATCH', `${pods}/web`, patch, { 'content-type': 'application/merge-patch+json' });
  const [, request] = await told(patched.id, 2);
  assert.deepEqual([request?.requestObject, request?.responseObject], [patch, undefined]);
  const removed = await ask('DELETE', `${pods}/web`, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
  const [, deletion] = await told(removed.id, 2);
  assert.deepEqual(deletion?.requestObject, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 });
  const id = nextID();
  await server.transport('quiet').send({ method: 'GET', path: pods, headers: { 'audit-id': id } });
  assert.deepEqual(server.of(id), []);
});

test('what was refused is told with its reason', async () => {
  const id = nextID();
  const transport = server.transport('eve', ['system:authenticated']);
  await transport.send({ method: 'GET', path: pods, headers: { 'audit-id': id } });
  const [, complete] = await told(id, 2);
  const { code, reason, status } = complete?.responseStatus ?? {};
  assert.deepEqual([code, reason, status], [403, 'Forbidden', 'Failure']);
  assert.equal(complete?.annotations?.['authorization.k8s.io/decision'], 'forbid');
  const missing = await ask('GET', `${pods}/none`);
  const [, gone] = await told(missing.id, 2);
  assert.deepEqual(gone?.responseStatus, {
    ...{ metadata: {}, status: 'Failure', message: 'pods "none" not found', reason: 'NotFound' },
    ...{ details: { name: 'none', kind: 'pods' }, code: 404 },
  });
});

test('who shows no good credential is told of, without a name', async () => {
  const id = nextID();
  await server.sendAnonymous('GET', pods, undefined, { 'audit-id': id, authorization: 'Bearer nonsense' });
  const [event, ...others] = await told(id, 1);
  assert.deepEqual(
    [event?.stage, event?.user, event?.responseStatus, others],
    ['ResponseStarted', {}, { metadata: {}, message: 'Authentication failed, attempted: bearer', code: 401 }, []],
  );
});

test('whom somebody acts as is told beside who does', async () => {
  const headers = { 'impersonate-user': 'bob', 'x-forwarded-for': '192.0.2.1, 192.0.2.2' };
  const { id } = await ask('GET', pods, undefined, headers);
  const [, complete] = await told(id, 2);
  assert.equal(complete?.user.username, 'admin');
  assert.deepEqual(complete?.impersonatedUser, { username: 'bob', groups: ['system:authenticated'] });
  assert.deepEqual(complete?.authenticationMetadata, { impersonationConstraint: 'impersonate:user-info' });
  assert.deepEqual(complete?.sourceIPs, ['192.0.2.1', '192.0.2.2']);
});

test('a watch is told of when it begins and when it ends', async () => {
  const id = nextID();
  const stop = new AbortController();
  const transport: Transport = server.transport();
  await transport.send({ method: 'GET', path: `${pods}?watch=true`, headers: { 'audit-id': id }, signal: stop.signal });
  const begun = await told(id, 2);
  assert.deepEqual(
    begun.map(({ stage, responseStatus }) => [stage, responseStatus?.code]),
    [
      ['RequestReceived', undefined],
      ['ResponseStarted', 200],
    ],
  );
  stop.abort();
  const [, , ended] = await told(id, 3);
  assert.deepEqual([ended?.stage, ended?.verb, ended?.responseObject], ['ResponseComplete', 'watch', undefined]);
});

test('admission adds what it found', async () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/audit': 'restricted' };
  await server.api.create(Namespace, { metadata: { name: 'guarded', labels } });
  const { id } = await ask('POST', '/api/v1/namespaces/guarded/pods', podOf('p', { spec: { hostPID: true } }));
  const [, complete] = await told(id, 2);
  assert.equal(complete?.annotations?.['pod-security.kubernetes.io/enforce-policy'], 'baseline:latest');
  assert.match(
    complete?.annotations?.['pod-security.kubernetes.io/audit-violations'] ?? '',
    /^would violate PodSecurity "restricted:latest": host namespaces/,
  );
});

test('a connection that leaves HTTP is told of, too', async () => {
  const id = nextID();
  const headers = { 'audit-id': id, connection: 'Upgrade', upgrade: 'SPDY/3.1' };
  const url = `${pods}/none/exec?command=ls`;
  const request = { method: 'POST', url, headers, rawHeaders: [], inProcessUser: { name: 'admin', groups: ['system:masters'] } };
  const socket = new PassThrough();
  server.server.upgrade.handle(request as unknown as IncomingMessage, socket, Buffer.alloc(0));
  const events = await told(id, 3);
  assert.deepEqual(
    events.map(({ stage, responseStatus }) => [stage, responseStatus?.code, responseStatus?.reason]),
    [
      ['RequestReceived', undefined, undefined],
      ['ResponseStarted', 404, 'NotFound'],
      ['ResponseComplete', 404, 'NotFound'],
    ],
  );
  assert.equal(events[2]?.objectRef?.subresource, 'exec');
});

test('a failure nobody foresaw is told as a panic', async () => {
  const { id, answer } = await ask('GET', '/readyz?verbose');
  assert.equal(answer.status, 200);
  const [, complete] = await told(id, 2);
  assert.deepEqual([complete?.objectRef, complete?.verb, complete?.requestURI], [undefined, 'get', '/readyz?verbose']);
  const broken = await startAudited({ rules: [{ level: 'Metadata' }], omitStages: ['RequestReceived'] });
  broken.server.registry.find = () => {
    throw new TypeError('broken');
  };
  await broken.send('GET', pods, undefined, { 'audit-id': 'broken' });
  await eventually(() => broken.of('broken').length > 0);
  const [event] = broken.of('broken') as Told[];
  assert.deepEqual(
    [event?.stage, event?.responseStatus?.message, event?.responseStatus?.code],
    ['Panic', "APIServer panic'd: broken", 500],
  );
  await broken.close();
});

test('a strict log that cannot be written lets nothing through', async () => {
  const backend = { name: 'log', batch: 1, wait: 0, write: () => Promise.reject(new Error('disk full')), close: () => Promise.resolve() };
  const strict = await startServer({
    clock: new SimulatedClock(),
    auditor: (around) =>
      createAuditor({ ...around, policy: { rules: [{ level: 'Metadata' }] }, backends: [{ backend, mode: 'blocking-strict', buffer: 9 }] }),
  });
  const answer = await strict.send('POST', '/api/v1/namespaces/default/secrets', { metadata: { name: 's' } });
  const said = 'Internal Server Error: "/api/v1/namespaces/default/secrets": failed to store audit event\n';
  assert.deepEqual([answer.status, answer.text], [500, said]);
  assert.equal(strict.server.registry.read(Secret, 'default', 's'), undefined);
  assert.match(await strict.metrics.metrics(), /apiserver_audit_requests_rejected_total 1\n/);
  await strict.close();
});

test('events and errors are counted', async () => {
  const text = await server.metrics.metrics();
  assert.match(text, /apiserver_audit_event_total [1-9]/);
  assert.match(text, /apiserver_audit_level_total\{level="RequestResponse"\} [1-9]/);
});
