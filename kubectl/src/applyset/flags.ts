import type { FlagSpecs } from '../flags.ts';
import type { Shell } from '../types.ts';

const gate = 'KUBECTL_APPLYSET';

export const applySetFlag = {
  applyset: {
    type: 'string',
    // Help stands before the command line is run, and with it what it shows.
    hidden: !gateIsOpen(process.env),
    help: '[alpha] The name of the ApplySet that tracks which resources are being managed, for the purposes of determining what to prune. Live resources that are part of the ApplySet but have been removed from the provided configs will be deleted. Format: [RESOURCE][.GROUP]/NAME. A Secret will be used if no resource or group is specified.',
  },
} as const satisfies FlagSpecs;

/** Whether `--applyset` is there at all: `KUBECTL_APPLYSET=true`. */
export function gateIsOpen(env: Shell['env']): boolean {
  return env[gate]?.toLowerCase() === 'true';
}

/** @throws Error in kubectl's words when `--applyset` is given with what only the older pruning understands. */
export function requireApplySetAlone(flags: {
  readonly all: boolean;
  readonly selector: string;
  readonly 'prune-allowlist': readonly string[];
}): void {
  if (flags.all) throw new Error('--all is incompatible with --applyset');
  if (flags.selector !== '') throw new Error('--selector is incompatible with --applyset');
  if (flags['prune-allowlist'].length > 0) throw new Error('--prune-allowlist is incompatible with --applyset');
}
