import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiError } from '@keelson/client';
import { eventually } from '@keelson/testing';
import { Pod, PodDisruptionBudget, type PodDisruptionBudgetSpec, type PodDisruptionBudgetStatus } from '@keelson/types';
import { type Answer, type Fixture, startServer } from '../../testing/fixture.ts';

let server: Fixture;
let count = 0;

before(async () => {
  server = await startServer({ disabledAdmission: ['ServiceAccount'] });
});

after(() => server.close());

interface Wish {
  readonly phase?: string;
  readonly ready?: boolean;
  readonly status?: Partial<PodDisruptionBudgetStatus>;
  readonly spec?: Partial<PodDisruptionBudgetSpec>;
  readonly budgets?: number;
}

const namespace = 'default';

/** A pod on a node, behind budgets of its own. */
async function guarded({ phase = 'Running', ready = true, status, spec, budgets = 1 }: Wish = {}): Promise<string> {
  const name = `p${++count}`;
  const metadata = { name, namespace, labels: { app: name } };
  const containers = [{ name: 'main', image: 'app:1' }];
  const pod = await server.api.create(Pod, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'n1', containers } });
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  await server.api.update(Pod, { ...pod, status: { phase, conditions } }, { subresource: 'status' });
  for (let number = 1; number <= budgets; number++) {
    const selector = { matchLabels: { app: name } };
    const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: `${name}-${number}`, namespace } };
    const budget = await server.api.create(PodDisruptionBudget, { ...object, spec: { minAvailable: 1, selector, ...spec } });
    const settled = { observedGeneration: 1, currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2, ...status };
    await server.api.update(PodDisruptionBudget, { ...budget, status: settled }, { subresource: 'status' });
  }
  return name;
}

function evict(name: string, deleteOptions?: object, query = ''): Promise<Answer> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, ...(deleteOptions ? { deleteOptions } : {}) };
  return server.send('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction${query}`, body);
}

const read = (name: string): Promise<Pod> => server.api.get(Pod, { name, namespace });
const budgetOf = (name: string): Promise<PodDisruptionBudget> => server.api.get(PodDisruptionBudget, { name: `${name}-1`, namespace });

test('an allowed eviction is noted in the budget and in the pod, which is then deleted', async () => {
  const name = await guarded();
  const answer = await evict(name);
  assert.deepEqual([answer.status, answer.json().status], [201, 'Success']);
  const { status } = await budgetOf(name);
  assert.deepEqual([status?.disruptionsAllowed, Object.keys(status?.disruptedPods ?? {})], [0, [name]]);
  assert.deepEqual(
    status?.conditions?.map((one) => [one.type, one.status, one.reason]),
    [['DisruptionAllowed', 'False', 'InsufficientPods']],
  );
  const pod = await read(name);
  assert.ok(pod.metadata.deletionTimestamp);
  const condition = pod.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
  assert.deepEqual([condition?.status, condition?.reason, condition?.message], ['True', 'EvictionByEvictionAPI', 'Eviction API: evicting']);
});

test('an eviction that the budget does not allow is refused with what it needs', async () => {
  const name = await guarded({ status: { disruptionsAllowed: 0, currentHealthy: 1 } });
  const answer = await evict(name);
  const { message, reason, details } = answer.json<{ message: string; reason: string; details: object }>();
  assert.deepEqual(
    [answer.status, reason, message],
    [429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget."],
  );
  const cause = { reason: 'DisruptionBudget', message: `The disruption budget ${name}-1 needs 1 healthy pods and has 1 currently` };
  assert.deepEqual(details, { causes: [cause] });
  assert.equal((await read(name)).metadata.deletionTimestamp, undefined);
});

test('a budget that was not worked out for its present form, or could not be, allows nothing', async () => {
  const cause = (answer: Answer): string => answer.json<{ details: { causes: { message: string }[] } }>().details.causes[0]?.message ?? '';
  const behind = await evict(await guarded({ status: { observedGeneration: 0 } }));
  assert.deepEqual([behind.status, behind.headers['retry-after']], [429, '10']);
  assert.match(cause(behind), /is still being processed by the server\.$/);
  const conditions = [
    { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'no scale', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ];
  const failed = await evict(await guarded({ status: { disruptionsAllowed: 0, conditions } }));
  assert.match(cause(failed), /does not allow evicting pods currently because it failed sync: no scale$/);
});

test('pods that run nothing, or end anyway, need no budget', async () => {
  const none = { disruptionsAllowed: 0 };
  for (const phase of ['Pending', 'Succeeded', 'Failed']) assert.equal((await evict(await guarded({ phase, status: none }))).status, 201);
  const leaving = await guarded({ status: none });
  await server.api.delete(Pod, { name: leaving, namespace });
  assert.equal((await evict(leaving)).status, 201);
  assert.equal((await evict(await guarded({ budgets: 0 }))).status, 201);
});

test('pods that are not ready', async () => {
  const status = { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1 };
  const enough = await guarded({ ready: false, status });
  assert.equal((await evict(enough)).status, 201);
  assert.equal((await budgetOf(enough)).status?.disruptedPods, undefined);
  const short = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1 };
  assert.equal((await evict(await guarded({ ready: false, status: short }))).status, 429);
  const always = await guarded({ ready: false, status: short, spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } });
  assert.equal((await evict(always)).status, 201);
});

test('a dry run spends nothing and deletes nothing', async () => {
  for (const [options, query] of [
    [{ dryRun: ['All'] }, ''],
    [undefined, '?dryRun=All'],
  ] as const) {
    const name = await guarded();
    assert.equal((await evict(name, options, query)).status, 201);
    assert.equal((await budgetOf(name)).status?.disruptionsAllowed, 1);
    const { metadata, status } = await read(name);
    assert.deepEqual([metadata.deletionTimestamp, status?.conditions?.length], [undefined, 1]);
  }
  assert.equal((await evict(await guarded({ status: { disruptionsAllowed: 0 } }), { dryRun: ['All'] })).status, 429);
});

test('evictions that cannot be', async () => {
  const several = await evict(await guarded({ budgets: 2 }));
  assert.equal(several.status, 500);
  assert.match(several.json<{ message: string }>().message, /^This pod has more than one PodDisruptionBudget/);
  assert.equal((await evict('nobody')).status, 404);
  const name = await guarded();
  assert.equal((await evict(name, { preconditions: { uid: 'other' } })).status, 409);
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'other' } };
  const answer = await server.send('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, body);
  assert.deepEqual([answer.status, answer.json().message], [400, 'name in URL does not match name in Eviction object']);
});

test('of many evictions at once as many go through as the budget allows', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `crowd-${letter}`);
  for (const name of names) {
    const metadata = { name, namespace, labels: { app: 'crowd' } };
    const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'app:1' }] };
    const pod = await server.api.create(Pod, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await server.api.update(Pod, { ...pod, status }, { subresource: 'status' });
  }
  const object = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'crowd', namespace } };
  const selector = { matchLabels: { app: 'crowd' } };
  const budget = await server.api.create(PodDisruptionBudget, { ...object, spec: { minAvailable: 4, selector } });
  const status = { observedGeneration: 1, currentHealthy: 6, desiredHealthy: 4, disruptionsAllowed: 2, expectedPods: 6 };
  await server.api.update(PodDisruptionBudget, { ...budget, status }, { subresource: 'status' });
  const answers = await Promise.all(names.map((name) => evict(name)));
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 201, 429, 429, 429, 429]);
  const left = await eventually(() => server.api.get(PodDisruptionBudget, { name: 'crowd', namespace }));
  assert.deepEqual([left.status?.disruptionsAllowed, Object.keys(left.status?.disruptedPods ?? {}).length], [0, 2]);
});

test('a client hears of a refusal by its cause', async () => {
  const name = await guarded({ status: { disruptionsAllowed: 0 } });
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
  const body = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });
  const refused = await server.api.raw({ method: 'POST', path, body }).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(refused instanceof ApiError);
  assert.equal(refused.status.details?.causes?.[0]?.reason, 'DisruptionBudget');
});
