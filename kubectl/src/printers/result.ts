import type { FlagSpecs } from '../flags.ts';
import type { AnyObject, Context } from '../types.ts';
import type { GoOrder } from './go-order.ts';
import { type ObjectPrinter, objectName, objectPrinter } from './objects.ts';

export const templateFlags = {
  'allow-missing-template-keys': {
    type: 'bool',
    default: true,
    help: 'If true, ignore any errors in templates when a field or map key is missing in the template. Only applies to golang and jsonpath output formats.',
  },
  template: {
    type: 'string',
    help: 'Template string or path to template file to use when -o=go-template, -o=go-template-file.',
  },
} as const satisfies FlagSpecs;

/** Takes `--template` into `--output`: `go-template=TEMPLATE`, or the argument of the format of templates that was asked for. */
export function outputWithTemplate(output: string, template: string): string {
  if (template === '') return output;
  if (output === '') return `go-template=${template}`;
  return /^(?:go-template|template|jsonpath|custom-columns)(?:-?file|-as-json)?$/.test(output) ? `${output}=${template}` : output;
}

export const outputFlags = {
  ...templateFlags,
  output: {
    type: 'string',
    short: 'o',
    help: 'Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).',
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
  throw new Error(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

/** What follows a message about something that was not really done. */
export function dryRunSuffix(dryRun: DryRun): string {
  return { none: '', client: ' (dry run)', server: ' (server dry run)' }[dryRun];
}

type ResultFlags = Readonly<Record<string, unknown>>;

/**
 * Prints what became of objects: `deployment.apps/web created`, or the objects themselves as `-o` asks. The format is checked at once, so
 * that a wrong one is told before anything is done.
 * @param order of their fields, where upstream's kubectl has types for them.
 */
export function resultPrinter(
  context: Pick<Context, 'shell'> & { readonly flags: object },
  order?: GoOrder,
): (object: AnyObject, operation: string) => void {
  const flags = context.flags as ResultFlags;
  const output = typeof flags.output === 'string' ? flags.output : '';
  const suffix = dryRunSuffix(typeof flags['dry-run'] === 'string' ? dryRunOf(flags['dry-run']) : 'none');
  const options = {
    showManagedFields: flags['show-managed-fields'] === true,
    allowMissingKeys: flags['allow-missing-template-keys'] !== false,
    order,
  };
  const printer: ObjectPrinter | undefined = output === '' ? undefined : objectPrinter(output, options);
  return (object, operation) => {
    context.shell.stdout.write(printer ? printer(object) : `${objectName(object)} ${operation}${suffix}\n`);
  };
}
