import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestClaimDriver, type TestClaimDriverOptions } from '@keelson/kubelet/devices/testdriver';
import { TestPlugin } from '@keelson/kubelet/devices/testplugin';
import { eventually } from '@keelson/testing';
import { DeviceClass, Node, ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '@keelson/types';
import { type Bench, idle, namespace, patience, present, type Subtests, shell, statusOf } from './bench.ts';

const resource = 'keelson.test/card';
const driverName = 'gpu.keelson.test';

function rootOf({ cluster }: Bench): string {
  return join(cluster.dataDir, 'kubelet', cluster.netns);
}

function asking(amount: number, container: object): object {
  const amounts = { [resource]: String(amount) };
  return { ...container, resources: { limits: amounts, requests: amounts } };
}

async function nodeHas(bench: Bench, capacity: string | undefined, allocatable: string | undefined): Promise<void> {
  const shown = async (): Promise<boolean> => {
    const { status } = await bench.api.get(Node, { name: bench.cluster.netns });
    return status?.capacity?.[resource] === capacity && status?.allocatable?.[resource] === allocatable;
  };
  await eventually(shown, { deadlineMs: patience, message: `the node has ${capacity}, of which ${allocatable} for pods` });
}

/** Where runtimes look for what a device of the Container Device Interface is. */
const cdiFile = '/var/run/cdi/keelson-test.json';

/** Whether the runtime gave the container what the interface says; those before 2.0 know nothing of it. */
async function knowsCdi({ api, cluster }: Bench): Promise<boolean> {
  const { status } = await api.get(Node, { name: cluster.netns });
  return !status?.nodeInfo?.containerRuntimeVersion.startsWith('containerd://1.');
}

function describeDevice(): void {
  const containerEdits = { env: ['CDI_GPU=one'], deviceNodes: [{ path: '/dev/gpu', hostPath: '/dev/null' }] };
  mkdirSync('/var/run/cdi', { recursive: true });
  writeFileSync(cdiFile, JSON.stringify({ cdiVersion: '0.6.0', kind: 'keelson.test/gpu', devices: [{ name: 'one', containerEdits }] }));
}

/** What a driver and the cluster's administrator say beside the kubelet: which devices there are, and by which name they are asked for. */
async function offer({ api, cluster }: Bench): Promise<void> {
  const selectors = [{ cel: { expression: `device.driver == "${driverName}"` } }];
  await api.create(DeviceClass, { metadata: { name: driverName }, spec: { selectors } } as unknown as DeviceClass);
  const pool = { name: cluster.netns, generation: 1, resourceSliceCount: 1 };
  const spec = { driver: driverName, nodeName: cluster.netns, pool, devices: [{ name: 'one' }] };
  await api.create(ResourceSlice, { metadata: { name: 'gpus' }, spec } as unknown as ResourceSlice);
  const requests = [{ name: 'gpu', exactly: { deviceClassName: driverName } }];
  const template = { metadata: { name: 'gpu', namespace }, spec: { spec: { devices: { requests } } } };
  await api.create(ResourceClaimTemplate, template as unknown as ResourceClaimTemplate);
}

/** The driver makes ready whatever it is asked for, as soon as its claim is known. */
async function makeReady({ api }: Bench, prepared: TestClaimDriverOptions['prepared'], pool: string): Promise<string> {
  const found = await eventually(
    async () => (await api.list(ResourceClaim, { namespace })).items.find(({ status }) => status?.allocation),
    { deadlineMs: patience, message: 'devices are chosen for a claim' },
  );
  const device = { requestNames: ['gpu'], poolName: pool, deviceName: 'one', cdiDeviceIds: ['keelson.test/gpu=one'], shareId: undefined };
  prepared[present(found.metadata.uid)] = { devices: [device], error: '' };
  return present(found.metadata.name);
}

/** Devices: of plugins, by amount; and claimed, of drivers. */
export const devices: Subtests = {
  async 'a device plugin makes itself known; pods get its devices, with all that belongs to them, and give them back'(bench) {
    writeFileSync(join(bench.work, 'card.conf'), 'from the plugin');
    const extra = {
      devices: [{ containerPath: '/dev/card', hostPath: '/dev/zero', permissions: 'rw' }],
      mounts: [{ containerPath: '/etc/card.conf', hostPath: join(bench.work, 'card.conf'), readOnly: true }],
    };
    const plugin = new TestPlugin({ resource, root: rootOf(bench), extra, options: { preStartRequired: true } });
    await plugin.start({ a: true, b: true, c: false });
    try {
      await nodeHas(bench, '3', '2');
      await bench.create('cards', { containers: [asking(2, idle())] });
      await bench.running('cards');
      const script =
        'echo $KEELSON_TEST_CARD; head -c 3 /dev/card | wc -c; cat /etc/card.conf; touch /etc/card.conf 2>/dev/null || echo refused';
      assert.equal(await bench.exec('cards', script), 'a,b\n3\nfrom the pluginrefused\n');
      const shown = () => statusOf(bench.pod('cards')).allocatedResourcesStatus?.[0]?.resources?.map(({ health }) => health);
      assert.deepEqual(shown(), ['Healthy', 'Healthy']);
      plugin.tell({ a: true, b: false, c: true });
      await bench.until('cards', 'says that a device is ill', () => shown()?.[1] === 'Unhealthy');
      await nodeHas(bench, '3', '2');
      await bench.remove('cards');
      await bench.gone('cards');
      assert.match(await bench.output('cards-after', { containers: [asking(2, shell('echo $KEELSON_TEST_CARD'))] }), /^a,c$/m);
      assert.deepEqual(plugin.calls, ['allocate a b', 'start a b', 'allocate a c', 'start a c']);
    } finally {
      plugin.stop();
    }
    await nodeHas(bench, '3', '0');
  },

  async 'a driver makes claimed devices ready for a pod before it starts, and takes them back after it'(bench) {
    const cdi = await knowsCdi(bench);
    const prepared: TestClaimDriverOptions['prepared'] = {};
    const driver = new TestClaimDriver({ name: driverName, root: rootOf(bench), prepared });
    if (cdi) describeDevice();
    try {
      await driver.start();
      await eventually(() => driver.registered.length > 0, { deadlineMs: patience });
      await offer(bench);
      const container = { ...idle(), resources: { claims: [{ name: 'gpu' }] } };
      await bench.create('claims', { containers: [container], resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] });
      await bench.event(
        'claims',
        'FailedPrepareDynamicResources',
        /prepare dynamic resources: NodePrepareResources skipped 1 ResourceClaims$/,
      );
      const claim = await makeReady(bench, prepared, bench.cluster.netns);
      await bench.running('claims');
      if (cdi) assert.equal(await bench.exec('claims', 'echo $CDI_GPU; [ -c /dev/gpu ] && echo there'), 'one\nthere\n');
      const shown = () => statusOf(bench.pod('claims')).allocatedResourcesStatus;
      assert.deepEqual(shown(), [{ name: 'claim:gpu', resources: [{ resourceID: 'keelson.test/gpu=one', health: 'Unknown' }] }]);
      await bench.remove('claims');
      await bench.gone('claims');
      assert.equal(driver.calls.at(-1), `unprepare ${claim}`);
    } finally {
      driver.stop();
      rmSync(cdiFile, { force: true });
    }
    const offered = async (): Promise<number> => (await bench.api.list(ResourceSlice)).items.length;
    await eventually(async () => (await offered()) === 0, {
      deadlineMs: patience,
      message: 'the node offers no devices of a driver that is away',
    });
  },
};

/** What ends the kubelet's process. */
export const devicesAlone: Subtests = {
  async 'a kubelet that dies leaves pods their devices; another knows who has which, and gives no other pod any of them'(bench) {
    const plugin = new TestPlugin({ resource, root: rootOf(bench) });
    await plugin.start({ a: true, b: true });
    try {
      await nodeHas(bench, '2', '2');
      await bench.create('cards-first', { containers: [asking(1, idle())] });
      await bench.running('cards-first');
      process.kill(bench.cluster.pid('kubelet'), 'SIGKILL');
      plugin.stop();
      await bench.cluster.up();
      await nodeHas(bench, '0', '0');
      await eventually(() => plugin.start({ a: true, b: true }).then(() => true), { deadlineMs: patience });
      await nodeHas(bench, '2', '2');
      assert.match(await bench.output('cards-second', { containers: [asking(1, shell('echo $KEELSON_TEST_CARD'))] }), /^b$/m);
      assert.equal(await bench.exec('cards-first', 'kill 1; echo $KEELSON_TEST_CARD'), 'a\n');
      const again = await bench.until(
        'cards-first',
        'was restarted',
        (pod) => statusOf(pod).restartCount === 1 && statusOf(pod).state?.running,
      );
      assert.deepEqual(statusOf(again).allocatedResourcesStatus?.[0]?.resources, [{ resourceID: 'a', health: 'Healthy' }]);
      assert.equal(await bench.exec('cards-first', 'echo $KEELSON_TEST_CARD'), 'a\n');
      await bench.remove('cards-first');
    } finally {
      plugin.stop();
    }
  },
};
