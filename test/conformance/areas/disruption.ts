import assert from 'node:assert/strict';
import { systemClock, timestamp } from '@keelson/base';
import type { PodDisruptionBudget } from '@keelson/types';
import type { Context } from '../context.ts';
import { isReady, paused, pausePod, podsOf } from '../pods.ts';
import { across, until, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-apps] DisruptionController';
const labels = { foo: 'bar' };
const budgetsOf = (c: Context, namespace = c.namespace) => within<PodDisruptionBudget>(c, 'policy/v1', 'poddisruptionbudgets', namespace);
const budget = (name: string, minAvailable: number | string, own: Record<string, string> = {}) => ({
  metadata: { name, labels: own },
  spec: { selector: { matchLabels: labels }, minAvailable },
});

export const disruption: Specs = {
  async [`${area} should create a PodDisruptionBudget`](c) {
    const budgets = budgetsOf(c);
    await budgets.create(budget('defaultbudget', 1, { test: 'label' }));
    await processed(c, 'defaultbudget');
    const updated = await budgets.update('defaultbudget', (present) => ({ ...present, spec: { ...present.spec, minAvailable: '2%' } }));
    assert.equal(updated.spec?.minAvailable, '2%');
    await processed(c, 'defaultbudget');
    const patched = await budgets.patch('defaultbudget', { spec: { minAvailable: '3%' } });
    assert.equal(patched.spec?.minAvailable, '3%');
    await processed(c, 'defaultbudget');
    await budgets.removeAll('test=label');
    await budgets.count('test=label', 0);
  },

  async [`${area} Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets`](c) {
    const special = { 'foo-pdb': c.unique('bar') };
    const selector = `foo-pdb=${special['foo-pdb']}`;
    const other = c.unique('disruption');
    await across(c, 'v1', 'namespaces').lend({ metadata: { name: other } });
    await budgetsOf(c).create(budget('foo', 2, special));
    await budgetsOf(c).create(budget('foo2', '1%', special));
    await budgetsOf(c, other).create(budget('foo3', 2, special));
    const everywhere = across<PodDisruptionBudget>(c, 'policy/v1', 'poddisruptionbudgets');
    assert.equal((await everywhere.items(selector)).length, 3);
    assert.equal((await budgetsOf(c).items(selector)).length, 2);
    await budgetsOf(c).removeAll(selector);
    await budgetsOf(c).count(selector, 0);
    assert.equal((await everywhere.items(selector)).length, 1);
  },

  async [`${area} should observe PodDisruptionBudget status updated`](c) {
    await budgetsOf(c).create(budget('defaultbudget', 1));
    await runPods(c, 3);
    await budgetsOf(c).until('defaultbudget', ({ status }) => (status?.disruptionsAllowed ?? 0) > 0);
  },

  async [`${area} should update/patch PodDisruptionBudget status`](c) {
    const budgets = budgetsOf(c);
    await budgets.create(budget('defaultbudget', 1));
    const [pod] = await runPods(c, 1);
    await processed(c, 'defaultbudget');
    const disruptedPods = { [pod ?? '']: timestamp(systemClock) };
    const updated = await budgets.update(
      'defaultbudget',
      (present) => ({ ...present, status: { ...present.status, disruptedPods } }) as PodDisruptionBudget,
      '/status',
    );
    assert.deepEqual(updated.status?.disruptedPods, disruptedPods);
    // The controller leaves it: the pod is there and may still be deleted.
    await podsOf(c).patch(pod ?? '', { metadata: { labels: { seen: 'again' } } });
    assert.deepEqual((await budgets.get('defaultbudget/status')).status?.disruptedPods, disruptedPods);
    const patched = await budgets.patch('defaultbudget/status', { status: { disruptedPods: null } }, 'merge');
    assert.deepEqual(patched.status?.disruptedPods ?? {}, {});
    assert.equal((await budgets.get('defaultbudget/status')).metadata.name, 'defaultbudget');
  },

  async [`${area} should block an eviction until the PDB is updated to allow it`](c) {
    const budgets = budgetsOf(c);
    await budgets.create(budget('defaultbudget', 3, { test: 'label' }));
    const containers = [paused()];
    const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers } };
    const set = { metadata: { name: 'rs' }, spec: { replicas: 3, selector: { matchLabels: labels }, template } };
    await within(c, 'apps/v1', 'replicasets').create(set);
    const first = await locate(c);
    await blocked(c, first);
    await budgets.update('defaultbudget', (present) => ({ ...present, spec: { ...present.spec, minAvailable: 2 } }));
    await allows(c, { currentHealthy: 3, disruptionsAllowed: 1 });
    await evicted(c, first);
    await budgets.patch('defaultbudget', { spec: { minAvailable: null, maxUnavailable: 0 } }, 'merge');
    const second = await locate(c);
    await blocked(c, second);
    await budgets.removeAll('test=label');
    await budgets.gone('defaultbudget');
    await evicted(c, second);
  },
};

/** One of three pods that are ready. */
async function locate(c: Context): Promise<string> {
  const pods = await until(async () => {
    const present = (await podsOf(c).items('foo=bar')).filter(({ metadata }) => !metadata.deletionTimestamp);
    return present.length === 3 && present.every(isReady) && present;
  }, '3 ready pods');
  return pods[0]?.metadata.name ?? '';
}

/** Waits until the controller has seen the budget as it is now. */
const processed = (c: Context, name: string) =>
  budgetsOf(c).until(name, ({ metadata, status }) => status && (status.observedGeneration ?? 0) >= (metadata.generation ?? 0));

async function allows(c: Context, wanted: { readonly currentHealthy: number; readonly disruptionsAllowed: number }): Promise<void> {
  await budgetsOf(c).until(
    'defaultbudget',
    ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation &&
      status?.currentHealthy === wanted.currentHealthy &&
      status.disruptionsAllowed === wanted.disruptionsAllowed,
  );
}

async function runPods(c: Context, number: number): Promise<string[]> {
  const names = Array.from({ length: number }, (_, index) => `pod-${index}`);
  for (const name of names) await podsOf(c).create(pausePod(name, {}, { labels }));
  for (const name of names) await podsOf(c).until(name, isReady);
  return names;
}

const evict = (c: Context, name: string) => podsOf(c).ask('POST', `${name}/eviction`, { metadata: { name, namespace: c.namespace } });

async function blocked(c: Context, name: string): Promise<void> {
  const reply = await evict(c, name);
  assert.equal(reply.status, 429, reply.text);
  const { reason, details } = reply.json<{ reason: string; details: { causes: { reason: string }[] } } & PodDisruptionBudget>();
  assert.equal(reason, 'TooManyRequests');
  assert.ok(details.causes.some((cause) => cause.reason === 'DisruptionBudget'));
}

async function evicted(c: Context, name: string): Promise<void> {
  const reply = await evict(c, name);
  assert.equal(reply.status, 201, reply.text);
  await podsOf(c).gone(name);
}
