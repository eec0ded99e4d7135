import { parseToken } from '@keelson/pki';
import type { JoinOptions } from '../options.ts';
import type { Documents } from './documents.ts';
import { checkEndpoint, checkNode, Problems } from './fields.ts';
import type { JoinForm } from './forms.ts';
import { chosen, nodeOptions } from './node-options.ts';
import { documentPhases } from './phases.ts';

/** What join is asked for by a file. */
export interface JoinAsked {
  /** Of the API server; undefined where a file says where the cluster is. */
  readonly endpoint: string | undefined;
  readonly options: JoinOptions;
}

/** As `initOptions`, for join. @throws Error naming every field whose value cannot be. */
export function joinOptions(flags: JoinOptions, documents: Documents, given: ReadonlySet<string>): JoinAsked {
  if (!documents.join) throw new Error('no JoinConfiguration found in the supplied config');
  const form: JoinForm = documents.join;
  const problems = new Problems();
  checkNode(form.nodeRegistration ?? {}, problems);
  checkEndpoint(form.controlPlane?.localAPIEndpoint ?? {}, 'controlPlane.localAPIEndpoint', problems);
  checkDiscovery(form.discovery ?? {}, problems);
  problems.refuse();
  const { bootstrapToken: known, file, tlsBootstrapToken } = form.discovery ?? {};
  const endpoint = form.controlPlane?.localAPIEndpoint;
  const options: JoinOptions = {
    ...flags,
    ...chosen({
      apiserverAdvertiseAddress: endpoint?.advertiseAddress,
      apiserverBindPort: endpoint?.bindPort || undefined,
      certificateKey: form.controlPlane?.certificateKey,
      discoveryFile: file?.kubeConfigPath,
      token: known?.token,
      tlsBootstrapToken,
    }),
    ...nodeOptions(flags, form, given),
    controlPlane: form.controlPlane !== undefined,
    discoveryTokenCaCertHash: (known?.caCertHashes ?? []).map((hash) => hash.toLowerCase()),
    discoveryTokenUnsafeSkipCaVerification: known?.unsafeSkipCAVerification === true,
    skipPhases: given.has('skipPhases') ? flags.skipPhases : documentPhases(form.skipPhases ?? []),
  };
  return { endpoint: known?.apiServerEndpoint, options };
}

const tokenForm = 'the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"';

function checkDiscovery({ bootstrapToken, file, tlsBootstrapToken }: NonNullable<JoinForm['discovery']>, problems: Problems): void {
  if (!bootstrapToken && !file) problems.invalid('discovery', '', 'bootstrapToken or file must be set');
  if (bootstrapToken && file) problems.invalid('discovery', '', 'bootstrapToken and file cannot both be set');
  if (tlsBootstrapToken && !parseToken(tlsBootstrapToken)) problems.invalid('discovery.tlsBootstrapToken', '', tokenForm);
  if (bootstrapToken) checkToken(bootstrapToken, problems);
  if (file) checkFile(file.kubeConfigPath ?? '', tlsBootstrapToken ?? '', problems);
}

function checkToken(known: NonNullable<NonNullable<JoinForm['discovery']>['bootstrapToken']>, problems: Problems): void {
  const at = 'discovery.bootstrapToken';
  const { token, apiServerEndpoint, caCertHashes, unsafeSkipCAVerification } = known;
  if (!parseToken(token ?? '')) problems.invalid(`${at}.token`, '', token ? tokenForm : 'the bootstrap token is empty');
  if (!/^[^\s:]+:\d+$/.test(apiServerEndpoint ?? '')) {
    problems.invalid(`${at}.apiServerEndpoint`, apiServerEndpoint ?? '', 'it must be host:port');
  }
  if (!caCertHashes?.length && !unsafeSkipCAVerification) {
    problems.invalid(
      at,
      '',
      'using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file to continue',
    );
  }
  caCertHashes?.forEach((hash, index) => {
    if (!/^sha256:[0-9a-f]{64}$/i.test(hash))
      problems.invalid(`${at}.caCertHashes[${index}]`, hash, 'it must be sha256: and 64 hexadecimal digits');
  });
}

function checkFile(path: string, token: string, problems: Problems): void {
  const at = 'discovery.file.kubeConfigPath';
  if (!path) problems.invalid(at, path, 'a path to a kubeconfig is needed');
  else if (/^https?:/.test(path)) problems.invalid(at, path, 'a file on this machine is needed: URLs are not fetched');
  if (!token) problems.required('discovery.tlsBootstrapToken', 'the machine gets its certificate with it');
}
