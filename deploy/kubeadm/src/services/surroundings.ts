import { clusterPaths, containerdPaths, surroundings as machineSurroundings } from '@keelson/deploy-local';
import { type Machine, machineLayout } from '../machine.ts';
import { type Service, type Surroundings, servicesOf } from './plan.ts';

/** The processes that a machine should have. */
export async function servicesFor(machine: Machine): Promise<readonly Service[]> {
  return servicesOf(machine, machineLayout(machine), await surroundingsOf(machine));
}

async function surroundingsOf(machine: Machine): Promise<Surroundings> {
  const paths = clusterPaths(machineLayout(machine).data);
  const { resolvConf } = await machineSurroundings();
  return { resolvConf, containerd: containerdPaths(paths.containerd).socket, cniConfDir: paths.cni, database: paths.database };
}
