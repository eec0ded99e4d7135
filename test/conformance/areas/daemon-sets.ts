import assert from 'node:assert/strict';
import { stableJson } from '@keelson/machinery';
import type { ControllerRevision, DaemonSet, Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, paused, podsOf } from '../pods.ts';
import { across, seen, until, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { neverReady, reports, templateOf, type Workload } from '../workloads.ts';
import { nodesOf } from './scheduling.ts';

const area = '[sig-apps] Daemon set [Serial]';
const labels = { 'daemonset-name': 'daemon-set' };
const selected = 'daemonset-name=daemon-set';
const setsOf = (c: Context) => within<DaemonSet>(c, 'apps/v1', 'daemonsets');
const revisionsOf = (c: Context) => within<ControllerRevision>(c, 'apps/v1', 'controllerrevisions');
const hashLabel = 'controller-revision-hash';

const daemonSet = (spec: object = {}, own: object = {}) => ({
  metadata: { name: 'daemon-set', labels },
  spec: { selector: { matchLabels: labels }, template: templateOf(labels, spec), ...own },
});
const withImage = (image: string, rest: object = {}) => templateOf(labels, { containers: [paused({ image })], ...rest });
const rolling = { updateStrategy: { type: 'RollingUpdate' } };

export const daemonSets: Specs = {
  async [`${area} should run and stop simple daemon`](c) {
    await setsOf(c).create(daemonSet());
    const [pod] = await everywhere(c);
    await podsOf(c).remove(pod?.metadata.name ?? '');
    const again = await everywhere(c, (pods) => pods.every(({ metadata }) => metadata.uid !== pod?.metadata.uid));
    assert.ok(again.length > 0);
    const { items } = await setsOf(c).list(selected);
    assert.equal(items.length, 1);
    await setsOf(c).remove('daemon-set');
    await podsOf(c).count(selected, 0);
  },

  async [`${area} should run and stop complex daemon`](c) {
    const key = `daemonset-color-${c.unique('e2e')}`;
    const color = async (value: string | null) => {
      await nodesOf(c).patch(node, { metadata: { labels: { [key]: value } } });
    };
    await setsOf(c).create(daemonSet({ nodeSelector: { [key]: 'blue' } }));
    await setsOf(c).until('daemon-set', ({ metadata, status }) => status?.observedGeneration === metadata.generation);
    assert.equal((await podsOf(c).items(selected)).length, 0);
    const node = (await nodesOf(c).items())[0]?.metadata.name ?? '';
    c.after(() => color(null));
    await color('blue');
    await on(c, [node]);
    await color('green');
    await on(c, []);
    await setsOf(c).patch('daemon-set', { spec: { template: { spec: { nodeSelector: { [key]: 'green' } } }, ...rolling } });
    await on(c, [node]);
  },

  async [`${area} should retry creating failed daemon pods`](c) {
    await setsOf(c).create(daemonSet());
    const [pod] = await everywhere(c);
    const name = pod?.metadata.name ?? '';
    await podsOf(c).update(name, (present) => ({ ...present, status: { ...present.status, phase: 'Failed' } }) as Pod, '/status');
    await everywhere(c, (pods) => pods.every(({ metadata }) => metadata.uid !== pod?.metadata.uid));
    await podsOf(c).gone(name);
  },

  async [`${area} should update pod when spec was updated and update strategy is RollingUpdate`](c) {
    await setsOf(c).create(daemonSet({}, { ...rolling, template: withImage('httpd') }));
    await everywhere(c);
    const first = await current(c, 1);
    await bears(c, first);
    await setsOf(c).patch('daemon-set', { spec: { template: { spec: { containers: [{ name: 'pause', image: 'agnhost' }] } } } });
    await everywhere(c, (pods) => pods.every(({ spec }) => spec?.containers[0]?.image === 'agnhost'));
    const second = await current(c, 2);
    assert.notEqual(second, first);
    await bears(c, second);
  },

  async [`${area} should rollback without unnecessary restarts`](c) {
    await setsOf(c).create(daemonSet({}, { ...rolling, template: withImage('httpd') }));
    await everywhere(c);
    const to = (template: object) =>
      setsOf(c).update('daemon-set', (present) => ({ ...present, spec: { ...present.spec, template } }) as DaemonSet);
    const following = await podsOf(c).follow({ labelSelector: selected });
    await to(withImage('foo:non-existent', neverReady));
    await seen(following, ({ type, object }) => type === 'ADDED' && object.spec?.containers[0]?.image === 'foo:non-existent');
    const pods = await podsOf(c).items(selected);
    const kept = pods.filter(({ spec, metadata }) => spec?.containers[0]?.image === 'httpd' && !metadata.deletionTimestamp);
    assert.ok(kept.length > 0 && kept.length < pods.length);
    await to(withImage('httpd'));
    const after = await everywhere(c, (all) => all.every(({ spec }) => spec?.containers[0]?.image === 'httpd'));
    const names = new Set(after.map(({ metadata }) => metadata.name));
    for (const { metadata } of kept) assert.ok(names.has(metadata.name), `${metadata.name} was restarted`);
  },

  async [`${area} should list and delete a collection of DaemonSets`](c) {
    await setsOf(c).create(daemonSet());
    await everywhere(c);
    const all = await across<DaemonSet>(c, 'apps/v1', 'daemonsets').items(selected);
    assert.equal(all.filter(({ metadata }) => metadata.namespace === c.namespace).length, 1);
    await setsOf(c).removeAll(selected);
    assert.equal((await setsOf(c).items(selected)).filter(({ metadata }) => !metadata.deletionTimestamp).length, 0);
  },

  async [`${area} should verify changes to a daemon set status`](c) {
    await setsOf(c).create(daemonSet());
    await everywhere(c);
    await reports(within<Workload>(c, 'apps/v1', 'daemonsets'), 'daemon-set');
  },

  async '[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision'(c) {
    const set = await setsOf(c).create(daemonSet());
    await everywhere(c);
    const revisions = revisionsOf(c);
    await revisions.count(selected, 1);
    const [listed] = (await across<ControllerRevision>(c, 'apps/v1', 'controllerrevisions').items(selected)).filter(
      ({ metadata }) => metadata.namespace === c.namespace,
    );
    const owner = listed?.metadata.ownerReferences?.[0];
    assert.deepEqual([owner?.kind, owner?.uid], ['DaemonSet', set.metadata.uid]);
    const name = listed?.metadata.name ?? '';
    const initial = await revisions.get(name);
    const patched = await revisions.patch(name, { metadata: { labels: { [name]: 'patched' } } });
    assert.equal(patched.metadata.labels?.[name], 'patched');
    const other = { name: `${name}-other`, labels: { ...labels, [hashLabel]: 'other' }, ownerReferences: initial.metadata.ownerReferences };
    const made = await revisions.create({ metadata: other, data: initial.data, revision: initial.revision + 1 });
    await revisions.count(selected, 2);
    await revisions.remove(name);
    await revisions.count(selected, 1);
    const own = made.metadata.name ?? '';
    const updated = await revisions.update(own, (present) => withLabels(present, { [own]: 'updated' }));
    assert.equal(updated.metadata.labels?.[own], 'updated');
    await setsOf(c).patch('daemon-set', {
      spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } },
      updateStrategy: { type: 'RollingUpdate' },
    });
    await revisions.count(selected, 2);
    await revisions.removeAll(`${own}=updated`);
    await revisions.count(selected, 1);
    assert.equal((await revisions.items())[0]?.revision, 3);
  },
};

/** Waits until a ready pod runs on each node and the status says so. Answers the pods. */
function everywhere(c: Context, also: (pods: readonly Pod[]) => boolean = () => true): Promise<readonly Pod[]> {
  return until(async () => {
    const nodes = (await nodesOf(c).items()).map(({ metadata }) => metadata.name).toSorted();
    const pods = (await podsOf(c).items(selected)).filter(({ metadata }) => !metadata.deletionTimestamp);
    const places = pods.filter(isReady).map(({ spec }) => spec?.nodeName);
    const { metadata, status } = await setsOf(c).get('daemon-set');
    const told =
      status?.desiredNumberScheduled === nodes.length &&
      status.currentNumberScheduled === nodes.length &&
      status.numberReady === nodes.length &&
      status.observedGeneration === metadata.generation;
    return places.toSorted().join() === nodes.join() && told && also(pods) && pods;
  }, 'a ready daemon pod on each node');
}

/** Waits until there are ready pods on just these nodes. */
async function on(c: Context, nodes: readonly string[]): Promise<void> {
  await until(async () => {
    const pods = await podsOf(c).items(selected);
    return pods.every(isReady) && pods.map(({ spec }) => spec?.nodeName).join() === nodes.join();
  }, `daemon pods on ${nodes}`);
  await setsOf(c).until('daemon-set', ({ status }) => status?.desiredNumberScheduled === nodes.length);
}

/** The hash of the newest revision, which has that number and is one of so many. */
async function current(c: Context, number: number): Promise<string> {
  await revisionsOf(c).count(selected, number);
  const revisions = (await revisionsOf(c).items(selected)).toSorted((a, b) => b.revision - a.revision);
  assert.equal(revisions[0]?.revision, number);
  // Upstream's suite knows the present revision by its bytes: those that Go makes of a map of this template.
  const { template } = (await setsOf(c).get('daemon-set')).spec;
  assert.equal(JSON.stringify(revisions[0]?.data), stableJson({ spec: { template: { ...template, $patch: 'replace' } } }));
  return revisions[0]?.metadata.labels?.[hashLabel] ?? '';
}

async function bears(c: Context, hash: string): Promise<void> {
  const pods = await podsOf(c).items(selected);
  assert.ok(pods.length > 0);
  for (const { metadata } of pods) assert.equal(metadata.labels?.[hashLabel], hash);
}
