import { sleep } from '@keelson/base';
import { ApiError, type ClientResponse, LineSplitter, objectPath, withQuery } from '@keelson/client';
import { Pod } from '@keelson/types';
import { throwAll, UsageError } from '../errors.ts';
import { isNotFound, orCannotFind } from '../resource/cannot-find.ts';
import { fetchOne, selectorFlag } from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';
import { containerFor, containerNames, notAmong, podsOf, requireRunningTimeout } from './pods.ts';

const logFlags = {
  ...selectorFlag,
  'all-containers': { type: 'bool', help: "Get all containers' logs in the pod(s)." },
  'all-pods': { type: 'bool', help: 'Get logs from all pod(s). Sets prefix to true.' },
  container: { type: 'string', short: 'c', help: 'Print the logs of this container' },
  follow: { type: 'bool', short: 'f', help: 'Specify if the logs should be streamed.' },
  'ignore-errors': { type: 'bool', help: 'If watching / following pod logs, allow for any errors that occur to be non-fatal' },
  'insecure-skip-tls-verify-backend': { type: 'bool', help: 'Skip verifying the identity of the kubelet that logs are requested from.' },
  'limit-bytes': { type: 'int', help: 'Maximum bytes of logs to return. Defaults to no limit.' },
  'max-log-requests': { type: 'int', default: 5, help: 'Specify maximum number of concurrent logs to follow when using by a selector.' },
  'pod-running-timeout': { type: 'duration', default: 20_000, help: 'The length of time to wait until at least one pod is running' },
  prefix: { type: 'bool', help: 'Prefix each log line with the log source (pod name and container name)' },
  previous: { type: 'bool', short: 'p', help: 'If true, print the logs for the previous instance of the container in a pod if it exists.' },
  since: {
    type: 'duration',
    help: 'Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs. Only one of since-time / since may be used.',
  },
  'since-time': {
    type: 'string',
    help: 'Only return logs after a specific date (RFC3339). Defaults to all logs. Only one of since-time / since may be used.',
  },
  tail: {
    type: 'int',
    default: -1,
    help: 'Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10, if a selector is provided.',
  },
  timestamps: { type: 'bool', help: 'Include timestamps on each line in the log output' },
} as const;

type LogContext = Context<typeof logFlags>;

interface Source {
  readonly pod: Pod;
  readonly container: string;
}

export const verb = defineVerb({
  usage: 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]',
  examples: ['# Return snapshot logs from pod nginx with only one container', 'kubectl logs nginx'],
  flags: logFlags,
  async run(context) {
    const { flags, shell } = context;
    checkFlags(context);
    const sources = await sourcesOf(context);
    checkOptions(context);
    const concurrent = flags.follow && sources.length > 1;
    if (concurrent && sources.length > flags['max-log-requests']) {
      throw new Error(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${flags['max-log-requests']}, use --max-log-requests to increase the limit`,
      );
    }
    const prefixed = flags.prefix || flags['all-pods'];
    const errors: unknown[] = [];
    const print = (source: Source): Promise<void> =>
      stream(context, source, prefixed).catch((error: unknown) => {
        if (shell.signal.aborted) return;
        if (flags['ignore-errors']) shell.stderr.write(`error: ${(error as Error).message}\n`);
        else errors.push(error);
      });
    if (concurrent) await Promise.all(sources.map(print));
    else for (const source of sources) if (errors.length === 0) await print(source);
    throwAll(errors);
  },
});

function checkFlags({ flags, args }: LogContext): void {
  if (args.length === 0 && flags.selector === '') {
    throw new UsageError(
      "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
      'examples',
    );
  }
  if (args.length > 0 && flags.selector !== '') throw new UsageError('only a selector (-l) or a POD name is allowed', 'examples');
  if (args.length > 2)
    throw new UsageError(
      "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command",
      'examples',
    );
  const time = flags['since-time'];
  if (time !== '' && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(time))
    throw new Error(`parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(time)} as "2006"`);
  const container = flags.container || args[1] || '';
  if (flags['all-containers'] && container !== '')
    throw new Error(`--all-containers=true should not be specified with container name ${container}`);
  requireRunningTimeout(flags['pod-running-timeout'], 'none');
}

/** @throws Error for what the API would refuse, once the pods are known to be there. */
function checkOptions({ flags, changed }: LogContext): void {
  if (changed.has('since') && changed.has('since-time')) throw new Error('at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (flags.since < 0) throw new Error('--since must be greater than 0');
  if (flags['limit-bytes'] < 0) throw new Error('--limit-bytes must be greater than 0');
  if (flags.tail < -1) throw new Error('--tail must be greater than or equal to -1');
}

async function sourcesOf(context: LogContext): Promise<Source[]> {
  const { flags, cluster, shell, args } = context;
  const asked = flags.container || args[1] || '';
  const pods = await podsAsked(context);
  return pods.flatMap((pod) => {
    if (flags['all-containers']) {
      const { initContainers, containers = [], ephemeralContainers } = pod.spec ?? {};
      return [...(initContainers ?? []), ...containers, ...(ephemeralContainers ?? [])].map(({ name }) => ({ pod, container: name }));
    }
    if (asked !== '' && !containerNames(pod).includes(asked)) throw new Error(notAmong(pod, asked));
    const { name, note } = containerFor(pod, asked);
    if (note) shell.stderr.write(`${note}\n`);
    return [{ pod, container: name }];
  });

  async function podsAsked({ flags: { selector } }: LogContext): Promise<Pod[]> {
    if (selector !== '') {
      const query = { namespace: cluster.namespace, labelSelector: selector };
      const { items } = await orCannotFind((await cluster.mapper()).resolve('pods'), query, () => cluster.api.list(Pod, query));
      if (items.length === 0) shell.stderr.write(`No resources found in ${cluster.namespace} namespace.\n`);
      return items;
    }
    const found = await fetchOne(cluster, args.slice(0, 1), 'pod').catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      throw new Error(`error: error from server (NotFound): ${(error as Error).message} in namespace ${JSON.stringify(cluster.namespace)}`);
    });
    const all = await podsOf(cluster, found, 'cannot get the logs from');
    if (all.length === 0) throw new Error('timed out waiting for the condition');
    if (flags['all-pods'] || all.length === 1) return all;
    shell.stderr.write(`Found ${all.length} pods, using pod/${all[0]?.metadata.name}\n`);
    return all.slice(0, 1);
  }
}

/** Milliseconds until a container that has not started is asked again. */
const startRetry = 1000;

/** Opens the log; one that is followed is waited for until its container has started. */
async function open({ flags, cluster, shell }: Pick<LogContext, 'flags' | 'cluster' | 'shell'>, path: string): Promise<ClientResponse> {
  for (;;) {
    try {
      return await cluster.api.raw({ method: 'GET', path, headers: { accept: '*/*' }, signal: shell.signal });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The kubelet's own words come without a Status.
      if (!flags.follow || !/ is waiting to start: (?:ContainerCreating|PodInitializing)$/.test(error.message))
        throw error.reason === '' ? new Error(error.message) : error;
    }
    await sleep(shell.clock, startRetry, shell.signal);
  }
}

async function stream({ flags, cluster, shell, changed }: LogContext, { pod, container }: Source, prefixed: boolean): Promise<void> {
  const { name = '', namespace } = pod.metadata;
  const tail = flags.selector !== '' && !changed.has('tail') ? 10 : flags.tail;
  const path = withQuery(objectPath(Pod, { name, namespace }, 'log'), {
    container,
    follow: flags.follow || undefined,
    limitBytes: flags['limit-bytes'] || undefined,
    previous: flags.previous || undefined,
    sinceSeconds: flags.since > 0 ? Math.ceil(flags.since / 1000) : undefined,
    sinceTime: flags['since-time'],
    tailLines: tail >= 0 ? tail : undefined,
    timestamps: flags.timestamps || undefined,
    insecureSkipTLSVerifyBackend: flags['insecure-skip-tls-verify-backend'] || undefined,
  });
  const response = await open({ flags, cluster, shell }, path);
  if (!prefixed) {
    for await (const chunk of response.chunks) shell.stdout.write(chunk);
    return;
  }
  const prefix = `[pod/${name}/${container}] `;
  const splitter = new LineSplitter();
  for await (const chunk of response.chunks) for (const line of splitter.push(chunk)) shell.stdout.write(`${prefix}${line}\n`);
  const rest = splitter.rest();
  if (rest !== '') shell.stdout.write(prefix + rest);
}
