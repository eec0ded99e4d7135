import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelOptions } from '@keelson/kubelet/cri';
import { type Container, Pod } from '@keelson/types';
import { type Cluster, createCluster } from '../src/index.ts';
import {
  backendsOn,
  crash,
  createDeployment,
  createPod,
  createService,
  endpointsOf,
  eventsAbout,
  isReady,
  podsOf,
  settledAt,
} from '../src/workloads.ts';

type Behaviour = ReturnType<NonNullable<ModelOptions['behaviour']>>;

/** One node whose containers behave as `behaviour` says. */
async function clusterOf(t: { after(fn: () => Promise<void>): void }, behaviour: () => Behaviour = () => ({})): Promise<Cluster> {
  const cluster = await createCluster({ nodes: [{ model: { behaviour } }] });
  t.after(() => cluster.stop());
  return cluster;
}

function main(parts: Partial<Container> = {}): { containers: Container[] } {
  return { containers: [{ name: 'main', image: 'app:1', ...parts }] };
}

function restarts(cluster: Cluster, name: string): number {
  return cluster.history.get(Pod, name)?.status?.containerStatuses?.[0]?.restartCount ?? 0;
}

const answer = (exitCode: number): ReturnType<NonNullable<Behaviour['exec']>> => ({
  stdout: Buffer.from(''),
  stderr: Buffer.from(''),
  exitCode,
});

test('a container that crashes at once restarts after nothing, 10, 20, 40 s, and so on to 300', async (t) => {
  const cluster = await clusterOf(t, () => ({ exitAfterMs: 1000, exitCode: 1 }));
  const starts: number[] = [];
  const ends: number[] = [];
  cluster.history.onWrite(({ kind, object, at }) => {
    if (kind !== 'v1/Pod') return;
    const status = (object as Pod).status?.containerStatuses?.[0];
    if (status?.state?.running && starts.length === status.restartCount) starts.push(at);
    if (!status?.state?.running && ends.length < starts.length) ends.push(at);
  });
  await createPod(cluster, 'crashing', main());
  await cluster.until('it restarted seven times', () => starts.length === 8, 1_200_000);
  const waits = starts.slice(1).map((start, i) => Math.round((start - (ends[i] ?? 0)) / 1000));
  assert.deepEqual(waits, [0, 10, 20, 40, 80, 160, 300]);
  const waiting = await cluster.until(
    'it waits again',
    () => cluster.history.get(Pod, 'crashing')?.status?.containerStatuses?.[0]?.state?.waiting,
  );
  assert.equal(waiting.reason, 'CrashLoopBackOff');
  assert.match(waiting.message ?? '', /^back-off 5m0s restarting failed container=main pod=crashing_default\(/);
  assert.ok(eventsAbout(cluster, 'crashing').some((event) => event.startsWith('BackOff: Back-off restarting failed container main')));
});

test('each step of a pod is told by an event of its own', async (t) => {
  const cluster = await clusterOf(t);
  await createPod(cluster, 'told', main());
  await cluster.until('it runs', () => podsOf(cluster, 'told').some(isReady));
  await cluster.advance(5_000);
  assert.deepEqual(
    eventsAbout(cluster, 'told')
      .map((event) => event.split(':')[0])
      .sort(),
    ['Created', 'Pulled', 'Scheduled', 'Started'],
  );
});

test('a container that crashes after it ran well restarts at once', async (t) => {
  const cluster = await clusterOf(t);
  const pod = await createPod(cluster, 'steady', main());
  for (const expected of [1, 2]) {
    await cluster.until('it runs', () => podsOf(cluster, 'steady').some(isReady));
    await cluster.advance(700_000);
    await crash(cluster, cluster.history.get(Pod, 'steady') ?? pod);
    await cluster.until('it restarted', () => restarts(cluster, 'steady') === expected && podsOf(cluster, 'steady').some(isReady), 3_000);
  }
});

test('liveness: three failures kill the container, and it restarts', async (t) => {
  const health = { exitCode: 0 };
  const cluster = await clusterOf(t, () => ({ exec: () => answer(health.exitCode) }));
  await createPod(cluster, 'probed', main({ livenessProbe: { exec: { command: ['check'] }, periodSeconds: 5, failureThreshold: 3 } }));
  await cluster.until('it runs', () => podsOf(cluster, 'probed').some(isReady));
  await cluster.advance(60_000);
  assert.equal(restarts(cluster, 'probed'), 0);
  health.exitCode = 1;
  const ill = cluster.clock.now();
  await cluster.until('it restarted', () => restarts(cluster, 'probed') === 1);
  const after = cluster.clock.now() - ill;
  assert.ok(after >= 10_000 && after <= 17_000, `restarted after ${after} ms`);
  health.exitCode = 0;
  const events = eventsAbout(cluster, 'probed');
  assert.ok(events.includes('Unhealthy: Liveness probe failed: '), events.join('\n'));
  assert.ok(events.includes('Killing: Container main failed liveness probe, will be restarted'), events.join('\n'));
  await cluster.until('it is well', () => podsOf(cluster, 'probed').some(isReady));
});

test('readiness: a pod that is not ready is no endpoint, and is one again when it is', async (t) => {
  const ready = new Map<string, boolean>();
  const cluster = await createCluster({
    nodes: [{ model: { behaviour: (_, { name }) => ({ exec: () => answer(ready.get(name) === false ? 1 : 0) }) } }],
  });
  t.after(() => cluster.stop());
  await createDeployment(cluster, {
    container: { readinessProbe: { exec: { command: ['check'] }, periodSeconds: 2, failureThreshold: 1 } },
  });
  await createService(cluster);
  await cluster.until('3 endpoints are ready', () => settledAt(cluster, 3) && endpointsOf(cluster).length === 3);
  const [pod] = podsOf(cluster);
  ready.set(pod?.metadata.name ?? '', false);
  await cluster.until(
    'it is no endpoint',
    async () => !endpointsOf(cluster).includes(pod?.status?.podIP ?? '') && (await backendsOn(cluster, 'node-1')).length === 2,
  );
  assert.equal(restarts(cluster, pod?.metadata.name ?? ''), 0);
  ready.clear();
  await cluster.until('it is an endpoint again', async () => (await backendsOn(cluster, 'node-1')).length === 3);
});

test('graceful deletion: preStop runs, then SIGTERM, within the grace period', async (t) => {
  const commands: string[] = [];
  const cluster = await clusterOf(t, () => ({
    stopAfterMs: 3000,
    exec: (command) => {
      commands.push(command.join(' '));
      return answer(0);
    },
  }));
  const spec = main({ lifecycle: { preStop: { exec: { command: ['drain'] } } } });
  await createPod(cluster, 'polite', { ...spec, terminationGracePeriodSeconds: 20 });
  await cluster.until('it runs', () => podsOf(cluster, 'polite').some(isReady));
  const asked = cluster.clock.now();
  await cluster.api.delete(Pod, { namespace: 'default', name: 'polite' });
  await cluster.until('it is gone', () => podsOf(cluster, 'polite').length === 0);
  const took = cluster.clock.now() - asked;
  assert.ok(took >= 3000 && took < 6000, `took ${took} ms`);
  assert.deepEqual(commands, ['drain']);
});

test('graceful deletion: a preStop that sleeps and a container that ignores SIGTERM share the grace period', async (t) => {
  const cluster = await clusterOf(t, () => ({ stopAfterMs: Number.POSITIVE_INFINITY }));
  const spec = main({ lifecycle: { preStop: { sleep: { seconds: 5 } } } });
  await createPod(cluster, 'stubborn', { ...spec, terminationGracePeriodSeconds: 20 });
  await cluster.until('it runs', () => podsOf(cluster, 'stubborn').some(isReady));
  const exits: (number | undefined)[] = [];
  cluster.history.onWrite(({ kind, object }) => {
    if (kind === 'v1/Pod') exits.push((object as Pod).status?.containerStatuses?.[0]?.state?.terminated?.exitCode);
  });
  const asked = cluster.clock.now();
  await cluster.api.delete(Pod, { namespace: 'default', name: 'stubborn' });
  await cluster.until('it is gone', () => podsOf(cluster, 'stubborn').length === 0);
  const took = cluster.clock.now() - asked;
  assert.ok(took >= 20_000 && took < 23_000, `took ${took} ms`);
  assert.ok(exits.includes(137), String(exits));
});

test('the token of a service account is in its volume, and is renewed at 80 % of its life', async (t) => {
  const cluster = await clusterOf(t);
  const asked: number[] = [];
  cluster.observers.add((_, { path, method }) => {
    if (method === 'POST' && path.endsWith('/serviceaccounts/default/token')) asked.push(cluster.clock.now());
  });
  const sources = [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }];
  const pod = await createPod(cluster, 'bearer', {
    ...main({ volumeMounts: [{ name: 'identity', mountPath: '/identity' }] }),
    automountServiceAccountToken: false,
    volumes: [{ name: 'identity', projected: { sources } }],
  });
  await cluster.until('it runs', () => podsOf(cluster, 'bearer').some(isReady));
  const volume = `/var/lib/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~projected/identity`;
  const token = (): string => String(cluster.node('node-1').host.files.get(`${volume}/token`));
  const first = token();
  const { exp, sub } = JSON.parse(Buffer.from(first.split('.')[1] ?? '', 'base64url').toString()) as { exp: number; sub: string };
  assert.equal(sub, 'system:serviceaccount:default:default');
  const life = exp * 1000 - cluster.clock.now();
  assert.equal(life, 600_000);
  await cluster.advance(life * 0.8 - 20_000);
  assert.equal(token(), first);
  await cluster.until('it is renewed', () => token() !== first, 120_000);
  assert.equal(asked.length, 2);
});
