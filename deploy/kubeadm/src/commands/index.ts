import { Command } from 'commander';
import { certsCommand } from './certs.ts';
import type { CommandDeps } from './command.ts';
import { configCommand } from './config.ts';
import { initCommand } from './init.ts';
import { joinCommand } from './join.ts';
import { kubeconfigCommand } from './kubeconfig.ts';
import { resetCommand } from './reset.ts';
import { tokenCommand } from './token.ts';
import { upgradeCommand } from './upgrade.ts';
import { versionCommand } from './version.ts';

/** THE list of commands. */
const commands = [
  ...[initCommand, joinCommand, tokenCommand, certsCommand, kubeconfigCommand, resetCommand, upgradeCommand, versionCommand, configCommand],
] as const;

export function program(deps: CommandDeps): Command {
  // An option belongs to the command it stands behind.
  const root = new Command('kubeadm').description('Make machines into a cluster').helpCommand(false).enablePositionalOptions();
  for (const make of commands) root.addCommand(make(deps));
  return root;
}
