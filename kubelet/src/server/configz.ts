import { formatGoDuration } from '@keelson/base';
import { configKind } from '../config-file.ts';

/** What `/configz` shows: Kubernetes' KubeletConfiguration, as far as it has our flags, from the values they have. */
export function kubeletConfiguration(values: Readonly<Record<string, unknown>>): object {
  const shown = {};
  for (const [path, target] of Object.entries(configKind.fields)) {
    const flag = typeof target === 'string' ? target : target.flag;
    if (values[flag] !== undefined && values[flag] !== '') put(shown, path.split('.'), structured(flag, values[flag]));
  }
  return shown;
}

function put(into: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const inner = { ...(into[first] as Record<string, unknown> | undefined) };
  put(inner, rest, value);
  into[first] = inner;
}

/** Flags write as text what the configuration has as objects. */
function structured(flag: string, value: unknown): unknown {
  if (flag === 'runtime-request-timeout' || flag === 'eviction-pressure-transition-period') return formatGoDuration(Number(value));
  if (flag === 'eviction-hard' || flag === 'eviction-soft')
    return Object.fromEntries(split(String(value), ',').map((each) => split(each, '<')));
  if (flag === 'eviction-soft-grace-period' || flag === 'eviction-minimum-reclaim')
    return Object.fromEntries(split(String(value), ',').map((each) => split(each, '=')));
  if (flag === 'kube-reserved' || flag === 'system-reserved')
    return Object.fromEntries((value as readonly string[]).map((each) => split(each, '=')));
  if (flag === 'register-with-taints') return (value as readonly string[]).map(taint);
  return value;
}

function taint(text: string): object {
  const [, key = '', value, effect = ''] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(text) ?? [];
  return { key, ...(value ? { value } : {}), effect };
}

function split(text: string, by: string): string[] {
  return text.split(by).filter(Boolean);
}
