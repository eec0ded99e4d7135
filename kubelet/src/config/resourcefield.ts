import type { Container, Pod, ResourceFieldSelector } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { ConfigError } from './errors.ts';
import { bytes, milliCpu } from './quantity.ts';

/** What a container may use when it names no limit: the node's allocatable. */
export interface Allocatable {
  readonly milliCpu: number;
  readonly memoryBytes: number;
  readonly storageBytes: number;
}

/** The value of a downward API `resourceFieldRef`: whole units of `divisor`, rounded up. @throws ConfigError for unknown containers or resources. */
export function resourceField(pod: Pod, own: Container | undefined, field: ResourceFieldSelector, allocatable: Allocatable): string {
  const spec = podSpec(pod);
  const named = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].find((c) => c.name === field.containerName);
  const container = field.containerName ? named : own;
  if (!container) throw new ConfigError(`container ${field.containerName} not found`);
  const divisor = String(field.divisor ?? '0');
  const [kind, ...rest] = field.resource.split('.');
  const resource = rest.join('.');
  const quantities = kind === 'limits' ? container.resources?.limits : kind === 'requests' ? container.resources?.requests : undefined;
  const quantity = quantities?.[resource];
  if (resource === 'cpu') {
    const milli = quantity === undefined ? (kind === 'limits' ? allocatable.milliCpu : 0) : milliCpu(quantity);
    const unit = divisor === '0' ? 1000 : milliCpu(divisor);
    return String(Math.ceil(milli / unit));
  }
  if (kind !== 'limits' && kind !== 'requests') throw new ConfigError(`unsupported container resource : ${field.resource}`);
  const whole = { memory: allocatable.memoryBytes, 'ephemeral-storage': allocatable.storageBytes }[resource];
  const fallback = kind === 'limits' ? (whole ?? 0) : 0;
  const amount = quantity === undefined ? fallback : bytes(quantity);
  return String(Math.ceil(amount / (divisor === '0' ? 1 : bytes(divisor))));
}
