import { Readable } from 'node:stream';
import { createMemoryStore, createServer, createTokens } from '@keelson/apiserver';
import { type Logger, rfc3339, silentLogger, systemClock, systemRandom } from '@keelson/base';
import { type Api, type ClientRequest, type ClientResponse, createApi, inProcessTransport, type Transport } from '@keelson/client';
import { versionInfo } from '@keelson/component';
import { type ControllerManagerDeps, createControllerManager, metadataOnly } from '@keelson/controller-manager';
import { createKeyPair } from '@keelson/pki';
import { runWatchLoop } from '@keelson/runtime';
import { Node, Pod } from '@keelson/types';
import { Registry } from 'prom-client';

const namespace = 'kube-system';

export interface ControllerCluster {
  /** As an administrator. */
  readonly api: Api;
  readonly clock: typeof systemClock;
  /** Requests each user has made so far. */
  readonly requests: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export interface ClusterParts extends Pick<ControllerManagerDeps, 'config' | 'controllers'> {
  /** Nodes that take pods in turn and have them ready at once; 1 unless told. */
  readonly nodes?: number;
  readonly log?: Logger;
  /** Answers in the place of the API server, as aggregated APIs do; undefined leaves it to the server. */
  readonly aggregated?: (request: ClientRequest) => object | undefined;
}

/** The real API server on memory, the real controllers as their own service accounts, and nodes that only pretend. */
export async function startControllers({
  nodes = 1,
  log = silentLogger,
  aggregated,
  ...parts
}: ClusterParts = {}): Promise<ControllerCluster> {
  const stop = new AbortController();
  const [clock, random] = [systemClock, systemRandom];
  const store = createMemoryStore();
  const { privateKeyPem, publicKeyPem } = await createKeyPair('EC');
  const issuer = 'https://kubernetes.default.svc.cluster.local';
  const tokenConfig = { issuer, signingKey: privateKeyPem, publicKeys: [publicKeyPem], audiences: [issuer], clock };
  const server = await createServer({
    ...{ store, clock, random, log, metrics: new Registry(), version: versionInfo, signal: stop.signal },
    ...{ serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 }, disabledAdmission: [], compactionInterval: 300_000 },
    tokens: () => createTokens(tokenConfig),
    kubelets: { send: noKubelets, dial: noKubelets },
  });
  await server.bootstrap();
  const requests = new Map<string, number>();
  const transportAs = (name: string, groups: readonly string[] = []): Transport => {
    const transport = inProcessTransport(server.handle, { name, groups: [...groups, 'system:authenticated'] });
    return {
      send(request) {
        requests.set(name, (requests.get(name) ?? 0) + 1);
        const answer = aggregated?.(request);
        return answer ? Promise.resolve(answered(answer)) : transport.send(request);
      },
      close: () => transport.close(),
    };
  };
  const api = createApi(transportAs('admin', ['system:masters']), { clock });
  const own = transportAs('system:kube-controller-manager');
  const serviceAccountGroups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const manager = createControllerManager({
    ...{ api: createApi(own, { clock }), metadata: createApi(metadataOnly(own), { clock }), clock, random, log },
    ...{ config: { rootCA: 'CA', ...parts.config }, ...(parts.controllers ? { controllers: parts.controllers } : {}) },
    apiFor: (account) => createApi(transportAs(`system:serviceaccount:${namespace}:${account}`, serviceAccountGroups), { clock }),
  });
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  await Promise.all(names.map((name) => addNode(api, name)));
  const running = Promise.all([manager.run(stop.signal), playNodes(api, names, stop.signal)]);
  return {
    ...{ api, clock, requests },
    async stop() {
      stop.abort();
      await running;
      await server.stopped;
      await store.close();
    },
  };
}

function answered(body: object): ClientResponse {
  const chunks = Readable.from([Buffer.from(JSON.stringify(body))]);
  return { status: 200, headers: { 'content-type': 'application/json' }, chunks, destroy: () => void chunks.destroy() };
}

function noKubelets(): Promise<never> {
  return Promise.reject(new Error('these nodes have no kubelets'));
}

async function addNode(api: Api, name: string): Promise<void> {
  const now = rfc3339(systemClock.now());
  const metadata = { name, labels: { 'topology.kubernetes.io/zone': 'z1' } };
  const node = await api.create(Node, { apiVersion: 'v1', kind: 'Node', metadata, spec: {} });
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now }];
  await api.update(Node, { ...node, status: { conditions } }, { subresource: 'status' });
}

/** Scheduler and kubelets in a few lines: pods are placed in turn and ready at once, deleted ones go. */
async function playNodes(api: Api, names: readonly string[], signal: AbortSignal): Promise<void> {
  let count = 0;
  const seen = new Set<string>();
  const apply = (pod: Pod): void => {
    const { uid = '', deletionTimestamp } = pod.metadata;
    const step = `${uid}/${deletionTimestamp ? 'end' : pod.spec.nodeName ? 'run' : 'bind'}`;
    if (seen.has(step) || pod.metadata.annotations?.['test/stuck']) return;
    seen.add(step);
    const number = ++count;
    void act(api, pod, names[number % names.length] ?? '', number).catch((error: unknown) => {
      if (!signal.aborted && !(error instanceof Error && 'code' in error && error.code === 404)) throw error;
    });
  };
  const loop = { kind: Pod, selection: {}, signal };
  await runWatchLoop(
    {
      ...loop,
      apply(effect) {
        if (effect.type === 'set') apply(effect.object);
        if (effect.type === 'replace') effect.objects.forEach(apply);
      },
    },
    { api, clock: systemClock, random: systemRandom, log: silentLogger },
  );
}

async function act(api: Api, pod: Pod, node: string, number: number): Promise<void> {
  const { name = '', namespace: home } = pod.metadata;
  const key = { name, namespace: home };
  if (pod.metadata.deletionTimestamp) return void (await api.delete(Pod, key, { gracePeriodSeconds: 0 }));
  if (!pod.spec.nodeName) {
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: key, target: { apiVersion: 'v1', kind: 'Node', name: node } };
    const path = `/api/v1/namespaces/${home}/pods/${name}/binding`;
    (await api.raw({ method: 'POST', path, body: JSON.stringify(binding) })).destroy();
    return;
  }
  const ip = `10.244.${Math.floor(number / 250)}.${(number % 250) + 1}`;
  const startTime = rfc3339(systemClock.now());
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: startTime };
  const status = { phase: 'Running', startTime, podIP: ip, podIPs: [{ ip }], conditions: [ready] };
  await api.patch(Pod, key, 'application/strategic-merge-patch+json', { status }, { subresource: 'status' });
}
