import { kubernetesVersion } from '../objects/config-maps.ts';

const [, ourMinor = '0'] = /^v1\.(\d+)/.exec(kubernetesVersion) ?? [];

/** Why no control plane of that version can be made, in kubeadm's words; labels such as `stable` mean ours. */
export function versionProblem(version: string): string | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)(\.|$)/.exec(version) ?? [];
  const oldest = Number(ourMinor) - 1;
  if (minor === undefined || (major === '1' && Number(minor) >= oldest)) return undefined;
  return `this version of kubeadm only supports deploying clusters with the control plane version >= 1.${oldest}.0. Current version: ${version}`;
}

/** Whether a version that is allowed is another than what will run. */
export function isOtherVersion(version: string): boolean {
  const [, minor] = /^v?\d+\.(\d+)(\.|$)/.exec(version) ?? [];
  return minor !== undefined && minor !== ourMinor;
}
