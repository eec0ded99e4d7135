/** Run by `containerd.test.ts` within a network namespace that it made. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { containerSample, read, runtimeConformance, sandboxSample } from '@keelson/kubelet/cri/conformance';
import { eventually } from '@keelson/testing';
import { cgroupRoots, currentMounts, mountsBeneath } from './mounts.ts';
import { processesWhere } from './processes.ts';
import { isShimOf } from './remove.ts';
import { makeTestNode, type TestNode, testImage } from './testnode.ts';

const netns = process.env.TEST_NETNS ?? '';

/** Asks for as long as twenty seconds: containerd measures its images every ten. */
async function until(condition: () => Promise<boolean>, message: string): Promise<void> {
  await eventually(condition, { deadlineMs: 20_000, message });
}

async function logDirectory(node: TestNode, pod: string): Promise<string> {
  const directory = join(node.dataDir, 'logs', pod);
  await mkdir(directory, { recursive: true });
  return directory;
}

runtimeConformance('containerd', async () => {
  const node = await makeTestNode(netns);
  const sandbox = { cgroupParent: `${node.cgroupParent}/pod`, logDirectory: await logDirectory(node, 'all') };
  return { runtime: node.runtime, image: testImage, sandbox, settle: (promise) => promise, until, close: () => node.remove() };
});

describe('containerd', () => {
  let node: TestNode;
  let names = 0;
  const nodes: TestNode[] = [];
  const make = async (...more: [] | [bridge: string, podCidr: string]): Promise<TestNode> => {
    const made = await makeTestNode(netns, ...more);
    nodes.push(made);
    return made;
  };
  before(async () => {
    node = await make();
  });
  after(async () => {
    for (const each of nodes) await each.remove();
  });

  const pod = async (command: readonly string[], overrides: Parameters<typeof containerSample>[3] = {}) => {
    names += 1;
    const config = sandboxSample(`pod-${names}`, {
      cgroupParent: `${node.cgroupParent}/pod`,
      logDirectory: await logDirectory(node, `pod-${names}`),
    });
    const sandboxId = await node.runtime.sandboxes.run(config);
    const id = await node.runtime.containers.create(sandboxId, containerSample('main', testImage, command, overrides), config);
    await node.runtime.containers.start(id);
    return { id, sandboxId };
  };
  const all = { stdin: true, stdout: true, stderr: true, tty: false };

  test('an image names its user', async () => {
    assert.partialDeepStrictEqual(await node.runtime.images.status(testImage), { uid: 1000, username: '' });
  });

  test('closing standard input ends what reads it, and its output still arrives', async () => {
    const { id } = await pod(['sleep', '1000']);
    const stream = await node.runtime.streams.exec(id, { ...all, command: ['cat'] });
    const large = Buffer.alloc(3 << 20, 'x');
    stream.write(large);
    stream.end();
    const { stdout } = await read(stream);
    assert.equal(stdout.length, large.length);
    assert.deepEqual(await stream.done, { exitCode: 0, message: '' });
  });

  test('a terminal has a size', async () => {
    const { id } = await pod(['sleep', '1000']);
    const stream = await node.runtime.streams.exec(id, { ...all, tty: true, command: ['sh'] });
    stream.resize(123, 45);
    stream.write(Buffer.from('busybox stty size; exit 3\n'));
    const { stdout } = await read(stream);
    assert.match(stdout, /45 123/);
    assert.equal((await stream.done).exitCode, 3);
  });

  test('attach reaches standard input', async () => {
    const { id } = await pod(['cat'], { stdin: true, stdinOnce: true });
    const stream = await node.runtime.streams.attach(id, all);
    stream.write(Buffer.from('hello\n'));
    stream.end();
    assert.deepEqual(await read(stream), { stdout: 'hello\n', stderr: '' });
    await until(async () => (await node.runtime.containers.status(id))?.phase === 'exited', 'cat has ended');
  });

  test('a port where nobody listens says so', async () => {
    const { sandboxId } = await pod(['sleep', '1000']);
    const stream = await node.runtime.streams.portForward(sandboxId, 81);
    assert.deepEqual(await read(stream), { stdout: '', stderr: '' });
    assert.match((await stream.done).message, /connection refused/);
  });

  test('a command that takes too long is DeadlineExceeded', async () => {
    const { id } = await pod(['sleep', '1000']);
    await assert.rejects(node.runtime.streams.execSync(id, ['sleep', '20'], 1), { code: 'DeadlineExceeded' });
  });

  test('an image that cannot be had says why', async () => {
    const pulled = node.runtime.images.pull('127.0.0.1:1/absent:1', undefined, sandboxSample('pull'));
    await assert.rejects(pulled, {
      name: 'RuntimeError',
      code: 'Unknown',
      message: /^failed to pull and unpack image .*connection refused/,
    });
  });

  test('logs have the form of CRI', async () => {
    const { id } = await pod(['sh', '-c', 'echo one; echo two >&2']);
    await until(async () => (await node.runtime.containers.status(id))?.phase === 'exited', 'it has ended');
    const { logPath = '' } = (await node.runtime.containers.status(id)) ?? {};
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n').sort();
    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) (stdout F one|stderr F two)$/;
    assert.ok(lines.length === 2 && lines.every((line) => form.test(line)), lines.join('\n'));
  });

  test('pods outlive containerd', async () => {
    const { id } = await pod(['sleep', '1000']);
    await node.kill();
    await until(async () => (await node.runtime.info()).ready, 'containerd is back');
    await until(async () => (await node.runtime.containers.status(id))?.phase === 'running', 'the container runs');
  });

  test('what ends with the machine is in memory, once, and runc keeps its own there', async () => {
    const { id } = await pod(['sleep', '1000']);
    const state = join(node.dataDir, 'state');
    const there = (await currentMounts()).filter(({ mountpoint }) => mountpoint === state);
    assert.deepEqual(there, [{ mountpoint: state, type: 'tmpfs' }]);
    assert.ok((await readdir(join(state, 'runc', 'k8s.io'))).includes(id));
  });

  test('one pod, warm', async (t) => {
    const config = sandboxSample('warm', { cgroupParent: `${node.cgroupParent}/pod`, logDirectory: await logDirectory(node, 'warm') });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const times = [performance.now()];
      const sandboxId = await node.runtime.sandboxes.run({ ...config, attempt });
      times.push(performance.now());
      const id = await node.runtime.containers.create(sandboxId, containerSample('main', testImage, ['sleep', '1000']), {
        ...config,
        attempt,
      });
      times.push(performance.now());
      await node.runtime.containers.start(id);
      times.push(performance.now());
      const spans = times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)));
      t.diagnostic(
        `sandbox ${spans[0]} ms, create ${spans[1]} ms, start ${spans[2]} ms, together ${spans.reduce((sum, span) => sum + span)} ms`,
      );
      await node.runtime.sandboxes.remove(sandboxId);
    }
  });

  test('nothing is left when everything was removed', async () => {
    const { dataDir, cgroupParent, containerd } = node;
    const other = await make('cni1', '10.78.0.0/24');
    await pod(['sleep', '1000']);
    await node.remove();
    nodes.splice(nodes.indexOf(node), 1);
    const mounts = await currentMounts();
    assert.deepEqual(mountsBeneath(mounts, dataDir), []);
    assert.deepEqual(await processesWhere((args) => isShimOf(args, containerd.socket) || args.includes(dataDir)), []);
    const cgroups = await Promise.all(cgroupRoots(mounts).map((root) => readdir(join(root, cgroupParent)).catch(() => [])));
    assert.deepEqual(cgroups.flat(), []);
    assert.equal((await other.runtime.info()).ready, true, 'another containerd goes on');
  });
});
