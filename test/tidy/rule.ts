import type { Workspace } from './workspace.ts';

/** A place where a rule does not hold. */
export interface Finding {
  readonly path: string;
  /** From 1; 0 where the whole file or folder is meant. */
  readonly line: number;
  readonly what: string;
}

/** A bound on one number that is measured over the whole repository. */
export interface Rule {
  readonly name: string;
  /** What the number should be, or less. ratchet.json may allow more for now, and is only ever lowered. */
  readonly aim: number;
  /** What to do in place of what was found. */
  readonly instead: string;
  measure(workspace: Workspace): Measure;
}

export interface Measure {
  readonly value: number;
  /** What makes the number what it is, the worst first where there is an order. */
  readonly findings: readonly Finding[];
}

/** A rule that nothing may break: its number is how many places do. */
export function ban(name: string, instead: string, find: (workspace: Workspace) => Finding[]): Rule {
  return {
    name,
    aim: 0,
    instead,
    measure(workspace) {
      const findings = find(workspace);
      return { value: findings.length, findings };
    },
  };
}

/** A line for people: `path:line what`. */
export function describeFinding({ path, line, what }: Finding): string {
  return `${path}${line > 0 ? `:${line}` : ''} ${what}`;
}
