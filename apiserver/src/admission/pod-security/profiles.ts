import { goQuote } from '@keelson/machinery';
import type { AppArmorProfile, SeccompProfile } from '@keelson/types';
import { containersOf, containersThat, type Finding, named, type PodShape, plural, quoted, setters, sorted } from './check.ts';

/** Profiles of the machine's own defences: AppArmor, seccomp, SELinux. */

const armorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';

/** Both kinds name their profiles alike: the runtime's own or a file on the node is well, none at all is not. */
function isBad(profile: AppArmorProfile | SeccompProfile | undefined): profile is AppArmorProfile | SeccompProfile {
  return profile !== undefined && profile.type !== 'RuntimeDefault' && profile.type !== 'Localhost';
}

export function appArmorProfile(pod: PodShape): Finding | undefined {
  const own = pod.spec.securityContext?.appArmorProfile;
  const containers = containersThat(pod, ({ securityContext }) => isBad(securityContext?.appArmorProfile));
  const types = [own, ...containersOf(pod.spec).map(({ securityContext }) => securityContext?.appArmorProfile)]
    .filter(isBad)
    .map(({ type }) => type);
  const annotations = sorted(
    Object.entries(pod.annotations)
      .filter(([key, value]) => key.startsWith(armorPrefix) && !isArmorValue(value))
      .map(([key, value]) => `${key}=${goQuote(value)}`),
  );
  const values = [...sorted(types), ...annotations];
  const who = setters(isBad(own), containers, annotations.length > 0 ? [plural('annotation', annotations.length)] : []);
  return who === undefined
    ? undefined
    : {
        reason: plural('forbidden AppArmor profile', values.length),
        detail: `${who} must not set AppArmor profile type to ${quoted(values)}`,
      };
}

function isArmorValue(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}

/** Before there was a field, annotations said it. */
export function seccompAnnotations({ annotations, spec }: PodShape): Finding | undefined {
  const keys = [seccompPod, ...containersOf(spec).map(({ name }) => seccompContainer + name)];
  const bad = sorted(
    keys.flatMap((key) => {
      const value = annotations[key];
      return value === undefined || isSeccompValue(value) ? [] : [`${key}=${goQuote(value)}`];
    }),
  );
  if (bad.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad.length)} ${bad.join(', ')}` };
}

function isSeccompValue(value: string): boolean {
  return value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
}

export function seccompBaseline(pod: PodShape): Finding | undefined {
  const own = pod.spec.securityContext?.seccompProfile;
  const containers = containersThat(pod, ({ securityContext }) => isBad(securityContext?.seccompProfile));
  const who = setters(isBad(own), containers);
  if (who === undefined) return undefined;
  const profiles = [own, ...containersOf(pod.spec).map(({ securityContext }) => securityContext?.seccompProfile)];
  const types = sorted(profiles.filter(isBad).map(({ type }) => type));
  return { reason: 'seccompProfile', detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}` };
}

export function seccompRestricted(pod: PodShape): Finding | undefined {
  const wrong = seccompBaseline(pod);
  if (wrong || pod.spec.securityContext?.seccompProfile) return wrong;
  const without = containersThat(pod, ({ securityContext }) => securityContext?.seccompProfile === undefined);
  if (without.length === 0) return undefined;
  const detail = `pod or ${named(without)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
}

/** `types`: what SELinux types may be set. A user or role of one's own never may. */
export function seLinuxOptions(types: readonly string[]): (pod: PodShape) => Finding | undefined {
  return (pod) => {
    const found = [pod.spec, ...containersOf(pod.spec)].flatMap(({ securityContext }) => securityContext?.seLinuxOptions ?? []);
    const isOther = (type: string | undefined): type is string => Boolean(type) && !types.includes(type ?? '');
    const isWrong = (options: (typeof found)[number] | undefined): boolean =>
      Boolean(options && (isOther(options.type) || options.user || options.role));
    const containers = containersThat(pod, ({ securityContext }) => isWrong(securityContext?.seLinuxOptions));
    const who = setters(isWrong(pod.spec.securityContext?.seLinuxOptions), containers);
    if (who === undefined) return undefined;
    const others = sorted(found.map(({ type }) => type).filter(isOther));
    const what = [
      ...(others.length > 0 ? [`${plural('type', others.length)} ${quoted(others)}`] : []),
      ...(found.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(found.some(({ role }) => role) ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` };
  };
}
