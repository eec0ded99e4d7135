import { goQuote } from '@keelson/machinery';

/** The versions that an upgrade is about, as `v1.36.0`. */
export interface Versions {
  /** What the cluster's API server says it is. */
  readonly cluster: string;
  /** What came with this kubeadm: the one version whose programs it can start. */
  readonly kubeadm: string;
  readonly wanted: string;
  /** Those of the cluster's kubelets. */
  readonly kubelets: readonly string[];
}

/** What stands against an upgrade. */
export interface Objections {
  readonly fatal: readonly string[];
  /** `--force` goes past these. */
  readonly passable: readonly string[];
}

/** How many minor versions a kubelet may be behind its API server. */
const kubeletSkew = 3;

/**
 * Whether a cluster may go to a version, in upstream's words. Ours can go to kubeadm's own only: that is upstream's advice, too, but here
 * there are no programs of another one.
 */
export function objectionsTo({ cluster, kubeadm, wanted, kubelets }: Versions): Objections {
  const [from, own, to] = [numbersOf(cluster), numbersOf(kubeadm), numbersOf(wanted)];
  if (!to) return { fatal: [`couldn't parse Kubernetes version ${goQuote(wanted)}`], passable: [] };
  if (!from || !own) return { fatal: [`couldn't parse Kubernetes version ${goQuote(from ? kubeadm : cluster)}`], passable: [] };
  const fatal = [...skewErrors(from.minor, to.minor, wanted), ...ownErrors(own, to, { kubeadm, wanted })];
  const old = kubelets.filter((version) => to.minor > (numbersOf(version)?.minor ?? 0) + kubeletSkew);
  const passable =
    old.length > 0 ? [`There are kubelets in this cluster that are too old that have these versions [${[...new Set(old)].join(' ')}]`] : [];
  return { fatal, passable };
}

function skewErrors(from: number, to: number, wanted: string): string[] {
  const only = 'kubeadm can';
  if (to > from + 1)
    return [`Specified version to upgrade to ${goQuote(wanted)} is too high; ${only} upgrade only 1 minor version at a time`];
  if (to < from - 1)
    return [`Specified version to downgrade to ${goQuote(wanted)} is too low; ${only} downgrade only 1 minor version at a time`];
  return [];
}

function ownErrors(own: Numbers, to: Numbers, { kubeadm, wanted }: Pick<Versions, 'kubeadm' | 'wanted'>): string[] {
  const specified = `Specified version to upgrade to ${goQuote(wanted)}`;
  if (to.minor > own.minor) {
    const why = `is at least one minor release higher than the kubeadm minor release (${to.minor} > ${own.minor})`;
    return [`${specified} ${why}. Such an upgrade is not supported`];
  }
  if (to.minor < own.minor) return [`Kubeadm version ${kubeadm} can only be used to upgrade to Kubernetes version 1.${own.minor}`];
  if (to.patch > own.patch)
    return [
      `${specified} is higher than the kubeadm version ${goQuote(kubeadm)}. Upgrade kubeadm first using the tool you used to install kubeadm`,
    ];
  return to.patch < own.patch
    ? [`${specified} is lower than the kubeadm version ${goQuote(kubeadm)}, whose programs are all there is`]
    : [];
}

interface Numbers {
  readonly minor: number;
  readonly patch: number;
}

function numbersOf(version: string): Numbers | undefined {
  const [, minor, patch] = /^v?1\.(\d+)\.(\d+)([-+].*)?$/.exec(version) ?? [];
  return minor === undefined ? undefined : { minor: Number(minor), patch: Number(patch) };
}

/** Without what says who built it: `v1.36.0` of `v1.36.0+keelson`, and of `1.36.0`. */
export function releaseOf(version: string): string {
  return `v${version.replace(/^v/, '').replace(/\+.*$/, '')}`;
}

/** As upstream tells of objections. @throws Error unless there are none, or only such as may be passed and are. */
export function enforce({ fatal, passable }: Objections, force: boolean, say: (line: string) => void): void {
  const listed = (all: readonly string[]): string => all.map((one) => `\t- ${one}\n`).join('');
  const head = '[upgrade/version] FATAL: the --version argument is invalid due to these';
  if (fatal.length > 0)
    throw new Error(`${head} fatal errors:\n\n${listed(fatal)}\nPlease fix the misalignments highlighted above and try upgrading again`);
  if (passable.length === 0) return;
  if (!force) throw new Error(`${head} errors:\n\n${listed(passable)}\nCan be bypassed if you pass the --force flag`);
  const found = `Found ${passable.length} potential version compatibility errors but skipping since the --force flag is set:`;
  say(`[upgrade/version] ${found}\n\n${listed(passable)}`);
}
