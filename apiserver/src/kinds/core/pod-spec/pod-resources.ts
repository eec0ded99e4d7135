import {
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldUnsupported,
  formatQuantity,
  parseQuantity,
  podLimits,
  podRequests,
} from '@keelson/machinery';
import type { Pod, PodSpec, ResourceRequirements } from '@keelson/types';
import type { Report } from '../../report.ts';
import { isHugePages } from '../resource-names.ts';
import { checkAmounts } from './resources.ts';

const supported = ['cpu', 'hugepages-', 'memory'];

/** What the pod asks for and is held to as a whole: no less than its containers ask for together, no less than each is held to. */
export function checkPodResources(spec: PodSpec, at: FieldPath, report: Report): void {
  const { resources } = spec;
  if (!resources) return;
  if (spec.os?.name === 'windows') {
    report.forbidden(at, '', 'may not be set for a windows pod');
    return;
  }
  if (resources.claims) report.forbidden(at, 'claims', 'claims may not be set for Resources at pod-level');
  checkAmounts(resources, podResourceErrors, at, report);
  checkTogether(spec, resources, at, report);
  checkLimits(spec, resources, at, report);
}

function podResourceErrors(name: string, at: FieldPath): FieldError[] {
  return name === 'cpu' || name === 'memory' || isHugePages(name) ? [] : [fieldUnsupported(at, name, supported)];
}

/** Requests of everything the pod asks for, limits of pages alone: those are handed out for good. */
function checkTogether(
  { overhead: _overhead, resources: _resources, ...spec }: PodSpec,
  own: ResourceRequirements,
  at: FieldPath,
  report: Report,
): void {
  for (const [bound, of] of [
    ['requests', podRequests],
    ['limits', podLimits],
  ] as const)
    for (const [name, amount] of Object.entries(of({ spec } as Pod))) {
      const most = own[bound]?.[name];
      if (most === undefined || (bound === 'limits' && !isHugePages(name)) || compareQuantities(amount, parseQuantity(most)) <= 0) continue;
      report.invalid(
        at,
        `${bound}[${name}]`,
        most,
        `must be greater than or equal to aggregate container ${bound} of ${formatQuantity(amount)}`,
      );
    }
}

function checkLimits({ containers }: PodSpec, { limits }: ResourceRequirements, at: FieldPath, report: Report): void {
  for (const [index, { resources }] of containers.entries())
    for (const [name, limit] of Object.entries(resources?.limits ?? {})) {
      const most = limits?.[name];
      if (most !== undefined && compareQuantities(parseQuantity(limit), parseQuantity(most)) > 0)
        report.invalid(at, `containers[${index}][${name}].limits`, limit, `must be less than or equal to pod limits of ${most}`);
    }
}
