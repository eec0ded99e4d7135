import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { SimulatedClock } from '@keelson/testing';
import { containerSample, sandboxSample } from '../conformance/samples.ts';
import { runtimeConformance, type Subject } from '../conformance/suite.ts';
import { type ContainerConfig, type ExecResult, RuntimeError } from '../types.ts';
import type { Behaviour, ModelOptions } from './index.ts';
import { ModelRuntime } from './index.ts';

const image = 'registry.test/busybox:1';

function model(options: Partial<ModelOptions> = {}): { clock: SimulatedClock; runtime: ModelRuntime } {
  const clock = new SimulatedClock();
  const runtime = new ModelRuntime({ clock, random: seededRandom(1), podCidr: '10.1.0.0/24', ...options });
  return { clock, runtime };
}

async function start(runtime: ModelRuntime, command: readonly string[] = []): Promise<{ id: string; sandboxId: string }> {
  const config = sandboxSample('pod');
  const sandboxId = await runtime.sandboxes.run(config);
  const id = await runtime.containers.create(sandboxId, containerSample('main', image, command), config);
  await runtime.containers.start(id);
  return { id, sandboxId };
}

/** Plays the few commands that the suite runs. */
function shell(config: ContainerConfig): Behaviour {
  const line = config.command.join(' ');
  const code = /^sh -c exit (\d+)$/.exec(line)?.[1];
  const exec = (command: readonly string[]): ExecResult => {
    const loud = command.join(' ').includes('exit 7');
    return { stdout: Buffer.from(loud ? 'out\n' : ''), stderr: Buffer.from(loud ? 'err\n' : ''), exitCode: loud ? 7 : 0 };
  };
  const always: Behaviour = { exec, stopAfterMs: Number.POSITIVE_INFINITY, startDelayMs: 20 };
  if (code !== undefined) return { ...always, exitAfterMs: 5, exitCode: Number(code) };
  if (line.startsWith('/no/such')) return { ...always, startError: 'no such file or directory' };
  if (line.startsWith('nc')) return { ...always, ports: { 8080: (data) => data } };
  return line.includes('later') ? { ...always, lines: [{ afterMs: 1000, text: 'later' }], exitAfterMs: 2000 } : always;
}

async function open(): Promise<Subject> {
  const { clock, runtime } = model({ behaviour: shell, images: [image], sandboxDelayMs: 100 });
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const finish = (): void => {
      settled = true;
    };
    promise.then(finish, finish);
    for (let step = 0; step < 1000 && !settled; step += 1) await clock.advance(50);
    return promise;
  };
  const until = async (condition: () => Promise<boolean>, what: string): Promise<void> => {
    for (let step = 0; step < 100; step += 1) {
      if (await condition()) return;
      await clock.advance(50);
    }
    assert.fail(`in vain: ${what}`);
  };
  return { runtime, image, sandbox: {}, settle, until, close: async () => runtime.close() };
}

runtimeConformance('model', open);

test('a container ends by itself, after SIGTERM, or after its grace period', async () => {
  const behaviours: Record<string, Behaviour> = {
    own: { exitAfterMs: 1000, exitCode: 137, reason: 'OOMKilled' },
    polite: { stopAfterMs: 300, stopExitCode: 143 },
    stubborn: { stopAfterMs: Number.POSITIVE_INFINITY },
  };
  const ended = async (kind: string, stopAfter: number | undefined) => {
    const { clock, runtime } = model({ behaviour: ({ command }) => behaviours[command[0] ?? ''] ?? {} });
    const { id } = await start(runtime, [kind]);
    const begun = clock.now();
    if (stopAfter !== undefined) void runtime.containers.stop(id, stopAfter);
    await clock.advance(60_000);
    const { exitCode, reason, finishedAt } = (await runtime.containers.status(id)) ?? {};
    return { exitCode, reason, ms: (finishedAt ?? 0) - begun };
  };
  assert.deepEqual(await ended('own', undefined), { exitCode: 137, reason: 'OOMKilled', ms: 1000 });
  assert.deepEqual(await ended('own', 30), { exitCode: 0, reason: 'Completed', ms: 0 });
  assert.deepEqual(await ended('polite', 30), { exitCode: 143, reason: 'Error', ms: 300 });
  assert.deepEqual(await ended('stubborn', 30), { exitCode: 137, reason: 'Error', ms: 30_000 });
  assert.deepEqual(await ended('polite', 0), { exitCode: 137, reason: 'Error', ms: 0 });
});

test('addresses go around the range and run out', async () => {
  const { runtime } = model({ podCidr: '10.1.0.8/29' });
  const run = async (name: string) => {
    const id = await runtime.sandboxes.run(sandboxSample(name));
    return { id, ip: (await runtime.sandboxes.status(id))?.ips[0] };
  };
  const first = await run('a');
  assert.equal(first.ip, '10.1.0.10');
  await runtime.sandboxes.stop(first.id);
  assert.equal((await run('b')).ip, '10.1.0.11');
  for (const name of ['c', 'd', 'e', 'f']) await run(name);
  await assert.rejects(run('g'), /no IP addresses available in range set: 10.1.0.8\/29/);
  await assert.rejects(run('g'), /no IP addresses available/, 'its name was not kept');
});

test('a call fails as often as it was told to', async () => {
  const { runtime } = model();
  runtime.failNext('RunPodSandbox', new RuntimeError('Unknown', 'no network'));
  await assert.rejects(runtime.sandboxes.run(sandboxSample('pod')), { code: 'Unknown', message: 'no network' });
  await runtime.sandboxes.run(sandboxSample('pod'));
});

test('a pull takes its time, brings the image, or says why not', async () => {
  const { clock, runtime } = model({
    images: [],
    registry: (name) => (name.includes('absent') ? { ms: 10, error: 'not found' } : { ms: 3000 }),
  });
  const { images } = runtime;
  assert.equal(await images.status(image), undefined);
  const pulled = images.pull(image, undefined, sandboxSample('pod'));
  await clock.advance(2999);
  assert.equal(await images.status(image), undefined);
  await clock.advance(1);
  assert.equal((await images.status(image))?.id, await pulled);
  const refused = assert.rejects(images.pull('absent', undefined, sandboxSample('pod')), { message: 'not found' });
  await clock.advance(10);
  await refused;
  await images.remove(image);
  assert.deepEqual(await images.list(), []);
});

test('events name the sandbox that changed, until aborted', async () => {
  const { runtime } = model();
  const seen: string[] = [];
  const abort = new AbortController();
  runtime.events(abort.signal, (sandboxId) => seen.push(sandboxId));
  const { id, sandboxId } = await start(runtime);
  assert.deepEqual(seen, [sandboxId, sandboxId, sandboxId]);
  runtime.exit(id, 1);
  runtime.crash(sandboxId);
  assert.equal(seen.length, 5);
  abort.abort();
  await runtime.sandboxes.remove(sandboxId);
  assert.equal(seen.length, 5);
});

test('statistics follow the clock', async () => {
  const { clock, runtime } = model({ behaviour: () => ({ cpuMillicores: 250, memoryBytes: 1 << 20 }) });
  const { id } = await start(runtime);
  await clock.advance(4000);
  const [stats] = await runtime.containers.stats();
  assert.partialDeepStrictEqual(stats, { id, cpuNanoSecondsTotal: 1_000_000_000n, memoryWorkingSetBytes: 1 << 20 });
});

test('ten thousand pods are cheap, and the same from one seed', async () => {
  const ids = async (): Promise<readonly string[]> => {
    const { runtime } = model({ podCidr: '10.0.0.0/8' });
    for (let pod = 0; pod < 10_000; pod += 1) {
      const config = sandboxSample(`pod-${pod}`);
      const sandboxId = await runtime.sandboxes.run(config);
      await runtime.containers.start(await runtime.containers.create(sandboxId, containerSample('main', image, []), config));
    }
    return (await runtime.containers.list()).map(({ id }) => id);
  };
  const [one, two] = [await ids(), await ids()];
  assert.equal(new Set(one).size, 10_000);
  assert.deepEqual(one, two);
});
