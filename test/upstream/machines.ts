import { join } from 'node:path';
import { importImages } from '@keelson/deploy-images';
import { joinArguments } from '../e2e/machines/cluster.ts';
import type { Lab, Machine } from '../e2e/machines/lab.ts';

/** A control plane on the lab's first machine, which the others join. Pods may run on all of them. */
export async function startCluster({ machines: [first, ...others] }: Lab): Promise<Machine> {
  if (!first) throw new Error('a cluster needs a machine');
  const words = joinArguments(await first.must('init'));
  await Promise.all(others.map((machine) => machine.must(...words)));
  await first.kubectl('taint', 'node', first.name, 'node-role.kubernetes.io/control-plane-');
  return first;
}

/** Puts archives of images on every machine. */
export async function loadImages({ machines }: Lab, archives: readonly string[]): Promise<void> {
  for (const { root } of machines) await importImages(join(root, 'var/lib/keelson/containerd/containerd.sock'), archives);
}
