import { Refusal } from '@keelson/deploy-local';
import type { Layout } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { readFacts } from './facts.ts';
import { problemsOf, renderFatal, sortProblems } from './plan.ts';

interface Checking {
  readonly ignored: readonly string[];
  readonly say: (line: string) => void;
}

const kubelet = 10_250;
const kubeProxy = 10_256;
const controllerManager = 10_257;
const scheduler = 10_259;

/** Looks for all that can be known to go wrong, before anything is changed. @throws Refusal with every problem that may not be ignored. */
export async function checkMachine(machine: Machine, layout: Layout, { ignored, say }: Checking): Promise<void> {
  const { nodeName, address, criSocket, role, bindPort, cluster } = machine;
  const isControlPlane = role === 'control-plane';
  const facts = await readFacts({
    ...{ layout, nodeName, criSocket, isControlPlane },
    address: address || undefined,
    ports: [...(isControlPlane ? [bindPort, controllerManager, scheduler] : []), kubelet, kubeProxy],
    etcdServers: isControlPlane ? cluster.etcdServers : [],
  });
  const { fatal, warnings } = sortProblems(problemsOf(facts), ignored);
  for (const { check, message } of warnings) say(`\t[WARNING ${check}]: ${message}`);
  if (fatal.length > 0) throw new Refusal(renderFatal(fatal));
}
