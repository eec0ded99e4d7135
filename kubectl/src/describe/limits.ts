import { canonicalQuantity, compareStrings, formatLabelSelector, formatQuantity, parseQuantity, quantityValue } from '@keelson/machinery';
import type { LimitRange, LimitRangeItem, PodDisruptionBudget, PriorityClass, ResourceQuota } from '@keelson/types';
import { field, flat, type Lines, tableLines } from './lines.ts';

/** What pods a scope means, in upstream's words. */
const scopeTexts: Readonly<Record<string, string>> = {
  Terminating:
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  NotTerminating:
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  BestEffort: 'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  NotBestEffort:
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
};

/** The scopes of a quota, each with what it means. @param indent before the scopes' names; `bullet` before their meanings. */
function scopeLines({ spec }: ResourceQuota, indent: string, bullet: string): Lines {
  const scopes = (spec?.scopes ?? []).toSorted(compareStrings);
  if (scopes.length === 0) return [];
  const texts = scopes.flatMap((scope) => scopeTexts[scope] ?? []);
  return [`${indent}Scopes:\t${scopes.join(', ')}`, ...texts.map((text) => `${bullet}* ${text}`)];
}

/** @param taken how it is written what is taken of an amount. */
function amountRows({ status }: ResourceQuota, indent: string, taken: (used: string, hard: string) => string): Lines {
  const { hard = {}, used = {} } = status ?? {};
  return Object.keys(hard)
    .sort(compareStrings)
    .map((name) => [name, hard[name] ?? '0'] as const)
    .map(([name, whole]) => `${indent}${name}\t${taken(used[name] ?? '0', whole)}\t${canonicalQuantity(whole)}`);
}

/** In whole numbers of the form that the amount itself is written in. */
function alike(used: string, hard: string): string {
  const [amount, { format }] = [parseQuantity(used), parseQuantity(hard)];
  return amount.format === format
    ? formatQuantity(amount)
    : formatQuantity({ nanos: BigInt(quantityValue(amount)) * 1_000_000_000n, format });
}

/** What a quota allows of each resource and how much of it is taken. */
export function quotaLines(quota: ResourceQuota): Lines {
  return [
    field(0, 'Name', quota.metadata.name),
    field(0, 'Namespace', quota.metadata.namespace),
    ...scopeLines(quota, '', ' '),
    'Resource\tUsed\tHard',
    '--------\t----\t----',
    ...amountRows(quota, '', alike),
  ];
}

/** The quotas of a namespace, as its description has them. */
export function quotasLines(quotas: readonly ResourceQuota[]): Lines {
  if (quotas.length === 0) return ['', 'No resource quota.'];
  const each = quotas.flatMap((quota) => [
    `  Name:\t${quota.metadata.name}`,
    ...scopeLines(quota, '  ', '  '),
    '  Resource\tUsed\tHard',
    '  --------\t---\t---',
    ...amountRows(quota, '  ', canonicalQuantity),
  ]);
  return ['', 'Resource Quotas', ...each];
}

const rangeTitles = ['Type', 'Resource', 'Min', 'Max', 'Default Request', 'Default Limit', 'Max Limit/Request Ratio'];

function rangeTable(items: readonly LimitRangeItem[], indent: string): Lines {
  return tableLines(0, rangeTitles, items.flatMap(rangeRows)).map((line) => indent + line);
}

/** One row for each resource that an item bounds. */
function rangeRows({
  type,
  min = {},
  max = {},
  defaultRequest = {},
  default: defaultLimit = {},
  maxLimitRequestRatio = {},
}: LimitRangeItem): string[][] {
  const columns = [min, max, defaultRequest, defaultLimit, maxLimitRequestRatio];
  const names = [...new Set(columns.flatMap((column) => Object.keys(column)))].sort(compareStrings);
  return names.map((name) => [
    type,
    name,
    ...columns.map((column) => {
      const amount = column[name];
      return amount === undefined ? '-' : canonicalQuantity(amount);
    }),
  ]);
}

export function limitRangeLines({ metadata, spec }: LimitRange): Lines {
  return [field(0, 'Name', metadata.name), field(0, 'Namespace', metadata.namespace), ...rangeTable(spec?.limits ?? [], '')];
}

/** The limit ranges of a namespace, as its description has them. */
export function limitRangesLines(ranges: readonly LimitRange[]): Lines {
  if (ranges.length === 0) return ['', 'No LimitRange resource.'];
  return [
    '',
    'Resource Limits',
    ...rangeTable(
      ranges.flatMap(({ spec }) => spec?.limits ?? []),
      ' ',
    ),
  ];
}

export function budgetLines({ metadata, spec, status }: PodDisruptionBudget): Lines {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {};
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Namespace', metadata.namespace),
    ...(minAvailable === undefined ? [] : [field(0, 'Min available', minAvailable)]),
    ...(minAvailable === undefined && maxUnavailable !== undefined ? [field(0, 'Max unavailable', maxUnavailable)] : []),
    field(0, 'Selector', spec?.selector ? formatLabelSelector(spec.selector) : '<unset>'),
    'Status:',
    field(2, 'Allowed disruptions', disruptionsAllowed),
    field(2, 'Current', currentHealthy),
    field(2, 'Desired', desiredHealthy),
    field(2, 'Total', expectedPods),
  ];
}

export function priorityClassLines({ metadata, value, globalDefault, preemptionPolicy, description }: PriorityClass): Lines {
  return [
    field(0, 'Name', metadata.name),
    field(0, 'Value', value),
    field(0, 'GlobalDefault', globalDefault ?? false),
    field(0, 'PreemptionPolicy', preemptionPolicy),
    field(0, 'Description', description),
    field(0, 'Annotations', flat(metadata.annotations)),
  ];
}
