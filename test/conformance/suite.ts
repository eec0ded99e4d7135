import { describe, type TestOptions, test } from 'node:test';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClusterContext } from './context.ts';
import type { Spec, Specs } from './specs.ts';
import { suiteTitles } from './titles.ts';

/** The cluster under test, and upstream's kubectl. */
export interface UnderTest {
  readonly config: KubeConfig;
  readonly kubeconfig: string;
  readonly kubectl: string;
}

export interface SuiteOptions {
  /** Specs at a time; those that change what others see run alone, after the others. */
  readonly atOnce: number;
  limits(title: string): TestOptions;
}

/** Specs by area. */
export type Areas = Readonly<Record<string, Specs>>;

/** Runs one spec in a namespace of its own. */
export async function runSpec({ config, kubeconfig, kubectl }: UnderTest, spec: Spec): Promise<void> {
  const context = new ClusterContext(config, kubeconfig, kubectl);
  await context.open();
  try {
    await spec(context);
  } finally {
    await context.close();
  }
}

/** Defines a test for every spec, named `AREA: TITLE`. */
export function describeSpecs(areas: Areas, cluster: UnderTest, { atOnce, limits }: SuiteOptions): void {
  const all = Object.entries(areas).flatMap(([area, specs]) => Object.entries(specs).map(([title, spec]) => ({ area, title, spec })));
  const isAlone = ({ title }: { title: string }): boolean => /\[(Serial|Disruptive)\]/.test(title);
  const define = (specs: typeof all): void => {
    for (const { area, title, spec } of specs) test(`${area}: ${title}`, limits(title), () => runSpec(cluster, spec));
  };
  describe('together', { concurrency: atOnce }, () => define(all.filter((one) => !isAlone(one))));
  describe('alone', { concurrency: 1 }, () => define(all.filter(isAlone)));
}

/** Titles that stand for none of Kubernetes' suite; words of ours after ` / ` aside. */
export function strangers(areas: Areas): string[] {
  const titles = suiteTitles();
  return Object.values(areas)
    .flatMap((specs) => Object.keys(specs))
    .filter((title) => !titles.has(title.split(' / ')[0] ?? ''));
}
