import { watchEvents } from '@keelson/client';
import { goJson, inOrder } from '@keelson/machinery';
import type { Table } from '@keelson/types';
import { RequestTimeout, throwAll } from '../errors.ts';
import { logLine } from '../log.ts';
import { type ObjectPrinter, objectPrinter, tableFormats } from '../printers/objects.ts';
import { fetchTargets, selectionOf, type Target } from '../resource/targets.ts';
import { watchPath } from '../resource/watch.ts';
import type { AnyObject } from '../types.ts';
import { fetchTable, type GetContext, isTable, tablePrinter } from './get.ts';
import { plainTable } from './get-plain.ts';

const tableTypes = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** `get -w`: what there is, unless `--watch-only`, and then every change, until the server or the user ends it. */
export async function watchTarget(context: GetContext, targets: readonly Target[]): Promise<void> {
  const [target] = targets;
  if (!target || targets.length > 1) {
    throwAll((await fetchTargets(context.cluster, targets, selectionOf(context))).errors.slice(0, 1));
    throw new Error(
      new Set(targets.map(({ mapping }) => mapping)).size > 1
        ? 'you may only specify a single resource type'
        : 'you may only watch a single resource or type of resource at a time',
    );
  }
  return isTable(context.flags.output) ? watchTable(context, target) : watchObjects(context, target);
}

async function watchTable(context: GetContext, target: Target): Promise<void> {
  const { flags, shell } = context;
  const printer = tablePrinter(context, target.mapping, flags['show-kind']);
  const first = await fetchTable(context, target);
  let columns = first.columnDefinitions;
  if (!flags['watch-only'] && first.rows.length > 0) shell.stdout.write(printer.print(first, 'ADDED'));
  // An object by its name is a table without a version of its own.
  const since = first.metadata?.resourceVersion || '0';
  if (!flags['server-print']) {
    const show = (type: string, object: AnyObject): string => printer.print(plainTable([object], '', shell.clock.now()), type);
    return followObjects(context, target, since, show);
  }
  for await (const { type, object } of follow<Table>(context, target, since, tableTypes)) {
    if (object.columnDefinitions?.length) columns = object.columnDefinitions;
    shell.stdout.write(printer.print({ ...object, columnDefinitions: columns }, type));
  }
}

async function watchObjects(context: GetContext, target: Target): Promise<void> {
  const { flags, shell, cluster } = context;
  const { mapping, namespace, name } = target;
  const print = eventPrinter(context);
  if (name === undefined) {
    const list = await cluster.api.list(mapping, { namespace, labelSelector: flags.selector, fieldSelector: flags['field-selector'] });
    if (!flags['watch-only']) for (const object of list.items) shell.stdout.write(print('ADDED', object));
    return followObjects(context, target, list.metadata.resourceVersion ?? '0', print);
  }
  const object = await cluster.api.get(mapping, { name, namespace });
  if (!flags['watch-only']) shell.stdout.write(print('ADDED', object));
  return followObjects(context, target, object.metadata.resourceVersion ?? '0', print);
}

function eventPrinter({ flags }: GetContext): (type: string, object: AnyObject) => string {
  const print: ObjectPrinter = objectPrinter(flags.output, {
    showManagedFields: flags['show-managed-fields'],
    allowMissingKeys: flags['allow-missing-template-keys'],
    noHeaders: flags['no-headers'],
    formats: tableFormats,
  });
  if (!flags['output-watch-events']) return (_, object) => print(object);
  // Of an event upstream writes JSON in one line.
  if (flags.output.toLowerCase() === 'json') return (type, object) => `${goJson({ type, object: inOrder(object) })}\n`;
  return (type, object) => print({ type, object } as unknown as AnyObject);
}

async function followObjects(
  context: GetContext,
  target: Target,
  since: string,
  print: (type: string, object: AnyObject) => string,
): Promise<void> {
  for await (const { type, object } of follow<AnyObject>(context, target, since, 'application/json')) {
    context.shell.stdout.write(print(type, object));
  }
}

async function* follow<T>(
  { cluster, shell, flags }: GetContext,
  target: Target,
  resourceVersion: string,
  accept: string,
): AsyncGenerator<{ readonly type: string; readonly object: T }> {
  const path = watchPath(target, { resourceVersion, labelSelector: flags.selector, fieldSelector: flags['field-selector'] });
  const response = await cluster.api.raw({ method: 'GET', path, headers: { accept }, signal: shell.signal });
  try {
    for await (const event of watchEvents<T>(response)) if (event.type !== 'BOOKMARK') yield event;
  } catch (error) {
    // A watch that has had its time is over, not broken.
    if (!(error instanceof RequestTimeout)) throw error;
    const why = 'net/http: request canceled (Client.Timeout or context cancellation while reading body)';
    if (cluster.verbosity >= 5)
      logLine(shell, 'I', 'streamwatcher.go:123', `"Unable to decode an event from the watch stream" err=${JSON.stringify(why)}`);
  }
}
