import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LimitRange, Pod, ResourceQuota, ServiceAccount } from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';

let server: Fixture;
const namespace = 'default';
before(async () => {
  server = await startServer();
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
});
after(() => server.close());

type Amounts = Readonly<Record<string, string>>;
interface Bounds {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
let names = 0;

async function make(containers: Readonly<Record<string, Bounds>>, more: object = {}, metadata: object = {}): Promise<string> {
  const name = `sized-${names++}`;
  const pod = podOf(name, { metadata: { name, namespace, ...metadata } }) as Pod;
  const [sample] = pod.spec.containers;
  const list = Object.entries(containers).map(([own, resources]) => ({ ...sample, name: own, resources }));
  await server.api.create(Pod, { ...pod, spec: { ...pod.spec, containers: list, ...more } } as unknown as Pod);
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}

async function refusal(containers: Readonly<Record<string, Bounds>>, spec: object): Promise<string> {
  const answer = await server.send('PATCH', `${await make(containers)}/resize`, { spec }, strategic);
  assert.equal(answer.status, 422, answer.text);
  return answer.json<{ message: string }>().message;
}

const cpu = { requests: { cpu: '20m' } };
const both = { requests: { cpu: '20m', memory: '35Mi' }, limits: { cpu: '20m', memory: '35Mi' } };
const wide = { requests: { cpu: '20m', memory: '35Mi' }, limits: { cpu: '30m', memory: '45Mi' } };
const one = (resources: object): object => ({ containers: [{ name: 'c1', resources }] });

test('a class of service is kept', async () => {
  const message = /Pod QOS Class may not change as a result of resizing/;
  assert.match(await refusal({ c1: {} }, one({ requests: { memory: '35Mi' } })), message);
  assert.match(await refusal({ c1: wide }, one({ requests: { cpu: '30m', memory: '45Mi' } })), message);
});

test('what is bounded stays so', async () => {
  assert.match(await refusal({ c1: both }, one({ limits: null })), /resources\.limits: Forbidden: resource limits cannot be removed/);
  assert.match(await refusal({ c1: wide }, one({ limits: { cpu: null } })), /resource limits cannot be removed/);
  assert.match(await refusal({ c1: cpu }, one({ requests: null })), /resources\.requests: Forbidden: resource requests cannot be removed/);
});

test('containers are neither renamed nor reordered, added nor removed', async () => {
  const order = [{ name: 'c2' }, { name: 'c1' }];
  const moved = 'containers may not be renamed or reordered on resize';
  const both = `spec.containers[0].name: Forbidden: ${moved}, spec.containers[1].name: Forbidden: ${moved}`;
  const reordered = { '$setElementOrder/containers': order };
  assert.ok((await refusal({ c1: cpu, c2: cpu }, reordered)).includes(both));
  const fresh = (name: string): object => ({ name, image: 'i', resources: cpu });
  const gone = (name: string): object => ({ $patch: 'delete', name });
  const renamed = { containers: [fresh('n1'), fresh('n2'), gone('c1'), gone('c2')] };
  assert.ok((await refusal({ c1: cpu, c2: cpu }, renamed)).includes(both));
  assert.match(
    await refusal({ c1: cpu }, { containers: [fresh('n1')] }),
    /spec\.containers: Forbidden: containers may not be added or removed/,
  );
});

test('only cpu and memory are resized', async () => {
  const stored = { requests: { cpu: '20m', 'ephemeral-storage': '1' } };
  assert.match(await refusal({ c1: stored }, one({ requests: { 'ephemeral-storage': '3' } })), /only cpu and memory resources are mutable/);
});

test('init containers are resized, too', async () => {
  const change = { spec: { initContainers: [{ name: 'i', resources: { requests: { cpu: '30m' } } }] } };
  for (const restartPolicy of [undefined, 'Always']) {
    const initContainers = [{ name: 'i', image: 'i', resources: cpu, restartPolicy }];
    const answer = await server.send('PATCH', `${await make({ c1: cpu }, { initContainers })}/resize`, change, strategic);
    assert.equal(answer.json<Pod>().spec.initContainers?.[0]?.resources?.requests?.cpu, '30m', answer.text);
  }
  const pages = { spec: { initContainers: [{ name: 'i', resources: { requests: { 'ephemeral-storage': '1' } } }] } };
  const initContainers = [{ name: 'i', image: 'i', resources: cpu }];
  const refused = await server.send('PATCH', `${await make({ c1: cpu }, { initContainers })}/resize`, pages, strategic);
  assert.match(
    refused.text,
    /spec\.initContainers\[0\]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable/,
  );
});

test('how a container takes it, claims and the pod as a whole', async () => {
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
  assert.match(await refusal({ c1: cpu }, { containers: [{ name: 'c1', resizePolicy }] }), /only cpu and memory resources are mutable/);
  const whole = { resources: { requests: { cpu: '40m', memory: '1Gi' } } };
  const path = await make({ c1: cpu }, whole);
  const more = await server.send('PATCH', `${path}/resize`, { spec: { resources: { requests: { cpu: '50m' } } } }, strategic);
  assert.equal(more.json<Pod>().spec.resources?.requests?.cpu, '50m', more.text);
  const less = await server.send('PATCH', `${path}/resize`, { spec: { resources: { requests: { memory: null } } } }, strategic);
  assert.match(less.text, /spec\.resources\.requests: Forbidden: pod-level resource requests cannot be removed/);
});

test('a node that does not say what runs cannot resize it', async () => {
  const path = await make({ c1: cpu });
  const state = { running: { startedAt: '2026-01-01T00:00:00Z' } };
  const told = { name: 'c1', image: 'i', imageID: 'i', ready: true, restartCount: 0, state };
  const resize = async (status: object) => {
    await server.send('PATCH', `${path}/status`, { status: { containerStatuses: [status] } }, strategic);
    return server.send('PATCH', `${path}/resize`, { spec: one({ requests: { cpu: '30m' } }) }, strategic);
  };
  assert.match((await resize(told)).text, /Pod running on node without support for resize/);
  const answer = await resize({ ...told, resources: { requests: { cpu: '20m' } } });
  assert.equal(answer.status, 200, answer.text);
});

test('mirrors and pods of other systems are not resized', async () => {
  const windows = await server.send(
    'PATCH',
    `${await make({ c1: cpu }, { os: { name: 'windows' } })}/resize`,
    { spec: one(both) },
    strategic,
  );
  assert.match(windows.text, /windows pods cannot be resized/);
  const mirror = await make({ c1: cpu }, { nodeName: 'n' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
  assert.match((await server.send('PATCH', `${mirror}/resize`, { spec: one(both) }, strategic)).text, /static pods cannot be resized/);
});

test('a replaced pod changes in its resources only, and is a new generation of itself', async () => {
  const path = await make({ c1: cpu, c2: cpu });
  const pod = (await server.send('GET', `${path}/resize`)).json<Pod>();
  assert.equal(pod.spec.containers[0]?.resizePolicy, undefined);
  const [first] = pod.spec.containers;
  assert.ok(first);
  Object.assign(first, { resources: { requests: { cpu: '25m', memory: '1Gi' }, limits: { cpu: '30m' } }, image: 'other' });
  pod.metadata.labels = { a: 'b' };
  pod.status = { phase: 'Failed' };
  const answer = await server.send('PUT', `${path}/resize`, pod);
  assert.equal(answer.status, 200, answer.text);
  const { metadata, spec, status } = answer.json<Pod>();
  assert.deepEqual(spec.containers[0]?.resources, first.resources);
  assert.notEqual(spec.containers[0]?.image, 'other');
  assert.deepEqual([metadata.generation, metadata.labels?.a, status?.phase], [2, undefined, 'Pending']);
  assert.deepEqual((await server.send('GET', path)).json(), (await server.send('GET', `${path}/resize`)).json());
});

test('policies of restarting and resizing are checked', async () => {
  const invalid = async (container: object, spec: object = {}): Promise<string> => {
    const pod = podOf('never-made', { metadata: { namespace } }) as Pod;
    const containers = pod.spec.containers.map((each) => ({ ...each, ...container }));
    return (await server.send('POST', `/api/v1/namespaces/${namespace}/pods`, { ...pod, spec: { ...pod.spec, containers, ...spec } })).text;
  };
  const policy = (resourceName: string, restartPolicy: string): object => ({ resizePolicy: [{ resourceName, restartPolicy }] });
  assert.match(await invalid(policy('gpu', 'NotRequired')), /supported values: \\"cpu\\", \\"memory\\"/);
  assert.match(await invalid(policy('cpu', 'Sometimes')), /supported values: \\"NotRequired\\", \\"RestartContainer\\"/);
  assert.match(
    await invalid(policy('cpu', 'RestartContainer'), { restartPolicy: 'Never' }),
    /must be 'NotRequired' when pod `restartPolicy` is 'Never'/,
  );
  const rule = { action: 'Restart', exitCodes: { operator: 'In', values: [42] } };
  assert.match(await invalid({ restartPolicyRules: [rule] }), /must specify restartPolicy when restart rules are used/);
  assert.match(
    await invalid({ restartPolicy: 'Never', restartPolicyRules: [{ ...rule, action: 'Rest' }] }),
    /restartPolicyRules\[0\]\.action/,
  );
  assert.match(await invalid({ restartPolicy: 'Maybe' }), /containers\[0\]\.restartPolicy: Unsupported value/);
});

test('quotas and limits hold for what is resized', async () => {
  const path = await make({ c1: both });
  const hard = { cpu: '800m' };
  await server.api.create(ResourceQuota, { metadata: { name: 'q', namespace }, spec: { hard } } as ResourceQuota);
  const used = { hard, used: { cpu: '600m' } };
  await server.api.patch(
    ResourceQuota,
    { namespace, name: 'q' },
    'application/merge-patch+json',
    { status: used },
    { subresource: 'status' },
  );
  const large = { requests: { cpu: '320m', memory: '35Mi' }, limits: { cpu: '320m', memory: '35Mi' } };
  const refused = await server.send('PATCH', `${path}/resize`, { spec: one(large) }, strategic);
  assert.match(refused.text, /exceeded quota: q, requested: cpu=300m, used: cpu=600m, limited: cpu=800m/);
  await server.api.delete(ResourceQuota, { namespace, name: 'q' });
  const limits = [{ type: 'Container', max: { cpu: '300m' } }];
  await server.api.create(LimitRange, { metadata: { name: 'l', namespace }, spec: { limits } } as LimitRange);
  const limited = await server.send('PATCH', `${path}/resize`, { spec: one(large) }, strategic);
  assert.match(limited.text, /maximum cpu usage per Container is 300m, but limit is 320m/);
});
