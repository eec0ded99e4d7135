import { type FieldError, fieldInvalid, internalError, path } from '@keelson/machinery';
import type { Service } from '@keelson/types';
import type { AssignContext } from '../types.ts';

type Spec = Service['spec'];

/** Whether somebody outside asks at a node of its own whether the service is there. */
export function needsHealthCheck({ type, externalTrafficPolicy }: Spec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

/** Whether ports that name no node port are given one. */
export function allocatesNodePorts({ type, allocateLoadBalancerNodePorts }: Spec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

/** The node ports a service holds: a number is one service's, whatever its protocol, as upstream. */
export function portClaims(spec: Spec): string[] {
  const numbers = [...(spec.ports ?? []).map(({ nodePort }) => nodePort), spec.healthCheckNodePort];
  return [...new Set(numbers.filter((number) => number))].map((number) => claim(Number(number)));
}

function claim(port: number): string {
  return `nodePort/${port}`;
}

/** Gives ports the node ports they left open, and refuses those that others hold. @throws StatusError InternalError when none is left. */
export function assignNodePorts({ spec }: Service, old: Service | undefined, context: AssignContext): FieldError[] {
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return [];
  const ports = new Allocation(old, context);
  const errors: FieldError[] = [];
  for (const [index, { nodePort }] of (spec.ports ?? []).entries()) {
    const why = nodePort && ports.refusal(nodePort);
    if (why) errors.push(fieldInvalid(path('spec', 'ports').index(index).child('nodePort'), nodePort, why));
  }
  if (errors.length > 0) return errors;
  if (allocatesNodePorts(spec)) fillPorts(spec, ports);
  if (needsHealthCheck(spec)) {
    const why = spec.healthCheckNodePort && ports.refusal(spec.healthCheckNodePort);
    if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${spec.healthCheckNodePort}: ${why}`);
    spec.healthCheckNodePort ||= ports.next('HealthCheck NodePort');
  }
  return [];
}

/** One port for TCP and UDP has one node port for both. */
function fillPorts({ ports = [] }: Spec, allocation: Allocation): void {
  for (const port of ports) {
    const twin = ports.find((one) => one.port === port.port && one.protocol !== port.protocol && one.nodePort);
    port.nodePort ||= twin?.nodePort ?? allocation.next('nodePort');
  }
}

class Allocation {
  readonly #context: AssignContext;
  readonly #before: ReadonlySet<string>;
  readonly #own = new Set<string>();

  constructor(old: Service | undefined, context: AssignContext) {
    this.#context = context;
    this.#before = new Set(old ? portClaims(old.spec) : []);
  }

  /** Why a number cannot be had; taking it when it can. */
  refusal(port: number): string | undefined {
    const { nodePorts, isTaken } = this.#context;
    const { from, to } = nodePorts;
    if (this.#before.has(claim(port)) || this.#own.has(claim(port))) return undefined;
    if (port < from || port > to) return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`;
    if (isTaken(claim(port))) return 'provided port is already allocated';
    this.#own.add(claim(port));
    return undefined;
  }

  next(what: string): number {
    const { nodePorts, random, isTaken } = this.#context;
    const size = nodePorts.to - nodePorts.from + 1;
    const start = Math.floor(random.next() * size);
    for (let i = 0; i < size; i++) {
      const port = nodePorts.from + ((start + i) % size);
      if (this.#own.has(claim(port)) || this.#before.has(claim(port)) || isTaken(claim(port))) continue;
      this.#own.add(claim(port));
      return port;
    }
    throw internalError(`failed to allocate a ${what}: range is full`);
  }
}
