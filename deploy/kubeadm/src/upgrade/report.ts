import { kubernetesVersion } from '../objects/config-maps.ts';
import { aligned } from '../table.ts';
import type { ClusterState, NodeState } from './state.ts';

/** One process, with the node it is on where each has its own. */
interface Component {
  readonly name: string;
  readonly currentVersion: string;
  readonly newVersion: string;
  readonly nodeName?: string;
}

interface ConfigVersion {
  readonly group: string;
  /** Empty: the cluster has no such document. */
  readonly currentVersion: string;
  readonly preferredVersion: string;
  readonly manualUpgradeRequired: boolean;
}

/** What `kubeadm upgrade plan` says, in the shape of upstream's kind UpgradePlan. */
export interface UpgradePlan {
  /** Absent: everything is where it could go. */
  readonly availableUpgrades?: readonly { readonly description: string; readonly components: readonly Component[] }[];
  readonly configVersions: readonly ConfigVersion[];
}

type State = Pick<ClusterState, 'server' | 'version' | 'nodes' | 'settings' | 'documents'>;

/** What would change in a cluster that goes to a version (`v1.36.0`). Upstream prints no plan where nothing would; this one says so. */
export function upgradePlan({ server, version, nodes, settings, documents }: State, target: string): UpgradePlan {
  const { kubeProxyConfiguration, kubeletConfiguration } = documents;
  const configVersions = [
    configVersion('kubeproxy.config.k8s.io', 'v1alpha1', kubeProxyConfiguration),
    configVersion('kubelet.config.k8s.io', 'v1beta1', kubeletConfiguration),
  ];
  if ([server, version, ...nodes.map((node) => node.version)].every((each) => each === target)) return { configVersions };
  const onNode = (name: string, node: NodeState): Component => component(name, node.version, target, node.name);
  const controlPlanes = nodes.filter((node) => node.isControlPlane);
  const components = [
    ...nodes.filter((node) => !node.isControlPlane && node.version !== target).map((node) => onNode('kubelet', node)),
    ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'].flatMap((name) =>
      controlPlanes.map((node) => onNode(name, node)),
    ),
    ...(settings.kubeProxyDisabled ? [] : [component('kube-proxy', server, target)]),
    component('kubeadm', kubernetesVersion, target),
  ];
  return { availableUpgrades: [{ description: `version in the ${target.replace(/\.\d+$/, '')} series`, components }], configVersions };
}

function component(name: string, currentVersion: string, newVersion: string, nodeName?: string): Component {
  return { name, currentVersion, newVersion, ...(nodeName === undefined ? {} : { nodeName }) };
}

function configVersion(group: string, preferredVersion: string, document: { readonly apiVersion?: unknown } = {}): ConfigVersion {
  const currentVersion = String(document.apiVersion ?? '').replace(/^.*\//, '');
  return { group, currentVersion, preferredVersion, manualUpgradeRequired: currentVersion !== '' && currentVersion !== preferredVersion };
}

const head = ['COMPONENT', 'NODE', 'CURRENT', 'TARGET'];

/** A plan for people. @param target the version it is for */
export function planText({ availableUpgrades: [upgrade] = [] }: UpgradePlan, target: string): string {
  if (!upgrade) return `Awesome, you're up-to-date! Enjoy!\nThe same version can be applied again: kubeadm upgrade apply ${target}\n`;
  const controlPlanes = upgrade.components.filter(({ name }) => name === 'kube-apiserver').map(({ nodeName }) => nodeName);
  const isManual = ({ name, nodeName }: Component): boolean => name === 'kubelet' && !controlPlanes.includes(nodeName);
  const workers = upgrade.components.filter(isManual);
  const others = upgrade.components.filter((each) => !isManual(each) && each.name !== 'kubeadm');
  return [
    ...(workers.length === 0 ? [] : [manual, aligned([head, ...workers.map(row)])]),
    `Upgrade to the latest ${upgrade.description}:\n`,
    aligned([head, ...others.map(row)]),
    `${apply}\n\n\tkubeadm upgrade apply ${target}\n\n${'_'.repeat(69)}\n`,
  ].join('\n');
}

const manual =
  "Components that must be upgraded manually after you have upgraded the control plane with 'kubeadm upgrade apply' (by kubeadm upgrade node):";
const apply = 'You can now apply the upgrade by executing the following command:';

function row({ name, nodeName = '', currentVersion, newVersion }: Component): string[] {
  return [name, nodeName, currentVersion, newVersion];
}
