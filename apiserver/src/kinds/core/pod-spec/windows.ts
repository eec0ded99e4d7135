import { byteLength, type FieldPath, isDNS1123Subdomain } from '@keelson/machinery';
import type { PodSpec, WindowsSecurityContextOptions } from '@keelson/types';
import type { Report } from '../../report.ts';
import { everyContainer } from './every-container.ts';

const longestSpecKiB = 64;
const longestDomain = 256;
const longestUser = 104;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\x00-\x1f\x7f]/;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsPart = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const dns = new RegExp(`^${dnsPart}(?:\\.${dnsPart})*$`);
const userCharacters = /["/\\:;|=,+*?<>@[\]]/;
const onlyDots = /^[. ]+$/;

/** What only Windows knows. `at` is the security context. */
export function checkWindowsOptions(options: WindowsSecurityContextOptions | undefined, context: FieldPath, report: Report): void {
  if (!options) return;
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName } = options;
  const at = context.child('windowsOptions');
  if (specName !== undefined) report.problems(at, 'gmsaCredentialSpecName', specName, isDNS1123Subdomain(specName));
  if (spec === '') report.invalid(at, 'gmsaCredentialSpec', spec, 'gmsaCredentialSpec cannot be an empty string');
  else if (spec !== undefined && byteLength(spec) > longestSpecKiB * 1024)
    report.invalid(at, 'gmsaCredentialSpec', spec, `gmsaCredentialSpec size must be under ${longestSpecKiB} KiB`);
  if (runAsUserName === undefined) return;
  for (const problem of userNameProblems(runAsUserName)) report.invalid(at, 'runAsUserName', runAsUserName, problem);
}

/** `DOMAIN\user` or `user`. */
function userNameProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (control.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const problems = parts.length === 2 ? domainProblems(parts[0] ?? '') : [];
  if (user === '') problems.push("runAsUserName's User cannot be empty");
  else if (byteLength(user) > longestUser) problems.push(`runAsUserName's User length must not be longer than ${longestUser} characters`);
  if (onlyDots.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces");
  if (userCharacters.test(user)) problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return problems;
}

function domainProblems(domain: string): string[] {
  const problems = byteLength(domain) >= longestDomain ? [`runAsUserName's Domain length must be under ${longestDomain} characters`] : [];
  const fits = netBios.test(domain) || dns.test(domain);
  return fits ? problems : [...problems, "runAsUserName's Domain doesn't match the NetBios nor the DNS format"];
}

/** Containers that are processes of the node: all of a pod's or none. `at` is the pod's spec. */
export function checkHostProcess(spec: PodSpec, at: FieldPath, report: Report): void {
  const own = spec.securityContext?.windowsOptions?.hostProcess;
  let [all, some] = [true, false];
  for (const [container, member, index] of everyContainer(spec)) {
    const theirs = container.securityContext?.windowsOptions?.hostProcess;
    if (own !== undefined && theirs !== undefined && own !== theirs)
      report.invalid(
        at,
        `${member}[${index}].securityContext.windowsOptions.hostProcess`,
        theirs,
        `pod hostProcess value must be identical if both are specified, was ${own}`,
      );
    const isHostProcess = theirs ?? own ?? false;
    all &&= isHostProcess;
    some ||= isHostProcess;
  }
  if (!some) return;
  if (!all) report.invalid(at, '', '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers');
  if (!spec.hostNetwork) report.invalid(at, 'hostNetwork', false, 'hostNetwork must be true if pod contains any hostProcess containers');
}
