import { BlockList, isIP } from 'node:net';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that requests to a server go through, as client-go chooses it: the one a kubeconfig names (`proxy-url`), or else the environment's
 * (`HTTPS_PROXY` or `HTTP_PROXY`, in small letters too), unless the server is on this machine or among those of `NO_PROXY`.
 * @returns undefined for none.
 * @throws Error in upstream's words for an address that is no proxy's.
 */
export function proxyFor(server: string, named: string | undefined, env: Environment): string | undefined {
  if (named) return checked(named, named);
  const { protocol, hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  const variable = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const told = env[variable] || env[variable.toLowerCase()];
  if (!told || isThisMachine(host)) return undefined;
  const without = (env.NO_PROXY || env.no_proxy || '').split(',').map((each) => each.trim().toLowerCase());
  if (without.some((rule) => letsOut(rule, host.toLowerCase(), port || (protocol === 'https:' ? '443' : '80')))) return undefined;
  return checked(told.includes('://') ? told : `http://${told}`, told);
}

function checked(proxy: string, told: string): string {
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (!url) throw new Error(`could not parse: ${told}`);
  // Upstream also knows socks5.
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`unsupported scheme ${JSON.stringify(url.protocol.slice(0, -1))}, must be http or https`);
  return proxy;
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Whether a rule of `NO_PROXY` is about a host: `*`, an address or a range of them, a domain with all below it, `.domain` for those only. */
function letsOut(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  if (rule === '') return false;
  if (rule.includes('/')) return isInRange(host, rule);
  const [, name = rule, only] = isIP(rule) ? [] : (/^(.*?)(?::(\d+))?$/.exec(rule) ?? []);
  if (only !== undefined && only !== port) return false;
  const domain = name.replace(/^\*(?=\.)/, '');
  return host === domain || (!isIP(host) && host.endsWith(domain.startsWith('.') ? domain : `.${domain}`));
}

function isInRange(host: string, range: string): boolean {
  const [network = '', prefix = ''] = range.split('/');
  const versions = { 4: 'ipv4', 6: 'ipv6' } as const;
  const version = versions[isIP(host) as 4 | 6];
  if (version === undefined || isIP(host) !== isIP(network) || !/^\d{1,3}$/.test(prefix)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), version);
  return list.check(host, version);
}
