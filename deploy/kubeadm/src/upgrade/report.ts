import { aligned } from '../table.ts';
import type { ClusterState, NodeState } from './state.ts';

const head = ['COMPONENT', 'NODE', 'CURRENT', 'TARGET'];

/** What `kubeadm upgrade plan` says of a cluster that could go to a version (`v1.36.0`). */
export function planText(state: Pick<ClusterState, 'server' | 'version' | 'nodes' | 'settings'>, target: string): string {
  const { server, version, nodes, settings } = state;
  const again = `The same version can be applied again: kubeadm upgrade apply ${target}\n`;
  if ([server, version, ...nodes.map((node) => node.version)].every((each) => each === target))
    return `Awesome, you're up-to-date! Enjoy!\n${again}`;
  const workers = nodes.filter((node) => !node.isControlPlane && node.version !== target);
  const first = workers.length === 0 ? [] : [manual, aligned([head, ...workers.map((node) => row('kubelet', node, target))])];
  const parts = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'];
  const controlPlanes = nodes.filter((node) => node.isControlPlane);
  const rows = parts.flatMap((part) => controlPlanes.map((node) => row(part, node, target)));
  const proxy = settings.kubeProxyDisabled ? [] : [['kube-proxy', '', server, target]];
  const series = `Upgrade to the latest version in the ${target.replace(/\.\d+$/, '')} series:\n`;
  return [
    ...first,
    series,
    aligned([head, ...rows, ...proxy]),
    `${apply}\n\n\tkubeadm upgrade apply ${target}\n\n${'_'.repeat(69)}\n`,
  ].join('\n');
}

const manual =
  "Components that must be upgraded manually after you have upgraded the control plane with 'kubeadm upgrade apply' (by kubeadm upgrade node):";
const apply = 'You can now apply the upgrade by executing the following command:';

function row(part: string, { name, version }: NodeState, target: string): string[] {
  return [part, name, version, target];
}
