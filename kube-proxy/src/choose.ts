import type { ComponentContext, OptionValues } from '@keelson/component';
import { parseCidr } from '@keelson/machinery';
import type { Backend } from './backend.ts';
import { IptablesBackend } from './iptables/iptables.ts';
import { type Flavour, flavours, kernelRules } from './iptables/kernel.ts';
import type { RenderOptions } from './iptables/rules.ts';
import { parseSave } from './iptables/save.ts';
import { hasIpvsChains } from './ipvs/chains.ts';
import { IpvsBackend } from './ipvs/ipvs.ts';
import { kernelIpvs, setTimeouts, whyNoIpvs } from './ipvs/kernel.ts';
import { cleanupFailures, type Mode } from './metrics.ts';
import { kernelNft, whyNoNftables } from './nftables/kernel.ts';
import { NftablesBackend } from './nftables/nftables.ts';
import { wrongNodePortAddress } from './nftables/node-ports.ts';
import type { options } from './options.ts';
import { applyIpvsSysctls } from './sysctl.ts';

type Context = ComponentContext<typeof options>;
type Values = OptionValues<typeof options>;

/** A backend, and what its mode brings along. */
export interface Chosen {
  readonly mode: Mode;
  readonly backend: Backend;
  readonly watchServiceRanges: boolean;
  /** Milliseconds. */
  readonly minSyncPeriod: number;
  readonly syncPeriod: number;
}

/**
 * The backend that `--proxy-mode` asks for, once it is known to work here. What the other modes left behind is removed. @throws saying
 * what is missing.
 */
export async function chooseBackend(context: Context): Promise<Chosen> {
  const { options: values, log } = context;
  const mode = await usableMode(values, (why) => log.warn('falling back to iptables', { why }));
  if (mode === 'nftables') return chooseNftables(context);
  if (values['nodeport-addresses'].length > 0) log.warn('taken without effect', { flags: '--nodeport-addresses', mode });
  const { iptables, ipvs, rules } = await iptablesBackends(context);
  await removeNftables(context);
  if (mode === 'ipvs') {
    await applyIpvsSysctls(values['ipvs-strict-arp'], log);
    const seconds = (name: 'ipvs-tcp-timeout' | 'ipvs-tcpfin-timeout' | 'ipvs-udp-timeout'): number => Math.round(values[name] / 1000);
    await setTimeouts(seconds('ipvs-tcp-timeout'), seconds('ipvs-tcpfin-timeout'), seconds('ipvs-udp-timeout'));
    const periods = { minSyncPeriod: values['ipvs-min-sync-period'], syncPeriod: values['ipvs-sync-period'] };
    return { mode, backend: ipvs, watchServiceRanges: false, ...periods };
  }
  if (hasIpvsChains(parseSave(await rules.save()))) await ipvs.cleanup();
  const periods = { minSyncPeriod: values['iptables-min-sync-period'], syncPeriod: values['iptables-sync-period'] };
  return { mode, backend: iptables, watchServiceRanges: false, ...periods };
}

async function chooseNftables(context: Context): Promise<Chosen> {
  const { options: values, metrics } = context;
  const wrong = wrongNodePortAddress(values['nodeport-addresses']);
  if (wrong !== undefined) throw new Error(`invalid argument "${wrong}" for "--nodeport-addresses" flag: must be CIDRs, or primary alone`);
  await removeIptables(context);
  const failures = cleanupFailures(metrics);
  return {
    mode: 'nftables',
    backend: nftablesBackend(context, () => failures.inc({ ip_family: 'IPv4' })),
    watchServiceRanges: firstIPv4(values['service-cluster-ip-range']) === undefined,
    minSyncPeriod: values['nftables-min-sync-period'],
    syncPeriod: values['nftables-sync-period'],
  };
}

/** Deletes what any mode made. */
export async function cleanupAll(context: Context): Promise<void> {
  await removeNftables(context);
  const found = await iptablesIfAny(context);
  await found?.ipvs.cleanup();
  await found?.iptables.cleanup();
}

async function removeIptables(context: Context): Promise<void> {
  const found = await iptablesIfAny(context);
  if (found && hasIpvsChains(parseSave(await found.rules.save()))) await found.ipvs.cleanup();
  await found?.iptables.cleanup();
}

/** Where nftables works and no iptables does, nothing of iptables is left to remove. */
async function iptablesIfAny(context: Context): Promise<Awaited<ReturnType<typeof iptablesBackends>> | undefined> {
  try {
    return await iptablesBackends(context);
  } catch (error) {
    if ((await whyNoNftables()) !== undefined) throw error;
    return undefined;
  }
}

async function removeNftables(context: Context): Promise<void> {
  if (await kernelNft().holds('cluster-ips')) await nftablesBackend(context, () => undefined).cleanup();
}

function nftablesBackend({ options: values, clock, log }: Context, onCleanupFailure: () => void): Backend {
  return new NftablesBackend({
    nft: kernelNft(),
    render: {
      clusterCIDR: firstIPv4(values['cluster-cidr']),
      masqueradeAll: values['masquerade-all'] || values['nftables-masquerade-all'],
      masqueradeEgress: values['masquerade-egress'],
      masqueradeBit: values['nftables-masquerade-bit'],
      serviceRange: firstIPv4(values['service-cluster-ip-range']),
    },
    nodePortAddresses: values['nodeport-addresses'],
    clock,
    log,
    onCleanupFailure,
  });
}

async function iptablesBackends({
  options: values,
  log,
}: Context): Promise<{ iptables: Backend; ipvs: Backend; rules: Awaited<ReturnType<typeof kernelRules>> }> {
  const excluded = values['ipvs-exclude-cidrs'];
  const wrong = excluded.find((cidr) => parseCidr(cidr) === undefined);
  if (wrong !== undefined) throw new Error(`invalid argument "${wrong}" for "--ipvs-exclude-cidrs" flag: must be CIDRs`);
  const rules = await kernelRules(flavourOf(values['iptables-binary']));
  const render = renderOptionsOf(values);
  return {
    rules,
    iptables: new IptablesBackend({ rules, render, log }),
    ipvs: new IpvsBackend({ kernel: kernelIpvs(), rules, render, scheduler: values['ipvs-scheduler'], excluded, log }),
  };
}

async function usableMode(values: Values, onFallBack: (why: string) => void): Promise<Mode> {
  const mode = values['proxy-mode'] || 'iptables';
  if (mode === 'iptables') return mode;
  if (mode !== 'ipvs' && mode !== 'nftables') throw new Error(`unsupported proxy mode "${mode}": must be iptables, ipvs or nftables`);
  const why = await (mode === 'ipvs' ? whyNoIpvs() : whyNoNftables());
  if (why === undefined) return mode;
  if (!values['fall-back-to-iptables']) throw new Error(`cannot use --proxy-mode=${mode}: ${why}; or add --fall-back-to-iptables`);
  onFallBack(why);
  return 'iptables';
}

function renderOptionsOf(values: Values): RenderOptions {
  return {
    clusterCIDR: firstIPv4(values['cluster-cidr']),
    serviceRange: firstIPv4(values['service-cluster-ip-range']),
    masqueradeAll: values['masquerade-all'],
    masqueradeEgress: values['masquerade-egress'],
    masqueradeBit: values['iptables-masquerade-bit'],
    localhostNodePorts: values['iptables-localhost-nodeports'],
  };
}

/** Of a pair of ranges the one these rules are for. */
function firstIPv4(ranges: string): string | undefined {
  return ranges
    .split(',')
    .map((range) => range.trim())
    .find((range) => range !== '' && !range.includes(':'));
}

function flavourOf(value: string): Flavour {
  const flavour = flavours.find((known) => known === value);
  if (!flavour) throw new Error(`invalid argument "${value}" for "--iptables-binary" flag: must be one of ${flavours.join(', ')}`);
  return flavour;
}
