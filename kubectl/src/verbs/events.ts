import { watchEvents } from '@keelson/client';
import { type Event, Event as EventKind } from '@keelson/types';
import { interval, lastSeen } from '../describe/events.ts';
import { ExitError } from '../errors.ts';
import { objectPrinter } from '../printers/objects.ts';
import { templateFlags } from '../printers/result.ts';
import { ColumnWriter } from '../printers/tabwriter.ts';
import { watchPath } from '../resource/watch.ts';
import { type AnyObject, type Context, defineVerb } from '../types.ts';

const eventFlags = {
  ...templateFlags,
  'all-namespaces': { type: 'bool', short: 'A', help: 'If present, list the requested object(s) across all namespaces.' },
  'chunk-size': { type: 'int', default: 500, help: 'Return large lists in chunks rather than all at once. Pass 0 to disable.' },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
  for: { type: 'string', help: 'Filter events to only those pertaining to the specified resource.' },
  'no-headers': { type: 'bool', help: "When using the default output format, don't print headers." },
  output: {
    type: 'string',
    short: 'o',
    help: 'Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).',
  },
  types: { type: 'list', help: 'Output only events of given types.' },
  watch: { type: 'bool', short: 'w', help: 'After listing the requested events, watch for more events.' },
} as const;

type EventsContext = Context<typeof eventFlags>;

export const verb = defineVerb({
  usage:
    'events [(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning] [options]',
  flags: eventFlags,
  async run(context) {
    const { flags, changed, cluster, shell } = context;
    if (flags.types.some((type) => !/^(?:normal|warning)$/i.test(type))) throw new Error('valid --types are Normal or Warning');
    const namespace = flags['all-namespaces'] ? undefined : cluster.namespace;
    const fieldSelector = await selectorFor(context);
    const { items, metadata } = await cluster.api.list(EventKind, { namespace, fieldSelector });
    const wanted = items.filter((event) => isWanted(context, event)).sort((a, b) => lastSeen(a) - lastSeen(b));
    const print = changed.has('output') && objectPrinter(flags.output, { showManagedFields: flags['show-managed-fields'] });
    if (wanted.length === 0 && !flags.watch) {
      return void shell.stderr.write(
        flags['all-namespaces'] ? 'No events found.\n' : `No events found in ${cluster.namespace} namespace.\n`,
      );
    }
    if (print) return void shell.stdout.write(print(listOf(wanted)));
    const writer = new ColumnWriter();
    const header = [...(namespace === undefined ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'];
    const rows = wanted.map((event) => row(event, shell.clock.now(), namespace === undefined));
    shell.stdout.write(writer.write(flags['no-headers'] ? rows : [header, ...rows]));
    if (!flags.watch) return;
    const mapping = (await cluster.mapper()).resolve('events');
    const path = watchPath({ mapping, namespace }, { resourceVersion: metadata.resourceVersion ?? '0', fieldSelector });
    const response = await cluster.api.raw({ method: 'GET', path, signal: shell.signal });
    for await (const { type, object } of watchEvents<Event>(response)) {
      if (type !== 'DELETED' && type !== 'BOOKMARK' && isWanted(context, object))
        shell.stdout.write(writer.write([row(object, shell.clock.now(), namespace === undefined)]));
    }
  },
});

function listOf(items: readonly Event[]): AnyObject {
  return { apiVersion: EventKind.apiVersion, kind: `${EventKind.kind}List`, items, metadata: {} } as AnyObject;
}

function isWanted({ flags }: EventsContext, event: Event): boolean {
  return flags.types.length === 0 || flags.types.some((type) => type.toLowerCase() === event.type?.toLowerCase());
}

async function selectorFor({ flags, cluster }: EventsContext): Promise<string> {
  if (flags.for === '') return '';
  const [type = '', name] = flags.for.split('/');
  if (!name) throw new Error('--for must be in resource/name form');
  const found = (await cluster.mapper()).find(type);
  if (!found) throw new ExitError(1, `the server doesn't have a resource type ${JSON.stringify(type)}`);
  const { kind, apiVersion } = found;
  return `involvedObject.kind=${kind},involvedObject.apiVersion=${apiVersion},involvedObject.name=${name}`;
}

function row(event: Event, now: number, withNamespace: boolean): string[] {
  const { kind = '', name = '' } = event.involvedObject;
  return [
    ...(withNamespace ? [event.metadata.namespace ?? ''] : []),
    interval(event, now),
    event.type ?? '',
    event.reason ?? '',
    `${kind}/${name}`,
    (event.message ?? '').trim(),
  ];
}
