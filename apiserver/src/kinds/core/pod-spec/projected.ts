import { type FieldPath, isDNS1123Subdomain, validateLabelSelector } from '@keelson/machinery';
import type {
  ClusterTrustBundleProjection,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '@keelson/types';
import { signerNameErrors } from '../../certificates/signer-name.ts';
import type { Report } from '../../report.ts';
import { checkDownwardFile, checkItems } from './file-sources.ts';
import { fileMode, localFreePath } from './paths.ts';

/** Files from several sources in one directory; none of them twice. */
export function checkProjected({ defaultMode, sources = [] }: ProjectedVolumeSource, at: FieldPath, report: Report): void {
  fileMode(defaultMode, at, 'defaultMode', report);
  const taken = new Set<string>();
  const take = (path: string | undefined, shown: string): void => {
    if (!path) return;
    if (taken.has(path)) report.invalid(at, '', shown, 'conflicting duplicate paths');
    taken.add(path);
  };
  for (const [index, source] of sources.entries()) {
    const where = at.child('sources').index(index);
    checkSource(source, at, where, report);
    for (const [path, shown] of pathsOf(source)) take(path, shown);
    const kinds = Object.values(source).filter((part) => part !== undefined).length;
    if (kinds > 1) report.forbidden(where, '', 'may not specify more than 1 volume type per source');
  }
}

function checkSource(source: VolumeProjection, volume: FieldPath, at: FieldPath, report: Report): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (secret) checkNamed(secret, at.child('secret'), report);
  if (configMap) checkNamed(configMap, at.child('configMap'), report);
  if (downwardAPI?.items) for (const file of downwardAPI.items) checkDownwardFile(file, at.child('downwardAPI'), report);
  if (serviceAccountToken) checkToken(serviceAccountToken, volume, at, report);
  if (clusterTrustBundle) checkBundle(clusterTrustBundle, at.child('clusterTrustBundle'), report);
  if (podCertificate) checkCertificate(podCertificate, at.child('podCertificate'), report);
}

/** Paths a source takes, each with what upstream shows of it when it is taken. */
function* pathsOf({
  secret,
  configMap,
  downwardAPI,
  clusterTrustBundle,
  podCertificate,
}: VolumeProjection): Generator<[string | undefined, string]> {
  for (const source of [secret, configMap]) for (const { path } of source?.items ?? []) yield [path, source?.name ?? ''];
  for (const { path } of downwardAPI?.items ?? []) yield [path, path];
  if (clusterTrustBundle) yield [clusterTrustBundle.path, clusterTrustBundle.path];
  const { credentialBundlePath, keyPath, certificateChainPath } = podCertificate ?? {};
  for (const path of [credentialBundlePath, keyPath, certificateChainPath]) yield [path, path ?? ''];
}

function checkNamed({ name, items }: { name?: string | undefined; items?: KeyToPath[] | undefined }, at: FieldPath, report: Report): void {
  if (!name) report.required(at, 'name');
  checkItems(items, at, report);
}

/** Seconds. */
const shortestToken = 10 * 60;
const longestToken = 2 ** 32;

/** Upstream says what is wrong with the path of the volume. */
function checkToken(
  { expirationSeconds = 0, path }: ServiceAccountTokenProjection,
  volume: FieldPath,
  at: FieldPath,
  report: Report,
): void {
  const where = 'serviceAccountToken.expirationSeconds';
  if (expirationSeconds < shortestToken) report.invalid(at, where, expirationSeconds, 'may not specify a duration less than 10 minutes');
  if (expirationSeconds > longestToken) report.invalid(at, where, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  if (!path) report.required(volume, 'path');
  else localFreePath(path, volume, 'path', report);
}

function checkBundle(bundle: ClusterTrustBundleProjection, at: FieldPath, report: Report): void {
  const { name, signerName, labelSelector, path } = bundle;
  if (name !== undefined && signerName !== undefined) report.invalid(at, '', bundle, 'only one of name and signerName may be used');
  else if (name !== undefined) checkBundleName(name, at, report);
  else if (signerName !== undefined) checkSigner(signerName, at, report);
  else report.required(at, '', 'either name or signerName must be specified');
  if (name !== undefined && signerName === undefined && labelSelector)
    report.invalid(at, 'labelSelector', labelSelector, 'labelSelector must be unset if name is specified');
  if (signerName !== undefined && name === undefined && labelSelector)
    report.add(validateLabelSelector(labelSelector, at.child('labelSelector')));
  if (!path) report.required(at, 'path');
  localFreePath(path ?? '', at, 'path', report);
}

/** `<signer with colons for slashes>:<name>`, or a name without colons. */
function checkBundleName(name: string, at: FieldPath, report: Report): void {
  if (name === '') report.required(at, 'name', 'must be a valid object name');
  const problems = isDNS1123Subdomain(name.slice(name.lastIndexOf(':') + 1));
  for (const problem of problems) report.invalid(at, 'name', name, `not a valid clustertrustbundlename: ${problem}`);
}

function checkSigner(name: string, at: FieldPath, report: Report): void {
  if (name === '') report.required(at, 'signerName', 'must be a valid signer name');
  report.add(signerNameErrors(name, at.child('signerName')));
}

const keyTypes = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
/** Seconds: an hour, a day for Kubernetes' own signers, 91 days for others. */
const shortestCertificate = 3600;
const longestOwn = 24 * 3600;
const longestCertificate = 91 * 24 * 3600;

function checkCertificate(projection: PodCertificateProjection, at: FieldPath, report: Report): void {
  const { signerName = '', keyType, maxExpirationSeconds: expiry, credentialBundlePath, keyPath, certificateChainPath } = projection;
  report.add(signerNameErrors(signerName, at.child('signerName')));
  if (!keyTypes.includes(keyType ?? '')) report.unsupported(at, 'keyType', keyType ?? '', keyTypes);
  const longest = signerName.startsWith('kubernetes.io/') ? longestOwn : longestCertificate;
  if (expiry !== undefined && (expiry < shortestCertificate || expiry > longest))
    report.invalid(
      at,
      'maxExpirationSeconds',
      expiry,
      `if provided, maxExpirationSeconds must be >= ${shortestCertificate} and <= ${longest}`,
    );
  if (!credentialBundlePath && !keyPath && !certificateChainPath)
    report.required(at, '', 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
  if (credentialBundlePath) localFreePath(credentialBundlePath, at, 'credentialBundlePath', report);
  if (keyPath) localFreePath(keyPath, at, 'keyPath', report);
  if (certificateChainPath) localFreePath(certificateChainPath, at, 'certificateChainPath', report);
}
