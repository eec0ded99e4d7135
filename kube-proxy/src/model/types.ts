/** The words of the model: what a node's packet rules must achieve, said without any packet filter's language. Plain data. */

export type Family = 'IPv4' | 'IPv6';

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** Where the rules apply: endpoints are local or not, near or far, as seen from here. */
export interface Place {
  readonly nodeName: string;
  /** The node's `topology.kubernetes.io/zone` label. */
  readonly zone?: string | undefined;
  readonly family: Family;
}

/** A destination that traffic of a service port may reach. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** On this node. */
  readonly local: boolean;
}

/** One port of one Service, with everything a backend needs to program it. */
export interface WantedPort {
  /** `namespace/name:port`, or `namespace/name` for an unnamed port. Chain names are hashes of it. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly clusterIP: string;
  readonly port: number;
  /** 0 when there is none. */
  readonly nodePort: number;
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  /** CIDRs that alone may use the load balancer's addresses; everybody when empty. */
  readonly sourceRanges: readonly string[];
  /** ClientIP affinity timeout in seconds; 0 without affinity. */
  readonly affinitySeconds: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Some usable endpoint exists somewhere, even if policy keeps this node from using it. */
  readonly hasEndpoints: boolean;
  /** Endpoints for traffic under policy Cluster. */
  readonly cluster: readonly Endpoint[];
  /** Endpoints for traffic under policy Local; empty when no policy of the port is Local. */
  readonly local: readonly Endpoint[];
}

export interface HealthCheck {
  /** `spec.healthCheckNodePort`. */
  readonly port: number;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

export interface WantedService {
  /** `namespace/name`. */
  readonly key: string;
  readonly ports: readonly WantedPort[];
  readonly health?: HealthCheck;
}
