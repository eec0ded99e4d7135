import { Refusal } from '@keelson/deploy-local';
import type { Command } from 'commander';
import { givenBeside, loadDocuments, toldOf } from '../config/load.ts';
import { resetOptions } from '../config/reset-options.ts';
import { layoutOf } from '../layout.ts';
import { loadMachine, machineLayout } from '../machine.ts';
import type { ResetOptions } from '../options.ts';
import { removeMachine } from '../remove.ts';
import { serviceHost } from '../services/host.ts';
import { absolute, agreed, type CommandDeps, list, machineCommand } from './command.ts';

const none: readonly string[] = [];

/** `kubeadm reset`. */
export function resetCommand(deps: CommandDeps): Command {
  return machineCommand('reset', 'Undo what init or join made on this machine')
    .option('--cert-dir <dir>', 'directory of the certificates (default: that of the machine)', absolute)
    .option('--config <file>', 'a ResetConfiguration of kubeadm.k8s.io/v1beta4 that says what these flags say')
    .option('--cri-socket <endpoint>', 'container runtime of the machine (default: the one it was set up with)', '')
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .option('-f, --force', 'do not ask', false)
    .option('--ignore-preflight-errors <name,…>', 'checks that may fail: IsPrivilegedUser, or all', list, none)
    .action((options: ResetFlags, command: Command) => resetAsAsked(options, command, deps));
}

interface ResetFlags extends ResetOptions {
  readonly config?: string;
}

/** Flags, or a file in their place. */
async function resetAsAsked(flags: ResetFlags, command: Command, deps: CommandDeps): Promise<void> {
  givenBeside(command);
  if (flags.config === undefined) return reset(flags, deps);
  const documents = await loadDocuments(flags.config, { foreign: 'pass over' });
  const options = resetOptions(flags, documents);
  for (const line of toldOf(documents, ['reset'])) deps.print(`${line}\n`);
  await reset(options, deps);
}

async function reset(options: ResetOptions, { clock, print }: CommandDeps): Promise<void> {
  const { root, certDir, criSocket, dryRun, force } = options;
  const machine = await loadMachine(root);
  const layout = machine && certDir === undefined ? machineLayout(machine) : layoutOf(root, certDir);
  const what = machine ? `node ${machine.nodeName}` : 'what is left of a node';
  if (dryRun)
    return print(`[dry-run] would stop and remove ${what}, its certificates in ${layout.pki}, and all files of Kubernetes below ${root}\n`);
  checkUser(options);
  if (!force && !(await agreed(`This stops ${what} and removes its pods and all files of Kubernetes below ${root}. Go on? [y/N]: `))) {
    throw new Refusal('nothing was changed');
  }
  await removeMachine(
    { root, criSocket: criSocket || (machine?.criSocket ?? '') },
    layout,
    await serviceHost(root, layout.data, clock),
    clock,
  );
  print('[reset] this machine is no longer part of a cluster\n');
  if (machine) print(`[reset] its Node object stays, if the cluster does: kubectl delete node ${machine.nodeName}\n`);
  if (machine?.role === 'control-plane' && machine.cluster.etcdServers.length > 0) print('[reset] the objects in etcd stay\n');
}

function checkUser({ ignorePreflightErrors }: ResetOptions): void {
  const ignored = ignorePreflightErrors.some((name) => ['all', 'isprivilegeduser'].includes(name.toLowerCase()));
  if (process.getuid?.() !== 0 && !ignored) throw new Refusal('user is not running as root: use sudo');
}
