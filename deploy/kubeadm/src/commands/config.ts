import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { addonsNamed } from '@keelson/addons';
import { generateToken } from '@keelson/pki';
import { Command } from 'commander';
import { initDefaults, joinDefaults } from '../config/defaults.ts';
import { loadDocuments, toldOf } from '../config/load.ts';
import { migrated } from '../config/migrate.ts';
import { validate } from '../config/validate.ts';
import { usualCertificatesDir } from '../layout.ts';
import type { ClusterSettings } from '../machine.ts';
import { firstAddress } from '../preflight/facts.ts';
import type { CommandDeps } from './command.ts';

/** What init makes when nothing is asked for. */
export const defaultSettings: ClusterSettings = {
  clusterName: 'kubernetes',
  controlPlaneEndpoint: '',
  podSubnet: '10.244.0.0/16',
  serviceSubnet: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  etcdServers: [],
  etcdTls: false,
  overlay: false,
  addons: ['dns'],
  apiServerExtraArgs: [],
  controllerManagerExtraArgs: [],
  schedulerExtraArgs: [],
  apiServerCertSans: [],
  certificatesDir: usualCertificatesDir,
  kubeProxyDisabled: false,
};

/** `kubeadm config print|validate|migrate|images`. */
export function configCommand(deps: CommandDeps): Command {
  return new Command('config')
    .description('Configuration documents')
    .addCommand(printCommand(deps))
    .addCommand(validateCommand(deps))
    .addCommand(migrateCommand(deps))
    .addCommand(imagesCommand(deps));
}

function printCommand({ print }: CommandDeps): Command {
  return new Command('print')
    .description('Print configuration documents')
    .addCommand(new Command('init-defaults').description('Print documents for kubeadm init').action(() => print(initDefaults())))
    .addCommand(new Command('join-defaults').description('Print a document for kubeadm join').action(() => print(joinDefaults())));
}

function validateCommand({ print }: CommandDeps): Command {
  return new Command('validate')
    .description('Say what is wrong with a configuration file')
    .option('--config <file>', 'documents of kubeadm.k8s.io/v1beta4')
    .action(async ({ config }: { config?: string }) => {
      if (config === undefined) throw new Error('the --config flag is mandatory');
      const documents = await loadDocuments(config, { foreign: 'refuse' });
      validate(documents);
      for (const line of toldOf(documents, ['init', 'cluster', 'join', 'reset', 'kubelet', 'kubeProxy'])) print(`${line}\n`);
      print('ok\n');
    });
}

function migrateCommand({ print, random }: CommandDeps): Command {
  return new Command('migrate')
    .description("Write a configuration file again, in the newest version of kubeadm's documents and with all defaults")
    .option('--old-config <file>', 'documents of kubeadm.k8s.io/v1beta3 or v1beta4')
    .option('--new-config <file>', 'where to write (default: standard output)')
    .action(async ({ oldConfig, newConfig }: { oldConfig?: string; newConfig?: string }) => {
      if (oldConfig === undefined) throw new Error('the --old-config flag is mandatory');
      const documents = await loadDocuments(oldConfig, { foreign: 'refuse' });
      validate(documents);
      const here = { nodeName: hostname().toLowerCase(), address: await firstAddress(), token: () => generateToken(random) };
      const text = migrated(documents, here);
      if (newConfig === undefined) return print(text);
      await writeFile(newConfig, text).catch((error: NodeJS.ErrnoException) => {
        throw new Error(`failed to write the new configuration to the file "${newConfig}": ${error.message}`);
      });
    });
}

/** The sandbox of every pod. */
const pause = 'registry.k8s.io/pause:3.10.2';

function imagesCommand({ print }: CommandDeps): Command {
  const listing = new Command('list')
    .description('Print the images of what a new cluster runs as pods; the rest are processes of the machine')
    .action(() => print([...addonsNamed(defaultSettings.addons).map(({ image }) => image), pause].map((image) => `${image}\n`).join('')));
  return new Command('images').description('Images that a cluster needs').addCommand(listing);
}
