import { describers, eventless } from '../describe/describers.ts';
import { eventLines, eventsOf } from '../describe/events.ts';
import { genericLines } from '../describe/generic.ts';
import { distinct, ManyErrors, throwAll, UsageError } from '../errors.ts';
import { alignTabs } from '../printers/tabwriter.ts';
import { isNotFound } from '../resource/cannot-find.ts';
import { namesFiles } from '../resource/files.ts';
import {
  type Found,
  fetchTargets,
  fileFlags,
  listAll,
  resolveTargets,
  selectionFlags,
  selectionOf,
  selectorFlag,
  type Target,
} from '../resource/targets.ts';
import { type Context, defineVerb } from '../types.ts';

const describeFlags = {
  ...fileFlags,
  ...selectorFlag,
  'all-namespaces': selectionFlags['all-namespaces'],
  'chunk-size': { type: 'int', default: 500, help: 'Return large lists in chunks rather than all at once. Pass 0 to disable.' },
  'show-events': {
    type: 'bool',
    default: true,
    help: 'If true, display events related to the described object; to several objects only when it is given.',
  },
} as const;

export const verb = defineVerb({
  usage: 'describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]',
  examples: ['# Describe a node', 'kubectl describe nodes kubernetes-node-emt8.c.myproject.internal'],
  flags: describeFlags,
  async run(context) {
    const { flags, cluster, shell, args } = context;
    if (args.length === 0 && !namesFiles(flags)) {
      throw new UsageError(
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
        'none',
      );
    }
    const unread: unknown[] = [];
    const targets = await resolveTargets(cluster, shell, selectionOf(context), unread);
    const { found, errors } = await fetchTargets(cluster, targets, selectionOf(context));
    if (args.length === 2 && !args[0]?.includes('/') && errors.length === 1 && isNotFound(errors[0]))
      return describeByPrefix(context, targets, errors);
    const withEvents = showsEvents(context, found.length === 1 && errors.length === 0 && unread.length === 0);
    const texts = await Promise.allSettled(found.map((each) => describe(context, each, withEvents)));
    shell.stdout.write(texts.flatMap((text) => (text.status === 'fulfilled' ? [text.value] : [])).join('\n\n'));
    const failed = distinct(texts.flatMap((text) => (text.status === 'rejected' ? [text.reason as unknown] : [])));
    if (unread.length > 0) throw new ManyErrors([...unread, ...errors, ...failed]);
    throwAll([...errors, ...failed]);
    if (found.length > 0) return;
    shell.stderr.write(flags['all-namespaces'] ? 'No resources found\n' : `No resources found in ${cluster.namespace} namespace.\n`);
  },
});

/** The name after a type that is none may be the beginning of some. @throws `errors` when it is not. */
async function describeByPrefix(
  context: Context<typeof describeFlags>,
  targets: readonly Target[],
  errors: readonly unknown[],
): Promise<void> {
  const [target, ...others] = targets;
  if (target === undefined || others.length > 0) throw new Error('you may only specify a single resource type');
  const { mapping, namespace, name: prefix = '' } = target;
  const named = (await listAll(context.cluster, { mapping, namespace })).filter(({ metadata }) => metadata.name?.startsWith(prefix));
  const withEvents = showsEvents(context, false);
  const texts = await Promise.all(named.map((object) => describe(context, { mapping, object }, withEvents)));
  // Unlike others, each has an empty line after it, the last included.
  context.shell.stdout.write(texts.map((text) => `${text}\n`).join(''));
  throwAll(texts.length > 0 ? [] : errors);
}

/** Every object's events are one more request: unless all that is asked for is the one object, they are shown only to whoever asks for them. */
function showsEvents({ flags, changed }: Context<typeof describeFlags>, alone: boolean): boolean {
  return flags['show-events'] && (alone || changed.has('show-events'));
}

async function describe(
  { cluster, shell }: Context,
  { mapping, object }: Pick<Found, 'mapping' | 'object'>,
  withEvents: boolean,
): Promise<string> {
  const key = mapping.group ? `${mapping.kind}.${mapping.group}` : mapping.kind;
  const now = shell.clock.now();
  const whole = { ...object, apiVersion: mapping.apiVersion, kind: mapping.kind };
  const lines = await (describers[key] ?? genericLines)(whole, cluster, now);
  if (!withEvents || eventless.has(key)) return alignTabs([...lines, ''].join('\n'));
  const events = await eventsOf(cluster, whole);
  return alignTabs([...lines, ...eventLines(events, now), ''].join('\n'));
}
