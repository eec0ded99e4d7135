import { parseLabelSelector } from '@keelson/machinery';
import { UsageError } from '../../errors.ts';
import { type Context, defineVerb, type Verb } from '../../types.ts';
import { changeObjects, type SetContext, setFlags } from './change.ts';

const selectorFlags = {
  ...setFlags,
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
    const at = args.findIndex((arg) => arg.includes('='));
    if (at === -1) throw new UsageError('one or more selector expressions must be specified', 'examples');
    const wanted = labelsOf(args.slice(at).join(','));
    await changeObjects(context as unknown as SetContext, args.slice(0, at), 'selector updated', (object, { mapping }) => {
      if (mapping.kind !== 'Service') throw new Error('setting a selector is only supported for Services');
      object.spec = { ...(object.spec as object), selector: wanted };
      if (flags['resource-version']) object.metadata = { ...object.metadata, resourceVersion: flags['resource-version'] };
    });
  },
});

/** A service selects by equality alone. @throws Error for any other requirement. */
function labelsOf(expression: string): Record<string, string> {
  const entries = parseLabelSelector(expression).requirements.map(({ key, operator, values }) => {
    if ((operator !== '=' && operator !== '==') || values.length !== 1)
      throw new Error(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return [key, values[0] ?? ''] as const;
  });
  return Object.fromEntries(entries);
}
