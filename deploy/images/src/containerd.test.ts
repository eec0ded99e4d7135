import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { silentLogger, sleep, systemClock } from '@keelson/base';
import { buildImages, checkContainerd, importImages, listImages, readTar, tar } from './index.ts';

const run = promisify(execFile);

/** Why this machine cannot run a private containerd, or undefined. */
function missing(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root';
  const program = ['containerd', 'ctr', 'runc', 'unshare', 'nsenter', 'ip', 'catatonit', 'busybox'].find(
    (name) => !['/usr/bin', '/usr/sbin', '/bin', '/sbin'].some((folder) => existsSync(join(folder, name))),
  );
  return program && `${program} is not installed`;
}

async function until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  for (let left = 200; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw new Error(`${what}: ${error}`);
      await sleep(systemClock, 50);
    }
  }
}

/** A containerd of its own: files under a folder, a network namespace that leads nowhere. */
async function startContainerd(folder: string): Promise<{ child: ChildProcess; socket: string }> {
  const socket = join(folder, 'containerd/containerd.sock');
  await mkdir(join(folder, 'containerd'));
  const config = `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`;
  await writeFile(join(folder, 'config.toml'), config);
  const child = spawn('unshare', ['--net', 'containerd', '-c', join(folder, 'config.toml')], { stdio: 'ignore' });
  await until('containerd did not start', () => checkContainerd(socket));
  execFileSync('nsenter', ['-t', String(child.pid), '-n', 'ip', 'link', 'set', 'lo', 'up']);
  return { child, socket };
}

/** The same image as other tools save it: `docker save | gzip`, and an OCI archive named only the standard way. */
async function foreignArchives(folder: string, ours: string): Promise<string[]> {
  const bytes = await readFile(ours);
  const chunks = async function* () {
    yield bytes;
  };
  const files = new Map<string, Buffer>();
  for await (const { path, content } of readTar(chunks(), () => true)) files.set(path, content ?? Buffer.alloc(0));
  const blob = (digest: string): Buffer => files.get(`blobs/${digest.replace(':', '/')}`) ?? Buffer.alloc(0);
  const index = JSON.parse(String(files.get('index.json')));
  const manifest = JSON.parse(String(blob(index.manifests[0].digest)));
  const file = (path: string, content: Buffer) => ({ path, type: 'file' as const, content });
  const list = [{ Config: 'config.json', RepoTags: ['keelson/docker:1'], Layers: ['layer.tar'] }];
  const docker = [file('config.json', blob(manifest.config.digest)), file('layer.tar', blob(manifest.layers[0].digest))];
  index.manifests = [{ ...index.manifests[0], annotations: { 'org.opencontainers.image.ref.name': 'keelson/oci:1' } }];
  const oci = [...files]
    .filter(([path]) => path.startsWith('blobs/sha256/') && !path.endsWith('/'))
    .map(([path, content]) => file(path, content));
  const layout = file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  const archives = [join(folder, 'docker.tar.gz'), join(folder, 'oci.tar')];
  await writeFile(archives[0] ?? '', gzipSync(tar([...docker, file('manifest.json', Buffer.from(JSON.stringify(list)))])));
  await writeFile(archives[1] ?? '', tar([layout, file('index.json', Buffer.from(JSON.stringify(index))), ...oci]));
  return archives;
}

function removeCgroups(name: string): void {
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
    const folder = join('/sys/fs/cgroup', hierarchy, name);
    if (existsSync(folder)) rmdirSync(folder);
  }
}

/** Asks `times` times at once inside the network namespace of `pid`; the distinct answers, each with how often it came. */
async function ask(pid: number | undefined, times: number): Promise<Record<string, number>> {
  const script = `const all = await Promise.all(Array.from({ length: ${times} }, () => fetch('http://127.0.0.1:8080/').then((r) => r.text())));
    const seen = {}; for (const text of all) seen[text] = (seen[text] ?? 0) + 1; console.log(JSON.stringify(seen));`;
  const { stdout } = await run('nsenter', ['-t', String(pid), '-n', process.execPath, '--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

test('containerd takes the images, lists them, and runs the web server', async (t) => {
  const why = missing();
  if (why) return t.skip(why);
  const folder = await mkdtemp(join(tmpdir(), 'keelson-images-'));
  const cgroup = `keelson-images-${process.pid}`;
  const { child, socket } = await startContainerd(folder);
  const ctr = (...args: string[]) => run('ctr', ['-a', socket, '-n', 'k8s.io', ...args]);
  try {
    const tars = await buildImages(join(folder, 'images'), silentLogger);
    const names = await importImages(socket, tars);
    assert.deepEqual((await listImages(socket)).map(({ ref }) => ref).sort(), [...names].sort());
    assert.equal(names.length, 5);
    const before = process.hrtime.bigint();
    await importImages(socket, tars);
    t.diagnostic(`importing what is there already: ${(process.hrtime.bigint() - before) / 1_000_000n} ms`);

    const cli = (...args: string[]) => run(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args, '--data-dir', folder]);
    const loaded = await cli('load', ...(await foreignArchives(folder, tars[1] ?? '')));
    assert.equal(loaded.stdout, 'loaded docker.io/keelson/docker:1\nloaded docker.io/keelson/oci:1\n');
    assert.match((await cli('ls')).stdout, /^IMAGE +DIGEST +SIZE\ndocker\.io\/keelson\/docker:1 +sha256:\w{12} +\S+ MiB\n/);
    for (const name of ['docker', 'oci'])
      await ctr('run', '--rm', '--net-host', '--cgroup', `/${cgroup}/${name}`, `docker.io/keelson/${name}:1`, name, 'true');

    await ctr('run', '--detach', '--net-host', '--cgroup', `/${cgroup}/p`, 'registry.k8s.io/pause:3.10.2', 'p');
    assert.match((await ctr('task', 'ls')).stdout, /^p +\d+ +RUNNING$/m);
    await ctr('task', 'rm', '--force', 'p');
    const shell = await ctr(
      'run',
      '--rm',
      '--net-host',
      '--cgroup',
      `/${cgroup}/a`,
      'docker.io/library/busybox:1.37',
      'a',
      'sh',
      '-c',
      'id -un; ls /bin/wget',
    );
    assert.equal(shell.stdout, 'root\n/bin/wget\n');
    const server = spawn('ctr', [
      '-a',
      socket,
      '-n',
      'k8s.io',
      'run',
      '--net-host',
      '--cgroup',
      `/${cgroup}/b`,
      'docker.io/keelson/hello:v1',
      'b',
    ]);
    let log = '';
    server.stdout.on('data', (data) => {
      log += data;
    });
    const ended = new Promise((resolve) => server.on('close', resolve));
    await until('hello does not answer', () => ask(child.pid, 1));
    const answers = Object.entries(await ask(child.pid, 100));
    assert.equal(answers.length, 1);
    assert.match(answers[0]?.[0] ?? '', /^Hello from \S+ \(keelson\/hello v1\)\n$/);
    assert.equal(answers[0]?.[1], 100);
    await ctr('task', 'kill', '--signal', 'SIGTERM', 'b');
    assert.equal(await ended, 0, 'SIGTERM ends it in order');
    assert.ok(log.split('\n').filter((line) => /^\S+Z 127\.0\.0\.1 "GET \/"$/.test(line)).length >= 101, log.slice(0, 300));
    await ctr('container', 'rm', 'b');
  } finally {
    // A task outlives its containerd: end it first, whatever failed.
    for (const name of ['b', 'p']) await ctr('task', 'rm', '--force', name).catch(() => undefined);
    const gone = new Promise((resolve) => child.on('close', resolve));
    child.kill();
    await gone;
    removeCgroups(cgroup);
    await rm(folder, { recursive: true, force: true });
  }
});
