import { type Figure, percentile } from './figures.ts';
import { accessOf, median, type Round, Target } from './target.ts';
import { inTurns } from './works.ts';

/**
 * The load of PERFORMANCE.md's first table: HTTPS with client certificates, HTTP/1.1, 2 KB objects, 64 clients in a process of their
 * own. Prints one JSON document of figures. `node test/bench/api-load.ts KUBECONFIG [SECONDS [CEILING]]`, where a ceiling is the address of
 * `ceiling.ts`: both are then asked in turns, and a share of the ceiling is told.
 */
const [kubeconfig = '', seconds = '4', ceiling] = process.argv.slice(2);

const figures: Figure[] = [];
const report = (figure: Figure): void => {
  figures.push(figure);
  const tail = figure.p99 === undefined ? '' : `, p99 ${figure.p99.toFixed(1)} ms`;
  process.stderr.write(`${figure.name}: ${figure.value.toFixed(0)}${figure.unit}${tail}\n`);
};

function tell(name: string, unit: string, own: readonly Round[], top: readonly Round[] | undefined): void {
  const times = own.flatMap((one) => one.times);
  report({ name, unit, value: median(own), ...(times.length > 0 ? { p99: percentile(times, 0.99) } : {}) });
  if (!top) return;
  report({ name: `${name}, ceiling`, unit, value: median(top) });
  const shares = own.map(({ perSecond }, i) => (100 * perSecond) / (top[i]?.perSecond ?? 1));
  report({ name: `${name}, of the ceiling`, unit: ' %', value: percentile(shares, 0.5) });
}

const access = await accessOf(kubeconfig);
const targets = [new Target(access), ...(ceiling === undefined ? [] : [new Target({ ...access, address: ceiling })])];
for await (const { name, unit, rounds } of inTurns(targets, Number(seconds))) tell(name, unit, rounds[0] ?? [], rounds[1]);
process.stdout.write(`${JSON.stringify(figures)}\n`);
access.agent.destroy();
