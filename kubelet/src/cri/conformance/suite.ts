import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ContainerConfig, ContainerState, Runtime, SandboxConfig, Stream } from '../types.ts';
import { RuntimeError } from '../types.ts';
import { containerSample, sandboxSample } from './samples.ts';

/** A runtime to try, and how to wait on its clock. */
export interface Subject {
  readonly runtime: Runtime;
  /** An image that is present, with `sh`, `sleep`, `echo`, `cat`, `nc` as in busybox. */
  readonly image: string;
  /** What every sandbox of the suite is made with. */
  readonly sandbox: Partial<SandboxConfig>;
  /** Waits for a promise while time passes. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Waits, while time passes, until the condition holds. @throws after some time. */
  until(condition: () => Promise<boolean>, what: string): Promise<void>;
  close(): Promise<void>;
}

const forever = ['sleep', '100000'];

/** What every implementation of `Runtime` must do. Skipped, aloud, when `skip` says why. */
export function runtimeConformance(name: string, open: () => Promise<Subject>, skip?: string): void {
  describe(`runtime conformance: ${name}`, { skip: skip ?? false }, () => {
    let subject: Subject;
    let names = 0;
    before(async () => {
      subject = await open();
    });
    after(() => subject?.close());

    const sandbox = async (): Promise<{ id: string; config: SandboxConfig }> => {
      names += 1;
      const config = sandboxSample(`conformance-${names}`, subject.sandbox);
      return { id: await subject.settle(subject.runtime.sandboxes.run(config)), config };
    };
    const container = async (command: readonly string[], overrides: Partial<ContainerConfig> = {}) => {
      const { id: sandboxId, config } = await sandbox();
      const sample = containerSample('main', subject.image, command, overrides);
      const id = await subject.settle(subject.runtime.containers.create(sandboxId, sample, config));
      return { id, sandboxId, sample, config };
    };
    const started = async (command: readonly string[], overrides: Partial<ContainerConfig> = {}) => {
      const made = await container(command, overrides);
      await subject.settle(subject.runtime.containers.start(made.id));
      return made;
    };
    const state = async (id: string): Promise<ContainerState> => {
      const found = await subject.settle(subject.runtime.containers.status(id));
      assert.ok(found, `container ${id} is known`);
      return found;
    };
    const ended = async (id: string): Promise<ContainerState> => {
      await subject.until(async () => (await state(id)).phase === 'exited', 'the container has ended');
      return state(id);
    };

    sandboxTests(() => subject, sandbox);
    lifecycleTests(() => subject, { container, started, state, ended });
    streamTests(() => subject, started);
    imageTests(() => subject, sandbox);
  });
}

type MakeSandbox = () => Promise<{ id: string; config: SandboxConfig }>;
type MakeContainer = (
  command: readonly string[],
  overrides?: Partial<ContainerConfig>,
) => Promise<{ id: string; sandboxId: string; sample: ContainerConfig; config: SandboxConfig }>;
interface Makers {
  readonly container: MakeContainer;
  readonly started: MakeContainer;
  readonly state: (id: string) => Promise<ContainerState>;
  readonly ended: (id: string) => Promise<ContainerState>;
}

function sandboxTests(subject: () => Subject, make: MakeSandbox): void {
  test('says what it is and that it is ready', async () => {
    const info = await subject().runtime.info();
    assert.deepEqual(
      { ready: info.ready, networkReady: info.networkReady, message: info.message },
      { ready: true, networkReady: true, message: '' },
    );
    assert.notEqual(info.name, '');
    assert.notEqual(info.version, '');
  });

  test('a sandbox has an address until it is stopped, and is gone once removed', async () => {
    const { sandboxes } = subject().runtime;
    const { id, config } = await make();
    const status = await sandboxes.status(id);
    assert.equal(status?.ready, true);
    assert.match(status?.ips[0] ?? '', /^\d+\.\d+\.\d+\.\d+$/);
    assert.ok(status && status.createdAt > 0);
    const listed = (await sandboxes.list()).find((each) => each.id === id);
    const { name, namespace, uid, attempt, labels, annotations } = config;
    assert.partialDeepStrictEqual(listed, { id, name, namespace, uid, attempt, labels, annotations, ready: true });
    await subject().settle(sandboxes.stop(id));
    assert.equal((await sandboxes.status(id))?.ready, false);
    await subject().settle(sandboxes.stop(id));
    await subject().settle(sandboxes.remove(id));
    assert.equal(await sandboxes.status(id), undefined);
    assert.ok(!(await sandboxes.list()).some((each) => each.id === id));
    await subject().settle(sandboxes.stop(id));
    await subject().settle(sandboxes.remove(id));
  });

  test('two sandboxes have different addresses and the same one is not made twice', async () => {
    const { sandboxes } = subject().runtime;
    const one = await make();
    const two = await make();
    assert.notDeepEqual((await sandboxes.status(one.id))?.ips, (await sandboxes.status(two.id))?.ips);
    await assert.rejects(sandboxes.run(one.config), RuntimeError);
    const again = await subject().settle(sandboxes.run({ ...one.config, attempt: 1 }));
    assert.equal((await sandboxes.status(again))?.attempt, 1);
  });

  test('a sandbox on the node network has no address of its own', async () => {
    const { sandboxes } = subject().runtime;
    const config = sandboxSample('conformance-host', {
      ...subject().sandbox,
      hostname: '',
      namespaces: { network: 'node', pid: 'container', ipc: 'pod' },
    });
    const id = await subject().settle(sandboxes.run(config));
    assert.deepEqual((await sandboxes.status(id))?.ips, []);
  });

  test('stopping a sandbox ends its containers, removing it removes them', async () => {
    const { sandboxes, containers } = subject().runtime;
    const { id: sandboxId, config } = await make();
    const id = await containers.create(sandboxId, containerSample('main', subject().image, forever), config);
    await subject().settle(containers.start(id));
    await subject().settle(sandboxes.stop(sandboxId));
    assert.equal((await containers.status(id))?.phase, 'exited');
    await subject().settle(sandboxes.remove(sandboxId));
    assert.equal(await containers.status(id), undefined);
  });
}

function lifecycleTests(subject: () => Subject, { container, started, state, ended }: Makers): void {
  test('a container is created, runs, and is stopped', async () => {
    const { containers } = subject().runtime;
    const { id, sandboxId, sample } = await container(forever);
    const created = await state(id);
    const { name, attempt, labels, annotations } = sample;
    assert.partialDeepStrictEqual(created, {
      id,
      sandboxId,
      name,
      attempt,
      labels,
      annotations,
      phase: 'created',
      startedAt: 0,
      finishedAt: 0,
    });
    assert.ok(created.createdAt > 0);
    await subject().settle(containers.start(id));
    const running = await state(id);
    assert.equal(running.phase, 'running');
    assert.ok(running.startedAt >= created.createdAt);
    assert.equal(running.finishedAt, 0);
    assert.partialDeepStrictEqual(
      (await containers.list()).find((each) => each.id === id),
      { sandboxId, name, phase: 'running', image: sample.image },
    );
    await subject().settle(containers.stop(id, 1));
    const after = await state(id);
    assert.partialDeepStrictEqual(after, { phase: 'exited', exitCode: 137, reason: 'Error' });
    assert.ok(after.finishedAt >= running.startedAt + 900, 'it was given its second');
    await subject().settle(containers.stop(id, 1));
    await subject().settle(containers.remove(id));
    assert.equal(await containers.status(id), undefined);
    await subject().settle(containers.remove(id));
    await subject().settle(containers.stop(id, 1));
  });

  test('an own end is told with its code and reason', async () => {
    const success = await started(['sh', '-c', 'exit 0']);
    assert.partialDeepStrictEqual(await ended(success.id), { exitCode: 0, reason: 'Completed' });
    const failure = await started(['sh', '-c', 'exit 3']);
    assert.partialDeepStrictEqual(await ended(failure.id), { exitCode: 3, reason: 'Error' });
  });

  test('a command that does not exist ends with StartError', async () => {
    const { id } = await container(['/no/such/command']);
    await assert.rejects(subject().settle(subject().runtime.containers.start(id)), RuntimeError);
    assert.partialDeepStrictEqual(await ended(id), { exitCode: 128, reason: 'StartError' });
  });

  test('a container starts once', async () => {
    const { id } = await started(forever);
    await assert.rejects(subject().settle(subject().runtime.containers.start(id)), RuntimeError);
  });

  test('statistics name the containers that run', async () => {
    const { id, sandboxId } = await started(forever);
    await subject().until(async () => (await subject().runtime.containers.stats()).some((each) => each.id === id), 'statistics are there');
    const found = (await subject().runtime.containers.stats()).find((each) => each.id === id);
    assert.partialDeepStrictEqual(found, { id, sandboxId, name: 'main' });
    assert.ok(found && found.at > 0 && found.cpuNanoSecondsTotal >= 0n);
    const written = async (): Promise<boolean> =>
      (await subject().runtime.containers.stats()).some((each) => each.id === id && (each.rootfs?.inodes ?? 0) > 0);
    await subject().until(written, 'what it wrote was measured');
  });

  test('what a container may use changes while it runs', async () => {
    const { runtime } = subject();
    const { id, sample } = await started(forever);
    const resources = { ...sample.resources, cpuQuota: 50_000, cpuShares: 512, memoryLimit: 64 * 2 ** 20 };
    await subject().settle(runtime.updateResources(id, resources));
    await subject().settle(runtime.updateResources(id, { ...resources, cpuQuota: -1, memoryLimit: 48 * 2 ** 20 }));
    assert.equal((await state(id)).phase, 'running');
    await assert.rejects(subject().settle(runtime.updateResources('0123456789abcdef', resources)), { code: 'NotFound' });
  });

  test('what nobody knows has no status', async () => {
    assert.equal(await subject().runtime.containers.status('0123456789abcdef'), undefined);
    assert.equal(await subject().runtime.sandboxes.status('0123456789abcdef'), undefined);
    await assert.rejects(subject().settle(subject().runtime.containers.start('0123456789abcdef')), { code: 'NotFound' });
  });
}

function streamTests(subject: () => Subject, started: MakeContainer): void {
  test('a command inside answers with its output and code', async () => {
    const { streams } = subject().runtime;
    const { id } = await started(forever);
    const said = await subject().settle(streams.execSync(id, ['sh', '-c', 'echo out; echo err >&2; exit 7'], 5));
    assert.deepEqual({ out: `${said.stdout}`, err: `${said.stderr}`, code: said.exitCode }, { out: 'out\n', err: 'err\n', code: 7 });
  });

  test('exec streams the same', async () => {
    const { id } = await started(forever);
    const options = { stdin: false, stdout: true, stderr: true, tty: false, command: ['sh', '-c', 'echo out; echo err >&2; exit 7'] };
    const stream = await subject().settle(subject().runtime.streams.exec(id, options));
    assert.deepEqual(await read(stream), { stdout: 'out\n', stderr: 'err\n' });
    assert.equal((await stream.done).exitCode, 7);
  });

  test('nothing runs inside a container that has ended', async () => {
    const { id } = await started(['sh', '-c', 'exit 0']);
    await subject().until(async () => (await subject().runtime.containers.status(id))?.phase === 'exited', 'the container has ended');
    await assert.rejects(subject().settle(subject().runtime.streams.execSync(id, ['true'], 1)), RuntimeError);
  });

  test('attach shows what the container prints from then on', async () => {
    const { id } = await started(['sh', '-c', 'sleep 1; echo later; sleep 1']);
    const stream = await subject().settle(subject().runtime.streams.attach(id, { stdin: false, stdout: true, stderr: true, tty: false }));
    assert.deepEqual(await subject().settle(read(stream)), { stdout: 'later\n', stderr: '' });
    assert.equal((await subject().settle(stream.done)).exitCode, 0);
  });

  test('port-forward reaches what listens in the sandbox', async () => {
    const { sandboxId } = await started(['nc', '-l', '-p', '8080', '-e', 'cat']);
    let stream: Stream | undefined;
    await subject().until(async () => {
      stream = await subject().runtime.streams.portForward(sandboxId, 8080);
      stream.write(Buffer.from('ping'));
      for await (const { data } of stream.output) return data.toString() === 'ping';
      return false;
    }, 'something listens');
    stream?.close();
  });
}

function imageTests(subject: () => Subject, make: MakeSandbox): void {
  test('images are found by name and by id, or not at all', async () => {
    const { images } = subject().runtime;
    const found = await images.status(subject().image);
    assert.ok(found);
    assert.ok(found.tags.some((tag) => tag.includes(subject().image)));
    assert.equal((await images.status(found.id))?.id, found.id);
    assert.ok((await images.list()).some((each) => each.id === found.id));
    assert.equal(await images.status('example.invalid/absent:1'), undefined);
    await subject().until(async () => (await images.filesystem()).usedBytes > 0, 'the space that images take was measured');
  });

  test('a container of an absent image is refused', async () => {
    const { id, config } = await make();
    const sample = containerSample('main', 'example.invalid/absent:1', forever);
    await assert.rejects(subject().settle(subject().runtime.containers.create(id, sample, config)), { code: 'NotFound' });
  });
}

/** All that a stream prints. */
export async function read(stream: Stream): Promise<{ stdout: string; stderr: string }> {
  const text = { stdout: '', stderr: '' };
  for await (const { channel, data } of stream.output) text[channel] += data.toString();
  return text;
}
