import { existsSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { finished } from 'node:stream/promises';
import { errorMessage } from '@keelson/base';
import { Pod } from '@keelson/types';
import { packed } from '../copy/pack.ts';
import { archivePrefix, type FileSpec, parseSpec } from '../copy/spec.ts';
import { unpacker } from '../copy/unpack.ts';
import { ExitError, UsageError } from '../errors.ts';
import { type Context, defineVerb, type Shell } from '../types.ts';
import { join } from './exec.ts';

const copyFlags = {
  container: {
    type: 'string',
    short: 'c',
    help: 'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation or the first container in the pod',
  },
  'no-preserve': { type: 'bool', help: "The copied file/directory's ownership and permissions will not be preserved in the container" },
  retries: {
    type: 'int',
    help: 'Set number of retries to complete a copy operation from a container. Specify 0 to disable or any negative value for infinite retrying.',
  },
} as const;

type CopyContext = Context<typeof copyFlags>;
type Streams = Partial<Pick<Shell, 'stdin' | 'stdout' | 'stderr'>>;

export const verb = defineVerb({
  usage: 'cp <file-spec-src> <file-spec-dest> [options]',
  description: "Copies by the container's own tar.",
  examples: [
    '# Copy /tmp/foo_dir local directory to /tmp/bar_dir in a remote pod in the default namespace',
    'kubectl cp /tmp/foo_dir <some-pod>:/tmp/bar_dir',
    '# Copy /tmp/foo from a remote pod to /tmp/bar locally',
    'kubectl cp <some-namespace>/<some-pod>:/tmp/foo /tmp/bar',
  ],
  flags: copyFlags,
  async run(context) {
    const [from, to] = context.args;
    if (from === undefined || to === undefined || context.args.length !== 2)
      throw new UsageError('source and destination are required', 'none');
    const [source, destination] = [parseSpec(from), parseSpec(to)];
    if (source.pod !== undefined && destination.pod !== undefined) throw new Error('one of src or dest must be a local file specification');
    if (source.path === '' || destination.path === '') throw new Error('filepath can not be empty');
    if (source.pod !== undefined) return copyFrom(context, source, destination.path);
    if (destination.pod !== undefined) return copyTo(context, source.path, destination);
    throw new Error('one of src or dest must be a remote file specification');
  },
});

/** Into a folder that is there under the file's own name, else under the name that was given. */
async function copyTo(context: CopyContext, source: string, destination: FileSpec): Promise<void> {
  if (!existsSync(source)) throw new Error(`${source} doesn't exist in local filesystem`);
  const run = await runnerIn(context, destination);
  const wanted = destination.path.replace(/(.)\/+$/, '$1');
  const target = (await isFolder(run, wanted)) ? posix.join(wanted, basename(posix.resolve(source))) : wanted;
  const folder = posix.dirname(target);
  const options = context.flags['no-preserve'] ? ['--no-same-permissions', '--no-same-owner', '-xmf', '-'] : ['-xmf', '-'];
  await run(['tar', ...options, ...(folder === '.' ? [] : ['-C', folder])], { stdin: packed(source, posix.basename(target)) });
}

type Runner = (command: readonly string[], streams: Streams) => Promise<number>;

/** Runs commands in the container that a side of the copy is in. */
async function runnerIn(
  { cluster, shell, flags }: CopyContext,
  { pod: name = '', namespace = cluster.namespace }: FileSpec,
): Promise<Runner> {
  const pod = await cluster.api.get(Pod, { name, namespace });
  return (command, streams) =>
    join(cluster, { ...shell, ...streams }, pod, 'exec', {
      ...{ container: flags.container, quiet: false, tty: false, command },
      stdin: streams.stdin !== undefined,
    });
}

async function isFolder(run: Runner, path: string): Promise<boolean> {
  const quiet = { write: () => undefined };
  try {
    await run(['test', '-d', path], { stdout: quiet, stderr: quiet });
    return true;
  } catch (error) {
    if (error instanceof ExitError) return false;
    throw error;
  }
}

async function copyFrom(context: CopyContext, source: FileSpec, destination: string): Promise<void> {
  const { flags, shell } = context;
  const run = await runnerIn(context, source);
  for (let tries = 0; ; tries++) {
    try {
      return await unpackFrom(context, run, source, destination);
    } catch (error) {
      if (error instanceof ExitError || (flags.retries >= 0 && tries >= flags.retries)) throw error;
      shell.stderr.write(`Dropping out copy after ${tries + 1} tries: ${errorMessage(error)}\n`);
    }
  }
}

async function unpackFrom({ shell, cluster }: CopyContext, run: Runner, source: FileSpec, destination: string): Promise<void> {
  const { pod = '', namespace = cluster.namespace, path } = source;
  const warn = (message: string): void => void shell.stderr.write(`${message}\n`);
  const hint = `consider using "kubectl exec -n ${JSON.stringify(namespace)} ${JSON.stringify(pod)} -- tar cf - ${JSON.stringify(path)} | tar xf -"`;
  const extract = unpacker({
    ...{ prefix: archivePrefix(path), destination, warn },
    onLink: (link, target) => warn(`warning: skipping symlink: ${JSON.stringify(link)} -> ${JSON.stringify(target)} (${hint})`),
  });
  const done = finished(extract);
  done.catch(() => undefined);
  const command = run(['tar', 'cf', '-', path], { stdout: extract }).finally(() => extract.end());
  await Promise.all([command, done]);
}
