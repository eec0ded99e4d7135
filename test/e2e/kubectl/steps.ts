import assert from 'node:assert/strict';
import type { Result } from '../cluster.ts';

/** One command line and what is to come of it. Words in it, such as `NS`, stand for `Places`. */
export interface Step {
  /** Words by spaces; what stands between single quotes is one word. */
  readonly run: string;
  /** What it prints, on standard output or standard error. */
  readonly says?: RegExp;
  /** It must fail, and says this. */
  readonly fails?: RegExp;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The minor version of the first kubectl that can do this. */
  readonly since?: number;
  /** Our own kubectl does not do this. */
  readonly upstream?: true;
}

/** Steps that follow each other; those of different topics may run at the same time. */
export type Topic = readonly Step[];

/** What stands for what in steps. `NS`, the namespace, also begins the names of what has none. */
export interface Places {
  readonly NS: string;
  /** Files. */
  readonly CERT: string;
  readonly KEY: string;
  readonly KUSTOMIZATION: string;
  /** A program that edits a file. */
  readonly EDITING: string;
  /** A request for a certificate, in base64. */
  readonly CSR: string;
}

/** A kubectl to be tried. */
export interface Client {
  readonly minor: number;
  readonly own: boolean;
  run(args: readonly string[], input: string, env: Readonly<Record<string, string>>): Promise<Result>;
}

/** The words of a command line. */
export function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
}

/** Takes the steps of a topic in their order. @throws AssertionError with what was printed. */
export async function take(client: Client, places: Places, topic: Topic): Promise<void> {
  const named = (text: string): string =>
    text.replaceAll(/\b(?:NS|CERT|KEY|KUSTOMIZATION|EDITING|CSR)\b/g, (word) => places[word as keyof Places]);
  for (const { run, says, fails, input = '', env = {}, since = 0, upstream = false } of topic) {
    if (client.minor < since || (upstream && client.own)) continue;
    const line = named(run);
    const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, named(value)]));
    const { code, stdout, stderr } = await client.run(['--namespace', places.NS, ...words(line)], named(input), variables);
    const told = `kubectl 1.${client.minor} ${line}\nexit ${code}\n${stdout.slice(0, 2_000)}${stderr.slice(0, 2_000)}`;
    assert.equal(code !== 0, fails !== undefined, told);
    const wanted = fails ?? says;
    if (wanted) assert.match(`${stdout}${stderr}`, new RegExp(named(wanted.source), wanted.flags), told);
  }
}
