import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Logger } from '@keelson/base';

/**
 * Kernel settings. The timeouts are the network namespace's own; how many connections are tracked is the machine's, so that it is not touched
 * unasked.
 */
export interface Sysctls {
  readonly localhostNodePorts: boolean;
  readonly conntrackMaxPerCore: number;
  readonly conntrackMin: number;
  /** Milliseconds; 0 leaves them. */
  readonly establishedTimeout: number;
  readonly closeWaitTimeout: number;
}

export async function applySysctls(wanted: Sysctls, log: Logger): Promise<void> {
  const set = (name: string, value: number): Promise<void> => setSysctl(name, value, log);
  if (wanted.localhostNodePorts) await set('net/ipv4/conf/all/route_localnet', 1);
  if (wanted.conntrackMaxPerCore > 0)
    await set('net/netfilter/nf_conntrack_max', Math.max(wanted.conntrackMin, wanted.conntrackMaxPerCore * availableParallelism()));
  if (wanted.establishedTimeout > 0)
    await set('net/netfilter/nf_conntrack_tcp_timeout_established', Math.round(wanted.establishedTimeout / 1000));
  if (wanted.closeWaitTimeout > 0)
    await set('net/netfilter/nf_conntrack_tcp_timeout_close_wait', Math.round(wanted.closeWaitTimeout / 1000));
}

/**
 * What IPVS needs to work with iptables' masquerading, and with endpoints that come and go. All of it is this namespace's own.
 */
export async function applyIpvsSysctls(strictArp: boolean, log: Logger): Promise<void> {
  const wanted: Readonly<Record<string, number>> = {
    'net/ipv4/vs/conntrack': 1,
    'net/ipv4/vs/expire_nodest_conn': 1,
    'net/ipv4/vs/expire_quiescent_template': 1,
    'net/ipv4/ip_forward': 1,
    ...(strictArp && { 'net/ipv4/conf/all/arp_ignore': 1, 'net/ipv4/conf/all/arp_announce': 2 }),
  };
  for (const [name, value] of Object.entries(wanted)) await setSysctl(name, value, log);
}

async function setSysctl(name: string, value: number, log: Logger): Promise<void> {
  const file = `/proc/sys/${name}`;
  try {
    if ((await readFile(file, 'utf8')).trim() === String(value)) return;
    await writeFile(file, `${value}\n`);
    log.info('kernel setting changed', { name: name.replaceAll('/', '.'), value });
  } catch (error) {
    log.warn('kernel setting could not be changed', { name: name.replaceAll('/', '.'), value, err: error });
  }
}
