import assert from 'node:assert/strict';
import type { Lease, Node, Pod, RuntimeClass } from '@keelson/types';
import type { Context } from '../context.ts';
import { operations } from '../operations.ts';
import { across, discovered, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';

const classes = '[sig-node] RuntimeClass';
const v1 = 'node.k8s.io/v1';

export const nodes: Specs = {
  async '[sig-architecture] Conformance Tests should have at least two untainted nodes'(c) {
    const all = await across<Node>(c, 'v1', 'nodes').items();
    const free = all.filter(({ spec, status }) => {
      const ready = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      return ready && !spec?.unschedulable && !(spec?.taints ?? []).some(({ effect }) => effect !== 'PreferNoSchedule');
    });
    assert.ok(free.length >= 2);
  },

  async '[sig-node] Lease lease API should be available'(c) {
    const leases = within<Lease>(c, 'coordination.k8s.io/v1', 'leases');
    const spec = {
      holderIdentity: 'holder',
      leaseDurationSeconds: 30,
      acquireTime: '1970-01-01T00:00:00.000000Z',
      renewTime: '1970-01-01T00:00:05.000000Z',
      leaseTransitions: 0,
    };
    const made = await leases.create({ metadata: { name: 'lease' }, spec });
    assert.deepEqual((await leases.get('lease')).spec, spec);
    const second = { ...spec, holderIdentity: 'holder2', leaseDurationSeconds: 45, leaseTransitions: 1 };
    const times = { acquireTime: '1970-01-01T00:00:10.000000Z', renewTime: '1970-01-01T00:00:15.000000Z' };
    await leases.replace({ ...made, spec: { ...second, ...times } });
    assert.deepEqual((await leases.get('lease')).spec, { ...second, ...times });
    const third = { holderIdentity: 'holder3', leaseDurationSeconds: 60, leaseTransitions: 2 };
    const later = { acquireTime: '1970-01-01T00:00:50.000000Z', renewTime: '1970-01-01T00:01:10.000000Z' };
    await leases.patch('lease', { spec: { ...third, ...later } });
    assert.deepEqual((await leases.get('lease')).spec, { ...third, ...later });
    await leases.create({ metadata: { name: 'lease2', labels: { deletecollection: 'true' } }, spec });
    assert.equal((await leases.items()).length, 2);
    await leases.removeAll('deletecollection=true');
    assert.equal((await leases.items()).length, 1);
    await leases.remove('lease');
    assert.equal((await leases.ask('GET', 'lease')).status, 404);
    assert.equal((await leases.items()).length, 0);
  },

  async '[sig-node] Node Lifecycle should run through the lifecycle of a node'(c) {
    const resource = across<Node>(c, 'v1', 'nodes');
    const name = c.unique('e2e-fake-node');
    const spec = { unschedulable: true };
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True', message: 'Set from e2e test', reason: 'E2E' }],
      allocatable: { cpu: '1', memory: '1Gi' },
    };
    const made = await resource.lend({ metadata: { name }, spec, status });
    assert.equal(made.metadata.name, name);
    assert.equal((await resource.get(name)).metadata.uid, made.metadata.uid);
    const patched = await resource.patch(name, { metadata: { labels: { [name]: 'patched' } } });
    assert.equal(patched.metadata.labels?.[name], 'patched');
    assert.equal((await resource.items(`${name}=patched`)).length, 1);
    const updated = await resource.update(name, (present) => withLabels(present, { [name]: 'updated' }));
    assert.equal(updated.metadata.labels?.[name], 'updated');
    await resource.remove(name);
    await resource.gone(name);
    const second = c.unique('e2e-fake-node');
    await resource.lend({ metadata: { name: second, labels: { [second]: 'collection' } }, spec, status });
    await resource.removeAll(`${second}=collection`);
    await resource.count(`${second}=collection`, 0);
  },

  async '[sig-node] Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls'(c) {
    const sysctls = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'].map((name) => ({ name, value: '100000000' }));
    const reply = await within(c, 'v1', 'pods').ask('POST', '', {
      metadata: { name: c.unique('sysctl') },
      spec: { ...pause(), securityContext: { sysctls } },
    });
    assert.equal(reply.status, 422);
    assert.match(reply.text, /Invalid value: \\"foo-\\"/);
    assert.match(reply.text, /Invalid value: \\"bar\.\.\\"/);
    for (const valid of ['safe-and-unsafe', 'kernel.shmmax']) assert.ok(!reply.text.includes(valid));
  },

  async [`${classes} should reject a Pod requesting a non-existent RuntimeClass [NodeConformance]`](c) {
    await rejects(c, `${c.namespace}-nonexistent`);
  },

  async [`${classes} should reject a Pod requesting a deleted RuntimeClass [NodeConformance]`](c) {
    const name = c.unique('delete-me');
    const resource = across<RuntimeClass>(c, v1, 'runtimeclasses');
    await resource.lend({ metadata: { name }, handler: 'runc' });
    await resource.remove(name);
    await resource.gone(name);
    await rejects(c, name);
  },

  async [`${classes} should schedule a Pod requesting a RuntimeClass without PodOverhead [NodeConformance]`](c) {
    const { spec } = await scheduled(c, {});
    assert.equal(spec?.overhead, undefined);
  },

  async [`${classes} should schedule a Pod requesting a RuntimeClass and initialize its Overhead [NodeConformance]`](c) {
    const podFixed = { cpu: '10m', memory: '1Mi' };
    const { spec } = await scheduled(c, { overhead: { podFixed } });
    assert.deepEqual(spec?.overhead, podFixed);
  },

  async [`${classes} should support RuntimeClasses API operations`](c) {
    await discovered(c, 'node.k8s.io', 'v1', ['runtimeclasses']);
    const resource = across<RuntimeClass>(c, v1, 'runtimeclasses');
    const make = (labels: Record<string, string>) => ({ metadata: { generateName: 'e2e-example-rc', labels }, handler: 'test-handler' });
    await operations(c, { resource }, make);
    const name = c.unique('twice');
    await resource.lend({ metadata: { name }, handler: 'test-handler' });
    assert.equal((await resource.ask('POST', '', { metadata: { name }, handler: 'test-handler' })).status, 409);
  },
};

const pause = () => ({ containers: [{ name: 'pause', image: 'registry.k8s.io/pause' }] });

async function rejects(c: Context, runtimeClassName: string): Promise<void> {
  const body = { metadata: { generateName: 'test-runtimeclass-' }, spec: { ...pause(), runtimeClassName } };
  const reply = await within(c, 'v1', 'pods').ask('POST', '', body);
  assert.equal(reply.status, 403);
  assert.match(reply.text, new RegExp(`pod rejected: RuntimeClass \\\\"${runtimeClassName}\\\\" not found`));
}

/** A pod of a class of its own, on its node. */
async function scheduled(c: Context, overhead: object): Promise<Pod> {
  const name = c.unique('preconfigured-handler');
  await across<RuntimeClass>(c, v1, 'runtimeclasses').lend({ metadata: { name }, handler: 'runc', ...overhead });
  const pods = within<Pod>(c, 'v1', 'pods');
  await pods.create({ metadata: { name: 'test-runtimeclass' }, spec: { ...pause(), runtimeClassName: name } });
  return pods.until('test-runtimeclass', ({ status }) =>
    status?.conditions?.some(({ type, status }) => type === 'PodScheduled' && status === 'True'),
  );
}
