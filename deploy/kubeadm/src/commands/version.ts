import { versionInfo } from '@keelson/component';
import { toYaml } from '@keelson/machinery';
import { Command, Option } from 'commander';
import type { CommandDeps } from './command.ts';

/** `kubeadm version`. */
export function versionCommand({ print }: CommandDeps): Command {
  return new Command('version')
    .description('Print the version')
    .addOption(new Option('-o, --output <form>', 'how (default: one line)').choices(['short', 'json', 'yaml']))
    .action(({ output }: { output?: string }) => {
      const document = { clientVersion: versionInfo };
      if (output === 'short') return print(`${versionInfo.gitVersion}\n`);
      if (output === 'json') return print(`${JSON.stringify(document, null, 2)}\n`);
      if (output === 'yaml') return print(toYaml(document));
      return print(
        `kubeadm version: ${versionInfo.gitVersion}, Kubernetes ${versionInfo.major}.${versionInfo.minor}, ${versionInfo.platform}\n`,
      );
    });
}
