import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import type { Pod, StatefulSet } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, paused, podsOf } from '../pods.ts';
import { until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { templateOf, workload } from '../workloads.ts';

const area = '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic]';
/** Pods are ready as the spec says by a gate: it works where nodes run nothing. */
const ours = ' / as the spec opens gates';
const name = 'ss';
const gate = 'example.com/open';
const setsOf = (c: Context) => within<StatefulSet>(c, 'apps/v1', 'statefulsets');
const templateWith = (image: string) =>
  templateOf({ name }, { containers: [paused({ image })], readinessGates: [{ conditionType: gate }] });

export const statefulOrder: Specs = {
  async [`${area} Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow]${ours}`](c) {
    await create(c, { replicas: 1 });
    await open(c, 0);
    await ready(c, 1);
    await shut(c, 0);
    const following = await podsOf(c).follow({ labelSelector: `name=${name}` });
    const order = (type: string) => following.events.filter((event) => event.type === type).map(({ object }) => object.metadata.name);
    await scale(c, 3);
    await stays(c, 1);
    await open(c, 0);
    for (const index of [1, 2]) await open(c, index);
    await ready(c, 3);
    assert.deepEqual(order('ADDED').slice(-2), ['ss-1', 'ss-2']);
    for (const index of [0, 1, 2]) await shut(c, index);
    await scale(c, 0);
    await stays(c, 3);
    // The last one unready may go as it is.
    for (const index of [0, 1]) await open(c, index);
    await podsOf(c).count(`name=${name}`, 0);
    await until(() => order('DELETED').length === 3);
    assert.deepEqual(order('DELETED'), ['ss-2', 'ss-1', 'ss-0']);
  },

  async [`${area} Burst scaling should run to completion even with unhealthy pods [Slow]${ours}`](c) {
    await create(c, { replicas: 1, podManagementPolicy: 'Parallel' });
    await scale(c, 3);
    await podsOf(c).count(`name=${name}`, 3);
    await setsOf(c).until(name, ({ status }) => status?.replicas === 3 && (status.readyReplicas ?? 0) === 0);
    await scale(c, 0);
    await podsOf(c).count(`name=${name}`, 0);
    await setsOf(c).until(name, ({ status }) => status?.replicas === 0);
  },

  async [`${area} Should recreate evicted statefulset${ours}`](c) {
    await create(c, { replicas: 1 });
    await open(c, 0);
    const before = await podsOf(c).get('ss-0');
    await podsOf(c).update('ss-0', (present) => ({ ...present, status: { ...present.status, phase: 'Failed' } }) as Pod, '/status');
    await until(async () => {
      const reply = await podsOf(c).ask('GET', 'ss-0');
      return reply.status === 200 && reply.json<Pod>().metadata.uid !== before.metadata.uid;
    }, 'another ss-0');
    await open(c, 0);
    await ready(c, 1);
  },

  async [`${area} should perform rolling updates and roll backs of template modifications${ours}`](c) {
    const made = await create(c, { replicas: 3, podManagementPolicy: 'Parallel' });
    for (const index of [0, 1, 2]) await open(c, index);
    await ready(c, 3);
    const revisions = async () => (await setsOf(c).get(made.metadata.name ?? '')).status;
    const first = (await revisions())?.currentRevision;
    for (const image of ['httpd:new', 'httpd:old']) {
      const status = await revisions();
      await setsOf(c).update(name, (present) => ({ ...present, spec: { ...present.spec, template: templateWith(image) } }) as StatefulSet);
      await setsOf(c).until(name, (present) => present.status?.updateRevision !== status?.updateRevision);
      for (const index of [2, 1, 0]) {
        await podsOf(c)
          .until(`ss-${index}`, ({ spec }) => spec?.containers[0]?.image === image)
          .catch(() => undefined);
        const others = await Promise.all([0, 1, 2].filter((one) => one < index).map((one) => podsOf(c).get(`ss-${one}`)));
        for (const pod of others) assert.notEqual(pod.spec?.containers[0]?.image, image, 'out of order');
        await open(c, index);
      }
      const done = await setsOf(c).until(name, (present) => present.status?.currentRevision === present.status?.updateRevision);
      assert.notEqual(done.status?.currentRevision, status?.currentRevision);
    }
    assert.equal((await revisions())?.currentRevision, first);
  },
};

async function create(c: Context, spec: { readonly replicas: number; readonly podManagementPolicy?: string }): Promise<StatefulSet> {
  return setsOf(c).create(workload(name, spec.replicas, { serviceName: 'test', template: templateWith('httpd:old'), ...spec }));
}

const scale = (c: Context, replicas: number) => setsOf(c).patch(name, { spec: { replicas } });

/** Waits until the pod is as the gate is, or went because of it. */
async function turn(c: Context, index: number, status: 'True' | 'False'): Promise<void> {
  const pod = `${name}-${index}`;
  let turned = false;
  const done = async (): Promise<boolean> => {
    const reply = await podsOf(c).ask('PATCH', `${pod}/status`, { status: { conditions: [{ type: gate, status }] } }, 'strategic');
    if (reply.status === 404) return turned;
    turned ||= reply.status === 200;
    return turned && isReady(reply.json<Pod>()) === (status === 'True');
  };
  await until(done, `${pod} to be ${status === 'True' ? 'ready' : 'unready'}`);
}

const open = (c: Context, index: number) => turn(c, index, 'True');
const shut = (c: Context, index: number) => turn(c, index, 'False');

const ready = (c: Context, number: number) =>
  setsOf(c).until(name, ({ status }) => status?.replicas === number && status.readyReplicas === number);

/** The number of pods does not change for a while. */
async function stays(c: Context, number: number): Promise<void> {
  await sleep(systemClock, 3_000);
  assert.equal((await podsOf(c).items(`name=${name}`)).length, number);
}
