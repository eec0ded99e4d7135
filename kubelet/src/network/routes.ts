/** What kubenet needs to know of a node. */
export interface RouteNode {
  readonly name: string;
  /** Its internal addresses. */
  readonly addresses: readonly string[];
  readonly podCidrs: readonly string[];
}

/** The way to another node's pods. */
export interface HostRoute {
  readonly destination: string;
  readonly via: string;
  /** The interface that leads there, where the address does not say so itself. */
  readonly device?: string;
}

/** 4 or 6, of an address or a range. */
export function family(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/** One route for each pod range of each other node, through that node's address of the same family; nodes that lack either have none. */
export function wantedRoutes(nodes: readonly RouteNode[], self: string): HostRoute[] {
  return nodes
    .filter(({ name }) => name !== self)
    .flatMap(({ addresses, podCidrs }) =>
      podCidrs.flatMap((destination) => {
        const via = addresses.find((address) => family(address) === family(destination));
        return via === undefined ? [] : [{ destination, via }];
      }),
    );
}

export interface RoutePlan {
  /** To be set, whether or not one with that destination is there. */
  readonly replace: readonly HostRoute[];
  readonly remove: readonly HostRoute[];
}

/** What changes `present` into `wanted`. */
export function planRoutes(wanted: readonly HostRoute[], present: readonly HostRoute[]): RoutePlan {
  const have = new Map(present.map((route) => [route.destination, route.via]));
  const want = new Set(wanted.map(({ destination }) => destination));
  return {
    replace: wanted.filter(({ destination, via }) => have.get(destination) !== via),
    remove: present.filter(({ destination }) => !want.has(destination)),
  };
}

/** Reads what `ip -j route show` prints. Single addresses are given their prefix length. */
export function parseRoutes(json: string): HostRoute[] {
  const entries: readonly { readonly dst?: string; readonly gateway?: string }[] = json.trim() === '' ? [] : JSON.parse(json);
  return entries.flatMap(({ dst, gateway }) =>
    dst === undefined || gateway === undefined ? [] : [{ destination: withPrefix(dst), via: gateway }],
  );
}

function withPrefix(destination: string): string {
  if (destination.includes('/')) return destination;
  return `${destination}/${family(destination) === 6 ? 128 : 32}`;
}
