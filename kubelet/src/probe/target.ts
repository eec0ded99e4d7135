import type { Container, ExecAction, HTTPGetAction, Probe } from '@keelson/types';

export interface HttpTarget {
  readonly type: 'http';
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What a probe or a lifecycle handler asks, with names of ports resolved. */
export type Target =
  | { readonly type: 'exec'; readonly command: readonly string[] }
  | HttpTarget
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'grpc'; readonly host: string; readonly port: number; readonly service: string };

/** @throws Error for a port name the container does not have. */
export function probeTarget(probe: Probe, container: Container, podIP: string): Target {
  if (probe.exec) return execTarget(probe.exec);
  if (probe.httpGet) return httpTarget(probe.httpGet, container, podIP);
  if (probe.tcpSocket) return { type: 'tcp', host: probe.tcpSocket.host || podIP, port: portOf(probe.tcpSocket.port, container) };
  if (probe.grpc) return { type: 'grpc', host: podIP, port: Number(probe.grpc.port), service: probe.grpc.service ?? '' };
  throw new Error(`missing probe handler for ${container.name}`);
}

export function execTarget(action: ExecAction): Target {
  return { type: 'exec', command: action.command ?? [] };
}

export function httpTarget(action: HTTPGetAction, container: Container, podIP: string): HttpTarget {
  const headers = (action.httpHeaders ?? []).map(({ name, value }) => [name, value] as const);
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const scheme = action.scheme === 'HTTPS' ? 'https' : 'http';
  return { type: 'http', scheme, host: action.host || podIP, port: portOf(action.port, container), path, headers };
}

function portOf(port: string | number, container: Container): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0) return number;
  const named = (container.ports ?? []).find(({ name }) => name === port);
  if (!named) throw new Error(`couldn't find port: ${port} in container ${container.name}`);
  return Number(named.containerPort);
}
