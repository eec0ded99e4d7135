import { UsageError } from '../../errors.ts';
import { namesFiles } from '../../resource/files.ts';
import { fileFlags, selectorFlag } from '../../resource/targets.ts';
import type { Context } from '../../types.ts';

/** What every `rollout` subverb takes. */
export const common = { ...fileFlags, ...selectorFlag } as const;

/** @throws UsageError when nothing is named. */
export function requireArguments({ args, flags }: Context<typeof common>): void {
  if (args.length === 0 && !namesFiles(flags)) throw new UsageError('required resource not specified', 'none');
}
