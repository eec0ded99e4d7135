import { Command } from 'commander';
import type { Documents } from '../config/documents.ts';
import { givenBeside, loadDocuments, toldOf } from '../config/load.ts';
import { ourPhases } from '../config/phases.ts';
import { applyOptions, diffOptions, planOptions, upgradeNodeOptions } from '../config/upgrade-options.ts';
import type { ApplyOptions, DiffOptions, PlanOptions, UpgradeNodeOptions, UpgradeOptions } from '../options.ts';
import { applyPhases, nodePhases, type UpgradePhase } from '../phases/upgrade.ts';
import { type CommandDeps, count, list, machineCommand, outputOption, patchesOption, truth } from './command.ts';
import { apply, diff, node, plan } from './upgrade-actions.ts';

const none: readonly string[] = [];
const printConfig = ['--print-config', "print the cluster's configuration, too", false] as const;

/** `kubeadm upgrade plan|apply|node|diff`. */
export function upgradeCommand(deps: CommandDeps): Command {
  return new Command('upgrade')
    .description('Bring a cluster to the version that came with this kubeadm')
    .addCommand(planCommand(deps))
    .addCommand(applyCommand(deps))
    .addCommand(nodeCommand(deps))
    .addCommand(diffCommand(deps));
}

function planCommand(deps: CommandDeps): Command {
  return onCluster('plan', 'Show what the cluster runs and what it could run')
    .argument('[version]', 'the version to go to (default: that of kubeadm)')
    .addOption(outputOption())
    .option(...printConfig)
    .action(async (version: string | undefined, flags: PlanOptions & Configured, command: Command) => {
      const tell = flags.output === 'text' ? deps.print : deps.warn;
      await plan(await asked<PlanOptions>({ ...flags, ...of(version) }, command, tell, planOptions), deps);
    });
}

function applyCommand(deps: CommandDeps): Command {
  return running('apply', 'Upgrade the cluster, beginning with this control plane', applyPhases)
    .argument('[version]', 'the version to go to')
    .option('-f, --force', 'go on although some requirements are not met, and do not ask', false)
    .option(...printConfig)
    .option('-y, --yes', 'do not ask', false)
    .action(async (version: string | undefined, flags: ApplyOptions & Configured, command: Command) =>
      apply(await asked<ApplyOptions>({ ...flags, ...of(version) }, command, deps.print, applyOptions), deps),
    );
}

function nodeCommand(deps: CommandDeps): Command {
  return running('node', 'Upgrade this machine of a cluster that was upgraded', nodePhases).action(
    async (flags: UpgradeNodeOptions & Configured, command: Command) =>
      node(await asked<UpgradeNodeOptions>(flags, command, deps.print, upgradeNodeOptions), deps),
  );
}

function diffCommand(deps: CommandDeps): Command {
  return onCluster('diff', 'Show what upgrading this machine would change of how its processes are started')
    .argument('[version]', 'the version to go to (default: that of kubeadm)')
    .option('-c, --context-lines <n>', 'lines shown around each change', count, 3)
    .action(async (version: string | undefined, flags: DiffOptions & Configured, command: Command) =>
      diff(await asked<DiffOptions>({ ...flags, ...of(version) }, command, deps.warn, diffOptions), deps),
    );
}

function of(version: string | undefined): { version?: string } {
  return version === undefined ? {} : { version };
}

function onCluster(name: string, description: string): Command {
  return machineCommand(name, description)
    .option('--config <file>', 'an UpgradeConfiguration of kubeadm.k8s.io/v1beta4 that says what these flags say')
    .option('--ignore-preflight-errors <name,…>', 'checks that may fail; all is every one', list, none);
}

function running(name: string, description: string, phases: readonly UpgradePhase[]): Command {
  const names = phases.map((phase) => phase.name).join(', ');
  return onCluster(name, description)
    .option('--certificate-renewal [yes]', 'make the certificates again', truth, true)
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .addOption(patchesOption())
    .option('--skip-phases <name,…>', `phases to leave out, of ${names}`, (text: string) => ourPhases(list(text)), none);
}

interface Configured {
  readonly config?: string;
}

/** Flags, or a file in their place. @param tell told what of the file has no effect */
async function asked<O extends UpgradeOptions>(
  flags: O & Configured,
  command: Command,
  tell: (text: string) => void,
  read: (flags: O, documents: Documents, given: ReadonlySet<string>) => O,
): Promise<O> {
  const given = givenBeside(command);
  if (flags.config === undefined) return flags;
  const documents = await loadDocuments(flags.config, { foreign: 'pass over' });
  const options = read(flags, documents, given);
  for (const line of toldOf(documents, ['upgrade'])) tell(`${line}\n`);
  return options;
}
