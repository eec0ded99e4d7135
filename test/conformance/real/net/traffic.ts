import assert from 'node:assert/strict';
import type { Service } from '@keelson/types';
import type { Context } from '../../context.ts';
import { podsOf } from '../../pods.ts';
import { until } from '../../resource.ts';
import type { Spec, Specs } from '../../specs.ts';
import {
  addressOf,
  agentPod,
  type Call,
  clusterIPOf,
  dial,
  endpointsOf,
  makeService,
  nodePortOf,
  openNodes,
  reaches,
  readyPods,
  refused,
  servicePort,
  servicesOf,
} from './agents.ts';

/*
 * What proxies of services do that no conformance spec looks at by itself, but that every one stands on. Those with two nodes are skipped
 * on one.
 */

const labels = { app: 'served' };
const selecting = { selector: labels, ports: [servicePort(80, 8080)] };
const serving = { http: [8080], udp: [8080] };
/** One for each spec: they run side by side, and a node's ports are there once. */
let nextHostPort = 19_100;

/** A node, a pod on it that asks, and one that asks from its network. */
interface Place {
  readonly nodeName: string;
  readonly address: string;
  readonly pod: string;
  readonly host: string;
}

/** The first two nodes, with pods that ask. Undefined where there are fewer. */
async function places(c: Context): Promise<readonly [Place, Place] | undefined> {
  const nodes = (await openNodes(c)).slice(0, 2);
  const port = nextHostPort++;
  const made = nodes.map(({ metadata, ...node }, index) => ({
    ...{ nodeName: metadata.name ?? '', address: addressOf({ metadata, ...node } as (typeof nodes)[0]) },
    ...{ pod: `pod-${index}`, host: `host-${index}:${port}` },
  }));
  const [first, second] = made;
  if (!first || !second) return undefined;
  const pods = made.flatMap(({ nodeName }, index) => [
    agentPod(`pod-${index}`, {}, {}, { nodeName }),
    agentPod(`host-${index}`, {}, { http: [port] }, { nodeName, hostNetwork: true }),
  ]);
  await readyPods(c, ...pods);
  return [first, second];
}

const onTwoNodes =
  (spec: (c: Context, nodes: readonly [Place, Place]) => Promise<void>): Spec =>
  async (c) => {
    const found = await places(c);
    if (found) await spec(c, found);
    else process.stderr.write('conformance: not looked at, there is one node only\n');
  };

/** Waits until nothing comes back, not even a refusal. */
async function silent(c: Context, pod: string, call: Call): Promise<void> {
  const nothing = async (): Promise<boolean> => {
    const [tried] = await dial(c, pod, { ...call, protocol: 'tcp', timeout: 1500 });
    return tried?.error === 'timeout' || tried?.error === 'ETIMEDOUT';
  };
  await until(nothing, `${pod} gets no answer from ${JSON.stringify(call)}`);
}

/** Asks by UDP again and again from one port, so that what the kernel remembers of it stays alive, until that pod answers. */
async function answersOnePort(c: Context, asker: string, call: Call, name: string): Promise<void> {
  const asked = { ...call, protocol: 'udp', request: 'hostname', timeout: 500 } as const;
  await until(async () => (await dial(c, asker, asked))[0]?.said === name, `${name} answers ${JSON.stringify(call)}`);
}

const title = '[sig-network] Services should be able to create a functioning NodePort service';

export const netTraffic: Specs = {
  async [`${title} / a pod reaches itself`](c) {
    const service = await makeService(c, 'mirror', { type: 'NodePort', ...selecting });
    await readyPods(c, agentPod('self', labels, serving));
    const [node] = await openNodes(c);
    await reaches(c, 'self', { host: clusterIPOf(service), port: 80 }, ['self']);
    await reaches(c, 'self', { host: node ? addressOf(node) : '', port: nodePortOf(service) }, ['self']);
  },

  [`${title} / a service without endpoints refuses at once`]: onTwoNodes(async (c, [here, there]) => {
    const service = await makeService(c, 'nobody', { type: 'NodePort', ...selecting });
    for (const asker of [here.pod, here.host]) {
      await refused(c, asker, clusterIPOf(service), 80);
      for (const { address } of [here, there]) await refused(c, asker, address, nodePortOf(service));
    }
  }),

  [`${title} / UDP follows its pods`]: onTwoNodes(async (c, [here, there]) => {
    const ports = [servicePort(80, 8080, { protocol: 'UDP' })];
    const service = await makeService(c, 'udp', { type: 'NodePort', selector: labels, ports });
    const calls: readonly (readonly [string, Call])[] = [
      [here.pod, { host: clusterIPOf(service), port: 80, from: 23_001 }],
      [here.host, { host: there.address, port: nodePortOf(service), from: 23_002 }],
    ];
    // Nobody is there yet: what is remembered of it must not stay.
    for (const [asker, call] of calls) await dial(c, asker, { ...call, protocol: 'udp', request: 'hostname', timeout: 300 });
    await readyPods(c, agentPod('first', labels, serving));
    for (const [asker, call] of calls) await answersOnePort(c, asker, call, 'first');
    await podsOf(c).remove('first', { gracePeriodSeconds: 0 });
    await readyPods(c, agentPod('second', labels, serving));
    for (const [asker, call] of calls) await answersOnePort(c, asker, call, 'second');
  }),

  [`${title} / external addresses`]: onTwoNodes(async (c, [here, there]) => {
    await makeService(c, 'external', { externalIPs: ['203.0.113.78'], ...selecting });
    await readyPods(c, agentPod('serving', labels, serving));
    for (const { pod } of [here, there]) await reaches(c, pod, { host: '203.0.113.78', port: 80 }, ['serving']);
  }),

  [`${title} / external traffic that stays on its node`]: onTwoNodes(async (c, [here, there]) => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ...selecting };
    const service = await makeService(c, 'local', spec);
    await readyPods(c, agentPod('serving', labels, serving, { nodeName: here.nodeName }));
    const [port, health] = [nodePortOf(service), service.spec?.healthCheckNodePort ?? 0];
    await reaches(c, there.host, { host: here.address, port }, ['serving']);
    const [seen] = await dial(c, there.host, { host: here.address, port, request: 'clientip' });
    assert.equal(seen?.said?.split(':')[0], there.address, 'the address of who asks is kept');
    await silent(c, here.host, { host: there.address, port });
    // The node itself and its pods are no traffic from outside.
    for (const asker of [there.host, there.pod]) await reaches(c, asker, { host: there.address, port }, ['serving']);
    const healthy = async (asker: string, host: string): Promise<number> =>
      JSON.parse((await dial(c, asker, { host, port: health }))[0]?.said ?? '{}').localEndpoints;
    await until(async () => (await healthy(there.host, here.address)) === 1, 'the node with the pod is healthy');
    await until(async () => (await healthy(here.host, there.address)) === 0, 'the other one is not');
  }),

  [`${title} / internal traffic that stays on its node`]: onTwoNodes(async (c, [here, there]) => {
    const service = await makeService(c, 'local', { internalTrafficPolicy: 'Local', ...selecting });
    await readyPods(c, agentPod('serving', labels, serving, { nodeName: here.nodeName }));
    const call = { host: clusterIPOf(service), port: 80 };
    for (const asker of [here.pod, here.host]) await reaches(c, asker, call, ['serving']);
    for (const asker of [there.pod, there.host]) await silent(c, asker, call);
  }),

  [`${title} / who may come through a load balancer`]: onTwoNodes(async (c, [here, there]) => {
    const pods = await Promise.all([here, there].map(({ pod }) => podsOf(c).get(pod)));
    const loadBalancerSourceRanges = [`${pods[0]?.status?.podIP}/32`];
    await makeService(c, 'guarded', { type: 'LoadBalancer', loadBalancerSourceRanges, ...selecting });
    const status = { loadBalancer: { ingress: [{ ip: '203.0.113.79' }] } };
    await servicesOf(c).patch('guarded/status', { status }, 'merge');
    await readyPods(c, agentPod('serving', labels, serving));
    await reaches(c, here.pod, { host: '203.0.113.79', port: 80 }, ['serving']);
    await silent(c, there.pod, { host: '203.0.113.79', port: 80 });
  }),

  [`${title} / pods that end serve as long as nobody else does`]: onTwoNodes(async (c, [here, there]) => {
    const service = await makeService(c, 'ending', { type: 'NodePort', ...selecting });
    const slow = agentPod('slow', labels, { ...serving, env: { LINGER: '60000' } }, { terminationGracePeriodSeconds: 60 });
    await readyPods(c, slow);
    const calls = [here, there].flatMap(({ pod, host, address }) => [
      [pod, { host: clusterIPOf(service), port: 80 }] as const,
      [host, { host: address, port: nodePortOf(service) }] as const,
    ]);
    for (const [asker, call] of calls) await reaches(c, asker, call, ['slow']);
    await podsOf(c).remove('slow');
    await endpointsOf(c, 'ending', 0);
    for (const [asker, call] of calls) await reaches(c, asker, call, ['slow']);
    await readyPods(c, agentPod('fresh', labels, serving));
    for (const [asker, call] of calls) await reaches(c, asker, call, ['fresh']);
    await podsOf(c).remove('slow', { gracePeriodSeconds: 0 });
  }),

  [`${title} / pods that are not ready`]: onTwoNodes(async (c, [here]) => {
    const never = agentPod('never', labels, serving);
    const [container] = never.spec.containers;
    const readinessProbe = { httpGet: { path: '/healthz', port: 9 }, periodSeconds: 1 };
    await podsOf(c).create({ ...never, spec: { ...never.spec, containers: [{ ...container, readinessProbe }] } });
    const strict = await makeService(c, 'strict', selecting);
    const lenient = await makeService(c, 'lenient', { publishNotReadyAddresses: true, ...selecting });
    await reaches(c, here.pod, { host: clusterIPOf(lenient), port: 80 }, ['never']);
    await refused(c, here.pod, clusterIPOf(strict), 80);
  }),

  [`${title} / services that are left to other proxies, come back and change their ports`]: onTwoNodes(async (c, [here, there]) => {
    const service = await makeService(c, 'changing', selecting);
    await readyPods(c, agentPod('serving', labels, serving));
    const host = clusterIPOf(service);
    const everywhere = async (look: (asker: string) => Promise<void>): Promise<void> => {
      for (const asker of [here.pod, there.host]) await look(asker);
    };
    const label = (name: string, value: string | null): Promise<Service> =>
      servicesOf(c).patch('changing', { metadata: { labels: { [name]: value } } });
    for (const name of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless']) {
      await everywhere((asker) => reaches(c, asker, { host, port: 80 }, ['serving']));
      await label(name, 'other');
      await everywhere((asker) => refused(c, asker, host, 80));
      await label(name, null);
    }
    await everywhere((asker) => reaches(c, asker, { host, port: 80 }, ['serving']));
    await servicesOf(c).update(
      'changing',
      (present) => ({ ...present, spec: { ...present.spec, ports: [servicePort(81, 8080)] } }) as Service,
    );
    await everywhere((asker) => reaches(c, asker, { host, port: 81 }, ['serving']));
    await everywhere((asker) => refused(c, asker, host, 80));
    await servicesOf(c).remove('changing');
    await everywhere((asker) => refused(c, asker, host, 81));
    await makeService(c, 'changing', { clusterIP: host, ...selecting });
    await everywhere((asker) => reaches(c, asker, { host, port: 80 }, ['serving']));
  }),
};
