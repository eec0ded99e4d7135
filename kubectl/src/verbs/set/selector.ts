import { errorMessage } from '@keelson/base';
import { parseLabelSelector } from '@keelson/machinery';
import { type Found, requireNames, selectionOf } from '../../resource/targets.ts';
import { type AnyObject, type Context, defineVerb, type Verb } from '../../types.ts';
import { changeObjects, type SetContext, workloadFlags } from './change.ts';

const { kustomize: _kustomize, selector: _selector, ...ownFlags } = workloadFlags;

const selectorFlags = {
  ...ownFlags,
  recursive: { ...workloadFlags.recursive, default: true },
  'resource-version': {
    type: 'string',
    help: 'If non-empty, the selectors update will only succeed if this is the current resource-version for the object.',
  },
} as const;

export const selector: Verb = defineVerb({
  usage: 'set selector (-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version] [options]',
  flags: selectorFlags,
  async run(context) {
    const { args, flags }: Context<typeof selectorFlags> = context;
    const at = args.length - 1;
    if (at === -1) throw new Error('one selector is required');
    if (at === 0 && flags.filename.length === 0) requireNames([], selectionOf({ args: [], flags }));
    const wanted = labelsOf(args[at] ?? '');
    const select = (object: AnyObject, { mapping }: Found): void => {
      if (mapping.kind !== 'Service') throw new Error('setting a selector is only supported for Services');
      object.spec = { ...(object.spec as object), selector: wanted };
      if (flags['resource-version']) object.metadata = { ...object.metadata, resourceVersion: flags['resource-version'] };
    };
    await changeObjects(context as unknown as SetContext, args.slice(0, at), 'selector updated', select, { always: true });
  },
});

function parsed(expression: string): ReturnType<typeof parseLabelSelector> {
  try {
    return parseLabelSelector(expression);
  } catch (error) {
    throw new Error(`couldn't parse the selector string ${JSON.stringify(expression)}: ${errorMessage(error)}`);
  }
}

const operators: Readonly<Record<string, string>> = { in: 'In', notin: 'NotIn', exists: 'Exists', '!': 'DoesNotExist' };

/** A service selects by equality alone. @throws Error for any other requirement. */
function labelsOf(expression: string): Record<string, string> {
  const entries = parsed(expression).requirements.map(({ key, operator, values }) => {
    if ((operator !== '=' && operator !== '==') || values.length !== 1)
      throw new Error(`match expression [{${key} ${operators[operator] ?? operator} [${values.join(' ')}]}] not supported on this object`);
    return [key, values[0] ?? ''] as const;
  });
  return Object.fromEntries(entries);
}
