import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import type { Pod, StatefulSet, StatefulSetSpec } from '@keelson/types';
import { podRevision } from '../../revisions/plan.ts';
import { planStatefulSet } from './plan.ts';
import { isHealthy, ordinalOf } from './pods.ts';
import { statusChanged, statusOf, untilAvailable } from './status.ts';
import { fresh, type Like, member, now, old, statefulSet, told, view } from './testdata.ts';

const parallel: Partial<StatefulSetSpec> = { podManagementPolicy: 'Parallel' };

/** What is planned for pods of the present revision, given by ordinal; `-` is none. */
function planned(spec: Partial<StatefulSetSpec>, ...likes: (Like | '-')[]): string[] {
  const set = statefulSet(spec);
  const pods = likes.flatMap((like, ordinal) => (like === '-' ? [] : [member(set, ordinal, like)]));
  return told(planStatefulSet(view(set, pods)).steps);
}

test('in order, one pod is made at a time, when those before it are healthy', () => {
  assert.deepEqual(planned({}), ['create db-0']);
  assert.deepEqual(planned({}, 'running'), []);
  assert.deepEqual(planned({}, 'pending'), []);
  assert.deepEqual(planned({}, 'ready', 'ready'), ['create db-2']);
  assert.deepEqual(planned({}, 'ready', '-', 'ready'), ['create db-1']);
  assert.deepEqual(planned({}, 'ready', 'ready', 'ready'), []);
  assert.deepEqual(planned({ minReadySeconds: 7200 }, 'ready'), []);
});

test('all at once, nobody waits', () => {
  assert.deepEqual(planned(parallel, 'running'), ['create db-1', 'create db-2']);
  assert.deepEqual(planned({ ...parallel, replicas: 0 }, 'running', 'leaving', 'ready'), ['delete db-2', 'delete db-0']);
});

test('of two thousand million pods only the next are planned', () => {
  const replicas = 2 ** 31 - 1;
  assert.deepEqual(planned({ replicas }, 'ready'), ['create db-1']);
  assert.equal(planned({ ...parallel, replicas }, 'ready').length, 500);
});

test('a pod that ended is deleted, and made anew when it is gone', () => {
  assert.deepEqual(planned({}, 'ready', 'failed'), ['delete db-1']);
  assert.deepEqual(planned({}, 'ready', 'leaving'), []);
  assert.deepEqual(planned(parallel, 'failed', 'ready', 'ready'), ['delete db-0']);
  const set = statefulSet();
  const ended = { ...member(set, 0, 'leaving'), status: { phase: 'Succeeded' } };
  assert.deepEqual(planStatefulSet(view(set, [ended])).steps, []);
});

test('pods beyond what is wanted go from the last, one at a time, unless another is not healthy', () => {
  assert.deepEqual(planned({ replicas: 1 }, 'ready', 'ready', 'ready'), ['delete db-2']);
  assert.deepEqual(planned({ replicas: 1 }, 'ready', 'ready', 'leaving'), []);
  assert.deepEqual(planned({ replicas: 1 }, 'running', 'ready', 'ready'), []);
  assert.deepEqual(planned({ replicas: 0 }, 'running', 'running', 'running'), []);
  assert.deepEqual(planned({ replicas: 0 }, 'ready', 'running'), ['delete db-1'], 'itself the only unhealthy one');
});

test('ordinals start where the set says; names that are none of its are not looked at', () => {
  const set = statefulSet({ replicas: 2, ordinals: { start: 5 } });
  const stranger = { ...member(set, 0), metadata: { name: 'db-05', labels: {} } };
  assert.equal(ordinalOf(set, stranger), undefined);
  assert.deepEqual(told(planStatefulSet(view(set, [stranger])).steps), ['create db-5']);
  assert.deepEqual(
    told(
      planStatefulSet(
        view(
          set,
          [0, 5, 6].map((ordinal) => member(set, ordinal)),
        ),
      ).steps,
    ),
    ['delete db-0'],
  );
});

test('new pods below the partition are of the revision before', () => {
  const made = (spec: Partial<StatefulSetSpec>, currentReplicas = 0): string[] =>
    planStatefulSet(view(statefulSet({ ...parallel, ...spec }, { currentReplicas }), [])).steps.map((step) =>
      step.type === 'create' ? `${podRevision(step.pod)} ${step.pod.spec.containers[0]?.image}` : step.type,
    );
  const [of1, of2] = ['db-old db:1', 'db-new db:2'];
  assert.deepEqual(made({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }), [of1, of1, of2]);
  assert.deepEqual(made({ updateStrategy: { type: 'RollingUpdate' } }, 1), [of1, of2, of2]);
  assert.deepEqual(made({ updateStrategy: { type: 'OnDelete' } }, 3), [of2, of2, of2]);
});

test('a pod that lost its label gets it back', () => {
  const set = statefulSet({ replicas: 1 });
  const pod = member(set, 0);
  const { 'statefulset.kubernetes.io/pod-name': _, ...labels } = pod.metadata.labels ?? {};
  const { steps } = planStatefulSet(view(set, [{ ...pod, metadata: { ...pod.metadata, labels } }]));
  assert.deepEqual(told(steps), ['update db-0']);
  const [step] = steps;
  assert.deepEqual(step?.type === 'update' && step.pod.metadata.labels, pod.metadata.labels);
});

test('status counts, and an update is over when all are of it and ready', () => {
  const set = statefulSet({ minReadySeconds: 7200 });
  const pods = [member(set, 0, 'ready', old), member(set, 1, 'leaving', old), member(set, 2, 'running'), member(set, 7)];
  const status = statusOf(view(set, pods), 2);
  assert.deepEqual(JSON.parse(JSON.stringify(status)), {
    observedGeneration: 1,
    replicas: 4,
    readyReplicas: 3,
    currentReplicas: 1,
    updatedReplicas: 2,
    currentRevision: 'db-old',
    updateRevision: 'db-new',
    collisionCount: 2,
    availableReplicas: 0,
  });
  assert.equal(untilAvailable(view(set, pods)), 3_600_000);
  const done = statusOf(
    view(
      statefulSet(),
      [0, 1, 2].map((ordinal) => member(set, ordinal)),
    ),
    0,
  );
  assert.deepEqual([done.currentRevision, done.currentReplicas, done.availableReplicas], ['db-new', 3, 3]);
  assert.equal(statusChanged({ ...set, status: done }, done), false);
  const manual = statefulSet({ updateStrategy: { type: 'OnDelete' } });
  assert.equal(
    statusOf(
      view(
        manual,
        [0, 1, 2].map((ordinal) => member(set, ordinal)),
      ),
      0,
    ).currentRevision,
    'db-old',
  );
});

/** Pods as they become while steps are taken, and become ready, and go, in any order. */
class World {
  pods: Pod[] = [];
  set: StatefulSet;
  readonly #below: (limit: number) => number;

  constructor(set: StatefulSet, below: (limit: number) => number) {
    this.set = set;
    this.#below = below;
  }

  step(): void {
    for (const step of planStatefulSet(view(this.set, this.pods)).steps) {
      if (step.type === 'create') this.pods.push(this.#like(ordinalOf(this.set, step.pod) ?? 0, 'running', podRevision(step.pod)));
      else if (step.type === 'delete') this.#become(step.pod, 'leaving');
    }
    const [chance] = this.pods.splice(this.#below(this.pods.length || 1), 1);
    if (chance && !chance.metadata.deletionTimestamp) {
      const like = this.#below(12) === 0 ? 'failed' : 'ready';
      this.pods.push(this.#like(ordinalOf(this.set, chance) ?? 0, like, podRevision(chance)));
    }
  }

  #become(pod: Pod, like: Like): void {
    this.pods = this.pods.map((one) => (one === pod ? this.#like(ordinalOf(this.set, pod) ?? 0, like, podRevision(pod)) : one));
  }

  #like(ordinal: number, like: Like, revision: string): Pod {
    return member(this.set, ordinal, like, revision === 'db-old' ? old : fresh);
  }

  get done(): boolean {
    return (
      this.pods.length === this.set.spec.replicas &&
      this.pods.every((pod) => isHealthy(this.set, pod, now) && podRevision(pod) === 'db-new')
    );
  }
}

test('whatever fails on the way, a set ends as it is wanted', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random.next() * limit);
    const rollingUpdate = { partition: 0, ...(below(2) ? { maxUnavailable: 1 + below(3) } : {}) };
    const policy = below(2) ? 'Parallel' : 'OrderedReady';
    const spec = { podManagementPolicy: policy, replicas: 1 + below(5), updateStrategy: { type: 'RollingUpdate', rollingUpdate } };
    const world = new World(statefulSet(spec), below);
    world.pods = Array.from({ length: below(7) }, (_, ordinal) => member(world.set, ordinal, 'ready', old));
    for (let turn = 0; turn < 2000 && !world.done; turn++) {
      world.step();
      assert.equal(new Set(world.pods.map(({ metadata }) => metadata.name)).size, world.pods.length, `seed ${seed}: a pod there is one of`);
    }
    assert.ok(world.done, `seed ${seed}: ${JSON.stringify(spec)} ends`);
  }
});
