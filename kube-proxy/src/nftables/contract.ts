/** The kernel's table `ip kube-proxy`, or something that keeps one as it does. */
export interface Nft {
  /** The table as `nft -y -p list table` prints it; empty when there is none. */
  list(): Promise<string>;
  /** Makes the changes of `script` as `nft -f` does: all or none. @throws when refused. */
  run(script: string): Promise<void>;
  /** Whether the table has the set `name`: a small set is a cheap look. */
  holds(name: string): Promise<boolean>;
  /** This node's IPv4 addresses, loopback's too. */
  addresses(): readonly string[];
}
