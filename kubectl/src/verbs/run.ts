import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch, type JsonObject, type JsonPatchOperation } from '@keelson/machinery';
import { Pod } from '@keelson/types';
import { schemaOf } from '../apply/schema.ts';
import { UsageError } from '../errors.ts';
import type { FlagValues } from '../flags.ts';
import { untilState } from '../resource/watch.ts';
import type { Context } from '../types.ts';
import { type AnyObject, defineVerb } from '../types.ts';
import { createObject, generatorFlags } from './create/generator.ts';
import { join } from './exec.ts';

const runFlags = {
  ...generatorFlags,
  annotations: { type: 'array', help: 'Annotations to apply to the pod.' },
  attach: {
    type: 'bool',
    help: "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl attach ...' were called.",
  },
  command: {
    type: 'bool',
    help: "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default.",
  },
  env: { type: 'array', help: 'Environment variables to set in the container.' },
  expose: { type: 'bool', help: 'If true, create a ClusterIP service associated with the pod. Requires `--port`.' },
  'field-manager': { type: 'string', default: 'kubectl-run', help: 'Name of the manager used to track field ownership.' },
  image: { type: 'string', help: 'The image for the container to run.' },
  'image-pull-policy': { type: 'string', help: 'The image pull policy for the container.' },
  labels: { type: 'list', short: 'l', help: 'Comma separated labels to apply to the pod. Will override previous values.' },
  'override-type': {
    type: 'string',
    default: 'merge',
    help: 'The method used to override the generated object: json, merge, or strategic.',
  },
  overrides: { type: 'string', help: 'An inline JSON override for the generated object.' },
  port: { type: 'string', help: 'The port that this container exposes.' },
  privileged: { type: 'bool', help: 'If true, run the container in privileged mode.' },
  quiet: { type: 'bool', short: 'q', help: 'If true, suppress prompt messages.' },
  restart: { type: 'string', default: 'Always', help: 'The restart policy for this Pod. Legal values [Always, OnFailure, Never].' },
  rm: { type: 'bool', help: 'If true, delete the pod after it exits. Only valid when attaching to the container.' },
  stdin: { type: 'bool', short: 'i', help: 'Keep stdin open on the container in the pod, even if nothing is attached.' },
  tty: { type: 'bool', short: 't', help: 'Allocate a TTY for the container in the pod.' },
} as const;

export const verb = defineVerb({
  usage:
    'run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]',
  examples: ['# Start a nginx pod', 'kubectl run nginx --image=nginx'],
  flags: runFlags,
  async run(context) {
    const { flags, changed } = context;
    const pod = await overridden(podOf(context), flags);
    const attach = changed.has('attach') ? flags.attach : flags.stdin;
    if (attach && flags['dry-run'] !== 'none') {
      throw new UsageError(
        "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
        'examples',
      );
    }
    if (flags.rm && !attach) throw new UsageError('--rm should only be used for attached containers', 'examples');
    if (flags.expose) await createObject(context, serviceFor(pod, flags.port));
    if (!attach) {
      await createObject(context, pod);
      return 0;
    }
    return runAttached(context, pod);
  },
});

/** Creates the pod and stays with it; the answer is its exit code. */
async function runAttached({ flags, cluster, shell }: Context<typeof runFlags>, pod: AnyObject): Promise<number> {
  const name = pod.metadata.name ?? '';
  const key = { name, namespace: cluster.namespace };
  await cluster.api.create(Pod, { ...pod, metadata: { ...pod.metadata, namespace: cluster.namespace } } as unknown as Pod, {
    fieldManager: flags['field-manager'],
  });
  try {
    const mapping = (await cluster.mapper()).resolve('pods');
    const wait = { clock: shell.clock, signal: shell.signal, timeout: 60_000 };
    const running = await untilState(cluster, { mapping, ...key }, wait, (state) =>
      ['Running', 'Succeeded', 'Failed'].includes((state as unknown as Pod | undefined)?.status?.phase ?? ''),
    );
    return await join(cluster, shell, running as unknown as Pod, 'attach', {
      container: name,
      quiet: flags.quiet,
      stdin: flags.stdin,
      tty: flags.tty,
      command: [],
    });
  } finally {
    if (flags.rm) {
      await cluster.api.delete(Pod, key);
      shell.stdout.write(`pod "${name}" deleted from ${cluster.namespace} namespace\n`);
    }
  }
}

/** The object with what `--overrides` says instead. @throws Error for an override that is no JSON, or a type that is none. */
async function overridden(pod: AnyObject, flags: FlagValues<Pick<typeof runFlags, 'overrides' | 'override-type'>>): Promise<AnyObject> {
  const { overrides, 'override-type': type } = flags;
  if (overrides === '') return pod;
  const patch = JSON.parse(overrides) as object;
  if (type === 'merge') return applyMergePatch(pod, patch) as AnyObject;
  if (type === 'json') return applyJsonPatch(pod, patch as JsonPatchOperation[]) as AnyObject;
  const schema = type === 'strategic' ? await schemaOf('v1', 'Pod') : undefined;
  if (!schema) throw new Error(`invalid override type: ${type}`);
  return applyStrategicMergePatch(pod as JsonObject, patch as JsonObject, schema.schemas, schema.typeName) as AnyObject;
}

/** @throws UsageError without a port. */
function serviceFor({ metadata }: AnyObject, port: string): AnyObject {
  if (port === '') throw new UsageError('--port must be set when exposing a service', 'examples');
  const ports = [{ port: Number(port), protocol: 'TCP', targetPort: Number(port) }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: metadata.name ?? '' }, spec: { ports, selector: metadata.labels } };
}

function pairsOf(texts: readonly string[], what: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Error(`unexpected ${what}: ${text}`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function podOf({ args, changed, dash, flags, path }: Context<typeof runFlags>): AnyObject {
  const [name] = args;
  if (name === undefined || dash === 0) throw new UsageError('NAME is required for run', 'examples');
  if (!changed.has('image')) throw new Error('required flag(s) "image" not set');
  if (!flags.image) throw new Error('--image is required');
  const policy = flags['image-pull-policy'];
  if (policy && !['Always', 'IfNotPresent', 'Never'].includes(policy))
    throw new UsageError(`invalid image pull policy: ${policy}`, 'examples');
  if (!['Always', 'OnFailure', 'Never'].includes(flags.restart))
    throw new Error(`invalid restart policy: ${flags.restart}\nSee '${path} -h' for help and examples`);
  const words = args.slice(1);
  const labels = flags.labels.length > 0 ? pairsOf(flags.labels, 'label spec') : { run: name };
  const annotations = pairsOf(flags.annotations, 'annotation');
  const env = Object.entries(pairsOf(flags.env, 'env')).map(([key, value]) => ({ name: key, value }));
  const container = {
    ...(words.length > 0 ? { [flags.command ? 'command' : 'args']: words } : {}),
    ...(env.length > 0 ? { env } : {}),
    image: flags.image,
    ...(flags['image-pull-policy'] ? { imagePullPolicy: flags['image-pull-policy'] } : {}),
    name,
    ...(flags.port ? { ports: [{ containerPort: Number(flags.port) }] } : {}),
    resources: {},
    ...(flags.privileged ? { securityContext: { privileged: true } } : {}),
    ...(flags.stdin ? { stdin: true, stdinOnce: true } : {}),
    ...(flags.tty ? { tty: true } : {}),
  };
  const spec = { containers: [container], dnsPolicy: 'ClusterFirst', restartPolicy: flags.restart };
  const metadata = { ...(flags.annotations.length > 0 ? { annotations } : {}), labels, name };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: {} };
}
