import { parseGoDuration } from '@keelson/base';
import { isRange } from '../ranges.ts';
import type { Endpoint, NodeRegistration } from './forms.ts';

/** Collects what is wrong with values, as kubeadm's validation words it. */
export class Problems {
  readonly #found: string[] = [];

  invalid(path: string, value: unknown, why: string): void {
    this.#found.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${why}`);
  }

  required(path: string, why: string): void {
    this.#found.push(`${path}: Required value: ${why}`);
  }

  /** @throws Error with one sentence for all. */
  refuse(): void {
    if (this.#found.length > 0) throw new Error(this.#found.length === 1 ? this.#found[0] : `[${this.#found.join(', ')}]`);
  }
}

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);

export function checkEndpoint(endpoint: Endpoint, path: string, problems: Problems): void {
  const { advertiseAddress: address, bindPort } = endpoint;
  if (address && !ipv4.test(address)) problems.invalid(path, address, 'ip address is not valid');
  if (bindPort && (bindPort < 1 || bindPort > 65_535)) problems.invalid(path, bindPort, 'port number is not valid');
}

export function checkRange(range: string | undefined, path: string, problems: Problems): void {
  if (range && !isRange(range)) problems.invalid(path, range, "couldn't parse subnet: there are IPv4 ranges such as 10.96.0.0/12");
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function checkNode(node: NodeRegistration, problems: Problems): void {
  const at = 'nodeRegistration';
  if (node.name && !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(node.name)) {
    problems.invalid(
      `${at}.name`,
      node.name,
      'it must consist of letters, digits, dashes and dots, and begin and end with none of the last two',
    );
  }
  checkSocket(node.criSocket, `${at}.criSocket`, problems);
  node.taints?.forEach(({ key, effect }, index) => {
    if (!key) problems.required(`${at}.taints[${index}].key`, 'a taint has a key');
    if (!effects.includes(effect))
      problems.invalid(`${at}.taints[${index}].effect`, effect ?? '', `supported values: ${effects.join(', ')}`);
  });
}

export function checkSocket(socket: string | undefined, path: string, problems: Problems): void {
  if (socket && !/^(unix:\/\/)?\//.test(socket)) problems.invalid(path, socket, 'only URL scheme "unix" and absolute paths are supported');
}

export function checkAbsolute(path: string | undefined, at: string, problems: Problems): void {
  if (path && !path.startsWith('/')) problems.invalid(at, path, 'path is not absolute');
}

/** Milliseconds of a duration. What is none is a problem, and 0. */
export function durationAt(text: string, path: string, problems: Problems): number {
  try {
    return parseGoDuration(text);
  } catch {
    problems.invalid(path, text, 'it must be a duration such as 24h0m0s');
    return 0;
  }
}

/** A socket's path is that of a unix socket. */
export function socketOf(endpoint: string): string {
  return endpoint.startsWith('/') ? `unix://${endpoint}` : endpoint;
}
