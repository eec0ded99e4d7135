import type { FieldPath } from '@keelson/machinery';
import type { AppArmorProfile, Pod, PodSpec, SeccompProfile } from '@keelson/types';
import type { Report } from '../../report.ts';
import { everyContainer } from './every-container.ts';
import { localPath } from './paths.ts';

/** Annotations of pods that mean something; some are the old spelling of what is a field today. */

type Annotations = Readonly<Record<string, string>>;

/** The annotation of a pod that mirrors one of its node's own files. */
export const mirror = 'kubernetes.io/config.mirror';
const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorContainer = 'container.apparmor.security.beta.kubernetes.io/';
const local = 'localhost/';
const int32 = /^(?:0|[1-9][0-9]*|-[1-9][0-9]*)$/;

/** @param at the annotations. */
export function checkPodAnnotations(annotations: Annotations | undefined, spec: PodSpec, at: FieldPath, report: Report): void {
  if (!annotations) return;
  const { [mirror]: mirrored, [deletionCost]: cost } = annotations;
  if (mirrored !== undefined && !spec.nodeName)
    report.invalid(at, `[${mirror}]`, mirrored, 'must set spec.nodeName if mirror pod annotation is set');
  if (cost !== undefined && (!int32.test(cost) || Number(cost) !== Math.trunc(Number(cost) || 0) || Math.abs(Number(cost)) > 2 ** 31 - 1))
    report.invalid(at, `[${deletionCost}]`, cost, 'must be a 32bit integer');
  for (const key in annotations) {
    const value = annotations[key] ?? '';
    if (key === seccompPod || key.startsWith(seccompContainer)) checkSeccomp(value, key, at, report);
    if (key.startsWith(appArmorContainer)) checkAppArmor(value, key, spec, at, report);
  }
}

function checkSeccomp(profile: string, key: string, at: FieldPath, report: Report): void {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith(local)) localPath(profile.slice(local.length), at, key, report);
  else report.invalid(at, key, profile, 'must be a valid seccomp profile');
}

function checkAppArmor(profile: string, key: string, spec: PodSpec, at: FieldPath, report: Report): void {
  const name = key.slice(appArmorContainer.length);
  const isThere = everyContainer(spec).some(([container]) => container.name === name);
  if (!isThere) report.invalid(at, `[${key}]`, name, 'container not found');
  if (profile !== '' && profile !== 'runtime/default' && profile !== 'unconfined' && !profile.startsWith(local))
    report.invalid(at, `[${key}]`, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`);
}

/** Some annotations stay as they were at first. @param at the annotations. */
export function checkAnnotationChanges(next: Annotations = {}, old: Annotations = {}, at: FieldPath, report: Report): void {
  const fixed = (key: string): string | undefined =>
    key.startsWith(appArmorContainer) ? 'AppArmor annotations' : key === mirror ? 'mirror pod annotation' : undefined;
  for (const key in old) {
    const what = next[key] === old[key] ? undefined : fixed(key);
    if (what) report.forbidden(at, `[${key}]`, `may not remove or update ${what}`);
  }
  for (const key in next) {
    const what = old[key] === undefined ? fixed(key) : undefined;
    if (what) report.forbidden(at, `[${key}]`, `may not add ${what}`);
  }
}

/** A new pod that says the same twice, in annotations and in fields, says the same. `at` is its spec. */
export function checkProfilesAgree({ metadata: { annotations }, spec }: Pod, at: FieldPath, report: Report): void {
  if (!annotations) return;
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  agree('seccomp', annotations[seccompPod], seccompProfile, at.child('securityContext.seccompProfile'), report);
  for (const [{ name, securityContext }, member, index] of everyContainer(spec)) {
    const where = at.child(member).index(index).child('securityContext');
    agree('seccomp', annotations[seccompContainer + name], securityContext?.seccompProfile, where.child('seccompProfile'), report);
    if (spec.os?.name === 'windows') continue;
    const profile = securityContext?.appArmorProfile ?? appArmorProfile;
    agree('apparmor', annotations[appArmorContainer + name], profile, where.child('appArmorProfile'), report);
  }
}

const spellings: Readonly<Record<string, readonly string[]>> = {
  Unconfined: ['unconfined'],
  RuntimeDefault: ['runtime/default', 'docker/default'],
};

function agree(
  what: string,
  annotation: string | undefined,
  field: SeccompProfile | AppArmorProfile | undefined,
  at: FieldPath,
  report: Report,
): void {
  if (annotation === undefined || !field) return;
  const { type, localhostProfile } = field;
  const isLocal = type === 'Localhost' && annotation.startsWith(local);
  const isSame = isLocal || spellings[type]?.includes(annotation);
  if (!isSame) report.forbidden(at, 'type', `${what} type in annotation and field must match`);
  else if (isLocal && annotation.slice(local.length) !== localhostProfile)
    report.forbidden(at, 'localhostProfile', `${what} profile in annotation and field must match`);
}
