import { createInterface } from 'node:readline/promises';
import { Refusal } from '@keelson/deploy-local';
import type { Command } from 'commander';
import { layoutOf } from '../layout.ts';
import { loadMachine, machineLayout } from '../machine.ts';
import { removeMachine } from '../remove.ts';
import { serviceHost } from '../services/host.ts';
import { type CommandDeps, machineCommand } from './command.ts';

interface ResetOptions {
  readonly root: string;
  readonly criSocket: string;
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** `kubeadm reset`. */
export function resetCommand(deps: CommandDeps): Command {
  return machineCommand('reset', 'Undo what init or join made on this machine')
    .option('--cri-socket <endpoint>', 'container runtime of the machine (default: the one it was set up with)', '')
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .option('-f, --force', 'do not ask', false)
    .action((options: ResetOptions) => reset(options, deps));
}

async function reset({ root, criSocket, dryRun, force }: ResetOptions, { clock, print }: CommandDeps): Promise<void> {
  const machine = await loadMachine(root);
  const layout = machine ? machineLayout(machine) : layoutOf(root);
  const what = machine ? `node ${machine.nodeName}` : 'what is left of a node';
  if (dryRun) return print(`[dry-run] would stop and remove ${what}, and all files of Kubernetes below ${root}\n`);
  if (process.getuid?.() !== 0) throw new Refusal('user is not running as root: use sudo');
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

async function agreed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
