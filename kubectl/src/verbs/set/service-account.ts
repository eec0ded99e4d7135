import { UsageError } from '../../errors.ts';
import { defineVerb, type Verb } from '../../types.ts';
import { changePodSpecs, setFlags } from './change.ts';

export const serviceAccount: Verb = defineVerb({
  usage: 'set serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT [options]',
  flags: setFlags,
  async run(context) {
    const name = context.args.at(-1);
    if (name === undefined) throw new UsageError('serviceaccount is required', 'examples');
    await changePodSpecs(context, context.args.slice(0, -1), 'serviceaccount updated', (spec) => {
      spec.serviceAccountName = name;
    });
  },
});
