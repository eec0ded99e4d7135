import { clusterPaths, containerdPaths, surroundings as machineSurroundings } from '@keelson/deploy-local';
import { type Machine, machineLayout } from '../machine.ts';
import { flagsOf, kubeletDocument, kubeProxyDocument } from './documents.ts';
import { type Service, type Surroundings, servicesOf } from './plan.ts';

/** The processes that a machine should have. */
export async function servicesFor(machine: Machine): Promise<readonly Service[]> {
  return servicesOf(machine, machineLayout(machine), await surroundingsOf(machine));
}

async function surroundingsOf(machine: Machine): Promise<Surroundings> {
  const layout = machineLayout(machine);
  const paths = clusterPaths(layout.data);
  const { resolvConf } = await machineSurroundings();
  // Asked for here: no other command needs to know what the two are made of.
  const [kubelet, kubeProxy] = await Promise.all([import('@keelson/kubelet'), import('@keelson/kube-proxy')]);
  return {
    containerd: containerdPaths(paths.containerd).socket,
    cniConfDir: paths.cni,
    database: paths.database,
    kubeletFlags: flagsOf(kubeletDocument(machine, layout, resolvConf), kubelet.component.configKind),
    kubeProxyFlags: flagsOf(kubeProxyDocument(machine, layout), kubeProxy.component.configKind),
  };
}
