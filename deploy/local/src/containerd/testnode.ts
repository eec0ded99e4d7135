import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { silentLogger, systemClock } from '@keelson/base';
import { GrpcRuntime } from '@keelson/kubelet/cri';
import { teardown, writeConflist } from '@keelson/kubelet/network';
import { type Containerd, containerdConfig, containerdVersion, removeEverything, startContainerd } from './index.ts';
import { endProcess, signal } from './processes.ts';

const run = promisify(execFile);

/** A containerd in a data directory and a network namespace made for one test. */
export interface TestNode {
  readonly dataDir: string;
  readonly cgroupParent: string;
  readonly containerd: Containerd;
  readonly runtime: GrpcRuntime;
  /** Kills containerd and starts it again. */
  kill(): Promise<void>;
  /** Ends everything. */
  remove(): Promise<void>;
}

export const testImage = 'localhost/busybox:test';
const pauseImage = 'localhost/pause:test';

/** Why this machine cannot run containers; undefined when it can. */
export async function cannotRunContainers(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  for (const program of ['containerd', 'runc', 'ip', 'nsenter', '/usr/lib/cni/bridge']) {
    const found = await run('sh', ['-c', `command -v ${program}`]).then(
      () => true,
      () => false,
    );
    if (!found) return `needs ${program}`;
  }
  const linked = await run('busybox', ['true']).then(
    () => true,
    () => false,
  );
  return linked ? undefined : 'needs busybox-static';
}

/** `netns` is the namespace that this process already runs in: streams connect to containerd's loopback address. */
export async function makeTestNode(netns: string, bridge = 'cni0', podCidr = '10.77.0.0/24'): Promise<TestNode> {
  const dataDir = await mkdtemp(join(tmpdir(), 'containerd-'));
  const cgroupParent = `/kubepods-${basename(dataDir)}`;
  const cni = { confDir: join(dataDir, 'cni'), ipamDir: join(dataDir, 'ipam'), bridge };
  await writeConflist(cni.confDir, { podCidrs: [podCidr], mtu: 1500, ...cni });
  const version = await containerdVersion();
  const config = containerdConfig({ dataDir, cniBinDir: '/usr/lib/cni', cniConfDir: cni.confDir, pauseImage, version });
  const shared = { dataDir, netns, clock: systemClock, log: silentLogger };
  const containerd = await startContainerd({ ...shared, config });
  await importImages(dataDir, containerd.socket);
  const open = (socket: string): GrpcRuntime => new GrpcRuntime({ socket, clock: systemClock });
  const runtime = open(containerd.socket);
  const remove = async (): Promise<void> => {
    runtime.close();
    await removeEverything({ ...shared, cgroupParent, open });
    await teardown(cni);
    await rm(dataDir, { recursive: true });
  };
  const kill = async (): Promise<void> => {
    signal(containerd.pid, 'SIGKILL');
    // One that is about to die still shows its arguments and its socket, and would be taken for one that runs.
    await endProcess(containerd.pid, systemClock);
    await startContainerd(shared);
  };
  return { dataDir, cgroupParent, containerd, runtime, kill, remove };
}

async function importImages(dataDir: string, socket: string): Promise<void> {
  const directory = join(dataDir, 'image');
  const bin = join(directory, 'rootfs', 'bin');
  await mkdir(bin, { recursive: true });
  const { stdout } = await run('sh', ['-c', 'command -v busybox']);
  await cp(stdout.trim(), join(bin, 'busybox'));
  for (const name of ['sh', 'sleep', 'echo', 'cat', 'nc', 'true']) await symlink('busybox', join(bin, name));
  await run('tar', ['-C', join(directory, 'rootfs'), '-cf', join(directory, 'layer.tar'), '.']);
  await mkdir(join(directory, 'oci', 'blobs', 'sha256'), { recursive: true });
  const blob = async (content: Buffer | string): Promise<{ digest: string; size: number }> => {
    const digest = createHash('sha256').update(content).digest('hex');
    await writeFile(join(directory, 'oci', 'blobs', 'sha256', digest), content);
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(content) };
  };
  const layer = await blob(await readFile(join(directory, 'layer.tar')));
  const manifest = async (name: string, config: object) => {
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const document = await blob(JSON.stringify({ architecture, os: 'linux', config, rootfs }));
    const type = (kind: string): string => `application/vnd.oci.image.${kind}`;
    const layers = [{ mediaType: type('layer.v1.tar'), ...layer }];
    const made = await blob(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: type('manifest.v1+json'),
        config: { mediaType: type('config.v1+json'), ...document },
        layers,
      }),
    );
    return { mediaType: type('manifest.v1+json'), ...made, annotations: { 'io.containerd.image.name': name } };
  };
  const environment = ['PATH=/bin'];
  const manifests = [
    await manifest(testImage, { Env: environment, User: '1000' }),
    await manifest(pauseImage, { Env: environment, Entrypoint: ['/bin/sleep', '1000000'] }),
  ];
  await writeFile(join(directory, 'oci', 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  await writeFile(join(directory, 'oci', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await run('tar', ['-C', join(directory, 'oci'), '-cf', join(directory, 'image.tar'), '.']);
  await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', join(directory, 'image.tar')]);
}
