/** The kernel's virtual servers, sets and addresses, or something that keeps them as it does. Texts are those of the usual programs. */
export interface IpvsKernel {
  /** As `ipvsadm -Ln` prints them. */
  servers(): Promise<string>;
  /** Makes changes line by line, as `ipvsadm --restore` does; those before one that is refused stay made. @throws when one is. */
  restoreServers(text: string): Promise<void>;
  /** As `ipset save` prints them. */
  sets(): Promise<string>;
  /** Makes changes line by line, as `ipset restore` does; those before one that is refused stay made. @throws when one is. */
  restoreSets(text: string): Promise<void>;
  /** IPv4 addresses of the device; undefined when there is no such device. */
  addresses(device: string): Promise<readonly string[] | undefined>;
  /** Makes changes line by line, as `ip -batch` does. @throws when one is refused. */
  restoreAddresses(text: string): Promise<void>;
  /** This node's own IPv4 addresses, loopback's and the device's left out. */
  nodeAddresses(device: string): readonly string[];
}

/** Holds the services' addresses, so that the kernel takes packets to them for its own. */
export const device = 'kube-ipvs0';
