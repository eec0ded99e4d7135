import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EndpointSlice, Node, Pod, Service } from '@keelson/types';
import type { Context } from '../../context.ts';
import { podsOf } from '../../pods.ts';
import { across, type Resource, until, within } from '../../resource.ts';
import { node } from '../images.ts';
import { lasting, ready } from '../run.ts';

/** What a container of `agent.mjs` serves. */
export interface Serving {
  readonly http?: readonly number[];
  readonly udp?: readonly number[];
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const program = (file: string): string[] => [
  '/usr/local/bin/node',
  '--input-type=module',
  '--eval',
  readFileSync(join(import.meta.dirname, file), 'utf8'),
];

/** A container that runs a file of this folder. */
export const programOf = (file: string, env: Readonly<Record<string, string>> = {}, rest: object = {}) => ({
  name: 'agent',
  image: node,
  command: program(file),
  env: Object.entries(env).map(([name, value]) => ({ name, value })),
  ...rest,
});

/** A container that serves, and asks others when it is told to. Ready when its first HTTP port answers. */
export function agentOf({ http = [8080], udp = [], env = {} }: Serving = {}, rest: object = {}) {
  const [port] = http;
  const ports = [
    ...http.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
    ...udp.map((containerPort) => ({ containerPort, protocol: 'UDP' })),
  ];
  const probe = { httpGet: { path: '/healthz', port }, periodSeconds: 1, failureThreshold: 60 };
  return programOf(
    'agent.mjs',
    { HTTP: http.join(), UDP: udp.join(), ...env },
    { ports, ...(port ? { readinessProbe: probe } : {}), ...rest },
  );
}

/** A pod of one such container. */
export const agentPod = (name: string, labels: object = {}, serving: Serving = {}, spec: object = {}) =>
  lasting(name, [agentOf(serving)], { terminationGracePeriodSeconds: 5, ...spec }, { labels });

/** Creates pods, and waits until all of them are ready. */
export async function readyPods(c: Context, ...pods: readonly { metadata: { name: string } }[]): Promise<Pod[]> {
  await Promise.all(pods.map((pod) => podsOf(c).create(pod)));
  return Promise.all(pods.map(({ metadata }) => ready(c, metadata.name)));
}

export const servicesOf = (c: Context): Resource<Service> => within<Service>(c, 'v1', 'services');
export const slicesOf = (c: Context): Resource<EndpointSlice> => within<EndpointSlice>(c, 'discovery.k8s.io/v1', 'endpointslices');

/** One port of a Service that its pods have under the same name or at the same number. */
export const servicePort = (port: number, targetPort: number | string = port, rest: object = {}) => ({
  port,
  targetPort,
  protocol: 'TCP',
  ...rest,
});

export const makeService = (c: Context, name: string, spec: object): Promise<Service> => servicesOf(c).create({ metadata: { name }, spec });

export const clusterIPOf = ({ spec }: Service): string => spec?.clusterIP ?? '';
export const nodePortOf = ({ spec }: Service, index = 0): number => spec?.ports?.[index]?.nodePort ?? 0;
export const ipOf = ({ status }: Pod): string => status?.podIP ?? '';

/** The nodes that take pods of everybody. */
export async function openNodes(c: Context): Promise<Node[]> {
  const nodes = await across<Node>(c, 'v1', 'nodes').items();
  return nodes.filter(({ spec }) => !spec?.unschedulable && !spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule'));
}

export function addressOf({ status }: Node): string {
  return status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
}

/** What one try came to: an answer, or the name of an error; `timeout` when there was none in time. Milliseconds. */
export interface Try {
  readonly said?: string;
  readonly error?: string;
  readonly took: number;
}

export interface Call {
  readonly protocol?: 'http' | 'udp' | 'tcp' | 'name';
  readonly host: string;
  readonly port?: number;
  readonly request?: string;
  readonly tries?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  /** The port it is asked from; any when absent. UDP only. */
  readonly from?: number;
  /** The address it is asked from; HTTP only. */
  readonly source?: string;
}

/** Lets a pod ask somebody, as often as said. `pod`: its name and, where that is not 8080, its port. */
export async function dial(c: Context, pod: string, call: Call): Promise<Try[]> {
  const query = new URLSearchParams(Object.entries(call).map(([name, value]): [string, string] => [name, `${value}`]));
  const { status, text } = await podsOf(c).ask('GET', `${pod.includes(':') ? pod : `${pod}:8080`}/proxy/dial?${query}`);
  assert.equal(status, 200, text);
  return text.split('\n').map((line) => JSON.parse(line) as Try);
}

/** Waits until every answer that a pod gets in one go is one of these names, and each of them has answered, now or earlier. */
export async function reaches(c: Context, pod: string, call: Call, names: readonly string[]): Promise<void> {
  const wanted = [...names].sort();
  const seen = new Set<string>();
  let last: readonly Try[] = [];
  const all = async (): Promise<boolean> => {
    last = await dial(c, pod, { request: 'hostname', tries: 8, timeout: 3000, ...call });
    const wrong = last.some(({ said }) => said === undefined || !wanted.includes(said));
    if (wrong) seen.clear();
    else for (const { said = '' } of last) seen.add(said);
    return seen.size === wanted.length;
  };
  const what = `${pod} reaches ${wanted} by ${JSON.stringify(call)}`;
  await until(all, what).catch((error: Error) => {
    throw new Error(`${error.message}; last: ${JSON.stringify(last)}`);
  });
}

/** Waits until a pod is connected by TCP. */
export async function connects(c: Context, pod: string, host: string, port: number): Promise<void> {
  const connected = async () => (await dial(c, pod, { protocol: 'tcp', host, port, timeout: 2000 }))[0]?.said === 'connected';
  await until(connected, `${pod} is connected to ${host}:${port}`);
}

/**
 * Waits until a pod is refused, at once, by an answer rather than by silence. On one machine the kernel may have the refusal before the
 * question has left its caller's hands; then the question that is sent again after a second is the first whose refusal counts.
 */
export async function refused(c: Context, pod: string, host: string, port: number): Promise<void> {
  let last: Try | undefined;
  const asked = async (): Promise<boolean> => {
    [last] = await dial(c, pod, { protocol: 'tcp', host, port, timeout: 5000 });
    return last?.error === 'ECONNREFUSED' && last.took < 2500;
  };
  await until(asked, `${pod} is refused at ${host}:${port}`).catch((error: Error) => {
    throw new Error(`${error.message}; last: ${JSON.stringify(last)}`);
  });
}

/** The addresses that a Service has for others, of pods that are ready, once they are as many. */
export async function endpointsOf(c: Context, service: string, count: number): Promise<readonly string[]> {
  const look = async (): Promise<string[] | undefined> => {
    const slices = await slicesOf(c).items(`kubernetes.io/service-name=${service}`);
    const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready ?? true);
    const addresses = [...new Set(ready.flatMap(({ addresses }) => addresses))];
    return addresses.length === count ? addresses : undefined;
  };
  return (await until(look, `${count} endpoints of ${service}`)) ?? [];
}
