import { type FieldError, fieldInvalid, path } from '@keelson/machinery';

const levels = ['privileged', 'baseline', 'restricted'] as const;
/** From the least strict to the strictest. */
export type Level = (typeof levels)[number];

/** One profile of the Pod Security Standards. `minor` is that of Kubernetes 1.x whose version of it is meant; Infinity for `latest`. */
export interface LevelVersion {
  readonly level: Level;
  readonly minor: number;
}

const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

/** What a namespace asks of its pods. */
export type Policy = Readonly<Record<Mode, LevelVersion>>;

/** The beginning of the labels that say so, and of what is told to the audit log. */
export const labelPrefix = 'pod-security.kubernetes.io/';

export const privileged: Policy = {
  enforce: { level: 'privileged', minor: Infinity },
  audit: { level: 'privileged', minor: Infinity },
  warn: { level: 'privileged', minor: Infinity },
};

/** `restricted:v1.30`, `baseline:latest`. */
export function levelVersionText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === Infinity ? 'latest' : `v1.${minor}`}`;
}

/** Above zero when `a` is the stricter of the two. */
export function compareLevels(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

export function sameLevelVersion(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.minor === b.minor;
}

/** Undefined for what is no level. */
export function parseLevel(text: string): Level | undefined {
  return levels.find((level) => level === text);
}

/** The minor of `v1.NN`, Infinity for `latest`; undefined for anything else. */
export function parseVersion(text: string): number | undefined {
  if (text === 'latest') return Infinity;
  const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(text)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

export const levelProblem: string = `must be one of ${levels.join(', ')}`;
export const versionProblem = 'must be "latest" or "v1.x"';

/**
 * The policy a namespace's labels ask for, over the cluster's defaults. What cannot be read counts as `restricted` where it is enforced, as
 * `privileged` where it is only told of, and as `latest`.
 */
export function policyOf(labels: Readonly<Record<string, string>>, defaults: Policy): { policy: Policy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const of = (mode: Mode): LevelVersion => {
    const read = <T>(label: string, parse: (text: string) => T | undefined, problem: string, otherwise: { absent: T; wrong: T }): T => {
      const text = labels[label];
      if (text === undefined) return otherwise.absent;
      const value = parse(text);
      if (value !== undefined) return value;
      errors.push(fieldInvalid(path('metadata', 'labels').key(label), text, problem));
      return otherwise.wrong;
    };
    const { level, minor } = defaults[mode];
    const wrong = mode === 'enforce' ? 'restricted' : 'privileged';
    return {
      level: read(labelPrefix + mode, parseLevel, levelProblem, { absent: level, wrong }),
      minor: read(`${labelPrefix}${mode}-version`, parseVersion, versionProblem, { absent: minor, wrong: Infinity }),
    };
  };
  return { policy: { enforce: of('enforce'), audit: of('audit'), warn: of('warn') }, errors };
}

/** The modes a namespace names itself that are not privileged: `enforce=baseline:latest, warn=restricted:latest`. */
export function namedModes(labels: Readonly<Record<string, string>>, policy: Policy): string {
  return modes
    .filter((mode) => policy[mode].level !== 'privileged')
    .filter((mode) => labelPrefix + mode in labels || `${labelPrefix}${mode}-version` in labels)
    .map((mode) => `${mode}=${levelVersionText(policy[mode])}`)
    .join(', ');
}

export function isPrivileged(policy: Policy): boolean {
  return modes.every((mode) => policy[mode].level === 'privileged');
}

/** Whether two policies come to the same, whatever they call it: privileged has no versions. */
export function samePolicy(a: Policy, b: Policy): boolean {
  return modes.every((mode) => sameLevelVersion(a[mode], b[mode]) || (a[mode].level === 'privileged' && b[mode].level === 'privileged'));
}
