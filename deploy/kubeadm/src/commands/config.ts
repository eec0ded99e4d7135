import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { addonsNamed } from '@keelson/addons';
import { Refusal, usualValidity } from '@keelson/deploy-local';
import { generateToken } from '@keelson/pki';
import { Command } from 'commander';
import { initDefaults, joinDefaults, resetDefaults, upgradeDefaults } from '../config/defaults.ts';
import { loadDocuments, toldOf } from '../config/load.ts';
import { migrated } from '../config/migrate.ts';
import { validate } from '../config/validate.ts';
import { usualCertificatesDir } from '../layout.ts';
import type { ClusterSettings } from '../machine.ts';
import { kubeletConfig, kubeProxyConfig } from '../objects/config-maps.ts';
import { type OutputForm, rendered } from '../output.ts';
import { firstAddress } from '../preflight/facts.ts';
import { type CommandDeps, list, outputOption } from './command.ts';

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
  ...usualValidity,
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
  const printing = (name: string): Command =>
    new Command(`${name}-defaults`).description(`Print what kubeadm ${name} takes for unsaid, as a file for --config`);
  const withComponents = (name: string, document: () => string): Command =>
    printing(name)
      .option('--component-configs <kind,…>', `documents to print, too: ${Object.keys(componentDefaults).join(', ')}`, list, [])
      .action(({ componentConfigs }: { readonly componentConfigs: readonly string[] }) =>
        print([document(), ...componentConfigs.map(componentDefault)].join('---\n')),
      );
  return new Command('print')
    .description('Print configuration documents')
    .addCommand(withComponents('init', initDefaults))
    .addCommand(withComponents('join', joinDefaults))
    .addCommand(printing('reset').action(() => print(resetDefaults())))
    .addCommand(printing('upgrade').action(() => print(upgradeDefaults())));
}

const componentDefaults: Readonly<Record<string, () => string | undefined>> = {
  KubeProxyConfiguration: () => kubeProxyConfig(defaultSettings).data?.['config.conf'],
  KubeletConfiguration: () => kubeletConfig(defaultSettings).data?.kubelet,
};

function componentDefault(kind: string): string {
  const document = Object.hasOwn(componentDefaults, kind) ? componentDefaults[kind]?.() : undefined;
  if (document === undefined) throw new Refusal(`--component-configs: ${kind} is none of ${Object.keys(componentDefaults).join(', ')}`);
  return document;
}

function validateCommand({ print }: CommandDeps): Command {
  return new Command('validate')
    .description('Say what is wrong with a configuration file')
    .option('--config <file>', 'documents of kubeadm.k8s.io/v1beta4')
    .action(async ({ config }: { config?: string }) => {
      if (config === undefined) throw new Error('the --config flag is mandatory');
      const documents = await loadDocuments(config, { foreign: 'refuse' });
      validate(documents);
      for (const line of toldOf(documents, ['init', 'cluster', 'join', 'reset', 'upgrade', 'kubelet', 'kubeProxy'])) print(`${line}\n`);
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
    .addOption(outputOption())
    .action(({ output }: { readonly output: OutputForm }) => {
      const images = [...addonsNamed(defaultSettings.addons).map(({ image }) => image), pause];
      print(output === 'text' ? images.map((image) => `${image}\n`).join('') : rendered(output, 'Images', { images }));
    });
  return new Command('images').description('Images that a cluster needs').addCommand(listing);
}
