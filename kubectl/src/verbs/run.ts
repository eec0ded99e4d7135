import { UsageError } from '../errors.ts';
import { fileFlags } from '../resource/targets.ts';
import type { Context } from '../types.ts';
import { type AnyObject, defineVerb } from '../types.ts';
import { propagationOf } from './cascade.ts';
import { createObject, unvalidatedFlags } from './create/generator.ts';
import { imageReference } from './image-reference.ts';
import { overridden, overrideFlags } from './overrides.ts';
import { labelsOf, pairsOf } from './pairs.ts';
import { requireRunningTimeout } from './pods.ts';
import { recordFlag } from './record.ts';
import { attachedFlags, runAttached } from './run-attached.ts';

const runFlags = {
  ...unvalidatedFlags,
  ...overrideFlags,
  ...fileFlags,
  ...recordFlag,
  ...attachedFlags,
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
  image: { type: 'string', help: 'The image for the container to run.' },
  'image-pull-policy': { type: 'string', help: 'The image pull policy for the container.' },
  cascade: {
    type: 'string',
    default: 'background',
    implied: 'background',
    help: 'Must be "background", "orphan", or "foreground". Selects the deletion cascading strategy for the dependents.',
  },
  timeout: { type: 'duration', help: 'The length of time to wait before giving up on a delete.' },
  wait: { type: 'bool', help: 'If true, wait for resources to be gone before returning.' },
  labels: { type: 'string', short: 'l', help: 'Comma separated labels to apply to the pod. Will override previous values.' },
  port: { type: 'string', help: 'The port that this container exposes.' },
  privileged: { type: 'bool', help: 'If true, run the container in privileged mode.' },
} as const;

export const verb = defineVerb({
  usage:
    'run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]',
  examples: ['# Start a nginx pod', 'kubectl run nginx --image=nginx'],
  flags: runFlags,
  async run(context) {
    const { flags, changed } = context;
    const made = podOf(context);
    requireRunningTimeout(flags['pod-running-timeout'], 'examples');
    propagationOf(flags.cascade, context.shell);
    const attach = changed.has('attach') ? flags.attach : flags.stdin;
    const pod = await overridden(made, flags);
    if (attach && flags['dry-run'] !== 'none') {
      throw new UsageError(
        "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)",
        'examples',
      );
    }
    if (flags.rm && !attach) throw new UsageError('--rm should only be used for attached containers', 'examples');
    if (flags.expose) await createObject(context, serviceFor(pod, flags.port), 'created', false);
    // Upstream's kubectl separates the two documents twice.
    if (flags.expose && flags.output === 'yaml') context.shell.stdout.write('---\n---\n');
    if (!attach) {
      await createObject(context, pod, 'created', false);
      return 0;
    }
    return runAttached(context, pod);
  },
});

/** @throws UsageError without a port. */
function serviceFor({ metadata }: AnyObject, port: string): AnyObject {
  if (port === '') throw new UsageError('--port must be set when exposing a service', 'examples');
  const ports = [{ port: Number(port), protocol: 'TCP', targetPort: Number(port) }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: metadata.name ?? '' },
    spec: { ports, selector: metadata.labels },
    status: { loadBalancer: {} },
  };
}

function podOf({ args, changed, dash, flags, path }: Context<typeof runFlags>): AnyObject {
  const [name] = args;
  if (!changed.has('image')) throw new Error('required flag(s) "image" not set');
  if (name === undefined || dash === 0) throw new UsageError('NAME is required for run', 'examples');
  if (!flags.image) throw new Error('--image is required');
  if (!imageReference.test(flags.image)) throw new Error(`Invalid image name ${JSON.stringify(flags.image)}: invalid reference format`);
  const policy = flags['image-pull-policy'];
  if (policy && !['Always', 'IfNotPresent', 'Never'].includes(policy))
    throw new UsageError(`invalid image pull policy: ${policy}`, 'examples');
  if (!['Always', 'OnFailure', 'Never'].includes(flags.restart))
    throw new Error(`invalid restart policy: ${flags.restart}\nSee '${path} -h' for help and examples`);
  if (flags.tty && !flags.stdin) throw new UsageError('-i/--stdin is required for containers with -t/--tty=true', 'examples');
  if (flags.port && !/^[+-]?\d+$/.test(flags.port)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(flags.port)}: invalid syntax`);
  const words = args.slice(1);
  const labels = flags.labels !== '' ? labelsOf(flags.labels) : { run: name };
  const annotations = pairsOf(flags.annotations, 'invalid annotations format');
  const env = Object.entries(pairsOf(flags.env, 'invalid env')).map(([key, value]) => ({ name: key, value }));
  const container = {
    ...(words.length > 0 ? { [flags.command ? 'command' : 'args']: words } : {}),
    ...(env.length > 0 ? { env } : {}),
    image: flags.image,
    ...(flags['image-pull-policy'] ? { imagePullPolicy: flags['image-pull-policy'] } : {}),
    name,
    ...(flags.port ? { ports: [{ containerPort: Number(flags.port) }] } : {}),
    resources: {},
    ...(flags.privileged ? { securityContext: { privileged: true } } : {}),
    ...(flags.stdin ? { stdin: true, ...(flags['leave-stdin-open'] ? {} : { stdinOnce: true }) } : {}),
    ...(flags.tty ? { tty: true } : {}),
  };
  const spec = { containers: [container], dnsPolicy: 'ClusterFirst', restartPolicy: flags.restart };
  const metadata = { ...(flags.annotations.length > 0 ? { annotations } : {}), labels, name };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: {} };
}
