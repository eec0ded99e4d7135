import type { FlagSpecs } from '../flags.ts';
import type { AnyObject, Context } from '../types.ts';
import { type ObjectPrinter, objectName, objectPrinter } from './objects.ts';

export const outputFlags = {
  output: {
    type: 'string',
    short: 'o',
    help: 'Output format. One of: (json, yaml, name, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file).',
  },
  'show-managed-fields': { type: 'bool', help: 'If true, keep the managedFields when printing objects in JSON or YAML format.' },
} as const satisfies FlagSpecs;

export const dryRunFlag = {
  'dry-run': {
    type: 'string',
    default: 'none',
    implied: 'unchanged',
    help: 'Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.',
  },
} as const satisfies FlagSpecs;

export type DryRun = 'none' | 'client' | 'server';

/** @throws Error in kubectl's words. */
export function dryRunOf(value: string): DryRun {
  if (value === 'none' || value === 'client' || value === 'server') return value;
  if (value === 'unchanged') return 'client';
  if (/^(?:t|true|1|f|false|0)$/i.test(value)) throw new Error(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
  throw new Error(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

/** What follows a message about something that was not really done. */
export function dryRunSuffix(dryRun: DryRun): string {
  return { none: '', client: ' (dry run)', server: ' (server dry run)' }[dryRun];
}

type ResultFlags = { readonly output?: unknown; readonly 'show-managed-fields'?: unknown; readonly 'dry-run'?: unknown };

/**
 * Prints what became of objects: `deployment.apps/web created`, or the objects themselves as `-o` asks. The format is checked at once, so
 * that a wrong one is told before anything is done.
 */
export function resultPrinter(
  context: Pick<Context, 'shell'> & { readonly flags: object },
): (object: AnyObject, operation: string) => void {
  const flags = context.flags as ResultFlags;
  const output = typeof flags.output === 'string' ? flags.output : '';
  const suffix = dryRunSuffix(typeof flags['dry-run'] === 'string' ? dryRunOf(flags['dry-run']) : 'none');
  const printer: ObjectPrinter | undefined =
    output === '' ? undefined : objectPrinter(output, { showManagedFields: flags['show-managed-fields'] === true });
  return (object, operation) => {
    context.shell.stdout.write(printer ? printer(object) : `${objectName(object)} ${operation}${suffix}\n`);
  };
}
