import type { DeleteQuery } from '@keelson/client';
import type { Shell } from '../types.ts';

const policies = { background: 'Background', orphan: 'Orphan', foreground: 'Foreground' } as const;
/** `--cascade` took a truth value once. */
const meant: Readonly<Record<string, keyof typeof policies>> = { true: 'background', false: 'orphan' };

/** What `--cascade` asks for; a truth value is warned of. @throws Error in kubectl's words for what is none. */
export function propagationOf(cascade: string, { stderr }: Pick<Shell, 'stderr'>): NonNullable<DeleteQuery['propagationPolicy']> {
  const name = meant[cascade] ?? cascade;
  if (!Object.hasOwn(policies, name))
    throw new Error(`invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`);
  if (name !== cascade)
    stderr.write(`warning: --cascade=${cascade} is deprecated (boolean value) and can be replaced with --cascade=${name}.\n`);
  return policies[name as keyof typeof policies];
}
