import {
  compareQuantities,
  type FieldError,
  type FieldPath,
  fieldUnsupported,
  formatQuantity,
  parseQuantity,
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
  if (resources.claims) report.forbidden(at, 'claims', 'claims cannot be set for Resources at pod-level');
  const before = report.errors.length;
  checkAmounts(resources, podResourceErrors, at, report);
  if (report.errors.length > before) return;
  checkRequests(spec, resources, at, report);
  checkLimits(spec, resources, at, report);
}

function podResourceErrors(name: string, at: FieldPath): FieldError[] {
  return name === 'cpu' || name === 'memory' || isHugePages(name) ? [] : [fieldUnsupported(at, name, supported)];
}

function checkRequests(
  { overhead: _overhead, resources: _resources, ...spec }: PodSpec,
  own: ResourceRequirements,
  at: FieldPath,
  report: Report,
): void {
  const together = podRequests({ spec } as Pod);
  for (const [name, amount] of Object.entries(together)) {
    const request = own.requests?.[name];
    if (request === undefined && !supportsPodLevel(name)) continue;
    if (compareQuantities(amount, parseQuantity(request ?? '0')) > 0)
      report.invalid(
        at,
        `requests[${name}]`,
        request ?? '0',
        `must be greater than or equal to aggregate container requests of ${formatQuantity(amount)}`,
      );
  }
}

function supportsPodLevel(name: string): boolean {
  return name === 'cpu' || name === 'memory' || isHugePages(name);
}

function checkLimits({ containers }: PodSpec, { limits }: ResourceRequirements, at: FieldPath, report: Report): void {
  for (const [index, { resources }] of containers.entries())
    for (const [name, limit] of Object.entries(resources?.limits ?? {})) {
      const most = limits?.[name];
      if (most !== undefined && compareQuantities(parseQuantity(limit), parseQuantity(most)) > 0)
        report.invalid(at, `containers[${index}][${name}].limits`, limit, `must be less than or equal to pod limits of ${most}`);
    }
}
