import { randomSuffix } from '@keelson/base';
import { ApiError } from '@keelson/client';
import type { Node } from '@keelson/types';
import { Pod } from '@keelson/types';
import { patchFor } from '../../apply/patch-for.ts';
import { throwAll } from '../../errors.ts';
import { type Found, fetchOne, fetchTargets, resolveTargets } from '../../resource/targets.ts';
import { untilState } from '../../resource/watch.ts';
import { type AnyObject, defineVerb, type Shell } from '../../types.ts';
import { join } from '../exec.ts';
import { printLog } from '../pods.ts';
import { customized } from './custom.ts';
import { type Asked, askedOf, type DebugContext, debugFlags } from './flags.ts';
import { ephemeralContainer, nodePod, podCopy } from './pods.ts';

export const verb = defineVerb({
  usage: 'debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]',
  description:
    'Adds a container to a running pod, makes a copy of a pod in which something is changed, or a pod in the namespaces of a node.',
  examples: [
    '# Create an interactive debugging session in pod mypod and immediately attach to it',
    'kubectl debug mypod -it --image=busybox',
    '# Create a copy of mypod adding a debug container and attach to it',
    'kubectl debug mypod -it --image=busybox --copy-to=my-debugger',
    '# Create an interactive debugging session on a node and immediately attach to it',
    'kubectl debug node/mynode -it --image=busybox',
  ],
  flags: debugFlags,
  async run(context) {
    const ask = await askedOf(context);
    const { cluster, shell, args, dash, changed, flags } = context;
    if (flags.profile === 'legacy' && !flags.quiet)
      shell.stderr.write(
        '--profile=legacy is deprecated and planned to be removed in v1.39. It is recommended to specify other profile, for example "--profile=general".\n',
      );
    if (flags.target !== '')
      say(
        context,
        `Targeting container ${JSON.stringify(flags.target)}. If you don't see processes from this container it may be because the container runtime doesn't support this feature.`,
      );
    const attach = changed.has('attach') ? flags.attach : flags.stdin;
    const names = dash === -1 ? args : args.slice(0, dash);
    const debugOne = async (found: Found): Promise<number> => {
      const made = await debug(context, ask, found);
      return attach && made.container !== undefined ? attachTo(context, made.pod, made.container) : 0;
    };
    if (names.length === 0) return debugOne(await firstOfFile(context));
    let code = 0;
    for (const name of names) code ||= await debugOne(await fetchOne(cluster, [name], 'pod'));
    return code;
  },
});

async function firstOfFile({ cluster, shell, flags }: DebugContext): Promise<Found> {
  const selection = { args: [], filenames: flags.filename };
  const { found, errors } = await fetchTargets(cluster, await resolveTargets(cluster, shell, selection), selection);
  throwAll(errors);
  const [first] = found;
  if (!first) throw new Error('no objects passed to debug');
  return first;
}

interface Made {
  readonly pod: Pod;
  readonly container: string | undefined;
}

function debug(context: DebugContext, ask: Asked, { mapping, object }: Found): Promise<Made> {
  if (mapping.kind === 'Node') return onNode(context, ask, object as unknown as Node);
  const { group, version, kind } = mapping;
  if (kind !== 'Pod') throw new Error(`${JSON.stringify(`${group}/${version}, Kind=${kind}`)} not supported by debug`);
  const pod = object as unknown as Pod;
  return ask.flags['copy-to'] === '' ? inPod(context, ask, pod) : inCopy(context, ask, pod);
}

function say({ flags, shell }: DebugContext, message: string): void {
  if (!flags.quiet) shell.stdout.write(`${message}\n`);
}

async function onNode(context: DebugContext, ask: Asked, node: Node): Promise<Made> {
  const { cluster, flags, shell } = context;
  const container = flags.container || 'debugger';
  const pod = `node-debugger-${node.metadata.name}-${randomSuffix(shell.random)}`;
  if (!flags.quiet) shell.stdout.write(`Creating debugging pod ${pod} with container ${container} on node ${node.metadata.name}.\n`);
  const made = nodePod(node, cluster.namespace, { pod, container }, ask);
  return { pod: await cluster.api.create(Pod, await withCustom(made, container, ask)), container };
}

async function inPod(context: DebugContext, ask: Asked, pod: Pod): Promise<Made> {
  const { cluster, flags } = context;
  const { name = '', namespace } = pod.metadata;
  const container = flags.container || defaultName(context, pod);
  const added = await customized(ephemeralContainer(container, ask), ask.custom);
  const before = pod as unknown as AnyObject;
  const ephemeralContainers = [...(pod.spec.ephemeralContainers ?? []), added];
  const { type, patch } = await patchFor(before, { ...before, spec: { ...pod.spec, ephemeralContainers } });
  try {
    const options = { subresource: 'ephemeralcontainers' };
    return { pod: await cluster.api.patch(Pod, { name, namespace }, type, patch, options), container };
  } catch (error) {
    // The pod was there a moment ago: it is the subresource that is not.
    if (error instanceof ApiError && error.code === 404 && !error.status.details?.name)
      throw new Error(`ephemeral containers are disabled for this cluster (error from server: ${JSON.stringify(error.message)})`);
    throw error;
  }
}

async function inCopy(context: DebugContext, ask: Asked, pod: Pod): Promise<Made> {
  const { cluster, flags, shell } = context;
  const fresh = freshName(shell, pod);
  const copy = podCopy(pod, ask, fresh);
  if (copy.added && flags.container === '') say(context, `Defaulting debug container name to ${fresh}.`);
  const created = await cluster.api.create(Pod, await withCustom(copy.pod, copy.container, ask));
  const { name = '', namespace } = pod.metadata;
  if (flags.replace) await cluster.api.delete(Pod, { name, namespace });
  return { pod: created, container: copy.container };
}

/** The pod with what `--custom` says of one of its containers. */
async function withCustom(pod: Pod, name: string | undefined, { custom }: Asked): Promise<Pod> {
  const containers = await Promise.all(pod.spec.containers.map((each) => (each.name === name ? customized(each, custom) : each)));
  return { ...pod, spec: { ...pod.spec, containers } };
}

function defaultName(context: DebugContext, pod: Pod): string {
  const name = freshName(context.shell, pod);
  say(context, `Defaulting debug container name to ${name}.`);
  return name;
}

function freshName({ random }: Shell, { spec }: Pod): string {
  const taken = new Set([...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].map(({ name }) => name));
  for (;;) {
    const name = `debugger-${randomSuffix(random)}`;
    if (!taken.has(name)) return name;
  }
}

/** How long a container's end takes to show in its pod's status, at most, in milliseconds. */
const statusLag = 5_000;

/** Attaches once the container runs. One that has ended already is shown by its log. */
async function attachTo(context: DebugContext, pod: Pod, container: string): Promise<number> {
  const { cluster, shell, flags } = context;
  const { name = '', namespace } = pod.metadata;
  const mapping = (await cluster.mapper()).resolve('pods');
  const wait = { clock: shell.clock, signal: shell.signal, timeout: -1 };
  const state = await untilState(cluster, { mapping, name, namespace }, wait, (object) => {
    const { running, terminated } = stateOf(object as unknown as Pod | undefined, container) ?? {};
    return object === undefined || running !== undefined || terminated !== undefined;
  });
  if (!state) throw new Error(`pods ${JSON.stringify(name)} not found`);
  const ready = state as unknown as Pod;
  if (stateOf(ready, container)?.terminated) return printLog(cluster, shell, ready, container);
  const session = { container, quiet: flags.quiet, stdin: flags.stdin, tty: flags.tty, command: [] };
  try {
    return await join(cluster, shell, ready, 'attach', session);
  } catch (error) {
    // It may have ended between the look and the attaching, and the status tells a moment later.
    const soon = { ...wait, timeout: statusLag };
    const ended = await untilState(cluster, { mapping, name, namespace }, soon, (object) => {
      return stateOf(object as unknown as Pod | undefined, container)?.terminated !== undefined;
    }).catch(() => undefined);
    if (!ended) throw error;
    return printLog(cluster, shell, ready, container);
  }
}

function stateOf(pod: Pod | undefined, container: string) {
  const { containerStatuses = [], ephemeralContainerStatuses = [] } = pod?.status ?? {};
  return [...containerStatuses, ...ephemeralContainerStatuses].find(({ name }) => name === container)?.state;
}
