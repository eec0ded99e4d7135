import { clusterPaths, containerdPaths, surroundings as machineSurroundings, replaceFile } from '@keelson/deploy-local';
import { type Machine, machineLayout } from '../machine.ts';
import { filesOf } from './documents.ts';
import { type Service, servicesOf } from './plan.ts';

/** The processes that a machine should have. */
export function servicesFor(machine: Machine): readonly Service[] {
  const layout = machineLayout(machine);
  const paths = clusterPaths(layout.data);
  const { socket } = containerdPaths(paths.containerd);
  return servicesOf(machine, layout, { containerd: socket, cniConfDir: paths.cni, database: paths.database });
}

/** The files that a process of the machine is configured with, by their paths. */
export async function filesFor(service: string, machine: Machine): Promise<Readonly<Record<string, string>>> {
  const { resolvConf } = await machineSurroundings();
  return filesOf(service, machine, machineLayout(machine), resolvConf);
}

/** Writes them. */
export async function configure(service: string, machine: Machine): Promise<void> {
  for (const [path, content] of Object.entries(await filesFor(service, machine))) await replaceFile(path, content);
}
