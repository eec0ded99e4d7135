import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@keelson/base';
import { eventually } from '@keelson/testing';
import type { ContainerState, ContainerStatus, Pod } from '@keelson/types';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import { busybox, node } from './images.ts';

/** Milliseconds a pod may take to start or to end, images already on its node or not. */
const podPatience = 300_000;

/** A container of busybox that runs a script. */
export const shell = (script: string, rest: object = {}) => ({ name: 'main', image: busybox, command: ['sh', '-c', script], ...rest });

const script = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8');

/** A container that runs a script of this folder, which finds its arguments after `--`. */
export const scripted = (file: string, args: readonly number[], rest: object = {}) => ({
  name: 'agent',
  image: node,
  command: ['/usr/local/bin/node', '--input-type=module', '--eval', script(file), '--', ...args.map(String)],
  ...rest,
});

/** A container that serves what `agent.mjs` says; `failsAfter` milliseconds it is no longer healthy. */
export const agent = (port = 8080, rest: object = {}, failsAfter = 0) =>
  scripted('agent.mjs', [port, failsAfter], {
    ports: [{ containerPort: port }],
    readinessProbe: { httpGet: { path: '/healthz', port }, periodSeconds: 1 },
    ...rest,
  });

/** A pod that is not started again when it ends. */
export const once = (name: string, containers: readonly object[], rest: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { restartPolicy: 'Never', containers, ...rest },
});

/** A pod that is stopped at once when it is deleted. */
export const lasting = (name: string, containers: readonly object[], rest: object = {}, metadata: object = {}) => ({
  metadata: { name, ...metadata },
  spec: { terminationGracePeriodSeconds: 0, containers, ...rest },
});

/** Waits until a pod is as wanted, asking twice a second. @throws with the pod as it was last. */
export async function untilPod(c: Context, name: string, wanted: (pod: Pod) => unknown, deadlineMs = podPatience): Promise<Pod> {
  let last: Pod | undefined;
  const look = async (): Promise<Pod | undefined> => {
    last = await podsOf(c).get(name);
    if (wanted(last)) return last;
    await rest(500);
    return undefined;
  };
  return eventually(look, { deadlineMs, message: `pod ${name}: ${wanted}` }).catch((error) => {
    throw new Error(`${error.message}\n${JSON.stringify(last?.status)}`);
  });
}

/** Milliseconds pass, for specs that see that something does not happen. */
export const rest = (milliseconds: number): Promise<void> => new Promise((done) => systemClock.after(milliseconds, done));

export const phaseIs =
  (phase: string) =>
  ({ status }: Pod): boolean =>
    status?.phase === phase;

export const ended = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';

export const running = (c: Context, name: string): Promise<Pod> => untilPod(c, name, phaseIs('Running'));

export const ready = (c: Context, name: string): Promise<Pod> => untilPod(c, name, (pod) => conditionIs(pod, 'Ready', 'True'));

export const conditionIs = ({ status }: Pod, type: string, wanted: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type && condition.status === wanted) ?? false;

/** Creates a pod, and waits until it runs. */
export async function started(c: Context, pod: { metadata: { name: string }; spec?: object }): Promise<Pod> {
  await podsOf(c).create(pod);
  return running(c, pod.metadata.name);
}

/** Creates a pod, and waits until it has ended, well or not. */
export async function outcome(c: Context, pod: { metadata: { name: string } }): Promise<Pod> {
  await podsOf(c).create(pod);
  return untilPod(c, pod.metadata.name, ended);
}

/** Creates a pod, waits until it has succeeded, and answers what a container of it printed. */
export async function output(c: Context, pod: { metadata: { name: string } }, container?: string): Promise<string> {
  const { name } = pod.metadata;
  const { status } = await outcome(c, pod);
  const printed = await logs(c, name, container === undefined ? {} : { container });
  assert.equal(status?.phase, 'Succeeded', `${name} printed: ${printed}\n${JSON.stringify(status)}`);
  return printed;
}

/** Every one of these is in the text; strings as they stand. */
export function says(text: string, ...wanted: readonly (string | RegExp)[]): void {
  for (const one of wanted) {
    if (typeof one === 'string') assert.ok(text.includes(one), `${JSON.stringify(one)} in ${text}`);
    else assert.match(text, one);
  }
}

/** What a container printed. `query` is that of the log subresource. */
export async function logs(c: Context, name: string, query: Readonly<Record<string, string>> = {}): Promise<string> {
  const { status, text } = await podsOf(c).ask('GET', `${name}/log?${new URLSearchParams(query)}`);
  assert.equal(status, 200, text);
  return text;
}

/** Waits until a container has printed it. */
export const printed = (c: Context, name: string, wanted: string | RegExp, container?: string): Promise<string> =>
  eventually(
    async () => {
      const text = await logs(c, name, container === undefined ? {} : { container });
      return (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) ? text : undefined;
    },
    { deadlineMs: 120_000, message: `${name} prints ${wanted}` },
  );

/** Runs a command in a container and answers its standard output. @throws with all it printed when it fails. */
export const exec = (c: Context, name: string, command: readonly string[], container?: string): Promise<string> =>
  c.kubectl(['exec', '-n', c.namespace, name, ...(container ? ['-c', container] : []), '--', ...command]);

/** A script in a container's shell. */
export const execScript = (c: Context, name: string, script: string, container?: string): Promise<string> =>
  exec(c, name, ['sh', '-c', script], container);

/** The status of one container, of whatever sort; the first one's unless named. */
export function containerOf({ status }: Pod, name?: string): ContainerStatus {
  const all = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const found = name === undefined ? all[0] : all.find((one) => one.name === name);
  assert.ok(found, `no status of container ${name} in ${JSON.stringify(status)}`);
  return found;
}

/** How a container ended. @throws when it has not. */
export function terminationOf(pod: Pod, name?: string): NonNullable<ContainerState['terminated']> {
  const { terminated } = containerOf(pod, name).state ?? {};
  assert.ok(terminated, `not terminated: ${JSON.stringify(pod.status)}`);
  return terminated;
}

export const restartsOf = (pod: Pod, name?: string): number => containerOf(pod, name).restartCount;
