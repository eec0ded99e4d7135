import type { ApplyOptions, DiffOptions, PlanOptions, UpgradeNodeOptions } from '../options.ts';
import type { Documents } from './documents.ts';
import { checkAbsolute, Problems } from './fields.ts';
import type { UpgradeForm, UpgradeNodeForm } from './forms.ts';
import { chosen } from './node-options.ts';
import { documentPhases } from './phases.ts';

/*
 * What the commands of an upgrade are asked for by a file, on top of flags that go with one. A version on the command line goes before, and
 * phases to leave out; checks to be passed over are added up. Errors name every field whose value cannot be.
 */

/** @throws Error */
export function planOptions(flags: PlanOptions, documents: Documents): PlanOptions {
  const { kubernetesVersion, ignorePreflightErrors = [], printConfig } = formOf(documents).plan ?? {};
  return {
    ...flags,
    ...chosen({ version: flags.version ?? kubernetesVersion }),
    ignorePreflightErrors: [...flags.ignorePreflightErrors, ...ignorePreflightErrors],
    printConfig: flags.printConfig || printConfig === true,
  };
}

/** @throws Error */
export function diffOptions(flags: DiffOptions, documents: Documents): DiffOptions {
  const { kubernetesVersion, contextLines } = formOf(documents).diff ?? {};
  const problems = new Problems();
  if (contextLines !== undefined && contextLines < 0)
    problems.invalid('diff.contextLines', contextLines, 'must be greater than or equal to 0');
  problems.refuse();
  return { ...flags, ...chosen({ version: flags.version ?? kubernetesVersion, contextLines: contextLines || undefined }) };
}

/** @throws Error */
export function upgradeNodeOptions(flags: UpgradeNodeOptions, documents: Documents, given: ReadonlySet<string>): UpgradeNodeOptions {
  return running(flags, formOf(documents).node ?? {}, given);
}

/** @throws Error */
export function applyOptions(flags: ApplyOptions, documents: Documents, given: ReadonlySet<string>): ApplyOptions {
  const { kubernetesVersion, forceUpgrade, printConfig, ...form } = formOf(documents).apply ?? {};
  return {
    ...running(flags, form, given),
    ...chosen({ version: flags.version ?? kubernetesVersion }),
    force: flags.force || forceUpgrade === true,
    printConfig: flags.printConfig || printConfig === true,
  };
}

function running<O extends UpgradeNodeOptions>(flags: O, form: UpgradeNodeForm, given: ReadonlySet<string>): O {
  const { certificateRenewal, dryRun, ignorePreflightErrors = [], patches, skipPhases = [] } = form;
  const problems = new Problems();
  checkAbsolute(patches?.directory, 'patches.directory', problems);
  problems.refuse();
  return {
    ...flags,
    ...chosen({ patches: patches?.directory }),
    certificateRenewal: certificateRenewal ?? flags.certificateRenewal,
    dryRun: flags.dryRun || dryRun === true,
    ignorePreflightErrors: [...flags.ignorePreflightErrors, ...ignorePreflightErrors],
    skipPhases: given.has('skipPhases') ? flags.skipPhases : documentPhases(skipPhases),
  };
}

/** Other documents of kubeadm may stand there without one: they are passed over, and upgrades go as usual. */
function formOf({ upgrade, all }: Documents): UpgradeForm {
  if (!upgrade && !all.some(({ kind }) => kind.startsWith('kubeadm.k8s.io/'))) {
    throw new Error('no UpgradeConfiguration found in the supplied config');
  }
  return upgrade ?? {};
}
