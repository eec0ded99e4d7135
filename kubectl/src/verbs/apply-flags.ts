import type { DeleteQuery } from '@keelson/client';
import { allowedToPrune, requirePruneScope } from '../apply/prune.ts';
import { gateIsOpen, requireApplySetAlone } from '../applyset/flags.ts';
import { ApplySet } from '../applyset/set.ts';
import { UsageError } from '../errors.ts';
import { logLine } from '../log.ts';
import { type DryRun, dryRunOf } from '../printers/result.ts';
import { namesFiles } from '../resource/files.ts';
import type { Context, Shell } from '../types.ts';
import { propagationOf } from './cascade.ts';
import { fieldValidationOf } from './write-flags.ts';

/** Flags of apply that bear on each other. */
interface ApplyFlags {
  readonly filename: readonly string[];
  readonly kustomize: string;
  readonly recursive: boolean;
  readonly 'dry-run': string;
  readonly cascade: string;
  readonly 'grace-period': number;
  readonly validate: string;
  readonly 'server-side': boolean;
  readonly 'force-conflicts': boolean;
  readonly force: boolean;
  readonly subresource: string;
  readonly prune: boolean;
  readonly all: boolean;
  readonly selector: string;
  readonly 'prune-allowlist': readonly string[];
  readonly applyset: string;
}

type ApplyCall = Pick<Context, 'args' | 'changed' | 'cluster' | 'shell'> & { readonly flags: ApplyFlags };

/**
 * What the flags of apply come to, and the set that `--applyset` names.
 * @throws Error in kubectl's words for flags that do not go together; of several faults the one that upstream's kubectl sees first.
 */
export async function readApplyFlags(
  call: ApplyCall,
): Promise<{ readonly dryRun: DryRun; readonly deletion: DeleteQuery; readonly set: ApplySet | undefined }> {
  const { args, flags, changed, shell } = call;
  if (changed.has('applyset') && !gateIsOpen(shell.env)) throw new UsageError('unknown flag: --applyset');
  if (args.length > 0) throw new UsageError(`Unexpected args: [${args.join(' ')}]`, 'examples');
  const dryRun = dryRunOf(flags['dry-run']);
  const deletion = deletionOf(flags, dryRun, shell);
  if (!namesFiles(flags)) throw new Error('must specify one of -f and -k');
  const fieldValidation = fieldValidationOf(flags.validate);
  const warn = (text: string): void => logLine(shell, 'W', 'applyset.go:447', text);
  const set = flags.applyset ? await ApplySet.named(call.cluster, flags.applyset, { dryRun, fieldValidation, deletion, warn }) : undefined;
  const { 'prune-allowlist': allowlist } = flags;
  if (flags.prune && allowlist.length > 0) await allowedToPrune(call.cluster, allowlist);
  requireCompatible(flags, dryRun);
  await requirePrunable(flags, set);
  if (flags.subresource && !flags['server-side']) throw new Error('--subresource can only be specified for --server-side');
  return { dryRun, deletion, set };
}

/** How apply deletes. @throws Error for a cascade that is none. */
export function deletionOf(flags: Pick<ApplyFlags, 'cascade' | 'grace-period'>, dryRun: DryRun, shell: Pick<Shell, 'stderr'>): DeleteQuery {
  return {
    propagationPolicy: propagationOf(flags.cascade, shell),
    ...(flags['grace-period'] >= 0 ? { gracePeriodSeconds: flags['grace-period'] } : {}),
    ...(dryRun === 'server' ? { dryRun: true } : {}),
  };
}

function requireCompatible(flags: ApplyFlags, dryRun: DryRun): void {
  if (flags['server-side'] && dryRun === 'client')
    throw new Error("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
  if (flags.force && flags['server-side']) throw new Error('--force cannot be used with --server-side');
  if (flags['force-conflicts'] && !flags['server-side']) throw new Error('--force-conflicts only works with --server-side');
  if (flags.all && flags.selector !== '') throw new Error('cannot set --all and --selector at the same time');
}

async function requirePrunable(flags: ApplyFlags, set: ApplySet | undefined): Promise<void> {
  if (set && !flags.prune) throw new Error('--applyset requires --prune');
  await set?.requirePermitted();
  if (flags.force && flags.prune) throw new Error('--force cannot be used with --prune');
  if (set) return requireApplySetAlone(flags);
  requirePruneScope(flags);
  if (flags.prune && flags['server-side'])
    throw new Error("--prune is in alpha and doesn't currently work on objects created by server-side apply");
}
