import { UsageError } from '../../errors.ts';
import { defineVerb, type Verb } from '../../types.ts';
import { changePodSpecs, type SetContext, workloadFlags } from './change.ts';

const { selector: _selector, ...accountFlags } = workloadFlags;

export const serviceAccount: Verb = defineVerb({
  usage: 'set serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT [options]',
  flags: accountFlags,
  async run(context) {
    const name = context.args.at(-1);
    if (name === undefined) throw new UsageError('serviceaccount is required', 'none');
    await changePodSpecs(
      context as unknown as SetContext,
      context.args.slice(0, -1),
      'serviceaccount updated',
      (spec) => {
        spec.serviceAccountName = name;
      },
      { always: true },
    );
  },
});
