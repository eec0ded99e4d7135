import { objectPath, withQuery } from '@keelson/client';
import { isPodTerminal } from '@keelson/machinery';
import { Pod } from '@keelson/types';
import type { Cluster } from '../cluster.ts';
import { ExitError, UsageError } from '../errors.ts';
import { detachKeys, untilKeys } from '../stream/detach.ts';
import { remoteProtocols, runRemote } from '../stream/remote-command.ts';
import { openSocket } from '../stream/socket.ts';
import { isTerminal, rawTerminal } from '../stream/terminal.ts';
import { defineVerb, type Shell, type Verb } from '../types.ts';
import { containerFor, containerNames, notAmong, podFor, podOfFile, requireRunningTimeout } from './pods.ts';

const streamFlags = {
  container: {
    type: 'string',
    short: 'c',
    help: 'Container name. If omitted, use the kubectl.kubernetes.io/default-container annotation or the first container in the pod',
  },
  'pod-running-timeout': { type: 'duration', default: 60_000, help: 'The length of time to wait until at least one pod is running' },
  quiet: { type: 'bool', short: 'q', help: 'Only print output from the remote session' },
  stdin: { type: 'bool', short: 'i', help: 'Pass stdin to the container' },
  tty: { type: 'bool', short: 't', help: 'Stdin is a TTY' },
} as const;

const execFlags = {
  ...streamFlags,
  filename: { type: 'list', short: 'f', help: 'to use to exec into the resource' },
} as const;

export const exec: Verb = defineVerb({
  usage: 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]',
  examples: ['# Get output from running the date command from pod mypod', 'kubectl exec mypod -- date'],
  flags: execFlags,
  async run({ args, dash, flags, cluster, shell }) {
    const fromFile = flags.filename.length > 0;
    const [target] = args;
    if (!fromFile && (target === undefined || dash === 0)) throw new UsageError('pod, type/name or --filename must be specified', 'none');
    const command = dash === -1 ? [] : args.slice(dash);
    if (dash === -1 && args.length > (fromFile ? 0 : 1))
      throw new Error(
        "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples",
      );
    if (command.length === 0) throw new UsageError('you must specify at least one command for the container', 'none');
    requireRunningTimeout(flags['pod-running-timeout'], 'examples');
    const pod = fromFile ? await podOfFile(cluster, shell, flags.filename) : await podFor(cluster, target ?? '');
    return join(cluster, shell, pod, 'exec', { ...flags, command });
  },
});

/** Of verbs that attach. */
export const detachFlag = {
  'detach-keys': { type: 'string', default: 'ctrl-p,ctrl-q', help: 'Override the key sequence for detaching a container' },
} as const;

export const attach: Verb = defineVerb({
  usage: 'attach (POD | TYPE/NAME) -c CONTAINER [options]',
  flags: { ...streamFlags, ...detachFlag },
  async run({ args, flags, cluster, shell }) {
    const [target] = args;
    if (target === undefined) throw new UsageError('at least 1 argument is required for attach', 'none');
    if (args.length > 2)
      throw new UsageError(`expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(' ')}]`, 'none');
    requireRunningTimeout(flags['pod-running-timeout'], 'examples');
    const pod = await podFor(cluster, ...args);
    if (flags.container && !containerNames(pod).includes(flags.container))
      throw new Error(`cannot attach to the container: ${notAmong(pod, flags.container)}`);
    return join(cluster, shell, pod, 'attach', { ...flags, command: [], detach: detachKeys(flags['detach-keys']) });
  },
});

const recorded =
  "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n";

interface Session {
  readonly container: string;
  readonly quiet: boolean;
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly command: readonly string[];
  /** At a terminal, what ends the attaching and not the container. */
  readonly detach?: readonly number[];
}

/** Joins the shell's streams to a container. @throws ExitError with the command's own code when that is not 0. */
export async function join(cluster: Cluster, shell: Shell, pod: Pod, verb: 'exec' | 'attach', session: Session): Promise<number> {
  const { name = '', namespace } = pod.metadata;
  if (isPodTerminal(pod))
    throw new Error(
      `cannot ${verb === 'exec' ? 'exec into' : 'attach a container in'} a container in a completed pod; current phase is ${pod.status?.phase}`,
    );
  if (shell.transport) throw new Error(`${verb} needs a connection of its own, which a cluster in the same process has not`);
  if (verb === 'attach' && !session.quiet) shell.stderr.write(recorded);
  const { name: container, note } = containerFor(pod, session.container);
  if (note && !session.quiet) shell.stderr.write(`${note}\n`);
  const tty = session.tty && session.stdin && isTerminal(shell);
  if (session.tty && !tty) shell.stderr.write('Unable to use a TTY - input is not a terminal or the right kind of file\n');
  const query = withQuery(objectPath(Pod, { name, namespace }, verb), {
    container,
    stdin: session.stdin || undefined,
    stdout: true,
    stderr: !tty || undefined,
    tty: tty || undefined,
  });
  const commands = session.command.map((part) => `&command=${encodeURIComponent(part)}`).join('');
  const socket = await openSocket(cluster.connection(), query + commands, remoteProtocols, cluster.impersonation());
  const stop = (): void => socket.terminate();
  shell.signal.addEventListener('abort', stop, { once: true });
  const terminal = tty ? rawTerminal(shell) : undefined;
  try {
    const { stdout, stderr } = shell;
    const code = await new Promise<number>((resolve, reject) => {
      const typed = tty && session.detach?.length ? untilKeys(shell.stdin, session.detach, () => resolve(0)) : shell.stdin;
      const streams = { stdin: session.stdin ? typed : undefined, stdout, stderr, onResize: terminal?.onResize };
      runRemote(socket, streams).then(resolve, reject);
    });
    if (code !== 0) throw new ExitError(code, `command terminated with exit code ${code}`);
    return 0;
  } finally {
    terminal?.restore();
    socket.close();
    shell.signal.removeEventListener('abort', stop);
  }
}
