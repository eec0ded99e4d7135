import type { Container } from '@keelson/types';
import { UsageError } from '../../errors.ts';
import type { FlagValues } from '../../flags.ts';
import type { Context } from '../../types.ts';
import { imageReference } from '../image-reference.ts';
import { customOf } from './custom.ts';
import { checkProfile } from './profiles.ts';

export const debugFlags = {
  'arguments-only': {
    type: 'bool',
    help: 'If specified, everything after -- will be passed to the new container as Args instead of Command.',
  },
  attach: {
    type: 'bool',
    help: "If true, wait for the container to start running, and then attach as if 'kubectl attach ...' were called. As --stdin unless told.",
  },
  container: { type: 'string', short: 'c', help: 'Container name to use for debug container.' },
  'copy-to': { type: 'string', help: 'Create a copy of the target Pod with this name.' },
  custom: { type: 'string', help: 'Path to a JSON or YAML file containing a partial container spec to customize built-in debug profiles.' },
  filename: { type: 'list', short: 'f', help: 'identifying the resource to debug' },
  env: { type: 'array', help: 'Environment variables to set in the container.' },
  image: { type: 'string', help: 'Container image to use for debug container.' },
  'image-pull-policy': { type: 'string', help: 'The image pull policy for the container.' },
  'keep-annotations': { type: 'bool', help: 'If true, keep the original pod annotations. (Only with --copy-to)' },
  'keep-init-containers': { type: 'bool', default: true, help: 'Run the init containers for the pod. (Only with --copy-to)' },
  'keep-labels': { type: 'bool', help: 'If true, keep the original pod labels. (Only with --copy-to)' },
  'keep-liveness': { type: 'bool', help: 'If true, keep the original pod liveness probes. (Only with --copy-to)' },
  'keep-readiness': { type: 'bool', help: 'If true, keep the original pod readiness probes. (Only with --copy-to)' },
  'keep-startup': { type: 'bool', help: 'If true, keep the original startup probes. (Only with --copy-to)' },
  profile: {
    type: 'string',
    default: 'general',
    help: 'Options are "legacy", "general", "baseline", "netadmin", "restricted" or "sysadmin".',
  },
  quiet: { type: 'bool', short: 'q', help: 'If true, suppress informational messages.' },
  replace: { type: 'bool', help: "When used with '--copy-to', delete the original Pod." },
  'same-node': { type: 'bool', help: "When used with '--copy-to', schedule the copy of target Pod on the same node." },
  'set-image': {
    type: 'list',
    help: "When used with '--copy-to', a list of name=image pairs for changing container images, similar to how 'kubectl set image' works.",
  },
  'share-processes': { type: 'bool', default: true, help: "When used with '--copy-to', enable process namespace sharing in the copy." },
  stdin: { type: 'bool', short: 'i', help: 'Keep stdin open on the container(s) in the pod, even if nothing is attached.' },
  target: { type: 'string', help: 'When using an ephemeral container, target processes in this container name.' },
  tty: { type: 'bool', short: 't', help: 'Allocate a TTY for the debugging container.' },
} as const;

export type DebugContext = Context<typeof debugFlags>;

/** What the flags and arguments ask for, made of them once. */
export interface Asked {
  readonly flags: FlagValues<typeof debugFlags>;
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  /** Name and image; `*` is every container. */
  readonly images: ReadonlyMap<string, string>;
  /** What `--custom` says of the container; undefined without it. */
  readonly custom: Partial<Container> | undefined;
  /** Undefined: as the pod has it. */
  readonly shareProcesses: boolean | undefined;
}

/** @throws Error in kubectl's words for flags that do not go together. */
export async function askedOf({ flags, changed, args, dash }: DebugContext): Promise<Asked> {
  const command = dash === -1 ? [] : args.slice(dash);
  const copies = flags['copy-to'] !== '';
  const only = (flag: 'replace' | 'same-node' | 'set-image'): void => {
    if (!copies && changed.has(flag)) throw new Error(`--${flag} may only be used with --copy-to.`);
  };
  const named = dash === -1 ? args.length > 0 : dash > 0;
  for (const flag of ['replace', 'same-node', 'set-image'] as const) only(flag);
  if (copies && flags.image === '' && flags['set-image'].length === 0 && command.length === 0)
    throw new Error('you must specify --image, --set-image or command arguments.');
  if (!copies && flags.image === '') throw new Error('you must specify --image when not using --copy-to.');
  if ((dash === 0 || args.length === 0) && flags.filename.length === 0) throw new Error('NAME or filename is required for debug');
  if (named && flags.filename.length > 0) throw new Error('resource/name arguments cannot be provided when a path is specified');
  if (flags.image && !imageReference.test(flags.image))
    throw new Error(`invalid image name ${JSON.stringify(flags.image)}: invalid reference format`);
  if (copies && flags.target !== '') throw new Error('--target is incompatible with --copy-to. Use --share-processes instead.');
  if (flags['image-pull-policy'] !== '' && !['Always', 'IfNotPresent', 'Never'].includes(flags['image-pull-policy']))
    throw new Error(`invalid image pull policy: ${flags['image-pull-policy']}`);
  if (flags.tty && !flags.stdin) throw new Error('-i/--stdin is required for containers with -t/--tty=true');
  checkProfile(flags.profile);
  return {
    ...{ flags, command, env: variables(flags.env), images: imagesOf(flags['set-image']), custom: await customOf(flags.custom) },
    shareProcesses: changed.has('share-processes') ? flags['share-processes'] : undefined,
  };
}

function variables(texts: readonly string[]): Asked['env'] {
  return texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--env" flag: ${text} must be formatted as key=value`);
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  });
}

function imagesOf(texts: readonly string[]): Map<string, string> {
  return new Map(
    texts.map((text) => {
      const [name, image, ...more] = text.split('=');
      if (!name || !image || more.length > 0)
        throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--set-image" flag: ${text} must be formatted as key=value`);
      return [name, image];
    }),
  );
}
