import assert from 'node:assert/strict';
import type { EndpointSlice, Endpoints, Service } from '@keelson/types';
import type { Context } from '../../context.ts';
import { podsOf } from '../../pods.ts';
import { until, within } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import {
  addressOf,
  agentPod,
  clusterIPOf,
  connects,
  dial,
  endpointsOf,
  ipOf,
  makeService,
  nodePortOf,
  openNodes,
  reaches,
  readyPods,
  refused,
  servicePort,
  servicesOf,
  slicesOf,
} from './agents.ts';

const area = '[sig-network] Services';
const labels = { app: 'served' };

/** Pods behind a Service, all of them ready, on nodes that the scheduler chooses. */
async function servingPods(c: Context, count = 2): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `served-${index}`);
  await readyPods(c, ...names.map((name) => agentPod(name, labels, { http: [8080], udp: [8080] })));
  return names;
}

const asker = (c: Context): Promise<unknown> => readyPods(c, agentPod('asker'));
const web = servicePort(80, 8080, { name: 'http' });

/** By name, by address and, at each node's address, by node port; from a pod. */
async function answersEverywhere(c: Context, service: Service, names: readonly string[]): Promise<void> {
  const hosts = [service.metadata.name ?? '', clusterIPOf(service)];
  for (const host of hosts) await reaches(c, 'asker', { host, port: 80 }, names);
  if (service.spec?.type !== 'NodePort') return;
  for (const node of await openNodes(c)) await reaches(c, 'asker', { host: addressOf(node), port: nodePortOf(service) }, names);
}

/** Its endpoints, in both of the ways they are told, are these pods at these ports. */
async function hasEndpoints(c: Context, service: string, wanted: Readonly<Record<string, readonly number[]>>): Promise<void> {
  const pods = await Promise.all(Object.keys(wanted).map((name) => podsOf(c).get(name)));
  const expected = pods.flatMap((pod) => (wanted[pod.metadata.name ?? ''] ?? []).map((port) => `${ipOf(pod)}:${port}`)).sort();
  const subsetsOf = ({ subsets }: Endpoints): string[] =>
    (subsets ?? []).flatMap(({ addresses = [], ports = [] }) => addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)));
  const pairsOf = ({ endpoints = [], ports = [] }: EndpointSlice): string[] =>
    endpoints.filter(({ conditions }) => conditions?.ready).flatMap(({ addresses }) => ports.map(({ port }) => `${addresses[0]}:${port}`));
  const told = async (): Promise<boolean> => {
    const old = subsetsOf(await within<Endpoints>(c, 'v1', 'endpoints').get(service));
    const slices = (await slicesOf(c).items(`kubernetes.io/service-name=${service}`)).flatMap(pairsOf);
    return old.sort().join() === expected.join() && slices.sort().join() === expected.join();
  };
  await until(told, `${service} has endpoints ${expected}`);
}

/** Changes a Service, and answers it as it is then. */
const change = (c: Context, name: string, spec: object): Promise<Service> =>
  servicesOf(c).update(name, (present) => ({ ...present, spec: { ...present.spec, ...spec } }) as Service);

const namesOf = (c: Context, host: string): Promise<string | undefined> =>
  dial(c, 'asker', { protocol: 'name', host }).then(([tried]) => tried?.said);

const external = { type: 'ExternalName', externalName: 'other.example.com' };

/** Leads a Service to another one of the namespace, by name only, and waits until that resolves. */
async function becomesExternal(c: Context, name: string): Promise<void> {
  const target = await makeService(c, 'externalsvc', { selector: labels, ports: [web] });
  const externalName = `externalsvc.${c.namespace}.svc.cluster.local`;
  // The addresses and node ports that it had are taken from it although nobody says so.
  const changed = await change(c, name, { type: 'ExternalName', externalName });
  assert.deepEqual([changed.spec?.clusterIP, changed.spec?.ports?.[0]?.nodePort], [undefined, undefined]);
  const host = `${name}.${c.namespace}.svc.cluster.local`;
  await until(async () => (await namesOf(c, host)) === clusterIPOf(target), `${host} leads to externalsvc`);
}

async function fromExternal(c: Context, type: 'ClusterIP' | 'NodePort'): Promise<void> {
  const made = await makeService(c, 'changing', external);
  assert.equal(made.spec?.clusterIP, undefined);
  const [names] = await Promise.all([servingPods(c), asker(c)]);
  const spec = { type, externalName: undefined, selector: labels, ports: [web] };
  const changed = await change(c, 'changing', spec);
  assert.match(clusterIPOf(changed), /^\d/);
  await answersEverywhere(c, changed, names);
}

export const netServices: Specs = {
  async [`${area} should serve a basic endpoint from pods`](c) {
    await Promise.all([makeService(c, 'basic', { selector: labels, ports: [web] }), asker(c)]);
    const { clusterIP = '' } = (await servicesOf(c).get('basic')).spec ?? {};
    await hasEndpoints(c, 'basic', {});
    const reached = (...names: string[]): Promise<void> => reaches(c, 'asker', { host: clusterIP, port: 80 }, names);
    await readyPods(c, agentPod('one', labels));
    await hasEndpoints(c, 'basic', { one: [8080] });
    await reached('one');
    await readyPods(c, agentPod('two', labels));
    await hasEndpoints(c, 'basic', { one: [8080], two: [8080] });
    await reached('one', 'two');
    await podsOf(c).remove('one');
    await hasEndpoints(c, 'basic', { two: [8080] });
    await reached('two');
    await podsOf(c).remove('two');
    await hasEndpoints(c, 'basic', {});
    await refused(c, 'asker', clusterIP, 80);
  },

  async [`${area} should serve multiport endpoints from pods`](c) {
    const ports = [servicePort(80, 'portname1', { name: 'portname1' }), servicePort(81, 'portname2', { name: 'portname2' })];
    const service = await makeService(c, 'multi', { selector: labels, ports });
    await hasEndpoints(c, 'multi', {});
    const pod = (name: string, portName: string, port: number) => {
      const base = agentPod(name, labels, { http: [port] });
      const [container] = base.spec.containers as { ports: object }[];
      return { ...base, spec: { ...base.spec, containers: [{ ...container, ports: [{ name: portName, containerPort: port }] }] } };
    };
    const [made] = await Promise.all([readyPods(c, pod('one', 'portname1', 100)), asker(c)]);
    assert.equal(made.length, 1);
    await hasEndpoints(c, 'multi', { one: [100] });
    await readyPods(c, pod('two', 'portname2', 101));
    await hasEndpoints(c, 'multi', { one: [100], two: [101] });
    await reaches(c, 'asker', { host: clusterIPOf(service), port: 80 }, ['one']);
    await reaches(c, 'asker', { host: clusterIPOf(service), port: 81 }, ['two']);
    await podsOf(c).remove('one');
    await hasEndpoints(c, 'multi', { two: [101] });
    await refused(c, 'asker', clusterIPOf(service), 80);
    await podsOf(c).remove('two');
    await hasEndpoints(c, 'multi', {});
    await refused(c, 'asker', clusterIPOf(service), 81);
  },

  async [`${area} should serve endpoints on same port and different protocols`](c) {
    const tcp = { ...web, name: 'tcp' };
    const udp = { ...web, name: 'udp', protocol: 'UDP' };
    const service = await makeService(c, 'both', { selector: labels, ports: [tcp, udp] });
    const [[name = '']] = await Promise.all([servingPods(c, 1), asker(c)]);
    await hasEndpoints(c, 'both', { [name]: [8080, 8080] });
    const host = clusterIPOf(service);
    const answers = (protocol: 'http' | 'udp'): Promise<void> => reaches(c, 'asker', { protocol, host, port: 80 }, [name]);
    const silent = async (protocol: 'tcp' | 'udp'): Promise<void> => {
      const none = async () =>
        (await dial(c, 'asker', { protocol, host, port: 80, request: 'hostname', timeout: 2000 }))[0]?.said === undefined;
      await until(none, `no answer by ${protocol}`);
    };
    for (let round = 0; round < 2; round += 1) {
      await answers('http');
      await answers('udp');
      await change(c, 'both', { ports: [tcp] });
      await silent('udp');
      await answers('http');
      await change(c, 'both', { ports: [udp] });
      await silent('tcp');
      await answers('udp');
      await change(c, 'both', { ports: [tcp, udp] });
    }
  },

  async [`${area} should be able to create a functioning NodePort service`](c) {
    const service = await makeService(c, 'nodes', { type: 'NodePort', selector: labels, ports: [web] });
    const [names] = await Promise.all([servingPods(c), asker(c)]);
    await endpointsOf(c, 'nodes', 2);
    await answersEverywhere(c, service, names);
    // From nodes, too, which no pod's address stands for.
    const nodes = await openNodes(c);
    const hosts = nodes.map(({ metadata }, index) =>
      agentPod(`host-${index}`, {}, { http: [18_088] }, { nodeName: metadata.name, hostNetwork: true }),
    );
    await readyPods(c, ...hosts);
    for (const { metadata } of hosts) {
      await reaches(c, `${metadata.name}:18088`, { host: clusterIPOf(service), port: 80 }, names);
      for (const node of nodes) await reaches(c, `${metadata.name}:18088`, { host: addressOf(node), port: nodePortOf(service) }, names);
    }
  },

  [`${area} should be able to change the type from ExternalName to ClusterIP`]: (c) => fromExternal(c, 'ClusterIP'),
  [`${area} should be able to change the type from ExternalName to NodePort`]: (c) => fromExternal(c, 'NodePort'),

  async [`${area} should be able to change the type from ClusterIP to ExternalName`](c) {
    await makeService(c, 'changing', { selector: labels, ports: [web] });
    await Promise.all([servingPods(c), asker(c)]);
    await becomesExternal(c, 'changing');
  },

  async [`${area} should be able to change the type from NodePort to ExternalName`](c) {
    const before = await makeService(c, 'changing', { type: 'NodePort', selector: labels, ports: [web] });
    await Promise.all([servingPods(c), asker(c)]);
    const [node] = await openNodes(c);
    await connects(c, 'asker', node ? addressOf(node) : '', nodePortOf(before));
    await becomesExternal(c, 'changing');
    await refused(c, 'asker', node ? addressOf(node) : '', nodePortOf(before));
  },
};
