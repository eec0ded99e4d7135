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
import type { options } from './options.ts';
import { applyIpvsSysctls } from './sysctl.ts';

type Context = ComponentContext<typeof options>;
type Values = OptionValues<typeof options>;

type Mode = 'iptables' | 'ipvs';

/** A backend, and its mode's periods. */
export interface Chosen {
  readonly backend: Backend;
  /** Milliseconds. */
  readonly minSyncPeriod: number;
  readonly syncPeriod: number;
}

/**
 * The backend that `--proxy-mode` asks for, once it is known to work here. What the other mode left behind is removed. @throws saying
 * what is missing.
 */
export async function chooseBackend(context: Context): Promise<Chosen> {
  const { options: values, log } = context;
  const mode = await usableMode(values, (why) => log.warn('falling back to iptables', { why }));
  const { iptables, ipvs, rules } = await backends(context);
  if (mode === 'ipvs') {
    await applyIpvsSysctls(values['ipvs-strict-arp'], log);
    const seconds = (name: 'ipvs-tcp-timeout' | 'ipvs-tcpfin-timeout' | 'ipvs-udp-timeout'): number => Math.round(values[name] / 1000);
    await setTimeouts(seconds('ipvs-tcp-timeout'), seconds('ipvs-tcpfin-timeout'), seconds('ipvs-udp-timeout'));
    return { backend: ipvs, minSyncPeriod: values['ipvs-min-sync-period'], syncPeriod: values['ipvs-sync-period'] };
  }
  if (hasIpvsChains(parseSave(await rules.save()))) await ipvs.cleanup();
  return { backend: iptables, minSyncPeriod: values['iptables-min-sync-period'], syncPeriod: values['iptables-sync-period'] };
}

/** Deletes what either mode made. */
export async function cleanupAll(context: Context): Promise<void> {
  const { iptables, ipvs } = await backends(context);
  await ipvs.cleanup();
  await iptables.cleanup();
}

async function backends({
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
  if (mode === 'nftables') {
    onFallBack('iptables writes its rules through nftables where it can');
    return 'iptables';
  }
  if (mode !== 'ipvs') throw new Error(`unsupported proxy mode "${mode}": must be iptables, ipvs or nftables`);
  const why = await whyNoIpvs();
  if (why === undefined) return mode;
  if (!values['fall-back-to-iptables']) throw new Error(`cannot use --proxy-mode=ipvs: ${why}; or add --fall-back-to-iptables`);
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
