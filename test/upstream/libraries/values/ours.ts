import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatFieldError,
  formatGoDuration,
  formatIp,
  formatQuantity,
  goQuote,
  humanDuration,
  isCIdentifier,
  isConfigMapKey,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isEnvVarName,
  isHttpHeaderName,
  isLabelKey,
  isLabelValue,
  isPathSegment,
  isPercent,
  isPortName,
  isRelaxedEnvVarName,
  isWildcardDNS1123Subdomain,
  labelSelectorMatcher,
  parseCidr,
  parseFieldSelector,
  parseGoDuration,
  parseIp,
  parseLabelSelector,
  parseQuantity,
  path,
  quantityMilliValue,
  quantityValue,
  rangeContains,
  scaledValue,
  subtractQuantities,
  validateAnnotations,
  validateFinalizers,
  validateFullyQualifiedDomainName,
} from '@keelson/machinery';
import type { LabelSelector } from '@keelson/types';

type Answer = (text: string) => string;

/** What of a text's name is wrong, in the order told. */
const checks: Readonly<Record<string, (text: string) => readonly string[]>> = {
  'label key': isLabelKey,
  'label value': isLabelValue,
  label: isDNS1123Label,
  subdomain: isDNS1123Subdomain,
  '1035 label': isDNS1035Label,
  wildcard: isWildcardDNS1123Subdomain,
  'C identifier': isCIdentifier,
  'port name': isPortName,
  percent: isPercent,
  header: isHttpHeaderName,
  environment: isEnvVarName,
  'relaxed environment': isRelaxedEnvVarName,
  'config key': isConfigMapKey,
  'path segment': isPathSegment,
  'path prefix': (text) => isPathSegment(text, true),
  'generated label': (text) => isDNS1123Label(text, true),
  'generated subdomain': (text) => isDNS1123Subdomain(text, true),
  'generated 1035 label': (text) => isDNS1035Label(text, true),
  annotation: (text) => validateAnnotations({ [text]: '' }, 'at').map(formatFieldError),
  finalizer: (text) => validateFinalizers([text], path('at'), false).map(formatFieldError),
  'qualified domain': (text) => validateFullyQualifiedDomainName(text, 'at').map(formatFieldError),
};

/** As upstream's program of the same name answers. */
export const ours: Readonly<Record<string, Answer>> = {
  'label selector': (text) => parseLabelSelector(text).toString(),
  'field selector': (text) => parseFieldSelector(text).toString(),
  'selector object': (text) => labelSelectorMatcher(JSON.parse(text) as LabelSelector | null).toString(),
  quantity: canonicalQuantity,
  amounts,
  scaled: (text) => {
    const [value = '', total, round] = text.split(' ');
    return String(scaledValue(JSON.parse(value) as number | string, Number(total), round as 'down' | 'up'));
  },
  duration: (text) => formatGoDuration(parseGoDuration(text)),
  age: (text) => humanDuration(Number(text) * 1000),
  address,
  range,
  quoted: goQuote,
  ...Object.fromEntries(Object.entries(checks).map(([kind, check]): [string, Answer] => [kind, (text) => check(text).join('; ')])),
};

function amounts(text: string): string {
  const [a, b] = text.split(' ').map(parseQuantity);
  if (!a || !b) return '';
  const texts = [addQuantities(a, b), subtractQuantities(a, b)].map(formatQuantity);
  return [...texts, compareQuantities(a, b), quantityValue(a), quantityMilliValue(a)].join(' ');
}

function address(text: string): string {
  const read = parseIp(text);
  if (!read) throw new Error('none');
  return formatIp(read);
}

function range(text: string): string {
  const read = parseCidr(text);
  if (!read) throw new Error('none');
  const { address: written, first, prefix } = read;
  return `${formatIp({ ...written, value: first })}/${prefix} ${rangeContains(read, written)} ${formatIp(written)}`;
}
