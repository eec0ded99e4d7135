import { nodeSuits, tolerates } from '@keelson/machinery';
import type { Container, Node, Pod } from '@keelson/types';
import { podSpec } from './containers.ts';
import { choosePreempted, isCritical } from './preemption.ts';
import { qosClass } from './qos.ts';
import { hostPorts, portsCollide, type Shortage, shortages } from './room.ts';
import { forbiddenSysctl, type SysctlAllowlist } from './sysctls.ts';

/** A pod that the node has been given, or that it has. */
export interface Candidate {
  readonly pod: Pod;
  /** The pod as what it has of the node: it may have been given other resources than it asks for. */
  occupied(): Pod;
  /** From the node's own manifests, not through the scheduler. */
  readonly isStatic: boolean;
  /** An earlier kubelet began to run it: labels and taints that came since do not end it. */
  readonly begun: boolean;
}

/** What a node is, for those who want to run on it. */
export interface AdmissionFacts {
  /** Undefined: nobody knows. */
  readonly node: Node | undefined;
  /** The conditions of the node that keep pods away, such as `MemoryPressure`. */
  readonly pressures: readonly string[];
  readonly sysctls: SysctlAllowlist;
  readonly appArmor: boolean;
}

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export interface Admission {
  readonly rejection?: Rejection;
  /** Who has to go for a pod that is taken. */
  readonly preempted: readonly Candidate[];
}

export const nodeAffinityReason = 'NodeAffinity';

/**
 * Whether a node takes a pod beside those it has admitted. The checks, their order, reasons and messages are those of Kubernetes' kubelet;
 * for a critical pod that only lacks resources, it also says who has to go.
 */
export function admit(candidate: Candidate, others: readonly Candidate[], facts: AdmissionFacts): Admission {
  const { pod } = candidate;
  const unfit = refusedOutright(candidate, facts) ?? systemRejection(pod, facts.node);
  if (unfit || !facts.node) return rejected(unfit ?? { reason: 'InvalidNodeInfo', message: 'Kubelet cannot get node info.' });
  const lacking = shortages(pod, others, facts.node);
  const misplaced = placeRejection(candidate, others, facts.node);
  const critical = isCritical(pod, candidate.isStatic);
  const [first] = lacking;
  if (first && !critical) return rejected(outOf(first));
  if (misplaced) return rejected(misplaced);
  const preempted = first ? preempt(candidate, others, lacking) : [];
  if (!preempted) return rejected({ reason: 'UnexpectedAdmissionError', message: noneToPreempt(lacking) });
  const confined = facts.appArmor ? undefined : appArmorRejection(pod);
  return confined ? rejected(confined) : { preempted };
}

/** Why a node does not take a pod, whatever else it has. */
export function refusedOutright(candidate: Candidate, facts: AdmissionFacts): Rejection | undefined {
  return underPressure(candidate, facts) ?? sysctlRejection(candidate.pod, facts);
}

function rejected(rejection: Rejection): Admission {
  return { rejection, preempted: [] };
}

/** A node that is short of something takes critical pods only; of memory alone, also those that ask for some. */
function underPressure({ pod, isStatic }: Candidate, { pressures }: AdmissionFacts): Rejection | undefined {
  if (pressures.length === 0 || isCritical(pod, isStatic)) return undefined;
  const onlyMemory = pressures.length === 1 && pressures[0] === 'MemoryPressure';
  const taint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' as const };
  if (onlyMemory && (qosClass(pod) !== 'BestEffort' || tolerates(podSpec(pod).tolerations ?? [], taint))) return undefined;
  return { reason: 'Evicted', message: `The node had condition: [${pressures.join(' ')}]. ` };
}

function sysctlRejection(pod: Pod, { sysctls }: AdmissionFacts): Rejection | undefined {
  const forbidden = forbiddenSysctl(pod, sysctls);
  return forbidden === undefined ? undefined : { reason: 'SysctlForbidden', message: `forbidden sysctl: ${forbidden}` };
}

function systemRejection(pod: Pod, node: Node | undefined): Rejection | undefined {
  const { os, securityContext } = podSpec(pod);
  const label = pod.metadata?.labels?.['kubernetes.io/os'];
  if (label !== undefined && label !== 'linux') {
    const message = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label";
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if (os && os.name !== 'linux')
    return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
  if (securityContext?.supplementalGroupsPolicy === 'Strict' && !node?.status?.features?.supplementalGroupsPolicy)
    return { reason: 'SupplementalGroupsPolicyNotSupported', message: 'SupplementalGroupsPolicy=Strict is not supported in this node' };
  return undefined;
}

/** The first of the reasons that have nothing to do with amounts. */
function placeRejection({ pod, isStatic, begun }: Candidate, others: readonly Candidate[], node: Node): Rejection | undefined {
  const spec = podSpec(pod);
  if (!begun && !nodeSuits(spec, node)) return failed(nodeAffinityReason, "node(s) didn't match Pod's node affinity/selector");
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return failed('NodeName', "node(s) didn't match the requested node name");
  const ports = hostPorts(pod);
  if (ports.length > 0 && others.some((other) => portsCollide(ports, hostPorts(other.pod))))
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  const evicting = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  if (!begun && !isStatic && evicting.some((taint) => !tolerates(spec.tolerations ?? [], taint)))
    return failed('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  return undefined;
}

function failed(predicate: string, why: string): Rejection {
  return { reason: predicate, message: `Predicate ${predicate} failed: ${why}` };
}

function outOf({ resource, requested, used, capacity }: Shortage): Rejection {
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message };
}

function preempt({ pod }: Candidate, others: readonly Candidate[], lacking: readonly Shortage[]) {
  const own = podSpec(pod).priority;
  const lower = (priority: number | undefined): boolean => own !== undefined && priority !== undefined && Number(priority) < Number(own);
  const weaker = others.filter((other) => !isCritical(other.pod, other.isStatic) || lower(podSpec(other.pod).priority));
  const chosen = choosePreempted(
    weaker.map((other) => other.pod),
    lacking,
  );
  return chosen && weaker.filter((other) => chosen.includes(other.pod));
}

function noneToPreempt(lacking: readonly Shortage[]): string {
  const list = lacking.map(({ resource, requested, used, capacity }) => `(res: ${resource}, q: ${requested - (capacity - used)}), `);
  return `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [${list.join('')}]`;
}

/** A pod that asks to be confined does not run where nothing confines it. */
function appArmorRejection(pod: Pod): Rejection | undefined {
  const spec = podSpec(pod);
  const confined = ({ securityContext }: Container): boolean => {
    const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    return profile !== undefined && profile.type !== 'Unconfined';
  };
  if (![...(spec.initContainers ?? []), ...(spec.containers ?? [])].some(confined)) return undefined;
  return { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
}
