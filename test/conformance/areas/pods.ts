import assert from 'node:assert/strict';
import type { Pod } from '@keelson/types';
import { isReady, paused, pausePod, podsOf, runPod } from '../pods.ts';
import { across, seen, until, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-node] Pods';
const generations = '[sig-node] Pods Extended (pod generation) Pod Generation';

export const pods: Specs = {
  async '[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu'(
    c,
  ) {
    const amounts = { cpu: '100m', memory: '100Mi' };
    const container = paused({ resources: { requests: amounts, limits: amounts } });
    await podsOf(c).create(pausePod('pod-qos-class', { containers: [container] }));
    assert.equal((await podsOf(c).get('pod-qos-class')).status?.qosClass, 'Guaranteed');
  },

  async [`${area} should be submitted and removed [NodeConformance]`](c) {
    const resource = podsOf(c);
    const name = c.unique('pod-submit-remove');
    const labels = { name: 'foo', time: c.unique('time') };
    const selector = `time=${labels.time}`;
    const { items, metadata } = await resource.list(selector);
    assert.equal(items.length, 0);
    const following = await resource.follow({ labelSelector: selector, from: metadata.resourceVersion });
    await resource.create(pausePod(name, {}, { labels }));
    assert.equal((await resource.items(selector)).length, 1);
    await seen(following, ({ type }) => type === 'ADDED');
    await resource.until(name, ({ status }) => status?.phase === 'Running');
    await resource.remove(`${name}?gracePeriodSeconds=30`);
    const { object } = await seen(following, ({ type }) => type === 'DELETED');
    assert.ok(object.metadata.deletionTimestamp);
    assert.ok(object.spec?.terminationGracePeriodSeconds);
    assert.equal((await resource.items(selector)).length, 0);
  },

  async [`${area} should be updated [NodeConformance]`](c) {
    const resource = podsOf(c);
    const [first, second] = [c.unique('time'), c.unique('time')];
    await runPod(resource, pausePod('pod-update', {}, { labels: { name: 'foo', time: first } }));
    assert.equal((await resource.items(`time=${first}`)).length, 1);
    await resource.update('pod-update', (present) => withLabels(present, { time: second }));
    await resource.until('pod-update', ({ status }) => status?.phase === 'Running');
    assert.equal((await resource.items(`time=${second}`)).length, 1);
  },

  async [`${area} should get a host IP [NodeConformance]`](c) {
    await podsOf(c).create(pausePod('pod-hostip'));
    const { status } = await podsOf(c).until('pod-hostip', (pod) => pod.status?.hostIP);
    assert.deepEqual(status?.hostIPs?.[0], { ip: status?.hostIP });
  },

  async [`${area} should delete a collection of pods`](c) {
    const resource = podsOf(c);
    const names = ['test-pod-1', 'test-pod-2', 'test-pod-3'];
    const spec = { terminationGracePeriodSeconds: 1, restartPolicy: 'Never' };
    for (const name of names) await resource.create(pausePod(name, spec, { labels: { type: 'Testing' } }));
    for (const name of names) await resource.until(name, isReady);
    const reply = await resource.ask('DELETE', '?labelSelector=type%3DTesting', { gracePeriodSeconds: 1 });
    assert.equal(reply.status, 200, reply.text);
    await resource.count('type=Testing', 0);
  },

  async [`${area} should patch a pod status`](c) {
    const resource = podsOf(c);
    const name = c.unique('pod');
    await runPod(resource, pausePod(name, {}, { labels: { app: name } }));
    const body = { status: { message: 'Patched by e2e test', reason: 'E2E' } };
    const patched = await resource.patch(`${name}/status`, body);
    assert.deepEqual([patched.status?.message, patched.status?.reason], ['Patched by e2e test', 'E2E']);
    assert.equal((await across<Pod>(c, 'v1', 'pods').items(`app=${name}`)).length, 1);
  },

  async [`${area} should run through the lifecycle of Pods and PodStatus`](c) {
    const resource = podsOf(c);
    const name = 'pod-test';
    const mark = c.unique('true');
    const selector = `test-pod-static=${mark}`;
    const following = await resource.follow({ labelSelector: selector });
    const spec = { terminationGracePeriodSeconds: 1, containers: [{ name, image: 'agnhost' }] };
    await resource.create(pausePod(name, spec, { labels: { 'test-pod-static': mark } }));
    await seen(following, ({ object }) => object.status?.phase === 'Running');
    await resource.until(name, isReady);
    const change = { terminationGracePeriodSeconds: 1, containers: [{ name, image: 'httpd' }] };
    await resource.patch(name, { metadata: { labels: { 'test-pod': 'patched' } }, spec: change });
    await seen(following, ({ type, object }) => type === 'MODIFIED' && object.metadata.labels?.['test-pod'] === 'patched');
    const patched = await resource.get(name);
    assert.equal(patched.spec?.containers[0]?.image, 'httpd');
    await resource.until(name, isReady);
    const types = ['Ready', 'ContainersReady'];
    const unready = (present: Pod): Pod => {
      const conditions = present.status?.conditions?.map((one) => (types.includes(one.type) ? { ...one, status: 'False' } : one));
      return { ...present, status: { ...present.status, conditions } } as Pod;
    };
    const updated = await resource.update(name, unready, '/status');
    const falses = updated.status?.conditions?.filter(({ type, status }) => types.includes(type) && status === 'False');
    assert.equal(falses?.length, 2);
    const path = `?labelSelector=${encodeURIComponent(selector)}`;
    assert.equal((await resource.ask('DELETE', path, { gracePeriodSeconds: 1 })).status, 200);
    await seen(following, ({ type }) => type === 'DELETED');
    await resource.gone(name);
  },

  async [`${generations} pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34]`](c) {
    const resource = podsOf(c);
    const name = 'pod-generation';
    const made = await resource.create(pausePod(name, { initContainers: [{ name: 'init-container', image: 'busybox' }] }));
    assert.equal(made.metadata.generation, 1);
    const spec = (change: (present: NonNullable<Pod['spec']>) => object) => (present: Pod) =>
      ({ ...present, spec: { ...present.spec, ...change(present.spec as NonNullable<Pod['spec']>) } }) as Pod;
    const image = (image: string) => (container: object, index: number) => (index === 0 ? { ...container, image } : container);
    const toleration = { key: c.unique('foo'), operator: 'Equal', value: 'bar', effect: 'NoSchedule' };
    const changes: readonly (readonly [number, (present: Pod) => Pod])[] = [
      [0, (present) => present],
      [1, spec(() => ({ tolerations: [toleration] }))],
      [1, spec(() => ({ activeDeadlineSeconds: 5000 }))],
      [1, spec(({ containers }) => ({ containers: containers.map(image('nginx')) }))],
      [1, spec(({ initContainers = [] }) => ({ initContainers: initContainers.map(image('pause')) }))],
      [0, (present) => ({ ...present, metadata: { ...present.metadata, annotations: { key: 'value' } } })],
      [0, (present) => ({ ...present, metadata: { ...present.metadata, generation: 1 } })],
    ];
    let expected = 1;
    for (const [bump, change] of changes) {
      expected += bump;
      await resource.update(name, change);
      assert.equal((await resource.get(name)).metadata.generation, expected);
      await resource.until(name, ({ status }) => status?.observedGeneration === expected);
    }
  },

  async [`${generations} custom-set generation on new pods and graceful delete`](c) {
    const resource = podsOf(c);
    const pod = await runPod(resource, pausePod('pod-generation', {}, { generation: 100 }));
    assert.equal(pod.metadata.generation, 1);
    const reply = await resource.ask('DELETE', 'pod-generation?gracePeriodSeconds=60');
    assert.equal(reply.status, 200);
    assert.equal(reply.json<Pod>().metadata.generation, 2);
    const after = await resource.ask('GET', 'pod-generation');
    assert.ok(after.status === 404 || after.json<Pod>().metadata.generation === 2, after.text);
  },

  async [`${generations} issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34]`](
    c,
  ) {
    const resource = podsOf(c);
    await runPod(resource, pausePod('pod-generation', { activeDeadlineSeconds: 5000 }));
    for (let seconds = 4999; seconds > 4500; seconds--)
      await until(async () => {
        const reply = await resource.ask('PATCH', 'pod-generation', { spec: { activeDeadlineSeconds: seconds } }, 'merge');
        return reply.status === 200;
      });
    await resource.until('pod-generation', ({ status }) => status?.observedGeneration === 500);
    assert.equal((await resource.get('pod-generation')).metadata.generation, 500);
  },
};
