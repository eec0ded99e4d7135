import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { type Api, createApi } from '@keelson/client';
import {
  type Component,
  type ComponentContext,
  delegatedAuth,
  followServing,
  HealthRecord,
  type OptionValues,
  readServing,
  type ServingFiles,
  type ServingTexts,
  versionInfo,
} from '@keelson/component';
import { issueTemporary } from '@keelson/pki';
import { createEventRecorder, createInformers } from '@keelson/runtime';
import { Registry } from 'prom-client';
import { type NodeCertificates, openNodeCertificates } from './certificates/node.ts';
import { cgroupRoot } from './config/cgroup-names.ts';
import { parseResolvConf } from './config/dns.ts';
import type { Paths } from './config/paths.ts';
import { bytes } from './config/quantity.ts';
import { podCgroup } from './config/resources.ts';
import { configKind, inert } from './config-file.ts';
import { GrpcRuntime } from './cri/grpc/index.ts';
import { ModelRuntime } from './cri/model/index.ts';
import type { Runtime } from './cri/types.ts';
import { nodeDrivers } from './csi/index.ts';
import type { KubeletConfig, KubeletDeps } from './deps.ts';
import { nodeDevices } from './devices/index.ts';
import { evictionSettings } from './eviction/flags.ts';
import { Footprints } from './footprint/footprints.ts';
import { createKubelet, type Kubelet } from './kubelet.ts';
import { kubenet } from './kubenet.ts';
import { kubeletMetrics } from './metrics.ts';
import { othersList } from './network/index.ts';
import { type MachineFacts, modelMachine } from './node/facts.ts';
import { readMachine } from './node/machine.ts';
import { measureNode } from './node/measure.ts';
import { type Reserved, reservedOf } from './node/reserved.ts';
import { options } from './options.ts';
import { PluginWatcher } from './plugins/watcher.ts';
import { podNamespace } from './pod/naming.ts';
import { observePods } from './pod-metrics.ts';
import { modelProber, networkProber } from './probe/prober.ts';
import { nodeChecks, serveHealthz } from './server/health.ts';
import { type LogSource, logFiles } from './server/logs/files.ts';
import { modelLogs } from './server/logs/model.ts';
import { keepLogsSmall, type LogLimits } from './server/logs/rotate.ts';
import { machineMeter, modelMeter } from './server/machine-meter.ts';
import { type Listening, type ServingCertificate, serveKubelet } from './server/server.ts';
import { Usage } from './server/usage.ts';
import type { Meter } from './server/usage-types.ts';
import { DiskHost, removeLeftovers } from './volume/disk.ts';
import { MemoryHost } from './volume/memory.ts';
import { type MeasuredVolumes, volumeMetrics } from './volume/metrics.ts';
import { machineCgroups, removeCgroup } from './worker/cgroups.ts';
import type { PodRecord } from './worker/record.ts';

type Options = typeof options;
type Values = OptionValues<Options>;
type Context = ComponentContext<Options>;

/** kubelet as a process: runs the pods of one node, in containers or as a model. */
export const component: Component<Options> = {
  name: 'kubelet',
  options,
  inert,
  configKind,
  async run(context) {
    const { options: values, clock, random, log, signal } = context;
    const name = nodeName(values);
    const certificates = await nodeCertificates(context, name);
    const { transport } = certificates;
    const api = createApi(transport, { clock });
    const kind = await nodeKind(context, name);
    const auth = delegatedAuth({
      api,
      clock,
      log,
      cacheSeconds: { token: 120, allowed: 300, denied: 30 },
      anonymous: values['anonymous-auth'],
    });
    const probeMetrics = new Registry();
    const metrics = kubeletMetrics(context.metrics, probeMetrics, name);
    let kubelet: Kubelet | undefined;
    const plugins = await pluginsOf(context, kind, name, api, () => kubelet);
    const footprints = new Footprints(kind.host, paths(values), clock, plugins?.parts.drivers);
    const usage = new Usage({ nodeName: name, clock, runtime: kind.runtime, meter: kind.meter, footprint: (pod) => footprints.of(pod) });
    const serving = {
      nodeName: name,
      clock,
      log,
      auth,
      metrics: context.metrics,
      probeMetrics,
      runtime: kind.runtime,
      logs: kind.logs,
      systemLogs: '/var/log',
      usage,
      checks: nodeChecks(clock, () => kubelet?.relistedAt),
      health: new HealthRecord(),
      configuration: values,
      pods: () => kubelet?.workers.all ?? [],
    };
    const given = readServing(servingFiles(values));
    const shown = await certificate(context, name, given, certificates);
    const server: Listening = await serveKubelet(serving, shown, values.address, values.port);
    const closeHealth = await serveHealthz({ address: values['healthz-bind-address'], port: values['healthz-port'] }, [], log);
    try {
      const config = configuration(values, name, server.port);
      const informers = createInformers({ api, clock, random, log });
      const events = createEventRecorder({ api, component: 'kubelet', host: name, clock, log, signal });
      const parts = { ...kind, ...plugins?.parts, footprints, config, clock, random, log, api, informers, events, metrics };
      kubelet = createKubelet(parts);
      const { workers } = kubelet;
      metrics.observe(workers);
      observePods(context.metrics, kubelet);
      volumeMetrics(context.metrics, () => Promise.all(workers.all.map((record) => measuredVolumes(record, footprints))));
      const logs = () => keepLogsSmall(kind.runtime.containers, () => workers.all, logLimits(values), clock, signal, log);
      const rotation = certificates.rotate((tls) => server.present({ tls }));
      const following = followServing(servingFiles(values), given, server.present, context);
      await Promise.all([kubelet.run(signal), rotation, following, ...(kind.model ? [] : [logs(), plugins?.run(signal)])]);
    } finally {
      closeHealth();
      await server.close();
      kind.runtime.close();
      transport.close();
    }
  },
};

async function measuredVolumes(record: PodRecord, footprints: Footprints): Promise<MeasuredVolumes> {
  return { namespace: podNamespace(record.pod), volumes: await footprints.volumes(record) };
}

/** What differs between a node that runs containers and one that is a model. */
type NodeKind = Pick<KubeletDeps, 'runtime' | 'host' | 'prober' | 'machine' | 'network' | 'measure' | 'cgroups' | 'release'> & {
  readonly model: boolean;
  readonly meter: Meter;
  readonly logs: LogSource;
};

async function nodeKind(context: Context, name: string): Promise<NodeKind> {
  const { options: values, clock } = context;
  const endpoint = values['container-runtime-endpoint'];
  if (endpoint.startsWith('model://')) return modelKind(context, name);
  const root = resolve(values['root-dir']);
  await mkdir(root, { recursive: true });
  const runtime: Runtime = new GrpcRuntime({ socket: endpoint, clock, timeoutMs: values['runtime-request-timeout'] });
  const machine: MachineFacts = await readMachine(root);
  const images = () => runtime.images.filesystem();
  const host = new DiskHost();
  const reservedBytes = reserved(values).memoryBytes;
  const meter = machineMeter({ root, cgroupRoot: cgroupsOf(values), reservedBytes, images });
  const ipamDir = join(root, 'kubenet');
  const network = {
    nodeName: name,
    addresses: nodeIPs(values),
    confDir: values['cni-conf-dir'],
    ipamDir,
    bridge: values['network-bridge'],
    mtu: values['network-mtu'],
    overlay: values.overlay,
  };
  return {
    model: false,
    runtime,
    machine,
    host,
    prober: networkProber(runtime.streams),
    logs: logFiles,
    network: (await makesNetwork(context)) ? kubenet(network) : undefined,
    measure: () => measureNode({ root, images, pods: meter.pods, reservedBytes }),
    meter,
    cgroups: machineCgroups,
    release: (pod) => removeCgroup(podCgroup(pod, cgroupsOf(values))),
  };
}

async function makesNetwork({ options: values, log }: Context): Promise<boolean> {
  if (values.network !== 'auto') return values.network === 'kubenet';
  const list = await othersList(values['cni-conf-dir']);
  if (list !== undefined) log.info('the pod network is left to others', { list });
  return list === undefined;
}

/** What plugins of the node are for. They work on what is really there: a model has none. */
interface Plugins {
  readonly parts: Pick<KubeletDeps, 'devices' | 'drivers' | 'sweep'>;
  run(signal: AbortSignal): Promise<void>;
}

async function pluginsOf(
  { options: values, clock, random, log }: Context,
  { model, host }: NodeKind,
  nodeName: string,
  api: Api,
  kubelet: () => Kubelet | undefined,
): Promise<Plugins | undefined> {
  if (model) return undefined;
  const root = resolve(values['root-dir']);
  const node = () => kubelet()?.registration.node;
  const report = async () => kubelet()?.registration.update();
  const { volumes: drivers, handler } = nodeDrivers({ api, clock, random, nodeName, root, node, report });
  const owned = nodeDevices({
    api,
    clock,
    log,
    root,
    node,
    active: () => kubelet()?.active,
    changed: (uids) => uids.forEach((uid) => void kubelet()?.workers.poke(uid)),
    report: () => kubelet()?.registration.poke(),
  });
  await owned.start();
  const directory = join(root, 'plugins_registry');
  // Plugins that run as pods expect them to be there.
  for (const path of [directory, join(root, 'plugins')]) await mkdir(path, { recursive: true, mode: 0o750 });
  const watcher = new PluginWatcher({ clock, log, directory, handlers: { CSIPlugin: handler, ...owned.handlers } });
  const sweep = (known: ReadonlySet<string>) => removeLeftovers(join(root, 'pods'), known, { host, drivers });
  const run = async (signal: AbortSignal) => void (await Promise.all([watcher.run(signal), owned.run(signal)]));
  return { parts: { drivers, devices: owned.devices, sweep }, run };
}

function modelKind({ options: values, clock, random }: Context, name: string): NodeKind {
  const runtime = new ModelRuntime({ clock, random, podCidr: values['pod-cidr'].split(',')[0] || '10.244.0.0/24' });
  return {
    model: true,
    runtime,
    machine: modelMachine(name),
    host: new MemoryHost(),
    prober: modelProber(runtime.streams),
    logs: modelLogs(runtime),
    meter: modelMeter(clock.now()),
  };
}

function configuration(values: Values, name: string, port: number): KubeletConfig {
  return {
    node: {
      name,
      hostname: name,
      ips: nodeIPs(values),
      labels: Object.fromEntries(values['node-labels'].map((label) => [label.split('=')[0] ?? '', label.split('=').slice(1).join('=')])),
      taints: values['register-with-taints'],
      podCIDR: values['pod-cidr'],
      maxPods: values['max-pods'],
      port,
      version: versionInfo.gitVersion,
      providerID: values['provider-id'],
      register: values['register-node'],
      schedulable: values['register-schedulable'],
      externalCloud: values['cloud-provider'] === 'external',
      reserved: reserved(values),
    },
    paths: paths(values),
    cluster: { servers: values['cluster-dns'], domain: values['cluster-domain'] },
    resolvConf: parseResolvConf(textOf(values['resolv-conf'])),
    hostsFile: textOf('/etc/hosts'),
    cgroupRoot: cgroupsOf(values),
    manifests: values['pod-manifest-path'],
    eviction: evictionSettings(values),
    enforceAllocatable: values['enforce-node-allocatable'].includes('pods'),
    unsafeSysctls: values['allowed-unsafe-sysctls'],
    parallel: 8,
  };
}

function reserved(values: Values): Reserved {
  return reservedOf('system-reserved', values['system-reserved'], reservedOf('kube-reserved', values['kube-reserved']));
}

function paths(values: Values): Paths {
  const root = resolve(values['root-dir']);
  return { root, logs: values['pod-logs-dir'] ? resolve(values['pod-logs-dir']) : join(root, 'pods-logs') };
}

function cgroupsOf(values: Values): string {
  return cgroupRoot(values['cgroup-root'], values['cgroup-driver']);
}

function logLimits(values: Values): LogLimits {
  return { bytes: bytes(values['container-log-max-size']), files: values['container-log-max-files'] };
}

function nodeName(values: Values): string {
  return (values['hostname-override'] || hostname()).toLowerCase();
}

/** Those given; the unspecified address of a family stands for the machine's first of that family. */
function nodeIPs(values: Values): readonly string[] {
  const given = values['node-ip'];
  if (given.length === 1 && given[0] === '::') return [firstAddress('IPv6')];
  return given.length > 0 && given[0] !== '0.0.0.0' ? given : [firstAddress('IPv4')];
}

function firstAddress(preferred: 'IPv4' | 'IPv6'): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outside = all.filter(({ address, internal }) => !internal && !address.startsWith('fe80:'));
  return (outside.find(({ family }) => family === preferred) ?? outside[0])?.address ?? '127.0.0.1';
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // A machine without one has nothing to hand on.
    return '';
  }
}

function nodeCertificates(context: Context, nodeName: string): Promise<NodeCertificates> {
  const { options: values } = context;
  const settings = {
    nodeName,
    ips: nodeIPs(values),
    kubeconfig: values.kubeconfig,
    bootstrapKubeconfig: values['bootstrap-kubeconfig'],
    certDir: values['cert-dir'],
    rotateClient: values['rotate-certificates'],
    rotateServing: values['rotate-server-certificates'] && !values['tls-cert-file'],
  };
  return openNodeCertificates(settings, context);
}

function servingFiles(values: Values): ServingFiles {
  return { cert: values['tls-cert-file'], key: values['tls-private-key-file'], clientCA: values['client-ca-file'] };
}

/** The one given or issued by the cluster, or one that lasts as long as this process will. */
async function certificate(
  { options: values, clock }: Context,
  name: string,
  { tls, clientCA }: ServingTexts,
  { serving }: NodeCertificates,
): Promise<ServingCertificate> {
  const { cert, key } = tls ?? serving ?? (await issueTemporary(name, { dnsNames: [name], ips: nodeIPs(values) }, clock));
  return { cert, key, clientCA };
}
