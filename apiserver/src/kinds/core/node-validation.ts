import { type FieldError, type FieldPath, isLabelValue, isQualifiedName, parseCidr, path, repeats, validateCidr } from '@keelson/machinery';
import type { Node, Taint } from '@keelson/types';
import { Report } from '../report.ts';
import { resourceAmountErrors } from './resource-names.ts';

const spec = path('spec');
/** Taints stand in the spec; upstream tells of them as if they stood here. */
const taintsPath = path('metadata', 'taints');
const status = path('status');
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function nodeErrors(node: Node): FieldError[] {
  const report = new Report();
  const { taints, podCIDRs } = node.spec ?? {};
  if (taints) checkTaints(taints, report);
  if (podCIDRs?.length) checkRanges(podCIDRs, report);
  checkAmounts(node, report);
  return report.errors;
}

function checkTaints(taints: readonly Taint[], report: Report): void {
  const again = repeats(taints, ({ key, effect }) => `${key} ${effect}`);
  for (const [index, taint] of taints.entries()) {
    const at = taintsPath.index(index);
    checkTaint(taint, at, report);
    if (again.has(index))
      report.errors.push({ type: 'Duplicate', path: String(at), badValue: taint, detail: 'taints must be unique by key and effect pair' });
  }
}

function checkTaint(taint: Taint, at: FieldPath, report: Report): void {
  const { key = '', value = '', effect } = taint;
  report.problems(at, 'key', key, isQualifiedName(key));
  const problems = isLabelValue(value);
  if (problems.length > 0) report.invalid(at, 'value', value, problems.join(';'));
  if (!effect) report.required(at, 'effect');
  else if (!effects.includes(effect)) report.unsupported(at, 'effect', effect, effects);
}

function checkRanges(ranges: readonly string[], report: Report): void {
  const families = new Set<number>();
  for (const [index, range] of ranges.entries()) {
    report.add(validateCidr(range, spec.child('podCIDRs').index(index)));
    families.add(parseCidr(range)?.address.version ?? 0);
  }
  if (ranges.length > 1 && families.size < ranges.length)
    report.invalid(spec, 'podCIDRs', ranges, 'may specify no more than one CIDR for each IP family');
  for (const index of repeats(ranges)) report.duplicate(spec, `podCIDRs[${index}]`, ranges[index]);
}

function checkAmounts({ status: found }: Node, report: Report): void {
  for (const member of ['capacity', 'allocatable'] as const)
    for (const [name, amount] of Object.entries(found?.[member] ?? {})) {
      report.add(resourceAmountErrors(name, amount, status.child(member, name)));
    }
}

/** Where a node is, and which addresses its pods get, is said once. */
export function nodeUpdateErrors(next: Node, old: Node): FieldError[] {
  const report = new Report();
  const ranges = (node: Node): string => (node.spec?.podCIDRs ?? []).join();
  if (ranges(old) && ranges(next) !== ranges(old))
    report.forbidden(spec, 'podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  const [is, was] = [next.spec?.providerID ?? '', old.spec?.providerID ?? ''];
  if (was && is !== was) report.forbidden(spec, 'providerID', 'node updates may not change providerID except from "" to valid');
  return report.errors;
}

export function nodeStatusErrors(node: Node): FieldError[] {
  const report = new Report();
  const addresses = node.status?.addresses ?? [];
  for (const index of repeats(addresses, ({ type, address }) => `${type} ${address}`))
    report.duplicate(status, `addresses[${index}]`, addresses[index]);
  checkAmounts(node, report);
  return report.errors;
}
