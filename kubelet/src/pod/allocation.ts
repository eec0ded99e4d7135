import { maxQuantity, parseQuantity, quantityMilliValue, quantityValue, podRequests as requestsOf } from '@keelson/machinery';
import type { Container, Pod, ResourceRequirements } from '@keelson/types';
import { sameQuantity } from '../config/quantity.ts';
import { podSpec } from './containers.ts';

/** The resources set aside for a pod on its node: those it was admitted with, or those of the last resize that was granted. */
export interface Allocation {
  /** Of the spec they were taken from. */
  readonly generation: number;
  readonly pod: ResourceRequirements | undefined;
  /** By container name. */
  readonly containers: Readonly<Record<string, ResourceRequirements>>;
}

/** Resources a pod asks for and was not granted, as its condition `PodResizePending` says. */
export interface PendingResize {
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
  readonly generation: number;
}

export interface Room {
  readonly milliCpu: number;
  readonly memoryBytes: number;
}

/** What can be resized of a pod's resources: nothing else of them can change. */
const resizable = ['cpu', 'memory'] as const;

export type Resizable = (typeof resizable)[number];

export function allocationOf(pod: Pod): Allocation {
  const { resources, containers = [], initContainers = [] } = podSpec(pod);
  const all = [...initContainers, ...containers].map((container) => [container.name, container.resources ?? {}] as const);
  return { generation: pod.metadata?.generation ?? 0, pod: resources, containers: Object.fromEntries(all) };
}

/** The pod as if it asked for just what is set aside for it. */
export function withAllocation(pod: Pod, allocation: Allocation): Pod {
  if (isAllocated(pod, allocation)) return pod;
  const given = (container: Container): Container => ({
    ...container,
    resources: allocation.containers[container.name] ?? container.resources,
  });
  const { resources: _, ...spec } = podSpec(pod);
  return {
    ...pod,
    spec: {
      ...spec,
      containers: (spec.containers ?? []).map(given),
      ...(spec.initContainers ? { initContainers: spec.initContainers.map(given) } : {}),
      ...(allocation.pod ? { resources: allocation.pod } : {}),
    },
  };
}

/** Whether the pod asks for nothing but what is set aside for it. */
export function isAllocated(pod: Pod, allocation: Allocation): boolean {
  const { pod: own, containers } = allocationOf(pod);
  return (
    changedResources(own, allocation.pod).length === 0 &&
    Object.entries(containers).every(([name, wanted]) => changedResources(wanted, allocation.containers[name] ?? wanted).length === 0)
  );
}

/** Which of cpu and memory differ, in request or limit. Amounts are compared, not their notation. */
export function changedResources(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): readonly Resizable[] {
  return resizable.filter((name) => {
    const same = (bound: 'requests' | 'limits'): boolean => {
      const [one, other] = [a?.[bound]?.[name], b?.[bound]?.[name]];
      return one === undefined || other === undefined ? one === other : sameQuantity(one, other);
    };
    return !same('requests') || !same('limits');
  });
}

/** Of two sets of resources the larger request of each: what a container occupies while it changes from one to the other. */
export function largerRequests(a: ResourceRequirements, b: ResourceRequirements): ResourceRequirements {
  const requests = { ...a.requests };
  for (const [name, amount] of Object.entries(b.requests ?? {})) {
    const other = requests[name];
    const larger = other === undefined || maxQuantity(parseQuantity(other), parseQuantity(amount)).nanos > parseQuantity(other).nanos;
    if (larger) requests[name] = amount;
  }
  return { ...a, requests };
}

/**
 * Whether a pod can have what it now asks for: not if the node could not hold it alone (`Infeasible`), later if it only lacks room beside
 * what `others` occupy (`Deferred`). Messages are Kubernetes' own.
 */
export function decideResize(desired: Pod, others: readonly Pod[], room: Room): PendingResize | undefined {
  const wanted = amounts(desired);
  const generation = desired.metadata?.generation ?? 0;
  const used = others.map(amounts).reduce((sum, each) => ({ cpu: sum.cpu + each.cpu, memory: sum.memory + each.memory }), nothing);
  const capacity = { cpu: room.milliCpu, memory: room.memoryBytes };
  const tooLarge = (['memory', 'cpu'] as const).find((name) => wanted[name] > capacity[name]);
  if (tooLarge) {
    const message = `Node didn't have enough capacity: ${tooLarge}, requested: ${wanted[tooLarge]}, capacity: ${capacity[tooLarge]}`;
    return { reason: 'Infeasible', message, generation };
  }
  const short = resizable.find((name) => wanted[name] > 0 && wanted[name] + used[name] > capacity[name]);
  if (!short) return undefined;
  const message = `Node didn't have enough resource: ${short}, requested: ${wanted[short]}, used: ${used[short]}, capacity: ${capacity[short]}`;
  return { reason: 'Deferred', message, generation };
}

const nothing = { cpu: 0, memory: 0 };

function amounts(pod: Pod): { readonly cpu: number; readonly memory: number } {
  const { cpu, memory } = requestsOf(pod);
  return { cpu: cpu ? quantityMilliValue(cpu) : 0, memory: memory ? quantityValue(memory) : 0 };
}

/** Whether a pod asks for more than is set aside for it: the other resizes always succeed. */
export function asksForMore(desired: Pod, allocation: Allocation): boolean {
  const [wanted, present] = [amounts(desired), amounts(withAllocation(desired, allocation))];
  return wanted.cpu > present.cpu || wanted.memory > present.memory;
}
