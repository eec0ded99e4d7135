/** The words of the zone: what is asked, what is answered, and what the answers are made of. Plain data. */

export interface Question {
  /** Lower case, without the dot at its end; empty for the root. */
  readonly name: string;
  /** `A`, `AAAA`, `SRV`, … or `UNKNOWN_65`. */
  readonly type: string;
}

interface Of<Type extends string, Data> {
  readonly name: string;
  readonly type: Type;
  /** Seconds. */
  readonly ttl: number;
  readonly data: Data;
}

export interface SrvData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export interface SoaData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export type ZoneRecord = Of<'A' | 'AAAA' | 'CNAME' | 'NS' | 'PTR' | 'TXT', string> | Of<'SRV', SrvData> | Of<'SOA', SoaData>;

export interface Answer {
  /** NOERROR without answers: the name exists, but has nothing of that type. SERVFAIL: it leads round in circles. */
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL';
  readonly answers: readonly ZoneRecord[];
  readonly authorities: readonly ZoneRecord[];
  readonly additionals: readonly ZoneRecord[];
  /** The name outside the cluster that the last CNAME leads to. */
  readonly follow?: string;
}

export interface DnsPort {
  /** Empty when it has none. */
  readonly name: string;
  /** Lower case. */
  readonly protocol: string;
  readonly port: number;
}

export interface DnsService {
  readonly namespace: string;
  readonly name: string;
  /** Empty when headless or an ExternalName. */
  readonly clusterIPs: readonly string[];
  readonly ports: readonly DnsPort[];
  readonly externalName?: string;
}

export interface DnsEndpoint {
  readonly ip: string;
  /** Its name below the service's: the pod's hostname, or the address with dashes. */
  readonly host: string;
  readonly ports: readonly DnsPort[];
}

/** An endpoint and the service it stands under. */
export interface ServedEndpoint extends DnsEndpoint {
  readonly namespace: string;
  readonly service: string;
}

/** The cluster as the zone sees it. Endpoints are those that are ready. */
export interface Model {
  /** `cluster.local`. */
  readonly domain: string;
  /** Seconds. */
  readonly ttl: number;
  /** Of the SOA record: grows with every change. */
  readonly serial: number;
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): DnsService | undefined;
  endpoints(namespace: string, service: string): readonly DnsEndpoint[];
  servicesAt(ip: string): readonly DnsService[];
  /** Those that have a name of their own for their address: with a hostname, or of a headless service. */
  endpointsAt(ip: string): readonly ServedEndpoint[];
}
