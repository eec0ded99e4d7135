import { access, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, errorMessage, silentLogger } from '@keelson/base';
import { clusterPaths, removeCgroups, removeEverything, run, unmountBeneath } from '@keelson/deploy-local';
import { GrpcRuntime } from '@keelson/kubelet/cri';
import { defaultBridge, teardown } from '@keelson/kubelet/network';
import { bundlePath } from '../../../tools/bundle.ts';
import { kubeconfigNames, type Layout, layoutOf } from './layout.ts';
import { type Machine, podsCgroupOf } from './machine.ts';
import { runtimeName, type ServiceHost, supervisorName } from './services/host.ts';

/** In the order in which they can go: agents before what they would put back, the API server last of all that call it. */
const services = ['kubelet', 'kube-proxy', 'kube-scheduler', 'kube-controller-manager', 'kube-apiserver'];

/**
 * Takes a machine out of its cluster: ends its processes and pods, and removes its mounts, cgroups, interfaces, rules and files. Fine when
 * only parts are there. Objects in an etcd and the machine's Node object stay. @throws when something could not be removed, saying what.
 */
export async function removeMachine(
  machine: Pick<Machine, 'root' | 'criSocket'>,
  layout: Layout,
  host: ServiceHost,
  clock: Clock,
): Promise<void> {
  const problems: string[] = [];
  const attempt = async (step: Promise<unknown>): Promise<void> =>
    void (await step.catch((error: unknown) => problems.push(errorMessage(error))));
  // First of all who would start the others again.
  await attempt(host.stop(supervisorName));
  for (const name of services) await attempt(host.stop(name));
  await attempt(machine.criSocket ? removePodsOf(machine, clock) : removeRuntime(machine, layout, host, clock));
  const ipamDir = join(layout.kubelet, 'kubenet');
  const confDir = machine.criSocket ? layout.cni : clusterPaths(layout.data).cni;
  await attempt(teardown({ confDir, ipamDir, bridge: defaultBridge }));
  await attempt(removeRules());
  for (const directory of [layout.kubelet, layout.data]) await attempt(unmountBeneath(directory));
  const files = [...certificatesOf(layout), layout.manifests, layout.kubelet, layout.kubeProxy, ...kubeconfigNames.map(layout.kubeconfig)];
  for (const path of files) await attempt(rm(path, { recursive: true, force: true }));
  if (problems.length > 0) throw new Error(`not everything could be removed: ${problems.join('; ')}`);
  // Last: as long as it is there, this can be tried again.
  await rm(layout.data, { recursive: true, force: true });
  for (const directory of emptied(layout)) await rmdir(directory).catch(() => undefined);
}

/** A directory that is nobody else's goes whole; of another one, what kubeadm has put into it. */
function certificatesOf({ root, pki }: Layout): string[] {
  if (pki === layoutOf(root).pki) return [pki];
  const pairs = ['ca', 'front-proxy-ca', 'apiserver', 'apiserver-kubelet-client', 'front-proxy-client', 'apiserver-etcd-client'];
  const files = [...pairs.flatMap((name) => [`${name}.crt`, `${name}.key`]), 'sa.pub', 'sa.key', 'etcd/ca.crt'];
  return files.map((name) => join(pki, name));
}

/** Directories that go if nothing else is in them; the machine's own stay. */
function emptied({ root, kubernetes, pki }: Layout): string[] {
  const own = [join(pki, 'etcd'), pki, kubernetes];
  return root === '/'
    ? own
    : [...own, ...['etc/cni/net.d', 'etc/cni', 'etc', 'var/lib', 'var'].map((path) => join(root, path)), ...between(pki, root)];
}

/** The directories above one, up to another and without it. */
function between(below: string, top: string): string[] {
  const above = dirname(below);
  return above.length <= top.length ? [] : [above, ...between(above, top)];
}

async function removeRuntime(machine: Pick<Machine, 'root'>, layout: Layout, host: ServiceHost, clock: Clock): Promise<void> {
  const dataDir = clusterPaths(layout.data).containerd;
  await host.stop(runtimeName);
  const open = (socket: string): GrpcRuntime => new GrpcRuntime({ socket, clock });
  await removeEverything({ dataDir, cgroupParent: podsCgroupOf(machine), open, clock, log: silentLogger });
}

/** The pods that a kubelet had the machine's own runtime run. */
async function removePodsOf(machine: Pick<Machine, 'root' | 'criSocket'>, clock: Clock): Promise<void> {
  const runtime = new GrpcRuntime({ socket: machine.criSocket, clock });
  try {
    for (const { id } of await runtime.sandboxes.list()) {
      await runtime.sandboxes.stop(id);
      await runtime.sandboxes.remove(id);
    }
  } finally {
    runtime.close();
  }
  await removeCgroups(podsCgroupOf(machine), clock);
}

/** What kube-proxy left in the kernel. */
async function removeRules(): Promise<void> {
  const program = bundlePath('kube-proxy');
  const bundled = await access(program).then(
    () => true,
    () => false,
  );
  if (bundled) await run(process.execPath, [program, '--cleanup']);
}
