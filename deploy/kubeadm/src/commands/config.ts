import { Command } from 'commander';
import { stringify } from 'yaml';
import type { ClusterSettings } from '../machine.ts';
import { clusterConfiguration } from '../objects/config-maps.ts';
import { defaultNodeTokenGroup, tokenUsages } from '../objects/tokens.ts';
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
  controllerManagerExtraArgs: [],
};

/** `kubeadm config print init-defaults`. */
export function configCommand({ print }: CommandDeps): Command {
  const printing = new Command('print').description('Print configuration documents');
  printing.addCommand(
    new Command('init-defaults').description('Print what init makes when nothing is asked for').action(() => print(initDefaults())),
  );
  return new Command('config').description('Configuration documents').addCommand(printing);
}

function initDefaults(): string {
  const init = {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'InitConfiguration',
    bootstrapTokens: [{ groups: [defaultNodeTokenGroup], token: 'abcdef.0123456789abcdef', ttl: '24h0m0s', usages: tokenUsages }],
    localAPIEndpoint: { advertiseAddress: '1.2.3.4', bindPort: 6443 },
    nodeRegistration: { criSocket: '', name: 'node' },
  };
  return [init, clusterConfiguration(defaultSettings)].map((document) => stringify(document)).join('---\n');
}
