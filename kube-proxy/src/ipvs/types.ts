import type { Protocol } from '../model/types.ts';

/** The words of IPVS: addresses that take connections, and where these go. Plain data. */

export interface VirtualServer {
  /** `rr`, `lc`, `sh`, … */
  readonly scheduler: string;
  /** Seconds for which a client stays with its server; 0: it does not. */
  readonly persistence: number;
  /** Sockets (`ip:port`) of the endpoints. */
  readonly servers: readonly string[];
}

/** A server as the kernel has it. */
export interface HeldServer {
  /** 0: no new connections. */
  readonly weight: number;
  /** That still go on; undefined when nobody looked. */
  readonly connections: number | undefined;
}

export interface HeldVirtualServer {
  readonly scheduler: string;
  readonly persistence: number;
  /** By socket. */
  readonly servers: ReadonlyMap<string, HeldServer>;
}

/** Virtual servers by `tcp 10.96.0.1:443`. */
export type HeldTable = ReadonlyMap<string, HeldVirtualServer>;

/** All that one service needs. */
export interface ServiceParts {
  /** That packets may be sent to, and so must be this node's. */
  readonly addresses: readonly string[];
  /** `SET element`, as `ipset` names it. */
  readonly entries: readonly string[];
  /** By `tcp 10.96.0.1:443`. */
  readonly servers: ReadonlyMap<string, VirtualServer>;
}

export interface PartsOptions {
  readonly scheduler: string;
  /** That node ports are answered on. */
  readonly nodeAddresses: readonly string[];
}

export function serverKey(protocol: Protocol, socket: string): string {
  return `${protocol} ${socket}`;
}
