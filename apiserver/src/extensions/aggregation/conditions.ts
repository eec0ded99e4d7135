import { equal } from '@keelson/machinery';
import type { APIService, APIServiceCondition, EndpointSlice, Service } from '@keelson/types';
import { activeEndpoints, portOf, type ServiceReference } from './place.ts';

/** What is known of whether an APIService's server can be asked, in the terms of its condition `Available`. */
export type Verdict = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>;

export const local: Verdict = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
export const passed: Verdict = { status: 'True', reason: 'Passed', message: 'all checks passed' };

export function failedDiscovery(message: string): Verdict {
  return { status: 'False', reason: 'FailedDiscoveryCheck', message };
}

/** Why the server behind an APIService cannot be reached, as far as objects tell; undefined when it is worth a try. */
export function obstacle(
  { namespace, name, port }: ServiceReference,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Verdict | undefined {
  const named = `service/${name} in "${namespace}"`;
  const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
  if (!service) return no('ServiceNotFound', `${named} is not present`);
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const wanted = portOf(service, port);
  if (!wanted) return no('ServicePortError', `${named} is not listening on port ${port}`);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${named}`);
  if (activeEndpoints(slices, wanted.name ?? '').length > 0) return undefined;
  return no('MissingEndpoints', `endpointslices for ${named} have no addresses with port name "${wanted.name ?? ''}"`);
}

export function isAvailable({ status }: APIService): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Available' && condition.status === 'True') ?? false;
}

/** The conditions with `Available` as found; the same array where it says so already. Its transition time moves with its status only. */
export function withAvailable(conditions: readonly APIServiceCondition[], verdict: Verdict, now: string): readonly APIServiceCondition[] {
  const before = conditions.find(({ type }) => type === 'Available');
  const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now;
  const next: APIServiceCondition = { type: 'Available', ...verdict, lastTransitionTime };
  if (before && equal(before, next)) return conditions;
  return before ? conditions.map((condition) => (condition === before ? next : condition)) : [...conditions, next];
}
