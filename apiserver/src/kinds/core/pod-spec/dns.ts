import { type FieldPath, isDNS1123Label, isDNS1123Subdomain, maxLengthProblem, regexProblem, validateIp } from '@keelson/machinery';
import type { HostAlias, PodDNSConfig, PodSpec } from '@keelson/types';
import type { Report } from '../../report.ts';

/** Limits of the C library's resolver. */
const mostServers = 3;
const mostSearches = 32;
const longestSearches = 2048;
const policies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** How a pod resolves names. */
export function checkDNS({ dnsPolicy, dnsConfig }: PodSpec, spec: FieldPath, report: Report): void {
  if (!dnsPolicy) report.required(spec, 'dnsPolicy');
  else if (!policies.includes(dnsPolicy)) report.unsupported(spec, 'dnsPolicy', dnsPolicy, policies);
  if (dnsPolicy === 'None') {
    if (!dnsConfig) {
      report.required(spec, 'dnsConfig', 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (!dnsConfig.nameservers?.length) {
      report.required(spec, 'dnsConfig.nameservers', 'must provide at least one DNS nameserver when `dnsPolicy` is None');
      return;
    }
  }
  if (dnsConfig) checkConfig(dnsConfig, spec.child('dnsConfig'), report);
}

function checkConfig({ nameservers = [], searches = [], options = [] }: PodDNSConfig, at: FieldPath, report: Report): void {
  if (nameservers.length > mostServers)
    report.invalid(at, 'nameservers', nameservers, `must not have more than ${mostServers} nameservers`);
  for (const [index, server] of nameservers.entries()) report.add(validateIp(server, at.child('nameservers').index(index)));
  if (searches.length > mostSearches) report.invalid(at, 'searches', searches, `must not have more than ${mostSearches} search paths`);
  if (searches.join(' ').length > longestSearches)
    report.invalid(at, 'searches', searches, `must not have more than ${longestSearches} characters (including spaces) in the search list`);
  for (const [index, search] of searches.entries()) {
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    if (search !== '.') report.problems(at, `searches[${index}]`, name, searchProblems(name));
  }
  for (const [index, { name }] of options.entries()) if (!name) report.required(at, `options[${index}]`, 'must not be empty');
}

const part = '[a-z0-9_]([-_a-z0-9]*[a-z0-9])?';
const domain = `${part}(\\.${part})*`;
const domainPattern = new RegExp(`^${domain}$`);
const domainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** Domains where services lie may have underscores. */
function searchProblems(name: string): string[] {
  const problems = name.length > 253 ? [maxLengthProblem(253)] : [];
  return domainPattern.test(name) ? problems : [...problems, regexProblem(domainMessage, domain, 'example.com')];
}

const longestHostname = 64;

/** What a pod is called, and what it calls others. */
export function checkNames({ hostname, subdomain, hostAliases, ...spec }: PodSpec, at: FieldPath, report: Report): void {
  if (hostname) report.problems(at, 'hostname', hostname, isDNS1123Label(hostname));
  if (subdomain) report.problems(at, 'subdomain', subdomain, isDNS1123Label(subdomain));
  if (hostAliases) for (const [index, alias] of hostAliases.entries()) checkAlias(alias, at.child('hostAliases').index(index), report);
  const { hostnameOverride: name, setHostnameAsFQDN, hostNetwork } = spec;
  if (name === undefined) return;
  if (setHostnameAsFQDN) report.forbidden(at, 'hostnameOverride', 'may not be specified when setHostnameAsFQDN is true');
  if (hostNetwork) report.forbidden(at, 'hostnameOverride', 'may not be specified when hostNetwork is true');
  if (name.length > longestHostname) report.tooLong(at, 'hostnameOverride', longestHostname);
  report.problems(at, 'hostnameOverride', name, isDNS1123Subdomain(name));
}

function checkAlias({ ip = '', hostnames = [] }: HostAlias, at: FieldPath, report: Report): void {
  report.add(validateIp(ip, at.child('ip')));
  for (const [index, hostname] of hostnames.entries()) report.problems(at, `hostnames[${index}]`, hostname, isDNS1123Subdomain(hostname));
}
