import type { OptionSpecs } from '@keelson/component';

/** kube-scheduler's flags, under upstream's names. */
export const options = {
  kubeconfig: text('', 'kubeconfig with the API server and the credentials to use', 'FILE'),
  'authentication-kubeconfig': text('', 'kubeconfig to ask the API server with who calls; --kubeconfig when empty', 'FILE'),
  'authorization-kubeconfig': text('', 'kubeconfig to ask the API server with what callers may; --kubeconfig when empty', 'FILE'),
  'leader-elect': { type: 'boolean', default: true, help: 'schedule only while holding the lease' },
  'leader-elect-lease-duration': text('15s', 'how long others wait for a holder that does not renew', 'DURATION'),
  'leader-elect-renew-deadline': text('10s', 'how long the holder tries to renew before it gives up', 'DURATION'),
  'leader-elect-retry-period': text('2s', 'time between tries', 'DURATION'),
  'leader-elect-resource-name': text('kube-scheduler', 'name of the lease', 'NAME'),
  'leader-elect-resource-namespace': text('kube-system', 'namespace of the lease', 'NAME'),
  'bind-address': text('0.0.0.0', 'address of health and metrics', 'IP'),
  'secure-port': { type: 'number', default: 10_259, help: 'TLS port of health and metrics; 0 serves none' },
  'tls-cert-file': text('', 'certificate to serve with; one is made for this start when empty', 'FILE'),
  'tls-private-key-file': text('', 'key of --tls-cert-file', 'FILE'),
  'client-ca-file': text('', 'authority of client certificates that may read metrics', 'FILE'),
  'scheduler-name': text(
    'default-scheduler',
    'place only pods that name this scheduler. In upstream part of the configuration file',
    'NAME',
  ),
} as const satisfies OptionSpecs;

function text(value: string, help: string, placeholder: string) {
  return { type: 'string', default: value, help, placeholder } as const;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Go duration (`1m30s`, `100ms`) in milliseconds. @throws when `value` is none, naming the flag. */
export function milliseconds(name: string, value: string): number {
  if (value === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value))
    throw new Error(`invalid argument "${value}" for "--${name}" flag: time: invalid duration "${value}"`);
  return [...value.matchAll(/([\d.]+)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ''] ?? 0), 0);
}
