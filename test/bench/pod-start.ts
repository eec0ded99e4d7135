import { systemClock } from '@keelson/base';
import { createApi, loadKubeconfig, type ObjectKey, transportFor } from '@keelson/client';
import { GrpcRuntime } from '@keelson/kubelet/cri';
import { eventually } from '@keelson/testing';
import { Deployment, Pod, ServiceAccount } from '@keelson/types';
import type { RealCluster } from '../e2e/cluster.ts';
import { type Figure, percentile } from './figures.ts';

const namespace = 'default';
const container = { name: 'pause', image: 'registry.k8s.io/pause:3.10.2', imagePullPolicy: 'IfNotPresent' };

/** Pod created → Running seen by a watch, one at a time; a Deployment of 30 until all are ready; and the same CRI calls made bare. */
export async function podStarts(cluster: RealCluster): Promise<Figure[]> {
  const transport = transportFor(loadKubeconfig(cluster.kubeconfig));
  const api = createApi(transport);
  try {
    await eventually(() => api.get(ServiceAccount, { name: 'default', namespace }), {
      deadlineMs: 20_000,
      message: 'the default service account exists',
    });
    const single: number[] = [];
    for (let n = 0; n < 10; n++) single.push(await onePod(api, `start-${n}`));
    const rollout = await deployment(api, 30);
    const bare = await bareCalls(cluster);
    return [
      { name: 'pod created → Running, median of 10', unit: ' ms', value: percentile(single, 0.5) },
      { name: 'the same CRI calls made bare, median of 10', unit: ' ms', value: percentile(bare, 0.5) },
      { name: 'Deployment of 30 → all ready', unit: ' s', value: rollout / 1000 },
    ];
  } finally {
    transport.close();
  }
}

type ApiClient = ReturnType<typeof createApi>;

async function onePod(api: ApiClient, name: string): Promise<number> {
  const abort = new AbortController();
  const key: ObjectKey = { name, namespace };
  const start = performance.now();
  await api.create(Pod, { metadata: { name, namespace }, spec: { containers: [container], terminationGracePeriodSeconds: 0 } });
  for await (const event of api.watch(Pod, { namespace, fieldSelector: `metadata.name=${name}`, signal: abort.signal })) {
    if (event.type !== 'BOOKMARK' && event.object.status?.phase === 'Running') break;
  }
  const took = performance.now() - start;
  abort.abort();
  await api.delete(Pod, key, { gracePeriodSeconds: 0 });
  return took;
}

async function deployment(api: ApiClient, replicas: number): Promise<number> {
  const labels = { app: 'thirty' };
  const key = { name: 'thirty', namespace };
  const template = { metadata: { labels }, spec: { containers: [container], terminationGracePeriodSeconds: 0 } };
  const start = performance.now();
  await api.create(Deployment, { metadata: key, spec: { replicas, selector: { matchLabels: labels }, template } });
  await eventually(async () => (await api.get(Deployment, key)).status?.readyReplicas === replicas, {
    deadlineMs: 120_000,
    message: `${replicas} pods are ready`,
  });
  const took = performance.now() - start;
  await api.delete(Deployment, key);
  await eventually(async () => (await api.list(Pod, { namespace, labelSelector: 'app=thirty' })).items.length === 0, {
    deadlineMs: 120_000,
    message: 'they are gone',
  });
  return took;
}

/** RunPodSandbox, CreateContainer and StartContainer, with nothing of ours in between: the kubelet, which would clear these away, stands still. */
async function bareCalls(cluster: RealCluster): Promise<number[]> {
  const kubelet = cluster.pid('kubelet');
  process.kill(kubelet, 'SIGSTOP');
  try {
    return await timeBareCalls(cluster);
  } finally {
    process.kill(kubelet, 'SIGCONT');
  }
}

async function timeBareCalls(cluster: RealCluster): Promise<number[]> {
  const runtime = new GrpcRuntime({ socket: `unix://${cluster.dataDir}/containerd/containerd.sock`, clock: systemClock });
  const times: number[] = [];
  for (let n = 0; n < 10; n++) {
    const sandbox = bareSandbox(n);
    const start = performance.now();
    const id = await runtime.sandboxes.run(sandbox);
    const created = await runtime.containers.create(id, bareContainer, sandbox);
    await runtime.containers.start(created);
    times.push(performance.now() - start);
    await runtime.sandboxes.stop(id);
    await runtime.sandboxes.remove(id);
  }
  runtime.close();
  return times;
}

const security = {
  privileged: false,
  supplementalGroups: [],
  readOnlyRootFilesystem: false,
  noNewPrivileges: false,
  addCapabilities: [],
  dropCapabilities: [],
  seccomp: 'Unconfined',
  maskedPaths: [],
  readonlyPaths: [],
};
const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;

function bareSandbox(n: number): Parameters<GrpcRuntime['sandboxes']['run']>[0] {
  return {
    ...{
      name: `bare-${n}`,
      namespace: 'bench',
      uid: `bare-${n}`,
      attempt: 0,
      hostname: 'bare',
      logDirectory: '/tmp',
      dns: undefined,
      portMappings: [],
    },
    ...{ labels: {}, annotations: {}, cgroupParent: '', namespaces, sysctls: {}, security, runtimeHandler: '' },
  };
}

const bareContainer: Parameters<GrpcRuntime['containers']['create']>[1] = {
  ...{
    name: 'pause',
    attempt: 0,
    image: container.image,
    command: [],
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
  },
  ...{ logPath: 'bare.log', stdin: false, stdinOnce: false, tty: false, namespaces, security },
  resources: { cpuPeriod: 0, cpuQuota: 0, cpuShares: 2, memoryLimit: 0, oomScoreAdj: 1000 },
};
