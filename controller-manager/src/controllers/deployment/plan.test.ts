import assert from 'node:assert/strict';
import { test } from 'node:test';
import { created, deployment } from '@keelson/testing';
import type { Deployment, ReplicaSet } from '@keelson/types';
import { type Plan, planDeployment } from './plan.ts';

const start = Date.parse(created);

/** A Deployment with its ReplicaSets, moved on by its plans and by pods that come and go. */
class Scene {
  deployment: Deployment;
  sets: ReplicaSet[] = [];
  now = start;
  otherPodsRun = false;

  constructor(replicas: number, spec: Partial<Deployment['spec']> = {}) {
    this.deployment = deployment({
      name: 'web',
      replicas,
      spec: { progressDeadlineSeconds: 600, revisionHistoryLimit: 10, strategy: rolling('25%', '25%'), ...spec },
      metadata: { generation: 1 },
    });
  }

  change(spec: Partial<Deployment['spec']>): this {
    const { metadata } = this.deployment;
    const generation = (metadata.generation ?? 0) + 1;
    this.deployment = { ...this.deployment, metadata: { ...metadata, generation }, spec: { ...this.deployment.spec, ...spec } };
    return this;
  }

  image(image: string): this {
    const labels = { app: 'web' };
    return this.change({ template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } } });
  }

  step(): Plan {
    const plan = planDeployment({
      deployment: this.deployment,
      replicaSets: this.sets,
      otherPodsRun: () => this.otherPodsRun,
      now: this.now,
    });
    const byName = new Map(plan.update.map((one) => [one.metadata.name, one]));
    this.sets = this.sets.map((one) => byName.get(one.metadata.name) ?? one).filter((one) => !plan.remove.includes(one));
    if (plan.create) this.sets.push(this.#stored(plan.create));
    const { metadata } = this.deployment;
    this.deployment = {
      ...this.deployment,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...plan.annotations } },
      status: plan.status,
    };
    this.now += 1000;
    return plan;
  }

  #stored(made: ReplicaSet): ReplicaSet {
    const creationTimestamp = new Date(this.now).toISOString();
    return {
      ...made,
      metadata: { ...made.metadata, uid: made.metadata.name, creationTimestamp },
      status: { replicas: 0, terminatingReplicas: 0 },
    };
  }

  /** All pods that ReplicaSets want are there and available. */
  settle(): this {
    this.sets = this.sets.map((one) => {
      const replicas = one.spec.replicas ?? 0;
      return { ...one, status: { replicas, readyReplicas: replicas, availableReplicas: replicas, terminatingReplicas: 0 } };
    });
    return this;
  }

  sizes(): string {
    return this.sets.map(({ spec }) => spec.replicas).join('+');
  }

  progress(): string {
    return this.deployment.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason ?? 'none';
  }

  /** What each step says while pods become available at once, until nothing moves. */
  transcript(): string[] {
    const lines: string[] = [];
    for (let i = 0; i < 30; i++) {
      const before = this.sizes();
      this.settle().step();
      if (this.sizes() !== before || lines.length === 0) lines.push(this.sizes());
      else if (i > 2) break;
    }
    return lines;
  }
}

function rolling(maxSurge: string | number, maxUnavailable: string | number): NonNullable<Deployment['spec']['strategy']> {
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
}

test('a new deployment makes its ReplicaSet with all replicas, and says so', () => {
  const scene = new Scene(3);
  const plan = scene.step();
  const name = plan.create?.metadata.name ?? '';
  assert.match(name, /^web-[bcdfghjklmnpqrstvwxz2456789]+$/);
  assert.deepEqual(plan.events, [`Scaled up replica set ${name} from 0 to 3`]);
  assert.deepEqual(plan.create?.metadata.annotations, {
    'deployment.kubernetes.io/revision': '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
  });
  assert.equal(plan.create?.spec.selector.matchLabels?.['pod-template-hash'], name.slice('web-'.length));
  assert.deepEqual(plan.annotations, { 'deployment.kubernetes.io/revision': '1' });
  assert.equal(plan.status.unavailableReplicas, 3);
  assert.deepEqual(
    plan.status.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
    [
      ['Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`],
      ['Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'],
    ],
  );
  assert.equal(plan.again, 601_000);
});

test('a rollout goes from created through updated to available', () => {
  const scene = new Scene(3);
  scene.step();
  scene.sets = scene.sets.map((one) => ({ ...one, status: { replicas: 3 } }));
  scene.step();
  assert.equal(scene.progress(), 'ReplicaSetUpdated');
  scene.settle().step();
  assert.equal(scene.progress(), 'NewReplicaSetAvailable');
  const last = scene.step();
  assert.deepEqual([last.create, last.update, last.events, last.again], [undefined, [], [], undefined]);
  assert.equal(
    last.status.conditions?.find(({ type }) => type === 'Progressing')?.message,
    `ReplicaSet "${scene.sets[0]?.metadata.name}" has successfully progressed.`,
  );
});

for (const [name, replicas, strategy, expected] of [
  ['quarters of 4', 4, rolling('25%', '25%'), ['3+2', '1+4', '0+4']],
  ['surge only', 3, rolling(1, 0), ['3+1', '2+1', '2+2', '1+2', '1+3', '0+3']],
  ['unavailable only', 3, rolling(0, 1), ['2+0', '2+1', '1+1', '1+2', '0+2', '0+3']],
] as const) {
  test(`rolling update with ${name}`, () => {
    const scene = new Scene(replicas, { strategy });
    scene.step();
    scene.settle().step();
    const lines = scene.image('two').transcript();
    assert.equal(lines.at(-1), expected.at(-1));
    for (const line of lines) {
      const [old = 0, next = 0] = line.split('+').map(Number);
      assert.ok(old + next <= replicas + 1, `${line} is within the surge`);
    }
    if (name !== 'quarters of 4') assert.deepEqual(lines, expected);
    assert.equal(scene.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '2');
  });
}

test('an update that never becomes available stops at the bounds and times out', () => {
  const scene = new Scene(4, { strategy: rolling(1, 1) });
  scene.step();
  scene.settle().step();
  scene.image('broken').step();
  const old = scene.sets[0]?.metadata.name;
  for (let i = 0; i < 5; i++) {
    scene.sets = scene.sets.map((one) => {
      const replicas = one.spec.replicas ?? 0;
      const good = one.metadata.name === old ? replicas : 0;
      return { ...one, status: { replicas, readyReplicas: good, availableReplicas: good } };
    });
    scene.step();
  }
  assert.equal(scene.sizes(), '3+2');
  scene.now += 700_000;
  scene.step();
  assert.equal(scene.progress(), 'ProgressDeadlineExceeded');
  assert.equal(scene.deployment.status?.conditions?.find(({ type }) => type === 'Available')?.status, 'True');
});

test('going back to an old template takes its ReplicaSet up again under a new revision', () => {
  const scene = new Scene(1);
  const { template } = scene.deployment.spec;
  scene.step();
  scene.settle().step();
  scene.image('two').transcript();
  scene.change({ template }).transcript();
  assert.equal(scene.sizes(), '1+0');
  assert.equal(scene.sets[0]?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
  assert.equal(scene.sets[0]?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
});

test('revisions go on from those that no double holds', () => {
  const scene = new Scene(1);
  scene.step();
  const [first] = scene.sets;
  if (first) first.metadata.annotations = { 'deployment.kubernetes.io/revision': '3546343826724305832' };
  scene.settle().image('two').step();
  assert.equal(scene.deployment.metadata.annotations?.['deployment.kubernetes.io/revision'], '3546343826724305833');
});

test('a resize in the middle of a rollout is shared out by size', () => {
  const scene = new Scene(10, { strategy: rolling(3, 2) });
  scene.step();
  scene.settle().step();
  scene.image('two').step();
  assert.equal(scene.sizes(), '8+3');
  scene.step();
  assert.equal(scene.sizes(), '8+5');
  const plan = scene.change({ replicas: 15 }).step();
  assert.equal(scene.sizes(), '11+7');
  assert.equal(plan.events.length, 2);
  assert.equal(scene.sets[0]?.metadata.annotations?.['deployment.kubernetes.io/desired-replicas'], '15');
});

test('Recreate waits for the last old pod', () => {
  const scene = new Scene(2, { strategy: { type: 'Recreate' } });
  scene.step();
  scene.settle().step();
  scene.image('two').step();
  assert.equal(scene.sizes(), '0');
  scene.step();
  assert.equal(scene.sizes(), '0');
  scene.settle();
  scene.otherPodsRun = true;
  scene.step();
  assert.equal(scene.sizes(), '0');
  scene.otherPodsRun = false;
  scene.step();
  assert.equal(scene.sizes(), '0+2');
});

test('a paused deployment is resized but not rolled out', () => {
  const scene = new Scene(2);
  scene.step();
  scene.settle().step();
  scene.image('two').change({ paused: true, replicas: 3 }).step();
  assert.equal(scene.sizes(), '3');
  assert.equal(scene.progress(), 'DeploymentPaused');
  scene.change({ paused: false }).step();
  assert.equal(scene.sets.length, 2);
});

test('history beyond the limit is dropped, oldest first, once a rollout is complete', () => {
  const scene = new Scene(1, { revisionHistoryLimit: 1 });
  scene.step();
  for (const image of ['a', 'b', 'c']) scene.image(image).transcript();
  assert.deepEqual(
    scene.sets.map((one) => one.metadata.annotations?.['deployment.kubernetes.io/revision']),
    ['3', '4'],
  );
});

test('what keeps a ReplicaSet from making pods shows on the deployment', () => {
  const scene = new Scene(1);
  scene.step();
  const condition = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota', lastTransitionTime: created };
  scene.sets = scene.sets.map((one) => ({ ...one, status: { replicas: 0, conditions: [condition] } }));
  const plan = scene.step();
  assert.equal(plan.status.conditions?.find(({ type }) => type === 'ReplicaFailure')?.message, 'quota');
});
