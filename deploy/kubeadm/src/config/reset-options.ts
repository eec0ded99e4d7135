import type { ResetOptions } from '../options.ts';
import type { Documents } from './documents.ts';
import { checkAbsolute, checkSocket, Problems, socketOf } from './fields.ts';
import type { ResetForm } from './forms.ts';
import { chosen } from './node-options.ts';

/** What reset is asked for by a file, on top of flags that go with one. @throws Error naming every field whose value cannot be. */
export function resetOptions(flags: ResetOptions, { reset }: Documents): ResetOptions {
  if (!reset) throw new Error('no ResetConfiguration found in the supplied config');
  const { certificatesDir, criSocket, dryRun, force, ignorePreflightErrors }: ResetForm = reset;
  const problems = new Problems();
  checkAbsolute(certificatesDir, 'certificatesDir', problems);
  checkSocket(criSocket, 'criSocket', problems);
  problems.refuse();
  return {
    ...flags,
    ...chosen({ certDir: certificatesDir, criSocket: criSocket && socketOf(criSocket) }),
    dryRun: flags.dryRun || dryRun === true,
    force: force === true,
    ignorePreflightErrors: [...flags.ignorePreflightErrors, ...(ignorePreflightErrors ?? [])],
  };
}
