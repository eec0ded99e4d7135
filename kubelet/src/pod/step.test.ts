import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ContainerState, Pod } from '@keelson/types';
import { step } from './step.ts';
import { exited, t0, testContainer, testInput, testMemory, testPod, testSandbox } from './testpod.ts';
import type { Action, StepInput } from './types.ts';

function told(action: Action): string {
  switch (action.type) {
    case 'startContainer':
      return `start ${action.container.name} #${action.attempt}`;
    case 'killContainer':
      return `kill ${action.name} ${action.graceSeconds}s: ${action.message}`;
    case 'createSandbox':
      return `sandbox #${action.attempt}`;
    case 'removeContainer':
    case 'removeSandbox':
    case 'stopSandbox':
      return `${action.type} ${action.id}`;
    case 'resizePod':
      return `resize ${action.containers.map(({ container }) => container.name)}`;
    default:
      return action.type;
  }
}

const sidecarPod = testPod({
  initContainers: [
    { name: 'setup', image: 'i' },
    { name: 'proxy', image: 'p', restartPolicy: 'Always' },
  ],
});
const never = testPod({ restartPolicy: 'Never' });
const onFailure = testPod({ restartPolicy: 'OnFailure' });
const deleted = testPod({}, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 });
const deletedSidecar = testPod(sidecarPod.spec, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 });
const sandboxes = [testSandbox()];
const stopped = [testSandbox({ ready: false })];
const setupDone = exited(0, { id: 'i0', name: 'setup' });
const proxy = testContainer({ id: 'p0', name: 'proxy' });

interface Row {
  readonly what: string;
  readonly input: Partial<StepInput>;
  readonly does: readonly string[];
  readonly phase: string;
  readonly again?: number;
}

const rows: readonly Row[] = [
  {
    what: 'a new pod gets its volumes first',
    input: { observed: { sandboxes: [], containers: [] }, memory: testMemory({ volumesMounted: false }) },
    does: ['mountVolumes'],
    phase: 'Pending',
  },
  {
    what: 'volumes that may be out of date are looked at beside everything else',
    input: { observed: { sandboxes, containers: [testContainer()] }, memory: testMemory({ volumesStale: true }) },
    does: ['refreshVolumes'],
    phase: 'Running',
  },
  { what: 'then its sandbox', input: { observed: { sandboxes: [], containers: [] } }, does: ['sandbox #0'], phase: 'Pending' },
  { what: 'then its container', input: {}, does: ['start app #0'], phase: 'Pending' },
  {
    what: 'nothing while the start is under way',
    input: { memory: testMemory({ operations: new Set(['start']) }) },
    does: [],
    phase: 'Pending',
  },
  { what: 'a running pod is left alone', input: { observed: { sandboxes, containers: [testContainer()] } }, does: [], phase: 'Running' },
  {
    what: 'a first crash restarts at once',
    input: { observed: { sandboxes, containers: [exited(1)] } },
    does: ['start app #1'],
    phase: 'Running',
  },
  {
    what: 'a second crash waits',
    input: {
      observed: { sandboxes, containers: [exited(1, { attempt: 1 })] },
      memory: testMemory({ crashes: new Map([['app', { delay: 10_000, at: t0 }]]) }),
    },
    does: [],
    phase: 'Running',
    again: 9000,
  },
  {
    what: 'Never: a failure ends the pod',
    input: { pod: never, observed: { sandboxes, containers: [exited(3)] } },
    does: ['stopSandbox s0'],
    phase: 'Failed',
  },
  {
    what: 'Never: success too',
    input: { pod: never, observed: { sandboxes, containers: [exited(0)] } },
    does: ['stopSandbox s0'],
    phase: 'Succeeded',
  },
  {
    what: 'an ended pod gives its volumes back and stays',
    input: { pod: never, observed: { sandboxes: stopped, containers: [exited(0)] } },
    does: ['unmountVolumes'],
    phase: 'Succeeded',
  },
  {
    what: 'OnFailure: a failure restarts',
    input: { pod: onFailure, observed: { sandboxes, containers: [exited(3)] } },
    does: ['start app #1'],
    phase: 'Running',
  },
  {
    what: 'OnFailure: success ends',
    input: { pod: onFailure, observed: { sandboxes, containers: [exited(0)] } },
    does: ['stopSandbox s0'],
    phase: 'Succeeded',
  },
  {
    what: 'a dead sandbox is replaced',
    input: { observed: { sandboxes: stopped, containers: [exited(137)] } },
    does: ['sandbox #1'],
    phase: 'Running',
  },
  {
    what: 'two ready sandboxes both go',
    input: { observed: { sandboxes: [testSandbox({ id: 's1', attempt: 1 }), testSandbox()], containers: [] } },
    does: ['stopSandbox s1', 'stopSandbox s0'],
    phase: 'Pending',
  },
  { what: 'init containers come first', input: { pod: sidecarPod }, does: ['start setup #0'], phase: 'Pending' },
  {
    what: 'a failed init container is retried',
    input: { pod: sidecarPod, observed: { sandboxes, containers: [exited(1, { id: 'i0', name: 'setup' })] } },
    does: ['start setup #1'],
    phase: 'Pending',
  },
  {
    what: 'then sidecars',
    input: { pod: sidecarPod, observed: { sandboxes, containers: [setupDone] } },
    does: ['start proxy #0'],
    phase: 'Pending',
  },
  {
    what: 'then the main ones',
    input: { pod: sidecarPod, observed: { sandboxes, containers: [proxy, setupDone] } },
    does: ['start app #0'],
    phase: 'Pending',
  },
  {
    what: 'a sidecar that ends restarts',
    input: { pod: sidecarPod, observed: { sandboxes, containers: [exited(0, { id: 'p0', name: 'proxy' }), testContainer(), setupDone] } },
    does: ['start proxy #1'],
    phase: 'Running',
  },
  {
    what: 'a liveness failure kills',
    input: { observed: { sandboxes, containers: [testContainer()] }, probes: new Map([['c0', { failed: 'liveness' as const }]]) },
    does: ['kill app 30s: Container app failed liveness probe, will be restarted'],
    phase: 'Running',
  },
  {
    what: 'older ended instances go',
    input: {
      observed: { sandboxes, containers: [testContainer({ id: 'c2', attempt: 2 }), exited(1, { id: 'c1', attempt: 1 }), exited(1)] },
    },
    does: ['removeContainer c0'],
    phase: 'Running',
  },
  {
    what: 'a deleted pod is stopped',
    input: { pod: deleted, observed: { sandboxes, containers: [testContainer()] } },
    does: ['kill app 30s: Stopping container app'],
    phase: 'Running',
  },
  {
    what: 'asked once',
    input: {
      pod: deleted,
      observed: { sandboxes, containers: [testContainer()] },
      memory: testMemory({ kills: new Map([['c0', { at: t0 + 2000, graceSeconds: 30 }]]) }),
    },
    does: [],
    phase: 'Running',
    again: 32_000,
  },
  {
    what: 'asked once, where the grace is less than every container has',
    input: {
      pod: testPod({}, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 1 }),
      observed: { sandboxes, containers: [testContainer()] },
      memory: testMemory({ kills: new Map([['c0', { at: t0 + 2000, graceSeconds: 2 }]]) }),
    },
    does: [],
    phase: 'Running',
    again: 3000,
  },
  {
    what: 'sidecars are told with the main containers: they wait for their turn by themselves',
    input: { pod: deletedSidecar, observed: { sandboxes, containers: [testContainer(), proxy, setupDone] } },
    does: ['kill app 30s: Stopping container app', 'kill proxy 30s: Stopping container proxy'],
    phase: 'Running',
  },
  {
    what: 'sidecars get what is left of the grace',
    input: {
      pod: deletedSidecar,
      observed: { sandboxes, containers: [exited(0), proxy, setupDone] },
      memory: testMemory({ kills: new Map([['c0', { at: t0, graceSeconds: 30 }]]) }),
      now: t0 + 10_000,
    },
    does: ['kill proxy 20s: Stopping container proxy'],
    phase: 'Running',
  },
  {
    what: 'then the sandbox',
    input: { pod: deleted, observed: { sandboxes, containers: [exited(0)] } },
    does: ['stopSandbox s0'],
    phase: 'Succeeded',
  },
  {
    what: 'then volumes that an earlier kubelet may have mounted',
    input: {
      pod: deleted,
      observed: { sandboxes: stopped, containers: [exited(0)] },
      memory: testMemory({ volumesMounted: false, volumesHeld: true }),
    },
    does: ['unmountVolumes'],
    phase: 'Succeeded',
  },
  {
    what: 'then the API object',
    input: { pod: deleted, observed: { sandboxes: stopped, containers: [exited(0)] }, memory: testMemory({ volumesMounted: false }) },
    does: ['deletePod'],
    phase: 'Succeeded',
  },
  {
    what: 'a pod deleted before it ran fails',
    input: { pod: deleted, observed: { sandboxes: [], containers: [] }, memory: testMemory({ volumesMounted: false }) },
    does: ['deletePod'],
    phase: 'Failed',
  },
  {
    what: 'past its deadline',
    input: {
      pod: testPod({ activeDeadlineSeconds: 1 }, {}, { startTime: '2026-01-01T00:00:00Z' }),
      observed: { sandboxes, containers: [testContainer()] },
    },
    does: ['kill app 30s: Stopping container app'],
    phase: 'Running',
  },
  {
    what: 'evicted while it is deleted: the shorter grace holds',
    input: {
      pod: testPod({}, { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 }),
      memory: testMemory({ verdict: { reason: 'Evicted', message: 'm', graceSeconds: 1 } }),
      observed: { sandboxes, containers: [testContainer()] },
    },
    does: ['kill app 2s: Stopping container app'],
    phase: 'Running',
  },
  {
    what: 'evicted and stopped',
    input: {
      memory: testMemory({ verdict: { reason: 'Evicted', message: 'm' } }),
      observed: { sandboxes: stopped, containers: [exited(137)] },
    },
    does: ['unmountVolumes'],
    phase: 'Failed',
  },
];

describe('pod step', () => {
  for (const { what, input, does, phase, again } of rows) {
    test(what, () => {
      const result = step(testInput(input));
      assert.deepEqual({ does: result.actions.map(told), phase: result.status.phase, again: result.again }, { does, phase, again });
    });
  }
});

describe('pod status', () => {
  const conditions = (pod: Pod, input: Partial<StepInput>): Record<string, string> =>
    Object.fromEntries(
      (step(testInput({ pod, ...input })).status.conditions ?? []).map((c) => [
        c.type,
        [c.status, c.reason, c.message].filter(Boolean).join(' '),
      ]),
    );

  test('of a starting pod', () => {
    assert.deepEqual(conditions(sidecarPod, {}), {
      PodReadyToStartContainers: 'True',
      Initialized: 'False ContainersNotInitialized containers with incomplete status: [setup proxy]',
      Ready: 'False ContainersNotReady containers with unready status: [proxy app]',
      ContainersReady: 'False ContainersNotReady containers with unready status: [proxy app]',
      PodScheduled: 'True',
    });
  });

  test('of a running pod', () => {
    const { status } = step(testInput({ observed: { sandboxes, containers: [testContainer()] } }));
    assert.equal(status.podIP, '10.0.0.2');
    assert.deepEqual(status.hostIPs, [{ ip: '192.168.0.1' }]);
    assert.deepEqual(status.containerStatuses, [
      {
        name: 'app',
        state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        lastState: {},
        ready: true,
        restartCount: 0,
        image: 'nginx:1',
        imageID: 'sha256:1',
        containerID: 'containerd://c0',
        started: true,
        resources: {},
      },
    ]);
    assert.ok(
      status.conditions?.every((c) => c.status === 'True' && c.lastTransitionTime === '2026-01-01T00:00:02Z' && c.observedGeneration === 1),
    );
  });

  test('in crash loop back-off', () => {
    const memory = testMemory({ crashes: new Map([['app', { delay: 80_000, at: t0 }]]) });
    const { status, events } = step(testInput({ observed: { sandboxes, containers: [exited(1, { attempt: 4 })] }, memory }));
    assert.deepEqual(status.containerStatuses?.[0]?.state, {
      waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container=app pod=web_default(u1)' },
    });
    assert.equal(status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 1);
    assert.equal(events[0]?.message, 'Back-off restarting failed container app in pod web_default(u1)');
  });

  test('with a readiness probe that has not answered, and after a restart of the kubelet', () => {
    const pod = testPod({ containers: [{ name: 'app', image: 'nginx:1', readinessProbe: { tcpSocket: { port: 80 } } }] });
    const observed = { sandboxes, containers: [testContainer()] };
    assert.equal(step(testInput({ pod, observed })).status.containerStatuses?.[0]?.ready, false);
    const before = { containerStatuses: [{ name: 'app', containerID: 'containerd://c0', ready: true, started: true }] };
    assert.equal(step(testInput({ pod: { ...pod, status: before } as Pod, observed })).status.containerStatuses?.[0]?.ready, true);
    assert.equal(step(testInput({ pod, observed, probes: new Map([['c0', { ready: true }]]) })).status.containerStatuses?.[0]?.ready, true);
  });

  test('of a pod whose initialisation failed for good: what never had its turn still waits', () => {
    const initContainers = [
      { name: 'bad', image: 'i' },
      { name: 'later', image: 'i' },
    ];
    const pod = testPod({ restartPolicy: 'Never', initContainers });
    const { status } = step(testInput({ pod, observed: { sandboxes, containers: [exited(3, { name: 'bad' })] } }));
    assert.equal(status.phase, 'Failed');
    const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    assert.deepEqual(
      all.map(({ state }) => state?.terminated?.exitCode ?? state?.waiting?.reason),
      [3, 'PodInitializing', 'PodInitializing'],
    );
    const lost = step(testInput({ pod, removed: true, observed: { sandboxes, containers: [exited(0, { name: 'later' })] } })).status;
    assert.equal(lost.initContainerStatuses?.[0]?.state?.terminated?.reason, 'ContainerStatusUnknown');
  });

  test('of a pod that is deleted while a container starts: the runtime may show it in a moment, so it has not ended yet', () => {
    const pod = testPod({ restartPolicy: 'Never' }, { deletionTimestamp: '2026-01-01T00:00:01Z' });
    const starting = testMemory({ operations: new Set(['start']) });
    const state = (memory: StepInput['memory']): unknown => step(testInput({ pod, memory })).status.containerStatuses?.[0]?.state;
    assert.deepEqual(state(starting), { waiting: { reason: 'ContainerCreating' } });
    assert.equal((state(testMemory()) as ContainerState).terminated?.reason, 'ContainerStatusUnknown');
  });

  test('keeps the time of the last transition', () => {
    const observed = { sandboxes, containers: [testContainer()] };
    const first = step(testInput({ observed }));
    const second = step(testInput({ observed, memory: testMemory({ status: first.status }), now: t0 + 60_000 }));
    assert.deepEqual(second.status, first.status);
  });

  test('messages of all containers share 12 KiB', () => {
    const containers = Array.from({ length: 6 }, (_, i) => ({ name: i === 0 ? 'app' : `c${i}`, image: 'nginx:1' }));
    const ended = exited(0, { message: 'é'.repeat(2000) });
    const { status } = step(
      testInput({ pod: testPod({ restartPolicy: 'Never', containers }), observed: { sandboxes, containers: [ended] } }),
    );
    assert.equal(status.containerStatuses?.[0]?.state?.terminated?.message, 'é'.repeat(1024));
  });

  test('waiting reasons', () => {
    const reason = (input: Partial<StepInput>): unknown => step(testInput(input)).status.containerStatuses?.[0]?.state?.waiting?.reason;
    assert.equal(reason({}), 'ContainerCreating');
    assert.equal(reason({ pod: sidecarPod }), 'PodInitializing');
    const failures = new Map([['app', { reason: 'ErrImagePull', message: 'no', retryAt: t0 + 5000 }]]);
    assert.equal(reason({ memory: testMemory({ failures }) }), 'ErrImagePull');
  });
});

test('a container that takes longer to end than it may is not looked at without a rest', () => {
  const memory = testMemory({ kills: new Map([['c0', { at: t0, graceSeconds: 30 }]]) });
  const { actions, again } = step(
    testInput({ pod: deleted, observed: { sandboxes, containers: [testContainer()] }, memory, now: t0 + 60_000 }),
  );
  assert.deepEqual([actions, again], [[], undefined]);
});
